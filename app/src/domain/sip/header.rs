//! The name of a header that carries a value of ours, such as the agent's id.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A header name that SIP itself does not use. Compared without regard to case (RFC 3261 §7.3.1).
#[derive(Clone, Debug, Eq)]
pub struct HeaderName(Box<str>);

/// Why a text can't be the name of such a header. All of them have the code `bad_header_name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidHeaderName {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over 64 characters.
    #[error("is longer than 64 characters")]
    TooLong,
    /// No token (RFC 3261 §25.1).
    #[error("contains {character:?}; a header name has letters, digits and hyphens")]
    Character {
        /// The first of them.
        character: char,
    },
    /// SIP or a carrier gives this header a meaning of its own.
    #[error("is a header SIP uses itself")]
    Reserved,
}

/// The headers of RFC 3261 §20 and of its extensions in use, with their short forms, in lower case.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "a", "b", "c", "d", "e", "f", "i", "j", "k", "l", "m", "n", "o", "r", "s", "t", "u", "v", "x", "y",
    "accept", "accept-contact", "accept-encoding", "accept-language", "alert-info", "allow",
    "allow-events", "authentication-info", "authorization", "call-id", "call-info", "contact",
    "content-disposition", "content-encoding", "content-language", "content-length",
    "content-type", "cseq", "date", "diversion", "error-info", "event", "expires", "from",
    "geolocation", "history-info", "identity", "in-reply-to", "max-forwards", "mime-version",
    "min-expires", "min-se", "organization", "p-access-network-info", "p-asserted-identity",
    "p-called-party-id", "p-charging-vector", "p-preferred-identity", "path", "priority", "privacy",
    "proxy-authenticate", "proxy-authorization", "proxy-require", "rack", "reason", "record-route",
    "refer-sub", "refer-to", "referred-by", "reject-contact", "remote-party-id", "replaces",
    "reply-to", "request-disposition", "require", "retry-after", "route", "rseq",
    "security-client", "security-server", "security-verify", "server", "service-route",
    "session-expires", "sip-etag", "sip-if-match", "subject", "subscription-state", "supported",
    "timestamp", "to", "unsupported", "user-agent", "via", "warning", "www-authenticate",
];

impl HeaderName {
    /// As it was entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header of this name is meant.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

/// `X-Agent-ID`, unless the installation names another.
impl Default for HeaderName {
    fn default() -> Self {
        Self("X-Agent-ID".into())
    }
}

impl FromStr for HeaderName {
    type Err = InvalidHeaderName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        let token = |c: char| u8::try_from(c).is_ok_and(super::is_token);
        if name.is_empty() {
            return Err(InvalidHeaderName::Empty);
        }
        if let Some(character) = name.chars().find(|c| !token(*c)) {
            return Err(InvalidHeaderName::Character { character });
        }
        if name.len() > 64 {
            return Err(InvalidHeaderName::TooLong);
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(InvalidHeaderName::Reserved);
        }
        Ok(Self(name.into()))
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::serde_as_text!(HeaderName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_names_that_sip_does_not_use_are_taken() {
        use InvalidHeaderName::{Character, Empty, Reserved, TooLong};
        assert_eq!("x-agent-id".parse(), Ok(HeaderName::default()));
        let long = "X".repeat(4_000);
        for (given, expect) in [
            ("", Empty),
            ("Via", Reserved),
            ("call-ID", Reserved),
            ("m", Reserved),
            ("X Agent", Character { character: ' ' }),
            ("X-Agent:", Character { character: ':' }),
            ("X\r\nVia", Character { character: '\r' }),
            ("X\0", Character { character: '\0' }),
            (
                "X\u{202e}",
                Character {
                    character: '\u{202e}',
                },
            ),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(given.parse::<HeaderName>(), Err(expect), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn a_header_name_reads_what_it_writes(text: String, token in "[a-zA-Z0-9!%*_+`'~.-]{1,64}") {
            let _ = text.parse::<HeaderName>();
            if let Ok(name) = token.parse::<HeaderName>() {
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
