//! A route test and a real call are decided by the same rule, and tell it in the same words.

use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::Installation;
use crate::ops::{DIALLED, dials_number, furnish};

/// What both know: a route test has no password that could be checked, and offers no codecs.
const SHARED: [&str; 4] = ["room", "agent_header", "number", "agent"];

fn shared(receipt: &Value) -> Vec<Value> {
    let checks = receipt["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| SHARED.iter().any(|step| check["step"] == *step))
        .cloned()
        .collect()
}

/// The newest call, once it is there for this number.
async fn called(house: &Installation, key: &str, to: &str) -> Value {
    for _ in 0..100 {
        let calls = house.get(key, "/api/phone/calls").await;
        if calls["items"][0]["to_sent"] == to {
            let id = calls["items"][0]["id"].as_str().unwrap();
            return house.get(key, &format!("/api/phone/calls/{id}")).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no call to {to}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_test_and_a_call_have_the_same_receipt() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    for (to, status, checks) in [
        (DIALLED, 200, 4),
        ("0014155550100", 200, 4),
        ("+14155550999", 404, 3),
    ] {
        let supposed = json!({ "to": to, "username": access.0, "source": "127.0.0.1" });
        let supposed = house
            .post(&key, "/api/phone/sip/route-test", &supposed)
            .await;
        let answer = dials_number(&house, &access, to).await;
        assert_eq!(answer.status(), Some(status));
        let call = called(&house, &key, to).await;
        let told = shared(&call["receipt"]);
        assert_eq!(told.len(), checks, "{to}: {told:#?}");
        assert_eq!(told, shared(&supposed["receipt"]), "{to}");
        assert_eq!(
            call["receipt"]["near_miss"], supposed["receipt"]["near_miss"],
            "{to}"
        );
    }
}
