//! Outbound trunks, transfer destinations, and what an agent has of both.

use app::error::Scope;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::world::{Script, World, on_both};

on_both! {
    a_trunk_answers_the_fields_of_the_reference_and_ours
    a_trunk_keeps_the_order_of_its_codecs
    a_password_is_kept_and_never_shown
    every_fault_of_a_trunk_is_named_at_once
    a_trunk_that_agents_use_is_not_deleted
    a_destination_comes_and_changes_as_the_reference_says
    a_destination_is_assigned_or_made_for_an_agent
    an_agent_without_a_trunk_calls_nobody
    a_call_the_trunk_may_not_place_is_refused_and_has_a_row
}

const TRUNKS: &str = "/api/phone/sip/outbound-trunks";
const DESTINATIONS: &str = "/api/phone/sip/transfer-destinations";

fn acme() -> Value {
    json!({
        "name": "Acme", "host": "203.0.113.7", "username": "patch", "password": "s3cret word",
        "caller_number": "+14155550100",
    })
}

async fn agent(api: &Script<'_>) -> String {
    let made = api
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await
        .ok();
    made["id"].as_str().unwrap().to_owned()
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

async fn a_trunk_answers_the_fields_of_the_reference_and_ours(world: &World) {
    let api = world.api().await;
    let made = api.post(TRUNKS, acme()).await.ok();
    assert_json_snapshot!(made, { ".id" => "[id]" }, @r#"
    {
      "agent_ids": [],
      "allowed_regions": [
        "US"
      ],
      "assert": "pai",
      "auth_realm": null,
      "caller_format": "e164",
      "caller_number": "+14155550100",
      "codecs": null,
      "country": null,
      "created_at": "2025-11-23T09:26:40.000Z",
      "daily_cap_minutes": null,
      "digest": true,
      "from_host": null,
      "from_user": null,
      "health": {
        "last_answered_at": null,
        "message": null,
        "reason": null,
        "since": null,
        "state": "unknown"
      },
      "host": "203.0.113.7",
      "id": "[id]",
      "max_channels": 10,
      "max_cps": 1,
      "max_duration_s": 3600,
      "name": "Acme",
      "number_format": "e164",
      "outbound_proxy": null,
      "port": 5060,
      "prefix": null,
      "register": false,
      "registration": null,
      "srtp": "off",
      "transport": "udp",
      "updated_at": "2025-11-23T09:26:40.000Z",
      "user_phone": false,
      "username": "patch",
      "version": 1
    }
    "#);
    assert_eq!(api.get(TRUNKS).await.ok()["items"], json!([made]));
    assert_eq!(api.get(&format!("{TRUNKS}/{}", id(&made))).await.ok(), made);
}

async fn a_trunk_keeps_the_order_of_its_codecs(world: &World) {
    let api = world.api().await;
    let mut acme = acme();
    acme["codecs"] = json!(["G722", "PCMU"]);
    let made = api.post(TRUNKS, acme.clone()).await.ok();
    assert_eq!(made["codecs"], acme["codecs"]);
    let one = format!("{TRUNKS}/{}", id(&made));
    let shown = async |change: Value| api.patch(&one, change).await.ok()["codecs"].clone();
    assert_eq!(shown(json!({ "name": "B" })).await, acme["codecs"]);
    assert_eq!(shown(json!({ "codecs": ["PCMA"] })).await, json!(["PCMA"]));
    assert_eq!(shown(json!({ "codecs": null })).await, Value::Null);
    let wrong = json!({ "codecs": ["PCMU", "opus", "PCMU"] });
    let refused = api.patch(&one, wrong).await;
    assert_json_snapshot!(refused.body["errors"], @r#"
    [
      {
        "code": "not_a_choice",
        "field": "codecs.1",
        "message": "opus is none of the choices: PCMU, PCMA, G722."
      },
      {
        "code": "repeated",
        "field": "codecs.2",
        "message": "PCMU is in the list twice."
      }
    ]
    "#);
    assert_eq!(refused.fields().len(), 2);
}

async fn a_password_is_kept_and_never_shown(world: &World) {
    let api = world.api().await;
    let made = api.post(TRUNKS, acme()).await.ok();
    let one = format!("{TRUNKS}/{}", id(&made));
    let renamed = api
        .patch(&one, json!({ "name": "Acme 2", "password": "" }))
        .await
        .ok();
    assert_eq!(
        (&renamed["username"], &renamed["version"]),
        (&json!("patch"), &json!(2))
    );
    let stale = api
        .patch(&one, json!({ "name": "Acme 3", "version": 1 }))
        .await;
    assert_eq!(stale.refused(409), "changed");
    let open = api.patch(&one, json!({ "digest": false })).await.ok();
    assert_eq!(
        (&open["digest"], &open["username"]),
        (&json!(false), &Value::Null)
    );
    let without = api
        .patch(&one, json!({ "digest": true, "username": "patch" }))
        .await;
    assert_eq!(without.fields(), ["password credentials_missing"]);
    let audit = api.get("/api/audit").await.ok().to_string();
    assert!(audit.contains("create_outbound_trunk") && !audit.contains("s3cret"));
}

async fn every_fault_of_a_trunk_is_named_at_once(world: &World) {
    let api = world.api().await;
    let draft = json!({
        "name": "", "host": "acme sip", "port": 70000, "transport": "sctp", "username": "a\"b",
        "caller_number": "415", "allowed_regions": ["XX"], "colour": "blue",
    });
    let unknown = api.post(TRUNKS, draft.clone()).await;
    assert_eq!(unknown.fields(), ["colour unknown_field"]);
    let mut draft = draft;
    draft.as_object_mut().unwrap().remove("colour");
    let wrong = api.post(TRUNKS, draft).await;
    assert_eq!(
        wrong.fields(),
        [
            "name required",
            "host bad_host",
            "transport not_a_choice",
            "port out_of_range",
            "username bad_username",
            "password credentials_missing",
            "caller_number too_short",
            "allowed_regions.0 no_such",
        ]
    );
    assert_eq!(api.get(TRUNKS).await.ok()["items"], json!([]));
}

async fn a_trunk_that_agents_use_is_not_deleted(world: &World) {
    let api = world.api().await;
    let trunk = api.post(TRUNKS, acme()).await.ok();
    let one = format!("{TRUNKS}/{}", id(&trunk));
    let agent = agent(&api).await;
    let config = format!("/api/phone/sip/agents/{agent}");
    let bound = api
        .patch(&config, json!({ "outbound_trunk_id": id(&trunk) }))
        .await
        .ok();
    assert_eq!(bound["outbound_trunk_id"], trunk["id"]);
    let refused = api.delete(&one).await;
    assert_eq!(refused.refused(409), "outbound_trunk_in_use");
    assert_eq!(
        refused.body["conflict"]["agents"][0]["agent_name"],
        "Front desk"
    );
    assert_eq!(api.get(&one).await.ok()["agent_ids"], json!([agent]));
    let nobody = json!({ "outbound_trunk_id": "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47" });
    assert_eq!(
        api.patch(&config, nobody).await.fields(),
        ["outbound_trunk_id no_such"]
    );
    let free = api
        .patch(&config, json!({ "outbound_trunk_id": null }))
        .await
        .ok();
    assert_eq!(free["outbound_trunk_id"], Value::Null);
    assert_eq!(api.delete(&one).await.status, 204);
    assert_eq!(api.get(&one).await.refused(404), "not_found");
}

async fn a_destination_comes_and_changes_as_the_reference_says(world: &World) {
    let api = world.api().await;
    let draft = json!({ "name": "Sales", "type": "phone", "value": "+1 415 555 0177" });
    let made = api.post(DESTINATIONS, draft).await.ok();
    assert_json_snapshot!(made, { ".id" => "[id]" }, @r#"
    {
      "agent_ids": [],
      "created_at": "2025-11-23T09:26:40.000Z",
      "id": "[id]",
      "keep_recording": false,
      "mode": "bridge",
      "name": "Sales",
      "type": "phone",
      "updated_at": "2025-11-23T09:26:40.000Z",
      "username": null,
      "value": "+14155550177",
      "version": 1
    }
    "#);
    let one = format!("{DESTINATIONS}/{}", id(&made));
    let body = json!({ "type": "sip", "value": "sip:sales@pbx.example.com", "username": "u", "password": "p w" });
    let moved = api.send("PUT", &one, Some(body.to_string())).await.ok();
    assert_eq!(
        (&moved["name"], &moved["username"]),
        (&json!("Sales"), &json!("u"))
    );
    let stale = api.with("if-match", "\"1\"");
    let stale = stale.send("PUT", &one, Some(body.to_string())).await;
    assert_eq!(stale.refused(409), "changed");
    let refer = json!({ "mode": "refer" }).to_string();
    let refused = api.send("PUT", &one, Some(refer)).await;
    assert_eq!(
        refused.fields(),
        ["mode bridge_only"],
        "the peer would have to be told the password"
    );
    for (draft, fields) in [
        (
            json!({ "name": "x", "type": "fax", "value": "1" }),
            ["type not_a_choice"],
        ),
        (
            json!({ "name": "x", "type": "phone", "value": "112" }),
            ["value too_short"],
        ),
        (
            json!({ "name": "x", "type": "sip", "value": "sales@pbx" }),
            ["value bad_sip_uri"],
        ),
        (
            json!({ "name": "x", "type": "sip", "value": "sip:a@b", "username": "u" }),
            ["password credentials_missing"],
        ),
        (json!({ "type": "hangup" }), ["name required"]),
        // What is of no use to the type is read all the same.
        (
            json!({ "name": "x", "type": "hangup", "value": "9".repeat(501) }),
            ["value too_long"],
        ),
        (
            json!({ "name": "x", "type": "hangup", "password": "a\nb" }),
            ["password bad_password"],
        ),
        (
            json!({ "name": "x", "type": "phone", "value": "+14155550177", "username": "a\"b" }),
            ["username bad_username"],
        ),
    ] {
        assert_eq!(api.post(DESTINATIONS, draft).await.fields(), fields);
    }
    let draft = json!({ "type": "phone", "value": "112", "username": "a\"b", "password": [] });
    assert_eq!(
        api.post(DESTINATIONS, draft).await.fields(),
        [
            "name required",
            "value too_short",
            "username bad_username",
            "password wrong_kind"
        ]
    );
    let hangup = api
        .post(DESTINATIONS, json!({ "name": "Bye", "type": "hangup" }))
        .await
        .ok();
    assert_eq!(hangup["value"], "");
    assert_eq!(api.delete(&one).await.status, 204);
}

async fn a_destination_is_assigned_or_made_for_an_agent(world: &World) {
    let api = world.api().await;
    let agent = agent(&api).await;
    let mine = format!("/api/phone/sip/agents/{agent}/transfer-destinations");
    let create = json!({ "name": "Sales", "type": "phone", "value": "+14155550177" });
    let made = api
        .post(&mine, json!({ "create": create, "digit": "1" }))
        .await
        .ok();
    let sales = made["destination_id"].as_str().unwrap().to_owned();
    let other = json!({ "create": { "name": "Desk", "type": "hangup" }, "digit": "1" });
    assert_eq!(api.post(&mine, other).await.refused(409), "digit_taken");
    assert_eq!(
        api.get(DESTINATIONS).await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let again = api
        .post(&mine, json!({ "destination_id": sales }))
        .await
        .ok();
    assert_eq!(again, made, "assigning twice changes its key alone");
    assert_eq!(
        api.post(&mine, json!({})).await.fields(),
        ["destination_id one_of"]
    );
    let both = json!({ "destination_id": sales, "create": create });
    assert_eq!(
        api.post(&mine, both).await.fields(),
        ["destination_id one_of"]
    );
    let bad = json!({ "create": { "name": "x", "type": "phone", "value": "1" } });
    assert_eq!(
        api.post(&mine, bad).await.fields(),
        ["create.value too_short"]
    );
    let list = api.get(&mine).await.ok();
    assert_eq!(list["items"][0]["name"], "Sales");
    assert_eq!(list["items"][0]["digit"], Value::Null);
    let config = api
        .get(&format!("/api/phone/sip/agents/{agent}"))
        .await
        .ok();
    assert_eq!(config["transfer_destinations"], json!([sales]));
    let refused = api.delete(&format!("{DESTINATIONS}/{sales}")).await;
    assert_eq!(refused.refused(409), "destination_in_use");
    assert_eq!(api.delete(&format!("{mine}/{sales}")).await.status, 204);
    assert_eq!(
        api.delete(&format!("{mine}/{sales}")).await.refused(404),
        "not_found"
    );
    let failover = json!({ "failover_transfer_destination_id": sales });
    let held = api
        .patch(&format!("/api/phone/{agent}"), failover)
        .await
        .ok();
    assert_eq!(held["failover_transfer_destination_id"], json!(sales));
    let refused = api.delete(&format!("{DESTINATIONS}/{sales}")).await;
    assert_eq!(refused.refused(409), "destination_in_use");
}

async fn an_agent_without_a_trunk_calls_nobody(world: &World) {
    let api = world.api().await;
    let agent = agent(&api).await;
    let call = |to: Value| json!({ "phone_agent_id": agent, "to": to });
    let path = "/api/phone/outbound-call";
    assert_eq!(
        api.post(path, call(json!("+14155550177")))
            .await
            .refused(409),
        "no_outbound_trunk"
    );
    assert_eq!(
        api.post(path, call(json!("415-555"))).await.fields(),
        ["to too_short"]
    );
    assert_eq!(
        api.post(path, json!({})).await.fields(),
        ["phone_agent_id required", "to required"]
    );
    let both = json!({ "phone_agent_id": agent, "to": "+14155550177", "contact": { "phone_number": "+14155550178" } });
    assert_eq!(api.post(path, both).await.fields(), ["contact one_of"]);
}

async fn a_call_the_trunk_may_not_place_is_refused_and_has_a_row(world: &World) {
    let api = world.api().await;
    let agent = agent(&api).await;
    let trunk = api.post(TRUNKS, acme()).await.ok();
    let config = format!("/api/phone/sip/agents/{agent}");
    api.patch(&config, json!({ "outbound_trunk_id": id(&trunk) }))
        .await
        .ok();
    // +1 876 is Jamaica, not the United States.
    let call = json!({ "phone_agent_id": agent, "to": "+18765550100" });
    let refused = api.post("/api/phone/outbound-call", call).await;
    assert_eq!(refused.refused(409), "country_not_allowed");
    assert_eq!(refused.body["conflict"]["country"], "JM");
    let premium = json!({ "phone_agent_id": agent, "to": "+19005550100" });
    let refused = api.post("/api/phone/outbound-call", premium).await;
    assert_eq!(refused.refused(409), "premium_number");
    world.house.desk.flush().await;
    let calls = api.get("/api/phone/calls?direction=outbound").await.ok();
    let reasons: Vec<_> = calls["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["reason"])
        .collect();
    assert_eq!(reasons, ["premium_number", "country_not_allowed"]);
    assert_eq!(calls["items"][0]["outbound_trunk_name"], "Acme");
    // Whoever may read calls may ask so, without being allowed to read trunks.
    let reader = world.script(&[Scope::CallsRead]).await;
    let inbound = api.post("/api/phone/sip/inbound-trunk", json!({})).await;
    for (trunk, count) in [(&trunk, 2), (&inbound.ok(), 0)] {
        let by_trunk = format!("/api/phone/calls?trunk={}", id(trunk));
        for script in [&api, &reader] {
            let found = script.get(&by_trunk).await.ok();
            assert_eq!(found["items"].as_array().unwrap().len(), count, "{found}");
        }
    }
}
