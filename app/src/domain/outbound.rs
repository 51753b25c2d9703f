//! A way out: how a carrier is reached, how it knows us, and what its trunk may be used for.
//! Knows what a form may say of it; nothing of sockets, names or SQL.

mod call_draft;
mod draft;
mod guard;
mod health;
mod identity;
mod preview;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::domain::codec::CodecOrder;
use crate::domain::country::Country;
use crate::domain::id::{AgentId, OutboundTrunkId};
use crate::domain::inbound::Srtp;
use crate::domain::phone::{NumberFormat, PhoneNumber};
use crate::domain::sip::{Host, SipUri, Transport, Username};
use crate::domain::words;

pub use call_draft::{CallDraft, NewOutgoing};
pub use draft::{NewOutbound, OutboundDraft};
pub use guard::{Busyness, Forbidden, may_dial};
pub use health::{Health, HealthState, Registration, RegistrationState, Trouble};
pub use identity::{Presented, presented};
pub use preview::{Preview, preview};

/// Which header vouches for the caller number (RFC 3325).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assert {
    /// P-Asserted-Identity.
    #[default]
    Pai,
    /// P-Preferred-Identity.
    Ppi,
    /// Neither.
    None,
}
words!(Assert, Pai = "pai", Ppi = "ppi", None = "none");

/// How the carrier knows that it is us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum OutboundAuth {
    /// By a username and a password, kept apart from what can be read.
    Digest {
        /// As the carrier gave it.
        username: Username,
    },
    /// By our address. No password is ever sent.
    SourceIp,
}

/// What can be set on a trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboundSettings {
    /// What the operator calls it.
    pub name: String,
    /// Where the carrier is.
    pub host: Host,
    /// On which port.
    pub port: u16,
    /// Over what.
    pub transport: Transport,
    /// How it knows us.
    pub auth: OutboundAuth,
    /// The number people see.
    pub caller_number: PhoneNumber,
    /// How we present ourselves there.
    #[serde(flatten)]
    pub identity: Identity,
    /// Where requests go instead of to the host itself (RFC 3261 §8.1.2).
    pub outbound_proxy: Option<SipUri>,
    /// Whether we register there, so that the carrier finds us.
    pub register: bool,
    /// Whether audio is encrypted.
    pub srtp: Srtp,
    /// Which codecs are offered and taken, the best first; none: all of ours in the usual order, and
    /// in an offer of the carrier's its own.
    pub codecs: Option<CodecOrder>,
    /// What it may be used for.
    #[serde(flatten)]
    pub limits: Limits,
}

/// How we present ourselves to a carrier: what differs from one to the next, and is the usual
/// cause of a 403.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Where the carrier is at home: national numbers are written as dialled there.
    pub country: Option<Country>,
    /// How the called number is written.
    pub number_format: NumberFormat,
    /// How the caller's number is written.
    pub caller_format: NumberFormat,
    /// The user in From, if it is not the caller number.
    pub from_user: Option<String>,
    /// The host in From, if it is not the trunk's.
    pub from_host: Option<Host>,
    /// The only realm whose challenge is answered, if the carrier named one.
    pub auth_realm: Option<String>,
    /// Which header vouches for the caller number.
    pub assert: Assert,
    /// Whether URIs say `user=phone`.
    pub user_phone: bool,
    /// Digits the carrier wants before the called number.
    pub prefix: Option<String>,
}

/// What a trunk may be used for: the damage a leaked key can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Most calls at once.
    pub max_channels: u32,
    /// Most calls begun in one second.
    pub max_cps: u32,
    /// Longest call in seconds.
    pub max_duration_s: u32,
    /// The countries it may call; never none.
    pub allowed_regions: Vec<Country>,
    /// Most minutes in one day, UTC.
    pub daily_cap_minutes: Option<u32>,
}

/// The trunk as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboundTrunk {
    /// Its id.
    pub id: OutboundTrunkId,
    /// What can be set.
    pub settings: OutboundSettings,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// A trunk with who uses it and how it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboundView {
    /// The trunk.
    pub trunk: OutboundTrunk,
    /// The agents that place calls by it, by name.
    pub agents: Vec<(AgentId, String)>,
    /// How it is, as far as packets showed.
    pub health: Health,
    /// Whether the carrier has us registered; nothing where we do not register.
    pub registration: Option<Registration>,
}

/// One step of *Check connection*, in the order in which they are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckStep {
    /// What was tried.
    pub what: CheckedStep,
    /// How it went.
    pub verdict: CheckVerdict,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// What was found: addresses, a status, the certificate's fault.
    pub found: String,
}

/// What a check of the connection tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedStep {
    /// The host's addresses.
    Name,
    /// A connection, over TCP and TLS.
    Connection,
    /// The certificate, over TLS.
    Encryption,
    /// An answer to OPTIONS.
    Answer,
}
words!(
    CheckedStep,
    Name = "name",
    Connection = "connection",
    Encryption = "encryption",
    Answer = "answer"
);

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it should.
    Passed,
    /// Here it stops.
    Failed,
    /// Nothing came; that proves nothing, many carriers never answer OPTIONS.
    Unknown,
    /// Not reached, or not part of this transport.
    Skipped,
}
words!(
    CheckVerdict,
    Passed = "passed",
    Failed = "failed",
    Unknown = "unknown",
    Skipped = "skipped"
);
