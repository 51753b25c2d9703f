//! A trunk that registers, by the whole server: what its page is told of it, and the calls that the
//! registrar brings.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::sip::message::{Address, Message};

use crate::binary::Installation;
use crate::ops::{DIALLED, furnish};
use crate::sip_hand::Hand;
use crate::sip_phone::{Phone, SDP};

const TRUNKS: &str = "/api/phone/sip/outbound-trunks";

/// A server with an agent, and a trunk that registers with this hand.
async fn registers(hand: &Hand) -> (Installation, String, String) {
    registers_with(hand, &json!({})).await
}

/// The same, and this is different about the trunk.
async fn registers_with(hand: &Hand, more: &Value) -> (Installation, String, String) {
    let lab = [("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true")];
    let house = Installation::serve_with(&lab).await;
    let key = house.key(&["--full-access"]);
    furnish(&house, &key, false).await;
    let mut trunk = json!({
        "name": "Acme", "host": hand.at.ip(), "port": hand.at.port(), "register": true,
        "username": "acme-77", "password": "s3cret word", "caller_number": DIALLED,
    });
    for (field, value) in more.as_object().unwrap() {
        trunk[field] = value.clone();
    }
    let made = house.post(&key, TRUNKS, &trunk).await;
    let id = made["id"].as_str().unwrap().to_owned();
    (house, key, id)
}

/// What the API says of the registration, once it has come so far.
async fn registration(house: &Installation, key: &str, id: &str, state: &str) -> Value {
    let began = Instant::now();
    loop {
        let trunk = house.get(key, &format!("{TRUNKS}/{id}")).await;
        let shown = &trunk["registration"];
        if shown["state"] == state {
            return shown.clone();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{trunk:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Grants what is asked for.
async fn grants(hand: &Hand) -> Message {
    let asked = hand.hears("REGISTER").await;
    let contact = asked.get("Contact").unwrap().to_owned();
    let granted = asked
        .reply(200, "hand")
        .with("Contact", format!("{contact};expires=300"));
    hand.says(&asked, &granted).await;
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_shown_and_brings_calls_without_a_password() {
    let hand = Hand::new().await;
    let (house, key, id) = registers(&hand).await;
    let asked = grants(&hand).await;
    let shown = registration(&house, &key, &id, "registered").await;
    assert_eq!(
        (&shown["sip_status"], &shown["message"]),
        (&json!(200), &json!(null))
    );
    assert!(
        shown["expires_at"].as_str() > shown["next_at"].as_str(),
        "{shown}"
    );

    let contact = Address::read(asked.get("Contact").unwrap());
    let phone = Phone::towards(house.sip()).await;
    let mut invite = phone
        .request("INVITE", contact.user().unwrap(), 1)
        .with_body("application/sdp", SDP);
    invite.set("To", "<sip:acme-77@sip.acme.example>");
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    phone.send(&phone.inside(&answer, "ACK", 1)).await;
    phone.send(&phone.inside(&answer, "BYE", 2)).await;
    phone.expect(200).await;

    let page = house
        .get(&key, &format!("/api/phone/calls?trunk={id}"))
        .await;
    let call = &page["items"][0];
    assert_eq!(call["direction"], "inbound", "{page:#}");
    assert_eq!(call["outbound_trunk_name"], "Acme");
    assert_eq!(call["to"], DIALLED, "the trunk's own number is meant");
    let path = format!("/api/phone/calls/{}", call["id"].as_str().unwrap());
    let call = house.get(&key, &path).await;
    let check = &call["receipt"]["checks"][1];
    assert_eq!(check["code"], "by_registration", "{call:#}");
    assert_eq!(
        check["message"],
        "127.0.0.1 called the address that the trunk Acme registered there."
    );
}

/// Somebody calls what was registered, and is answered so.
async fn is_called_at(house: &Installation, contact: &str) -> (Phone, Message) {
    let phone = Phone::towards(house.sip()).await;
    let mut invite = phone
        .request("INVITE", contact, 1)
        .with_body("application/sdp", SDP);
    invite.set("To", "<sip:acme-77@sip.acme.example>");
    phone.send(&invite).await;
    let mut heard = phone.hear().await.unwrap();
    while heard.status() < Some(200) {
        heard = phone.hear().await.unwrap();
    }
    let ack = if heard.status() < Some(300) {
        phone.inside(&heard, "ACK", 1)
    } else {
        let mut ack = phone.request("ACK", contact, 1);
        ack.set("Via", invite.get("Via").unwrap());
        ack.set("To", heard.get("To").unwrap());
        ack
    };
    phone.send(&ack).await;
    (phone, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_a_registrar_brings_share_the_trunks_lines_and_are_replayed() {
    let hand = Hand::new().await;
    let (house, key, id) = registers_with(&hand, &json!({ "max_channels": 1 })).await;
    let asked = grants(&hand).await;
    registration(&house, &key, &id, "registered").await;
    let contact = Address::read(asked.get("Contact").unwrap());
    let contact = contact.user().unwrap();
    let (first, answer) = is_called_at(&house, contact).await;
    assert_eq!(answer.status(), Some(200));
    let (_, busy) = is_called_at(&house, contact).await;
    assert_eq!(busy.status(), Some(486));
    assert!(
        busy.get("Warning").unwrap().contains("trunk_full"),
        "{busy:?}"
    );

    // Nor can anybody be called over it meanwhile.
    let agents = house.get(&key, "/api/phone").await;
    let agent = agents[0]["id"].as_str().unwrap();
    let path = format!("/api/phone/sip/agents/{agent}");
    let assign = json!({ "outbound_trunk_id": id });
    let assigned = house.request_patch(&key, &path).json(&assign).send().await;
    assert_eq!(assigned.unwrap().status(), 200);
    let call = json!({ "phone_agent_id": agent, "to": "+12125550177" });
    let calling = house.request(&key, "/api/phone/outbound-call").json(&call);
    let refused = calling.send().await.unwrap();
    assert_eq!(refused.status(), 409);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["code"], "limit_reached", "{refused}");

    first.send(&first.inside(&answer, "BYE", 2)).await;
    first.expect(200).await;
    let began = Instant::now();
    let answered = format!("/api/phone/calls?trunk={id}&state=answered");
    while house.get(&key, &answered).await["items"] != json!([]) {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (again, answer) = is_called_at(&house, contact).await;
    assert_eq!(answer.status(), Some(200), "the line is free again");
    again.send(&again.inside(&answer, "BYE", 2)).await;
    again.expect(200).await;

    let page = house
        .get(
            &key,
            &format!("/api/phone/calls?trunk={id}&direction=inbound"),
        )
        .await;
    let refused = &page["items"][1];
    let path = format!("/api/phone/calls/{}", refused["id"].as_str().unwrap());
    let call = house.get(&key, &path).await;
    let checks = call["receipt"]["checks"].as_array().unwrap();
    assert_eq!(checks.last().unwrap()["code"], "all_lines_in_use");
    // What would have become of them with nobody there.
    let nobody = json!({ "agents": [{ "agent": agent, "enabled": false }] });
    let replayed = house
        .post(&key, "/api/phone/sip/route-replay", &nobody)
        .await;
    assert_eq!(
        (&replayed["replayed"], &replayed["changed"]),
        (&json!(3), &json!(3)),
        "{replayed:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_registration_says_why_and_brings_nobody() {
    let hand = Hand::new().await;
    let (house, key, id) = registers(&hand).await;
    let asked = hand.hears("REGISTER").await;
    hand.says(&asked, &hand.reply(&asked, 403)).await;
    let shown = registration(&house, &key, &id, "failed").await;
    assert_eq!(
        (&shown["sip_status"], &shown["expires_at"]),
        (&json!(403), &json!(null))
    );
    assert_eq!(shown["message"], "The registrar refused with 403.");
    assert!(
        shown["next_at"].as_str() > shown["since"].as_str(),
        "{shown}"
    );
    let contact = Address::read(asked.get("Contact").unwrap());
    let phone = Phone::towards(house.sip()).await;
    let invite = phone.request("INVITE", contact.user().unwrap(), 1);
    phone.send(&invite).await;
    phone.expect(401).await;
}
