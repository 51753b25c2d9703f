//! Where a call may be handed on to: named destinations, and one attempt to hand it on.

mod draft;
mod refer;
mod refer_to;
mod state;

use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, DestinationId};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::{SipUri, Username};
use crate::domain::words;

pub use draft::{AssignDraft, DestinationDraft, NewDestination};
pub use refer::{InvalidReferForm, ReferForm};
pub use refer_to::{InvalidReferTo, ReferTarget, ReferTo};
pub use state::{Transfer, TransferDraft, TransferState, TransferTarget};

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationType {
    /// A number, reached through the agent's outbound trunk.
    Phone,
    /// A SIP URI, reached directly.
    Sip,
    /// Nowhere: a goodbye and the end.
    Hangup,
}
words!(
    DestinationType,
    Phone = "phone",
    Sip = "sip",
    Hangup = "hangup"
);

/// How the call is handed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// A second leg of ours, the audio relayed.
    #[default]
    Bridge,
    /// The peer is asked to call there itself (RFC 3515).
    Refer,
    /// As `refer`, and bridged if the peer refuses.
    Auto,
}
words!(
    TransferMode,
    Bridge = "bridge",
    Refer = "refer",
    Auto = "auto"
);

/// Where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "value")]
pub enum Place {
    /// To a number.
    Phone(PhoneNumber),
    /// To a SIP URI; the username its host may ask for, never anybody else.
    Sip(SipUri, Option<Username>),
    /// Nowhere.
    Hangup,
}

/// What can be set on a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSettings {
    /// What the operator calls it, and what an engine asks for.
    pub name: String,
    /// Where it leads.
    pub place: Place,
    /// How the call is handed on.
    pub mode: TransferMode,
    /// Whether the recording goes on when a person has taken the call.
    pub keep_recording: bool,
}

/// The destination as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// What can be set.
    pub settings: DestinationSettings,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// A destination with the agents that may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationView {
    /// The destination.
    pub destination: Destination,
    /// The agents it is assigned to, by name.
    pub agents: Vec<(AgentId, String)>,
}

/// A destination as one agent has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The destination.
    pub destination: Destination,
    /// The key that chooses it in the built-in agent's menu: `0` to `9`, `*` or `#`.
    pub digit: Option<char>,
}

impl Destination {
    /// A place that nobody gave a name: asked for by a peer, for one call.
    pub fn unnamed(place: Place) -> Self {
        Self {
            id: DestinationId::from_uuid(uuid::Uuid::nil()),
            settings: DestinationSettings {
                name: place.value(),
                place,
                mode: TransferMode::Bridge,
                keep_recording: true,
            },
            version: 0,
            created_at: 0,
            updated_at: 0,
        }
    }

    /// Its id, if it is one of those that were made.
    pub fn known(&self) -> Option<DestinationId> {
        (!self.id.as_uuid().is_nil()).then_some(self.id)
    }
}

impl Place {
    /// What kind of place it is.
    pub fn kind(&self) -> DestinationType {
        match self {
            Self::Phone(_) => DestinationType::Phone,
            Self::Sip(..) => DestinationType::Sip,
            Self::Hangup => DestinationType::Hangup,
        }
    }

    /// As the API and forms write it; empty for a hang-up.
    pub fn value(&self) -> String {
        match self {
            Self::Phone(number) => number.to_string(),
            Self::Sip(uri, _) => uri.to_string(),
            Self::Hangup => String::new(),
        }
    }
}
