//! The words of SIP that people enter: hosts, URIs, transports, header names, networks, secrets.
//!
//! This is not a SIP parser; messages on the wire are the edge's business.

mod header;
mod host;
mod passed;
mod secret;
mod source;
mod uri;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use header::{HeaderName, InvalidHeaderName};
pub use host::{Host, InvalidHost};
pub use passed::PassedHeader;
pub use secret::{InvalidSecret, InvalidUsername, Secret, Username};
pub use source::{InvalidSourceNet, SourceNet};
pub use uri::{InvalidSipUri, SipUri, unescaped};

/// How SIP messages travel.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Datagrams.
    #[default]
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
}

/// The text names none of the transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of udp, tcp, tls")]
pub struct InvalidTransport;

impl Transport {
    /// All of them, in the order forms offer them.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Its name in URIs, forms and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Whether nobody on the way can read what it carries.
    pub fn is_encrypted(self) -> bool {
        self == Self::Tls
    }

    /// RFC 3261 §19.1.2.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }
}

impl FromStr for Transport {
    type Err = InvalidTransport;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |transport: &Self| text.eq_ignore_ascii_case(transport.as_str());
        Self::ALL.into_iter().find(named).ok_or(InvalidTransport)
    }
}

/// In capitals, as people and Via headers write it.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        })
    }
}

/// Serde through `FromStr` and `Display`, for types whose text is their one form.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use serde_as_text;

/// A character of a token (RFC 3261 §25.1).
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b)
}
