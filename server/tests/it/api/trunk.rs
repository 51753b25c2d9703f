//! The inbound trunk, its numbers and its credentials.

use app::error::Scope;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::world::{World, on_both};

on_both! {
    a_trunk_has_the_seven_fields_of_the_reference_and_ours
    the_trunk_keeps_the_order_of_its_codecs
    a_second_trunk_is_a_conflict
    the_password_is_for_keys_that_may_write
    a_change_on_a_stale_version_is_refused
    numbers_come_and_go_and_the_path_takes_a_plus_in_every_form
    a_sync_says_what_it_did_and_keeps_numbers_that_agents_answer
    several_credentials_live_at_once_and_the_last_one_stays
}

const TRUNK: &str = "/api/phone/sip/inbound-trunk";
const FRONT: &str = "+14155550100";

async fn a_trunk_has_the_seven_fields_of_the_reference_and_ours(world: &World) {
    let api = world.api().await;
    assert_eq!(api.get(TRUNK).await.refused(404), "not_found");
    let answer = api
        .post(TRUNK, json!({ "phone_numbers": [FRONT], "region": "eu" }))
        .await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let made = answer.ok();
    assert_json_snapshot!(made, {
        ".auth_username" => "[username]", ".auth_password" => "[password]", ".id" => "[id]",
    }, @r#"
    {
      "agent_id_header": "X-Agent-ID",
      "auth_password": "[password]",
      "auth_username": "[username]",
      "codecs": null,
      "country": null,
      "created_at": "2025-11-23T09:26:40.000Z",
      "id": "[id]",
      "krisp_enabled": true,
      "max_channels": null,
      "other_sources": "digest",
      "phone_numbers": [
        "+14155550100"
      ],
      "region": "eu",
      "sip_endpoint": "eu.sip.example.com",
      "updated_at": "2025-11-23T09:26:40.000Z",
      "version": 1
    }
    "#);
    assert!(
        made["auth_password"]
            .as_str()
            .is_some_and(|password| password.len() >= 20)
    );
    assert_eq!(api.get(TRUNK).await.ok(), made);
}

async fn the_trunk_keeps_the_order_of_its_codecs(world: &World) {
    let api = world.api().await;
    let order = json!(["PCMA", "G722"]);
    let made = api.post(TRUNK, json!({ "codecs": order })).await.ok();
    assert_eq!(made["codecs"], order);
    let other = api.patch(TRUNK, json!({ "max_channels": 4 })).await.ok();
    assert_eq!(other["codecs"], order);
    let refused = api.patch(TRUNK, json!({ "codecs": ["pcma"] })).await;
    assert_eq!(refused.fields(), ["codecs.0 not_a_choice"]);
    let refused = api.patch(TRUNK, json!({ "codecs": { "PCMA": 1 } })).await;
    assert_eq!(refused.fields(), ["codecs wrong_kind"]);
    let unset = api.patch(TRUNK, json!({ "codecs": [] })).await.ok();
    assert!(unset["codecs"].is_null());
}

async fn a_second_trunk_is_a_conflict(world: &World) {
    let api = world.api().await;
    api.send("POST", TRUNK, None).await.ok();
    let again = api.post(TRUNK, json!({})).await;
    assert_eq!(again.refused(409), "trunk_exists");
    assert_eq!(again.body["conflict"]["code"], "trunk_exists");
}

async fn the_password_is_for_keys_that_may_write(world: &World) {
    world.api().await.post(TRUNK, json!({})).await.ok();
    let reader = world.script(&[Scope::SipRead]).await.get(TRUNK).await.ok();
    assert!(reader["auth_password"].is_null() && reader["auth_username"].is_string());
    let writer = world.script(&[Scope::SipWrite]).await.get(TRUNK).await.ok();
    assert!(writer["auth_password"].is_string());
    let audit = world.api().await.get("/api/audit").await.ok();
    let revealed = audit["items"].as_array().unwrap().iter();
    assert!(
        revealed
            .filter(|entry| entry["action"] == "reveal_password")
            .count()
            == 2,
        "{audit}"
    );
    assert!(
        !audit
            .to_string()
            .contains(writer["auth_password"].as_str().unwrap())
    );
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let api = world.api().await;
    let wrong = json!({
        "phone_numbers": [FRONT, "4155550100", "+1415555O100", "112"], "region": "mars", "max_channels": 0,
        "krisp_enabled": "perhaps", "country": "ZZ",
    });
    let answer = api.post(TRUNK, wrong).await;
    assert_json_snapshot!(answer.body, { ".request_id" => "[id]" }, @r#"
    {
      "code": "invalid",
      "error": "Unprocessable Entity",
      "errors": [
        {
          "code": "not_a_choice",
          "field": "region",
          "message": "mars is none of the choices: global, us, eu, apac."
        },
        {
          "code": "not_a_choice",
          "field": "krisp_enabled",
          "message": "perhaps is none of the choices: on, off, true, false."
        },
        {
          "code": "out_of_range",
          "field": "max_channels",
          "message": "Enter a number from 1 to 100000; this is 0."
        },
        {
          "code": "no_such",
          "field": "country",
          "message": "There is no ZZ."
        },
        {
          "code": "not_e164",
          "field": "phone_numbers.1",
          "message": "4155550100 has no country code. Write it like +14155550100."
        },
        {
          "code": "not_a_number",
          "field": "phone_numbers.2",
          "message": "+1415555O100 contains O."
        },
        {
          "code": "too_short",
          "field": "phone_numbers.3",
          "message": "112 is too short for a phone number; emergency numbers can't be used here."
        }
      ],
      "message": "7 fields are wrong; errors names each.",
      "request_id": "[id]",
      "statusCode": 422
    }
    "#);
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "country no_such",
            "krisp_enabled not_a_choice",
            "max_channels out_of_range",
            "phone_numbers.1 not_e164",
            "phone_numbers.2 not_a_number",
            "phone_numbers.3 too_short",
            "region not_a_choice",
        ]
    );
    let us = api.post(TRUNK, json!({ "region": "us" })).await;
    assert_eq!(us.fields(), ["region region_without_host"]);
    assert_eq!(api.get(TRUNK).await.refused(404), "not_found");
}

async fn a_change_on_a_stale_version_is_refused(world: &World) {
    let api = world.api().await;
    api.post(TRUNK, json!({})).await.ok();
    let changed = api
        .with("if-match", "\"1\"")
        .patch(TRUNK, json!({ "max_channels": 4 }))
        .await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.ok()["max_channels"], 4);
    let stale = api
        .with("if-match", "\"1\"")
        .patch(TRUNK, json!({ "max_channels": 9 }))
        .await;
    assert_eq!(stale.refused(409), "changed");
    assert_eq!(
        stale.body["conflict"],
        json!({ "code": "changed", "version": 2, "fields": [{ "field": "max_channels", "now": "4" }] })
    );
    let stale = api
        .patch(TRUNK, json!({ "version": 1, "max_channels": 9 }))
        .await;
    assert_eq!(stale.refused(409), "changed");
    let cleared = api
        .patch(TRUNK, json!({ "version": 2, "max_channels": null }))
        .await
        .ok();
    assert!(cleared["max_channels"].is_null());
    let odd = api.with("if-match", "\"x\"").patch(TRUNK, json!({})).await;
    assert_eq!(odd.fields(), ["If-Match not_an_integer"]);
    let twice = api.with("if-match", "\"3\"").with("if-match", "\"3\"");
    let twice = twice.patch(TRUNK, json!({})).await;
    assert_eq!(twice.fields(), ["If-Match not_an_integer"]);
}

async fn numbers_come_and_go_and_the_path_takes_a_plus_in_every_form(world: &World) {
    let api = world.api().await;
    api.post(TRUNK, json!({ "phone_numbers": [] })).await.ok();
    let numbers = format!("{TRUNK}/phone-numbers");
    let added = api
        .post(
            &numbers,
            json!({ "phone_numbers": [FRONT, "+41446681800", "+442079460958"] }),
        )
        .await
        .ok();
    assert_eq!(
        added["phone_numbers"],
        json!([FRONT, "+41446681800", "+442079460958"])
    );
    for (path, left) in [
        ("+14155550100", 2),
        ("%2B41446681800", 1),
        ("%2b44%2020%207946%200958", 0),
    ] {
        let trunk = api.delete(&format!("{numbers}/{path}")).await.ok();
        assert_eq!(
            trunk["phone_numbers"].as_array().unwrap().len(),
            left,
            "{path}"
        );
        assert!(trunk["auth_password"].is_string());
    }
    assert_eq!(
        api.delete(&format!("{numbers}/+14155550100"))
            .await
            .refused(404),
        "not_found"
    );
    assert_eq!(
        api.delete(&format!("{numbers}/14155550100")).await.fields(),
        ["phone_number not_e164"]
    );
    let none = api
        .post(&numbers, json!({ "phone_numbers": [FRONT, "sales"] }))
        .await;
    assert_eq!(none.fields(), ["phone_numbers.1 not_a_number"]);
    assert_eq!(api.get(TRUNK).await.ok()["phone_numbers"], json!([]));
}

async fn a_sync_says_what_it_did_and_keeps_numbers_that_agents_answer(world: &World) {
    let api = world.api().await;
    api.post(
        "/api/phone/numbers",
        json!({ "phone_numbers": [FRONT], "on_trunk": false }),
    )
    .await
    .ok();
    api.post(TRUNK, json!({ "phone_numbers": [] })).await.ok();
    let synced = api.post(&format!("{TRUNK}/sync"), json!({})).await.ok();
    assert_eq!(
        (&synced["added"], &synced["removed"]),
        (&json!([FRONT]), &json!([]))
    );
    api.agent_with("Front desk", FRONT).await;
    api.patch(
        &format!("/api/phone/numbers/{FRONT}"),
        json!({ "verified": false }),
    )
    .await
    .ok();
    let refused = api.post(&format!("{TRUNK}/sync"), json!({})).await;
    assert_eq!(refused.refused(409), "numbers_assigned");
    assert_eq!(refused.body["conflict"]["phone_numbers"], json!([FRONT]));
}

async fn several_credentials_live_at_once_and_the_last_one_stays(world: &World) {
    let api = world.api().await;
    let path = format!("{TRUNK}/credentials");
    assert_eq!(
        api.post(&path, json!({ "label": "Early" }))
            .await
            .refused(404),
        "not_found"
    );
    api.post(TRUNK, json!({})).await.ok();
    let network = json!({ "label": "Carrier", "kind": "network", "networks": ["54.172.60.1/30", "54.172.60.0/30"] });
    let made = api.post(&path, network).await.ok();
    assert_json_snapshot!(made, { ".id" => "[id]", ".endpoint_name" => "[name]" }, @r#"
    {
      "agent_header": false,
      "auth_password": null,
      "auth_username": null,
      "country": null,
      "created_at": "2025-11-23T09:26:40.000Z",
      "enabled": true,
      "endpoint_name": "[name]",
      "id": "[id]",
      "kind": "network",
      "label": "Carrier",
      "last_used_at": null,
      "last_used_from": null,
      "max_channels": null,
      "networks": [
        "54.172.60.0/30"
      ],
      "number_source": "auto",
      "own_endpoint_only": true,
      "passed_headers": [],
      "refer_form": null,
      "sha256_only": false,
      "srtp": "optional",
      "strict_uri": false,
      "updated_at": "2025-11-23T09:26:40.000Z",
      "version": 1
    }
    "#);
    let listed = api.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let next = listed["next"].as_str().unwrap();
    let rest = api.get(&format!("{path}?limit=1&cursor={next}")).await.ok();
    assert!(rest["next"].is_null() && rest["items"][0]["auth_password"].is_null());
    let digest = rest["items"][0]["id"].as_str().unwrap();
    let one = api.get(&format!("{path}/{digest}")).await.ok();
    assert!(one["auth_password"].is_string());
    let wide = api
        .post(
            &path,
            json!({ "label": "All", "kind": "network", "networks": ["0.0.0.0/0", "54.1.1.0/33"] }),
        )
        .await;
    assert_eq!(
        wide.fields(),
        ["networks.0 network_too_wide", "networks.1 bad_network"]
    );
    let taken = api.post(&path, json!({ "label": "Carrier" })).await;
    assert_eq!(taken.status, 422, "{}", taken.text);
    let id = made["id"].as_str().unwrap();
    let off = api
        .patch(&format!("{path}/{id}"), json!({ "enabled": false }))
        .await
        .ok();
    assert_eq!(off["enabled"], false);
    assert_eq!(
        api.delete(&format!("{path}/{digest}")).await.refused(409),
        "last_access"
    );
    assert_eq!(api.delete(&format!("{path}/{id}")).await.status, 204);
    assert_eq!(
        api.delete(&format!("{path}/{id}")).await.refused(404),
        "not_found"
    );
    assert_eq!(
        api.get(&format!("{path}/none")).await.refused(404),
        "not_found"
    );
    assert_eq!(api.delete(TRUNK).await.status, 204);
    assert_eq!(api.get(TRUNK).await.refused(404), "not_found");
}

#[tokio::test]
async fn regions_say_where_to_send_calls() {
    let world = World::new().await;
    let regions = world.api().await.get("/api/phone/sip/regions").await.ok();
    assert_json_snapshot!(regions, @r#"
    {
      "items": [
        {
          "host": "sip.example.com",
          "port": 5060,
          "region": "global",
          "setting": "sip.external_host",
          "tls_port": 5063,
          "transports": [
            "udp",
            "tcp",
            "tls"
          ]
        },
        {
          "host": null,
          "port": null,
          "region": "us",
          "setting": "sip.regions.us",
          "tls_port": null,
          "transports": []
        },
        {
          "host": "eu.sip.example.com",
          "port": 5060,
          "region": "eu",
          "setting": "sip.regions.eu",
          "tls_port": 5063,
          "transports": [
            "udp",
            "tcp",
            "tls"
          ]
        },
        {
          "host": null,
          "port": null,
          "region": "apac",
          "setting": "sip.regions.apac",
          "tls_port": null,
          "transports": []
        }
      ],
      "next": null,
      "source_addresses": [
        "203.0.113.7"
      ]
    }
    "#);
}
