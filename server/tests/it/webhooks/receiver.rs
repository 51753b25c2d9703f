//! An HTTP server that hears webhooks: it answers as it is told and keeps what it heard.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as Turn, mpsc};

pub(crate) struct Receiver {
    port: u16,
    heard: Turn<mpsc::UnboundedReceiver<Heard>>,
}

/// One request.
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: Value,
    text: String,
}

#[derive(Clone)]
struct Desk {
    answers: Arc<Mutex<VecDeque<u16>>>,
    tell: mpsc::UnboundedSender<Heard>,
}

impl Receiver {
    /// No answer at all.
    pub(crate) const SILENCE: u16 = 0;

    /// Answers with these, one after the other, and with 200 from then on.
    pub(crate) async fn answering<const N: usize>(answers: [u16; N]) -> Self {
        Self::at(0, answers).await
    }

    pub(crate) async fn at<const N: usize>(port: u16, answers: [u16; N]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = mpsc::unbounded_channel();
        let desk = Desk {
            answers: Arc::new(Mutex::new(VecDeque::from(answers))),
            tell,
        };
        let router = Router::new().route("/hook", post(hear)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            port,
            heard: Turn::new(heard),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) async fn next(&self) -> Heard {
        let mut heard = self.heard.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(15), heard.recv());
        next.await.unwrap().unwrap()
    }

    pub(crate) async fn hears_nothing_for(&self, time: Duration) {
        let mut heard = self.heard.lock().await;
        let next = tokio::time::timeout(time, heard.recv()).await;
        assert!(next.is_err(), "heard {}", next.unwrap().unwrap().text);
    }
}

async fn hear(State(desk): State<Desk>, headers: HeaderMap, text: String) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let heard = Heard {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signature: header("webhook-signature"),
        body: serde_json::from_str(&text).unwrap(),
        text,
    };
    assert_eq!(header("content-type"), "application/json");
    let answer = desk.answers.lock().pop_front().unwrap_or(200);
    let _ = desk.tell.send(heard);
    if answer == Receiver::SILENCE {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(answer).unwrap()
}

impl Heard {
    /// Checked as a receiver would, with nothing of the server's own code.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.text).as_bytes());
        let expect = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        self.signature == format!("v1,{expect}")
    }

    pub(crate) fn call(&self) -> String {
        self.body["data"]["call"]["id"].as_str().unwrap().to_owned()
    }
}
