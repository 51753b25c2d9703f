//! Digest authentication of callers: what we ask for and how an answer is judged.
//!
//! Pure: time, source address, key and password are parameters. It knows nothing of accesses,
//! bans or routing; its [`Outcome`] becomes a proof at the desk. Nonces carry their own date and
//! addressee ([`nonce`]), so a challenge costs no memory; only right answers are remembered, and
//! those only to count each `(nonce, nc)` once ([`window`]).

pub mod answer;
pub mod nonce;
pub mod window;

use std::net::IpAddr;

use subtle::ConstantTimeEq as _;

pub use self::answer::{Answer, InvalidAnswer};
pub use self::nonce::NonceKey;
use self::nonce::{Issued, NonceFault};
use self::window::{Replays, Use};

/// How long a nonce may be answered (`sip.md`, Digest).
pub const NONCE_LIFE_MS: i64 = 60_000;

/// A hash function a challenge may name (RFC 8760 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// The token on the wire (RFC 8760 §2.1: `SHA-256`, with the hyphen).
    pub fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256]
            .into_iter()
            .find(|known| known.token().eq_ignore_ascii_case(token))
    }

    pub(in crate::sip) fn hex(self, parts: &[&str]) -> String {
        match self {
            Self::Md5 => hash::<md5::Md5>(parts),
            Self::Sha256 => hash::<sha2::Sha256>(parts),
        }
    }
}

fn hash<H: md5::Digest>(parts: &[&str]) -> String {
    let mut hasher = H::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// How closely the answer's `uri` must follow the Request-URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UriRule {
    /// The user part reads as the same number; proxies rewrite host, port and parameters.
    #[default]
    SameNumber,
    /// Character by character.
    Strict,
}

/// Why an answer was wrong. Says nothing to the caller: all of these look alike on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The realm is not ours, so the answer was meant for someone else.
    Realm,
    /// An algorithm we did not offer.
    Algorithm,
    /// `-sess` keys would live longer than our nonces.
    Session,
    /// `qop` is neither absent nor `auth`.
    Qop,
    /// `qop=auth` without a usable `nc` and `cnonce`.
    Count,
    /// The `uri` names another number than the Request-URI.
    Uri,
    /// No access has this user name.
    User,
    /// The hash does not come out.
    Password,
}

/// Why an answer has to be given again although nobody did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    Expired,
    /// This `(nonce, nc)` was counted before.
    Reused,
    /// Not one of our nonces: another installation's, or invented.
    Foreign,
}

/// To whom the nonce of an answer had been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// The very address that answers now.
    Same,
    /// Another address: accepted when right, and never held against this one when wrong.
    Other(IpAddr),
}

/// What an answer proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Right(Addressee),
    /// Challenge again with `stale=true`; counts as no failure.
    Stale(Stale),
    Wrong(Wrong, Addressee),
}

/// Which algorithms are offered under the host that was called, and so taken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Those of the configuration, in its order.
    Configured,
    /// SHA-256 alone, whatever the configuration says.
    Sha256Only,
}

/// The request an answer came with.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub method: &'a str,
    pub request_uri: &'a str,
    pub source: IpAddr,
    pub now_ms: i64,
    pub offer: Offer,
}

/// Issues challenges and judges their answers for one realm.
pub struct Challenger {
    realm: String,
    order: Vec<Algorithm>,
    key: NonceKey,
    replays: Replays,
}

impl Challenger {
    /// `order` is the order of the challenges: many peers look only at the first (RFC 8760 §2.4
    /// lets the sender choose; equipment that gives up on an unknown first one wants MD5 there).
    pub fn new(realm: impl Into<String>, order: Vec<Algorithm>, key: NonceKey) -> Self {
        Self {
            realm: realm.into(),
            order,
            key,
            replays: Replays::default(),
        }
    }

    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// One `WWW-Authenticate` value for each algorithm, in order.
    pub fn challenges(
        &self,
        source: IpAddr,
        now_ms: i64,
        stale: bool,
        offer: Offer,
    ) -> Vec<String> {
        let nonce = self.key.issue(source, now_ms);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: &Algorithm| {
            format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                self.realm,
                algorithm.token()
            )
        };
        self.offered(offer).iter().map(challenge).collect()
    }

    fn offered(&self, offer: Offer) -> &[Algorithm] {
        match offer {
            Offer::Configured => &self.order,
            Offer::Sha256Only => &[Algorithm::Sha256],
        }
    }

    /// Judges an answer. `password` is `None` for an unknown or disabled user, which costs the
    /// same work as a known one.
    pub fn judge(
        &self,
        answer: &Answer,
        asked: Asked<'_>,
        password: Option<&str>,
        rule: UriRule,
    ) -> Outcome {
        let issued = match self.key.read(&answer.nonce) {
            Ok(issued) => issued,
            Err(NonceFault) => return Outcome::Stale(Stale::Foreign),
        };
        let addressee = issued.addressee(asked.source);
        let known = self.hash_of(answer, asked, password.unwrap_or(NOBODY));
        let verdict = match known {
            Err(wrong) => Err(wrong),
            Ok(expected) => {
                let same: bool = expected.as_bytes().ct_eq(answer.response.as_bytes()).into();
                match (password, same) {
                    (None, _) => Err(Wrong::User),
                    (Some(_), false) => Err(Wrong::Password),
                    (Some(_), true) => uri_fits(&answer.uri, asked.request_uri, rule),
                }
            }
        };
        match verdict {
            Err(wrong) => Outcome::Wrong(wrong, addressee),
            Ok(()) => self.spend(answer, &issued, asked.now_ms, addressee),
        }
    }

    /// The hash a right answer has (RFC 7616 §3.4.1), or what makes it impossible.
    fn hash_of(&self, answer: &Answer, asked: Asked<'_>, password: &str) -> Result<String, Wrong> {
        let algorithm = match answer.algorithm.as_deref() {
            None => Algorithm::Md5,
            Some(token) => match Algorithm::from_token(token) {
                Some(algorithm) => algorithm,
                None if token.to_ascii_lowercase().ends_with("-sess") => {
                    return Err(Wrong::Session);
                }
                None => return Err(Wrong::Algorithm),
            },
        };
        if !self.offered(asked.offer).contains(&algorithm) {
            return Err(Wrong::Algorithm);
        }
        if answer.realm != self.realm {
            return Err(Wrong::Realm);
        }
        let secret = algorithm.hex(&[&answer.username, &self.realm, password]);
        let request = algorithm.hex(&[asked.method, &answer.uri]);
        match answer.qop.as_deref() {
            None => Ok(algorithm.hex(&[&secret, &answer.nonce, &request])),
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let (Some(nc), Some(cnonce)) = (&answer.nc, &answer.cnonce) else {
                    return Err(Wrong::Count);
                };
                answer.count().ok_or(Wrong::Count)?;
                Ok(algorithm.hex(&[&secret, &answer.nonce, nc, cnonce, qop, &request]))
            }
            Some(_) => Err(Wrong::Qop),
        }
    }

    /// Counts a right answer once, so that a recorded one is worth nothing.
    fn spend(
        &self,
        answer: &Answer,
        issued: &Issued,
        now_ms: i64,
        addressee: Addressee,
    ) -> Outcome {
        let age = now_ms - issued.at_ms;
        // A nonce from the near future is another instance's clock, not a forgery.
        if !(-NONCE_LIFE_MS..=NONCE_LIFE_MS).contains(&age) {
            return Outcome::Stale(Stale::Expired);
        }
        let count = answer.count().unwrap_or(0);
        match self
            .replays
            .count(issued.tag, count, issued.at_ms + NONCE_LIFE_MS, now_ms)
        {
            Use::First => Outcome::Right(addressee),
            Use::Again => Outcome::Stale(Stale::Reused),
        }
    }
}

/// Stands in for the password of nobody; never accepted, whatever is sent.
const NOBODY: &str = "no such user has this password";

fn uri_fits(answered: &str, requested: &str, rule: UriRule) -> Result<(), Wrong> {
    let fits = match rule {
        UriRule::Strict => answered == requested,
        UriRule::SameNumber => {
            let is_uri = answered.contains(':');
            answered == requested || is_uri && same_user(user_of(answered), user_of(requested))
        }
    };
    if fits { Ok(()) } else { Err(Wrong::Uri) }
}

/// The user part of a SIP or tel URI, without parameters and password (RFC 3261 §19.1.1).
fn user_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let user = match rest.split_once('@') {
        Some((user, _)) => user,
        None if scheme.eq_ignore_ascii_case("tel") => rest,
        None => return None,
    };
    user.split([';', ':']).next()
}

/// A URI without a user part names no number that could differ: SIPp and some PBXs sign the host
/// alone. Who wants more sets [`UriRule::Strict`].
fn same_user(answered: Option<&str>, requested: Option<&str>) -> bool {
    match (answered, requested) {
        (None, _) => true,
        (Some(a), Some(b)) => {
            a == b || matches!((digits(a), digits(b)), (Some(a), Some(b)) if a == b)
        }
        (Some(_), None) => false,
    }
}

/// A dialled number as bare digits: separators and the international prefix gone.
fn digits(user: &str) -> Option<String> {
    let user = user.replace("%2B", "+").replace("%2b", "+");
    let mut bare = String::with_capacity(user.len());
    for (index, c) in user.chars().enumerate() {
        match c {
            '0'..='9' => bare.push(c),
            '+' if index == 0 => {}
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    let prefixes: &[&str] = if user.starts_with('+') {
        &[]
    } else {
        &["011", "00"]
    };
    let bare = prefixes
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(&bare);
    (!bare.is_empty()).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests;
