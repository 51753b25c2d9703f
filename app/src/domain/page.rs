//! A page of a longer list, and the opaque place where the next one starts.
//!
//! Lists are ordered newest first by (time, id), which is stable while rows arrive; nothing here
//! knows how the rows are found.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// Some items, and where the next ones start; `None` when these were the last. A page that a search had to look far for may
/// hold few, or none, and still have a next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What was asked for, at most as many as the limit.
    pub items: Vec<T>,
    /// Give this back to go on.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page made of what a store found when it was asked for one more than the limit.
    pub fn of(mut found: Vec<T>, limit: Limit, place: impl Fn(&T) -> Cursor) -> Self {
        let more = found.len() > limit.as_usize();
        found.truncate(limit.as_usize());
        let next = if more { found.last().map(place) } else { None };
        Self { items: found, next }
    }

    /// Whether it ends where looking for more ended, and not because it is full.
    pub fn stopped_looking(&self, limit: Limit) -> bool {
        self.next.is_some() && self.items.len() < limit.as_usize()
    }

    /// The same page of other things.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(turn).collect(),
            next: self.next,
        }
    }
}

/// The part of a list in hand that comes after the item with this key, and the key to go on from.
/// A key that is not there any more begins anew.
pub fn part<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    after: &str,
    most: usize,
) -> (Vec<T>, Option<String>) {
    let start = items.iter().position(|item| key(item) == after);
    let start = start.map_or(0, |at| at + 1);
    let more = items.len() > start + most;
    let part: Vec<T> = items.into_iter().skip(start).take(most).collect();
    let next = part.last().filter(|_| more).map(key);
    (part, next)
}

/// A place in a list: the last row seen. Opaque to whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The row's time, unix milliseconds.
    pub at_ms: i64,
    /// The row's id, which orders rows of the same millisecond.
    pub id: Uuid,
}

/// The text was not made by this server as a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor this server gave out")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{}", self.at_ms, self.id.as_simple())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let canonical = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 48 || !text.bytes().all(canonical) {
            return Err(InvalidCursor);
        }
        let (at, id) = text.split_at(16);
        let at = u64::from_str_radix(at, 16).map_err(|_| InvalidCursor)?;
        let id = Uuid::try_parse(id).map_err(|_| InvalidCursor)?;
        Ok(Self {
            at_ms: at.cast_signed(),
            id,
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// How many items a page may hold: 1 to 100, 25 unless told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Limit(u8);

/// A page of none, or of more than 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a page holds 1 to 100 items")]
pub struct InvalidLimit;

impl Limit {
    /// Just the first.
    pub const ONE: Self = Self(1);
    /// The longest page.
    pub const MAX: Self = Self(100);

    /// For `LIMIT` clauses.
    pub fn as_i64(self) -> i64 {
        i64::from(self.0)
    }

    /// For slices and vectors.
    pub fn as_usize(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(25)
    }
}

impl TryFrom<u32> for Limit {
    type Error = InvalidLimit;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match u8::try_from(number) {
            Ok(n @ 1..=100) => Ok(Self(n)),
            _ => Err(InvalidLimit),
        }
    }
}

impl From<Limit> for u32 {
    fn from(limit: Limit) -> Self {
        Self::from(limit.0)
    }
}

impl FromStr for Limit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u32>().map_err(|_| InvalidLimit)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_what_it_writes(at_ms: i64, id: u128) {
            let cursor = Cursor { at_ms, id: Uuid::from_u128(id) };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in "\\PC{0,64}") {
            let _ = text.parse::<Cursor>();
        }
    }

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let limit = Limit::try_from(2).unwrap();
        let place = |n: &i64| Cursor {
            at_ms: *n,
            id: Uuid::nil(),
        };
        assert_eq!(Page::of(vec![9, 8], limit, place).next, None);
        let page = Page::of(vec![9, 8, 7], limit, place);
        assert_eq!(page.items, [9, 8]);
        assert_eq!(page.next, Some(place(&8)));
        assert!(!page.stopped_looking(limit));
        let short = Page {
            items: vec![9],
            ..page
        };
        assert!(short.stopped_looking(limit));
    }

    #[test]
    fn a_list_in_hand_is_read_part_by_part() {
        let names = || vec!["ada", "bob", "cyd", "dan", "eve"];
        let key = |name: &&str| (*name).to_owned();
        let read = |after: &str| part(names(), key, after, 2);
        assert_eq!(read(""), (vec!["ada", "bob"], Some("bob".to_owned())));
        assert_eq!(read("bob"), (vec!["cyd", "dan"], Some("dan".to_owned())));
        assert_eq!(read("dan"), (vec!["eve"], None));
        assert_eq!(read("gone").0, ["ada", "bob"]);
    }

    #[test]
    fn limits_outside_1_to_100_are_refused() {
        for text in ["0", "101", "-1", "", "ten", "4294967297"] {
            assert_eq!(text.parse::<Limit>(), Err(InvalidLimit), "{text}");
        }
        assert_eq!("100".parse(), Ok(Limit::MAX));
    }
}
