//! A host: a DNS name (RFC 1123 §2.1) or an address literal.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where SIP goes to or comes from. Names are kept in lower case without a final dot, so that
/// equal hosts are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Kind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Name(Box<str>),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Why a text is no host. All of them have the code `bad_host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidHost {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over 253 characters, or a label over 63.
    #[error("is too long for a host name")]
    TooLong,
    /// A character no host name has: a blank, a slash, a colon with a port after it.
    #[error("contains {character:?}, which no host name has")]
    Character {
        /// The first of them.
        character: char,
    },
    /// Two dots in a row, or a label that starts or ends with a hyphen.
    #[error("is not a host name or address")]
    Label,
    /// It looks like an address and is none, such as `1.2.3.400`.
    #[error("is not an IP address")]
    Address,
}

impl Host {
    /// The address, if it is a literal one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Name(_) => None,
            Kind::V4(ip) => Some(ip.into()),
            Kind::V6(ip) => Some(ip.into()),
        }
    }

    /// The DNS name, if it is one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Name(name) => Some(name),
            Kind::V4(_) | Kind::V6(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self(match ip {
            IpAddr::V4(ip) => Kind::V4(ip),
            IpAddr::V6(ip) => Kind::V6(ip),
        })
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(InvalidHost::Address)?;
            return inner
                .parse()
                .map(Kind::V6)
                .map(Self)
                .map_err(|_| InvalidHost::Address);
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(ip.into());
        }
        name(text).map(Kind::Name).map(Self)
    }
}

fn name(text: &str) -> Result<Box<str>, InvalidHost> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() {
        return Err(InvalidHost::Empty);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        return Err(InvalidHost::Character { character });
    }
    if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
        return Err(InvalidHost::TooLong);
    }
    if name
        .split('.')
        .any(|l| l.is_empty() || l.starts_with('-') || l.ends_with('-'))
    {
        return Err(InvalidHost::Label);
    }
    // No top-level domain is a number; resolvers would read such a name as an address.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidHost::Address);
    }
    Ok(name.to_ascii_lowercase().into())
}

/// As it stands in a URI: IPv6 in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name(name) => f.write_str(name),
            Kind::V4(ip) => ip.fmt(f),
            Kind::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

super::serde_as_text!(Host);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_addresses_are_read() {
        for (given, expect) in [
            ("sip.acme.example", "sip.acme.example"),
            (" SIP.Acme.Example. ", "sip.acme.example"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(
                given.parse::<Host>().map(|host| host.to_string()),
                Ok(expect.into())
            );
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_its_reason() {
        use InvalidHost::{Address, Character, Empty, Label, TooLong};
        let long = "a".repeat(64);
        let longer = "a.".repeat(2_000);
        for (given, expect) in [
            ("", Empty),
            (".", Empty),
            ("acme sip", Character { character: ' ' }),
            ("sip.acme.example:5060", Character { character: ':' }),
            ("sip:acme.example", Character { character: ':' }),
            ("acme_sip.example", Character { character: '_' }),
            ("acme.example/x", Character { character: '/' }),
            ("a\r\nb", Character { character: '\r' }),
            ("a\0", Character { character: '\0' }),
            (
                "\u{202e}acme",
                Character {
                    character: '\u{202e}',
                },
            ),
            ("bücher.example", Character { character: 'ü' }),
            ("a..b", Label),
            ("-a.example", Label),
            ("1.2.3.400", Address),
            ("1.2.3", Address),
            ("[::1", Address),
            ("[1.2.3.4]", Address),
            (long.as_str(), TooLong),
            (longer.as_str(), TooLong),
        ] {
            assert_eq!(given.parse::<Host>(), Err(expect), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn a_host_reads_what_it_writes(text in "[a-zA-Z0-9.-]{1,40}", v6: u128) {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse(), Ok(host));
            }
            let host = Host::from(IpAddr::from(Ipv6Addr::from(v6)));
            prop_assert_eq!(host.to_string().parse(), Ok(host));
        }

        #[test]
        fn no_text_makes_a_host_panic(text: String) {
            let _ = text.parse::<Host>();
        }
    }
}
