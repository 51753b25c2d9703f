//! A voice bot behind a WebSocket, for calls that need one: it beeps as soon as it hears of a call and says
//! back whatever it hears, or only listens.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::Outcome;

/// 200 ms of a loud square in µ-law.
const BEEP: usize = 1_600;

/// Is told every piece of what callers say, in µ-law.
pub(crate) type Ear = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// It ends with this.
pub(crate) struct Bot {
    pub(crate) at: SocketAddr,
    _runtime: Runtime,
}

impl Bot {
    pub(crate) fn start() -> Outcome<Self> {
        Self::with(None)
    }

    /// One that says nothing.
    pub(crate) fn listening(ear: Ear) -> Outcome<Self> {
        Self::with(Some(ear))
    }

    fn with(ear: Option<Ear>) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                calls.spawn(talk(tcp, ear.clone()));
            }
        });
        Ok(Self {
            at,
            _runtime: runtime,
        })
    }
}

async fn talk(tcp: TcpStream, ear: Option<Ear>) -> Result<(), Error> {
    tcp.set_nodelay(true)?;
    let mut wire = tokio_tungstenite::accept_async(tcp).await?;
    let mut sid = String::new();
    while let Some(message) = wire.next().await {
        let Message::Text(text) = message? else {
            continue;
        };
        let heard: Value = serde_json::from_str(&text).unwrap_or_default();
        let part = |names: [&str; 2]| {
            let found = names.iter().try_fold(&heard, |value, name| value.get(name));
            found.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let payload = match heard.get("event").and_then(Value::as_str) {
            Some("start") => {
                sid = part(["start", "streamSid"]);
                BASE64_STANDARD.encode(beep())
            }
            Some("media") => part(["media", "payload"]),
            Some("stop") => break,
            _ => continue,
        };
        if let Some(ear) = &ear {
            ear(&BASE64_STANDARD.decode(payload).unwrap_or_default());
            continue;
        }
        let said = json!({ "event": "media", "streamSid": sid, "media": { "payload": payload } });
        wire.send(Message::text(said.to_string())).await?;
    }
    Ok(())
}

fn beep() -> Vec<u8> {
    let sample = |at: usize| {
        if (at / 10).is_multiple_of(2) {
            0x90
        } else {
            0x10
        }
    };
    (0..BEEP).map(sample).collect()
}
