//! Calls in the shape of the reference's chat sessions.

use app::domain::call::{
    Call, CallEnd, CallState, EndReason, RecordingState, Said, Speaker, TranscriptLine,
};
use app::error::Scope;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use server::store;

use crate::samples;
use crate::world::World;

const SESSIONS: &str = "/api/chat/sessions";

async fn keep(world: &World, call: &Call, lines: &[TranscriptLine]) {
    let mut tx = world.db.append().await.unwrap();
    store::calls::save(&mut tx, call, &samples::papers())
        .await
        .unwrap();
    for line in lines {
        store::timeline::add_lines(&mut tx, &[(call.id, line)])
            .await
            .unwrap();
    }
    store::conversations::number(&mut tx, &[call.id])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn answered(n: u128) -> Call {
    let begun = samples::NOW - 60_000;
    let mut call = samples::call(n, begun);
    call.state = CallState::Ended;
    call.end = Some(CallEnd::because(EndReason::CallerHungUp));
    call.answered_at = Some(begun + 1_000);
    call.ended_at = Some(begun + 31_500);
    call.agent_name = Some("Front desk".to_owned());
    call.recording = RecordingState::Kept;
    call
}

fn line(speaker: Speaker, said: Said, start_ms: u32) -> TranscriptLine {
    TranscriptLine {
        speaker,
        said,
        start_ms,
        end_ms: start_ms + 500,
    }
}

#[tokio::test]
async fn a_call_is_a_session_of_the_reference() {
    let world = World::new().await;
    let call = answered(1);
    keep(&world, &call, &[]).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let listed = api.get(SESSIONS).await.ok();
    assert_json_snapshot!(listed, @r#"
    {
      "items": [
        {
          "ai_closure_type": "assumed_resolved",
          "assignee_id": null,
          "assist_mode": false,
          "channel": {
            "type": "phone_voice"
          },
          "contact": {
            "custom_data": null,
            "email": null,
            "id": "d1610122-b135-8db9-83f1-81fbba524456",
            "name": null,
            "non_verified_custom_data": null,
            "non_verified_email": null,
            "non_verified_name": "Ada",
            "phone_number": "+4930123456"
          },
          "created_at": "2025-11-23T09:25:40.000Z",
          "custom_data": null,
          "handoff": null,
          "id": "019a0000-0000-7000-8000-000000000001",
          "language": null,
          "sentiment": null,
          "status": "closed_resolved",
          "team": null,
          "ticket_number": 1,
          "ticketing_system": null,
          "updated_at": "2025-11-23T09:26:11.500Z"
        }
      ],
      "next": null
    }
    "#);
    let one = api.get(&format!("{SESSIONS}/{}", call.id)).await.ok();
    assert_eq!(one, listed["items"][0]);
    let absent = api.get(&format!("{SESSIONS}/{}", samples::uuid(9))).await;
    assert_eq!(absent.refused(404), "not_found");
}

#[tokio::test]
async fn the_transcript_is_the_history() {
    let world = World::new().await;
    let call = answered(1);
    let lines = [
        line(Speaker::Agent, Said::Words("Hello?".to_owned()), 200),
        line(Speaker::Caller, Said::Speech, 1_200),
        line(Speaker::Caller, Said::Digits("••••".to_owned()), 900),
    ];
    keep(&world, &call, &lines).await;
    let folder = world.sqlite.folder.path().join("recordings");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.wav", call.id)), [0; 44]).unwrap();
    let api = world.script(&[Scope::CallsRead]).await;
    let path = format!("{SESSIONS}/{}/history", call.id);
    let history = api.get(&path).await.ok();
    let events: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["event"])
        .collect();
    let told = |event: &&Value| {
        json!([
            event["type"],
            event["sender"]["type"],
            event["content"]["type"],
            event["content"]["text"]
        ])
    };
    assert_eq!(
        events.iter().map(told).collect::<Value>(),
        json!([
            ["message", "ai", "text", "Hello?"],
            ["message", "contact", "digits", "••••"],
            ["message", "contact", "speech", null],
            ["status_change", "system", "text", "Ended by the caller"],
        ])
    );
    assert_eq!(events[3]["attachments"][0]["size"], 44);
    let url = events[3]["attachments"][0]["url"].as_str().unwrap();
    assert_eq!(api.get(url).await.status, 200);
    // Page by page it is the same, with the same ids.
    let first = api.get(&format!("{path}?limit=3")).await.ok();
    let cursor = first["next"].as_str().unwrap();
    let rest = api
        .get(&format!("{path}?limit=3&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(rest["items"][0], history["items"][3]);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn sessions_are_filtered_in_the_query_and_in_a_body() {
    let world = World::new().await;
    keep(&world, &answered(1), &[]).await;
    keep(&world, &samples::call(2, samples::NOW), &[]).await;
    let api = world.script(&[Scope::CallsRead]).await;
    for (filter, body, expect) in [
        ("status=open", json!({ "status": "open" }), vec![2]),
        (
            "status=closed_resolved",
            json!({ "status": "closed_resolved" }),
            vec![1],
        ),
        ("handed_off=true", json!({ "handed_off": true }), vec![]),
        (
            "handed_off=false",
            json!({ "handed_off": false }),
            vec![2, 1],
        ),
        (
            "channel_type=phone_voice",
            json!({ "channel_type": "phone_voice" }),
            vec![2, 1],
        ),
        (
            "channel_type=email",
            json!({ "channel_type": "email" }),
            vec![],
        ),
        (
            "created_after=2025-11-23T09:26:00Z",
            json!({ "created_after": "2025-11-23T09:26:00Z" }),
            vec![2],
        ),
        (
            "updated_before=2025-11-23",
            json!({ "updated_before": "2025-11-23" }),
            vec![],
        ),
    ] {
        let tickets = |items: &Value| -> Vec<_> {
            items
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["ticket_number"].as_i64().unwrap())
                .collect()
        };
        let listed = api.get(&format!("{SESSIONS}?{filter}")).await.ok();
        assert_eq!(tickets(&listed["items"]), expect, "{filter}");
        let body = json!({ "filters": body });
        let found = api.post(&format!("{SESSIONS}/filter"), body).await.ok();
        assert_eq!(tickets(&found["data"]), expect, "{filter}");
    }
    let page = api
        .post(
            &format!("{SESSIONS}/filter"),
            json!({ "page": 2, "limit": 1, "sort_by": "created_at" }),
        )
        .await
        .ok();
    assert_eq!(page["data"][0]["ticket_number"], 1);
    let told = ["page", "limit", "has_next", "has_previous"].map(|name| page[name].clone());
    assert_eq!(Value::from_iter(told), json!([2, 1, false, true]));
}

/// All of them began at once, so that a cursor has nothing but their ids to go by.
#[tokio::test]
async fn page_by_page_every_session_comes_once() {
    let world = World::new().await;
    for n in 1..=5 {
        keep(&world, &answered(n), &[]).await;
    }
    let api = world.script(&[Scope::CallsRead]).await;
    let whole = api.get(SESSIONS).await.ok();
    let (mut walked, mut pages) = (Vec::new(), Vec::new());
    let mut path = format!("{SESSIONS}?limit=2");
    loop {
        let page = api.get(&path).await.ok();
        let items = page["items"].as_array().unwrap();
        pages.push(items.len());
        walked.extend(items.clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("{SESSIONS}?limit=2&cursor={next}");
    }
    assert_eq!(pages, [2, 2, 1]);
    assert_eq!(Value::from(walked), whole["items"]);
}

#[tokio::test]
async fn every_wrong_filter_is_named() {
    let world = World::new().await;
    let api = world.script(&[Scope::CallsRead]).await;
    let path = format!("{SESSIONS}/filter");
    let body = json!({
        "filters": { "status": "lost", "created_after": "yesterday", "colour": "red", "handed_off": 3 },
        "sort_by": "name", "page": 0, "limit": 101,
    });
    let answer = api.post(&path, body.clone()).await;
    assert_eq!(answer.fields(), ["filters.colour unknown_field"]);
    let mut known = body;
    known["filters"].as_object_mut().unwrap().remove("colour");
    assert_eq!(
        api.post(&path, known).await.fields(),
        [
            "filters.handed_off not_a_choice",
            "filters.created_after not_a_choice",
            "filters.status not_a_choice",
            "sort_by not_a_choice",
            "page out_of_range",
            "limit out_of_range",
        ]
    );
    for filters in [json!("x"), json!([]), json!(7)] {
        let answer = api.post(&path, json!({ "filters": filters })).await;
        assert_eq!(answer.fields(), ["filters wrong_kind"]);
    }
    let absent = api.post(&path, json!({ "filters": null })).await.ok();
    assert_eq!(absent["data"], json!([]));
}

#[tokio::test]
async fn the_same_number_is_the_same_contact_and_an_anonymous_one_is_nobodys() {
    let world = World::new().await;
    let mut hidden = [answered(3), answered(4)];
    for call in &mut hidden {
        call.caller.anonymous = true;
    }
    for call in [answered(1), answered(2)].iter().chain(&hidden) {
        keep(&world, call, &[]).await;
    }
    let api = world.script(&[Scope::CallsRead]).await;
    let listed = api.get(SESSIONS).await.ok();
    let contact = |n: usize| listed["items"][n]["contact"].clone();
    assert_eq!(contact(3), contact(2));
    assert_ne!(contact(1)["id"], contact(0)["id"]);
    assert_eq!(contact(0)["phone_number"], Value::Null);
    assert_eq!(contact(0)["non_verified_name"], Value::Null);
}
