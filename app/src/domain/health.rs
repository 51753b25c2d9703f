//! What has gone wrong lately, and what was changed before: the evidence that Overview and
//! Troubleshooting speak from.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::account::AuditEntry;
use crate::domain::phone::PhoneNumber;
use crate::domain::routing::Refusal;
use crate::domain::seen::Source;
use crate::domain::system::Disk;
use crate::domain::words;
use crate::error::Reason;

/// How far back is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// 60 minutes.
    #[default]
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
}
words!(Window, Hour = "hour", Day = "day", Week = "week");

impl Window {
    /// In milliseconds.
    pub fn ms(self) -> i64 {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
        }
    }

    /// Nothing given is the hour.
    pub fn read(text: &str) -> Result<Self, Reason> {
        match text {
            "" => Ok(Self::default()),
            other => Self::from_str(other),
        }
    }
}

/// What has gone wrong since a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// When it was looked, unix milliseconds.
    pub at: i64,
    /// Refused calls by reason, the most first.
    pub refusals: Vec<Refusals>,
    /// Numbers that were called and that nobody answers, the most first.
    pub unanswered: Vec<Unanswered>,
    /// Whether callers are heard.
    pub heard: Heard,
    /// Blocked now, though a credential was used from there before.
    pub blocked: Vec<Source>,
    /// Of the disk that holds recordings.
    pub disk: Option<Disk>,
    /// The last changes, newest first, for those who may read the audit.
    pub changes: Vec<AuditEntry>,
}

/// Refused calls of one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusals {
    /// Why.
    pub reason: Refusal,
    /// How many.
    pub count: u64,
    /// How many of them in the last ten minutes.
    pub recent: u64,
    /// Unix milliseconds.
    pub first_at: i64,
    /// Unix milliseconds.
    pub last_at: i64,
    /// From where the last one came.
    pub source: Option<IpAddr>,
    /// What was changed in the ten minutes before the first, for those who may change it.
    pub change: Option<AuditEntry>,
}

impl Refusals {
    /// So many alike within ten minutes are no accident.
    pub fn is_a_streak(&self) -> bool {
        self.recent >= 5
    }
}

/// A number on the trunk that was called in vain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unanswered {
    /// Which.
    pub number: PhoneNumber,
    /// How often.
    pub count: u64,
    /// Unix milliseconds.
    pub last_at: i64,
}

/// The newest answered calls, and in how many of them no sound came from the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Calls looked at.
    pub calls: u32,
    /// Those in which we heard nothing.
    pub silent: u32,
}

impl Heard {
    /// Whether most callers are not heard.
    pub fn is_one_way(self) -> bool {
        self.silent >= 2 && self.silent * 2 > self.calls
    }
}
