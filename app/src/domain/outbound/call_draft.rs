//! What a form or a script says of a call to be placed, and what it comes to.

use serde::{Deserialize, Serialize};

use crate::domain::draft::Entry;
use crate::domain::id::AgentId;
use crate::domain::phone::PhoneNumber;
use crate::error::{FieldErrors, Reason};

/// What a form or a script says of a call. Exactly one of `to` and `contact` is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct CallDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub phone_agent_id: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub to: Entry,
    /// A person, of whom the number counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactDraft>,
    /// Facts for the agent's engine, handed through as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub ring_timeout_s: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_duration_s: Entry,
}

/// Who is called, as the reference API writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactDraft {
    /// The number.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub phone_number: Entry,
}

/// A call to be placed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutgoing {
    /// Which agent speaks.
    pub agent: AgentId,
    /// Whom it calls.
    pub to: PhoneNumber,
    /// Facts for the agent's engine.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Seconds it may ring.
    pub ring_timeout_s: u32,
    /// Longest call in seconds; the trunk may allow less.
    pub max_duration_s: Option<u32>,
}

impl CallDraft {
    /// How long it rings if nobody says otherwise.
    pub const RING_TIMEOUT_S: u32 = 60;

    /// The call that is meant.
    pub fn parse(&self) -> Result<NewOutgoing, FieldErrors> {
        let mut errors = FieldErrors::new();
        let agent = self.phone_agent_id.required().map_err(Reason::from);
        let agent = agent.and_then(|text| {
            text.parse::<AgentId>().map_err(|_| Reason::NotAnId {
                found: text.to_owned(),
            })
        });
        let agent = errors.keep("phone_agent_id", agent);
        let (field, entry) = match &self.contact {
            Some(contact) if self.to.is_blank() => ("contact.phone_number", &contact.phone_number),
            Some(_) => {
                let other = "to".to_owned();
                errors.add("contact", Reason::OneOf { other });
                ("to", &self.to)
            }
            None => ("to", &self.to),
        };
        let number = entry.required().map_err(Reason::from).and_then(|text| {
            text.parse::<PhoneNumber>()
                .map_err(|why| Reason::PhoneNumber {
                    found: text.to_owned(),
                    why,
                })
        });
        let number = errors.keep(field, number);
        let ring = errors.keep(
            "ring_timeout_s",
            self.ring_timeout_s.integer_or(Self::RING_TIMEOUT_S, 5, 300),
        );
        let longest = errors.keep(
            "max_duration_s",
            self.max_duration_s.optional_integer_or(None, 10, 86_400),
        );
        let call = (|| {
            Some(NewOutgoing {
                agent: agent?,
                to: number?,
                metadata: self.metadata.clone().unwrap_or_default(),
                ring_timeout_s: ring?,
                max_duration_s: longest?,
            })
        })();
        errors.none_or(call)
    }
}
