//! Hands an answered call to the agent's engine and says how it ended.
//!
//! Knows what an agent should do and a [`Line`] to do it on; nothing of SIP, of the database or of
//! how a transcript is stored: what happens is told to a [`Journal`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::domain::engine::{self as domain, EngineFault};
use app::domain::id::DestinationId;
use app::domain::sip::Secret;

use crate::media::{Digit, Line, RecordingFailure, Span};
use crate::service::outward::Outward;
use crate::trust::Trust;

mod behaviour;
mod builtin;
mod facts;
mod lines;
mod playout;
mod realtime;
mod remote;
mod socket;
mod speech;
mod stream;
mod talk;
mod telephone;

pub use behaviour::{Behaviour, Keep};
pub use facts::Facts;
pub use speech::Voice;

use socket::Door;
use talk::{Manner, Said, Talk};

/// How long an engine may take until it is there (`design.md` §3.5).
const CONNECTED_WITHIN: Duration = Duration::from_secs(3);

/// How engines elsewhere are reached.
#[derive(Clone)]
pub struct Engines(Door);

/// An engine, ready to take a call.
pub struct Ready(Engine);

enum Engine {
    Builtin,
    Stream(Box<stream::Bot>),
    Realtime(Box<realtime::Model>),
    Telephone,
}

/// Which engine an agent has, what it knows us by, and what it is to know of the call.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub engine: domain::Engine,
    pub secret: Option<Secret>,
    pub facts: Facts,
    pub behaviour: Behaviour,
    /// Whom it may hand the caller on to, by name.
    pub destinations: Vec<(String, DestinationId)>,
}

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
    /// What an engine that decides itself may choose from.
    pub destinations: Vec<(String, DestinationId)>,
    /// Whoever owns the call listens.
    pub choose: tokio::sync::mpsc::UnboundedSender<Choice>,
}

/// Where a call is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Where this key leads.
    Key(char),
    /// There.
    Destination(DestinationId),
    /// To the engine itself, which has a telephone.
    Engine,
}

/// How the engine left the call. Unless the caller is gone, the owner of the call hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineEnd {
    /// The agent said goodbye, to its end.
    Goodbye,
    /// The call has lasted as long as it may.
    TimeUp,
    /// The caller hung up, or the call was ended from outside.
    CallerGone,
    /// The engine could not be had, or could not go on.
    Failed(EngineFault),
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
    /// The engine's first word sounds.
    FirstAudio,
    /// The engine went away; it is reached once more.
    EngineLost(EngineFault),
    /// And is back.
    EngineBack,
    /// The engine sent more sound than can wait; the rest is not heard.
    EngineOverflow,
    /// The engine says things that mean nothing, which are ignored.
    EngineNonsense,
    /// The engine does not take in all it should hear.
    EngineSlow,
}

/// Writes down what happens. Must return at once: whoever implements it queues.
pub trait Journal: Send + Sync {
    /// A line of the transcript.
    fn spoken(&self, line: Spoken);
    /// A moment of the timeline, in milliseconds since the call was connected.
    fn moment(&self, moment: Moment, at_ms: u64);
}

impl Engines {
    /// By TLS as `trust` has it, to where `outward` allows it.
    pub fn new(trust: Trust, outward: Outward) -> Self {
        Self(Door { trust, outward })
    }

    /// Reaches an engine, within three seconds.
    pub async fn reach(&self, wanted: Wanted) -> Result<Ready, EngineFault> {
        let door = self.0.clone();
        Ok(Ready(match wanted.engine.clone() {
            domain::Engine::Builtin => Engine::Builtin,
            // Whoever owns the call reaches it: that takes SIP.
            domain::Engine::Sip(_) => Engine::Telephone,
            domain::Engine::Stream(stream) => {
                let bot = stream::Bot::reach(door, stream, wanted.secret, wanted.facts).await?;
                Engine::Stream(Box::new(bot))
            }
            domain::Engine::Realtime(settings) => {
                let model = realtime::Model::reach(door, settings, &wanted).await?;
                Engine::Realtime(Box::new(model))
            }
        }))
    }
}

/// Lets an engine talk with the caller until one side ends the call.
pub async fn run(call: AgentCall, ready: Ready) -> EngineEnd {
    match ready.0 {
        Engine::Builtin => builtin::run(call).await,
        Engine::Telephone => telephone::run(call).await,
        Engine::Stream(bot) => Box::pin(stream::run(call, *bot)).await,
        Engine::Realtime(model) => Box::pin(realtime::run(call, *model)).await,
    }
}

impl Ready {
    /// The engine that needs nothing.
    pub const BUILTIN: Self = Self(Engine::Builtin);
    /// The engine that somebody else speaks for, by telephone.
    pub const TELEPHONE: Self = Self(Engine::Telephone);
}

/// Says sorry for an engine that is gone, in the built-in voice.
pub async fn apologise(call: AgentCall, why: EngineFault) -> EngineEnd {
    let sorry = call.behaviour.apology.clone();
    match Talk::begin(call).say(&sorry, Manner::ToTheEnd).await {
        Said::Whole | Said::CutOff => EngineEnd::Failed(why),
        Said::CallerGone => EngineEnd::CallerGone,
    }
}

/// As long as a call may last if the agent does not say.
pub const DEFAULT_MAX_DURATION: Duration = Duration::from_secs(60 * 60);
