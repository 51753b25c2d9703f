//! Two whole servers on one PostgreSQL database: a call is at one of them, and people ask the other.

use serde_json::json;

use crate::binary::Installation;
use crate::databases::Postgres;
use crate::ops::{answered, call, furnish};

/// Two machines with the same key file, each with a data folder of its own.
async fn two(url: &str) -> (Installation, Installation) {
    let settings = [
        ("PATCHBAY_DATABASE__URL", url),
        ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true"),
    ];
    let one = Installation::serve_with(&settings).await;
    let mut other = Installation::with(&settings);
    std::fs::create_dir_all(other.data("")).unwrap();
    std::fs::copy(one.data("data.key"), other.data("data.key")).unwrap();
    other.start_again().await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_handed_on_and_ended_through_whichever_machine_is_asked() {
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let (mut one, mut other) = two(&postgres.url).await;
    let key = one.key(&["--full-access"]);
    let access = furnish(&one, &key, false).await;
    let agents = one.get(&key, "/api/phone").await;
    let agent = agents[0]["id"].as_str().unwrap();
    // Nobody listens there: the attempt fails, and the caller is back with the agent.
    let create = json!({ "name": "Sales", "type": "sip", "value": "sip:sales@127.0.0.1:9" });
    let path = format!("/api/phone/sip/agents/{agent}/transfer-destinations");
    let made = one.post(&key, &path, &json!({ "create": create })).await;
    let caller = call(&one, &access).await;
    answered(&other, &key).await;

    let calls = other.get(&key, "/api/phone/calls").await;
    let id = calls["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/phone/calls/{id}");
    let body = json!({ "destination_id": made["destination_id"] });
    let asked = other.post(&key, &format!("{path}/transfer"), &body).await;
    assert_eq!(asked["destination_name"], "Sales", "{asked}");
    let ended = other
        .post(&key, &format!("{path}/hangup"), &json!({}))
        .await;
    assert_eq!(ended["state"], "ended", "{ended}");
    assert_eq!(ended["reason"], "operator_hung_up", "{ended}");
    caller.is_hung_up().await;
    let again = other.request(&key, &format!("{path}/hangup")).send().await;
    assert_eq!(again.unwrap().status(), 409);

    one.end().await;
    other.end().await;
    postgres.drop_database().await;
}
