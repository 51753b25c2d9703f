//! People and keys, and what they changed: as pages and scripts see them.

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{AuditId, KeyId, UserId};
use crate::domain::page::{Cursor, Limit};
use crate::domain::words;
use crate::error::Scope;

/// The account behind a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// IANA time zone, once chosen.
    pub zone: Option<String>,
    /// `en`, `de`.
    pub language: Option<String>,
    /// `light`, `dark`; none follows the system.
    pub theme: Option<String>,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// All but users and keys.
    Operator,
    /// Reads.
    Viewer,
}

words!(
    Role,
    Admin = "admin",
    Operator = "operator",
    Viewer = "viewer"
);

impl Role {
    /// The scopes of the role.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Admin => vec![Scope::Full],
            Self::Operator => vec![
                Scope::SipRead,
                Scope::SipWrite,
                Scope::PhoneRead,
                Scope::PhoneWrite,
                Scope::CallsRead,
            ],
            Self::Viewer => vec![Scope::SipRead, Scope::PhoneRead, Scope::CallsRead],
        }
    }
}

/// An account as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub role: Role,
    /// Whether they can sign in: they have chosen a password.
    pub has_password: bool,
    /// Until when the link is good by which they choose a password, if one is out.
    pub link_until: Option<i64>,
    pub last_seen_at: Option<i64>,
    pub created_at: i64,
}

/// What a form or a script says of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct PersonDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub email: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub role: Entry,
}

/// Something that was just made, with the secret that is told this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldOnce<T> {
    /// What was made.
    pub made: T,
    /// A key, or a link.
    pub secret: String,
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct ApiKey {
    pub id: KeyId,
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

/// What a form or a script says of a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct KeyDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    pub scopes: EntryList,
}

/// Which changes to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Part of the name of who made it.
    pub who: Option<String>,
    /// Part of what was changed: its name, its id, or the action.
    pub thing: Option<String>,
    /// Unix milliseconds, inclusive.
    pub since: Option<i64>,
    /// Unix milliseconds, exclusive.
    pub until: Option<i64>,
    /// How many a page holds.
    pub limit: Option<Limit>,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Unix milliseconds.
    pub at: i64,
    /// Who, by name.
    pub who: String,
    /// Verb and thing, such as `create_access`.
    pub what: String,
    /// Id or number of the thing.
    pub subject: String,
    /// What it is called.
    pub label: String,
    /// Before, without secrets, as JSON.
    pub before: Option<String>,
    /// After, without secrets, as JSON.
    pub after: Option<String>,
}
