//! Services elsewhere, by addresses that operators enter: where they lead, and whether they may.
//!
//! Looked at when an address is saved and again whenever it is used: a name may lead elsewhere by
//! then. So nobody reaches what stands beside this server by entering its address.

use std::net::SocketAddr;
use std::time::Duration;

use app::domain::sip::Host;
use app::domain::url::{InvalidUrl, Service, Url, is_public};
use app::error::{AppError, Reason};

/// A name server that takes longer is as good as none.
const RESOLVED_WITHIN: Duration = Duration::from_secs(3);

/// Who judges one sort of addresses.
#[derive(Clone, Copy, Debug)]
pub struct Outward {
    /// Whether they may lead to this machine and its neighbours, and be read along.
    pub allow_private: bool,
    /// The setting that says so.
    pub setting: &'static str,
}

/// Why there is no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    #[error("it has no address")]
    Unresolvable,
    #[error("its address is not a public one")]
    NotPublic,
    #[error("others could read along")]
    Insecure,
}

impl Outward {
    /// Where it leads now: every address, if all of them may be used.
    pub async fn addresses<K>(&self, url: &Url<K>) -> Result<Vec<SocketAddr>, NoWay> {
        if !self.allow_private && !url.is_secure() {
            return Err(NoWay::Insecure);
        }
        let found = look_up(url.host(), url.port()).await;
        if found.is_empty() {
            return Err(NoWay::Unresolvable);
        }
        let all_public = || found.iter().all(|address| is_public(address.ip()));
        if !self.allow_private && !all_public() {
            return Err(NoWay::NotPublic);
        }
        Ok(found)
    }

    /// Whether it may be saved. Where everything may, nothing is looked up: a lab may have no
    /// name server.
    pub async fn check<K: Service>(&self, field: &str, url: &Url<K>) -> Result<(), AppError> {
        if self.allow_private {
            return Ok(());
        }
        let host = url.host().to_string();
        let Err(why) = self.addresses(url).await else {
            return Ok(());
        };
        let reason = match why {
            NoWay::Unresolvable => Reason::Unresolvable { found: host },
            NoWay::NotPublic => Reason::PrivateAddress {
                found: host,
                setting: self.setting.to_owned(),
            },
            NoWay::Insecure => Reason::Url {
                kind: K::KIND,
                found: url.to_string(),
                why: InvalidUrl::Insecure { kind: K::KIND },
            },
        };
        Err(AppError::field(field, reason))
    }
}

async fn look_up(host: &Host, port: u16) -> Vec<SocketAddr> {
    if let Some(address) = host.ip() {
        return vec![SocketAddr::new(address, port)];
    }
    let asked = tokio::net::lookup_host((host.name().unwrap_or_default(), port));
    match tokio::time::timeout(RESOLVED_WITHIN, asked).await {
        Ok(Ok(found)) => found.collect(),
        _ => Vec::new(),
    }
}
