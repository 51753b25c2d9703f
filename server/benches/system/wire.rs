//! How a caller's messages travel: as datagrams, or encrypted.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Outcome;

pub(crate) enum Wire {
    Udp {
        socket: UdpSocket,
        server: SocketAddr,
    },
    Tls {
        stream: Box<StreamOwned<ClientConnection, TcpStream>>,
        /// What came and is no whole message yet.
        rest: Vec<u8>,
    },
}

impl Wire {
    pub(crate) fn udp(server: SocketAddr, local: &str) -> Outcome<Self> {
        let socket = UdpSocket::bind(local)?;
        Ok(Self::Udp { socket, server })
    }

    /// To whoever has this certificate.
    pub(crate) fn tls(server: SocketAddr, certificate: &CertificateDer<'static>) -> Outcome<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(server.ip());
        let client = ClientConnection::new(Arc::new(config), name)?;
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        Ok(Self::Tls {
            stream: Box::new(StreamOwned::new(client, stream)),
            rest: Vec::new(),
        })
    }

    pub(crate) fn local(&self) -> Outcome<SocketAddr> {
        Ok(match self {
            Self::Udp { socket, .. } => socket.local_addr()?,
            Self::Tls { stream, .. } => stream.sock.local_addr()?,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Udp { .. } => "UDP",
            Self::Tls { .. } => "TLS",
        }
    }

    /// Whether what was sent may get lost.
    pub(crate) fn forgets(&self) -> bool {
        matches!(self, Self::Udp { .. })
    }

    pub(crate) fn send(&mut self, message: &str) -> Outcome<()> {
        match self {
            Self::Udp { socket, server } => {
                socket.send_to(message.as_bytes(), *server)?;
            }
            Self::Tls { stream, .. } => {
                stream.write_all(message.as_bytes())?;
                stream.flush()?;
            }
        }
        Ok(())
    }

    /// The next message, if one comes until then.
    pub(crate) fn receive(&mut self, until: Instant) -> Outcome<Option<String>> {
        let mut buffer = vec![0; 65_536];
        loop {
            if let Self::Tls { rest, .. } = self
                && let Some(length) = whole(rest)
            {
                let message: Vec<u8> = rest.drain(..length).collect();
                return Ok(Some(String::from_utf8_lossy(&message).into_owned()));
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Ok(None);
            };
            let patience = Some(left.max(Duration::from_millis(1)));
            let read = match self {
                Self::Udp { socket, .. } => {
                    socket.set_read_timeout(patience)?;
                    socket.recv(&mut buffer)
                }
                Self::Tls { stream, .. } => {
                    stream.sock.set_read_timeout(patience)?;
                    stream.read(&mut buffer)
                }
            };
            let length = match read {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(length) => length,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            let came = buffer.get(..length).unwrap_or_default();
            match self {
                Self::Udp { .. } => return Ok(Some(String::from_utf8_lossy(came).into_owned())),
                Self::Tls { rest, .. } => rest.extend_from_slice(came),
            }
        }
    }
}

/// How long the first message is, once it is there as a whole (RFC 3261 §18.3).
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(bytes.get(..head)?);
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.trim().eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok())?
    });
    let length = head + body.unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}
