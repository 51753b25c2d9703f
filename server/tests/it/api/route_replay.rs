//! Calls of late, decided once more as if the routing were another.

use app::domain::call::Call;
use app::domain::id::{AccessId, AgentId};
use app::domain::routing::{Check, Note, Outcome, Receipt, Step};
use app::error::Scope;
use serde_json::{Value, json};
use server::store;

use crate::samples;
use crate::world::{Script, World, on_both};

on_both! {
    who_else_would_have_answered_is_told_call_by_call
    codecs_that_are_no_longer_taken_refuse_who_offered_nothing_else
    what_is_supposed_is_read_like_what_is_meant
    a_replay_is_for_who_may_read_calls
}

const REPLAY: &str = "/api/phone/sip/route-replay";

/// Two agents, each with a number, and who may come in.
struct Desk {
    access: AccessId,
    front: AgentId,
    sales: AgentId,
}

async fn desk(api: &Script<'_>) -> Desk {
    let numbers = json!({ "phone_numbers": ["+14155550100", "+14155550101"] });
    api.post("/api/phone/sip/inbound-trunk", numbers).await.ok();
    let credentials = "/api/phone/sip/inbound-trunk/credentials";
    let access = api.get(credentials).await.ok()["items"][0]["id"].clone();
    let mut agents = Vec::new();
    for (name, number) in [("Front desk", "+14155550100"), ("Sales", "+14155550101")] {
        let id = api.agent_with(name, number).await;
        agents.push(id.parse().unwrap());
    }
    Desk {
        access: access.as_str().unwrap().parse().unwrap(),
        front: agents[0],
        sales: agents[1],
    }
}

async fn keep(world: &World, call: &Call, receipt: Receipt) {
    let mut papers = samples::papers();
    papers.receipt = receipt;
    let mut tx = world.db.begin().await.unwrap();
    store::calls::save(&mut tx, call, &papers).await.unwrap();
    tx.commit().await.unwrap();
}

/// A call for this number that the credential let in, so many days ago.
fn came(desk: &Desk, n: u128, sent: &str, days: i64) -> Call {
    let mut call = samples::call(n, samples::NOW - days * 86_400_000);
    call.access = Some(desk.access);
    sent.clone_into(&mut call.sent_as);
    call
}

fn named(name: &str) -> Receipt {
    let note = Note::AgentHeaderNames {
        name: name.to_owned(),
    };
    let check = Check {
        step: Step::AgentHeader,
        outcome: Outcome::Passed,
        note,
    };
    Receipt {
        checks: vec![check],
        near: None,
    }
}

async fn who_else_would_have_answered_is_told_call_by_call(world: &World) {
    let api = world.api().await;
    let desk = desk(&api).await;
    keep(world, &came(&desk, 1, "14155550100", 1), Receipt::default()).await;
    keep(
        world,
        &came(&desk, 2, "+14155550101", 2),
        Receipt::default(),
    )
    .await;
    // The header named Sales, whatever was dialled.
    let mut by_header = came(&desk, 3, "204", 3);
    by_header.agent = Some(desk.sales);
    keep(world, &by_header, named("Sales")).await;
    keep(
        world,
        &came(&desk, 4, "+14155550199", 4),
        Receipt::default(),
    )
    .await;
    keep(
        world,
        &came(&desk, 5, "+14155550100", 9),
        Receipt::default(),
    )
    .await;
    // Nobody let it in.
    keep(
        world,
        &samples::call(6, samples::NOW - 1_000),
        Receipt::default(),
    )
    .await;

    let same = api.post(REPLAY, json!({})).await.ok();
    assert_eq!(
        (&same["replayed"], &same["changed"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(same["complete"], true);
    let more = api.post(REPLAY, json!({ "days": 30 })).await.ok();
    assert_eq!(more["replayed"], 5);

    let supposed = json!({
        "agents": [{ "agent": "new Night desk" }, { "agent": desk.sales.to_string(), "enabled": false }],
        "numbers": [
            { "phone_numbers": ["+14155550100", "+14155550199"], "agent": "new Night desk", "on_trunk": true },
        ],
    });
    let told = api.post(REPLAY, supposed).await.ok();
    assert_eq!(
        (&told["replayed"], &told["changed"]),
        (&json!(4), &json!(4))
    );
    let brief = |answer: &Value| match answer["agent_name"].as_str() {
        Some(name) => name.to_owned(),
        None => answer["refusal"].as_str().unwrap().to_owned(),
    };
    let items = told["items"].as_array().unwrap();
    let moves: Vec<_> = items
        .iter()
        .map(|call| (brief(&call["now"]), brief(&call["then"])))
        .collect();
    let expect = [
        ("Front desk", "new Night desk"),
        ("Sales", "number_unassigned"),
        ("Sales", "number_unknown"),
        ("number_unknown", "new Night desk"),
    ];
    let expect = expect.map(|(now, then)| (now.to_owned(), then.to_owned()));
    assert_eq!(moves, expect);
    assert_eq!(items[0]["now"]["agent_id"], json!(desk.front.to_string()));
    assert_eq!(items[0]["then"]["agent_id"], Value::Null);
    // Why, check by check, as on a call's own receipt.
    let last = |answer: &Value| {
        answer["receipt"]["checks"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
    };
    let refused = last(&items[2]["then"]).unwrap();
    assert_eq!(
        (&refused["step"], &refused["outcome"]),
        (&json!("number"), &json!("failed"))
    );
    let answered = items[2]["now"]["receipt"]["checks"].to_string();
    assert!(answered.contains("Sales"), "{answered}");
    assert_eq!(items[0]["from"], "+4930123456");

    let closed = json!({ "credentials": [{ "id": desk.access.to_string(), "change": { "enabled": false } }] });
    let told = api.post(REPLAY, closed).await.ok();
    assert_eq!(told["changed"], 4);
    let gone = json!({ "numbers": [{ "phone_numbers": ["+14155550100"], "gone": true }] });
    let told = api.post(REPLAY, gone).await.ok();
    assert_eq!(told["items"][0]["then"]["refusal"], "number_unknown");
    // Nothing of it has become true.
    let same = api.post(REPLAY, json!({})).await.ok();
    assert_eq!(same["changed"], 0);
}

async fn codecs_that_are_no_longer_taken_refuse_who_offered_nothing_else(world: &World) {
    let api = world.api().await;
    let desk = desk(&api).await;
    let offers: [&[&str]; 4] = [&["PCMU"], &["G729", "pcma"], &[], &["PCMU", "PCMA"]];
    for (n, offered) in (1..).zip(offers) {
        let mut papers = samples::papers();
        papers.offered = offered.iter().map(ToString::to_string).collect();
        let call = came(&desk, n, "+14155550100", i64::try_from(n).unwrap());
        let mut tx = world.db.begin().await.unwrap();
        store::calls::save(&mut tx, &call, &papers).await.unwrap();
        tx.commit().await.unwrap();
    }
    let told = api
        .post(REPLAY, json!({ "trunk": { "codecs": ["PCMA"] } }))
        .await
        .ok();
    assert_eq!(
        (&told["replayed"], &told["changed"]),
        (&json!(4), &json!(1))
    );
    let refused = &told["items"][0];
    assert_eq!(refused["now"]["agent_name"], "Front desk");
    assert_eq!(refused["then"]["refusal"], "no_codec");
    assert_eq!(
        refused["call_id"],
        came(&desk, 1, "", 1).id.to_string(),
        "the one that offered PCMU alone"
    );
}

async fn what_is_supposed_is_read_like_what_is_meant(world: &World) {
    let api = world.api().await;
    let desk = desk(&api).await;
    let wrong = json!({
        "days": 0,
        "trunk": { "country": "XX" },
        "credentials": [{ "id": "x" }, { "id": desk.access.to_string(), "change": { "networks": ["1.2.3.4/99"] } }],
        "agents": [{}, { "agent": desk.front.to_string(), "enabled": "perhaps" }],
        "numbers": [{ "phone_numbers": ["415"], "agent": "nobody" }],
    });
    assert_eq!(
        api.post(REPLAY, wrong).await.fields(),
        [
            "days out_of_range",
            "trunk.country no_such",
            "credentials.0.id no_such",
            "credentials.1.change.networks.0 bad_network",
            "agents.0.agent required",
            "agents.1.enabled not_a_choice",
            "numbers.0.phone_numbers.0 too_short",
            "numbers.0.agent no_such",
        ]
    );
    let unknown = json!({ "colour": "blue", "agents": [{ "agent": "x", "hat": 1 }] });
    assert_eq!(
        api.post(REPLAY, unknown).await.fields(),
        ["agents.0.hat unknown_field", "colour unknown_field"]
    );
}

async fn a_replay_is_for_who_may_read_calls(world: &World) {
    let other = world.script(&[Scope::SipWrite]).await;
    assert_eq!(
        other.post(REPLAY, json!({})).await.refused(403),
        "forbidden"
    );
    let reader = world.script(&[Scope::CallsRead]).await;
    assert_eq!(reader.post(REPLAY, json!({})).await.ok()["replayed"], 0);
}
