//! What we call ourselves towards a peer: the local address inside, the external one outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

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
        let port = match (flow.transport, self.local_tls) {
            (Transport::Tls, Some(tls)) => tls.port(),
            _ => self.local.port(),
        };
        let peer = flow.peer.ip();
        match (self.public(flow, peer), &self.config.external_host) {
            (Some(ip), _) => SocketAddr::new(ip, port).to_string(),
            (None, Some(host)) if !self.is_inside(peer) => format!("{host}:{port}"),
            (None, _) => SocketAddr::new(Self::local_ip(flow), port).to_string(),
        }
    }

    /// The Via of a new request of ours, with a branch of its own.
    pub(super) fn via(&self, flow: &Flow) -> String {
        let (transport, sent_by) = (flow.transport, self.sent_by(flow));
        let branch = self.clock.new_uuid().simple();
        format!("SIP/2.0/{transport} {sent_by};branch=z9hG4bK{branch};rport")
    }

    /// Where a call's audio is bound, and what the peer is told: in the family its own audio has
    /// (`theirs`, if it said), which may be another than its signalling's.
    pub(super) fn media_address(&self, flow: &Flow, theirs: Option<IpAddr>) -> LocalAddress {
        let theirs = theirs.unwrap_or(flow.peer.ip());
        let bound = self.config.rtp_addr.unwrap_or(self.local.ip());
        if !bound.is_unspecified() {
            let advertised = self.public(flow, bound).unwrap_or(bound);
            let bind = bound;
            return LocalAddress { bind, advertised };
        }
        let local = if same_family(theirs, flow.peer.ip()) {
            Self::local_ip(flow)
        } else {
            route_to(SocketAddr::new(theirs, 9)).unwrap_or_else(|| Self::local_ip(flow))
        };
        LocalAddress {
            bind: any(local),
            advertised: self.public(flow, local).unwrap_or(local),
        }
    }

    /// What a peer outside is told instead of `local`: the public address, if it has that family.
    fn public(&self, flow: &Flow, local: IpAddr) -> Option<IpAddr> {
        let external = self.config.external_ip?;
        (!self.is_inside(flow.peer.ip()) && same_family(external, local)).then_some(external)
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
pub(super) fn route_to(peer: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any(peer.ip()), 0)).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

fn same_family(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical().is_ipv4() == b.to_canonical().is_ipv4()
}

/// All interfaces, in the family of `address`.
fn any(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
