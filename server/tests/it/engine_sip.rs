//! The engine `sip` at the real binary: SIPp is the bot that has a telephone. It is told who calls, hears
//! and is heard, hangs up, is busy, says nothing, or asks for a password.

use serde_json::{Value, json};
use server::media::codec::Codec;

use crate::engine_bot::{Bot, Scene};
use crate::media_phone::{channels, loudest};
use crate::ops::{DIALLED, dials};
use crate::sip_carrier::{Carrier, Script, free};

const PASSWORD: &str = "s3cret-Passw0rd";

fn engine(at: std::net::SocketAddr) -> Value {
    json!({ "type": "sip", "uri": format!("sip:bot@{at}") })
}

/// The leg to the bot, as the API has it.
async fn leg(scene: &Scene) -> Value {
    let call = scene.call().await;
    let id = call["legs"][0]["id"].as_str().unwrap();
    let path = format!("/api/phone/calls/{id}");
    scene.house.get(&scene.key, &path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_with_a_telephone_is_told_who_calls_hears_and_is_heard() {
    let at = free();
    let scene = Scene::with(&engine(at), &json!({ "recording_enabled": true })).await;
    scene
        .passes(&json!([
            "X-Account",
            "X-Queue=X-Skill",
            "X-Agent-ID",
            "X-Missing"
        ]))
        .await;
    let play = Script::default()
        .hears_invite_with(&[
            ("X-Account", "42 &amp; more"),
            ("X-Skill", "sales"),
            ("X-Patchbay-Call-ID", "[0-9a-f-]{36}"),
            ("X-Patchbay-To", &format!("[+]{}", &DIALLED[1..])),
            ("X-Patchbay-From", "[+]442079460000"),
            ("X-Patchbay-Agent-Name", "Front desk"),
            ("From", "[+]442079460000"),
        ])
        .says("180 Ringing")
        .waits(300)
        .answers_as_an_echo()
        .hears("ACK")
        .hears("BYE")
        .says("200 OK");
    let Some(bot) = Carrier::echoes(at, &play).await else {
        return;
    };
    let headers = [
        ("X-Account", "42 & more"),
        ("X-Queue", "sales"),
        ("X-Agent-ID", "none"),
    ];
    // In another codec than the bot's: what comes back has been through both.
    let mut caller = scene.is_called_saying(Codec::Pcma, &headers).await;
    caller.is_said_back(1_500).await;
    assert!(caller.sound.keys.is_empty());
    caller.sound.presses(5).await;
    caller.sound.listens(600).await;
    let keys: Vec<_> = caller
        .sound
        .keys
        .iter()
        .map(|(.., payload)| payload[0])
        .collect();
    assert!(
        keys.contains(&5),
        "the key went to the bot, which said it back: {keys:?}"
    );

    let invite = leg(&scene).await;
    assert_eq!(invite["parent_id"], scene.call().await["id"]);
    let kept = "select messages from call_traces where call_id = $1 order by seq";
    let id: uuid::Uuid = invite["id"].as_str().unwrap().parse().unwrap();
    let messages: Vec<String> = sqlx::query_scalar(kept)
        .bind(id)
        .fetch_all(&mut scene.house.database().await)
        .await
        .unwrap();
    let messages = messages.concat();
    assert!(messages.contains(r#""summary":"INVITE "#), "{messages}");
    assert!(messages.contains("X-Account"), "{messages}");
    assert!(
        !messages.contains("X-Agent-ID"),
        "the agent header is for us alone: {messages}"
    );
    assert!(!messages.contains("X-Missing"), "{messages}");

    caller.line.hang_up().await;
    bot.plays_to_its_end().await;
    let call = scene.ends("caller_hung_up").await;
    assert_eq!(call["transfers"], json!([]), "an engine is no transfer");
    assert_eq!(scene.happens("engine_started").await["engine"], "sip");
    let quality = leg(&scene).await["quality"].clone();
    for way in ["from_caller", "to_caller"] {
        let packets = quality[way]["packets"].as_u64().unwrap();
        assert!(packets > 50, "{way}: {quality}");
    }
    let file = scene
        .house
        .data(&format!("recordings/{}.wav", call["id"].as_str().unwrap()));
    let (left, right) = channels(&file);
    assert!(loudest(&left, 440.0) > 6_500.0, "the caller is not kept");
    assert!(loudest(&right, 440.0) > 6_500.0, "the bot is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_hangs_up_ends_the_call_and_one_may_ask_for_a_password() {
    let at = free();
    let mut engine = engine(at);
    engine["username"] = json!("patch");
    engine["password"] = json!(PASSWORD);
    // A notice is said before the bot is called, which would speak into it.
    let change = json!({ "recording_enabled": true, "recording_notice": "Kept." });
    let scene = Scene::with(&engine, &change).await;
    let shown = scene.house.get(&scene.key, "/api/phone").await;
    let wanted = json!({ "type": "sip", "uri": format!("sip:bot@{at}"), "username": "patch" });
    assert_eq!(shown[0]["engine"], wanted);
    let challenge = "WWW-Authenticate: Digest realm=\"bots\", nonce=\"n1\"";
    let signed = [("Authorization", "username=.patch.")];
    let play = Script::default()
        .hears("INVITE")
        .says_with("401 Unauthorized", challenge)
        .hears("ACK")
        .hears_invite_with(&signed)
        .answers_as_an_echo()
        .hears("ACK")
        .waits(500)
        .hangs_up();
    let Some(bot) = Carrier::echoes(at, &play).await else {
        return;
    };
    let caller = scene.is_called().await;
    caller.line.is_hung_up().await;
    bot.plays_to_its_end().await;
    let call = scene.ends("agent_hung_up").await;
    let texts: Vec<_> = call["transcript"].as_array().unwrap().iter().collect();
    assert_eq!(texts[0]["text"], "Kept.");
    assert_eq!(leg(&scene).await["reason"], "callee_hung_up");
    let audit = scene.house.get(&scene.key, "/api/audit").await;
    for text in [audit.to_string(), scene.house.log(), shown.to_string()] {
        assert!(!text.contains(PASSWORD), "the password is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_refuses_is_passed_by_for_the_failover_destination() {
    for (status, cause, reason) in [
        ("486 Busy Here", "busy", "busy"),
        ("403 Forbidden", "refused", "forbidden"),
    ] {
        let at = free();
        let scene = Scene::with(&engine(at), &json!({})).await;
        scene.falls_back().await;
        let play = Script::default().hears("INVITE").says(status).hears("ACK");
        let Some(bot) = Carrier::at(at, &play).await else {
            return;
        };
        let caller = scene.is_called().await;
        caller.line.is_hung_up().await;
        bot.plays_to_its_end().await;
        let call = scene.ends("agent_hung_up").await;
        assert_eq!(call["transfers"][0]["destination_name"], "Night desk");
        assert_eq!(scene.happens("engine_away").await["cause"], cause);
        assert_eq!(leg(&scene).await["reason"], reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_bot_is_480_within_seconds_and_the_address_must_lead_out_of_here() {
    let scene = Scene::with(&engine(free()), &json!({})).await;
    let refused = dials(&scene.house, &scene.access).await;
    assert_eq!(refused.status(), Some(480));
    assert!(refused.get("Warning").unwrap().contains("engine_down"));
    scene.ends("engine_down").await;
    assert_eq!(scene.happens("engine_away").await["cause"], "too_late");

    let house = crate::binary::Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let agent = json!({ "name": "Loop", "engine": { "type": "sip", "uri": "sip:bot@127.0.0.1" } });
    let refused = house
        .request(&key, "/api/phone")
        .json(&agent)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 422);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["errors"][0]["field"], "engine.uri", "{body}");
    assert_eq!(body["errors"][0]["code"], "own_address", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_while_it_rings_takes_the_call_to_the_bot_back() {
    let at = free();
    let scene = Scene::with(&engine(at), &json!({})).await;
    let play = Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .hears("CANCEL")
        .says("200 OK");
    let Some(bot) = Carrier::at(at, &play).await else {
        return;
    };
    let dialling = dials(&scene.house, &scene.access);
    let rings = async {
        let began = std::time::Instant::now();
        while leg_rings(&scene).await.is_none() {
            assert!(began.elapsed() < crate::engine_bot::PATIENCE);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let id = scene.call().await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/phone/calls/{id}/hangup");
        scene.house.post(&scene.key, &path, &json!({})).await;
    };
    let (refused, ()) = tokio::join!(dialling, rings);
    assert_eq!(refused.status(), Some(480));
    bot.plays_to_its_end().await;
    scene.ends("operator_hung_up").await;
}

async fn leg_rings(scene: &Scene) -> Option<()> {
    let page = scene
        .house
        .get(&scene.key, "/api/phone/calls?direction=outbound")
        .await;
    (page["items"][0]["state"] == "ringing").then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_handed_on_from_the_bot_and_comes_back_to_it() {
    let (at, desk) = (free(), free());
    let scene = Scene::with(&engine(at), &json!({})).await;
    let play = Script::default()
        .hears("INVITE")
        .answers_as_an_echo()
        .hears("ACK")
        .hears("BYE")
        .says("200 OK");
    let Some(bot) = Carrier::echoes(at, &play).await else {
        return;
    };
    let there = scene.may_hand_on_to(desk).await;
    let mut caller = scene.is_called().await;
    let busy = Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .waits(300)
        .says("486 Busy Here")
        .hears("ACK");
    let Some(sales) = Carrier::at(desk, &busy).await else {
        return;
    };
    scene.hands_on_to(&there).await;
    scene.happens("back_with_agent").await;
    sales.plays_to_its_end().await;
    // The caller is back with the bot.
    caller.is_said_back(1_000).await;
    caller.line.hang_up().await;
    bot.plays_to_its_end().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_behind_a_websocket_gets_the_headers_as_parameters() {
    let bot = Bot::listens().await;
    let scene = Scene::of(&bot).await;
    scene.passes(&json!(["X-Account", "X-Spoof=call_id"])).await;
    let headers = [("x-account", "42"), ("X-Spoof", "forged")];
    let dialling = scene.is_called_saying(Codec::Pcmu, &headers);
    let (caller, mut stream) = tokio::join!(dialling, bot.is_called());
    stream.begins().await;
    let facts = &stream.start["customParameters"];
    assert_eq!(facts["X-Account"], "42", "{facts}");
    assert_eq!(
        facts["call_id"],
        scene.call().await["id"],
        "what is ours stays ours"
    );
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}
