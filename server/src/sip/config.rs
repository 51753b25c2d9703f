//! What the edge needs to know of the configuration, as plain values.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::digest::Algorithm;
use super::guard::limits::{LimitsConfig, Rate};
use super::message::Text;
use super::timer::TimerRules;
use super::tls::Certificate;

/// As long as a leg of ours would ring.
const NEWS: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// UDP and TCP.
    pub addr: SocketAddr,
    /// Where TLS is served, and with which certificate.
    pub tls: Option<(SocketAddr, Certificate)>,
    /// Certificate authorities trusted beside the system's.
    pub tls_ca: Option<PathBuf>,
    /// Asked for names; none means the system's.
    pub dns_servers: Vec<IpAddr>,
    /// Trunks and destinations may be on this machine: for tests and labs.
    pub allow_local_targets: bool,
    pub t1: Duration,
    /// Challenges, in this order.
    pub digest: Vec<Algorithm>,
    pub realm: String,
    pub external_host: Option<String>,
    pub external_ip: Option<IpAddr>,
    /// Peers inside get the local address.
    pub local_networks: Vec<IpNet>,
    pub trusted_proxies: Vec<IpNet>,
    /// Where audio is bound; the host of `addr` if not set.
    pub rtp_addr: Option<IpAddr>,
    pub limits: LimitsConfig,
    pub streams: StreamLimits,
    pub timer: TimerRules,
    pub product: Text,
    pub retry_after_s: u32,
    /// How long a call rings before its agent picks up.
    pub ring_for: Duration,
    /// How long news of a call that a peer was asked to make (REFER) are waited for.
    pub news_for: Duration,
}

/// What a TCP peer may hold on to.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    pub per_source: usize,
    pub total: usize,
    pub idle: Duration,
    /// Time for a whole message once it has begun, the first one included.
    pub hurry: Duration,
}

impl Default for EdgeConfig {
    /// The defaults of `config.default.toml`, on a free loopback port.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            tls_ca: None,
            dns_servers: Vec::new(),
            allow_local_targets: false,
            t1: Duration::from_millis(500),
            digest: vec![Algorithm::Md5, Algorithm::Sha256],
            realm: "patchbay".to_owned(),
            external_host: None,
            external_ip: None,
            local_networks: Vec::new(),
            trusted_proxies: Vec::new(),
            rtp_addr: None,
            limits: LimitsConfig::default(),
            streams: StreamLimits {
                per_source: 64,
                total: 2000,
                idle: Duration::from_secs(600),
                hurry: Duration::from_secs(10),
            },
            timer: TimerRules::default(),
            product: "Patchbay".into(),
            retry_after_s: 30,
            ring_for: Duration::ZERO,
            news_for: NEWS,
        }
    }
}

impl EdgeConfig {
    /// The edge's share of the whole configuration.
    pub fn of(config: &crate::config::Config) -> Self {
        let sip = &config.sip;
        let guard = &sip.guard;
        let networks = |list: &[crate::config::Network]| {
            list.iter().map(crate::config::Network::net).collect()
        };
        let external_host = sip.external_host.get().map(ToString::to_string);
        Self {
            addr: sip.addr,
            tls: match (sip.tls_addr.get(), sip.tls_cert.get(), sip.tls_key.get()) {
                (Some(addr), Some(chain), Some(key)) => Some((
                    addr.0,
                    Certificate {
                        chain: chain.clone(),
                        key: key.clone(),
                    },
                )),
                _ => None,
            },
            tls_ca: sip.tls_ca.get().cloned(),
            dns_servers: sip.dns_servers.iter().copied().collect(),
            allow_local_targets: sip.allow_local_targets,
            t1: Duration::from_millis(u64::from(sip.t1_ms)),
            digest: sip
                .digest
                .iter()
                .map(|algorithm| match algorithm {
                    crate::config::DigestAlgorithm::Md5 => Algorithm::Md5,
                    crate::config::DigestAlgorithm::Sha256 => Algorithm::Sha256,
                })
                .collect(),
            realm: external_host
                .clone()
                .unwrap_or_else(|| "patchbay".to_owned()),
            external_host,
            external_ip: sip.external_ip.get().copied(),
            local_networks: networks(&sip.local_networks),
            trusted_proxies: networks(&sip.trusted_proxies),
            rtp_addr: sip.rtp_addr.get().copied(),
            limits: LimitsConfig {
                stranger: Rate {
                    per_s: guard.rate_per_s,
                    burst: guard.burst,
                },
                known: Rate {
                    per_s: guard.known_rate_per_s,
                    burst: guard.known_burst,
                },
                ban_after: guard.ban_after,
                ban_ms: i64::from(guard.ban_s) * 1000,
            },
            streams: StreamLimits {
                per_source: usize::try_from(guard.connections_per_source).unwrap_or(usize::MAX),
                total: usize::try_from(guard.max_connections).unwrap_or(usize::MAX),
                idle: Duration::from_secs(u64::from(guard.connection_idle_s)),
                hurry: Duration::from_secs(u64::from(guard.handshake_s)),
            },
            timer: TimerRules {
                expires_s: sip.session_expires_s,
                min_se_s: sip.min_se_s,
            },
            product: sip.product.as_str().into(),
            retry_after_s: config.shutdown.retry_after_s,
            ring_for: Duration::ZERO,
            news_for: NEWS,
        }
    }
}
