//! Many writers at once: none loses what another has written, and one request that is sent
//! many times is done once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{World, on_both};

on_both! {
    of_a_hundred_writers_one_wins_and_the_others_are_told
    nobody_loses_what_another_has_written
    a_key_that_is_raced_is_used_once
}

/// Something with a field that is written.
struct Thing {
    path: String,
    field: &'static str,
    /// A count as this field holds one.
    holds: fn(u32) -> Value,
}

impl Thing {
    fn named(path: String, field: &'static str) -> Self {
        Self {
            path,
            field,
            holds: |count| json!(count.to_string()),
        }
    }
}

/// What the field holds.
fn count(value: &Value) -> u32 {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap()
}

/// An agent, a number, the way in and a way out. The field of each holds a one.
async fn things(world: &World) -> [Thing; 4] {
    let api = world.api().await;
    let made = api.post("/api/phone", json!({ "name": "1" })).await.ok();
    let number = "/api/phone/numbers/+14155550100".to_owned();
    let added = json!({ "phone_numbers": ["+14155550100"], "on_trunk": false });
    api.post("/api/phone/numbers", added).await.ok();
    api.patch(&number, json!({ "label": "1" })).await.ok();
    let agent = format!("/api/phone/{}", made["id"].as_str().unwrap());
    let trunk = "/api/phone/sip/inbound-trunk".to_owned();
    let inbound = json!({ "max_channels": 1 });
    api.post(&trunk, inbound).await.ok();
    let outbound = json!({
        "name": "1", "host": "203.0.113.7", "digest": false, "caller_number": "+14155550100",
    });
    let ways_out = "/api/phone/sip/outbound-trunks";
    let made = api.post(ways_out, outbound).await.ok();
    let way_out = format!("{ways_out}/{}", made["id"].as_str().unwrap());
    [
        Thing::named(agent, "name"),
        Thing::named(number, "label"),
        Thing {
            path: trunk,
            field: "max_channels",
            holds: |count| json!(count),
        },
        Thing::named(way_out, "name"),
    ]
}

async fn of_a_hundred_writers_one_wins_and_the_others_are_told(world: &World) {
    for Thing { path, field, holds } in things(world).await {
        let before = world.api().await.get(&path).await;
        let writer = world.api().await.with("if-match", before.header("etag"));
        let change = |n: u32| {
            let (writer, path) = (&writer, &path);
            async move { writer.patch(path, json!({ field: holds(n) })).await }
        };
        let answers = join_all((2..102).map(change)).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_eq!(answer.refused(409), "changed");
        }
        let now = world.api().await.get(&path).await.ok();
        assert_eq!(now, won[0].body);
        let version = before.ok()["version"].as_u64().unwrap();
        assert_eq!(now["version"], version + 1);
    }
}

/// Each reads, adds one, and writes only if nobody was faster.
async fn nobody_loses_what_another_has_written(world: &World) {
    for Thing { path, field, holds } in things(world).await {
        let api = world.api().await;
        let adder = |_| {
            let (api, path) = (&api, &path);
            async move {
                loop {
                    let read = api.get(path).await;
                    let tag = read.header("etag").to_owned();
                    let body = json!({ field: holds(count(&read.ok()[field]) + 1) });
                    let written = api.with("if-match", &tag).patch(path, body).await;
                    if written.status == 200 {
                        return;
                    }
                    assert_eq!(written.refused(409), "changed");
                }
            }
        };
        join_all((0..10).map(adder)).await;
        assert_eq!(count(&api.get(&path).await.ok()[field]), 11);
    }
}

async fn a_key_that_is_raced_is_used_once(world: &World) {
    let api = world.api().await;
    let script = api.with("idempotency-key", "raced");
    let ask = |_| script.post("/api/phone", json!({ "name": "Front desk" }));
    let answers = join_all((0..30).map(ask)).await;
    for answer in &answers {
        // The first answer, or that it is still being made.
        assert!(
            answer.status == 200 || answer.status == 409,
            "{}",
            answer.text
        );
    }
    let made: Vec<&Value> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| &answer.body["id"])
        .collect();
    assert!(
        !made.is_empty() && made.iter().all(|id| *id == made[0]),
        "{made:?}"
    );
    assert_eq!(
        api.get("/api/phone").await.ok().as_array().unwrap().len(),
        1
    );
}
