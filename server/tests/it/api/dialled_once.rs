//! A phone that rang can't be unrung: under one Idempotency-Key it rings once, whatever becomes of the server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::replays::{Killable, Killed};
use crate::binary::Installation;
use crate::databases::Postgres;

const LAB: (&str, &str) = ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true");

/// A carrier that answers nothing and notes the calls it is asked for.
struct Carrier {
    port: u16,
    asked: Arc<Mutex<BTreeSet<String>>>,
    listening: JoinHandle<()>,
}

impl Carrier {
    async fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&asked);
        let listening = tokio::spawn(async move {
            let mut packet = vec![0; 65_535];
            while let Ok(length) = socket.recv(&mut packet).await {
                let text = String::from_utf8_lossy(&packet[..length]).into_owned();
                let call = text.lines().find_map(|line| line.strip_prefix("Call-ID:"));
                if let (true, Some(call)) = (text.starts_with("INVITE "), call) {
                    noted.lock().insert(call.trim().to_owned());
                }
            }
        });
        Self {
            port,
            asked,
            listening,
        }
    }

    fn calls(&self) -> usize {
        self.asked.lock().len()
    }

    async fn is_asked_for(&self, calls: usize) {
        let began = Instant::now();
        while self.calls() < calls {
            assert!(began.elapsed() < Duration::from_secs(20), "no call came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// An agent that calls by this carrier; what asks for a call of it.
async fn ready(at: &mut Killable, carrier: &Carrier) -> String {
    let key = at.open().await;
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let trunk = json!({
        "name": "Acme", "host": "127.0.0.1", "port": carrier.port, "digest": false,
        "caller_number": "+14155550100", "max_cps": 10,
    });
    let trunk = at
        .house
        .post(&key, "/api/phone/sip/outbound-trunks", &trunk)
        .await;
    let agent = json!({ "name": "Front desk" });
    let agent = id(at.house.post(&key, "/api/phone", &agent).await);
    let config = format!("/api/phone/sip/agents/{agent}");
    let bound = at.house.request_patch(&key, &config);
    let bound = bound.json(&json!({ "outbound_trunk_id": id(trunk) }));
    assert!(bound.send().await.unwrap().status().is_success());
    at.path = "/api/phone/outbound-call";
    at.body = json!({ "phone_agent_id": agent, "to": "+14155550177" });
    key
}

async fn rows(at: &Killable, key: &str) -> usize {
    let calls = at.house.get(key, "/api/phone/calls").await;
    calls["items"].as_array().unwrap().len()
}

async fn rings_once_though_its_server_is_killed(mut at: Killable) {
    let carrier = Carrier::open().await;
    let key = ready(&mut at, &carrier).await;
    let rings = carrier.is_asked_for(1);
    at.kill_in(&key, Killed::BeforeItsAnswer, rings).await;
    at.has_lost_the_answer(&key).await;
    assert_eq!((carrier.calls(), rows(&at, &key).await), (1, 1));
    at.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_server_is_killed_after_dialling_is_not_dialled_again() {
    rings_once_though_its_server_is_killed(Killable::sqlite(Installation::with(&[LAB]))).await;
    if let Some(postgres) = Postgres::fresh().await {
        let mut at = Killable::postgres(postgres);
        at.house.set(LAB);
        rings_once_though_its_server_is_killed(at).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_asked_for_ten_times_at_once_rings_once() {
    let carrier = Carrier::open().await;
    let mut at = Killable::sqlite(Installation::with(&[LAB]));
    let key = ready(&mut at, &carrier).await;
    let asked = (0..10).map(|_| at.asking(&key, "ten").send());
    for answer in futures_util::future::join_all(asked).await {
        let status = answer.unwrap().status().as_u16();
        assert!(status == 200 || status == 409, "{status}");
    }
    carrier.is_asked_for(1).await;
    let again = at.asking(&key, "ten").send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!((carrier.calls(), rows(&at, &key).await), (1, 1));
    // Another key is another call.
    let other = at.asking(&key, "eleven").send().await.unwrap();
    let other: Value = other.json().await.unwrap();
    assert_ne!(again["id"], other["id"]);
    carrier.is_asked_for(2).await;
    at.end().await;
}
