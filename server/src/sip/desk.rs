//! What the edge asks of the house and tells it. The service implements it; tests do too.
//!
//! Everything but [`Desk::open`] answers from memory: the SIP path never waits on SQL.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use app::domain::agent::Agent;
use app::domain::call::{
    CallEnd, Quality, RecordingState, SipMessageRecord, TimelineEvent, TranscriptLine,
};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::routing::{Decision, Invite};
use app::domain::sip::Secret;
use async_trait::async_trait;

/// The house behind the edge.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// What nonces are signed with: the same on all instances.
    fn nonce_key(&self) -> [u8; 32];

    /// The digest access of this username; `None` if there is none or it is disabled.
    fn credential(&self, username: &str) -> Option<Credential>;

    /// Is this address inside a `network` access? Such may come without a password and is
    /// never banned.
    fn trusts(&self, source: IpAddr) -> bool;

    /// The header that may name the agent, if there is a trunk.
    fn agent_header(&self) -> Option<String>;

    /// Decides, and on `Answer` counts the call against every limit until [`Desk::end`].
    fn admit(&self, call: CallId, invite: &Invite) -> Decision;

    /// Who answers, in full; `None` if it was deleted meanwhile. From memory.
    fn agent(&self, agent: AgentId) -> Option<Agent>;

    /// Where a call's recording is kept.
    fn recording_path(&self, call: CallId) -> PathBuf;

    /// A call that will be answered. Its row is durable when this returns `Durable`; after
    /// 200 ms the call goes on as `Late`.
    async fn open(&self, call: NewCall) -> Opened;

    /// A call that was refused: one row with its receipt, identical ones coalesced.
    fn refused(&self, call: NewCall, end: CallEnd, messages: Vec<SipMessageRecord>);

    /// Something happened during a call. Never blocks.
    fn note(&self, call: CallId, event: CallEvent);

    /// The last word about a call that [`Desk::admit`] counted, opened or not.
    fn end(&self, call: CallId, end: CallEnd, facts: CallFacts);
}

/// What a digest username stands for.
#[derive(Clone, Debug)]
pub struct Credential {
    pub access: AccessId,
    pub password: Secret,
    /// The sign-in must be for the very Request-URI that was called.
    pub strict_uri: bool,
    /// MD5 is refused.
    pub sha256_only: bool,
}

/// An INVITE that got past the door, with what was decided.
#[derive(Clone, Debug)]
pub struct NewCall {
    pub id: CallId,
    /// Unix milliseconds.
    pub received_at: i64,
    pub peer: SocketAddr,
    pub sip_call_id: String,
    /// The peer's `User-Agent`.
    pub software: Option<String>,
    pub invite: Invite,
    pub decision: Decision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Durable,
    Late,
}

#[derive(Clone, Debug)]
pub enum CallEvent {
    Happened(TimelineEvent),
    /// The codec both sides settled on.
    Codec(String),
    Said(TranscriptLine),
    Message(SipMessageRecord),
}

/// What is only known when it is over.
#[derive(Clone, Debug, Default)]
pub struct CallFacts {
    /// Unix milliseconds.
    pub ended_at: i64,
    pub first_audio_at: Option<i64>,
    pub quality: Option<Quality>,
    pub recording: RecordingState,
}
