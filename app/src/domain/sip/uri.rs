//! SIP URIs (RFC 3261 §19.1), as carriers send them and as people enter them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Host, Transport};

/// `sip:user@host:port;params?headers`. Reads what is in the wild and writes it back as it was,
/// but for the host's case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipUri {
    /// Whether it is a `sips:` URI, every hop of which is to be encrypted.
    pub secure: bool,
    /// The user part as sent, escapes and parameters included.
    pub user: Option<Box<str>>,
    /// Where it leads.
    pub host: Host,
    /// The port, if one was given.
    pub port: Option<u16>,
    params: Box<str>,
    headers: Box<str>,
}

/// Why a text is no SIP URI. All of them have the code `bad_sip_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidSipUri {
    /// It does not begin with `sip:` or `sips:`.
    #[error("is not a SIP URI; write it like sip:sales@pbx.example.com")]
    Scheme,
    /// Nothing, or something odd, before the `@`.
    #[error("has a user part that can't be read")]
    User,
    /// A password stands in it; passwords have fields of their own, which are kept secret.
    #[error("contains a password; enter it in the password field")]
    Password,
    /// What follows the `@` is no host.
    #[error("has a host that is not a name or address")]
    Host,
    /// The port is not 1 to 65535.
    #[error("has a port that is not 1 to 65535")]
    Port,
    /// Blanks, control characters, brackets or quotes in it.
    #[error("contains {character:?}, which no SIP URI has")]
    Character {
        /// The first of them.
        character: char,
    },
    /// Over 1,024 characters.
    #[error("is too long")]
    TooLong,
}

impl SipUri {
    /// The URI of a user at a host.
    pub fn new(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        let (params, headers) = (Box::default(), Box::default());
        Self {
            secure: false,
            user: user.map(Into::into),
            host,
            port,
            params,
            headers,
        }
    }

    /// The parameters in order, without the values' quotes or escapes undone.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let each = self.params.split(';').filter(|param| !param.is_empty());
        each.map(|param| match param.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (param, None),
        })
    }

    /// The value of a parameter; empty if it has none.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self
            .params()
            .find(|(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.unwrap_or_default())
    }

    /// The transport it asks for: by parameter, or TLS because it is `sips:`.
    pub fn transport(&self) -> Option<Transport> {
        match self.param("transport").and_then(|name| name.parse().ok()) {
            Some(Transport::Udp | Transport::Tcp) | None if self.secure => Some(Transport::Tls),
            asked => asked,
        }
    }

    /// The same URI with one more parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.params = format!("{};{name}={value}", self.params).into();
        self
    }

    /// The same URI without what follows `?`.
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers = Box::default();
        self
    }

    /// What follows `?`: headers the URI asks to be put into a request.
    pub fn headers(&self) -> &str {
        &self.headers
    }
}

impl FromStr for SipUri {
    type Err = InvalidSipUri;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > 1_024 {
            return Err(InvalidSipUri::TooLong);
        }
        let (scheme, rest) = text.split_once(':').ok_or(InvalidSipUri::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "sip" => false,
            "sips" => true,
            _ => return Err(InvalidSipUri::Scheme),
        };
        let never = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || "<>\"{}|\\^".contains(c)
                || crate::domain::is_invisible(c)
        };
        if let Some(character) = rest.chars().find(|c| never(*c)) {
            return Err(InvalidSipUri::Character { character });
        }
        // The user part may hold `;` and `?`, so the `@` is looked for first (RFC 3261 §25.1).
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(self::user(user)?), rest),
            None => (None, rest),
        };
        let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let end = rest.find(';').unwrap_or(rest.len());
        let (place, params) = rest.split_at(end);
        let (host, port) = place_of(place)?;
        Ok(Self {
            secure,
            user,
            host,
            port,
            params: params.into(),
            headers: headers.into(),
        })
    }
}

/// A part of a URI without its escapes; none if they are broken or spell no text.
pub fn unescaped(part: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(plain).ok()
}

fn user(user: &str) -> Result<Box<str>, InvalidSipUri> {
    match user {
        "" => Err(InvalidSipUri::User),
        user if user.contains(':') => Err(InvalidSipUri::Password),
        user if user.contains(['[', ']', '#']) => Err(InvalidSipUri::User),
        user => Ok(user.into()),
    }
}

fn place_of(place: &str) -> Result<(Host, Option<u16>), InvalidSipUri> {
    let colon = match place.rfind(']') {
        Some(bracket) => place[bracket..].find(':').map(|at| bracket + at),
        None => place.find(':'),
    };
    let (host, port) = match colon {
        Some(at) => (&place[..at], Some(&place[at + 1..])),
        None => (place, None),
    };
    let host = host.parse().map_err(|_| InvalidSipUri::Host)?;
    let port = match port {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => match digits.parse() {
            Ok(port @ 1..) => Some(port),
            Ok(0) | Err(_) => return Err(InvalidSipUri::Port),
        },
        Some(_) => return Err(InvalidSipUri::Port),
        None => None,
    };
    Ok((host, port))
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.params)?;
        if !self.headers.is_empty() {
            write!(f, "?{}", self.headers)?;
        }
        Ok(())
    }
}

super::serde_as_text!(SipUri);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_carriers_send_is_read_and_written_back() {
        for text in [
            "sip:acme.example",
            "sip:sales@pbx.example.com",
            "sip:+14155550100@10.0.0.1:5080;transport=tcp;user=phone",
            "sip:+14155550100;npdi;rn=+14155550199@carrier.example;lr",
            "sips:204@[2001:db8::1]:5061;maddr=x?Replaces=abc%40x&Subject=hi",
            "sip:%2B1415@acme.example;ob",
            "sip:a?b@acme.example",
        ] {
            assert_eq!(
                text.parse::<SipUri>().map(|uri| uri.to_string()),
                Ok(text.into())
            );
        }
        let uri: SipUri = "SIP:bob@Acme.Example;Transport=TCP;lr".parse().unwrap();
        assert_eq!(uri.to_string(), "sip:bob@acme.example;Transport=TCP;lr");
        assert_eq!(uri.transport(), Some(Transport::Tcp));
        assert_eq!((uri.param("LR"), uri.param("ob")), (Some(""), None));
        assert_eq!(
            "sips:x".parse::<SipUri>().unwrap().transport(),
            Some(Transport::Tls)
        );
    }

    #[test]
    fn what_is_no_uri_is_refused_with_its_reason() {
        use InvalidSipUri::{Character, Host, Password, Port, Scheme, TooLong, User};
        let long = format!("sip:{}", "a".repeat(4_000));
        for (given, expect) in [
            ("", Scheme),
            ("sales@pbx", Scheme),
            ("tel:+14155550100", Scheme),
            ("http://acme.example", Scheme),
            ("sip:", Host),
            ("sip:@acme.example", User),
            ("sip:bob:secret@acme.example", Password),
            ("sip:bob@", Host),
            ("sip:bob@a b", Character { character: ' ' }),
            (
                "sip:bob@acme.example\r\nVia: x",
                Character { character: '\r' },
            ),
            ("sip:bob\0@acme.example", Character { character: '\0' }),
            (
                "sip:bob\u{202e}@acme.example",
                Character {
                    character: '\u{202e}',
                },
            ),
            ("<sip:bob@acme.example>", Scheme),
            ("sip:bob@acme.example:0", Port),
            ("sip:bob@acme.example:", Port),
            ("sip:bob@acme.example:65536", Port),
            ("sip:bob@acme.example:50+60", Port),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(given.parse::<SipUri>(), Err(expect), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn a_uri_reads_what_it_writes(
            text in "sips?:([a-z0-9+;=?%]{1,12}@)?[a-z][a-z0-9.-]{0,20}(:[0-9]{1,5})?(;[a-z]{1,4}(=[a-z0-9]{0,5})?){0,3}(\\?[a-z=&]{0,9})?",
        ) {
            if let Ok(uri) = text.parse::<SipUri>() {
                prop_assert_eq!(uri.to_string().parse(), Ok(uri));
            }
        }

        #[test]
        fn no_text_makes_a_uri_panic(text: String) {
            let _ = text.parse::<SipUri>();
            let _ = format!("sip:{text}").parse::<SipUri>().map(|uri| uri.transport());
        }
    }
}
