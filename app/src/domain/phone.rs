//! Telephone numbers in their one canonical form, E.164: `+` and 7 to 15 digits.
//!
//! What people write and what carriers send is turned into that form here and nowhere else. It
//! must not know which numbers exist or to whom they belong.

mod format;
mod reading;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use format::{InvalidNumberFormat, NumberFormat};
pub use reading::{ReadAs, readings, stripped};

/// The fewest digits a number may have, calling code included; what is shorter is a service code
/// or an emergency number, which Patchbay neither holds nor dials.
pub const MIN_DIGITS: usize = 7;
/// The most digits (ITU-T E.164 §6.2.1).
pub const MAX_DIGITS: usize = 15;

/// An E.164 number. Two of them are equal when they are the same line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Why a text is no phone number; the variants are the reasons shown beside a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum InvalidPhoneNumber {
    /// Digits without a country code, or one that starts with zero.
    #[error("has no country code; write it like +14155550100")]
    NotE164,
    /// It holds something that is no digit.
    #[error("contains {letter:?}, which is not a digit")]
    NotANumber {
        /// The first such character.
        letter: char,
    },
    /// A short code or an emergency number.
    #[error("is too short for a phone number; emergency numbers can't be used here")]
    TooShort,
    /// More than 15 digits.
    #[error("has more than 15 digits")]
    TooLong,
}

impl InvalidPhoneNumber {
    /// The stable name of the reason in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotE164 => "not_e164",
            Self::NotANumber { .. } => "not_a_number",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
        }
    }
}

impl PhoneNumber {
    /// With its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its `+`.
    pub fn digits(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// Whether the callee is paid for the call, at the caller's cost: premium and shared-cost
    /// numbers, in every country's own plan.
    pub fn is_premium(&self) -> bool {
        crate::domain::country::is_premium(self)
    }

    /// For logs: the last four digits only.
    pub fn masked(&self) -> String {
        format!("…{}", &self.0[self.0.len() - 4..])
    }

    /// The number whose digits these are, calling code first.
    fn of_digits(digits: &str) -> Result<Self, InvalidPhoneNumber> {
        match digits.len() {
            0..MIN_DIGITS => Err(InvalidPhoneNumber::TooShort),
            MIN_DIGITS..=MAX_DIGITS if digits.starts_with('0') => Err(InvalidPhoneNumber::NotE164),
            MIN_DIGITS..=MAX_DIGITS => Ok(Self(format!("+{digits}").into())),
            _ => Err(InvalidPhoneNumber::TooLong),
        }
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    /// Strict but for the separators people write: without `+` nothing is guessed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain: String = text.trim().chars().filter(|c| !is_separator(*c)).collect();
        let (plus, digits) = match plain.strip_prefix('+') {
            Some(digits) => (true, digits),
            None => (false, plain.as_str()),
        };
        if let Some(letter) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(match letter {
                '+' => InvalidPhoneNumber::NotE164,
                letter => InvalidPhoneNumber::NotANumber { letter },
            });
        }
        match Self::of_digits(digits) {
            Ok(_) if !plus => Err(InvalidPhoneNumber::NotE164),
            read => read,
        }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Debug output ends up in logs, where full numbers have no place.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

/// What people and carriers write between digits (RFC 3966 §5.1.1, and the slash of Europe).
fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}')
}

/// One end of a call: a number, or a name such as `sales` or `204` that only a PBX knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Party {
    /// A line of the public network.
    Number(PhoneNumber),
    /// The user part of a SIP URI that is no number.
    User(UserPart),
}

/// The user part of a SIP URI, as text: one line without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserPart(Box<str>);

/// The text cannot stand as a user part: empty, over 128 bytes, or with control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the user part of a SIP URI")]
pub struct InvalidUserPart;

impl UserPart {
    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserPart {
    type Err = InvalidUserPart;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |c: char| c.is_control() || c.is_whitespace() || super::is_invisible(c);
        if text.is_empty() || text.len() > 128 || text.contains(bad) {
            return Err(InvalidUserPart);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UserPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Party {
    /// The number, if it is one.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::User(_) => None,
        }
    }

    /// For logs: a number's last four digits, a user part's first character.
    pub fn masked(&self) -> String {
        match self {
            Self::Number(number) => number.masked(),
            Self::User(user) => format!("{}…", user.0.chars().take(1).collect::<String>()),
        }
    }
}

impl FromStr for Party {
    type Err = InvalidUserPart;

    /// A number only when it says so itself, with `+`; see [`readings`] for the looser forms.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => text.parse().map(Self::User),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::User(user) => user.fmt(f),
        }
    }
}

impl TryFrom<String> for Party {
    type Error = InvalidUserPart;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Party> for String {
    fn from(party: Party) -> Self {
        party.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use InvalidPhoneNumber::{NotANumber, NotE164, TooLong, TooShort};

    #[test]
    fn numbers_are_read_strictly_but_for_separators() {
        struct Case {
            given: &'static str,
            expect: Result<&'static str, InvalidPhoneNumber>,
        }
        let ok = |given, expect| Case {
            given,
            expect: Ok(expect),
        };
        let no = |given, expect| Case {
            given,
            expect: Err(expect),
        };
        for case in [
            ok("+14155550100", "+14155550100"),
            ok(" +1 (415) 555-0100 ", "+14155550100"),
            ok("+41/44.668 18 00", "+41446681800"),
            ok("+41\u{a0}44\u{202f}6681800", "+41446681800"),
            ok("+1234567", "+1234567"),
            ok("+123456789012345", "+123456789012345"),
            no("4155550100", NotE164),
            no("0041446681800", NotE164),
            no("+0041446681800", NotE164),
            no("++14155550100", NotE164),
            no("+1415555O100", NotANumber { letter: 'O' }),
            no("+1415555010\u{0660}", NotANumber { letter: '\u{0660}' }),
            no("+14155550100\0", NotANumber { letter: '\0' }),
            no("+1415\r\nVia: x", NotANumber { letter: '\r' }),
            no("\u{202e}+14155550100", NotANumber { letter: '\u{202e}' }),
            no("112", TooShort),
            no("+44112", TooShort),
            no("", TooShort),
            no("+", TooShort),
            no("+1234567890123456", TooLong),
        ] {
            let read = case.given.parse::<PhoneNumber>();
            assert_eq!(
                read.as_ref().map(PhoneNumber::as_str),
                case.expect.as_ref().copied(),
                "{:?}",
                case.given
            );
        }
        assert_eq!("9".repeat(4_000).parse::<PhoneNumber>(), Err(TooLong));
    }

    #[test]
    fn debug_output_holds_no_full_number() {
        let number: PhoneNumber = "+14155550100".parse().unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(…0100)");
    }

    #[test]
    fn a_party_is_a_number_only_with_its_plus() {
        assert!(matches!("+14155550100".parse(), Ok(Party::Number(_))));
        assert!(matches!("204".parse(), Ok(Party::User(_))));
        assert!(matches!("4155550100".parse(), Ok(Party::User(_))));
        for text in ["", "a b", "a\r\nb", "a\0", "a\u{202e}b", &"x".repeat(129)] {
            assert_eq!(text.parse::<Party>(), Err(InvalidUserPart), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_reads_what_it_writes(digits in "[1-9][0-9]{6,14}") {
            let number: PhoneNumber = format!("+{digits}").parse().unwrap();
            prop_assert_eq!(number.to_string().parse(), Ok(number.clone()));
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number);
        }

        #[test]
        fn no_text_makes_a_number_panic(text in any::<String>()) {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                prop_assert!((8..=16).contains(&number.as_str().len()));
                let _ = (number.masked(), number.grouped());
            }
            let _ = text.parse::<Party>();
        }
    }
}
