//! A call that is only supposed, and what would become of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::draft::Entry;
use crate::domain::id::AgentId;
use crate::domain::phone::PhoneNumber;
use crate::domain::routing::{Receipt, Refusal};

/// A call that is only supposed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct RouteTestDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub to: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub from: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub source: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub username: Entry,
    /// Value of the agent header.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    /// Host of the Request-URI.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub host: Entry,
    /// Other headers by name, as scripts send them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Entry>,
}

/// What would become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTested {
    /// Who would answer.
    pub agent: Option<(AgentId, String)>,
    /// Or why nobody would.
    pub refusal: Option<Refusal>,
    /// The number it was read as.
    pub number: Option<PhoneNumber>,
    /// Why.
    pub receipt: Receipt,
}
