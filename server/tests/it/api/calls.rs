//! Calls, their events and recordings, the route test, keys, sources.

mod handed_on;

use app::domain::call::{
    CallEnd, CallState, EndReason, Happening, RecordingState, Said, Speaker, TimelineEvent,
    TranscriptLine,
};
use app::domain::id::CallId;
use app::domain::seen::News;
use app::error::Scope;
use app::ports::Caller;
use axum::body::Body;
use futures_util::StreamExt as _;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use server::store;

use crate::samples;
use crate::world::{World, on_both};

on_both! {
    calls_are_listed_newest_first_and_filtered
    a_call_that_has_ended_cannot_be_ended
    the_events_of_an_ended_call_are_told_and_the_stream_ends
    a_live_call_is_told_as_it_happens_and_its_stream_ends_with_the_server
    a_revoked_key_hears_no_more_of_a_call
    a_route_test_gives_the_decision_and_its_receipt
    a_key_is_shown_once_and_revoked_at_once
}

const CALLS: &str = "/api/phone/calls";

/// A call that was answered, recorded and ended.
async fn a_call(world: &World, n: u128) -> String {
    let begun = samples::NOW - 60_000;
    let mut call = samples::call(n, begun);
    call.state = CallState::Ended;
    call.end = Some(CallEnd::because(EndReason::CallerHungUp));
    call.answered_at = Some(begun + 1_000);
    call.ended_at = Some(begun + 31_500);
    call.codec = Some("PCMU".to_owned());
    call.recording = RecordingState::Kept;
    let happenings = [
        (begun, Happening::Received),
        (begun + 1_000, Happening::Answered),
        (
            begun + 9_000,
            Happening::Digit {
                digit: "1".to_owned(),
            },
        ),
    ];
    let events = happenings.map(|(at, what)| TimelineEvent { at, what });
    let line = TranscriptLine {
        speaker: Speaker::Agent,
        said: Said::Words("Hello?".to_owned()),
        start_ms: 200,
        end_ms: 900,
    };
    let mut tx = world.db.begin().await.unwrap();
    store::calls::save(&mut tx, &call, &samples::papers())
        .await
        .unwrap();
    for event in &events {
        store::timeline::add_events(&mut tx, &[(call.id, event)])
            .await
            .unwrap();
    }
    store::timeline::add_lines(&mut tx, &[(call.id, &line)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    call.id.to_string()
}

async fn calls_are_listed_newest_first_and_filtered(world: &World) {
    let api = world.script(&[Scope::CallsRead]).await;
    let id = a_call(world, 1).await;
    let listed = api.get(CALLS).await.ok();
    assert_json_snapshot!(listed, { ".items[].id" => "[id]", ".items[].recording_url" => "[url]" }, @r#"
    {
      "items": [
        {
          "access_id": null,
          "access_label": null,
          "agent_id": null,
          "agent_name": null,
          "anonymous": false,
          "answered_at": "2025-11-23T09:25:41.000Z",
          "codec": "PCMU",
          "direction": "inbound",
          "diverted_from": null,
          "duration_s": 30,
          "ended_at": "2025-11-23T09:26:11.500Z",
          "from": "+4930123456",
          "from_name": "Ada",
          "id": "[id]",
          "outbound_trunk_id": null,
          "outbound_trunk_name": null,
          "parent_id": null,
          "reason": "caller_hung_up",
          "reason_message": "Ended by the caller",
          "recording": "kept",
          "recording_url": "[url]",
          "repeats": 1,
          "result": "success",
          "ringing_at": "2025-11-23T09:25:40.005Z",
          "sip_call_id": "call-1@carrier.example",
          "sip_phrase": null,
          "sip_status": null,
          "software": "Carrier/1.0",
          "source": "203.0.113.10",
          "started_at": "2025-11-23T09:25:40.000Z",
          "state": "ended",
          "to": "+14155550100",
          "to_sent": "0014155550100",
          "transport": "udp"
        }
      ],
      "next": null
    }
    "#);
    for (filter, count) in [
        ("direction=inbound", 1),
        ("direction=outbound", 0),
        ("state=ringing", 0),
        ("since=2020-01-01T00:00:00Z", 1),
        ("since=2020-01-01T00:00:00+02:00", 1),
        ("until=2020-01-01T00:00:00Z", 0),
    ] {
        let found = api.get(&format!("{CALLS}?{filter}")).await.ok();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{filter}");
    }
    let odd = api
        .get(&format!("{CALLS}?since=yesterday&state=lost&agent=Sales"))
        .await;
    assert_eq!(
        odd.fields(),
        [
            "state not_a_choice",
            "agent not_an_id",
            "since not_a_choice"
        ]
    );
    let detail = api.get(&format!("{CALLS}/{id}")).await.ok();
    assert!(
        detail["receipt"]["checks"].is_array() && detail["transcript"].is_array(),
        "{detail}"
    );
    assert_eq!(
        api.get(&format!("{CALLS}/{}", samples::uuid(9)))
            .await
            .refused(404),
        "not_found"
    );
}

async fn a_call_that_has_ended_cannot_be_ended(world: &World) {
    let id = a_call(world, 1).await;
    let api = world.script(&[Scope::PhoneWrite]).await;
    assert_eq!(
        api.post(&format!("{CALLS}/{id}/hangup"), json!({}))
            .await
            .refused(409),
        "call_ended"
    );
    let none = samples::uuid(9);
    assert_eq!(
        api.post(&format!("{CALLS}/{none}/hangup"), json!({}))
            .await
            .refused(404),
        "not_found"
    );
}

async fn the_events_of_an_ended_call_are_told_and_the_stream_ends(world: &World) {
    let id = a_call(world, 1).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let path = format!("{CALLS}/{id}/events");
    let events = api.get(&path).await.ok();
    assert_json_snapshot!(events, @r#"
    {
      "items": [
        {
          "at": "2025-11-23T09:25:40.000Z",
          "details": {},
          "id": "1.0",
          "type": "received"
        },
        {
          "at": "2025-11-23T09:25:41.000Z",
          "details": {},
          "id": "2.0",
          "type": "answered"
        },
        {
          "at": "2025-11-23T09:25:41.200Z",
          "details": {
            "end_ms": 900,
            "speaker": "agent",
            "start_ms": 200,
            "text": "Hello?",
            "what": "words"
          },
          "id": "2.1",
          "type": "said"
        },
        {
          "at": "2025-11-23T09:25:49.000Z",
          "details": {
            "digit": "1"
          },
          "id": "3.1",
          "type": "digit"
        }
      ],
      "next": null
    }
    "#);
    let response = api
        .with("accept", "text/event-stream")
        .ask("GET", &path, None)
        .await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let stream = read_all(response.into_body()).await;
    let told = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let told: Vec<Value> = told
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(json!(told), events["items"]);
}

#[tokio::test]
async fn all_calls_are_told_as_they_happen() {
    let world = World::new().await;
    let api = world.script(&[Scope::CallsRead]).await;
    let live = api.with("accept", "text/event-stream");
    let response = live.ask("GET", CALLS, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let call = Box::new(samples::call(1, samples::NOW));
    world.house.news.tell(News::Sources);
    world.house.news.tell(News::Call { call: call.clone() });
    let told = part(&mut stream).await;
    assert!(told.starts_with("event: call\n"), "{told}");
    assert!(told.contains(&call.id.to_string()), "{told}");
    world.life.stop();
    assert!(stream.next().await.is_none());
    let odd = live.get("/api/phone/calls?state=ended").await;
    assert_eq!(odd.fields(), ["state unknown_field"]);
}

async fn a_live_call_is_told_as_it_happens_and_its_stream_ends_with_the_server(world: &World) {
    let id = a_call(world, 1).await;
    let id: CallId = id.parse().unwrap();
    set_state(world, id, CallState::Answered).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let path = format!("{CALLS}/{id}/events");
    let live = api
        .with("accept", "text/event-stream")
        .with("last-event-id", "3.0");
    let mut stream = live
        .ask("GET", &path, None)
        .await
        .into_body()
        .into_data_stream();
    // What was told before the stream broke off is not told again; the greeting is.
    assert!(part(&mut stream).await.contains("\"text\":\"Hello?\""));
    let mut tx = world.db.begin().await.unwrap();
    let what = Happening::RecordingStarted;
    let event = TimelineEvent {
        at: samples::NOW,
        what,
    };
    store::timeline::add_events(&mut tx, &[(id, &event)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let line = TranscriptLine {
        speaker: Speaker::Caller,
        said: Said::Speech,
        start_ms: 0,
        end_ms: 1,
    };
    world.house.news.tell(News::Line {
        call: samples::call(9, 0).id,
        line: line.clone(),
    });
    world.house.news.tell(News::Line { call: id, line });
    let told = part(&mut stream).await;
    assert!(
        told.contains("event: recording_started") && told.contains("id: 4.1"),
        "{told}"
    );
    world.life.drain();
    assert!(stream.next().await.is_none());
}

async fn a_revoked_key_hears_no_more_of_a_call(world: &World) {
    let id: CallId = a_call(world, 1).await.parse().unwrap();
    set_state(world, id, CallState::Answered).await;
    let api = world
        .script(&[Scope::CallsRead])
        .await
        .with("accept", "text/event-stream");
    let path = format!("{CALLS}/{id}/events");
    let mut stream = api
        .ask("GET", &path, None)
        .await
        .into_body()
        .into_data_stream();
    part(&mut stream).await;
    let boss = Caller::operator();
    for key in world.services().keys.list(&boss).await.unwrap() {
        world.services().keys.revoke(&boss, key.id).await.unwrap();
    }
    let call = Box::new(samples::call(1, 0));
    world.house.news.tell(News::Call { call });
    let rest = tokio::time::timeout(std::time::Duration::from_secs(5), read_rest(stream));
    assert!(rest.await.is_ok());
}

async fn read_rest(mut stream: axum::body::BodyDataStream) {
    while stream.next().await.is_some() {}
}

async fn set_state(world: &World, id: CallId, state: CallState) {
    let mut tx = world.db.begin().await.unwrap();
    let mut call = store::calls::get(&mut tx, id).await.unwrap().unwrap();
    call.state = state;
    call.end = None;
    call.ended_at = None;
    store::calls::save(&mut tx, &call, &samples::papers())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn part(stream: &mut axum::body::BodyDataStream) -> String {
    let part = tokio::time::timeout(std::time::Duration::from_secs(5), stream.next()).await;
    String::from_utf8_lossy(&part.unwrap().unwrap().unwrap()).into_owned()
}

async fn read_all(body: Body) -> String {
    let mut stream = body.into_data_stream();
    let mut text = String::new();
    while let Some(part) = stream.next().await {
        text.push_str(&String::from_utf8_lossy(&part.unwrap()));
    }
    text
}

#[tokio::test]
async fn a_recording_is_played_whole_and_in_ranges() {
    let world = World::new().await;
    let id = a_call(&world, 1).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let path = format!("{CALLS}/{id}/recording");
    let folder = world.sqlite.folder.path().join("recordings");
    let file = world.house.desk.recording_path(id.parse().unwrap());
    assert!(file.starts_with(&folder));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"RIFF0123456789").unwrap();
    let whole = api.get(&path).await;
    assert_eq!(
        (whole.status.as_u16(), whole.text.as_str()),
        (200, "RIFF0123456789")
    );
    assert_eq!(whole.header("content-type"), "audio/wav");
    let part = api.with("range", "bytes=4-6").get(&path).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "012"));
    let beyond = api.with("range", "bytes=99-").get(&path).await;
    assert_eq!((beyond.status.as_u16(), beyond.text.as_str()), (416, ""));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(api.get(&path).await.refused(404), "not_found");
}

async fn a_route_test_gives_the_decision_and_its_receipt(world: &World) {
    let api = world.api().await;
    let trunk = json!({ "phone_numbers": ["+41446681800"], "country": "CH" });
    let trunk = api.post("/api/phone/sip/inbound-trunk", trunk).await.ok();
    let agent = api.agent_with("Front desk", "+41446681800").await;
    let path = "/api/phone/sip/route-test";
    let supposed =
        json!({ "to": "0446681800", "username": trunk["auth_username"], "source": "198.51.100.7" });
    let decided = api.post(path, supposed).await.ok();
    assert_eq!(
        (&decided["agent_id"], &decided["refusal"]),
        (&json!(agent), &json!(null))
    );
    assert_eq!(decided["phone_number"], "+41446681800");
    let refused = json!({ "to": "+14155550100", "username": trunk["auth_username"] });
    let refused = api.post(path, refused).await.ok();
    assert_eq!(
        (&refused["refusal"], &refused["sip_status"]),
        (&json!("number_unknown"), &json!(404))
    );
    let checks = refused["receipt"]["checks"].as_array().unwrap();
    assert_json_snapshot!(checks.last().unwrap(), @r#"
    {
      "code": "number_unknown",
      "facts": {
        "sent": "+14155550100",
        "tried": [
          "+14155550100"
        ]
      },
      "message": "+14155550100 is not on the trunk.",
      "outcome": "failed",
      "step": "number"
    }
    "#);
    assert_eq!(api.post(path, json!({})).await.fields(), ["to required"]);
}

async fn a_key_is_shown_once_and_revoked_at_once(world: &World) {
    let api = world.api().await;
    let made = api
        .post("/api/keys", json!({ "name": "ci", "scopes": ["sip:read"] }))
        .await
        .ok();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("pb_live_") && key.len() >= 8 + 43);
    let listed = api.get("/api/keys").await.ok();
    assert!(!listed.to_string().contains(key));
    assert!(
        listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["id"] == made["id"])
    );
    let script = world
        .stranger()
        .with("authorization", &format!("Bearer {key}"));
    script.get("/api/phone/sip/regions").await.ok();
    assert_eq!(script.get("/api/keys").await.refused(403), "forbidden");
    let path = format!("/api/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.status, 204);
    assert_eq!(
        script.get("/api/phone/sip/regions").await.refused(401),
        "unauthenticated"
    );
    let odd = api
        .post("/api/keys", json!({ "scopes": ["all", "sip:read"] }))
        .await;
    assert_eq!(odd.fields(), ["name required", "scopes.0 not_a_choice"]);
}

#[tokio::test]
async fn sources_that_are_not_there_cannot_be_unblocked() {
    let world = World::new().await;
    let api = world.api().await;
    assert_eq!(
        api.get("/api/phone/sip/sources").await.ok(),
        json!({ "items": [], "next": null })
    );
    for ip in ["198.51.100.7", "2001:db8::1", "nobody"] {
        let answer = api
            .post(&format!("/api/phone/sip/sources/{ip}/unblock"), json!({}))
            .await;
        assert_eq!(answer.refused(404), "not_found");
    }
}
