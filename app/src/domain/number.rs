//! The inventory: numbers of ours, who answers them, and how many are added at once.

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{AgentId, NumberId};
use crate::domain::page::{Cursor, Limit};
use crate::domain::phone::PhoneNumber;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

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

impl NumberDraft {
    /// What becomes of a number when this is said of it: absent leaves, null clears. Whether its agent is there, and
    /// whether another one has it, is not seen from here.
    pub fn over(&self, base: &Number, now: i64) -> Result<Number, FieldErrors> {
        let mut errors = FieldErrors::new();
        let label = errors.keep(
            "label",
            self.label.optional_text_or(base.label.as_deref(), 120),
        );
        let verified = errors.keep(
            "verified",
            self.verified.switch_or(base.verified_at.is_some()),
        );
        let on_trunk = errors.keep("on_trunk", self.on_trunk.switch_or(base.on_trunk));
        let agent = errors.keep(
            "agent",
            self.agent
                .optional_or(base.agent, |found, _| Reason::NotAnId { found }),
        );
        let after = (|| {
            Some(Number {
                id: base.id,
                number: base.number.clone(),
                label: label?,
                verified_at: verified?.then(|| base.verified_at.unwrap_or(now)),
                on_trunk: on_trunk?,
                agent: agent?,
                last_call_at: base.last_call_at,
                version: base.version + 1,
                created_at: base.created_at,
            })
        })();
        errors.none_or(after)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> Number {
        Number {
            id: NumberId::from_uuid(uuid::Uuid::from_u128(1)),
            number: "+14155550100".parse().unwrap(),
            label: Some("Hotline".to_owned()),
            verified_at: Some(1_000),
            on_trunk: true,
            agent: Some(AgentId::from_uuid(uuid::Uuid::from_u128(2))),
            last_call_at: Some(3_000),
            version: 7,
            created_at: 500,
        }
    }

    #[test]
    fn what_is_absent_stays_and_null_clears() {
        let base = number();
        let next = Number {
            version: 8,
            ..base.clone()
        };
        assert_eq!(NumberDraft::default().over(&base, 9_000), Ok(next.clone()));
        let clearing = NumberDraft {
            label: Entry::Null,
            verified: Entry::from(false),
            on_trunk: Entry::from(false),
            agent: Entry::Null,
            version: Entry::Absent,
        };
        let bare = Number {
            label: None,
            verified_at: None,
            on_trunk: false,
            agent: None,
            ..next
        };
        assert_eq!(clearing.over(&base, 9_000), Ok(bare));
    }

    #[test]
    fn who_vouches_for_a_number_does_so_once() {
        let draft = NumberDraft {
            verified: Entry::from(true),
            ..NumberDraft::default()
        };
        let mut base = number();
        assert_eq!(draft.over(&base, 9_000).unwrap().verified_at, Some(1_000));
        base.verified_at = None;
        assert_eq!(draft.over(&base, 9_000).unwrap().verified_at, Some(9_000));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let draft = NumberDraft {
            label: Entry::from("x".repeat(121)),
            verified: Entry::from("perhaps"),
            on_trunk: Entry::from("perhaps"),
            agent: Entry::from("nobody"),
            version: Entry::Absent,
        };
        let refused = draft.over(&number(), 9_000).unwrap_err();
        let fields: Vec<&str> = refused.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["label", "verified", "on_trunk", "agent"]);
    }
}
