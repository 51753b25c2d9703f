//! Where carriers send calls, and the trunk with everything they must be told.

use serde::{Deserialize, Serialize};

use crate::domain::id::AccessId;
use crate::domain::inbound::{InboundTrunk, Region};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::Transport;

/// The trunk with what a carrier must be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkView {
    /// The trunk.
    pub trunk: InboundTrunk,
    /// The endpoint of the region chosen.
    pub endpoint: Endpoint,
    /// All regions, those without a host of their own included.
    pub regions: Vec<RegionView>,
    /// Newest digest access, whose credentials are shown first.
    pub newest: Option<AccessId>,
    /// Its username.
    pub username: Option<String>,
}

/// Where carriers send calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// Port of UDP and TCP.
    pub port: u16,
    /// Port of TLS, if it is served.
    pub tls_port: Option<u16>,
    /// Over what it listens.
    pub transports: Vec<Transport>,
    /// How far it can be reached from.
    pub reach: Reach,
}

/// How far an endpoint can be reached from, judged by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Loopback.
    ThisComputer,
    /// A private range.
    ThisNetwork,
    /// A public address or a name.
    Internet,
}

/// One region of the choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionView {
    /// Which.
    pub region: Region,
    /// Its endpoint; without a host of its own, none but `global` may be chosen.
    pub endpoint: Option<Endpoint>,
    /// The setting that would give it one, such as `sip.regions.us`.
    pub setting: String,
}

/// What a sync did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Synced {
    /// The trunk after it.
    pub trunk: TrunkView,
    /// Numbers that came.
    pub added: Vec<PhoneNumber>,
    /// Numbers that went.
    pub removed: Vec<PhoneNumber>,
}
