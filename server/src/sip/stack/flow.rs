//! The way back to a peer: a datagram socket with an address, or a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use app::domain::sip::Transport;
use rsipstack::platform::net::UdpSocket;
use rsipstack::sip::Transport as Wire;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::udp::{UdpConnection, UdpInner};
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::mpsc;

/// Messages a slow connection may leave unsent before it is held back.
const OUTBOX: usize = 128;

/// How a message came, and how its answer goes back.
#[derive(Clone)]
pub struct Flow {
    pub peer: SocketAddr,
    pub transport: Transport,
    /// Our address on this flow, as peers should see it.
    pub local: SocketAddr,
    connection: SipConnection,
    raw: Raw,
}

/// The same way for bytes that need no transaction.
#[derive(Clone)]
enum Raw {
    Datagrams(Arc<tokio::net::UdpSocket>),
    Stream(mpsc::Sender<Vec<u8>>),
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.transport, self.peer)
    }
}

/// Only sends; receiving is the listener's.
struct SendOnly(Arc<tokio::net::UdpSocket>);

#[async_trait::async_trait]
impl UdpSocket for SendOnly {
    async fn recv_from(&self, _: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        std::future::pending().await
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        let to = named_by(self.0.local_addr()?, to);
        Ok(self.0.send_to(bytes, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}

/// Makes flows of one UDP socket.
#[derive(Clone)]
pub struct Datagrams {
    connection: SipConnection,
    socket: Arc<tokio::net::UdpSocket>,
    local: SocketAddr,
}

impl Flow {
    pub async fn datagrams(socket: Arc<tokio::net::UdpSocket>) -> std::io::Result<Datagrams> {
        let local = socket.local_addr()?;
        let inner = UdpInner {
            conn: Arc::new(SendOnly(socket.clone())),
            addr: sip_addr(local, Wire::Udp),
        };
        let connection = UdpConnection::attach(inner, None, None).await;
        Ok(Datagrams {
            connection: connection.into(),
            socket,
            local,
        })
    }

    /// A connection, and what is to be written to it.
    pub async fn stream(
        local: SocketAddr,
        peer: SocketAddr,
        transport: Transport,
    ) -> std::io::Result<(Self, Outbox)> {
        let (send, messages) = mpsc::channel(OUTBOX);
        let (send_raw, raw) = mpsc::channel(OUTBOX);
        // The library reads from a channel nobody writes to: frames are delivered directly.
        let (_, nothing) = mpsc::unbounded_channel();
        let address = sip_addr(peer, Wire::Tcp);
        let connection = ChannelConnection::create_connection_bounded(nothing, send, address, None)
            .await
            .map_err(std::io::Error::other)?;
        let flow = Self {
            peer,
            transport,
            local,
            connection: connection.into(),
            raw: Raw::Stream(send_raw),
        };
        Ok((flow, Outbox { messages, raw }))
    }

    /// Can anything still be sent this way?
    pub fn is_open(&self) -> bool {
        match &self.raw {
            Raw::Datagrams(_) => true,
            Raw::Stream(queue) => !queue.is_closed(),
        }
    }

    /// Sends bytes as they are. A peer that does not read is not waited for.
    pub async fn send_raw(&self, bytes: Vec<u8>) {
        match &self.raw {
            Raw::Datagrams(socket) => {
                let _ = socket.send_to(&bytes, self.target()).await;
            }
            Raw::Stream(queue) => {
                let _ = queue.try_send(bytes);
            }
        }
    }

    /// Sends at once or, where there is no room, not at all: it will be asked for again.
    pub(super) fn send_now(&self, bytes: &[u8]) {
        match &self.raw {
            Raw::Datagrams(socket) => {
                let _ = socket.try_send_to(bytes, self.target());
            }
            Raw::Stream(queue) => {
                let _ = queue.try_send(bytes.to_vec());
            }
        }
    }

    /// The peer as our socket must name it.
    fn target(&self) -> SocketAddr {
        named_by(self.local, self.peer)
    }

    /// Nothing more will come: the connection closes when what is queued was written.
    pub async fn finish(&self) {
        self.send_raw(Vec::new()).await;
    }

    /// The same socket towards another address; a connection leads where it leads.
    pub fn towards(&self, peer: SocketAddr) -> Self {
        let peer = if self.transport == Transport::Udp {
            peer
        } else {
            self.peer
        };
        Self {
            peer,
            ..self.clone()
        }
    }

    pub(super) fn ends(&self) -> (SipConnection, SipAddr) {
        let wire = if self.transport == Transport::Udp {
            Wire::Udp
        } else {
            Wire::Tcp
        };
        (self.connection.clone(), sip_addr(self.peer, wire))
    }
}

impl Datagrams {
    pub fn flow(&self, peer: SocketAddr) -> Flow {
        Flow {
            peer,
            transport: Transport::Udp,
            local: self.local,
            connection: self.connection.clone(),
            raw: Raw::Datagrams(self.socket.clone()),
        }
    }
}

/// What is to be written to a connection.
pub struct Outbox {
    messages: mpsc::Receiver<TransportEvent>,
    raw: mpsc::Receiver<Vec<u8>>,
}

impl Outbox {
    /// `None` when nothing more is to come.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let event = tokio::select! {
                biased;
                event = self.messages.recv() => event?,
                bytes = self.raw.recv() => return bytes.filter(|bytes| !bytes.is_empty()),
            };
            if let TransportEvent::Incoming(message, ..) = event {
                return Some(message.to_bytes());
            }
        }
    }
}

/// An IPv4 peer as a dual-stack socket must name it.
fn named_by(local: SocketAddr, peer: SocketAddr) -> SocketAddr {
    match (local, peer) {
        (SocketAddr::V6(_), SocketAddr::V4(v4)) => {
            SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
        }
        _ => peer,
    }
}

fn sip_addr(address: SocketAddr, wire: Wire) -> SipAddr {
    SipAddr {
        r#type: Some(wire),
        addr: address.into(),
    }
}
