//! Calls handed on, by the whole server: a caller signs in, the agent has destinations, and SIPp
//! is whoever is called there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binary::Installation;
use crate::ops::{Answered, call, furnish};
use crate::sip_carrier::{Carrier, Script, free};
use crate::sip_hand::Hand;
use crate::webhooks::Receiver;

const SLOW: Duration = Duration::from_secs(30);

/// A server with a caller on the line, and one destination of the agent's: key 1.
struct Desk {
    house: Installation,
    key: String,
    caller: Answered,
    destination: String,
}

impl Desk {
    /// The destination is a SIP URI, or a number behind an outbound trunk.
    async fn with(callee: std::net::SocketAddr, kind: &str, failover: bool) -> Self {
        let house = Installation::serve_with(&[
            ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true"),
            ("PATCHBAY_WEBHOOKS__ALLOW_PRIVATE", "true"),
        ])
        .await;
        let key = house.key(&["--full-access"]);
        let access = furnish(&house, &key, false).await;
        let agents = house.get(&key, "/api/phone").await;
        let agent = agents[0]["id"].as_str().unwrap().to_owned();
        let config = format!("/api/phone/sip/agents/{agent}");
        if kind == "phone" {
            let trunk = json!({
                "name": "Acme", "host": callee.ip().to_string(), "port": callee.port(),
                "digest": false, "caller_number": "+14155550100",
            });
            let trunk = house
                .post(&key, "/api/phone/sip/outbound-trunks", &trunk)
                .await;
            // A ping would be a call to SIPp, and the only one it takes.
            Hand::at(callee).await.answers_a_ping().await;
            let bound = house
                .request_patch(&key, &config)
                .json(&json!({ "outbound_trunk_id": trunk["id"] }));
            assert_eq!(bound.send().await.unwrap().status(), 200);
        }
        let value = match kind {
            "phone" => "+12125550177".to_owned(),
            "hangup" => String::new(),
            _ => format!("sip:sales@{callee}"),
        };
        let create = json!({ "name": "Sales", "type": kind, "value": value });
        let path = format!("{config}/transfer-destinations");
        let made = house
            .post(&key, &path, &json!({ "create": create, "digit": "1" }))
            .await;
        if failover {
            let desk = json!({ "name": "Night desk", "type": "hangup" });
            let desk = house
                .post(&key, "/api/phone/sip/transfer-destinations", &desk)
                .await;
            let change = json!({ "failover_transfer_destination_id": desk["id"] });
            let changed = house
                .request_patch(&key, &format!("/api/phone/{agent}"))
                .json(&change);
            assert_eq!(changed.send().await.unwrap().status(), 200);
        }
        let caller = call(&house, &access).await;
        Self {
            house,
            key,
            caller,
            destination: made["destination_id"].as_str().unwrap().to_owned(),
        }
    }

    /// The caller's call as the API has it.
    async fn call(&self) -> Value {
        let page = self
            .house
            .get(&self.key, "/api/phone/calls?direction=inbound")
            .await;
        let id = page["items"][0]["id"].as_str().unwrap().to_owned();
        self.house
            .get(&self.key, &format!("/api/phone/calls/{id}"))
            .await
    }

    async fn hand_on(&self) -> Value {
        let call = self.call().await;
        let path = format!("/api/phone/calls/{}/transfer", call["id"].as_str().unwrap());
        let body = json!({ "destination_id": self.destination });
        self.house.post(&self.key, &path, &body).await
    }

    /// Waits until the first attempt has come so far.
    async fn transfer_is(&self, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let call = self.call().await;
            if call["transfers"][0]["state"] == state {
                return call;
            }
            assert!(began.elapsed() < SLOW, "{call:#}\n{}", self.house.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ends(&self, reason: &str) -> Value {
        let began = Instant::now();
        loop {
            let call = self.call().await;
            if call["state"] == "ended" {
                assert_eq!(call["reason"], reason, "{call:#}");
                return call;
            }
            assert!(began.elapsed() < SLOW, "{call:#}\n{}", self.house.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn rings() -> Script {
    Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .waits(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_joined_with_who_answers_and_leaves_with_them() {
    for kind in ["sip", "phone"] {
        let play = rings()
            .answers("200 OK")
            .hears("ACK")
            .hears("BYE")
            .says("200 OK");
        let at = free();
        let desk = Desk::with(at, kind, false).await;
        let Some(carrier) = Carrier::at(at, &play).await else {
            return;
        };
        let receiver = Receiver::answering([]).await;
        let hook = json!({ "url": receiver.url(), "events": ["transfer.completed"] });
        desk.house.post(&desk.key, "/api/webhooks", &hook).await;
        let begun = desk.hand_on().await;
        assert_eq!(
            (&begun["state"], &begun["mode"]),
            (&json!("trying"), &json!("bridge"))
        );
        let call = desk.transfer_is("completed").await;
        let told = &receiver.next().await.body["data"]["transfer"];
        assert_eq!(
            told,
            &json!({ "call_id": call["id"], "to": "Sales", "succeeded": true, "reason": null })
        );
        assert_eq!(call["state"], "answered", "the caller talks on");
        assert_eq!(call["legs"][0]["parent_id"], call["id"]);
        assert_eq!(call["legs"][0]["state"], "answered");
        let again = desk.house.request(
            &desk.key,
            &format!("/api/phone/calls/{}/transfer", call["id"].as_str().unwrap()),
        );
        let again = again.json(&json!({ "destination_id": desk.destination }));
        assert_eq!(again.send().await.unwrap().status(), 409, "one at a time");
        desk.caller.hang_up().await;
        desk.ends("caller_hung_up").await;
        carrier.plays_to_its_end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_menu_hands_the_call_on() {
    let play = rings()
        .answers("200 OK")
        .hears("ACK")
        .hears("BYE")
        .says("200 OK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let desk = Desk::with(carrier.at, "sip", false).await;
    desk.caller.press('1').await;
    let call = desk.transfer_is("completed").await;
    let lines = call["transcript"].as_array().unwrap();
    assert!(
        lines.iter().any(|line| line["text"] == "1"),
        "a key that picked an entry is not masked: {lines:#?}"
    );
    desk.caller.hang_up().await;
    carrier.plays_to_its_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_nobody_takes_is_back_with_the_agent() {
    let play = rings().says("486 Busy Here").hears("ACK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let desk = Desk::with(carrier.at, "sip", false).await;
    desk.hand_on().await;
    let call = desk.transfer_is("failed").await;
    assert_eq!(call["transfers"][0]["reason"], "busy");
    assert_eq!(call["transfers"][0]["sip_status"], 486);
    assert_eq!(call["state"], "answered");
    carrier.plays_to_its_end().await;
    desk.caller.hang_up().await;
    desk.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_transfer_goes_to_the_failover_destination() {
    let play = rings().says("603 Decline").hears("ACK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let desk = Desk::with(carrier.at, "sip", true).await;
    desk.hand_on().await;
    let call = desk.ends("agent_hung_up").await;
    let names: Vec<_> = call["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transfer| (&transfer["destination_name"], &transfer["state"]))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("Sales"), &json!("failed")),
            (&json!("Night desk"), &json!("completed"))
        ]
    );
    carrier.plays_to_its_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_while_it_rings_leaves_nothing_behind() {
    let play = Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .hears("CANCEL")
        .says("200 OK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let desk = Desk::with(carrier.at, "sip", false).await;
    desk.hand_on().await;
    desk.transfer_is("ringing").await;
    desk.caller.hang_up().await;
    let call = desk.ends("caller_hung_up").await;
    assert_eq!(call["transfers"][0]["reason"], "caller_gave_up");
    carrier.plays_to_its_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_asks_for_credentials_it_was_not_given_gets_none() {
    let header = "WWW-Authenticate: Digest realm=\"elsewhere\", nonce=\"n1\"";
    let play = Script::default()
        .hears("INVITE")
        .says_with("401 Unauthorized", header)
        .hears("ACK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let desk = Desk::with(carrier.at, "sip", false).await;
    desk.hand_on().await;
    let call = desk.transfer_is("failed").await;
    assert_eq!(call["transfers"][0]["reason"], "auth_failed");
    carrier.plays_to_its_end().await;
}
