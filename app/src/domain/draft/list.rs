//! A list of fields, such as the numbers of a trunk.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Change, DraftProblem, Entry, Kind};

/// What stands where a list belongs. A single text is a pasted list, one item a line (or between
/// commas and semicolons), because that is what a `textarea` sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum EntryList {
    /// The field was not sent.
    #[default]
    Absent,
    /// It was sent as `null`.
    Null,
    /// The items, in order.
    Items(Vec<Entry>),
    /// An object.
    Other(Kind),
}

impl EntryList {
    /// For `skip_serializing_if`.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// A list of these.
    pub fn of<T: Into<Entry>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Items(items.into_iter().map(Into::into).collect())
    }

    /// The items of a pasted text.
    pub fn pasted(text: &str) -> Self {
        let items = text.split(['\n', '\r', ',', ';', '\t']).map(str::trim);
        Self::of(items.filter(|item| !item.is_empty()))
    }

    /// With each item that holds several lines cut into one a line: what a `textarea` sends
    /// as the one item of a list.
    #[must_use]
    pub fn lines(self) -> Self {
        match self {
            Self::Items(items) if items.len() == 1 => match &items[0] {
                Entry::Text(text) if text.contains('\n') => Self::pasted(text),
                _ => Self::Items(items),
            },
            other => other,
        }
    }

    /// What a change wants: `null` clears, a list, even an empty one, replaces.
    pub fn change(&self) -> Result<Change<&[Entry]>, DraftProblem> {
        match self {
            Self::Absent => Ok(Change::Leave),
            Self::Null => Ok(Change::Clear),
            Self::Items(items) => Ok(Change::Set(items)),
            Self::Other(found) => Err(DraftProblem::WrongKind { found: *found }),
        }
    }

    /// The items; none when the field is absent or `null`.
    pub fn items(&self) -> Result<&[Entry], DraftProblem> {
        match self.change()? {
            Change::Set(items) => Ok(items),
            Change::Leave | Change::Clear => Ok(&[]),
        }
    }

    /// What to show in a `textarea`.
    pub fn shown(&self) -> String {
        match self {
            Self::Items(items) => items
                .iter()
                .map(Entry::shown)
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Absent | Self::Null | Self::Other(_) => String::new(),
        }
    }
}

impl Serialize for EntryList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Items(items) => items.serialize(serializer),
            Self::Absent | Self::Null | Self::Other(_) => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for EntryList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyList)
    }
}

struct AnyList;

impl<'de> Visitor<'de> for AnyList {
    type Value = EntryList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<EntryList, E> {
        Ok(EntryList::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<EntryList, E> {
        Ok(EntryList::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<EntryList, D::Error> {
        EntryList::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<EntryList, E> {
        Ok(EntryList::Items(vec![Entry::Bare(value.to_string())]))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<EntryList, E> {
        Ok(EntryList::Items(vec![Entry::Bare(value.to_string())]))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<EntryList, E> {
        Ok(EntryList::Items(vec![Entry::Bare(value.to_string())]))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<EntryList, E> {
        Ok(EntryList::Items(vec![Entry::Bare(value.to_string())]))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<EntryList, E> {
        Ok(EntryList::pasted(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EntryList, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(EntryList::Items(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EntryList, A::Error> {
        while map.next_entry::<Entry, Entry>()?.is_some() {}
        Ok(EntryList::Other(Kind::Object))
    }
}
