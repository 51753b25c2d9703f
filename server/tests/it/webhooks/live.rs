//! What the real binary tells of calls that somebody makes.

use std::time::Duration;

use serde_json::json;

use super::{Receiver, WEBHOOKS, until};
use crate::binary::Installation;
use crate::ops;

/// On nobody's trunk.
const UNKNOWN: &str = "+14155550199";

#[tokio::test(flavor = "multi_thread")]
async fn of_a_call_that_is_taken_and_of_one_that_is_not() {
    let mut house = Installation::serve_with(&[("PATCHBAY_WEBHOOKS__ALLOW_PRIVATE", "true")]).await;
    let key = house.key(&["--full-access"]);
    let access = ops::furnish(&house, &key, false).await;
    let receiver = Receiver::answering([]).await;
    let hook = json!({ "url": receiver.url() });
    let hook = house.post(&key, WEBHOOKS, &hook).await;
    let hears = async |kind: &str| {
        let heard = receiver.next().await;
        assert_eq!(heard.body["type"], kind, "{}", heard.body);
        assert!(heard.is_signed_with(hook["secret"].as_str().unwrap()));
        heard
    };

    let phone = ops::call(&house, &access).await;
    let started = hears("call.started").await;
    let id = started.call();
    assert_eq!(started.body["data"]["call"]["to"], ops::DIALLED);
    let answered = hears("call.answered").await;
    assert_eq!(answered.call(), id);
    assert_eq!(answered.body["data"]["call"]["state"], "answered");
    phone.hang_up().await;
    let ended = hears("call.ended").await;
    assert_eq!(ended.call(), id);
    let call = &ended.body["data"]["call"];
    assert_eq!(
        (&call["state"], &call["reason"]),
        (&json!("ended"), &json!("caller_hung_up"))
    );

    let answer = ops::dials_number(&house, &access, UNKNOWN).await;
    assert_eq!(answer.status(), Some(404), "{answer:?}");
    let refused = hears("call.refused").await;
    assert_eq!(refused.body["data"]["call"]["to_sent"], UNKNOWN);
    // They are the calls that the API knows, newest first; rows may be written a moment later.
    let told = [json!(refused.call()), json!(id)];
    until("both are listed", async || {
        let calls = house.get(&key, "/api/phone/calls").await;
        let listed = calls["items"].as_array().unwrap().iter();
        listed.map(|call| &call["id"]).eq(&told)
    })
    .await;
    receiver.hears_nothing_for(Duration::from_millis(500)).await;
    house.end().await;
}
