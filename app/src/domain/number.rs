//! The inventory: numbers of ours, who answers them, and how many are added at once.

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{AgentId, NumberId};
use crate::domain::page::{Cursor, Limit};
use crate::domain::phone::PhoneNumber;
use crate::domain::words;
use crate::error::Reason;

/// A number of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// Its id; scripts use the number itself.
    pub id: NumberId,
    /// The number.
    pub number: PhoneNumber,
    /// What the operator calls it.
    pub label: Option<String>,
    /// When somebody vouched for it, or a call to it arrived. Unix milliseconds.
    pub verified_at: Option<i64>,
    /// Whether calls to it are taken.
    pub on_trunk: bool,
    /// Who answers it.
    pub agent: Option<AgentId>,
    /// When it was last called. Unix milliseconds.
    pub last_call_at: Option<i64>,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// In which order numbers are listed; a minus means downwards, as in the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberSort {
    /// By their digits.
    #[default]
    #[serde(rename = "phone_number")]
    Number,
    /// By their digits, the other way round.
    #[serde(rename = "-phone_number")]
    NumberDown,
    /// The one called last first.
    #[serde(rename = "-last_call_at")]
    LastCalled,
    /// Those nobody calls first.
    #[serde(rename = "last_call_at")]
    LongestQuiet,
}
words!(
    NumberSort,
    Number = "phone_number",
    NumberDown = "-phone_number",
    LastCalled = "-last_call_at",
    LongestQuiet = "last_call_at",
);

/// Which numbers to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain filters")]
pub struct NumberFilter {
    pub on_trunk: Option<bool>,
    pub agent: Option<AgentId>,
    pub unassigned: bool,
    /// Part of the digits or of the label.
    pub query: Option<String>,
    pub sort: NumberSort,
    pub limit: Option<Limit>,
    pub cursor: Option<Cursor>,
}

/// A number with the name of who answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberRow {
    /// The number.
    pub number: Number,
    /// What its agent is called.
    pub agent_name: Option<String>,
}

/// Numbers to add, pasted or listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct NumbersDraft {
    pub phone_numbers: EntryList,
    /// One text, one number a line, as a form pastes it.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub lines: Entry,
    /// Reads those without a country code.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub country: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub on_trunk: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    /// Say what would happen, change nothing.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub preview: Entry,
}

/// What can be changed of a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct NumberDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub label: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub verified: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub on_trunk: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What became of one line of many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    /// The line as sent.
    pub sent: String,
    /// What it was read as, or why it was not.
    pub number: Result<PhoneNumber, Reason>,
    /// What was or would be done.
    pub what: AddedAs,
}

/// What was done with one line of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddedAs {
    /// New.
    New,
    /// It was there already.
    AlreadyHere,
    /// It stands further up in the same list.
    Twice,
    /// It is no number.
    Refused,
}
