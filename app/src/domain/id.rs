//! Typed identifiers: a UUID that knows what it names.
//!
//! An id is made elsewhere (the server's clock makes version 7); here it is only read, shown and
//! compared. It must not know which storage or wire carries it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The text is not a UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID such as 0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47")]
pub struct InvalidId;

/// Only the hyphenated form is read: the braced, the URN and the bare form would give one thing
/// four addresses.
fn read(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != 36 {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id behind this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for storage.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        /// So that a clock can make them all.
        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                read(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One carrier's or PBX's right to come in.
    AccessId;
    /// What answers calls; this id goes in the agent header.
    AgentId;
    /// One entry of the audit: who changed what.
    AuditId;
    /// One INVITE, in either direction, accepted or refused.
    CallId;
    /// A named target of transfers.
    DestinationId;
    /// Something that webhooks are told.
    EventId;
    /// An API key.
    KeyId;
    /// A number of the inventory.
    NumberId;
    /// A way out through a carrier.
    OutboundTrunkId;
    /// One HTTP request; a failure inside is reported under it.
    RequestId;
    /// A signed-in browser.
    SessionId;
    /// One attempt to hand a call over.
    TransferId;
    /// The way in.
    TrunkId;
    /// A person who signs in.
    UserId;
    /// An address that is told what happens.
    WebhookId;
}

/// The id under which a failure stands in the log: that of the request it happened in.
pub type IncidentId = RequestId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_writes() {
        let id = AgentId::from_uuid(Uuid::from_u128(0x0190_a6f4_7b1c_7d3e_9a55_0c6f_3e2b_1d47));
        assert_eq!(id.to_string(), "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47");
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47\"");
        assert_eq!(serde_json::from_str::<AgentId>(&json).unwrap(), id);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "0190a6f47b1c7d3e9a550c6f3e2b1d47",
            "{0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47}",
            "urn:uuid:0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47",
            "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d4\u{202e}",
            "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d4\0",
        ] {
            assert_eq!(text.parse::<AgentId>(), Err(InvalidId), "{text:?}");
        }
    }
}
