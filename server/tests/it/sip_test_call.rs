//! A test call by the whole server: to a number of its own, and what stops one.

use serde_json::json;

use crate::binary::Installation;
use crate::media_phone::{channels, loudest};
use crate::ops::furnish;

const PATH: &str = "/api/phone/sip/test-call";

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_hears_the_agent_without_a_carrier() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    furnish(&house, &key, false).await;
    let test = house.post(&key, PATH, &json!({})).await;
    assert_eq!(test["passed"], true, "{test:#}");
    let steps: Vec<_> = test["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap(),
                step["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    let passed = ["sent", "signed_in", "routed", "answered", "heard"].map(|step| (step, "passed"));
    assert_eq!(steps, passed);
    assert_eq!(test["steps"][2]["found"], "Front desk");
    assert_eq!(test["call"]["reason"], "operator_hung_up");
    assert_eq!(test["call"]["to"], "+14155550100");
    assert_eq!(test["answered_by"]["agent_name"], "Front desk");
    // What the caller heard is a recording of the agent's greeting.
    let url = format!(
        "{}{}",
        house.origin(),
        test["call"]["recording_url"].as_str().unwrap()
    );
    let fetched = reqwest::Client::new()
        .get(url)
        .bearer_auth(&key)
        .send()
        .await;
    let bytes = fetched.unwrap().bytes().await.unwrap();
    let file = house.folder().join("heard.wav");
    std::fs::write(&file, bytes).unwrap();
    let (left, _) = channels(&file);
    let loud = left.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(
        loud > Some(1_000),
        "the greeting is heard: {loud:?} {}",
        loudest(&left, 880.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_a_test_call_is_said() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let nothing = house
        .request(&key, PATH)
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(nothing.status(), 422, "there is no number yet");
    furnish(&house, &key, false).await;
    let elsewhere = house
        .request(&key, PATH)
        .json(&json!({ "to": "+12125550177" }));
    assert_eq!(
        elsewhere.send().await.unwrap().status(),
        409,
        "there is no trunk"
    );
    let agents = house.get(&key, "/api/phone").await;
    let agent = agents[0]["id"].as_str().unwrap();
    let off = house
        .request_patch(&key, &format!("/api/phone/{agent}"))
        .json(&json!({ "enabled": false }));
    assert_eq!(off.send().await.unwrap().status(), 200);
    let test = house.post(&key, PATH, &json!({})).await;
    assert_eq!(test["passed"], false, "{test:#}");
    assert_eq!(test["steps"][2]["verdict"], "failed", "{test:#}");
    assert_eq!(test["steps"][3]["verdict"], "skipped", "{test:#}");
}
