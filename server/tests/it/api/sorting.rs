//! Lists in any order, page by page.

use app::error::Scope;
use serde_json::json;
use server::store;

use crate::samples;
use crate::world::{World, on_both};

on_both! {
    calls_are_listed_oldest_first_too
    numbers_are_sorted_and_paged_in_any_order
}

const CALLS: &str = "/api/phone/calls";
const NUMBERS: &str = "/api/phone/numbers";

async fn calls_are_listed_oldest_first_too(world: &World) {
    let api = world.script(&[Scope::CallsRead]).await;
    let mut tx = world.db.begin().await.unwrap();
    // Two of one moment, which their ids tell apart.
    for (n, at) in [(1, 1_000), (2, 2_000), (3, 2_000), (4, 3_000)] {
        let call = samples::call(n, at);
        store::calls::save(&mut tx, &call, &samples::papers())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let walked = async |sort: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api
                .get(&format!("{CALLS}?sort={sort}&limit=1{cursor}"))
                .await
                .ok();
            found.push(page["items"][0]["id"].clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    let (mut newest, oldest) = (walked("-started_at").await, walked("started_at").await);
    newest.reverse();
    assert_eq!((newest, oldest.len()), (oldest, 4));
}

async fn numbers_are_sorted_and_paged_in_any_order(world: &World) {
    let api = world.api().await;
    let numbers: Vec<String> = (0..7).map(|n| format!("+1415555010{n}")).collect();
    api.post(NUMBERS, json!({ "phone_numbers": numbers }))
        .await
        .ok();
    // Two called in the same moment, three never.
    let mut tx = world.db.begin().await.unwrap();
    for (n, at) in [(1, 500), (5, 500), (3, 900), (0, 100)] {
        let number = numbers[n].parse().unwrap();
        store::numbers::called(&mut tx, &number, at).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (sort, expect) in [
        ("phone_number", [0, 1, 2, 3, 4, 5, 6]),
        ("-phone_number", [6, 5, 4, 3, 2, 1, 0]),
        ("-last_call_at", [3, 5, 1, 0, 6, 4, 2]),
        ("last_call_at", [2, 4, 6, 0, 1, 5, 3]),
    ] {
        let mut found = Vec::new();
        let mut path = format!("{NUMBERS}?sort={sort}&limit=2");
        loop {
            let page = api.get(&path).await.ok();
            let items = page["items"].as_array().unwrap().clone();
            found.extend(items.into_iter().map(|item| item["phone_number"].clone()));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("{NUMBERS}?sort={sort}&limit=2&cursor={next}");
        }
        assert_eq!(found, expect.map(|n| json!(numbers[n])), "{sort}");
    }
    let wrong = api.get(&format!("{NUMBERS}?sort=label")).await;
    assert_eq!(wrong.fields(), ["sort not_a_choice"]);
}
