//! How a trunk is: what pings, calls and registrations showed, and since when.

use serde::{Deserialize, Serialize};

use crate::domain::words;

/// How a trunk is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// In one word.
    pub state: HealthState,
    /// Why it is not simply up.
    pub trouble: Option<Trouble>,
    /// Since when it is so. Unix milliseconds; nothing while nothing is known.
    pub since: Option<i64>,
    /// When a call over it was last answered. Unix milliseconds.
    pub last_answered_at: Option<i64>,
}

/// The word for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// It answers.
    Up,
    /// Some of its addresses answer, or it answers some of the time.
    Degraded,
    /// It refuses, or cannot be reached.
    Down,
    /// Nothing was heard, which proves nothing: many carriers never answer OPTIONS.
    #[default]
    Unknown,
}
words!(
    HealthState,
    Up = "up",
    Degraded = "degraded",
    Down = "down",
    Unknown = "unknown"
);

/// What is the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Trouble {
    /// The host has no address.
    NoAddress {
        /// Which host.
        host: String,
    },
    /// The host's address is this server, or one that leads nowhere.
    OwnAddress {
        /// Which address.
        address: String,
    },
    /// No connection.
    Unreachable {
        /// `host:port`.
        target: String,
        /// What the system says.
        why: String,
    },
    /// The certificate is not to be trusted.
    Certificate {
        /// `host:port`.
        target: String,
        /// Expired, another name, unknown issuer.
        why: String,
    },
    /// It answers, but with a fault of its own.
    Status {
        /// The SIP status.
        status: u16,
    },
    /// It used to answer and does not any more.
    Silent,
    /// It does not know our password.
    AuthFailed,
}

impl Trouble {
    /// Stable, for scripts and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAddress { .. } => "no_address",
            Self::OwnAddress { .. } => "own_address",
            Self::Unreachable { .. } => "unreachable",
            Self::Certificate { .. } => "tls_failed",
            Self::Status { .. } => "status",
            Self::Silent => "silent",
            Self::AuthFailed => "auth_failed",
        }
    }
}

/// Whether the carrier has us registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// In one word.
    pub state: RegistrationState,
    /// Since when. Unix milliseconds.
    pub since: i64,
    /// Until when it holds. Unix milliseconds.
    pub expires_at: Option<i64>,
    /// When it is tried or renewed next. Unix milliseconds.
    pub next_at: Option<i64>,
    /// The SIP status of the last answer.
    pub status: Option<u16>,
}

/// How far a registration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// Being tried.
    Trying,
    /// The carrier has us.
    Registered,
    /// The carrier said no, or nothing.
    Failed,
}
words!(
    RegistrationState,
    Trying = "trying",
    Registered = "registered",
    Failed = "failed"
);
