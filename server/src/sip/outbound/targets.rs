//! Where a request of ours goes: the addresses of a host, and whether they lead out of here.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use app::domain::sip::{Host, Transport};

use crate::sip::Edge;
use crate::sip::address::route_to;

/// How long name servers may take.
const RESOLVE: Duration = Duration::from_secs(4);

/// A place to send requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sip) struct Place {
    pub host: Host,
    /// Without one, SRV records say which.
    pub port: Option<u16>,
    pub transport: Transport,
}

/// Why there is no way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sip) enum NoWay {
    /// The name has no address.
    NoAddress(Host),
    /// Every address is this server, or leads nowhere.
    OwnAddress(IpAddr),
}

impl Edge {
    /// The addresses to try, in order. Those that would bring a call back to this machine are left
    /// out, unless a lab says otherwise.
    pub(in crate::sip) async fn targets(&self, place: &Place) -> Result<Vec<SocketAddr>, NoWay> {
        let found = self.look_up(place).await;
        let Some(first) = found.first().map(SocketAddr::ip) else {
            return Err(NoWay::NoAddress(place.host.clone()));
        };
        let outside: Vec<SocketAddr> = found
            .into_iter()
            .filter(|target| !self.leads_here(target.ip()))
            .collect();
        if outside.is_empty() {
            return Err(NoWay::OwnAddress(first));
        }
        Ok(outside)
    }

    /// An address of this host that must not be called, if it has one.
    pub(in crate::sip) async fn address_here(&self, host: &Host) -> Option<IpAddr> {
        if self.config.allow_local_targets {
            // Whatever the name servers say.
            return None;
        }
        let place = Place {
            host: host.clone(),
            port: Some(5060),
            transport: Transport::Udp,
        };
        let found = self.look_up(&place).await;
        found
            .iter()
            .map(SocketAddr::ip)
            .find(|ip| self.leads_here(*ip))
    }

    /// Whether a call there would come back in, or go nowhere: asked when a trunk is saved, and
    /// again whenever something is sent. A lab may allow it.
    fn leads_here(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let told = self.config.external_ip.map(|own| own.to_canonical());
        !self.config.allow_local_targets && (told == Some(ip) || is_here(ip))
    }

    async fn look_up(&self, place: &Place) -> Vec<SocketAddr> {
        let looking = self.names.targets(&place.host, place.port, place.transport);
        tokio::time::timeout(RESOLVE, looking)
            .await
            .unwrap_or_default()
    }
}

/// Loopback, link-local, nowhere, or an address of this machine.
fn is_here(ip: IpAddr) -> bool {
    let nowhere = match ip {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
        }
    };
    // The way to an address of one's own begins at that very address.
    nowhere || route_to(SocketAddr::new(ip, 5060)) == Some(ip)
}
