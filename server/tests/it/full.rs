//! Every limit on calls at the real binary: with one line in use the next caller hears its own status, and the row says
//! which limit it was.

use std::time::Duration;

use serde_json::{Value, json};
use server::sip::message::Message;

use crate::binary::Installation;
use crate::ops::{DIALLED, call, dials, furnish};
use crate::sip_world::{Phone, SDP};

const TRUNK: &str = "/api/phone/sip/inbound-trunk";
const ACCESSES: &str = "/api/phone/sip/inbound-trunk/credentials";

/// Its row is written behind the SIP path.
async fn is_told(house: &Installation, key: &str, reason: &str) {
    let mut rows = Value::Null;
    for _ in 0..100 {
        rows = house.get(key, "/api/phone/calls?refused=true").await;
        if rows["items"][0]["reason"] == reason {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {reason}: {rows}");
}

fn is_full(refused: &Message, status: u16) {
    assert_eq!(refused.status(), Some(status), "{refused:?}");
    // A proxy would take it for a reason to leave us alone for a while (RFC 3261 §21.5.4).
    assert_eq!(refused.get("Retry-After"), None);
}

async fn stranger_dials(house: &Installation, status: u16) -> Message {
    let stranger = Phone::towards(house.sip()).await;
    let invite = stranger.request("INVITE", DIALLED, 1);
    stranger
        .send(&invite.with_body("application/sdp", SDP))
        .await;
    stranger.expect(status).await
}

/// Whoever hangs up makes room.
async fn has_room_again(house: &Installation, key: &str, access: &(String, String)) {
    for _ in 0..100 {
        let calls = house.get(key, "/api/phone/calls?state=answered").await;
        if calls["items"] == json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(dials(house, access).await.status(), Some(200));
}

async fn set(house: &Installation, key: &str, path: &str, body: Value) {
    let answer = house.request_patch(key, path).json(&body).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

async fn first_of(house: &Installation, key: &str, path: &str) -> String {
    let listed = house.get(key, path).await;
    // Agents are a bare list.
    let first = listed.pointer("/items/0/id").or(listed.pointer("/0/id"));
    first.unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_is_full_answers_503() {
    let house = Installation::serve_with(&[("PATCHBAY_SIP__MAX_CALLS", "1")]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let line = call(&house, &access).await;
    // Nobody is asked for a password in vain.
    is_full(&stranger_dials(&house, 503).await, 503);
    is_told(&house, &key, "installation_full").await;
    line.hang_up().await;
    has_room_again(&house, &key, &access).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_an_access_and_an_agent_that_are_full_answer_486() {
    let one = json!({ "max_channels": 1 });
    for limit in ["trunk_full", "access_full", "agent_full"] {
        let house = Installation::serve().await;
        let key = house.key(&["--full-access"]);
        let access = furnish(&house, &key, false).await;
        let path = match limit {
            "trunk_full" => TRUNK.to_owned(),
            "access_full" => format!("{ACCESSES}/{}", first_of(&house, &key, ACCESSES).await),
            _ => format!("/api/phone/{}", first_of(&house, &key, "/api/phone").await),
        };
        set(&house, &key, &path, one.clone()).await;
        let line = call(&house, &access).await;
        is_full(&dials(&house, &access).await, 486);
        is_told(&house, &key, limit).await;
        line.hang_up().await;
        has_room_again(&house, &key, &access).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_without_access_answer_403_where_that_is_chosen() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    furnish(&house, &key, false).await;
    set(&house, &key, TRUNK, json!({ "other_sources": "refuse" })).await;
    let refused = stranger_dials(&house, 403).await;
    assert_eq!(refused.get("Warning"), None, "a stranger learns nothing");
}
