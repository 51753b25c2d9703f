//! Which numbers a carrier may have meant by what it sent.
//!
//! Nothing is decided here: every plausible reading is given, in the order in which routing tries
//! them, and only one that meets a number on the trunk counts.

use std::borrow::Cow;

use super::{PhoneNumber, is_separator};
use crate::domain::country::Country;

/// How a number was read out of a user part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "form", content = "country", rename_all = "snake_case")]
pub enum ReadAs {
    /// It was sent as E.164.
    Exact,
    /// The calling code was there, the `+` was not.
    PlusMissing,
    /// `00`, `011`, or the country's own international prefix stood for the `+`.
    InternationalPrefix,
    /// As dialled within this country.
    National(Country),
}

/// The user part without URI parameters, escapes and separators: what remains of
/// `+1-415-555-0100;npdi` is `+14155550100`. Most carriers send nothing that has to go.
pub fn stripped(user: &str) -> Cow<'_, str> {
    let cut = user.split(';').next().unwrap_or_default();
    if !cut.contains(|c| c == '%' || is_separator(c)) {
        return Cow::Borrowed(cut);
    }
    // A `+` may come escaped, because it is reserved elsewhere; no other escape stands in numbers.
    let plain = cut.replace("%2B", "+").replace("%2b", "+");
    Cow::Owned(plain.chars().filter(|c| !is_separator(*c)).collect())
}

/// Every number that `user` may mean to equipment in `country`, best reading first, each once.
pub fn readings(user: &str, country: Option<Country>) -> Vec<(ReadAs, PhoneNumber)> {
    // Anything longer is no number in any form, however it is prefixed.
    if user.len() > 256 {
        return Vec::new();
    }
    let sent = stripped(user);
    let (plus, digits) = match sent.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, sent.as_ref()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if plus {
        note(&mut found, ReadAs::Exact, digits);
        return found;
    }
    note(&mut found, ReadAs::PlusMissing, digits);
    let own = country.map(Country::international_prefix);
    for prefix in ["00", "011"].into_iter().chain(own) {
        if let Some(rest) = digits.strip_prefix(prefix) {
            note(&mut found, ReadAs::InternationalPrefix, rest);
        }
    }
    if let Some(country) = country {
        let code = country.calling_code();
        let trunk = country.trunk_prefix();
        let dialled = digits.strip_prefix(trunk).filter(|_| !trunk.is_empty());
        for national in dialled.into_iter().chain([digits]) {
            note(
                &mut found,
                ReadAs::National(country),
                &format!("{code}{national}"),
            );
        }
    }
    found
}

fn note(found: &mut Vec<(ReadAs, PhoneNumber)>, form: ReadAs, digits: &str) {
    let Ok(number) = PhoneNumber::of_digits(digits) else {
        return;
    };
    if found.iter().all(|(_, known)| *known != number) {
        found.push((form, number));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(user: &str, country: Option<&str>) -> Vec<String> {
        let country = country.map(|iso| iso.parse().unwrap());
        let show = |(form, number): (ReadAs, PhoneNumber)| match form {
            ReadAs::Exact => format!("exact {number}"),
            ReadAs::PlusMissing => format!("plus {number}"),
            ReadAs::InternationalPrefix => format!("prefix {number}"),
            ReadAs::National(country) => format!("{country} {number}"),
        };
        readings(user, country).into_iter().map(show).collect()
    }

    #[test]
    fn what_carriers_send_is_read_in_order() {
        struct Case {
            user: &'static str,
            country: Option<&'static str>,
            expect: &'static [&'static str],
        }
        for case in [
            Case {
                user: "+14155550100",
                country: Some("CH"),
                expect: &["exact +14155550100"],
            },
            Case {
                user: "%2B14155550100",
                country: None,
                expect: &["exact +14155550100"],
            },
            Case {
                user: "+1-415-555-0100;npdi;rn=+1",
                country: None,
                expect: &["exact +14155550100"],
            },
            Case {
                user: "14155550100",
                country: None,
                expect: &["plus +14155550100"],
            },
            Case {
                user: "0041446681800",
                country: None,
                expect: &["prefix +41446681800"],
            },
            Case {
                user: "01141446681800",
                country: None,
                expect: &["prefix +41446681800"],
            },
            Case {
                user: "0011446681800",
                country: Some("AU"),
                expect: &[
                    "prefix +11446681800",
                    "prefix +446681800",
                    "AU +61011446681800",
                    "AU +610011446681800",
                ],
            },
            Case {
                user: "0446681800",
                country: Some("CH"),
                expect: &["CH +41446681800", "CH +410446681800"],
            },
            Case {
                user: "0446681800",
                country: None,
                expect: &[],
            },
            Case {
                user: "446681800",
                country: Some("CH"),
                expect: &["plus +446681800", "CH +41446681800"],
            },
            Case {
                user: "4155550100",
                country: Some("US"),
                expect: &["plus +4155550100", "US +14155550100"],
            },
            Case {
                user: "0612345678",
                country: Some("IT"),
                expect: &["IT +390612345678"],
            },
            Case {
                user: "sales",
                country: Some("US"),
                expect: &[],
            },
            Case {
                user: "204",
                country: Some("US"),
                expect: &[],
            },
            Case {
                user: "",
                country: Some("US"),
                expect: &[],
            },
            Case {
                user: "+",
                country: Some("US"),
                expect: &[],
            },
            Case {
                user: "+1415\r\n5550100",
                country: None,
                expect: &[],
            },
        ] {
            let found = read(case.user, case.country);
            assert_eq!(found, case.expect, "{:?} in {:?}", case.user, case.country);
        }
    }

    proptest! {
        #[test]
        fn no_user_part_makes_it_panic(user in any::<String>(), at in 0_usize..243) {
            let country = Country::all().nth(at);
            let found = readings(&user, country);
            let mut numbers: Vec<_> = found.iter().map(|(_, number)| number).collect();
            numbers.sort();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), found.len());
        }

        #[test]
        fn a_number_written_for_a_country_is_read_back_there(
            national in "[1-9][0-9]{8,9}", at in 0_usize..243,
        ) {
            let home = Country::all().nth(at).unwrap();
            let number: PhoneNumber = format!("+{}{national}", home.calling_code()).parse().unwrap();
            for format in super::super::NumberFormat::ALL {
                let sent = number.written(format, Some(home));
                let found = readings(&sent, Some(home));
                prop_assert!(found.iter().any(|(_, read)| *read == number), "{} as {:?}", sent, format);
            }
        }
    }
}
