//! Which sessions of a thread have reports to read: asked once for all of them.
//!
//! A thread looks every 20 ms and reports come every five seconds (RFC 3550 §6.2). To read each socket in vain
//! would be a system call that costs more than others: a socket that rests is in no cache.

use std::io;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use super::ports::PortPair;

/// Sockets that are told of at once; others are told of in the next frame.
const MOST: usize = 256;

/// One for each thread that carries audio.
#[derive(Debug)]
pub(super) struct Doorbell {
    poll: Poll,
    events: Events,
}

impl Doorbell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(MOST),
        })
    }

    /// It rings for this pair's reports from now on, until the pair is dropped.
    pub(super) fn watch(&self, ports: &mut PortPair) -> io::Result<()> {
        let token = token(ports.port());
        let registry = self.poll.registry();
        registry.register(&mut ports.rtcp, token, Interest::READABLE)
    }

    /// Looks who has rung since the last time. Waits for nobody.
    pub(super) fn look(&mut self) {
        // An interrupted look has taken nothing: what rang is told of the next time.
        if self
            .poll
            .poll(&mut self.events, Some(Duration::ZERO))
            .is_err()
        {
            self.events.clear();
        }
    }

    /// Whether a report came to the pair of this port. It rings for what is new, once: whoever does
    /// not read everything has to remember that.
    pub(super) fn rang(&self, port: u16) -> bool {
        let token = token(port);
        self.events.iter().any(|event| event.token() == token)
    }
}

fn token(port: u16) -> Token {
    Token(usize::from(port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ports::PortPool;
    use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn ring(bell: &mut Doorbell, ports: &PortPair) -> bool {
        bell.look();
        bell.rang(ports.port())
    }

    #[test]
    fn it_rings_once_for_what_is_new_and_for_nobody_else() {
        let pool = PortPool::new(28_000..=28_999);
        let (mut one, mut other) = (pool.open(LOOPBACK).unwrap(), pool.open(LOOPBACK).unwrap());
        let mut bell = Doorbell::new().unwrap();
        bell.watch(&mut one).unwrap();
        bell.watch(&mut other).unwrap();
        assert!(!ring(&mut bell, &one));

        let sender = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let reports = SocketAddr::new(LOOPBACK, one.port() + 1);
        sender.send_to(b"one", reports).unwrap();
        sender.send_to(b"two", reports).unwrap();
        assert!(ring(&mut bell, &one));
        assert!(!bell.rang(other.port()));
        assert!(!ring(&mut bell, &one), "it has told that");
        sender.send_to(b"three", reports).unwrap();
        assert!(ring(&mut bell, &one));

        sender
            .send_to(b"audio", SocketAddr::new(LOOPBACK, other.port()))
            .unwrap();
        assert!(!ring(&mut bell, &other), "audio is looked for every time");
    }

    #[test]
    fn who_came_before_it_was_fitted_has_rung_too() {
        let mut ports = PortPool::new(29_000..=29_499).open(LOOPBACK).unwrap();
        let sender = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let reports = SocketAddr::new(LOOPBACK, ports.port() + 1);
        sender.send_to(b"early", reports).unwrap();
        let mut bell = Doorbell::new().unwrap();
        bell.watch(&mut ports).unwrap();
        assert!(ring(&mut bell, &ports));
    }
}
