//! §2.1 and §2.4: trunks, destinations, and calls that agents place.

use serde_json::json;

use super::{Is, documented};
use crate::binary::Installation;
use crate::world::{Script, World};

/// §2.1, all required; there is no eighth.
const INBOUND_TRUNK: [(&str, Is); 7] = [
    ("id", Is::Uuid),
    ("sip_endpoint", Is::Text),
    ("auth_username", Is::Text),
    ("auth_password", Is::Text),
    ("phone_numbers", Is::Texts),
    ("krisp_enabled", Is::Switch),
    ("agent_id_header", Is::Text),
];

/// §2.1. Where it leads and how it signs in is not echoed there.
const OUTBOUND_TRUNK: [(&str, Is); 4] = [
    ("id", Is::Uuid),
    ("name", Is::Text),
    ("created_at", Is::Text),
    ("updated_at", Is::Text),
];

/// §2.1.
const DESTINATION: [(&str, Is); 6] = [
    ("id", Is::Uuid),
    ("name", Is::Text),
    ("type", Is::OneOf(&["phone", "sip"])),
    ("value", Is::Text),
    ("created_at", Is::Text),
    ("updated_at", Is::Text),
];

async fn verified(api: &Script<'_>, numbers: &[&str]) {
    let body = json!({ "phone_numbers": numbers, "on_trunk": false });
    api.post("/api/phone/numbers", body).await.ok();
}

#[tokio::test]
async fn an_inbound_trunk_takes_every_verified_number_and_krisp_unless_told() {
    let world = World::new().await;
    let api = world.api().await;
    verified(&api, &["+14155550100", "+14155550101"]).await;
    let made = api.post("/api/phone/sip/inbound-trunk", json!({})).await;
    assert_eq!(made.status, 200);
    let trunk = made.ok();
    documented(&trunk, &INBOUND_TRUNK);
    assert_eq!(trunk["krisp_enabled"], true);
    assert_eq!(
        trunk["phone_numbers"],
        json!(["+14155550100", "+14155550101"])
    );
}

#[tokio::test]
async fn an_inbound_trunk_takes_the_numbers_it_is_given_and_gives_one_back() {
    let world = World::new().await;
    let api = world.api().await;
    let body = json!({ "phone_numbers": ["+14155550100", "+14155550101", "+14155550102"], "krisp_enabled": false });
    let trunk = api.post("/api/phone/sip/inbound-trunk", body).await.ok();
    documented(&trunk, &INBOUND_TRUNK);
    assert_eq!(trunk["krisp_enabled"], false);
    let path = "/api/phone/sip/inbound-trunk/phone-numbers";
    for (number, left) in [
        ("+14155550100", json!(["+14155550101", "+14155550102"])),
        ("%2B14155550101", json!(["+14155550102"])),
    ] {
        // No 204: the whole trunk, its password still readable.
        let answer = api.delete(&format!("{path}/{number}")).await;
        assert_eq!(answer.status, 200);
        let after = answer.ok();
        documented(&after, &INBOUND_TRUNK);
        assert_eq!(after["phone_numbers"], left);
        assert_eq!(after["auth_password"], trunk["auth_password"]);
    }
}

#[tokio::test]
async fn an_outbound_trunk_needs_five_fields_and_takes_two_more() {
    let world = World::new().await;
    let api = world.api().await;
    let path = "/api/phone/sip/outbound-trunks";
    let five = json!({
        "name": "Carrier", "host": "203.0.113.7", "username": "patch", "password": "s3cret word",
        "caller_number": "+14155550100",
    });
    let made = api.post(path, five.clone()).await;
    assert_eq!(made.status, 200);
    let trunk = made.ok();
    documented(&trunk, &OUTBOUND_TRUNK);
    assert_eq!(
        (&trunk["port"], &trunk["transport"]),
        (&json!(5060), &json!("udp"))
    );
    for transport in ["udp", "tcp", "tls"] {
        let mut seven = five.clone();
        seven["port"] = json!(65535);
        seven["transport"] = json!(transport);
        let trunk = api.post(path, seven).await.ok();
        documented(&trunk, &OUTBOUND_TRUNK);
        assert_eq!(trunk["transport"], transport);
    }
    for field in ["name", "host", "username", "password", "caller_number"] {
        let mut without = five.clone();
        without.as_object_mut().unwrap().remove(field);
        let refused = api.post(path, without).await.fields();
        assert!(refused[0].starts_with(field), "{field}: {refused:?}");
    }
}

#[tokio::test]
async fn a_transfer_destination_is_made_and_changed_in_part() {
    let world = World::new().await;
    let api = world.api().await;
    let path = "/api/phone/sip/transfer-destinations";
    for (kind, value) in [
        ("phone", "+14155550177"),
        ("sip", "sip:sales@pbx.example.com"),
    ] {
        let body = json!({ "name": "Sales", "type": kind, "value": value });
        let made = api.post(path, body).await;
        assert_eq!(made.status, 200);
        let made = made.ok();
        documented(&made, &DESTINATION);
        assert_eq!(
            (&made["type"], &made["value"]),
            (&json!(kind), &json!(value))
        );
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        for body in [
            json!({}),
            json!({ "name": "Support" }),
            json!({ "type": kind, "value": value }),
            json!({ "name": "Desk", "type": "phone", "value": "+14155550178" }),
        ] {
            let changed = api.send("PUT", &one, Some(body.to_string())).await;
            assert_eq!(changed.status, 200, "{body}: {}", changed.text);
            let changed = changed.ok();
            documented(&changed, &DESTINATION);
            assert_eq!(changed["id"], made["id"]);
            for (field, sent) in body.as_object().unwrap() {
                assert_eq!(&changed[field], sent, "{field}");
            }
        }
    }
}

#[tokio::test]
async fn an_agent_is_assigned_a_destination_that_stands_or_a_new_one() {
    let world = World::new().await;
    let api = world.api().await;
    let agent = api
        .post("/api/phone", json!({ "name": "Front desk" }))
        .await
        .ok();
    let agent = agent["id"].as_str().unwrap();
    let path = format!("/api/phone/sip/agents/{agent}/transfer-destinations");
    let sales = json!({ "name": "Sales", "type": "phone", "value": "+14155550177" });
    let stands = api
        .post("/api/phone/sip/transfer-destinations", sales.clone())
        .await
        .ok();
    for (body, stood) in [
        (json!({ "destination_id": stands["id"] }), true),
        (json!({ "create": sales }), false),
    ] {
        let assigned = api.post(&path, body).await;
        assert_eq!(assigned.status, 200);
        let assigned = assigned.ok();
        documented(&assigned, &[("destination_id", Is::Uuid)]);
        assert_eq!(assigned["destination_id"] == stands["id"], stood);
    }
}

/// The reference leaves the names of its fields open, so that ours stand here; `200` it says.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_calls_a_number() {
    let lab = [("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true")];
    let house = Installation::serve_with(&lab).await;
    let key = house.key(&["--full-access"]);
    let trunk = json!({
        "name": "Carrier", "host": "127.0.0.1", "port": 9, "username": "patch",
        "password": "s3cret word", "caller_number": "+14155550100", "max_cps": 10,
    });
    let trunk = house
        .post(&key, "/api/phone/sip/outbound-trunks", &trunk)
        .await;
    let agent = json!({ "name": "Front desk", "type": "outbound" });
    let agent = house.post(&key, "/api/phone", &agent).await;
    let config = format!("/api/phone/sip/agents/{}", agent["id"].as_str().unwrap());
    let bound = house.request_patch(&key, &config);
    let bound = bound.json(&json!({ "outbound_trunk_id": trunk["id"] }));
    assert!(bound.send().await.unwrap().status().is_success());
    for (form, whom) in [
        ("to", json!("+14155550177")),
        ("contact", json!({ "phone_number": "+14155550178" })),
    ] {
        let body = json!({ "phone_agent_id": agent["id"], form: whom });
        let call = house.post(&key, "/api/phone/outbound-call", &body).await;
        documented(&call, &[("id", Is::Uuid), ("state", Is::Text)]);
        assert_eq!(call["agent_id"], agent["id"]);
    }
}
