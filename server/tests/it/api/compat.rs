//! Every request of the reference that this API takes, sent as it is documented there
//! (`/phone/…` below another base address), and the documented fields, types, patterns and
//! defaults of its answer. What is more here is not looked at.

mod sip;

use app::domain::call::{CallEnd, CallState, EndReason, Said, Speaker, TranscriptLine};
use serde_json::{Value, json};
use server::store;

use crate::samples;
use crate::world::World;

/// What the reference says of a field.
#[derive(Clone, Copy, Debug)]
enum Is {
    Text,
    Switch,
    Number,
    Uuid,
    Time,
    Texts,
    Object,
    Anything,
    OneOf(&'static [&'static str]),
    /// The same, or null.
    MaybeText,
    MaybeNumber,
    MaybeTexts,
    MaybeUuid,
    MaybeOneOf(&'static [&'static str]),
}

impl Is {
    fn fits(self, value: &Value) -> bool {
        let uuid = |value: &Value| value.as_str().is_some_and(is_uuid);
        let texts = |value: &Value| {
            value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string))
        };
        let among = |words: &[&str], value: &Value| {
            value.as_str().is_some_and(|word| words.contains(&word))
        };
        match self {
            Self::Anything => true,
            Self::Text => value.is_string(),
            Self::Switch => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Uuid => uuid(value),
            Self::Time => value
                .as_str()
                .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            Self::Texts => texts(value),
            Self::Object => value.is_object(),
            Self::OneOf(words) => among(words, value),
            Self::MaybeText => value.is_string() || value.is_null(),
            Self::MaybeNumber => value.is_number() || value.is_null(),
            Self::MaybeTexts => texts(value) || value.is_null(),
            Self::MaybeUuid => uuid(value) || value.is_null(),
            Self::MaybeOneOf(words) => among(words, value) || value.is_null(),
        }
    }
}

/// The published pattern: RFC 9562 versions 1 to 8, nil and max.
fn is_uuid(text: &str) -> bool {
    let Ok(uuid) = uuid::Uuid::try_parse(text) else {
        return false;
    };
    let known = (1..=8).contains(&uuid.get_version_num())
        && matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
    text.len() == 36 && (known || uuid.is_nil() || uuid.is_max())
}

#[track_caller]
fn documented(answer: &Value, fields: &[(&str, Is)]) {
    for (name, is) in fields {
        let value = answer.get(name);
        let fits = value.is_some_and(|value| is.fits(value));
        assert!(fits, "{name} should be {is:?}: {value:?}");
    }
}

/// §2.3, the newer edition's `language`, and what it adds.
const PHONE_AGENT: [(&str, Is); 28] = [
    ("id", Is::Text),
    ("org_id", Is::Text),
    ("phone_number", Is::MaybeText),
    ("name", Is::MaybeText),
    ("type", Is::OneOf(&["inbound", "outbound"])),
    ("language", Is::Texts),
    ("accent", Is::MaybeText),
    ("handoff_phone_number", Is::MaybeText),
    ("speed", Is::MaybeNumber),
    ("interruptible", Is::Switch),
    ("actionIds", Is::MaybeTexts),
    ("instructions", Is::MaybeTexts),
    ("data_collection_fields", Is::MaybeTexts),
    ("data_collection_webhook_url", Is::MaybeText),
    (
        "model",
        Is::OneOf(&[
            "oppie-vox",
            "oppie-vox-turbo",
            "oppie-vox-2",
            "oppie-vox-livekit",
        ]),
    ),
    ("voice_id", Is::MaybeText),
    ("first_message", Is::MaybeText),
    ("created_at", Is::Time),
    ("updated_at", Is::Time),
    ("provider_external_id", Is::MaybeText),
    ("flow", Is::Anything),
    ("manual_mode", Is::Switch),
    ("custom_llm", Is::MaybeText),
    ("use_org_knowledgebase", Is::Switch),
    ("recording_enabled", Is::Switch),
    ("stt_keyterms", Is::Texts),
    ("tts_speed_pct", Is::Number),
    ("failover_transfer_destination_id", Is::MaybeUuid),
];

/// §2.5.
const SESSION: [(&str, Is); 16] = [
    ("id", Is::Uuid),
    (
        "status",
        Is::OneOf(&["open", "closed_resolved", "closed_unresolved"]),
    ),
    (
        "ai_closure_type",
        Is::MaybeOneOf(&["assumed_resolved", "handed_off", "resolved"]),
    ),
    ("sentiment", Is::MaybeOneOf(&["angry", "happy", "neutral"])),
    ("channel", Is::Object),
    ("ticket_number", Is::Number),
    ("assist_mode", Is::Switch),
    ("created_at", Is::Time),
    ("updated_at", Is::Time),
    ("contact", Is::Object),
    ("language", Is::MaybeText),
    ("assignee_id", Is::MaybeText),
    ("custom_data", Is::Anything),
    ("team", Is::Anything),
    ("handoff", Is::Anything),
    ("ticketing_system", Is::Anything),
];

const CONTACT: [(&str, Is); 8] = [
    ("id", Is::Uuid),
    ("email", Is::MaybeText),
    ("phone_number", Is::MaybeText),
    ("name", Is::MaybeText),
    ("custom_data", Is::Anything),
    ("non_verified_name", Is::MaybeText),
    ("non_verified_email", Is::MaybeText),
    ("non_verified_custom_data", Is::Anything),
];

#[tokio::test]
async fn an_agent_needs_a_name_alone() {
    let world = World::new().await;
    let api = world.api().await;
    let made = api
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await;
    assert_eq!(made.status, 200);
    let agent = made.ok();
    documented(&agent, &PHONE_AGENT);
    let defaults = json!({
        "type": "inbound", "use_org_knowledgebase": false, "interruptible": true,
        "tts_speed_pct": 0.0, "actionIds": null, "voice_id": null,
    });
    for (field, expect) in defaults.as_object().unwrap() {
        assert_eq!(&agent[field], expect, "{field}");
    }
    let none = api.post("/api/phone", json!({})).await;
    assert_eq!(none.fields(), ["name required"]);
}

#[tokio::test]
async fn an_agent_is_made_by_the_quick_start_and_by_the_older_page() {
    let world = World::new().await;
    let api = world.api().await;
    let quick =
        json!({ "name": "Quick", "type": "inbound", "language": "en", "first_message": "Hi!" });
    let agent = api.post("/api/phone", quick).await.ok();
    documented(&agent, &PHONE_AGENT);
    assert_eq!(agent["first_message"], "Hi!");
    let flow = json!({
        "id": "1", "type": "root", "content": "x", "connectionType": "true",
        "position": { "x": 0, "y": 0 }, "children": [],
    });
    let older = json!({
        "name": "Older", "type": "inbound", "language": "es", "accent": "mx",
        "handoff_phone_number": "+14155550199", "speed": 1, "interruptible": false,
        "actionIds": ["a"], "instructions": ["Be kind."], "data_collection_fields": ["name"],
        "data_collection_webhook_url": "https://example.com/x", "model": "oppie-vox-2",
        "first_message": null, "voice_id": null, "flow": flow,
        "use_org_knowledgebase": true, "manual_mode": false, "custom_llm": null,
    });
    let agent = api.post("/api/phone", older).await.ok();
    documented(&agent, &PHONE_AGENT);
    assert_eq!(agent["language"], json!(["es"]));
    assert_eq!(agent["interruptible"], false);
    assert_eq!(agent["instructions"], json!(["Be kind."]));
}

#[tokio::test]
async fn an_agent_is_changed_field_by_field_and_cleared_by_null() {
    let world = World::new().await;
    let api = world.api().await;
    let made = api
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await
        .ok();
    let path = format!("/api/phone/{}", made["id"].as_str().unwrap());
    for body in [
        json!({}),
        json!({ "name": "Sales" }),
        json!({ "type": "outbound" }),
        json!({ "voice_id": null }),
        json!({ "language": "fr" }),
        json!({ "language": null }),
        json!({ "first_message": "Bonjour" }),
        json!({ "first_message": null }),
        json!({ "instructions": ["a", "b"] }),
        json!({ "instructions": null }),
        json!({ "handoff_phone_number": "+14155550199" }),
        json!({ "handoff_phone_number": null }),
        json!({ "use_org_knowledgebase": true }),
        json!({ "use_org_knowledgebase": null }),
        json!({ "actionIds": ["a"] }),
        json!({ "actionIds": [] }),
    ] {
        let changed = api.patch(&path, body.clone()).await;
        assert_eq!(changed.status, 200, "{body}: {}", changed.text);
        documented(&changed.ok(), &PHONE_AGENT);
    }
    let agent = api.get(&path).await.ok();
    let now = ["name", "type", "language", "first_message"].map(|field| agent[field].clone());
    assert_eq!(
        Value::from_iter(now),
        json!(["Sales", "outbound", ["en"], null])
    );
}

#[tokio::test]
async fn agents_are_a_bare_list() {
    let world = World::new().await;
    let api = world.api().await;
    assert_eq!(api.get("/api/phone").await.ok(), json!([]));
    api.post("/api/phone", json!({ "name": "Front desk" }))
        .await
        .ok();
    let listed = api.get("/api/phone").await.ok();
    let agents = listed.as_array().unwrap();
    assert_eq!(agents.len(), 1);
    documented(&agents[0], &PHONE_AGENT);
}

/// The reference names the list and says nothing of its shape: it has to be there, and what
/// it names has to be taken as a voice.
#[tokio::test]
async fn a_voice_of_the_list_can_be_an_agents() {
    let world = World::new().await;
    let api = world.api().await;
    let listed = api.get("/api/phone/voices").await.ok();
    let voice = &listed["items"][0];
    documented(voice, &[("id", Is::Text), ("name", Is::Text)]);
    let body = json!({ "name": "Front desk", "voice_id": voice["id"] });
    let agent = api.post("/api/phone", body).await.ok();
    assert_eq!(agent["voice_id"], voice["id"]);
    let absent = json!({ "name": "x", "voice_id": "gmw/nobody" });
    let absent = api.post("/api/phone", absent).await;
    assert_eq!(absent.fields(), ["voice_id no_such"]);
    // One of the reference's own library: the script runs, and the language chooses.
    let foreign = json!({ "name": "x", "voice_id": "21m00Tcm4TlvDq8ikWAM" });
    let agent = api.post("/api/phone", foreign).await.ok();
    documented(&agent, &PHONE_AGENT);
}

async fn a_session(world: &World) -> String {
    let mut call = samples::call(1, samples::NOW - 60_000);
    call.state = CallState::Ended;
    call.end = Some(CallEnd::because(EndReason::AgentHungUp));
    call.answered_at = Some(samples::NOW - 59_000);
    call.ended_at = Some(samples::NOW);
    let line = TranscriptLine {
        speaker: Speaker::Agent,
        said: Said::Words("Hello?".to_owned()),
        start_ms: 0,
        end_ms: 400,
    };
    let mut tx = world.db.append().await.unwrap();
    store::calls::save(&mut tx, &call, &samples::papers())
        .await
        .unwrap();
    store::timeline::add_lines(&mut tx, &[(call.id, &line)])
        .await
        .unwrap();
    store::conversations::number(&mut tx, &[call.id])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    call.id.to_string()
}

#[tokio::test]
async fn calls_are_chat_sessions_with_a_history() {
    let world = World::new().await;
    let api = world.api().await;
    let id = a_session(&world).await;
    let listed = api
        .get("/api/chat/sessions?handed_off=false&status=closed_resolved&channel_type=phone_voice&created_after=2020-01-01T00:00:00Z&created_before=2030-01-01T00:00:00Z&updated_after=2020-01-01T00:00:00Z&updated_before=2030-01-01T00:00:00Z")
        .await
        .ok();
    documented(&listed, &[("items", Is::Anything), ("next", Is::MaybeText)]);
    let session = &listed["items"][0];
    documented(session, &SESSION);
    documented(&session["contact"], &CONTACT);
    assert_eq!(session["channel"]["type"], "phone_voice");
    assert_eq!(
        &api.get(&format!("/api/chat/sessions/{id}")).await.ok(),
        session
    );

    let history = api
        .get(&format!("/api/chat/sessions/{id}/history"))
        .await
        .ok();
    documented(
        &history,
        &[("items", Is::Anything), ("next", Is::MaybeText)],
    );
    let item = &history["items"][0];
    documented(
        item,
        &[
            ("id", Is::Uuid),
            ("created_at", Is::Time),
            ("event", Is::Object),
        ],
    );
    let event = &item["event"];
    documented(
        event,
        &[
            ("type", Is::Text),
            ("sender", Is::Object),
            ("content", Is::Object),
            ("attachments", Is::Anything),
            ("context", Is::Anything),
        ],
    );
    documented(
        &event["sender"],
        &[("type", Is::Text), ("name", Is::MaybeText)],
    );
    documented(
        &event["content"],
        &[("type", Is::Text), ("text", Is::MaybeText)],
    );
    assert_eq!(event["content"]["text"], "Hello?");

    let plain = api
        .post("/api/chat/sessions/filter", json!({ "filters": {} }))
        .await
        .ok();
    documented(
        &plain,
        &[
            ("data", Is::Anything),
            ("page", Is::Number),
            ("limit", Is::Number),
            ("has_next", Is::Switch),
            ("has_previous", Is::Switch),
        ],
    );
    let told = ["page", "limit", "has_next", "has_previous"].map(|name| plain[name].clone());
    assert_eq!(Value::from_iter(told), json!([1, 25, false, false]));
    documented(&plain["data"][0], &SESSION);
    let all = json!({ "filters": { "status": "closed_resolved" }, "sort_by": "last_message_at", "sort_order": "asc", "page": 1, "limit": 100 });
    assert_eq!(
        api.post("/api/chat/sessions/filter", all).await.ok()["data"][0],
        plain["data"][0]
    );
}

/// §3: the three fields, whatever else there is.
#[tokio::test]
async fn errors_have_the_documented_body() {
    let world = World::new().await;
    let body = [
        ("statusCode", Is::Number),
        ("message", Is::Text),
        ("error", Is::Text),
    ];
    let stranger = world.stranger().get("/api/phone").await;
    assert_eq!(stranger.status, 401);
    assert_eq!(stranger.body["statusCode"], 401);
    assert_eq!(stranger.body["error"], "Unauthorized");
    documented(&stranger.body, &body);
    let narrow = world.script(&[app::error::Scope::CallsRead]).await;
    let forbidden = narrow.get("/api/phone").await;
    assert_eq!(forbidden.status, 403);
    documented(&forbidden.body, &body);
}
