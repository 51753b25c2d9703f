//! A WebSocket to an engine (RFC 6455): reached within a time, bounded both ways, and never a
//! reason to wait.
//!
//! Nothing here has a task of its own: whoever asks for the next message lets go out what waits
//! meanwhile. What does not fit is the caller's to drop; a peer that takes nothing in, or gives no
//! sign of life, is lost.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use app::domain::engine::EngineFault;
use app::domain::url::SocketUrl;
use futures_util::{Sink, Stream};
use http::{HeaderName, HeaderValue};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::either::Either;

use crate::service::outward::{NoWay, Outward};
use crate::trust::{Trust, certificate_fault};

/// The largest message that is taken: two minutes of telephone audio and more.
const MOST_BYTES: usize = 2 << 20;
/// So much is read at once. Each connection has a buffer of that size, which is cleared for every read: the usual 128 KiB
/// were a quarter of what a call took.
const READ_AT_ONCE: usize = 8 << 10;
/// As many messages wait to go out: five seconds of audio.
const MOST_WAITING: usize = 250;
/// How often we ask for a sign of life, and how long we do without.
const PING_EVERY: Duration = Duration::from_secs(15);
const SILENT_FOR: Duration = Duration::from_secs(45);
/// How long a peer may take nothing in.
const STUCK_FOR: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const CLOSING: Duration = Duration::from_secs(1);
/// For each address of a host that has several.
const EACH_ADDRESS: Duration = Duration::from_millis(1_500);

type Wire = Either<TcpStream, TlsStream<TcpStream>>;

/// How engines are reached: whom we trust, and where we may go.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) trust: Trust,
    pub(super) outward: Outward,
}

/// An open connection.
pub(super) struct Socket {
    wire: WebSocketStream<Wire>,
    waiting: VecDeque<Message>,
    /// When something last came, and something last went or nothing had to.
    heard: Instant,
    moved: Instant,
    pinged: Instant,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A message.
    Text(String),
    /// Bytes, which no engine of ours sends.
    Binary,
    /// The peer has said all it had to say (close code 1000).
    Goodbye,
    /// The connection is gone.
    Lost(EngineFault),
}

impl Door {
    /// Connects, encrypts and shakes hands, all within `limit`.
    pub(super) async fn open(
        &self,
        url: &SocketUrl,
        headers: &[(HeaderName, HeaderValue)],
        limit: Duration,
    ) -> Result<Socket, EngineFault> {
        let opening = timeout(limit, Box::pin(self.shake_hands(url, headers)));
        opening.await.unwrap_or(Err(EngineFault::TooLate))
    }

    async fn shake_hands(
        &self,
        url: &SocketUrl,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Socket, EngineFault> {
        let request = url.as_str().into_client_request();
        let mut request = request.map_err(|_| EngineFault::Refused)?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value.clone());
        }
        let wire = self.connect(url).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MOST_BYTES))
            .max_frame_size(Some(MOST_BYTES))
            .read_buffer_size(READ_AT_ONCE)
            .write_buffer_size(0);
        let shaken = tokio_tungstenite::client_async_with_config(request, wire, Some(config)).await;
        let (wire, _) = shaken.map_err(|error| match error {
            Error::Io(_) => EngineFault::Unreachable,
            _ => EngineFault::Refused,
        })?;
        let now = Instant::now();
        Ok(Socket {
            wire,
            waiting: VecDeque::new(),
            heard: now,
            moved: now,
            pinged: now,
        })
    }

    async fn connect(&self, url: &SocketUrl) -> Result<Wire, EngineFault> {
        let found = self.outward.addresses(url).await.map_err(|why| match why {
            NoWay::Unresolvable => EngineFault::NoAddress,
            NoWay::NotPublic | NoWay::Insecure => EngineFault::NotPublic,
        })?;
        let stream = first_that_answers(&found).await?;
        // A frame of audio must not wait for the one before it to be acknowledged.
        let _ = stream.set_nodelay(true);
        if !url.is_secure() {
            return Ok(Either::Left(stream));
        }
        let encrypted = self.trust.connect(stream, &url.host().to_string()).await;
        encrypted.map(Either::Right).map_err(|error| fault(&error))
    }
}

async fn first_that_answers(addresses: &[SocketAddr]) -> Result<TcpStream, EngineFault> {
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(EACH_ADDRESS, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(EngineFault::Unreachable)
}

fn fault(error: &io::Error) -> EngineFault {
    match certificate_fault(error) {
        Some(why) => {
            tracing::warn!(why, "agent.engine.certificate");
            EngineFault::TlsFailed
        }
        None => EngineFault::Unreachable,
    }
}

impl Socket {
    /// Puts a message behind those that wait; false if there is no room.
    pub(super) fn push(&mut self, text: String) -> bool {
        if self.waiting.len() >= MOST_WAITING {
            return false;
        }
        if self.waiting.is_empty() {
            self.moved = Instant::now();
        }
        self.waiting.push_back(Message::text(text));
        true
    }

    /// Asks for a sign of life now and then; says so if there was none for too long, or nothing
    /// could be said.
    pub(super) fn check(&mut self) -> Result<(), EngineFault> {
        let now = Instant::now();
        let stuck = !self.waiting.is_empty() && now - self.moved > STUCK_FOR;
        if stuck || now - self.heard > SILENT_FOR {
            return Err(EngineFault::Unresponsive);
        }
        if now - self.pinged > PING_EVERY {
            self.pinged = now;
            if self.waiting.len() < MOST_WAITING {
                self.waiting.push_back(Message::Ping(Bytes::new()));
            }
        }
        Ok(())
    }

    /// The next message; meanwhile what waits goes out.
    ///
    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Received {
        loop {
            let message = poll_fn(|context| {
                if let Poll::Ready(Err(error)) = self.poll_send(context) {
                    return Poll::Ready(Some(Err(error)));
                }
                Pin::new(&mut self.wire).poll_next(context)
            });
            let Some(Ok(message)) = message.await else {
                return Received::Lost(EngineFault::Lost);
            };
            self.heard = Instant::now();
            match message {
                Message::Text(text) => return Received::Text(text.to_string()),
                Message::Binary(_) => return Received::Binary,
                Message::Close(said) => return closed(said.as_ref()),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Says the last words and goodbye, without waiting long for anybody to hear them.
    pub(super) async fn close(mut self, last: Option<String>) {
        self.waiting.extend(last.map(Message::text));
        let goodbye = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        self.waiting.push_back(Message::Close(Some(goodbye)));
        let sent = poll_fn(|context| self.poll_send(context));
        let _ = timeout(CLOSING, sent).await;
    }

    /// Ready when nothing waits.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.waiting.is_empty() {
            match Pin::new(&mut self.wire).poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            if let Some(message) = self.waiting.pop_front() {
                self.moved = Instant::now();
                Pin::new(&mut self.wire).start_send(message)?;
            }
        }
        Pin::new(&mut self.wire).poll_flush(context)
    }
}

fn closed(said: Option<&CloseFrame>) -> Received {
    match said.map(|frame| frame.code) {
        Some(CloseCode::Normal) => Received::Goodbye,
        _ => Received::Lost(EngineFault::Lost),
    }
}
