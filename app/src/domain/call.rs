//! A call: one INVITE, either direction, accepted or refused. Its states, its end, its
//! timeline and what was said. Knows nothing of how any of it is stored or shown.

mod end;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::engine::EngineFault;
use crate::domain::id::{AccessId, AgentId, CallId, OutboundTrunkId};
use crate::domain::page::{Cursor, Limit};
use crate::domain::phone::PhoneNumber;
pub use crate::domain::quality::{Flow, OneWay, Quality};
use crate::domain::routing::Receipt;
use crate::domain::sip::Transport;
use crate::domain::transfer::Transfer;
use crate::domain::words;

pub use end::{CallEnd, CallResult, EndReason};

/// Which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To us.
    Inbound,
    /// From us.
    Outbound,
}
words!(Direction, Inbound = "inbound", Outbound = "outbound");

/// How far it has come. `Queued` and `Dialling` are outbound only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Accepted for dialling.
    Queued,
    /// INVITE sent.
    Dialling,
    /// 180 sent or received.
    Ringing,
    /// 200 sent or received.
    Answered,
    /// Over, or never begun.
    Ended,
}
words!(
    CallState,
    Queued = "queued",
    Dialling = "dialling",
    Ringing = "ringing",
    Answered = "answered",
    Ended = "ended"
);

/// Who calls, as far as the peer may be believed (`sip.md`, Who calls).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerId {
    /// The number, if one was given. Never shown when `anonymous`.
    pub number: Option<PhoneNumber>,
    /// The display name, control characters removed.
    pub name: Option<String>,
    /// Asked for privacy (RFC 3323), or an anonymous From.
    pub anonymous: bool,
    /// The From header's value as sent.
    pub raw_from: String,
    /// P-Asserted-Identity or Remote-Party-ID as sent, if believed.
    pub asserted: Option<String>,
    /// First Diversion or History-Info.
    pub diverted_from: Option<String>,
}

/// One call as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Which way.
    pub direction: Direction,
    /// How far.
    pub state: CallState,
    /// How it ended, once it has.
    pub end: Option<CallEnd>,
    /// The phrase that came with the status that ended it, as the peer wrote it.
    pub phrase: Option<String>,
    /// Who called.
    pub caller: CallerId,
    /// The number it was read as.
    pub number: Option<PhoneNumber>,
    /// The dialled number as the carrier sent it.
    pub sent_as: String,
    /// By which trunk it went out, or by whose registration it came.
    pub trunk: Option<OutboundTrunkId>,
    /// What that trunk was called then.
    pub trunk_label: Option<String>,
    /// The call this is a further leg of.
    pub parent: Option<CallId>,
    /// By which access it came in.
    pub access: Option<AccessId>,
    /// What that access was called then.
    pub access_label: Option<String>,
    /// Who answers.
    pub agent: Option<AgentId>,
    /// What that agent was called then.
    pub agent_name: Option<String>,
    /// From where.
    pub source: Option<IpAddr>,
    /// Over what.
    pub transport: Option<Transport>,
    /// The peer's software, from User-Agent.
    pub software: Option<String>,
    /// Call-ID header.
    pub sip_call_id: String,
    /// Identical refusals within a minute are one row with a count.
    pub repeats: u32,
    /// Whether the row was written after the call had gone on.
    pub late: bool,
    /// All unix milliseconds.
    pub started_at: i64,
    /// 180.
    pub ringing_at: Option<i64>,
    /// 200.
    pub answered_at: Option<i64>,
    /// First audio from us.
    pub first_audio_at: Option<i64>,
    /// BYE, CANCEL or refusal.
    pub ended_at: Option<i64>,
    /// The codec that was chosen.
    pub codec: Option<String>,
    /// Whether there is a recording to fetch.
    pub recording: RecordingState,
}

/// In which order calls are listed; a minus means downwards, as in the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallSort {
    /// Newest first.
    #[default]
    #[serde(rename = "-started_at")]
    Newest,
    /// Oldest first.
    #[serde(rename = "started_at")]
    Oldest,
}
words!(CallSort, Newest = "-started_at", Oldest = "started_at");

/// Which calls to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain filters")]
pub struct CallFilter {
    pub direction: Option<Direction>,
    pub state: Option<CallState>,
    pub result: Option<CallResult>,
    /// Refused calls only, or none of them.
    pub refused: Option<bool>,
    /// Only those that have not ended.
    pub live: bool,
    /// Part of the caller's or the dialled number.
    pub number: Option<String>,
    pub agent: Option<AgentId>,
    pub access: Option<AccessId>,
    pub trunk: Option<OutboundTrunkId>,
    /// Unix milliseconds, inclusive.
    pub since: Option<i64>,
    /// Unix milliseconds, exclusive.
    pub until: Option<i64>,
    pub sort: CallSort,
    pub limit: Option<Limit>,
    pub cursor: Option<Cursor>,
}

/// What has become of the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Recording was off, or the call ended before there was a frame to keep.
    #[default]
    None,
    /// The call still runs.
    Running,
    /// There to fetch.
    Kept,
    /// There, but it stops where the disk was full.
    CutShort,
    /// Deleted by retention.
    Deleted,
}
words!(
    RecordingState,
    None = "none",
    Running = "running",
    Kept = "kept",
    CutShort = "cut_short",
    Deleted = "deleted"
);

/// Everything the call page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallDetail {
    /// The row.
    pub call: Call,
    /// Why this agent, or why refused.
    pub receipt: Receipt,
    /// What was said.
    pub transcript: Vec<TranscriptLine>,
    /// What happened when.
    pub timeline: Vec<TimelineEvent>,
    /// The SIP messages, redacted.
    pub messages: Vec<SipMessageRecord>,
    /// How the audio was, per direction.
    pub quality: Option<Quality>,
    /// Codecs the peer offered.
    pub offered: Vec<String>,
    /// Attempts to hand it on, oldest first.
    pub transfers: Vec<Transfer>,
    /// Further legs that descend from it.
    pub legs: Vec<Call>,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The agent.
    Agent,
    /// Whoever called.
    Caller,
}
words!(Speaker, Agent = "agent", Caller = "caller");

/// What a transcript line holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "text")]
pub enum Said {
    /// Words.
    Words(String),
    /// Keys pressed, masked as the agent's settings say.
    Digits(String),
    /// Somebody spoke; this engine does not know what.
    Speech,
}

/// One line of the transcript. Times are milliseconds since the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub said: Said,
    /// From.
    pub start_ms: u32,
    /// To.
    pub end_ms: u32,
}

/// What happened, and when (unix milliseconds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// When.
    pub at: i64,
    /// What.
    pub what: Happening,
}

/// The things a timeline tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[expect(missing_docs, reason = "the words say it; details are plain facts")]
pub enum Happening {
    Received,
    Dialling { target: String },
    EarlyMedia,
    Ringing,
    Answered,
    Confirmed,
    FirstAudioIn,
    FirstAudioOut,
    Held,
    Resumed,
    MediaMoved { from: String, to: String },
    SessionRefreshed,
    Digit { digit: String },
    RecordingStarted,
    RecordingStopped { cause: String },
    EngineAway { cause: EngineFault },
    EngineStarted { engine: String },
    EngineLost { cause: EngineFault },
    EngineBack,
    EngineOverflow,
    EngineNonsense,
    EngineSlow,
    EngineEnded { cause: String },
    NoAudioFromCaller { seconds: u32, cause: Option<OneWay> },
    NoAudioToCaller { cause: OneWay },
    HandingOn { name: String, mode: String },
    HandOnRings { name: String },
    HandedOn { name: String, mode: String },
    HandOnFailed { name: String, cause: String },
    HandOnUnknown { name: String },
    BackWithAgent,
    TakenOver { by: String },
    Ended { reason: String },
}

/// One SIP message of the call, secrets redacted before it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipMessageRecord {
    /// Unix milliseconds.
    pub at: i64,
    /// From us, or to us.
    pub sent: bool,
    /// The other side.
    pub peer: String,
    /// Over what.
    pub transport: Transport,
    /// First line.
    pub summary: String,
    /// The whole message, as text.
    pub text: String,
}
