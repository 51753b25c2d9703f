//! Addresses of services we call (RFC 9110 §4.2, RFC 6455 §3): what may stand in one, and which
//! addresses of the net are the public's.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::sip::Host;

/// Where events are sent.
pub type WebhookUrl = Url<Web>;
/// Where a voice bot listens.
pub type SocketUrl = Url<Socket>;

/// An address of one kind of service, as it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<K> {
    text: Box<str>,
    secure: bool,
    host: Host,
    port: u16,
    kind: PhantomData<K>,
}

/// `https` and `http`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Web;

/// `wss` and `ws`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket;

/// What an address of a kind begins with.
pub trait Service {
    /// Which kind.
    const KIND: UrlKind;
}

impl Service for Web {
    const KIND: UrlKind = UrlKind::Web;
}

impl Service for Socket {
    const KIND: UrlKind = UrlKind::Socket;
}

/// The kinds of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrlKind {
    /// Asked and answering (HTTP).
    Web,
    /// Both talk at any time (WebSocket).
    Socket,
}

impl UrlKind {
    const fn secure(self) -> &'static str {
        match self {
            Self::Web => "https",
            Self::Socket => "wss",
        }
    }

    const fn plain(self) -> &'static str {
        match self {
            Self::Web => "http",
            Self::Socket => "ws",
        }
    }
}

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidUrl {
    /// Neither of the two beginnings it may have.
    #[error("does not begin with {}:// or {}://", kind.secure(), kind.plain())]
    Scheme {
        /// Of what it should be.
        kind: UrlKind,
    },
    /// The beginning where others could read along.
    #[error("does not begin with {}://", kind.secure())]
    Insecure {
        /// Of what it should be.
        kind: UrlKind,
    },
    /// The host is none.
    #[error("names no host")]
    Host,
    /// Not 1 to 65535.
    #[error("has a port that is none")]
    Port,
    /// Who logs in does not belong in an address: it would stand in logs.
    #[error("holds a user name; secrets do not belong in an address")]
    User,
    /// Blanks, control characters and everything beyond ASCII must be escaped.
    #[error("contains {character:?}, which must be escaped")]
    Character {
        /// The first of them.
        character: char,
    },
    /// Over 2000 characters.
    #[error("is too long")]
    TooLong,
}

impl<K> Url<K> {
    /// As it was entered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nobody on the way can read along.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, said or not.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl<K: Service> FromStr for Url<K> {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > 2_000 {
            return Err(InvalidUrl::TooLong);
        }
        let odd = |c: &char| !c.is_ascii_graphic() || matches!(c, '\\' | '"' | '<' | '>' | '#');
        if let Some(character) = text.chars().find(odd) {
            return Err(InvalidUrl::Character { character });
        }
        let kind = K::KIND;
        let (secure, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(kind.secure()) => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(kind.plain()) => (false, rest),
            _ => return Err(InvalidUrl::Scheme { kind }),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(InvalidUrl::User);
        }
        let (host, port) = split(authority);
        Ok(Self {
            text: text.into(),
            secure,
            host: host.parse().map_err(|_| InvalidUrl::Host)?,
            port: match port {
                Some(digits) => read_port(digits).ok_or(InvalidUrl::Port)?,
                None if secure => 443,
                None => 80,
            },
            kind: PhantomData,
        })
    }
}

/// Host and port of an authority; the colons of an address in brackets are its own.
fn split(authority: &str) -> (&str, Option<&str>) {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_brackets..].find(':') {
        Some(at) => {
            let (host, port) = authority.split_at(after_brackets + at);
            (host, Some(&port[1..]))
        }
        None => (authority, None),
    }
}

fn read_port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|port| *port > 0)
}

impl<K> fmt::Display for Url<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> Serialize for Url<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Service> Deserialize<'de> for Url<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Whether an address belongs to the public net, so that an entered one can't be used to reach what is
/// beside this server (the registries of IANA for special addresses, RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Only what is handed out as global unicast, and of that neither documentation nor ORCHID.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let global = parts[0] & 0xe000 == 0x2000;
    let special = (parts[0] == 0x2001 && (parts[1] < 0x0200 || parts[1] == 0x0db8))
        || (parts[0] == 0x3fff && parts[1] < 0x1000);
    global && !special
}

/// The IPv4 address inside an IPv6 one that leads to it: mapped, NAT64 (RFC 6052), 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let four =
        |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(four(12)),
        [0x2002, ..] => Some(four(2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_into_its_parts() {
        for (text, secure, host, port) in [
            ("https://example.com", true, "example.com", 443),
            ("HTTPS://Example.COM:8443/a?b=c", true, "example.com", 8443),
            ("http://127.0.0.1:9/x", false, "127.0.0.1", 9),
            ("http://[2001:db8::1]:81/", false, "[2001:db8::1]", 81),
            ("http://[2001:db8::1]", false, "[2001:db8::1]", 80),
        ] {
            let url: WebhookUrl = text.parse().unwrap();
            let found = (url.is_secure(), url.host().clone(), url.port());
            assert_eq!(found, (secure, host.parse().unwrap(), port), "{text}");
            assert_eq!(url.as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        use InvalidUrl as Why;
        let scheme = Why::Scheme { kind: UrlKind::Web };
        let long = format!("https://example.com/{}", "x".repeat(2_000));
        for (text, why) in [
            ("", scheme),
            ("example.com/hook", scheme),
            ("ftp://example.com", scheme),
            ("file:///etc/passwd", scheme),
            ("https://", Why::Host),
            ("https:///hook", Why::Host),
            ("https://exa_mple..com", Why::Host),
            ("https://[::1", Why::Host),
            ("https://example.com:", Why::Port),
            ("https://example.com:0", Why::Port),
            ("https://example.com:65536", Why::Port),
            ("https://example.com:+80", Why::Port),
            ("https://user:pass@example.com", Why::User),
            (
                "https://example.com\\@evil.example",
                Why::Character { character: '\\' },
            ),
            ("https://example.com/a b", Why::Character { character: ' ' }),
            (
                "https://example.com/#top",
                Why::Character { character: '#' },
            ),
            ("https://exämple.com", Why::Character { character: 'ä' }),
            (&long, Why::TooLong),
        ] {
            assert_eq!(text.parse::<WebhookUrl>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_socket_begins_otherwise_and_is_the_same_behind() {
        let url: SocketUrl = "wss://bot.example.com/media".parse().unwrap();
        assert_eq!((url.is_secure(), url.port()), (true, 443));
        let url: SocketUrl = "ws://127.0.0.1:8765".parse().unwrap();
        assert_eq!((url.is_secure(), url.port()), (false, 8765));
        let why = "https://bot.example.com".parse::<SocketUrl>().unwrap_err();
        assert_eq!(why.to_string(), "does not begin with wss:// or ws://");
    }

    #[test]
    fn only_public_addresses_are_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("172.32.0.1", true),
            ("100.128.0.1", true),
            ("2606:4700::1111", true),
            ("64:ff9b::808:808", true),
            ("2002:808:808::1", true),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("198.18.0.1", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("64:ff9b::a00:1", false),
            ("2002:7f00:1::1", false),
            ("::127.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
