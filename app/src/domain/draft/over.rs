//! What results when a field is said over a value that stands: absent leaves it, `null` or
//! an empty text clears it, anything else replaces it. One place for the meaning of a PATCH.

use std::str::FromStr;

use super::{Change, DraftProblem, Entry, EntryList};
use crate::error::Reason;

impl From<DraftProblem> for Reason {
    fn from(problem: DraftProblem) -> Self {
        match problem {
            DraftProblem::Required => Self::Required,
            DraftProblem::WrongKind { found } => Self::WrongKind { found },
            DraftProblem::TooLong { max, has } => Self::TooLong { max, found: has },
            DraftProblem::ForbiddenCharacter { character } => {
                Self::ForbiddenCharacter { character }
            }
            DraftProblem::NotASwitch => Self::not_a_choice("", ["on", "off", "true", "false"]),
            DraftProblem::NotAnInteger => Self::NotAnInteger {
                found: String::new(),
            },
            DraftProblem::OutOfRange { min, max } => Self::OutOfRange {
                min,
                max,
                found: String::new(),
            },
            DraftProblem::NotAChoice => Self::not_a_choice("", []),
        }
    }
}

impl Entry {
    /// A value that must not be missing, by its own parser.
    pub fn choice_or<T: FromStr<Err = Reason>>(&self, base: T) -> Result<T, Reason> {
        match self.change()? {
            Change::Leave => Ok(base),
            Change::Clear => Err(Reason::Required),
            Change::Set(text) => text.parse(),
        }
    }

    /// The same, of a type whose parser has reasons of its own.
    pub fn parsed_or<T: FromStr>(
        &self,
        base: T,
        because: impl FnOnce(String, T::Err) -> Reason,
    ) -> Result<T, Reason> {
        match self.change()? {
            Change::Leave => Ok(base),
            Change::Clear => Err(Reason::Required),
            Change::Set(text) => text.parse().map_err(|why| because(text.to_owned(), why)),
        }
    }

    /// A value that may be missing.
    pub fn optional_or<T: FromStr>(
        &self,
        base: Option<T>,
        because: impl FnOnce(String, T::Err) -> Reason,
    ) -> Result<Option<T>, Reason> {
        match self.change()? {
            Change::Leave => Ok(base),
            Change::Clear => Ok(None),
            Change::Set(text) => text
                .parse()
                .map(Some)
                .map_err(|why| because(text.to_owned(), why)),
        }
    }

    /// On or off.
    pub fn switch_or(&self, base: bool) -> Result<bool, Reason> {
        match self.switch() {
            Ok(None) => Ok(base),
            Ok(Some(on)) => Ok(on),
            Err(DraftProblem::NotASwitch) => Err(Reason::not_a_choice(
                self.shown(),
                ["on", "off", "true", "false"],
            )),
            Err(other) => Err(other.into()),
        }
    }

    /// A whole number that must not be missing.
    pub fn integer_or(&self, base: u32, min: u32, max: u32) -> Result<u32, Reason> {
        match self.bare_change()? {
            Change::Leave => Ok(base),
            Change::Clear => Err(Reason::Required),
            Change::Set(_) => self.bounded(min, max),
        }
    }

    /// A whole number that may be missing.
    pub fn optional_integer_or(
        &self,
        base: Option<u32>,
        min: u32,
        max: u32,
    ) -> Result<Option<u32>, Reason> {
        match self.bare_change()? {
            Change::Leave => Ok(base),
            Change::Clear => Ok(None),
            Change::Set(_) => self.bounded(min, max).map(Some),
        }
    }

    fn bounded(&self, min: u32, max: u32) -> Result<u32, Reason> {
        match self.integer(i64::from(min)..=i64::from(max)) {
            Ok(Some(number)) => u32::try_from(number).map_err(|_| Reason::Required),
            Ok(None) => Err(Reason::Required),
            Err(DraftProblem::NotAnInteger) => Err(Reason::NotAnInteger {
                found: self.shown().to_owned(),
            }),
            Err(DraftProblem::OutOfRange { min, max }) => Err(Reason::OutOfRange {
                min,
                max,
                found: self.shown().trim().to_owned(),
            }),
            Err(other) => Err(other.into()),
        }
    }

    /// One line that must not be missing, such as a name.
    pub fn line_or(&self, base: &str, max: u32) -> Result<String, Reason> {
        match self.change()? {
            Change::Leave if !base.is_empty() => Ok(base.to_owned()),
            _ => self.line(max)?.map(str::to_owned).ok_or(Reason::Required),
        }
    }

    /// Text that may be missing.
    pub fn optional_text_or(&self, base: Option<&str>, max: u32) -> Result<Option<String>, Reason> {
        match self.change()? {
            Change::Leave => Ok(base.map(str::to_owned)),
            Change::Clear => Ok(None),
            Change::Set(_) => Ok(self.lines(max)?.map(str::to_owned)),
        }
    }

    /// The version a form was loaded with, if it says so.
    pub fn version(&self) -> Result<Option<i64>, Reason> {
        match self.integer(1..=i64::MAX) {
            Ok(version) => Ok(version),
            Err(DraftProblem::NotAnInteger) => Err(Reason::NotAnInteger {
                found: self.shown().to_owned(),
            }),
            Err(other) => Err(other.into()),
        }
    }
}

impl EntryList {
    /// The texts of a list of any length, blank ones left out.
    pub fn texts_or(&self, base: &[String], max: u32) -> Result<Vec<String>, Reason> {
        match self.change()? {
            Change::Leave => Ok(base.to_vec()),
            Change::Clear => Ok(Vec::new()),
            Change::Set(items) => items
                .iter()
                .filter_map(|item| {
                    item.lines(max)
                        .map(|text| text.map(str::to_owned))
                        .transpose()
                })
                .map(|text| text.map_err(Reason::from))
                .collect(),
        }
    }
}
