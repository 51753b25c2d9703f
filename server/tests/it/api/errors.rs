//! What holds for every route: keys, limits, bodies, Idempotency-Key.

use std::time::Duration;

use app::domain::account::Role;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::world::{World, on_both};

on_both! {
    the_same_post_under_one_key_is_done_once
    twenty_at_once_under_one_key_make_one_agent
    a_script_that_hangs_up_may_ask_again
}

const TRUNK: &str = "/api/phone/sip/inbound-trunk";

#[tokio::test]
async fn an_error_looks_as_the_reference_says_and_tells_more() {
    let world = World::new().await;
    let answer = world.stranger().get(TRUNK).await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_json_snapshot!(answer.body, { ".request_id" => "[id]" }, @r#"
    {
      "code": "unauthenticated",
      "error": "Unauthorized",
      "message": "Send a key that is known as Authorization: Bearer.",
      "request_id": "[id]",
      "statusCode": 401
    }
    "#);
    assert_eq!(answer.header("x-request-id"), answer.body["request_id"]);
}

#[tokio::test]
async fn only_a_bearer_key_that_exists_lets_in() {
    let world = World::new().await;
    let api = world.api().await;
    let good = api.token();
    for odd in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer pb_live_x",
        &format!("Bearer {good}x"),
        good,
        &format!("Bearer {}", "p".repeat(4_000)),
    ] {
        let answer = world.stranger().with("authorization", odd).get(TRUNK).await;
        assert_eq!(answer.refused(401), "unauthenticated", "{odd}");
    }
    let other_case = world
        .stranger()
        .with("authorization", &format!("bearer {good}"))
        .get("/api/phone")
        .await;
    assert_eq!(other_case.status, 200);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_by_their_kind() {
    let world = World::new().await;
    let api = world.api().await;
    let send = async |body: &str| api.send("POST", TRUNK, Some(body.to_owned())).await;
    for body in [
        "{",
        "[]",
        "null",
        "{\"region\":\"eu\",\"region\":\"us\"}",
        "{}x",
        "\u{feff}{}",
        &"[".repeat(10_000),
    ] {
        assert_eq!(send(body).await.refused(400), "unreadable", "{body:.20}");
    }
    let not_utf8 = b"{\"region\":\"\xff\"}".to_vec();
    let answer = api.send_bytes("POST", TRUNK, Some(not_utf8)).await;
    assert_eq!(answer.refused(400), "unreadable");
    assert_eq!(
        send(&format!("{{\"country\":\"{}\"}}", "x".repeat(300_000)))
            .await
            .refused(413),
        "too_large"
    );
    let typed = api
        .with("content-type", "text/plain")
        .send("POST", TRUNK, Some("{}".to_owned()))
        .await;
    assert_eq!(typed.refused(415), "not_json");
    let charset = api.with("content-type", "application/json; charset=utf-8");
    let unknown = charset
        .send("POST", TRUNK, Some("{\"a\":1,\"b\":{\"c\":1}}".to_owned()))
        .await;
    assert_eq!(unknown.fields(), ["a unknown_field", "b unknown_field"]);
    assert_eq!(api.get(TRUNK).await.refused(404), "not_found");
}

#[tokio::test]
async fn a_number_or_a_switch_is_no_text() {
    let world = World::new().await;
    let api = world.api().await;
    api.post(TRUNK, json!({})).await.ok();
    for bare in [json!(false), json!(7), json!(1.5)] {
        let refused = api.post("/api/phone", json!({ "name": bare })).await;
        assert_eq!(refused.refused(422), "invalid");
        assert_eq!(refused.fields(), ["name wrong_kind"], "{bare}");
        let refused = api.patch(TRUNK, json!({ "agent_id_header": bare })).await;
        assert_eq!(refused.fields(), ["agent_id_header wrong_kind"], "{bare}");
        let refused = api.patch(TRUNK, json!({ "codecs": bare })).await;
        assert_eq!(refused.refused(422), "invalid", "{bare}");
    }
    // Written as text they may be numbers and switches, as forms write them.
    let changed = json!({ "max_channels": "30", "krisp_enabled": "off" });
    let changed = api.patch(TRUNK, changed).await.ok();
    assert_eq!(
        (&changed["max_channels"], &changed["krisp_enabled"]),
        (&json!(30), &json!(false))
    );
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there_are_refused_in_json() {
    let world = World::new().await;
    let api = world.api().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/phone/sip/nothing/here",
    ] {
        assert_eq!(api.get(path).await.refused(404), "not_found", "{path}");
    }
    for path in [
        "/api/phone/%ff",
        "/api/phone/numbers/%ff",
        "/api/phone/calls/%ff/transfers/%c3%28",
    ] {
        assert_eq!(api.get(path).await.refused(400), "unreadable", "{path}");
    }
    assert_eq!(api.put(TRUNK).await.refused(405), "method_not_allowed");
    assert_eq!(
        world.stranger().get("/api/nothing").await.refused(401),
        "unauthenticated"
    );
}

#[tokio::test]
async fn each_key_is_told_its_limit_and_held_to_it() {
    let world = World::with(3).await;
    let api = world.api().await;
    for left in ["2", "1", "0"] {
        let answer = api.get("/api/phone").await;
        assert_eq!(
            (
                answer.header("ratelimit-limit"),
                answer.header("ratelimit-remaining")
            ),
            ("3", left)
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let refused = api.get("/api/phone").await;
    assert_eq!(refused.refused(429), "too_many");
    assert!((1..=21).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    world.api().await.get("/api/phone").await.ok();
}

async fn the_same_post_under_one_key_is_done_once(world: &World) {
    let api = world.api().await;
    let once = api.with("idempotency-key", "first try");
    let first = once
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await;
    let again = once
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(
        (again.header("etag"), again.header("idempotency-replayed")),
        (first.header("etag"), "true")
    );
    assert_eq!(
        api.get("/api/phone").await.ok().as_array().unwrap().len(),
        1
    );
    let other = once.post("/api/phone", json!({ "name": "Sales" })).await;
    assert_eq!(other.refused(409), "idempotency_key");
    let other = once.post(TRUNK, json!({ "name": "Front desk" })).await;
    assert_eq!(other.refused(409), "idempotency_key");
    world.clock.advance(Duration::from_secs(25 * 3600));
    let much_later = once
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await;
    assert_eq!(much_later.header("idempotency-replayed"), "");
    // Another key has names of its own.
    world
        .api()
        .await
        .with("idempotency-key", "first try")
        .post("/api/phone", json!({ "name": "Sales" }))
        .await
        .ok();
    let long = api
        .with("idempotency-key", &"x".repeat(300))
        .post("/api/phone", json!({ "name": "x" }))
        .await;
    assert_eq!(long.fields(), ["Idempotency-Key too_long"]);
}

async fn twenty_at_once_under_one_key_make_one_agent(world: &World) {
    let api = world.api().await;
    let once = api.with("idempotency-key", "race");
    let posts = (0..20).map(|_| once.post("/api/phone", json!({ "name": "Front desk" })));
    let answers = futures_util::future::join_all(posts).await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 409].contains(&answer.status.as_u16()))
    );
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(
        api.get("/api/phone").await.ok().as_array().unwrap().len(),
        1
    );
}

async fn a_script_that_hangs_up_may_ask_again(world: &World) {
    let api = world.api().await;
    for patience_ms in [0, 1, 2, 4, 8] {
        let name = format!("patience {patience_ms}");
        let once = api.with("idempotency-key", &name);
        let first = once.post("/api/phone", json!({ "name": name }));
        let patience = Duration::from_millis(patience_ms);
        drop(tokio::time::timeout(patience, first).await);
        let again = async {
            loop {
                let answer = once.post("/api/phone", json!({ "name": name })).await;
                if answer.status != 409 {
                    break answer;
                }
            }
        };
        let again = tokio::time::timeout(Duration::from_secs(5), again).await;
        again.unwrap().ok();
    }
    assert_eq!(
        api.get("/api/phone").await.ok().as_array().unwrap().len(),
        5
    );
}

#[tokio::test]
async fn who_is_signed_in_may_read_and_no_more() {
    let world = World::new().await;
    let person = world.person(Role::Admin);
    person.get("/api/phone").await.ok();
    person.get("/api/audit").await.ok();
    let made = person.post("/api/phone", json!({ "name": "x" })).await;
    assert_eq!(made.refused(401), "unauthenticated");
    // A header that names no key does not fall back to the person.
    let odd = person
        .with("authorization", "Bearer x")
        .get("/api/phone")
        .await;
    assert_eq!(odd.refused(401), "unauthenticated");
    let viewer = world.person(Role::Viewer);
    assert_eq!(viewer.get("/api/audit").await.refused(403), "forbidden");
}
