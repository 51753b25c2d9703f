//! The engine `stream` at the real binary: a bot that hears and speaks, and bots that are absent,
//! slow, talk nonsense, flood, close in mid-sentence or speak faster than real time.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use server::media::codec::Codec;
use server::media::tone::tone;
use sha1::Sha1;

use crate::engine_bot::{Bot, Scene, line};
use crate::media_phone::{loudest, strength};
use crate::ops::{DIALLED, dials};
use crate::sip_carrier::{Carrier, Script};

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_hears_the_caller_and_is_heard() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    let facts = &stream.start["customParameters"];
    let call = scene.call().await;
    for (name, wanted) in [
        ("call_id", &call["id"]),
        ("agent_id", &json!(scene.agent)),
        ("agent_name", &json!("Front desk")),
        ("to", &json!(DIALLED)),
        ("from", &json!("+442079460000")),
        ("direction", &json!("inbound")),
        ("language", &json!("en")),
    ] {
        assert_eq!(&facts[name], wanted, "{name}: {facts}");
    }
    assert_eq!(stream.start["tracks"], json!(["inbound"]));
    let format = json!({ "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 });
    assert_eq!(stream.start["mediaFormat"], format);

    // Both at once: the caller says 440 Hz, the bot 880 Hz.
    let heard = async {
        let heard = caller.sound.speaks(&tone(440.0, 1_000, 8_000)).await;
        caller.line.press('5').await;
        [heard, caller.sound.listens(600).await].concat()
    };
    let talk = async {
        stream.speaks(&tone(880.0, 800, 8_000)).await;
        stream.marks("said").await;
        // Whether the bot has spoken to its end or the key was pressed first, only the clock knows.
        let [mark, digit] = stream.hears_each(["mark", "dtmf"]).await;
        assert_eq!(mark["mark"]["name"], "said");
        assert_eq!(mark["streamSid"], json!(stream.sid));
        assert_eq!(
            digit["dtmf"],
            json!({ "track": "inbound_track", "digit": "5" })
        );
        for (speaker, text) in [
            ("caller", "four hundred and forty"),
            ("agent", "eight eighty"),
        ] {
            let line = json!({ "speaker": speaker, "text": text });
            stream
                .says(&json!({ "event": "transcript", "transcript": line }))
                .await;
        }
    };
    let (heard, ()) = tokio::join!(heard, talk);
    assert!(loudest(&heard, 880.0) > 6_500.0, "the bot is not heard");
    assert!(
        loudest(&stream.heard, 440.0) > 6_500.0,
        "the caller is not heard"
    );
    scene.happens("said").await;
    caller.line.hang_up().await;
    let stop = stream.hears("stop").await;
    assert_eq!(stop["stop"]["callSid"], stream.start["callSid"]);
    assert!(stream.next().await.is_none(), "it is closed behind");
    let counted: Vec<u64> = (1..=stream.sequence.len() as u64).collect();
    assert_eq!(stream.sequence, counted, "numbered without a gap");
    assert!(
        stream
            .timestamps
            .windows(2)
            .all(|pair| pair[1] >= pair[0] + 20)
    );

    let call = scene.ends("caller_hung_up").await;
    let spoken = line(&call, "four hundred and forty");
    let length = spoken["end_ms"].as_u64().unwrap() - spoken["start_ms"].as_u64().unwrap();
    assert!(
        (700..1_500).contains(&length),
        "the words have the time of the sound: {spoken}"
    );
    assert_eq!(line(&call, "eight eighty")["speaker"], "agent");
    assert_eq!(
        line(&call, "•")["what"],
        "digits",
        "masked on the transcript, plain to the bot"
    );
    assert_eq!(scene.counted("engine_nonsense").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_to_stay_unknown_is_unknown_to_the_bot() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let known = "\"Anna\" <sip:+442079461111@carrier.example>";
    let headers = [("P-Asserted-Identity", known), ("Privacy", "id")];
    let (caller, mut stream) = tokio::join!(
        scene.is_called_saying(Codec::Pcmu, &headers),
        bot.is_called()
    );
    stream.begins().await;
    let facts = stream.start["customParameters"].clone();
    assert_eq!(facts["to"], DIALLED);
    for fact in ["from", "caller_name"] {
        assert_eq!(facts[fact], Value::Null, "{facts}");
    }
    assert!(!facts.to_string().contains("44207946"), "{facts}");
    caller.line.hang_up().await;
    let call = scene.ends("caller_hung_up").await;
    assert_eq!(
        (&call["anonymous"], &call["from"]),
        (&json!(true), &Value::Null)
    );
    let page = scene.page(call["id"].as_str().unwrap()).await;
    assert!(page.contains("Anonymous"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_comes_back_when_what_is_before_it_was_heard_and_clear_drops_the_rest() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    // Ten seconds, of which the first half second has a mark of its own.
    stream.speaks(&tone(880.0, 500, 8_000)).await;
    stream.marks("first").await;
    stream.speaks(&tone(880.0, 9_500, 8_000)).await;
    stream.marks("last").await;
    let listens = async {
        let before = caller.sound.listens(700).await;
        let rest = caller.sound.listens(1_200).await;
        (before, rest)
    };
    let talk = async {
        let mark = stream.hears("mark").await;
        assert_eq!(mark["mark"]["name"], "first");
        stream
            .says(&json!({ "event": "clear", "streamSid": stream.sid }))
            .await;
        let mark = stream.hears("mark").await;
        assert_eq!(mark["mark"]["name"], "last", "what is dropped is told too");
    };
    let ((before, rest), ()) = tokio::join!(listens, talk);
    assert!(loudest(&before, 880.0) > 6_500.0);
    let end = &rest[rest.len() - 4_000..];
    assert!(strength(end, 880.0) < 300.0, "it went on after the clear");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_knows_us_by_token_or_signature_which_nobody_is_shown() {
    let bot = Bot::listens().await;
    let engine = json!({ "type": "stream", "url": bot.url(), "token": "s3cret-Tok3n" });
    let scene = Scene::with(&engine, &json!({})).await;
    let shown = scene.house.get(&scene.key, "/api/phone").await;
    let wanted = json!({ "type": "stream", "url": bot.url(), "auth": "bearer" });
    assert_eq!(shown[0]["engine"], wanted);
    assert!(!shown.to_string().contains("s3cret"));

    let (caller, stream) = tokio::join!(scene.is_called(), bot.is_called());
    assert_eq!(stream.authorization.as_deref(), Some("Bearer s3cret-Tok3n"));
    assert_eq!(stream.signature, None);
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;

    // The token that stands signs now.
    scene
        .change(&json!({ "engine": { "auth": "signature" } }))
        .await;
    let (caller, stream) = tokio::join!(scene.is_called(), bot.is_called());
    let mut mac = Hmac::<Sha1>::new_from_slice(b"s3cret-Tok3n").unwrap();
    mac.update(bot.url().as_bytes());
    let signed = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(stream.signature, Some(signed));
    assert_eq!(stream.authorization, None);
    caller.line.hang_up().await;

    let audit = scene.house.get(&scene.key, "/api/audit").await;
    assert!(audit.to_string().contains("update_agent"));
    for text in [audit.to_string(), scene.house.log()] {
        assert!(!text.contains("s3cret"), "the token is told: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_bot_is_480_with_its_reason_on_the_receipt() {
    // Nobody listens at the one, the other takes the connection and says nothing.
    let mute = Bot::listens().await;
    let gone = Bot::listens().await;
    let away = gone.url();
    drop(gone);
    for (url, cause) in [(away, "unreachable"), (mute.url(), "too_late")] {
        let engine = json!({ "type": "stream", "url": url });
        let scene = Scene::with(&engine, &json!({})).await;
        let refused = dials(&scene.house, &scene.access).await;
        assert_eq!(refused.status(), Some(480));
        assert!(refused.get("Warning").unwrap().contains("engine_down"));
        let call = scene.ends("engine_down").await;
        let checks = call["receipt"]["checks"].as_array().unwrap();
        let last = checks.last().unwrap();
        assert_eq!(
            (&last["step"], &last["outcome"]),
            (&json!("engine"), &json!("failed"))
        );
        assert_eq!(scene.happens("engine_away").await["cause"], cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_an_absent_bot_go_to_the_failover_destination() {
    let gone = Bot::listens().await;
    let url = gone.url();
    drop(gone);
    let scene = Scene::with(&json!({ "type": "stream", "url": url }), &json!({})).await;
    scene.falls_back().await;
    let caller = scene.is_called().await;
    caller.line.is_hung_up().await;
    let call = scene.ends("agent_hung_up").await;
    let transfer = &call["transfers"][0];
    assert_eq!(transfer["destination_name"], "Night desk");
    assert_eq!(transfer["state"], "completed");
    assert_eq!(scene.happens("engine_away").await["cause"], "unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_ignored_and_told_once() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    for text in [
        "",
        "hello",
        "{",
        "[1,2]",
        "{\"event\":\"dance\"}",
        "{\"event\":\"media\"}",
    ] {
        stream.says_raw(text).await;
    }
    let bad = json!({ "event": "media", "media": { "payload": "not base64!" } });
    stream.says(&bad).await;
    stream.says_bytes(&[0; 160]).await;
    stream.speaks(&tone(880.0, 400, 8_000)).await;
    let heard = caller.sound.listens(800).await;
    assert!(loudest(&heard, 880.0) > 6_500.0, "the call goes on");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
    assert_eq!(scene.counted("engine_nonsense").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_floods_is_bounded_and_told_once() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    // Four minutes at once, a thousand times faster than anybody could listen, then marks
    // without end.
    let minute = tone(880.0, 60_000, 8_000);
    for _ in 0..4 {
        stream.speaks(&minute).await;
    }
    for _ in 0..1_200 {
        stream.marks("x").await;
    }
    scene.happens("engine_overflow").await;
    scene.happens("engine_nonsense").await;
    let heard = caller.sound.listens(400).await;
    assert!(loudest(&heard, 880.0) > 6_500.0, "what fits is heard");
    stream.says(&json!({ "event": "clear" })).await;
    let silent = async {
        loop {
            let heard = caller.sound.listens(200).await;
            if strength(&heard, 880.0) < 300.0 {
                return;
            }
        }
    };
    let silent = tokio::time::timeout(Duration::from_secs(10), silent).await;
    silent.expect("the clear behind a flood is not heeded");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
    assert_eq!(scene.counted("engine_overflow").await, 1);
    assert_eq!(scene.counted("engine_nonsense").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_lost_in_mid_sentence_is_reached_once_more() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    stream.speaks(&tone(880.0, 300, 8_000)).await;
    let first = stream.sid.clone();
    drop(stream);
    let mut again = bot.is_called().await;
    again.begins().await;
    assert_ne!(again.sid, first, "a stream of its own");
    assert_eq!(again.start["customParameters"]["reconnected"], "true");
    again.speaks(&tone(660.0, 400, 8_000)).await;
    let heard = caller.sound.listens(1_200).await;
    assert!(loudest(&heard, 660.0) > 6_500.0, "it is heard again");
    assert_eq!(scene.happens("engine_lost").await["cause"], "lost");
    scene.happens("engine_back").await;

    // Once is enough: then there is an apology, and the call ends.
    drop(again);
    let sorry = caller.sound.listens(1_500).await;
    assert!(
        sorry.iter().any(|sample| sample.unsigned_abs() > 1_000),
        "no apology"
    );
    caller.line.is_hung_up().await;
    scene.ends("engine_failed").await;
    assert_eq!(scene.counted("engine_lost").await, 2);
    assert_eq!(scene.happens("engine_ended").await["cause"], "lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_a_bot_that_is_lost_for_good_go_to_the_failover_destination() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    scene.falls_back().await;
    let (caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    drop(bot);
    drop(stream);
    caller.line.is_hung_up().await;
    let call = scene.ends("agent_hung_up").await;
    assert_eq!(call["transfers"][0]["state"], "completed");
    assert_eq!(scene.happens("engine_ended").await["cause"], "unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_closes_properly_has_said_goodbye_to_its_last_word() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    stream.speaks(&tone(880.0, 600, 8_000)).await;
    let heard = async {
        stream.closes().await;
    };
    let (sound, ()) = tokio::join!(caller.sound.listens(1_000), heard);
    let long: usize = sound
        .chunks(160)
        .filter(|frame| strength(frame, 880.0) > 4_000.0)
        .count();
    assert!(
        (27..=31).contains(&long),
        "{long} frames of its last word were heard"
    );
    caller.line.is_hung_up().await;
    scene.ends("agent_hung_up").await;
    assert_eq!(scene.counted("engine_lost").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_handed_on_is_not_heard_by_the_bot_meanwhile() {
    let play = Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .waits(200)
        .answers("200 OK")
        .hears("ACK")
        .hears("BYE")
        .says("200 OK");
    let Some(person) = Carrier::plays(&play).await else {
        return;
    };
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    let path = format!(
        "/api/phone/sip/agents/{}/transfer-destinations",
        scene.agent
    );
    let create =
        json!({ "name": "Sales", "type": "sip", "value": format!("sip:sales@{}", person.at) });
    let made = scene
        .house
        .post(&scene.key, &path, &json!({ "create": create }))
        .await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    let id = scene.call().await["id"].as_str().unwrap().to_owned();
    let body = json!({ "destination_id": made["destination_id"] });
    let path = format!("/api/phone/calls/{id}/transfer");
    scene.house.post(&scene.key, &path, &body).await;
    scene.happens("handed_on").await;
    caller.sound.speaks(&tone(440.0, 600, 8_000)).await;
    caller.line.hang_up().await;
    stream.hears("stop").await;
    assert!(loudest(&stream.heard, 440.0) < 300.0, "the bot listens in");
    scene.ends("caller_hung_up").await;
    person.plays_to_its_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_places_a_call_knows_why() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    // The number called is one of ours, answered by the built-in agent.
    let other = json!({ "name": "Other", "recording_enabled": false });
    let other = scene.house.post(&scene.key, "/api/phone", &other).await;
    let number = DIALLED.replace('+', "%2B");
    let path = format!(
        "/api/phone/sip/agents/{}/phone-numbers/{number}",
        other["id"].as_str().unwrap()
    );
    let put = reqwest::Client::new()
        .put(format!("{}{path}", scene.house.origin()))
        .bearer_auth(&scene.key);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let call = json!({
        "phone_agent_id": scene.agent, "to": DIALLED, "metadata": { "order": 7 },
    });
    let call = scene
        .house
        .post(&scene.key, "/api/phone/outbound-call", &call)
        .await;
    let mut stream = bot.is_called().await;
    stream.begins().await;
    let facts = &stream.start["customParameters"];
    assert_eq!(facts["direction"], "outbound");
    assert_eq!(facts["to"], DIALLED);
    assert_eq!(facts["call_id"], call["id"]);
    let metadata: Value = serde_json::from_str(facts["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(metadata, json!({ "order": 7 }));
    // The other agent's chime or greeting reaches the bot.
    while !stream
        .heard
        .iter()
        .any(|sample| sample.unsigned_abs() > 1_000)
    {
        stream.hears("media").await;
    }
    let path = format!("/api/phone/calls/{}/hangup", call["id"].as_str().unwrap());
    scene.house.post(&scene.key, &path, &json!({})).await;
    stream.hears("stop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_engine_may_be_is_a_setting() {
    let house = crate::binary::Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let agent = json!({ "name": "Bot", "recording_enabled": false });
    let agent = house.post(&key, "/api/phone", &agent).await;
    let path = format!("/api/phone/{}", agent["id"].as_str().unwrap());
    for (url, code) in [
        ("ws://127.0.0.1:9/", "bad_socket_url"),
        ("wss://127.0.0.1:9/", "private_address"),
        ("wss://10.0.0.1/", "private_address"),
        ("wss://[::ffff:10.0.0.1]/", "private_address"),
        ("wss://no-such-host.invalid/", "unresolvable"),
        ("https://example.com/", "bad_socket_url"),
        ("wss://user:pass@example.com/", "bad_socket_url"),
    ] {
        let body = json!({ "engine": { "type": "stream", "url": url } });
        let refused = house
            .request_patch(&key, &path)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 422);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["errors"][0]["field"], "engine.url", "{body}");
        assert_eq!(body["errors"][0]["code"], code, "{url}");
    }
}
