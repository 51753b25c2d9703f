//! One attempt to hand a call on: what was wanted, how far it has come, and how it ended. What is
//! not known is said to be unknown; nothing is a success because it was asked for.

use serde::{Deserialize, Serialize};

use super::{Place, TransferMode};
use crate::domain::draft::Entry;
use crate::domain::id::{CallId, DestinationId, TransferId};
use crate::domain::words;

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// Asked for.
    Trying,
    /// It rings there.
    Ringing,
    /// Somebody there has the call.
    Completed,
    /// Nobody has; the caller is back with the agent, or at the failover destination.
    Failed,
    /// The peer took the request and told no end of it.
    Unknown,
}
words!(
    TransferState,
    Trying = "trying",
    Ringing = "ringing",
    Completed = "completed",
    Failed = "failed",
    Unknown = "unknown"
);

/// Where a call is to be handed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferTarget {
    /// The destination, if it is a named one.
    pub destination: Option<DestinationId>,
    /// What it was called then.
    pub name: String,
    /// Where it leads.
    pub place: Place,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// The call that is handed on.
    pub call: CallId,
    /// Where to.
    pub target: TransferTarget,
    /// The way that was really used.
    pub mode: TransferMode,
    /// How far.
    pub state: TransferState,
    /// The second leg, if it is one of ours.
    pub leg: Option<CallId>,
    /// The SIP status that decided it.
    pub status: Option<u16>,
    /// Why it failed: a call's end reason, or the status' phrase.
    pub reason: Option<String>,
    /// Unix milliseconds.
    pub started_at: i64,
    /// Unix milliseconds.
    pub ended_at: Option<i64>,
}

/// What a form or a script says of a transfer: a destination, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct TransferDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub destination_id: Entry,
}
