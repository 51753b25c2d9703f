//! What an engine elsewhere is told of a call before anybody speaks.

use std::collections::BTreeMap;

use app::domain::call::Direction;
use app::domain::id::{AgentId, CallId};

/// The facts of a call. A caller who asked for privacy has neither number nor name here.
#[derive(Clone, Debug)]
pub struct Facts {
    pub call: CallId,
    pub agent: AgentId,
    pub agent_name: String,
    /// The language the agent speaks, as a tag.
    pub language: String,
    pub direction: Direction,
    /// The number that was dialled.
    pub to: Option<String>,
    /// Who calls, or whose number is shown.
    pub from: Option<String>,
    pub caller_name: Option<String>,
    pub diverted_from: Option<String>,
    /// What whoever placed the call had to say about it, as JSON.
    pub metadata: Option<String>,
    /// Headers of the caller's that are to be passed on, by the name they have for the engine.
    pub headers: Vec<(String, String)>,
}

impl Facts {
    /// With what is passed on, and never under a name that is ours.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let known = self.known().into_iter();
        let known = known.map(|(name, value)| (name.to_owned(), value));
        self.headers.iter().cloned().chain(known).collect()
    }

    /// Under stable names. What is not known is not there.
    pub fn known(&self) -> Vec<(&'static str, String)> {
        let known = [
            ("call_id", Some(self.call.to_string())),
            ("agent_id", Some(self.agent.to_string())),
            ("agent_name", Some(self.agent_name.clone())),
            ("language", Some(self.language.clone())),
            ("direction", Some(self.direction.to_string())),
            ("to", self.to.clone()),
            ("from", self.from.clone()),
            ("caller_name", self.caller_name.clone()),
            ("diverted_from", self.diverted_from.clone()),
            ("metadata", self.metadata.clone()),
        ];
        known
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
