//! Hands an answered call to the agent's engine and says how it ended.
//!
//! Knows what an agent should do and a [`Line`] to do it on; nothing of SIP, of the database or of
//! how a transcript is stored: what happens is told to a [`Journal`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::media::{Digit, Line, RecordingFailure, Span};

mod behaviour;
mod builtin;
mod speech;

pub use behaviour::{Behaviour, Keep};
pub use speech::Voice;

/// An answered call, ready for its agent.
pub struct AgentCall {
    /// What the agent does.
    pub behaviour: Behaviour,
    /// The line to the caller.
    pub line: Line,
    /// Who writes down what happens.
    pub journal: Arc<dyn Journal>,
    /// Where the recording goes, if the behaviour keeps one.
    pub recording: PathBuf,
    /// What speaks.
    pub voice: Arc<Voice>,
    /// Keys that hand the call on.
    pub menu: Menu,
}

/// The keys that choose a destination, and where a choice is told.
#[derive(Debug, Clone)]
pub struct Menu {
    /// None if the agent hands nothing on by key.
    pub keys: Vec<char>,
    /// Whoever owns the call listens.
    pub choose: tokio::sync::mpsc::UnboundedSender<char>,
}

/// How the engine left the call. Unless the caller is gone, the owner of the call hangs up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEnd {
    /// The agent said goodbye, to its end.
    Goodbye,
    /// The call has lasted as long as it may.
    TimeUp,
    /// The caller hung up, or the call was ended from outside.
    CallerGone,
    /// The engine could not go on.
    Failed(EngineFailure),
}

/// Why an engine could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EngineFailure {
    /// The agent asks for an engine this server does not have yet.
    #[error("this engine is not available")]
    NotAvailable,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The agent.
    Agent,
    /// The caller.
    Caller,
}

/// A line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Who.
    pub speaker: Speaker,
    /// What; for the caller none, if it was speech that nobody wrote down.
    pub words: Words,
    /// When, from the moment the call was connected.
    pub span: Span,
}

/// The content of a transcript line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// These words.
    Text(String),
    /// These words, of which the caller cut off the end.
    CutOff(String),
    /// Speech that was heard but not understood: the built-in engine has no ears for words.
    Unintelligible,
    /// One key; none if it is masked.
    Key(Option<Digit>),
}

/// A moment of the call worth a line on its timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Audio is kept from here on.
    RecordingStarted,
    /// Audio is no longer kept.
    RecordingStopped(RecordingFailure),
    /// The caller interrupted the agent.
    Interrupted,
    /// Nobody spoke; the agent asked whether anyone is there, for the n-th time.
    SilencePrompt(u8),
    /// The other side put the call on hold.
    Held,
    /// And came back.
    Resumed,
    /// The call has lasted as long as it may.
    TimeUp,
    /// The agent began to say goodbye.
    Goodbye,
}

/// Writes down what happens. Must return at once: whoever implements it queues.
pub trait Journal: Send + Sync {
    /// A line of the transcript.
    fn spoken(&self, line: Spoken);
    /// A moment of the timeline, in milliseconds since the call was connected.
    fn moment(&self, moment: Moment, at_ms: u64);
}

/// Runs the agent's engine until one side ends the call.
pub async fn run(call: AgentCall) -> EngineEnd {
    let limit = call.behaviour.max_duration;
    builtin::run(call, limit).await
}

/// As long as a call may last if the agent does not say.
pub const DEFAULT_MAX_DURATION: Duration = Duration::from_secs(60 * 60);
