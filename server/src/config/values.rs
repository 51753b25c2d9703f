//! Kinds of setting that are more than a number: each parses itself and says
//! what it allows.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// What a setting allows, said when it holds something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAsWanted(pub &'static str);

// === Optional ===

/// A setting that may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

impl<T> Optional<T> {
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(AsText)?;
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        text.trim()
            .parse()
            .map(|value| Self(Some(value)))
            .map_err(de::Error::custom)
    }
}

/// The name of a process among several on one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName(Box<str>);

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("1 to 64 letters, digits, \"-\", \"_\" and \".\"")]
pub struct InvalidInstanceName;

impl FromStr for InstanceName {
    type Err = InvalidInstanceName;

    fn from_str(text: &str) -> Result<Self, InvalidInstanceName> {
        let is_sound = text.len() <= 64
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        match text {
            "" => Err(InvalidInstanceName),
            name if is_sound => Ok(Self(name.into())),
            _ => Err(InvalidInstanceName),
        }
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text, also where a variable held nothing but digits.
struct AsText;

impl Visitor<'_> for AsText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_bool<E: de::Error>(self, switch: bool) -> Result<String, E> {
        Ok(switch.to_string())
    }
}

/// For `#[serde(deserialize_with)]`: a value that must be there, by its own parser.
pub(super) fn parsed<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    from.deserialize_any(AsText)?
        .trim()
        .parse()
        .map_err(de::Error::custom)
}

// === List ===

/// A list, or one text with commas as the environment has it. Every entry that
/// cannot be read is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Entries(PhantomData))
    }
}

struct Entries<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Entries<T> {
    fn read<E: de::Error>(texts: &[String]) -> Result<List<T>, E> {
        let mut wrong = Vec::new();
        let mut entries = Vec::new();
        for text in texts
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
        {
            match text.parse() {
                Ok(entry) => entries.push(entry),
                Err(error) => wrong.push(format!("{text:?}: {error}")),
            }
        }
        if wrong.is_empty() {
            Ok(List(entries))
        } else {
            Err(E::custom(wrong.join("; ")))
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for Entries<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<List<T>, E> {
        Self::read(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            texts.push(text);
        }
        Self::read(&texts)
    }
}

// === Network ===

/// Addresses of ours: a network of any width or one address. Who may call in
/// without a password is a [`SourceNet`](app::domain::sip::SourceNet), which is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(ipnet::IpNet);

impl Network {
    /// The range itself.
    pub fn net(&self) -> ipnet::IpNet {
        self.0
    }

    /// Also for an IPv4 address in IPv6 clothes, as a dual-stack socket sees it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        let one = || text.parse::<IpAddr>().ok().map(ipnet::IpNet::from);
        let net = text.parse().ok().or_else(one);
        net.map(|net| Self(net.trunc()))
            .ok_or(NotAsWanted("a network like 10.0.0.0/8 or an address"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === PortRange ===

/// `20000-29999`. RTP takes the even ports, RTCP the odd one above each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

impl PortRange {
    /// How many RTP sessions fit: pairs that start on an even port.
    pub fn pairs(self) -> u32 {
        let first = u32::from(self.first).next_multiple_of(2);
        (u32::from(self.last) + 1).saturating_sub(first) / 2
    }
}

impl FromStr for PortRange {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        let allowed =
            NotAsWanted("two ports from 1024 to 65535, the lower first, like 20000-29999");
        let range = text.split_once('-').and_then(|(first, last)| {
            Some(Self {
                first: first.trim().parse().ok()?,
                last: last.trim().parse().ok()?,
            })
        });
        range
            .filter(|r| r.first >= 1024 && r.first < r.last)
            .ok_or(allowed)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

// === DigestAlgorithm ===

/// What a challenge may ask for (RFC 8760 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum DigestAlgorithm {
    Md5,
    Sha256,
}

impl FromStr for DigestAlgorithm {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        match text.to_ascii_uppercase().as_str() {
            "MD5" => Ok(Self::Md5),
            "SHA-256" => Ok(Self::Sha256),
            _ => Err(NotAsWanted("MD5, SHA-256")),
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        })
    }
}

// === PublicUrl ===

/// The origin of the console: scheme, host and port, nothing after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
    host: String,
}

impl PublicUrl {
    /// As a browser writes it in `Origin`: lower case, no default port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn is_https(&self) -> bool {
        self.https
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Browsers treat these as secure contexts without https.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || address
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for PublicUrl {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        let allowed = || NotAsWanted("an address without a path, like https://phone.example.com");
        let uri: http::Uri = text.parse().map_err(|_| allowed())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(allowed()),
        };
        let authority = uri.authority().ok_or_else(allowed)?;
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(allowed());
        }
        let host = authority.host().to_ascii_lowercase();
        let usual = if https { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != usual);
        let scheme = if https { "https" } else { "http" };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self {
            origin: format!("{scheme}://{host}{port}"),
            https,
            host,
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

// === DatabaseUrl ===

/// Which database. May hold a password, so only `expose` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn sqlite(file: &Path) -> Self {
        Self(format!("sqlite:{}", file.display()))
    }

    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// With the password, for the driver alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The database file, for SQLite.
    pub fn file(&self) -> Option<&Path> {
        self.0.strip_prefix("sqlite:").map(|rest| {
            Path::new(
                rest.strip_prefix("//")
                    .unwrap_or(rest)
                    .split('?')
                    .next()
                    .unwrap_or(rest),
            )
        })
    }
}

impl FromStr for DatabaseUrl {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known
            .iter()
            .any(|start| text.starts_with(start) && text.len() > start.len())
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAsWanted(
                "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
            ))
        }
    }
}

/// Without user and password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://").filter(|_| !self.is_sqlite()) {
            Some((scheme, rest)) => {
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                let place = place.split('?').next().unwrap_or(place);
                write!(f, "{scheme}://{place}")
            }
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

// === LogFormat ===

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = NotAsWanted;

    fn from_str(text: &str) -> Result<Self, NotAsWanted> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(NotAsWanted("text, json")),
        }
    }
}
