//! Agents, and the numbers they answer.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::world::{Script, World, on_both};

on_both! {
    an_agent_has_every_field_of_the_reference
    a_script_for_the_reference_api_runs
    a_number_has_one_agent_and_moves_in_one_step
    numbers_that_have_changed_hands_meanwhile_are_not_overwritten
    an_agent_that_is_not_there_is_not_found
}

const FRONT: &str = "+14155550100";
const NOBODY: &str = "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47";

async fn agent(api: &Script<'_>, name: &str) -> String {
    let made = api.post("/api/phone", json!({ "name": name })).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn an_agent_has_every_field_of_the_reference(world: &World) {
    let api = world.api().await;
    let made = api
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await
        .ok();
    assert_json_snapshot!(made, { ".id" => "[id]" }, @r#"
    {
      "accent": null,
      "actionIds": null,
      "created_at": "2025-11-23T09:26:40.000Z",
      "custom_llm": null,
      "data_collection_fields": null,
      "data_collection_webhook_url": null,
      "enabled": true,
      "engine": {
        "type": "builtin"
      },
      "failover_transfer_destination_id": null,
      "first_message": null,
      "flow": null,
      "handoff_phone_number": null,
      "hold_music": "none",
      "id": "[id]",
      "instructions": [],
      "interruptible": true,
      "is_default": false,
      "keep_digits": false,
      "language": [
        "en"
      ],
      "manual_mode": false,
      "max_channels": null,
      "max_duration_s": 3600,
      "model": "oppie-vox",
      "name": "Front desk",
      "org_id": "00000000-0000-0000-0000-000000000000",
      "phone_number": null,
      "provider_external_id": null,
      "recording_enabled": false,
      "recording_notice": null,
      "silence_seconds": 10,
      "speed": null,
      "stt_keyterms": [],
      "tts_speed_pct": 0.0,
      "type": "inbound",
      "updated_at": "2025-11-23T09:26:40.000Z",
      "use_org_knowledgebase": false,
      "version": 1,
      "voice_id": null
    }
    "#);
    let listed = api.get("/api/phone").await.ok();
    assert_eq!(listed, json!([made]));
}

async fn a_script_for_the_reference_api_runs(world: &World) {
    let api = world.api().await;
    let body = json!({
        "name": "Front desk", "type": "inbound", "language": "en", "first_message": "Hello, Acme.",
        "accent": "american", "speed": 1.0, "interruptible": true, "actionIds": [], "voice_id": "x",
        "instructions": ["Be kind,\nalways"], "model": "oppie-vox", "use_org_knowledgebase": false,
        "handoff_phone_number": null, "manual_mode": false, "flow": { "id": "1" },
    });
    let made = api.post("/api/phone", body).await.ok();
    assert_eq!(made["first_message"], "Hello, Acme.");
    assert_eq!(made["instructions"], json!(["Be kind,\nalways"]));
    // What was read can be sent back, but for what is not one's to say.
    let mut whole = made.as_object().unwrap().clone();
    for name in ["id", "org_id", "created_at", "updated_at"] {
        whole.remove(name);
    }
    let path = format!("/api/phone/{}", made["id"].as_str().unwrap());
    let same = api.patch(&path, Value::Object(whole)).await.ok();
    assert_eq!(same["language"], made["language"]);
    let one_text = api
        .patch(&path, json!({ "instructions": "Be kind, always" }))
        .await
        .ok();
    assert_eq!(one_text["instructions"], json!(["Be kind, always"]));
}

#[tokio::test]
async fn wrong_and_unknown_fields_are_named() {
    let world = World::new().await;
    let api = world.api().await;
    let unknown = api
        .post(
            "/api/phone",
            json!({ "nam": "x", "engine": { "type": "builtin", "urn": "x" } }),
        )
        .await;
    assert_eq!(
        unknown.fields(),
        ["engine.urn unknown_field", "nam unknown_field"]
    );
    let wrong = json!({
        "name": "a\u{202e}b", "type": "both", "engine": "magic", "silence_seconds": "soon",
        "first_message": ["x"], "language": "not a language", "enabled": 7,
    });
    let mut fields = api.post("/api/phone", wrong).await.fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "enabled not_a_choice",
            "engine.type not_a_choice",
            "first_message wrong_kind",
            "language not_a_choice",
            "name forbidden_character",
            "silence_seconds not_an_integer",
            "type not_a_choice",
        ]
    );
    assert_eq!(
        api.post("/api/phone", json!({})).await.fields(),
        ["name required"]
    );
    assert_eq!(
        api.post("/api/phone", json!({ "name": "x".repeat(4_000) }))
            .await
            .fields(),
        ["name too_long"]
    );
}

async fn a_number_has_one_agent_and_moves_in_one_step(world: &World) {
    let api = world.api().await;
    api.post(
        "/api/phone/sip/inbound-trunk",
        json!({ "phone_numbers": [FRONT] }),
    )
    .await
    .ok();
    let (desk, sales) = (agent(&api, "Front desk").await, agent(&api, "Sales").await);
    let config = |agent: &str| format!("/api/phone/sip/agents/{agent}");
    let assigned = api
        .patch(&config(&desk), json!({ "phone_numbers": [FRONT] }))
        .await
        .ok();
    assert_eq!(assigned["phone_numbers"], json!([FRONT]));
    assert_eq!(assigned["agent_id_header"], "X-Agent-ID");
    assert_eq!(assigned["agent_id_header_value"], desk.as_str());
    let held = api
        .patch(&config(&sales), json!({ "phone_numbers": [FRONT] }))
        .await;
    assert_eq!(held.refused(409), "number_held");
    let expected = json!({ "code": "number_held", "phone_number": FRONT, "agent_id": desk, "agent_name": "Front desk" });
    assert_eq!(held.body["conflict"], expected);
    let number = format!("{}/phone-numbers/{FRONT}", config(&sales));
    assert_eq!(api.put(&number).await.refused(409), "number_held");
    let moved = api.put(&format!("{number}?move=true")).await.ok();
    assert_eq!(moved["phone_numbers"], json!([FRONT]));
    assert_eq!(
        api.get(&config(&desk)).await.ok()["phone_numbers"],
        json!([])
    );
    assert_eq!(
        api.put(&format!("{number}?move=maybe")).await.fields(),
        ["move not_a_choice"]
    );
    assert_eq!(
        api.put(&format!("{number}?mov=true")).await.fields(),
        ["mov unknown_field"]
    );
    let released = api.delete(&number).await.ok();
    assert_eq!(released["phone_numbers"], json!([]));
    let trunk = api
        .patch(&config(&desk), json!({ "outbound_trunk_id": NOBODY }))
        .await;
    assert_eq!(trunk.fields(), ["outbound_trunk_id no_such"]);
    api.patch(&config(&desk), json!({ "outbound_trunk_id": null }))
        .await
        .ok();
}

/// Its version is not the agent's: a number also comes and goes by its own address.
async fn numbers_that_have_changed_hands_meanwhile_are_not_overwritten(world: &World) {
    const SECOND: &str = "+14155550101";
    let api = world.api().await;
    let trunk = json!({ "phone_numbers": [FRONT, SECOND] });
    api.post("/api/phone/sip/inbound-trunk", trunk).await.ok();
    let desk = agent(&api, "Front desk").await;
    let config = format!("/api/phone/sip/agents/{desk}");
    let loaded = api.get(&config).await;
    let by_loaded = api.with("if-match", loaded.header("etag"));
    let path = format!("/api/phone/numbers/{SECOND}");
    api.patch(&path, json!({ "agent": desk })).await.ok();

    let change = json!({ "phone_numbers": [FRONT] });
    let stale = by_loaded.patch(&config, change.clone()).await;
    assert_eq!(stale.refused(409), "changed");
    let now = api.get(&config).await;
    assert_eq!(
        stale.body["conflict"],
        json!({
            "code": "changed", "version": now.body["version"],
            "fields": [{ "field": "phone_numbers", "now": SECOND }],
        })
    );
    let body = json!({ "phone_numbers": [FRONT], "version": loaded.body["version"] });
    assert_eq!(api.patch(&config, body).await.refused(409), "changed");
    assert_eq!(now.body["phone_numbers"], json!([SECOND]));

    let by_now = api.with("if-match", now.header("etag"));
    let changed = by_now.patch(&config, change).await;
    assert_eq!(
        changed.header("etag"),
        format!("\"{}\"", changed.body["version"])
    );
    assert_eq!(changed.ok()["phone_numbers"], json!([FRONT]));
    let again = by_now.patch(&config, json!({ "outbound_trunk_id": null }));
    assert_eq!(again.await.refused(409), "changed");
}

async fn an_agent_that_is_not_there_is_not_found(world: &World) {
    let api = world.api().await;
    for id in [NOBODY, "nobody", "%00", "..%2f"] {
        let path = format!("/api/phone/{id}");
        assert_eq!(api.get(&path).await.refused(404), "not_found");
        assert_eq!(api.patch(&path, json!({})).await.refused(404), "not_found");
        assert_eq!(api.delete(&path).await.refused(404), "not_found");
    }
    let id = agent(&api, "Front desk").await;
    assert_eq!(api.delete(&format!("/api/phone/{id}")).await.status, 204);
    assert_eq!(
        api.get(&format!("/api/phone/{id}")).await.refused(404),
        "not_found"
    );
}
