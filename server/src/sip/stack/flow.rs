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
    /// Open until the connection is gone; UDP is always open.
    open: Option<mpsc::Sender<TransportEvent>>,
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
    local: SocketAddr,
}

impl Flow {
    pub async fn datagrams(socket: Arc<tokio::net::UdpSocket>) -> std::io::Result<Datagrams> {
        let local = socket.local_addr()?;
        let inner = UdpInner {
            conn: Arc::new(SendOnly(socket)),
            addr: sip_addr(local, Wire::Udp),
        };
        let connection = UdpConnection::attach(inner, None, None).await;
        Ok(Datagrams {
            connection: connection.into(),
            local,
        })
    }

    /// A connection, and what is to be written to it.
    pub async fn stream(local: SocketAddr, peer: SocketAddr) -> std::io::Result<(Self, Outbox)> {
        let (send, outbox) = mpsc::channel(OUTBOX);
        // The library reads from a channel nobody writes to: frames are delivered directly.
        let (_, nothing) = mpsc::unbounded_channel();
        let address = sip_addr(peer, Wire::Tcp);
        let connection =
            ChannelConnection::create_connection_bounded(nothing, send.clone(), address, None)
                .await
                .map_err(std::io::Error::other)?;
        let flow = Self {
            peer,
            transport: Transport::Tcp,
            local,
            connection: connection.into(),
            open: Some(send),
        };
        Ok((flow, Outbox(outbox)))
    }

    /// Can anything still be sent this way?
    pub fn is_open(&self) -> bool {
        self.open.as_ref().is_none_or(|open| !open.is_closed())
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
            open: None,
        }
    }
}

/// What the stack wants written to a connection.
pub struct Outbox(mpsc::Receiver<TransportEvent>);

impl Outbox {
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.0.recv().await? {
                TransportEvent::Incoming(message, ..) => return Some(message.to_bytes()),
                TransportEvent::New(_) | TransportEvent::Closed(_) => {}
            }
        }
    }
}

fn sip_addr(address: SocketAddr, wire: Wire) -> SipAddr {
    SipAddr {
        r#type: Some(wire),
        addr: address.into(),
    }
}
