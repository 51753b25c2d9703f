//! The engine `realtime` against a local server that speaks the protocol: every message we send
//! is checked against the public description of it, and every event it may answer with is played.

use serde_json::json;
use server::media::codec::Codec;
use server::media::tone::tone;

use crate::engine_bot::{Bot, Scene, Voice, line};
use crate::media_phone::{loudest, strength};
use crate::ops::dials;
use crate::realtime_server::Server;

async fn scene(bot: &Bot) -> Scene {
    let engine = json!({
        "type": "realtime", "url": bot.url(), "token": "sk-s3cret", "model": "gpt-realtime",
        "voice": "cedar",
    });
    let change = json!({
        "instructions": ["Be brief.", "Be kind."], "first_message": "Acme, good day.",
        "language": "de-CH",
    });
    Scene::with(&engine, &change).await
}

/// A caller whom a model speaks with, which has yet to be asked for its first answer.
async fn on_the_line() -> (Scene, Voice, Server) {
    called(&Bot::listens().await).await
}

async fn called(bot: &Bot) -> (Scene, Voice, Server) {
    let scene = scene(bot).await;
    let (caller, (server, _)) = tokio::join!(scene.is_called(), Server::serves(bot));
    (scene, caller, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_told_who_it_is_and_talks_with_the_caller() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let shown = scene.house.get(&scene.key, "/api/phone").await;
    let wanted = json!({
        "type": "realtime", "url": bot.url(), "model": "gpt-realtime", "voice": "cedar",
        "has_key": true,
    });
    assert_eq!(shown[0]["engine"], wanted);
    let (mut caller, (mut server, session)) = tokio::join!(scene.is_called(), Server::serves(&bot));
    assert_eq!(server.stream.path, "/media?model=gpt-realtime");
    assert_eq!(
        server.stream.authorization.as_deref(),
        Some("Bearer sk-s3cret")
    );
    let pcmu = json!({ "type": "audio/pcmu" });
    assert_eq!(session["type"], "realtime");
    assert_eq!(session["output_modalities"], json!(["audio"]));
    assert_eq!(session["audio"]["input"]["format"], pcmu);
    assert_eq!(
        session["audio"]["output"],
        json!({ "format": pcmu, "voice": "cedar" })
    );
    let detection = json!({
        "type": "server_vad", "create_response": true, "interrupt_response": true,
    });
    assert_eq!(session["audio"]["input"]["turn_detection"], detection);
    assert_eq!(session["audio"]["input"]["transcription"]["language"], "de");
    let instructions = session["instructions"].as_str().unwrap();
    for part in [
        "Be brief.\n\nBe kind.",
        "from: +442079460000",
        "to: +14155550100",
    ] {
        assert!(instructions.contains(part), "no {part} in {instructions}");
    }
    let tools = session["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 1, "nobody to hand on to: {tools:?}");
    assert_eq!(tools[0]["name"], "end_call");

    let greeting = server.is_asked().await;
    let greeting = greeting["response"]["instructions"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(greeting.ends_with("Acme, good day."), "{greeting}");
    let talk = async {
        server
            .answers("item_1", &tone(880.0, 600, 8_000), "Acme, good day.")
            .await;
        server.ends("completed").await;
        // The caller speaks after the greeting has sounded to its end.
        server.listens(1_700).await;
        server.is_interrupted("item_2", 900).await;
        server
            .understands("item_2", 1_150, "A table, please.")
            .await;
        server.begins().await;
    };
    let listens = async {
        let first = caller.sound.listens(900).await;
        let rest = caller.sound.speaks(&tone(440.0, 900, 8_000)).await;
        [first, rest].concat()
    };
    let (heard, ()) = tokio::join!(listens, talk);
    assert!(loudest(&heard, 880.0) > 6_500.0, "the model is not heard");
    assert!(
        loudest(&server.stream.heard, 440.0) > 6_500.0,
        "the caller is not heard"
    );
    scene.happens("said").await;
    caller.line.hang_up().await;
    let call = scene.ends("caller_hung_up").await;
    let greeted = line(&call, "Acme, good day.");
    assert_eq!(greeted["speaker"], "agent");
    let length = greeted["end_ms"].as_u64().unwrap() - greeted["start_ms"].as_u64().unwrap();
    assert!(
        (540..=700).contains(&length),
        "as long as it sounded: {greeted}"
    );
    assert_eq!(line(&call, "A table, please.")["speaker"], "caller");
    assert!(!scene.house.log().contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_truncates_at_what_was_heard() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    server
        .answers("item_1", &tone(880.0, 10_000, 8_000), "A very long answer.")
        .await;
    // It was written down long before it has sounded.
    server.ends("completed").await;
    let listens = async {
        caller.sound.listens(600).await;
        caller.sound.listens(900).await
    };
    let talk = async {
        server.listens(500).await;
        server.is_interrupted("item_2", 500).await;
        let truncate = server.hears("conversation.item.truncate").await;
        server.is_truncated(&truncate).await;
        truncate
    };
    let (rest, truncate) = tokio::join!(listens, talk);
    assert_eq!(
        (&truncate["item_id"], &truncate["content_index"]),
        (&json!("item_1"), &json!(0))
    );
    let heard = truncate["audio_end_ms"].as_u64().unwrap();
    assert!(
        (200..1_500).contains(&heard),
        "{heard} ms of ten seconds were heard"
    );
    assert!(
        strength(&rest[rest.len() - 4_000..], 880.0) < 300.0,
        "it goes on"
    );
    // What still comes of it is not heard either.
    server.sounds("item_1", &tone(880.0, 400, 8_000)).await;
    let silence = caller.sound.listens(500).await;
    assert!(loudest(&silence, 880.0) < 300.0);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_hangs_up_after_its_last_word() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    server
        .answers("item_1", &tone(880.0, 500, 8_000), "Goodbye.")
        .await;
    server.calls("end_call", &json!({}), "completed").await;
    server.ends("completed").await;
    let heard = caller.sound.listens(900).await;
    assert!(loudest(&heard, 880.0) > 6_500.0, "the last word is cut off");
    caller.line.is_hung_up().await;
    let call = scene.ends("agent_hung_up").await;
    assert!(call["transcript"].to_string().contains("Goodbye."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_hands_the_caller_on_to_a_destination_it_knows() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let path = format!(
        "/api/phone/sip/agents/{}/transfer-destinations",
        scene.agent
    );
    let create = json!({ "create": { "name": "Night desk", "type": "hangup" } });
    scene.house.post(&scene.key, &path, &create).await;
    let (caller, (mut server, session)) = tokio::join!(scene.is_called(), Server::serves(&bot));
    let transfer = &session["tools"][1];
    assert_eq!(
        (&transfer["type"], &transfer["name"]),
        (&json!("function"), &json!("transfer_call"))
    );
    let names = &transfer["parameters"]["properties"]["destination"]["enum"];
    assert_eq!(names, &json!(["Night desk"]));
    server.is_asked().await;
    let nowhere = json!({ "destination": "Nowhere" });
    server.calls("transfer_call", &nowhere, "completed").await;
    let output = server.hears("conversation.item.create").await;
    assert_eq!(output["item"]["type"], "function_call_output");
    assert!(
        output["item"]["output"]
            .as_str()
            .unwrap()
            .contains("no such destination")
    );
    // What the model makes of it waits for the end of the answer in which it asked.
    server.ends("completed").await;
    server.is_asked().await;
    let desk = json!({ "destination": "Night desk" });
    server.calls("transfer_call", &desk, "completed").await;
    caller.line.is_hung_up().await;
    let call = scene.ends("agent_hung_up").await;
    assert_eq!(call["transfers"][0]["destination_name"], "Night desk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_known_before_anybody_answers() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let refuses = async {
        let mut server = Server::of(bot.is_called().await);
        let error = json!({ "error": { "type": "invalid_request_error", "code": "invalid_api_key", "message": "no" } });
        server.says("error", error).await;
        server
    };
    let (refused, _server) = tokio::join!(dials(&scene.house, &scene.access), refuses);
    assert_eq!(refused.status(), Some(480));
    scene.ends("engine_down").await;
    assert_eq!(scene.happens("engine_away").await["cause"], "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_told_the_headers_that_the_access_passes_on() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let passed = json!(["X-Account", "X-Queue=X-Skill", "X-Agent-ID", "X-Missing"]);
    scene.passes(&passed).await;
    let headers = [
        ("X-Account", "42 & more"),
        ("X-Queue", "sales"),
        ("X-Agent-ID", "none"),
        ("X-Secret", "not passed"),
    ];
    let dialling = scene.is_called_saying(Codec::Pcmu, &headers);
    let (caller, (_server, session)) = tokio::join!(dialling, Server::serves(&bot));
    let instructions = session["instructions"].as_str().unwrap();
    for line in ["\nX-Account: 42 & more", "\nX-Skill: sales"] {
        assert!(instructions.contains(line), "no {line} in {instructions}");
    }
    for name in ["X-Agent-ID", "X-Missing", "X-Secret", "X-Queue"] {
        assert!(!instructions.contains(name), "{name} in {instructions}");
    }
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_answered_after_what_is_being_answered() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    let presses = async {
        caller.sound.presses(5).await;
        caller.sound.listens(600).await;
    };
    let hears = async {
        let note = server.hears("conversation.item.create").await;
        assert_eq!(
            note["item"]["content"][0]["text"],
            "The caller pressed the key 5."
        );
        // A server refuses to begin an answer beside another.
        let early = server.collects(200).await;
        assert!(early.is_empty(), "{early:?}");
        server.ends("completed").await;
        server.is_asked().await;
        server.ends("completed").await;
    };
    tokio::join!(presses, hears);
    // The server has begun one of its own when it is asked: ours is asked for again after that.
    let presses = async {
        caller.sound.presses(6).await;
        caller.sound.listens(600).await;
    };
    let hears = async {
        server.hears("conversation.item.create").await;
        server.begins().await;
        server.is_asked_too_late().await;
        server.ends("completed").await;
        server.is_asked().await;
    };
    tokio::join!(presses, hears);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_up_says_nothing_more() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    let presses = async {
        caller.sound.presses(5).await;
        caller.sound.listens(2_500).await
    };
    let leaves = async {
        server.hears("conversation.item.create").await;
        server
            .answers("item_1", &tone(880.0, 1_500, 8_000), "Goodbye.")
            .await;
        server.calls("end_call", &json!({}), "completed").await;
        server.ends("completed").await;
        server.collects(500).await
    };
    let (_, said) = tokio::join!(presses, leaves);
    assert!(said.is_empty(), "{said:?}");
    caller.line.is_hung_up().await;
    scene.ends("agent_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_not_said_into_what_the_caller_says() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    let presses = async {
        caller.sound.presses(5).await;
        caller.sound.listens(1_500).await
    };
    let hears = async {
        server.hears("conversation.item.create").await;
        server.is_interrupted("item_2", 100).await;
        let while_speaking = server.collects(300).await;
        server.understands("item_2", 300, "Hello?").await;
        server.begins().await;
        server.ends("completed").await;
        (while_speaking, server.collects(300).await)
    };
    let (_, (while_speaking, after)) = tokio::join!(presses, hears);
    assert!(while_speaking.is_empty(), "{while_speaking:?}");
    assert!(after.is_empty(), "it was answered already: {after:?}");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_names_nothing_holds_up_nothing() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked_in_vain().await;
    let presses = async {
        caller.sound.presses(5).await;
        caller.sound.listens(600).await
    };
    let hears = async {
        server.hears("conversation.item.create").await;
        server.is_asked().await;
    };
    tokio::join!(presses, hears);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_could_not_be_asked_for_holds_up_nothing() {
    let (scene, mut caller, mut server) = called(&Bot::listens_narrowly().await).await;
    server.is_asked().await;
    server.ends("completed").await;
    // The model takes nothing in for a while, and so much of the caller waits that nothing else fits.
    tokio::select! {
        _ = scene.happens("engine_slow") => {}
        _ = caller.sound.listens(60_000) => {}
    }
    caller.sound.presses(5).await;
    scene.happens("digit").await;
    let presses = async {
        caller.sound.listens(600).await;
        caller.sound.presses(6).await;
        caller.sound.listens(600).await;
    };
    let hears = async {
        let note = server.hears("conversation.item.create").await;
        assert_eq!(
            note["item"]["content"][0]["text"], "The caller pressed the key 6.",
            "the first one was lost"
        );
        server.is_asked().await;
    };
    tokio::join!(presses, hears);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_was_cut_off_is_not_used() {
    let (scene, mut caller, mut server) = on_the_line().await;
    server.is_asked().await;
    server.calls("end_call", &json!({}), "incomplete").await;
    server.is_interrupted("item_2", 100).await;
    let listens = caller.sound.listens(700);
    let (_, said) = tokio::join!(listens, server.collects(500));
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(scene.call().await["state"], "answered");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}
