//! What a key or a role allows.

use serde::{Deserialize, Serialize};

use super::Reason;

/// What a caller may do. `resource:action`, as keys carry them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read trunks, accesses, numbers, sources.
    #[serde(rename = "sip:read")]
    SipRead,
    /// Change them; also reveals inbound passwords.
    #[serde(rename = "sip:write")]
    SipWrite,
    /// Read agents.
    #[serde(rename = "phone:read")]
    PhoneRead,
    /// Change agents, place, end and transfer calls.
    #[serde(rename = "phone:write")]
    PhoneWrite,
    /// Read calls, transcripts, recordings.
    #[serde(rename = "calls:read")]
    CallsRead,
    /// Everything, keys and users included.
    #[serde(rename = "full")]
    Full,
}

impl Scope {
    /// All of them, in the order a form shows them.
    pub const ALL: [Self; 6] = [
        Self::SipRead,
        Self::SipWrite,
        Self::PhoneRead,
        Self::PhoneWrite,
        Self::CallsRead,
        Self::Full,
    ];

    /// As keys, the command line and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SipRead => "sip:read",
            Self::SipWrite => "sip:write",
            Self::PhoneRead => "phone:read",
            Self::PhoneWrite => "phone:write",
            Self::CallsRead => "calls:read",
            Self::Full => "full",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| Reason::not_a_choice(text, Self::ALL.map(Self::as_str)))
    }
}
