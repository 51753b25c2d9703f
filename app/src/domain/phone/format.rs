//! How a number is written out: grouped for people, and in the forms carriers want.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PhoneNumber;
use crate::domain::country::Country;

/// The form in which a carrier wants numbers in Request-URI, To and From.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// `+14155550100`
    #[default]
    E164,
    /// `14155550100`
    Digits,
    /// As dialled within the trunk's country: `0446681800` for a Swiss number in Switzerland,
    /// the international prefix before any other.
    National,
}

/// The text names none of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of e164, digits, national")]
pub struct InvalidNumberFormat;

impl NumberFormat {
    /// All of them, in the order forms offer them.
    pub const ALL: [Self; 3] = [Self::E164, Self::Digits, Self::National];

    /// Its name in forms and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E164 => "e164",
            Self::Digits => "digits",
            Self::National => "national",
        }
    }
}

impl FromStr for NumberFormat {
    type Err = InvalidNumberFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(InvalidNumberFormat)
    }
}

impl PhoneNumber {
    /// The number as a carrier at home in `home` wants it. Without a home, national is E.164.
    pub fn written(&self, format: NumberFormat, home: Option<Country>) -> String {
        match (format, home) {
            (NumberFormat::Digits, _) => self.digits().to_owned(),
            (NumberFormat::National, Some(home)) => self.dialled_in(home),
            (NumberFormat::E164, _) | (NumberFormat::National, None) => self.as_str().to_owned(),
        }
    }

    fn dialled_in(&self, home: Country) -> String {
        let code = home.calling_code().to_string();
        match self.digits().strip_prefix(&code) {
            // North American carriers take national numbers as ten bare digits.
            Some(national) if code == "1" => national.to_owned(),
            Some(national) => format!("{}{national}", home.trunk_prefix()),
            None => format!("{}{}", home.international_prefix(), self.digits()),
        }
    }

    /// For people: `+1 415 555 0100`. Reads back as the same number.
    pub fn grouped(&self) -> String {
        let Some(country) = Country::of_number(self) else {
            return self.as_str().to_owned();
        };
        let code = country.calling_code().to_string();
        let national = self.digits().strip_prefix(&code).unwrap_or_default();
        let mut text = format!("+{code}");
        let mut rest = national;
        for size in groups(&code, national) {
            let (group, more) = rest.split_at(size.min(rest.len()));
            text.push(' ');
            text.push_str(group);
            rest = more;
        }
        text
    }
}

/// The sizes of the groups of a national number: a country's habit where it is settled, else
/// threes with a longer last group.
fn groups(code: &str, national: &str) -> Vec<usize> {
    match (code, national.len()) {
        ("1", 10) => vec![3, 3, 4],
        ("33", 9) => vec![1, 2, 2, 2, 2],
        ("41", 9) => vec![2, 3, 2, 2],
        ("32", 9) => vec![3, 2, 2, 2],
        ("34" | "48" | "351" | "420", 9) => vec![3, 3, 3],
        ("44", 10) if national.starts_with('2') => vec![2, 4, 4],
        ("44", 10) => vec![4, 6],
        ("45" | "47", 8) => vec![2, 2, 2, 2],
        ("61", 9) => vec![1, 4, 4],
        ("65" | "852", 8) => vec![4, 4],
        ("7", 10) => vec![3, 3, 2, 2],
        ("49", 8..) => vec![
            if ["30", "40", "69", "89"]
                .iter()
                .any(|big| national.starts_with(big))
            {
                2
            } else {
                3
            },
            usize::MAX,
        ],
        (_, length) => threes(length),
    }
}

fn threes(length: usize) -> Vec<usize> {
    match length {
        0 => Vec::new(),
        1..=4 => vec![length],
        _ => std::iter::once(3).chain(threes(length - 3)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> PhoneNumber {
        text.parse().unwrap()
    }

    #[test]
    fn people_read_numbers_in_groups() {
        for (given, expect) in [
            ("+14155550100", "+1 415 555 0100"),
            ("+41446681800", "+41 44 668 18 00"),
            ("+442079460958", "+44 20 7946 0958"),
            ("+441632960001", "+44 1632 960001"),
            ("+33123456789", "+33 1 23 45 67 89"),
            ("+493012345678", "+49 30 12345678"),
            ("+390612345678", "+39 061 234 5678"),
            ("+80012345678", "+80012345678"),
        ] {
            assert_eq!(number(given).grouped(), expect);
        }
    }

    #[test]
    fn carriers_get_the_form_they_want() {
        use NumberFormat::{Digits, E164, National};
        for (given, format, home, expect) in [
            ("+41446681800", E164, Some("CH"), "+41446681800"),
            ("+41446681800", Digits, Some("CH"), "41446681800"),
            ("+41446681800", National, Some("CH"), "0446681800"),
            ("+41446681800", National, Some("US"), "01141446681800"),
            ("+41446681800", National, None, "+41446681800"),
            ("+14155550100", National, Some("US"), "4155550100"),
            ("+390612345678", National, Some("IT"), "0612345678"),
        ] {
            let home = home.map(|iso| iso.parse().unwrap());
            assert_eq!(
                number(given).written(format, home),
                expect,
                "{given} {format:?} {home:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_grouped_number_reads_back(digits in "[1-9][0-9]{6,14}") {
            let number = number(&format!("+{digits}"));
            prop_assert_eq!(number.grouped().parse(), Ok(number));
        }
    }
}
