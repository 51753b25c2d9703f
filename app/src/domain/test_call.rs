//! A call to try the way: to a number of one's own through one's own door, as a carrier would bring
//! it, or out by a trunk. What it showed, step by step.

use serde::{Deserialize, Serialize};

use crate::domain::call::{Call, CallDetail, Direction, Happening, RecordingState, TimelineEvent};
use crate::domain::draft::Entry;
use crate::domain::id::OutboundTrunkId;
use crate::domain::outbound::CheckVerdict;
use crate::domain::phone::PhoneNumber;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

/// What a form or a script says of it. Nothing: the first number of the inbound trunk is called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct TestCallDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub to: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub outbound_trunk_id: Entry,
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTestCall {
    /// Who is called.
    pub to: Option<PhoneNumber>,
    /// By which trunk; without one the number must be one's own.
    pub trunk: Option<OutboundTrunkId>,
}

impl TestCallDraft {
    /// Both fields read; a trunk needs a number to call.
    pub fn parse(&self) -> Result<NewTestCall, FieldErrors> {
        let mut errors = FieldErrors::new();
        let to = errors.keep(
            "to",
            self.to
                .optional_or(None, |found, why| Reason::PhoneNumber { found, why }),
        );
        let trunk = errors.keep(
            "outbound_trunk_id",
            self.outbound_trunk_id
                .optional_or(None, |found, _| Reason::NotAnId { found }),
        );
        if let (Some(None), Some(Some(_))) = (&to, &trunk) {
            errors.add("to", Reason::Required);
        }
        let new = to.zip(trunk).map(|(to, trunk)| NewTestCall { to, trunk });
        errors.none_or(new)
    }
}

/// What a step of it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStep {
    /// The INVITE left.
    Sent,
    /// Our own door took our own password.
    SignedIn,
    /// An agent was found for the number.
    Routed,
    /// Somebody answered.
    Answered,
    /// Audio came, and was kept.
    Heard,
}
words!(
    TestStep,
    Sent = "sent",
    SignedIn = "signed_in",
    Routed = "routed",
    Answered = "answered",
    Heard = "heard"
);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedStep {
    /// Which.
    pub what: TestStep,
    /// How it went.
    pub verdict: CheckVerdict,
    /// Milliseconds since the call was placed, where it is known when.
    pub at_ms: Option<u32>,
    /// Where it went, who took it, or why not.
    pub found: String,
}

/// A test call that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestCall {
    /// The caller's side; its recording is what the caller heard.
    pub call: Call,
    /// The side that answered, if it was ours.
    pub answered_by: Option<Call>,
    /// In the order in which they happen.
    pub steps: Vec<TestedStep>,
}

impl TestCall {
    /// What the two rows of a test call show.
    pub fn of(detail: CallDetail, answered_by: Option<Call>) -> Self {
        let steps = steps(&detail.call, &detail.timeline, answered_by.as_ref());
        Self {
            call: detail.call,
            answered_by,
            steps,
        }
    }

    /// Whether a call was one: no other leaves without an agent and without a call it descends from.
    pub fn was(call: &Call) -> bool {
        call.direction == Direction::Outbound
            && call.agent.is_none()
            && call.agent_name.is_none()
            && call.parent.is_none()
    }

    /// Whether every step went well.
    pub fn passed(&self) -> bool {
        let bad = |step: &TestedStep| step.verdict == CheckVerdict::Failed;
        !self.steps.iter().any(bad)
    }
}

fn steps(call: &Call, timeline: &[TimelineEvent], other: Option<&Call>) -> Vec<TestedStep> {
    let since = |at: i64| u32::try_from(at - call.started_at).ok();
    let ended = call.end.map(|end| end.reason.code().to_owned());
    let target = timeline.iter().find_map(|event| match &event.what {
        Happening::Dialling { target } => Some((event.at, target.clone())),
        _ => None,
    });
    let inside = call.trunk.is_none();
    let signed_in = other.and_then(|other| other.access_label.clone());
    let agent = other.and_then(|other| other.agent_name.clone());
    let kept = matches!(
        call.recording,
        RecordingState::Kept | RecordingState::CutShort
    );
    let came = |at: i64| (Some(at), String::new());
    let first = timeline
        .iter()
        .find(|event| event.what == Happening::FirstAudioIn);
    let heard = first.filter(|_| kept).map(|event| came(event.at));
    let ours = |found: Option<String>| found.map(|found| (None::<i64>, found));
    let all = [
        (TestStep::Sent, true, target.map(|(at, to)| (Some(at), to))),
        (TestStep::SignedIn, inside, ours(signed_in)),
        (TestStep::Routed, inside, ours(agent)),
        (TestStep::Answered, true, call.answered_at.map(came)),
        (TestStep::Heard, true, heard),
    ];
    let mut stopped = false;
    all.into_iter()
        .map(|(what, meant, shown)| {
            let verdict = match &shown {
                _ if !meant || stopped => CheckVerdict::Skipped,
                Some(_) => CheckVerdict::Passed,
                None => CheckVerdict::Failed,
            };
            stopped |= verdict == CheckVerdict::Failed;
            let (at, found) = match (verdict, shown) {
                (CheckVerdict::Passed, Some(shown)) => shown,
                (CheckVerdict::Failed, _) => (None, ended.clone().unwrap_or_default()),
                _ => (None, String::new()),
            };
            TestedStep {
                what,
                verdict,
                at_ms: at.and_then(since),
                found,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_needs_a_number_and_nothing_needs_nothing() {
        let draft = |to: &str, trunk: &str| TestCallDraft {
            to: Entry::text(to),
            outbound_trunk_id: Entry::text(trunk),
        };
        let none = TestCallDraft::default().parse().unwrap();
        assert_eq!((none.to, none.trunk), (None, None));
        let id = "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47";
        assert!(draft("+14155550100", id).parse().unwrap().trunk.is_some());
        let errors = draft("", id).parse().unwrap_err();
        assert_eq!(errors.of("to"), Some(&Reason::Required));
        let errors = draft("415", "x").parse().unwrap_err();
        assert_eq!(errors.len(), 2);
    }
}
