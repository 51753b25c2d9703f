//! What the SIP edge and the desk say to each other.

use std::net::{IpAddr, SocketAddr};

use app::domain::call::{Quality, RecordingState, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::{CallId, OutboundTrunkId};
use app::domain::outbound::{CheckStep, Health, OutboundTrunk, Registration};
use app::domain::routing::{Check, Decision, Invite};
use app::domain::sip::{Host, Transport};
use app::domain::transfer::{Destination, Transfer};
use async_trait::async_trait;

use super::outgoing::Outgoing;

/// What the service asks of the SIP edge. Defined here so that the service need not know
/// the edge; the edge implements it.
#[async_trait]
pub trait Switchboard: Send + Sync {
    /// Says BYE; `false` if the call is not here.
    async fn hang_up(&self, call: CallId) -> bool;
    /// The sources that did not get in.
    fn sources(&self) -> Vec<app::ports::Source>;
    /// Lifts a block; `None` if the source is not in the table.
    fn unblock(&self, source: IpAddr) -> Option<app::ports::Source>;
    /// What SIP listens on.
    fn listeners(&self) -> Vec<app::ports::Listener>;
    /// Begins to call; what becomes of it is told to the desk.
    fn dial(&self, outgoing: Outgoing);
    /// Hands a live call on; `None` if it is in no state for that.
    async fn hand_on(&self, call: CallId, to: Destination) -> Option<Transfer>;
    /// Tries a trunk's connection step by step.
    async fn check(&self, trunk: &OutboundTrunk) -> Vec<CheckStep>;
    /// How a trunk is, and whether the carrier has us registered.
    fn health(&self, trunk: OutboundTrunkId) -> (Health, Option<Registration>);
    /// An address of this host that leads back here or nowhere, if it has one.
    async fn own_address(&self, host: &Host) -> Option<IpAddr>;
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

/// Whether a row was there before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Durable,
    Late,
}

/// Something that happened during a call.
#[derive(Clone, Debug)]
pub enum CallEvent {
    Happened(TimelineEvent),
    /// The codec both sides settled on.
    Codec(String),
    Said(TranscriptLine),
    Message(SipMessageRecord),
    /// An attempt to hand it on, as it is now.
    Transfer(Transfer),
    /// One more check of its receipt.
    Checked(Check),
    /// Who it was sent to, or who answers there.
    Peer(Peer),
}

/// The other end of a call that leaves.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: IpAddr,
    pub transport: Transport,
    pub sip_call_id: String,
    /// Its `User-Agent` or `Server`, once it has said it.
    pub software: Option<String>,
}

/// What is only known when it is over.
#[derive(Clone, Debug, Default)]
pub struct CallFacts {
    /// Unix milliseconds.
    pub ended_at: i64,
    pub first_audio_at: Option<i64>,
    pub quality: Option<Quality>,
    pub recording: RecordingState,
    /// What the peer said with the status that ended it.
    pub phrase: Option<String>,
}
