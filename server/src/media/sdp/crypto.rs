//! Keys in a description: `a=crypto` (RFC 4568).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdp_types::Attribute;

use crate::media::srtp::{MasterKey, Suite};

/// More lines than this are no phone's.
const MOST: usize = 16;

/// One `a=crypto` line that we can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crypto {
    /// What an answer names the line by.
    pub(super) tag: u32,
    pub(super) suite: Suite,
    pub(super) key: MasterKey,
}

/// The lines of a media section, in their order. One of an unknown suite is no error: another
/// may do.
pub(super) fn read(attributes: &[Attribute]) -> Vec<Crypto> {
    attributes
        .iter()
        .filter(|attribute| attribute.attribute.eq_ignore_ascii_case("crypto"))
        .take(MOST)
        .filter_map(|attribute| Crypto::parse(attribute.value.as_deref()?))
        .collect()
}

/// The line that names our key.
pub(super) fn write(body: &mut String, tag: u32, suite: Suite, key: &MasterKey) {
    let (suite, key) = (suite.name(), STANDARD.encode(key.0));
    _ = write!(body, "a=crypto:{tag} {suite} inline:{key}\r\n");
}

impl Crypto {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        let tag = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        let suite = Suite::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let key = read_key(parts.next()?)?;
        // A session parameter we do not follow makes the line unusable (§6.3); this one is advice.
        parts
            .all(|parameter| parameter.starts_with("WSH="))
            .then_some(Self { tag, suite, key })
    }
}

/// `inline:<key||salt>["|" lifetime]`. Several keys, told apart by an identifier in each packet,
/// are for broadcasts (§6.1).
fn read_key(text: &str) -> Option<MasterKey> {
    let (method, inline) = text.split_once(':')?;
    if !method.eq_ignore_ascii_case("inline") || inline.contains(';') {
        return None;
    }
    let mut parts = inline.split('|');
    let key = STANDARD.decode(parts.next()?).ok()?;
    if parts.any(|part| part.contains(':')) {
        return None;
    }
    key.try_into().ok().map(MasterKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn usable_lines_are_told_from_others() {
        let cases = [
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), true),
            (format!("7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20"), true),
            (
                format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} WSH=64"),
                true,
            ),
            (
                format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"),
                false,
            ),
            (
                format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"),
                false,
            ),
            (
                format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"),
                false,
            ),
            (
                format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1"),
                false,
            ),
            (format!("1 AEAD_AES_256_GCM inline:{KEY}"), false),
            (format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), false),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:short".to_owned(), false),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:".to_owned(), false),
            ("1".to_owned(), false),
        ];
        for (line, usable) in cases {
            assert_eq!(Crypto::parse(&line).is_some(), usable, "{line}");
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        let crypto = Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")).unwrap();
        let mut line = String::new();
        write(&mut line, 3, Suite::Tag32, &crypto.key);
        let read = Crypto::parse(line.trim().strip_prefix("a=crypto:").unwrap()).unwrap();
        assert_eq!(
            (read.tag, read.suite, read.key),
            (3, Suite::Tag32, crypto.key)
        );
    }
}
