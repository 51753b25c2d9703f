//! Calls that came, decided once more as if the routing were another: what a plan asks before it
//! becomes true. Knows what is supposed and what comes of it; `routing` decides.

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{AgentId, CallId};
use crate::domain::inbound::{AccessDraft, TrunkDraft};
use crate::domain::phone::PhoneNumber;
use crate::domain::routing::{Receipt, Refusal};

/// Changes to routing that are only supposed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayDraft {
    /// How far back, in days; a week if nothing is said.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub days: Entry,
    /// What would be different about the inbound trunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<TrunkDraft>,
    /// What would be different about who may come in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<SupposedAccess>,
    /// Agents that would be new, different or gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<SupposedAgent>,
    /// Numbers that would be new, different or gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<SupposedNumbers>,
}

/// A credential that would be different, or gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct SupposedAccess {
    pub id: Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<AccessDraft>,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub gone: Entry,
}

/// An agent that would be different or gone, or a new one under any word that is no id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct SupposedAgent {
    pub agent: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub is_default: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub gone: Entry,
}

/// Numbers that would all be like this, or gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct SupposedNumbers {
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub phone_numbers: EntryList,
    /// Who would answer: an id, or the word of a new agent.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub on_trunk: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub gone: Entry,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Calls that were decided twice, as things are and as they would be.
    pub replayed: u32,
    /// Of these, how many somebody else would have answered, or nobody any more, or somebody at last.
    pub changed: u32,
    /// Whether these were all calls of those days, or the newest of too many.
    pub complete: bool,
    /// The newest that differ.
    pub items: Vec<ReplayedCall>,
}

/// A call with another answer than it has as things are.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayedCall {
    /// The call.
    pub call: CallId,
    /// When it came, unix milliseconds.
    pub started_at: i64,
    /// Who called.
    pub from: Option<PhoneNumber>,
    /// The dialled number as it was sent.
    pub sent_as: String,
    /// What becomes of such a call as things are.
    pub now: Outcome,
    /// What would become of it.
    pub then: Outcome,
}

/// What was decided of a call, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Who answers, or that nobody does.
    pub answer: Answer,
    /// Every check, as a call's own receipt has them.
    pub receipt: Receipt,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This agent answers; one that is only supposed has no id.
    Agent(Option<AgentId>, String),
    /// Nobody does.
    Refused(Refusal),
}
