//! Numbers as people enter them: with a plus, with `00`, or as dialled in a country.

use app::domain::country::Country;
use app::domain::draft::{Entry, EntryList};
use app::domain::phone::{PhoneNumber, ReadAs, readings};
use app::error::{FieldErrors, Reason};

/// Reads one. Digits alone are read as dialled in `country`; without one they are refused,
/// because nobody can tell a national number from one whose plus was forgotten.
pub(super) fn number(text: &str, country: Option<Country>) -> Result<PhoneNumber, Reason> {
    let why = match text.parse::<PhoneNumber>() {
        Ok(number) => return Ok(number),
        Err(why) => why,
    };
    let forms = [
        |form: &ReadAs| *form == ReadAs::InternationalPrefix,
        |form: &ReadAs| matches!(form, ReadAs::National(_)),
    ];
    let read = readings(text, country);
    forms
        .iter()
        .find_map(|wanted| read.iter().find(|(form, _)| wanted(form)))
        .map(|(_, number)| number.clone())
        .ok_or_else(|| Reason::PhoneNumber {
            found: text.to_owned(),
            why,
        })
}

/// Reads a list, each number once; every fault under its own place.
pub(super) fn numbers(
    field: &str,
    list: &EntryList,
    country: Option<Country>,
    errors: &mut FieldErrors,
) -> Vec<PhoneNumber> {
    let Some(items) = errors.keep(field, list.items().map_err(Reason::from)) else {
        return Vec::new();
    };
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let read = entry(item).and_then(|text| number(text, country));
        if let Some(number) = errors.keep(format!("{field}.{index}"), read) {
            found.push(number);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The text of one item.
pub(super) fn entry(item: &Entry) -> Result<&str, Reason> {
    item.required().map_err(Reason::from)
}
