//! Passwords and usernames of SIP digest authentication.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A password or token. It has no `Display` and no `Serialize`: it leaves only through
/// [`Secret::expose`], which is easy to search for.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

/// Why a text can't be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidSecret {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over 512 bytes.
    #[error("is too long")]
    TooLong,
    /// Control characters can't be entered at a carrier and are always an accident.
    #[error("contains a control character")]
    ControlCharacter,
}

impl Secret {
    /// The secret itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    /// Nothing is trimmed: blanks may belong to it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err(InvalidSecret::Empty),
            text if text.len() > 512 => Err(InvalidSecret::TooLong),
            text if text.contains(char::is_control) => Err(InvalidSecret::ControlCharacter),
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// In a time that does not depend on where two secrets of one length differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.0.as_bytes(), other.0.as_bytes());
        one.len() == two.len() && one.iter().zip(two).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}

/// The username of a digest, ours or a carrier's; case matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(Box<str>);

/// Why a text can't be a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidUsername {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over 128 bytes.
    #[error("is too long")]
    TooLong,
    /// A quote, a backslash or something invisible, which equipment reads in different ways.
    #[error("contains {character:?}, which is not allowed here")]
    Character {
        /// The first of them.
        character: char,
    },
}

impl Username {
    /// As it stands in the digest.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let never =
            |c: char| c.is_control() || matches!(c, '"' | '\\') || crate::domain::is_invisible(c);
        match text.chars().find(|c| never(*c)) {
            Some(character) => Err(InvalidUsername::Character { character }),
            None if text.is_empty() => Err(InvalidUsername::Empty),
            None if text.len() > 128 => Err(InvalidUsername::TooLong),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::serde_as_text!(Username);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret: Secret = " hunter2 ".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.expose(), " hunter2 ");
        assert_ne!(secret, "hunter2".parse().unwrap());
    }

    #[test]
    fn what_no_carrier_can_enter_is_refused() {
        assert_eq!("".parse::<Secret>(), Err(InvalidSecret::Empty));
        assert_eq!(
            "a\r\nb".parse::<Secret>(),
            Err(InvalidSecret::ControlCharacter)
        );
        assert_eq!(
            "a".repeat(4_000).parse::<Secret>(),
            Err(InvalidSecret::TooLong)
        );
        for (given, character) in [
            ("a\"b", '"'),
            ("a\\b", '\\'),
            ("a\0b", '\0'),
            ("a\u{202e}b", '\u{202e}'),
        ] {
            let expect = Err(InvalidUsername::Character { character });
            assert_eq!(given.parse::<Username>(), expect, "{given:?}");
        }
        assert_eq!(" ".parse::<Username>(), Err(InvalidUsername::Empty));
        assert_eq!(
            "a".repeat(4_000).parse::<Username>(),
            Err(InvalidUsername::TooLong)
        );
    }

    proptest! {
        #[test]
        fn a_username_reads_what_it_writes(text: String) {
            let _ = text.parse::<Secret>();
            if let Ok(name) = text.parse::<Username>() {
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
