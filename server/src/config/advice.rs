//! What is allowed but unwise: said by `check-config`, at start and in the console.

use std::net::IpAddr;

use super::Config;

/// One sentence for each thing an operator should know.
pub fn advise(config: &Config) -> Vec<String> {
    [
        advertised(config),
        rtp_range(config),
        plain_http(config),
        public_url_elsewhere(config),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Carriers on the internet cannot call a private address.
fn advertised(config: &Config) -> Option<String> {
    let sip = &config.sip;
    if sip.external_host.get().is_none() && sip.external_ip.get().is_none() {
        return Some(
            "sip.external_host and sip.external_ip are not set: carriers are given an address of \
             this machine, which is private behind NAT."
                .into(),
        );
    }
    let address = sip.external_ip.get()?;
    is_private(*address).then(|| {
        format!("sip.external_ip {address} is private: a carrier on the internet cannot reach it.")
    })
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

fn rtp_range(config: &Config) -> Option<String> {
    let (range, calls) = (config.sip.rtp_ports, config.sip.max_calls);
    (range.pairs() < calls).then(|| {
        format!(
            "sip.rtp_ports {range} has room for {} calls, sip.max_calls allows {calls}.",
            range.pairs()
        )
    })
}

fn plain_http(config: &Config) -> Option<String> {
    let url = &config.http.public_url;
    (!url.is_https() && !url.is_loopback()).then(|| {
        format!(
            "http.public_url {url} is plain http: passwords cross the network readable, and the \
             sign-in cookie cannot be Secure. Put https in front."
        )
    })
}

fn public_url_elsewhere(config: &Config) -> Option<String> {
    let wide = !config.http.addr.ip().is_loopback();
    (wide && config.http.public_url.is_loopback()).then(|| {
        format!(
            "http.addr {} is reachable from elsewhere, but http.public_url {} is not: signing in \
             from another machine is refused.",
            config.http.addr, config.http.public_url
        )
    })
}
