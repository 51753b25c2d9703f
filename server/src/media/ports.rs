//! Pairs of UDP ports for RTP and RTCP, taken at random from the configured range.
//!
//! Random, so that a stranger cannot guess where a call's audio goes (RFC 3550 §9); a pair that
//! was just freed rests a while, so that stragglers of the old call do not reach the next one.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::Rng as _;

/// How long a freed pair is left alone while others are free.
const REST: Duration = Duration::from_secs(30);

/// How many random ports are tried that another process turns out to hold.
const ATTEMPTS: usize = 32;

/// The RTP ports of this server.
#[derive(Debug, Clone)]
pub struct PortPool(Arc<Mutex<Pairs>>);

/// A bound pair of sockets, non-blocking; dropping it frees the ports.
#[derive(Debug)]
pub struct PortPair {
    /// Audio and digits, on the even port.
    pub rtp: UdpSocket,
    /// Reports, on the next odd port.
    pub rtcp: mio::net::UdpSocket,
    lease: Lease,
}

/// Why no pair could be had.
#[derive(Debug, thiserror::Error)]
pub enum NoPort {
    /// Every pair of the range is in use: the range is smaller than the call limit needs.
    #[error("all {0} RTP port pairs are in use")]
    Exhausted(usize),
    /// The address is not ours, or the system refuses sockets.
    #[error("RTP socket on {address}: {source}")]
    Socket {
        /// The address that was to be bound.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

#[derive(Debug)]
struct Pairs {
    total: usize,
    free: Vec<u16>,
    taken: BTreeSet<u16>,
    resting: VecDeque<(u16, Instant)>,
}

/// Returns its port to the pool when dropped.
#[derive(Debug)]
struct Lease {
    port: u16,
    pairs: Arc<Mutex<Pairs>>,
}

// === impl PortPool ===

impl PortPool {
    /// A pool over `range`; only whole pairs (even, odd) inside it count.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        let free: Vec<u16> = range
            .clone()
            .filter(|port| *port != 0 && port % 2 == 0 && *port < *range.end())
            .collect();
        Self(Arc::new(Mutex::new(Pairs {
            total: free.len(),
            free,
            taken: BTreeSet::new(),
            resting: VecDeque::new(),
        })))
    }

    /// How many calls the range has room for.
    pub fn capacity(&self) -> usize {
        self.0.lock().total
    }

    /// How many pairs are in use.
    pub fn in_use(&self) -> usize {
        self.0.lock().taken.len()
    }

    /// Binds a random free pair on `address`, passing over ports that another process holds.
    pub fn open(&self, address: IpAddr) -> Result<PortPair, NoPort> {
        let mut held_by_others = Vec::new();
        for _ in 0..ATTEMPTS {
            let lease = self.lease()?;
            match bind_pair(address, lease.port) {
                Ok((rtp, rtcp)) => return Ok(PortPair { rtp, rtcp, lease }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    held_by_others.push(lease);
                }
                Err(source) => {
                    let address = SocketAddr::new(address, lease.port);
                    return Err(NoPort::Socket { address, source });
                }
            }
        }
        Err(NoPort::Exhausted(self.capacity()))
    }

    fn lease(&self) -> Result<Lease, NoPort> {
        let mut pairs = self.0.lock();
        pairs.wake(Instant::now());
        let port = pairs.take().ok_or(NoPort::Exhausted(pairs.total))?;
        Ok(Lease {
            port,
            pairs: Arc::clone(&self.0),
        })
    }
}

// === impl PortPair ===

impl PortPair {
    /// The RTP port; RTCP's is the next one.
    pub fn port(&self) -> u16 {
        self.lease.port
    }
}

// === impl Pairs ===

impl Pairs {
    /// Puts pairs that have rested long enough back among the free ones.
    fn wake(&mut self, now: Instant) {
        while let Some((port, freed)) = self.resting.front().copied() {
            if now.duration_since(freed) < REST {
                break;
            }
            self.resting.pop_front();
            self.free.push(port);
        }
    }

    /// A random free port, else the one that has rested longest.
    fn take(&mut self) -> Option<u16> {
        let port = if self.free.is_empty() {
            self.resting.pop_front()?.0
        } else {
            let index = rand::rng().random_range(0..self.free.len());
            self.free.swap_remove(index)
        };
        self.taken.insert(port);
        Some(port)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut pairs = self.pairs.lock();
        if pairs.taken.remove(&self.port) {
            pairs.resting.push_back((self.port, Instant::now()));
        }
    }
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<(UdpSocket, mio::net::UdpSocket)> {
    let rtp = UdpSocket::bind((address, port))?;
    let rtcp = UdpSocket::bind((address, port + 1))?;
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    Ok((rtp, mio::net::UdpSocket::from_std(rtcp)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// Ports of this process alone, so that test runs side by side leave each other in peace.
    fn ports(from: u16, to: u16) -> RangeInclusive<u16> {
        let base = 12_000 + u16::try_from(std::process::id() % 40).unwrap() * 200;
        base + from..=base + to
    }

    #[test]
    fn rtp_is_even_and_rtcp_the_next_odd_port() {
        let pair = PortPool::new(ports(1, 41)).open(LOOPBACK).unwrap();
        assert_eq!(pair.port() % 2, 0);
        assert_eq!(pair.rtp.local_addr().unwrap().port(), pair.port());
        assert_eq!(pair.rtcp.local_addr().unwrap().port(), pair.port() + 1);
    }

    #[test]
    fn counts_only_whole_pairs() {
        assert_eq!(PortPool::new(10_000..=10_001).capacity(), 1);
        assert_eq!(PortPool::new(10_000..=10_000).capacity(), 0);
        assert_eq!(PortPool::new(10_001..=10_004).capacity(), 1);
        assert_eq!(PortPool::new(0..=3).capacity(), 1);
    }

    #[test]
    fn an_empty_pool_says_so_and_a_dropped_pair_comes_back() {
        let pool = PortPool::new(ports(50, 53));
        let first = pool.open(LOOPBACK).unwrap();
        let _second = pool.open(LOOPBACK).unwrap();
        assert!(matches!(pool.open(LOOPBACK), Err(NoPort::Exhausted(2))));
        let port = first.port();
        drop(first);
        assert_eq!(pool.in_use(), 1);
        assert_eq!(pool.open(LOOPBACK).unwrap().port(), port);
    }

    #[test]
    fn a_freed_pair_rests_while_others_are_free() {
        let pool = PortPool::new(ports(60, 99));
        let first = pool.open(LOOPBACK).unwrap().port();
        for _ in 0..12 {
            assert_ne!(pool.open(LOOPBACK).unwrap().port(), first);
        }
    }

    #[test]
    fn passes_over_a_port_another_process_holds() {
        let _other = UdpSocket::bind((LOOPBACK, *ports(110, 113).start())).unwrap();
        let pool = PortPool::new(ports(110, 113));
        assert_eq!(
            pool.open(LOOPBACK).unwrap().port(),
            *ports(112, 113).start()
        );
        assert_eq!(pool.in_use(), 0);
    }
}
