//! Every filter of the document: what it finds, what it leaves out, and what it says of a value that is none.

use app::domain::call::{Call, CallEnd, CallState, Direction, EndReason};
use app::domain::routing::Refusal;
use app::error::Scope;
use serde_json::{Value, json};
use server::store;

use super::operations::{NOBODY, document, operations};
use crate::samples::{self, phone};
use crate::world::{Script, World, on_both};

on_both! {
    calls_are_found_by_every_filter
    calls_by_the_trunk_in_come_page_by_page_and_none_twice
    sessions_are_found_by_every_filter
    a_value_that_is_none_is_refused_by_the_filters_name
    a_filter_that_stands_there_twice_is_refused_by_its_name
    any_text_may_be_searched_for_that_is_one_line
}

const CALLS: &str = "/api/phone/calls";
const SESSIONS: &str = "/api/chat/sessions";
const MINUTE: i64 = 60_000;

/// The ids of what calls can be filtered by.
struct House {
    trunk: String,
    carrier: String,
    access: String,
    front: String,
    sales: String,
}

async fn furnished(world: &World) -> House {
    let api = world.api().await;
    let trunk = "/api/phone/sip/inbound-trunk";
    let numbers = json!({ "phone_numbers": ["+14155550100", "+14155550101"] });
    let trunk_in = api.post(trunk, numbers).await.ok();
    let accesses = api.get(&format!("{trunk}/credentials")).await.ok();
    let carrier = json!({
        "name": "Acme", "host": "203.0.113.7", "digest": false, "caller_number": "+14155550100",
    });
    let carrier = api.post("/api/phone/sip/outbound-trunks", carrier).await;
    let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
    House {
        trunk: id(&trunk_in),
        carrier: id(&carrier.ok()),
        access: id(&accesses["items"][0]),
        front: api.agent_with("Front desk", "+14155550100").await,
        sales: api.agent_with("Sales", "+14155550101").await,
    }
}

/// The call of this number, begun in this minute.
fn call(n: u128) -> Call {
    let minute = i64::try_from(n).unwrap();
    samples::call(n, samples::NOW + minute * MINUTE)
}

fn ended(mut call: Call, reason: EndReason) -> Call {
    call.state = CallState::Ended;
    call.end = Some(CallEnd::because(reason));
    call.ended_at = Some(call.started_at + MINUTE / 2);
    call
}

/// One of each sort, from the first to the last.
fn calls(house: &House) -> [Call; 6] {
    // 1 came by the trunk in, by a credential, and was talked with.
    let mut by_credential = ended(call(1), EndReason::CallerHungUp);
    by_credential.access = house.access.parse().ok();
    by_credential.agent = house.front.parse().ok();
    // 2 came by what a carrier has us registered for, and rings.
    let mut registered = call(2);
    registered.trunk = house.carrier.parse().ok();
    registered.agent = house.sales.parse().ok();
    // 3 went out, and nobody was there.
    let mut out = ended(call(3), EndReason::Unreachable);
    out.direction = Direction::Outbound;
    out.trunk = house.carrier.parse().ok();
    out.agent = house.front.parse().ok();
    out.number = Some(phone("+33123456789"));
    "+33123456789".clone_into(&mut out.sent_as);
    // 4 was not let in.
    let mut refused = ended(call(4), EndReason::Refused(Refusal::NumberUnknown));
    refused.number = None;
    "1000".clone_into(&mut refused.sent_as);
    // 5 is the leg by which 6 was handed on, which goes by no trunk.
    let mut leg = call(5);
    leg.state = CallState::Answered;
    leg.direction = Direction::Outbound;
    leg.answered_at = Some(leg.started_at + 1_000);
    let mut handed_on = ended(call(6), EndReason::HandedOn);
    handed_on.caller.number = Some(phone("+4930999999"));
    leg.parent = Some(handed_on.id);
    [by_credential, registered, out, refused, leg, handed_on]
}

async fn keep(world: &World, house: &House) {
    let mut tx = world.db.append().await.unwrap();
    for call in calls(house) {
        store::calls::save(&mut tx, &call, &samples::papers())
            .await
            .unwrap();
        store::conversations::number(&mut tx, &[call.id])
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// The numbers of the calls in a list, in its order.
fn listed(items: &Value) -> Vec<u128> {
    let (items, first) = (items.as_array().unwrap(), samples::uuid(0).as_u128());
    let id = |item: &Value| item["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    items
        .iter()
        .map(|item| id(item).as_u128() - first)
        .collect()
}

async fn found(api: &Script<'_>, path: &str, query: &str) -> Vec<u128> {
    listed(&api.get(&format!("{path}?{query}")).await.ok()["items"])
}

/// Each filter of the list is tried, finds something, and makes a difference.
async fn all_are_tried(world: &World, path: &str, tried: &[(String, Vec<u128>)]) {
    let document = document(world).await;
    let list = operations(&document)
        .into_iter()
        .find(|operation| operation.path == path && operation.method == "GET")
        .unwrap();
    let (_, all) = &tried[0];
    for name in list.filters() {
        let has = |query: &str| {
            query
                .split('&')
                .any(|pair| pair.starts_with(&format!("{name}=")))
        };
        let mut found = tried
            .iter()
            .filter(|(query, _)| has(query))
            .map(|(_, found)| found);
        assert!(
            found.clone().any(|found| !found.is_empty()),
            "{name} finds nothing"
        );
        assert!(
            found.any(|found| found != all),
            "{name} makes no difference"
        );
    }
}

async fn calls_are_found_by_every_filter(world: &World) {
    let house = furnished(world).await;
    keep(world, &house).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let House {
        trunk,
        carrier,
        access,
        front,
        sales,
    } = &house;
    // When the third began.
    let third = "2025-11-23T09:29:40Z";
    let next = api.get(&format!("{CALLS}?limit=2")).await.ok()["next"].clone();
    let next = next.as_str().unwrap();
    let tried = [
        (String::new(), vec![6, 5, 4, 3, 2, 1]),
        ("direction=inbound".to_owned(), vec![6, 4, 2, 1]),
        ("direction=outbound".to_owned(), vec![5, 3]),
        ("state=ringing".to_owned(), vec![2]),
        ("state=answered".to_owned(), vec![5]),
        ("state=ended".to_owned(), vec![6, 4, 3, 1]),
        ("state=queued".to_owned(), vec![]),
        ("result=success".to_owned(), vec![6, 1]),
        ("result=client_error".to_owned(), vec![4]),
        ("result=upstream_error".to_owned(), vec![3]),
        ("refused=true".to_owned(), vec![4]),
        ("refused=false".to_owned(), vec![6, 5, 3, 2, 1]),
        ("number=+33123456789".to_owned(), vec![3]),
        ("number=%2B33123456789".to_owned(), vec![3]),
        ("number=30999".to_owned(), vec![6]),
        ("number=1000".to_owned(), vec![4]),
        ("number=%2B4930".to_owned(), vec![6, 5, 4, 3, 2, 1]),
        (format!("agent={front}"), vec![3, 1]),
        (format!("agent={sales}"), vec![2]),
        (format!("agent={NOBODY}"), vec![]),
        (format!("access={access}"), vec![1]),
        (format!("access={NOBODY}"), vec![]),
        (format!("trunk={trunk}"), vec![6, 4, 1]),
        (format!("trunk={trunk}&direction=inbound"), vec![6, 4, 1]),
        (format!("trunk={trunk}&direction=outbound"), vec![]),
        (format!("trunk={trunk}&refused=false"), vec![6, 1]),
        (format!("trunk={carrier}"), vec![3, 2]),
        (format!("trunk={carrier}&direction=inbound"), vec![2]),
        (format!("trunk={carrier}&direction=outbound"), vec![3]),
        (format!("trunk={NOBODY}"), vec![]),
        (format!("since={third}"), vec![6, 5, 4, 3]),
        (
            "since=2025-11-23T11:29:40%2B02:00".to_owned(),
            vec![6, 5, 4, 3],
        ),
        (format!("until={third}"), vec![2, 1]),
        (format!("since={third}&until={third}"), vec![]),
        ("sort=started_at".to_owned(), vec![1, 2, 3, 4, 5, 6]),
        ("sort=-started_at".to_owned(), vec![6, 5, 4, 3, 2, 1]),
        ("limit=2".to_owned(), vec![6, 5]),
        (format!("limit=2&cursor={next}"), vec![4, 3]),
        (format!("cursor={next}"), vec![4, 3, 2, 1]),
        (
            format!(
                "direction=inbound&state=ended&result=success&refused=false&agent={front}&access={access}&trunk={trunk}&number=4155550100&until={third}&sort=started_at"
            ),
            vec![1],
        ),
    ];
    for (query, expected) in &tried {
        assert_eq!(&found(&api, CALLS, query).await, expected, "{query}");
    }
    all_are_tried(world, CALLS, &tried).await;
}

/// What came in otherwise may leave a page short, or empty, and the next one is there all the same.
async fn calls_by_the_trunk_in_come_page_by_page_and_none_twice(world: &World) {
    let house = furnished(world).await;
    keep(world, &house).await;
    let api = world.script(&[Scope::CallsRead]).await;
    for (sort, expected) in [("-started_at", [6, 4, 1]), ("started_at", [1, 4, 6])] {
        let (mut walked, mut after) = (Vec::new(), String::new());
        loop {
            let query = format!("trunk={}&limit=1&sort={sort}{after}", house.trunk);
            let page = api.get(&format!("{CALLS}?{query}")).await.ok();
            walked.extend(listed(&page["items"]));
            match page["next"].as_str() {
                Some(next) => after = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, expected, "{sort}");
    }
}

async fn sessions_are_found_by_every_filter(world: &World) {
    let house = furnished(world).await;
    keep(world, &house).await;
    let api = world.script(&[Scope::CallsRead]).await;
    // When the third began, and when it ended.
    let (third, over) = ("2025-11-23T09:29:40Z", "2025-11-23T09:30:10Z");
    let next = api.get(&format!("{SESSIONS}?limit=2")).await.ok()["next"].clone();
    let next = next.as_str().unwrap();
    let tried = [
        (String::new(), vec![6, 5, 4, 3, 2, 1]),
        ("handed_off=true".to_owned(), vec![6]),
        ("handed_off=false".to_owned(), vec![5, 4, 3, 2, 1]),
        ("status=open".to_owned(), vec![5, 2]),
        ("status=closed_resolved".to_owned(), vec![6, 1]),
        ("status=closed_unresolved".to_owned(), vec![4, 3]),
        (
            "channel_type=phone_voice".to_owned(),
            vec![6, 5, 4, 3, 2, 1],
        ),
        ("channel_type=email".to_owned(), vec![]),
        (format!("created_after={third}"), vec![6, 5, 4]),
        (format!("created_before={third}"), vec![2, 1]),
        (format!("updated_after={over}"), vec![6, 5, 4]),
        (format!("updated_before={over}"), vec![2, 1]),
        (format!("updated_before={over}&status=open"), vec![2]),
        ("limit=2".to_owned(), vec![6, 5]),
        (format!("limit=2&cursor={next}"), vec![4, 3]),
        (format!("cursor={next}"), vec![4, 3, 2, 1]),
        (
            format!(
                "status=closed_resolved&handed_off=true&channel_type=phone_voice&created_after={third}&updated_after={over}"
            ),
            vec![6],
        ),
    ];
    for (query, expected) in &tried {
        assert_eq!(&found(&api, SESSIONS, query).await, expected, "{query}");
        if query.contains("limit") || query.contains("cursor") {
            continue;
        }
        // The same, said in a body.
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let filters: serde_json::Map<_, _> = pairs
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        let body = json!({ "filters": filters, "sort_by": "created_at" });
        let page = api.post(&format!("{SESSIONS}/filter"), body).await.ok();
        assert_eq!(&listed(&page["data"]), expected, "{query}");
    }
    all_are_tried(world, SESSIONS, &tried).await;
}

/// What takes any text, so that nothing is wrong with any.
const TEXTS: [&str; 2] = ["number", "query"];

async fn a_value_that_is_none_is_refused_by_the_filters_name(world: &World) {
    let api = world.api().await;
    let mut asked = 0;
    for operation in operations(&document(world).await) {
        for name in operation.filters() {
            if TEXTS.contains(&name) {
                continue;
            }
            for value in [
                "yesterday%21",
                "%00",
                "0",
                "",
                "-1",
                "true,false",
                "%E2%80%AE",
            ] {
                let path = format!("{}?{name}={value}", operation.filled());
                let refused = api.send(&operation.method, &path, None).await;
                let fields = refused.fields();
                assert_eq!(fields.len(), 1, "{path}: {fields:?}");
                assert!(
                    fields[0].starts_with(&format!("{name} ")),
                    "{path}: {fields:?}"
                );
                operation.names(&refused);
            }
            asked += 1;
        }
    }
    assert!(asked >= 40, "{asked}");
}

async fn a_filter_that_stands_there_twice_is_refused_by_its_name(world: &World) {
    let api = world.api().await;
    for operation in operations(&document(world).await) {
        for name in operation.filters() {
            let path = format!("{}?{name}=1&{name}=1", operation.filled());
            let refused = api.send(&operation.method, &path, None).await;
            let repeated = format!("{name} repeated");
            assert!(
                refused.fields().contains(&repeated),
                "{path}: {}",
                refused.text
            );
        }
    }
}

async fn any_text_may_be_searched_for_that_is_one_line(world: &World) {
    let house = furnished(world).await;
    keep(world, &house).await;
    let api = world.api().await;
    let long = "9".repeat(2_000);
    let searched = async |text: &str| {
        [
            api.get(&format!("{CALLS}?number={text}")).await,
            api.get(&format!("/api/phone/numbers?query={text}")).await,
        ]
    };
    for text in [
        "%25",
        "_",
        "%5C",
        "%27--",
        "%F0%9F%98%80",
        "%E2%80%AE",
        &long,
    ] {
        for page in searched(text).await {
            assert_eq!(page.ok()["items"], json!([]), "{text:.60}");
        }
    }
    // PostgreSQL would not take it, and SQLite would find everything.
    for text in ["%00", "4155%001", "%0A", "%7F"] {
        let [calls, numbers] = searched(text).await;
        assert_eq!(calls.fields(), ["number forbidden_character"], "{text}");
        assert_eq!(numbers.fields(), ["query forbidden_character"], "{text}");
    }
}
