//! Reading columns back into domain types: a value that does not parse names its table, column and row.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::StoreError;

/// A text as both databases take it: PostgreSQL refuses U+0000, and SQLite ends a pattern there. What a peer sends is
/// not ours to refuse here.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Where a value was read, for the error if it can't be.
#[derive(Clone, Copy)]
pub(super) struct At<Row> {
    pub(super) table: &'static str,
    pub(super) row: Row,
}

impl<Row: Display + Copy> At<Row> {
    pub(super) fn corrupt(self, column: &'static str) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column,
            row: self.row.to_string(),
        }
    }

    pub(super) fn parse<T: FromStr>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse().map_err(|_| self.corrupt(column))
    }

    pub(super) fn parse_some<T: FromStr>(
        self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.parse(column, text)).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }

    pub(super) fn count(self, column: &'static str, number: i64) -> Result<u32, StoreError> {
        u32::try_from(number).map_err(|_| self.corrupt(column))
    }

    pub(super) fn count_some(
        self,
        column: &'static str,
        number: Option<i64>,
    ) -> Result<Option<u32>, StoreError> {
        number.map(|number| self.count(column, number)).transpose()
    }
}

/// JSON columns: values read and written whole.
pub(super) mod json {
    use serde::Serialize;

    use crate::store::StoreError;

    pub(in crate::store) fn write<T: Serialize>(value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(StoreError::Encode)
    }
}
