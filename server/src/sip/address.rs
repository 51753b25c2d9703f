//! What we call ourselves towards a peer: the local address inside, the external one outside.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use app::domain::sip::Transport;

use super::Edge;
use super::stack::Flow;
use crate::media::LocalAddress;

impl Edge {
    /// The Contact for a dialog on this flow.
    pub(super) fn contact(&self, flow: &Flow) -> String {
        let host = self.sent_by(flow);
        match flow.transport {
            Transport::Udp => format!("sip:{host}"),
            other => format!("sip:{host};transport={other}"),
        }
    }

    /// `host:port` for Via and Contact.
    pub(super) fn sent_by(&self, flow: &Flow) -> String {
        let port = self.local.port();
        if self.is_inside(flow.peer.ip()) {
            return SocketAddr::new(Self::local_ip(flow), port).to_string();
        }
        match (self.config.external_ip, &self.config.external_host) {
            (Some(ip), _) => SocketAddr::new(ip, port).to_string(),
            (None, Some(host)) => format!("{host}:{port}"),
            (None, None) => SocketAddr::new(Self::local_ip(flow), port).to_string(),
        }
    }

    /// Where a call's audio is bound, and what the peer is told.
    pub(super) fn media_address(&self, flow: &Flow) -> LocalAddress {
        let bind = self.config.rtp_addr.unwrap_or(self.local.ip());
        let local = if bind.is_unspecified() {
            Self::local_ip(flow)
        } else {
            bind
        };
        let advertised = match self.config.external_ip {
            Some(ip) if !self.is_inside(flow.peer.ip()) => ip,
            _ => local,
        };
        LocalAddress { bind, advertised }
    }

    fn is_inside(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.config
            .local_networks
            .iter()
            .any(|net| net.contains(&peer))
    }

    /// The address of the interface that leads to the peer.
    fn local_ip(flow: &Flow) -> IpAddr {
        let bound = flow.local.ip().to_canonical();
        if !bound.is_unspecified() {
            return bound;
        }
        route_to(flow.peer).unwrap_or(bound)
    }
}

/// Connecting a datagram socket sends nothing and tells which interface would be used.
fn route_to(peer: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if peer.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}
