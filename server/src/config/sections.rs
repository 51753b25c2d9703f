//! The settings, section by section. What each means stands in
//! `config.default.toml`; here is only what kind it is.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::domain::sip::{HeaderName, Host};
use serde::Deserialize;

use super::values::{
    DatabaseUrl, DigestAlgorithm, InstanceName, List, LogFormat, Network, Optional, PortRange,
    PublicUrl, parsed,
};

/// Everything an operator can set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub data: Data,
    pub database: Database,
    pub sign_in: SignIn,
    pub sip: Sip,
    pub media: Media,
    pub limits: Limits,
    pub retention: Retention,
    pub webhooks: Webhooks,
    pub engines: Engines,
    pub log: Log,
    pub shutdown: Shutdown,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    #[serde(deserialize_with = "parsed_address")]
    pub addr: SocketAddr,
    #[serde(deserialize_with = "parsed")]
    pub public_url: PublicUrl,
    pub trusted_proxies: List<Network>,
    pub metrics_from: List<Network>,
    pub site_dir: Optional<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
    pub key_file: Optional<PathBuf>,
    pub instance: Optional<InstanceName>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: Optional<DatabaseUrl>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub idle_minutes: u32,
    pub max_hours: u32,
    pub free_tries: u32,
    pub max_wait_s: u32,
    pub parallel_hashes: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    #[serde(deserialize_with = "parsed_address")]
    pub addr: SocketAddr,
    pub tls_addr: Optional<Address>,
    pub tls_cert: Optional<PathBuf>,
    pub tls_key: Optional<PathBuf>,
    pub tls_ca: Optional<PathBuf>,
    pub dns_servers: List<IpAddr>,
    pub external_host: Optional<Host>,
    pub external_ip: Optional<IpAddr>,
    pub local_networks: List<Network>,
    pub trusted_proxies: List<Network>,
    #[serde(deserialize_with = "parsed")]
    pub rtp_ports: PortRange,
    pub rtp_addr: Optional<IpAddr>,
    pub digest: List<DigestAlgorithm>,
    pub t1_ms: u32,
    pub max_calls: u32,
    pub session_expires_s: u32,
    pub min_se_s: u32,
    #[serde(deserialize_with = "parsed")]
    pub agent_id_header: HeaderName,
    pub product: String,
    pub allow_local_targets: bool,
    pub regions: Regions,
    pub guard: Guard,
}

/// `global` is `sip.external_host`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    pub us: Optional<Host>,
    pub eu: Optional<Host>,
    pub apac: Optional<Host>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    pub rate_per_s: u32,
    pub burst: u32,
    pub known_rate_per_s: u32,
    pub known_burst: u32,
    pub ban_after: u32,
    pub ban_s: u32,
    pub connections_per_source: u32,
    pub max_connections: u32,
    pub connection_idle_s: u32,
    pub handshake_s: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    pub timeout_s: u32,
    pub jitter_min_ms: u32,
    pub jitter_max_ms: u32,
    pub espeak: String,
    pub recordings_dir: Optional<PathBuf>,
    pub low_disk_mb: u32,
    pub encrypt_recordings: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub api_per_minute: u32,
    pub body_kib: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub calls_days: u32,
    pub recordings_days: u32,
    pub sip_messages_days: u32,
    pub audit_days: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub allow_private: bool,
    pub keep_days: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engines {
    pub allow_private: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    #[serde(deserialize_with = "parsed")]
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    pub drain_s: u32,
    pub retry_after_s: u32,
}

// === impl Config ===

impl Config {
    /// Where the data is: the url given, else a file in the data folder.
    pub fn database_url(&self) -> DatabaseUrl {
        let file = || DatabaseUrl::sqlite(&self.data.dir.join("patchbay.db"));
        self.database.url.get().cloned().unwrap_or_else(file)
    }

    /// The key that seals secrets at rest.
    pub fn key_file(&self) -> PathBuf {
        let beside = || self.data.dir.join("data.key");
        self.data.key_file.get().cloned().unwrap_or_else(beside)
    }

    pub fn recordings_dir(&self) -> PathBuf {
        let inside = || self.data.dir.join("recordings");
        self.media
            .recordings_dir
            .get()
            .cloned()
            .unwrap_or_else(inside)
    }
}

impl Http {
    pub fn site_dir(&self) -> Option<&Path> {
        self.site_dir.get().map(PathBuf::as_path)
    }
}

impl Shutdown {
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_s.into())
    }
}

/// A socket address that says what it should look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub SocketAddr);

impl std::str::FromStr for Address {
    type Err = super::NotAsWanted;

    fn from_str(text: &str) -> Result<Self, super::NotAsWanted> {
        let allowed =
            super::NotAsWanted("an address and a port, like 127.0.0.1:3000 or [::1]:3000");
        text.parse().map(Self).map_err(|_| allowed)
    }
}

fn parsed_address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    parsed::<Address, D>(from).map(|address| address.0)
}
