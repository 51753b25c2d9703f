//! Ten thousand calls, ten thousand numbers, a thousand agents: lists page by key and lose nothing,
//! a long paste is looked at and added.

use std::collections::HashSet;

use app::domain::call::{CallEnd, CallState, EndReason};
use app::domain::draft::Entry;
use app::domain::id::AgentId;
use app::ports::{AddedAs, Caller, NumbersDraft};
use serde_json::Value;
use server::store;

use crate::samples::{self, NOW, uuid};
use crate::world::World;

const CALLS: u32 = 10_000;
const NUMBERS: u32 = 10_000;
const AGENTS: u32 = 1_000;
/// Answered by the first agent.
const BUSIEST: u32 = 2_000;

/// Scattered, so that nothing compresses better than it would in life.
fn number(at: u32) -> String {
    format!("+1415{:07}", u64::from(at) * 7_919_999 % 10_000_000)
}

fn agent(at: u32) -> AgentId {
    AgentId::from_uuid(uuid(100_000 + u128::from(at)))
}

async fn fill(db: &store::Db) {
    let mut tx = db.begin().await.unwrap();
    store::trunk::insert(&mut tx, &samples::trunk())
        .await
        .unwrap();
    for at in 0..AGENTS {
        let named = samples::agent(
            100_000 + u128::from(at),
            &format!("Agent {at:04} of Support"),
        );
        store::agents::save(&mut tx, &named).await.unwrap();
    }
    let numbers: Vec<_> = (0..NUMBERS)
        .map(|at| {
            let mut row = samples::number(200_000 + u128::from(at), &number(at));
            let holder = if at < BUSIEST { 0 } else { at % AGENTS };
            row.agent = Some(agent(holder));
            row.last_call_at = Some(NOW - i64::from(at) * 1_000);
            row
        })
        .collect();
    let written = store::numbers::save_all(&mut tx, &numbers, NOW).await;
    assert_eq!(written.unwrap(), u64::from(NUMBERS));
    for at in 0..CALLS {
        let mut call = samples::call(300_000 + u128::from(at), NOW - i64::from(at) * 60_000);
        call.caller.number = Some(samples::phone(&number(at * 3 + 1)));
        call.number = Some(samples::phone(&number(at)));
        call.agent = Some(agent(at % AGENTS));
        call.agent_name = Some(format!("Agent {:04} of Support", at % AGENTS));
        call.state = CallState::Ended;
        call.end = Some(CallEnd::because(EndReason::CallerHungUp));
        call.answered_at = Some(call.started_at + 400);
        call.ended_at = Some(call.started_at + 90_000);
        store::calls::save(&mut tx, &call, &samples::papers())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_api_lists_ten_thousand_by_key() {
    let world = World::with(100_000).await;
    fill(&world.db).await;
    let api = world.api().await;
    for (path, id) in [
        ("/api/phone/calls?limit=100", "id"),
        ("/api/phone/numbers?limit=100", "phone_number"),
    ] {
        let mut seen = HashSet::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("{path}{cursor}")).await.ok();
            for item in page["items"].as_array().unwrap() {
                let key = item[id].as_str().unwrap_or_else(|| panic!("{item}"));
                assert!(seen.insert(key.to_owned()), "{key} comes twice");
            }
            match &page["next"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(seen.len(), 10_000, "{path}");
    }
    let agents = api.get("/api/phone").await.ok();
    assert_eq!(agents.as_array().unwrap().len(), 1_000);
}

#[tokio::test]
async fn ten_thousand_pasted_numbers_are_looked_at_and_added() {
    let world = World::new().await;
    let numbers = &world.services().numbers;
    // Each tenth has a letter in it, and the last comes twice.
    let lines = (0..9_999).map(|at| match at % 10 {
        0 => format!("+1415555O{at:04}"),
        _ => number(at),
    });
    let lines: Vec<String> = lines.chain([number(1)]).collect();
    let draft = |preview: &str| NumbersDraft {
        lines: Entry::text(lines.join("\r\n")),
        preview: Entry::text(preview),
        ..NumbersDraft::default()
    };
    let caller = Caller::operator();
    for (preview, stored) in [("on", 0), ("off", 8_999)] {
        let report = numbers.add(&caller, draft(preview)).await.unwrap();
        let count = |what| report.iter().filter(|line| line.what == what).count();
        assert_eq!(report.len(), 10_000);
        assert_eq!(count(AddedAs::New), 8_999);
        assert_eq!(count(AddedAs::Refused), 1_000);
        assert_eq!(count(AddedAs::Twice), 1);
        let mut conn = world.db.read().await.unwrap();
        let all = store::numbers::list(&mut conn).await.unwrap();
        assert_eq!(all.len(), stored, "preview {preview}");
    }
    let again = numbers.add(&caller, draft("off")).await.unwrap();
    let known = again
        .iter()
        .filter(|line| line.what == AddedAs::AlreadyHere);
    assert_eq!(known.count(), 8_999);
}
