//! Countries as the telephone network sees them: calling code, trunk prefix, international prefix.
//!
//! It is a table, not a numbering plan: it says how numbers are dialled within a country, never
//! whether a number exists.

mod premium;
mod table;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::phone::PhoneNumber;
pub(in crate::domain) use premium::is_premium;
use table::{COUNTRIES, SHARED};

struct Row {
    iso: &'static str,
    english: &'static str,
    german: &'static str,
    calling_code: u16,
    trunk_prefix: &'static str,
    international_prefix: &'static str,
}

/// A country or territory with its own ISO 3166-1 code (and Kosovo, as `XK`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(u8);

/// The text is not the two-letter code of a country in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a two-letter country code such as US or CH")]
pub struct InvalidCountry;

impl Country {
    /// Every country, by ISO code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).take(COUNTRIES.len()).map(Self)
    }

    /// The country a number belongs to; `None` for calling codes of no country (`+800`, `+881`).
    pub fn of_number(number: &PhoneNumber) -> Option<Self> {
        let digits = number.digits();
        let shared = (1..=7)
            .rev()
            .filter_map(|n| digits.get(..n))
            .find_map(|prefix| {
                let at = SHARED
                    .binary_search_by_key(&prefix, |(digits, _)| digits)
                    .ok()?;
                SHARED[at].1.parse().ok()
            });
        shared.or_else(|| {
            let code = |n: usize| digits.get(..n)?.parse::<u16>().ok();
            (1..=3)
                .filter_map(code)
                .find_map(|code| Self::all().find(|country| country.calling_code() == code))
        })
    }

    /// The two letters of ISO 3166-1.
    pub fn iso(self) -> &'static str {
        self.row().iso
    }

    /// Its English name.
    pub fn english(self) -> &'static str {
        self.row().english
    }

    /// Its German name.
    pub fn german(self) -> &'static str {
        self.row().german
    }

    /// The digits after `+`: 41 for Switzerland.
    pub fn calling_code(self) -> u16 {
        self.row().calling_code
    }

    /// What is dialled before a national number, often `0`; empty where there is none.
    pub fn trunk_prefix(self) -> &'static str {
        self.row().trunk_prefix
    }

    /// What is dialled there in place of `+`.
    pub fn international_prefix(self) -> &'static str {
        self.row().international_prefix
    }

    fn row(self) -> &'static Row {
        &COUNTRIES[usize::from(self.0)]
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let iso = text.trim().to_ascii_uppercase();
        let at = COUNTRIES.binary_search_by_key(&iso.as_str(), |row| row.iso);
        let at = at.map_err(|_| InvalidCountry)?;
        u8::try_from(at).map(Self).map_err(|_| InvalidCountry)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.iso())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.iso())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.iso())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_hold_only_digits() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.iso < b.iso));
        assert!(SHARED.is_sorted_by(|a, b| a.0 < b.0));
        assert!(COUNTRIES.len() > 230 && COUNTRIES.len() <= 256);
        for country in Country::all() {
            assert_eq!(country.iso().parse(), Ok(country));
            assert!((1..=999).contains(&country.calling_code()));
            assert!(country.trunk_prefix().bytes().all(|b| b.is_ascii_digit()));
            assert!(
                country
                    .international_prefix()
                    .bytes()
                    .all(|b| b.is_ascii_digit())
            );
            assert!(!country.english().is_empty() && !country.german().is_empty());
        }
    }

    #[test]
    fn countries_that_share_a_calling_code_are_told_apart() {
        for country in Country::all() {
            let code = country.calling_code();
            let alone = Country::all()
                .filter(|other| other.calling_code() == code)
                .count()
                == 1;
            let listed = SHARED.iter().any(|(_, iso)| *iso == country.iso());
            // Saint-Martin and Saint Barthélemy have Guadeloupe's own numbers.
            assert!(
                alone || listed || ["BL", "MF"].contains(&country.iso()),
                "{country}"
            );
        }
    }

    #[test]
    fn a_number_tells_its_country() {
        for (number, iso) in [
            ("+41446681800", Some("CH")),
            ("+14155550100", Some("US")),
            ("+14165550100", Some("CA")),
            ("+12425550100", Some("BS")),
            ("+77012345678", Some("KZ")),
            ("+74951234567", Some("RU")),
            ("+390669812345", Some("VA")),
            ("+390612345678", Some("IT")),
            ("+447700900123", Some("GB")),
            ("+59991234567", Some("CW")),
            ("+81312345678", Some("JP")),
            ("+80012345678", None),
        ] {
            let number: PhoneNumber = number.parse().unwrap();
            assert_eq!(
                Country::of_number(&number).map(Country::iso),
                iso,
                "{number}"
            );
        }
    }

    #[test]
    fn codes_are_read_in_either_case_and_nothing_else_is() {
        assert_eq!("ch".parse::<Country>().map(Country::iso), Ok("CH"));
        for text in ["", "C", "CHE", "41", "ZZ", "C\0", "\u{202e}CH"] {
            assert_eq!(text.parse::<Country>(), Err(InvalidCountry), "{text:?}");
        }
    }
}
