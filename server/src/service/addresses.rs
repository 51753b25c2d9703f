//! The endpoints that carriers are told, and how far each can be reached from.

use std::net::IpAddr;

use app::domain::endpoint::{Endpoint, Reach, RegionView};
use app::domain::inbound::Region;
use app::domain::sip::Transport;
use app::error::Reason;

/// From the configuration; fixed while the server runs.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The host of `global`.
    pub host: String,
    /// UDP and TCP.
    pub port: u16,
    /// TLS, if it is served.
    pub tls_port: Option<u16>,
    pub us: Option<String>,
    pub eu: Option<String>,
    pub apac: Option<String>,
}

impl Addresses {
    /// A region that has no host of its own cannot be chosen.
    pub(super) fn may_choose(&self, region: Region) -> Result<(), Reason> {
        match self.host(region) {
            Some(_) => Ok(()),
            None => Err(Reason::RegionWithoutHost {
                setting: setting(region),
            }),
        }
    }

    /// The endpoint of a region, or of `global` if the region has none any more.
    pub(super) fn endpoint(&self, region: Region) -> Endpoint {
        self.at(self.host(region).unwrap_or(&self.host))
    }

    /// Every region.
    pub fn regions(&self) -> Vec<RegionView> {
        Region::ALL
            .iter()
            .map(|region| RegionView {
                region: *region,
                endpoint: self.host(*region).map(|host| self.at(host)),
                setting: setting(*region),
            })
            .collect()
    }

    fn host(&self, region: Region) -> Option<&str> {
        match region {
            Region::Global => Some(&self.host),
            Region::Us => self.us.as_deref(),
            Region::Eu => self.eu.as_deref(),
            Region::Apac => self.apac.as_deref(),
        }
    }

    fn at(&self, host: &str) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port: self.port,
            tls_port: self.tls_port,
            transports: [Transport::Udp, Transport::Tcp]
                .into_iter()
                .chain(self.tls_port.map(|_| Transport::Tls))
                .collect(),
            reach: reach(host),
        }
    }
}

fn setting(region: Region) -> String {
    match region {
        Region::Global => "sip.external_host".to_owned(),
        other => format!("sip.regions.{other}"),
    }
}

fn reach(host: &str) -> Reach {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        _ if host.eq_ignore_ascii_case("localhost") => Reach::ThisComputer,
        Ok(ip) if ip.is_loopback() || ip.is_unspecified() => Reach::ThisComputer,
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() => Reach::ThisNetwork,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => {
            Reach::ThisNetwork
        }
        _ => Reach::Internet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_is_judged_by_the_address() {
        for (host, expect) in [
            ("127.0.0.1", Reach::ThisComputer),
            ("localhost", Reach::ThisComputer),
            ("[::1]", Reach::ThisComputer),
            ("10.0.0.4", Reach::ThisNetwork),
            ("fd00::1", Reach::ThisNetwork),
            ("198.51.100.7", Reach::Internet),
            ("sip.example.com", Reach::Internet),
        ] {
            assert_eq!(reach(host), expect, "{host}");
        }
    }
}
