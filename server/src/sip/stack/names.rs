//! Names of SIP hosts: SRV, then A and AAAA (RFC 3263 §4.2), by the library's resolver.

use std::net::{IpAddr, SocketAddr};

use app::domain::sip::{Host, Transport};
use rsipstack::resolver::SipResolver;
use rsipstack::sip::{Domain, Transport as Wire};

/// Looks names up: at the servers named, else as the system does.
#[derive(Clone)]
pub struct Names(SipResolver);

impl Names {
    pub fn new(servers: &[IpAddr]) -> Self {
        Self(match servers {
            [] => SipResolver::new(),
            servers => SipResolver::with_nameservers(servers.to_vec()),
        })
    }

    /// The addresses of a host in the order in which they are to be tried; none if it has none.
    /// Without a port its SRV records say which.
    pub async fn targets(
        &self,
        host: &Host,
        port: Option<u16>,
        transport: Transport,
    ) -> Vec<SocketAddr> {
        if let Some(ip) = host.ip() {
            return vec![SocketAddr::new(
                ip,
                port.unwrap_or(transport.default_port()),
            )];
        }
        let wire = match transport {
            Transport::Udp => Wire::Udp,
            Transport::Tcp => Wire::Tcp,
            Transport::Tls => Wire::Tls,
        };
        let domain = Domain(host.to_string());
        let secure = transport == Transport::Tls;
        let found = self
            .0
            .lookup(&domain, port.map(Into::into), Some(wire), secure)
            .await;
        let mut targets: Vec<SocketAddr> = Vec::new();
        for target in found.unwrap_or_default() {
            if !targets.contains(&target.addr) {
                targets.push(target.addr);
            }
        }
        targets
    }
}
