//! One field as a form or a script sent it, before anybody knows whether it is right.
//!
//! A draft never fails to deserialise for what a field holds: text, numbers and switches become
//! text, and what can't be text is kept as its kind, so that `parse` can refuse every wrong field
//! at once and by name. Forms know text alone, so a number may be written as one; but a number of
//! JSON is no name. Which fields there are, and what they mean, is for the drafts themselves.

mod list;
mod over;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use list::EntryList;

/// What stands in one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The field was not sent: a change leaves it, a creation takes the default.
    #[default]
    Absent,
    /// It was sent as `null`: a change clears it.
    Null,
    /// Text, or a number or a switch written as one. A form clears a field with an empty one.
    Text(String),
    /// A number or a truth value of JSON, as text.
    Bare(String),
    /// Something that is no single value.
    Other(Kind),
}

/// What was found where a single value belongs, or where a list does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A JSON array.
    List,
    /// A JSON object.
    Object,
    /// A single value.
    Value,
    /// A number or a truth value.
    Bare,
}

/// Why a field can't be used, as far as that shows without knowing what the field means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum DraftProblem {
    /// Nothing was entered.
    #[error("is required")]
    Required,
    /// A list or an object where a single value belongs, or the other way round.
    #[error("has the wrong kind of value")]
    WrongKind {
        /// What was found.
        found: Kind,
    },
    /// More characters than the field holds.
    #[error("holds up to {max} characters; this has {has}")]
    TooLong {
        /// As many fit.
        max: u32,
        /// As many were sent.
        has: u32,
    },
    /// A character that can't be shown or would change how its neighbours are.
    #[error("contains U+{0:04X}, which is not allowed here", *character as u32)]
    ForbiddenCharacter {
        /// The first of them.
        character: char,
    },
    /// Neither on nor off.
    #[error("is neither on nor off")]
    NotASwitch,
    /// Not a whole number.
    #[error("is not a whole number")]
    NotAnInteger,
    /// A whole number outside what the field takes.
    #[error("is not between {min} and {max}")]
    OutOfRange {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// None of the words the field takes.
    #[error("is none of the choices")]
    NotAChoice,
}

impl DraftProblem {
    /// The stable name of the reason in the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::WrongKind { .. } => "wrong_kind",
            Self::TooLong { .. } => "too_long",
            Self::ForbiddenCharacter { .. } => "forbidden_character",
            Self::NotASwitch => "not_a_switch",
            Self::NotAnInteger => "not_an_integer",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotAChoice => "not_a_choice",
        }
    }
}

/// What a change wants of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It was not mentioned.
    Leave,
    /// It is to be empty, or to have its default again.
    Clear,
    /// It is to hold this.
    Set(T),
}

impl<T> Change<T> {
    /// The value after the change of one that may be missing.
    pub fn applied_to(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Leave => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }

    /// What it sets, if it sets anything.
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Leave | Self::Clear => None,
        }
    }

    /// The same change of another type.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Leave => Change::Leave,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(turn(value)),
        }
    }
}

impl Entry {
    /// A field that holds this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// For `skip_serializing_if`, so that absent fields stay absent on the wire.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether there is nothing in it: absent, `null`, or only blanks.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Absent | Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Bare(_) | Self::Other(_) => false,
        }
    }

    /// What to show in a form field.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Bare(text) => text,
            Self::Absent | Self::Null | Self::Other(_) => "",
        }
    }

    /// What a change wants: text trimmed, the empty one clears.
    pub fn change(&self) -> Result<Change<&str>, DraftProblem> {
        match self {
            Self::Absent => Ok(Change::Leave),
            Self::Null => Ok(Change::Clear),
            Self::Text(text) if text.trim().is_empty() => Ok(Change::Clear),
            Self::Text(text) => Ok(Change::Set(text.trim())),
            Self::Bare(_) => Err(DraftProblem::WrongKind { found: Kind::Bare }),
            Self::Other(found) => Err(DraftProblem::WrongKind { found: *found }),
        }
    }

    /// The same of a field that holds a number or a switch.
    pub(super) fn bare_change(&self) -> Result<Change<&str>, DraftProblem> {
        match self {
            Self::Bare(text) => Ok(Change::Set(text)),
            other => other.change(),
        }
    }

    /// The text, trimmed; `None` when the field is blank.
    pub fn optional(&self) -> Result<Option<&str>, DraftProblem> {
        match self.change()? {
            Change::Set(text) => Ok(Some(text)),
            Change::Leave | Change::Clear => Ok(None),
        }
    }

    /// The text, trimmed; a blank field is refused.
    pub fn required(&self) -> Result<&str, DraftProblem> {
        self.optional()?.ok_or(DraftProblem::Required)
    }

    /// The text exactly as sent, blanks at its ends included: for passwords.
    pub fn verbatim(&self) -> Result<Option<&str>, DraftProblem> {
        match self {
            Self::Text(text) if !text.is_empty() => Ok(Some(text)),
            Self::Absent | Self::Null | Self::Text(_) => Ok(None),
            Self::Bare(_) => Err(DraftProblem::WrongKind { found: Kind::Bare }),
            Self::Other(found) => Err(DraftProblem::WrongKind { found: *found }),
        }
    }

    /// One line for people to read, such as a name.
    pub fn line(&self, max: u32) -> Result<Option<&str>, DraftProblem> {
        let Some(text) = self.optional()? else {
            return Ok(None);
        };
        let forbidden = |c: char| c.is_control() || super::is_invisible(c);
        check(text, max, forbidden).map(Some)
    }

    /// Text of several lines, such as instructions.
    pub fn lines(&self, max: u32) -> Result<Option<&str>, DraftProblem> {
        let Some(text) = self.optional()? else {
            return Ok(None);
        };
        let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        check(text, max, forbidden).map(Some)
    }

    /// A domain type, read by its own parser; that parser's reason is the error.
    pub fn parsed<T, E>(&self) -> Result<Option<T>, E>
    where
        T: FromStr,
        E: From<T::Err> + From<DraftProblem>,
    {
        match self.optional()? {
            Some(text) => Ok(Some(text.parse()?)),
            None => Ok(None),
        }
    }

    /// A switch: `on` and `off` from forms, `true` and `false` from JSON.
    pub fn switch(&self) -> Result<Option<bool>, DraftProblem> {
        match self.bare_change()?.set() {
            None => Ok(None),
            Some(&("on" | "true")) => Ok(Some(true)),
            Some(&("off" | "false")) => Ok(Some(false)),
            Some(_) => Err(DraftProblem::NotASwitch),
        }
    }

    /// A whole number within bounds.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<Option<i64>, DraftProblem> {
        let Change::Set(text) = self.bare_change()? else {
            return Ok(None);
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DraftProblem::NotAnInteger);
        }
        let (min, max) = (*range.start(), *range.end());
        let number = text.parse().ok().filter(|number| range.contains(number));
        number
            .map(Some)
            .ok_or(DraftProblem::OutOfRange { min, max })
    }

    /// One of a few words.
    pub fn choice<T>(
        &self,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, DraftProblem> {
        match self.optional()? {
            Some(text) => read(text).map(Some).ok_or(DraftProblem::NotAChoice),
            None => Ok(None),
        }
    }
}

fn check(text: &str, max: u32, forbidden: impl Fn(char) -> bool) -> Result<&str, DraftProblem> {
    if let Some(character) = text.chars().find(|c| forbidden(*c)) {
        return Err(DraftProblem::ForbiddenCharacter { character });
    }
    let has = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if has > max {
        return Err(DraftProblem::TooLong { max, has });
    }
    Ok(text)
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Entry {
    fn from(on: bool) -> Self {
        Self::text(if on { "on" } else { "off" })
    }
}

impl<T: fmt::Display> From<Option<T>> for Entry {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, |value| Self::Text(value.to_string()))
    }
}

impl Serialize for Entry {
    /// Absent and `Other` become `null`; skip absent fields with [`Entry::is_absent`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::Bare(text) => serializer.serialize_str(text),
            Self::Absent | Self::Null | Self::Other(_) => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Entry, E> {
        Ok(Entry::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Entry, E> {
        Ok(Entry::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        Entry::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Entry, D::Error> {
        Entry::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Entry, E> {
        Ok(Entry::Bare(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Entry, E> {
        Ok(Entry::Bare(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Entry, E> {
        Ok(Entry::Bare(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Entry, E> {
        Ok(Entry::Bare(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Entry, E> {
        Ok(Entry::text(value))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Entry, E> {
        Ok(Entry::Text(value))
    }

    // The contents are read as entries, not as `IgnoredAny`: serde_ignored would report those as
    // unknown fields, though it is the value that is wrong.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entry, A::Error> {
        while list.next_element::<Entry>()?.is_some() {}
        Ok(Entry::Other(Kind::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        while map.next_entry::<Entry, Entry>()?.is_some() {}
        Ok(Entry::Other(Kind::Object))
    }
}

#[cfg(test)]
mod tests;
