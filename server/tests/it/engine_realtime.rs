//! The engine `realtime` against a local server that speaks the protocol: every message we send
//! is checked against the public description of it, and every event it may answer with is played.

use serde_json::{Value, json};
use server::media::tone::tone;

use crate::engine_bot::{Bot, Scene, Stream};
use crate::media_phone::{loudest, strength};
use crate::ops::dials;

/// The other side of one session.
struct Server(Stream);

impl Server {
    /// Shakes hands, makes the session, and tells what was wanted of it.
    async fn serves(bot: &Bot) -> (Self, Value) {
        let mut server = Self(bot.is_called().await);
        server
            .says(
                "session.created",
                json!({ "session": { "type": "realtime" } }),
            )
            .await;
        let update = server.hears("session.update").await;
        server
            .says("session.updated", json!({ "session": update["session"] }))
            .await;
        (server, update["session"].clone())
    }

    async fn says(&mut self, kind: &str, mut event: Value) {
        event["type"] = json!(kind);
        event["event_id"] = json!("event_1");
        self.0.says(&event).await;
    }

    /// The next message but audio; the sound of that is kept.
    async fn next(&mut self) -> Value {
        loop {
            let message = self.0.next().await.unwrap();
            if message["type"] != "input_audio_buffer.append" {
                return message;
            }
            self.0.takes(message["audio"].as_str().unwrap());
        }
    }

    async fn hears(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// An answer, all at once, as models do.
    async fn answers(&mut self, item: &str, samples: &[i16], words: &str) {
        for piece in samples.chunks(4_000) {
            let delta = json!({
                "response_id": "resp_1", "item_id": item, "output_index": 0, "content_index": 0,
                "delta": Stream::written(piece),
            });
            self.says("response.output_audio.delta", delta).await;
        }
        let done = json!({ "item_id": item, "content_index": 0 });
        self.says("response.output_audio.done", done).await;
        let done = json!({ "item_id": item, "content_index": 0, "transcript": words });
        self.says("response.output_audio_transcript.done", done)
            .await;
    }

    async fn calls(&mut self, name: &str, arguments: &Value) {
        let item = json!({
            "id": "item_9", "type": "function_call", "status": "completed",
            "call_id": "call_1", "name": name, "arguments": arguments.to_string(),
        });
        self.says(
            "response.output_item.done",
            json!({ "output_index": 0, "item": item }),
        )
        .await;
    }
}

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
    assert_eq!(server.0.path, "/media?model=gpt-realtime");
    assert_eq!(server.0.authorization.as_deref(), Some("Bearer sk-s3cret"));
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

    let greeting = server.hears("response.create").await;
    let greeting = greeting["response"]["instructions"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(greeting.ends_with("Acme, good day."), "{greeting}");
    let talk = async {
        server
            .answers("item_1", &tone(880.0, 600, 8_000), "Acme, good day.")
            .await;
        let began = json!({ "audio_start_ms": 900, "item_id": "item_2" });
        // The caller speaks after the greeting has sounded to its end.
        while server.0.heard.len() < 8_000 * 17 / 10 {
            let message = server.0.next().await.unwrap();
            server.0.takes(message["audio"].as_str().unwrap());
        }
        server
            .says("input_audio_buffer.speech_started", began)
            .await;
        let stopped = json!({ "audio_end_ms": 1_150, "item_id": "item_2" });
        server
            .says("input_audio_buffer.speech_stopped", stopped)
            .await;
        let heard =
            json!({ "item_id": "item_2", "content_index": 0, "transcript": "A table, please." });
        server
            .says(
                "conversation.item.input_audio_transcription.completed",
                heard,
            )
            .await;
        server
            .says("response.done", json!({ "response": {} }))
            .await;
    };
    let listens = async {
        let first = caller.sound.listens(900).await;
        let rest = caller.sound.speaks(&tone(440.0, 900, 8_000)).await;
        [first, rest].concat()
    };
    let (heard, ()) = tokio::join!(listens, talk);
    assert!(loudest(&heard, 880.0) > 6_500.0, "the model is not heard");
    assert!(
        loudest(&server.0.heard, 440.0) > 6_500.0,
        "the caller is not heard"
    );
    scene.happens("said").await;
    caller.line.hang_up().await;
    let call = scene.ends("caller_hung_up").await;
    let lines = call["transcript"].as_array().unwrap();
    let line = |text: &str| {
        let found = lines.iter().find(|line| line["text"] == text);
        found
            .unwrap_or_else(|| panic!("no {text} in {lines:#?}"))
            .clone()
    };
    let greeted = line("Acme, good day.");
    assert_eq!(greeted["speaker"], "agent");
    let length = greeted["end_ms"].as_u64().unwrap() - greeted["start_ms"].as_u64().unwrap();
    assert!(
        (540..=700).contains(&length),
        "as long as it sounded: {greeted}"
    );
    assert_eq!(line("A table, please.")["speaker"], "caller");
    assert!(!scene.house.log().contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_truncates_at_what_was_heard() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let (mut caller, (mut server, _)) = tokio::join!(scene.is_called(), Server::serves(&bot));
    server.hears("response.create").await;
    server
        .answers("item_1", &tone(880.0, 10_000, 8_000), "A very long answer.")
        .await;
    let listens = async {
        caller.sound.listens(600).await;
        caller.sound.listens(900).await
    };
    let talk = async {
        while server.0.heard.len() < 8_000 / 2 {
            let message = server.0.next().await.unwrap();
            server.0.takes(message["audio"].as_str().unwrap());
        }
        let began = json!({ "audio_start_ms": 500, "item_id": "item_2" });
        server
            .says("input_audio_buffer.speech_started", began)
            .await;
        server.hears("conversation.item.truncate").await
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
    let late = json!({ "item_id": "item_1", "content_index": 0, "delta": Stream::written(&tone(880.0, 400, 8_000)) });
    server.says("response.output_audio.delta", late).await;
    let silence = caller.sound.listens(500).await;
    assert!(loudest(&silence, 880.0) < 300.0);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_hangs_up_after_its_last_word() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let (mut caller, (mut server, _)) = tokio::join!(scene.is_called(), Server::serves(&bot));
    server.hears("response.create").await;
    server
        .answers("item_1", &tone(880.0, 500, 8_000), "Goodbye.")
        .await;
    server.calls("end_call", &json!({})).await;
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
    server.hears("response.create").await;
    server
        .calls("transfer_call", &json!({ "destination": "Nowhere" }))
        .await;
    let output = server.hears("conversation.item.create").await;
    assert_eq!(output["item"]["type"], "function_call_output");
    assert_eq!(output["item"]["call_id"], "call_1");
    assert!(
        output["item"]["output"]
            .as_str()
            .unwrap()
            .contains("no such destination")
    );
    server.hears("response.create").await;
    server
        .calls("transfer_call", &json!({ "destination": "Night desk" }))
        .await;
    caller.line.is_hung_up().await;
    let call = scene.ends("agent_hung_up").await;
    assert_eq!(call["transfers"][0]["destination_name"], "Night desk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_known_before_anybody_answers() {
    let bot = Bot::listens().await;
    let scene = scene(&bot).await;
    let refuses = async {
        let mut server = Server(bot.is_called().await);
        let error = json!({ "error": { "type": "invalid_request_error", "code": "invalid_api_key", "message": "no" } });
        server.says("error", error).await;
        server
    };
    let (refused, _server) = tokio::join!(dials(&scene.house, &scene.access), refuses);
    assert_eq!(refused.status(), Some(480));
    scene.ends("engine_down").await;
    assert_eq!(scene.happens("engine_away").await["cause"], "refused");
}
