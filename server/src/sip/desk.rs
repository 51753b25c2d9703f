//! What the edge asks of the house and tells it. The service implements it; tests do too.
//!
//! Everything but [`Desk::open`] answers from memory: the SIP path never waits on SQL.

use std::net::IpAddr;
use std::path::PathBuf;

use app::domain::agent::Agent;
use app::domain::call::{CallEnd, EndReason, SipMessageRecord};
use app::domain::codec::CodecOrder;
use app::domain::id::{AccessId, AgentId, CallId, DestinationId};
use app::domain::inbound::Srtp;
use app::domain::outbound::{Health, HealthState, OutboundTrunk};
use app::domain::routing::{Decision, Invite, Proof};
use app::domain::sip::{PassedHeader, Secret};
use app::domain::transfer::{Assigned, Destination, ReferTo};
use async_trait::async_trait;

use crate::service::calls::{CallDesk, OutRoute, Outgoing};
pub use crate::service::calls::{CallEvent, CallFacts, NewCall, Opened};
pub use crate::service::routes::Credential;

/// The house behind the edge.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// What nonces are signed with: the same on all instances.
    fn nonce_key(&self) -> [u8; 32];

    /// The digest access of this username; `None` if there is none or it is disabled.
    fn credential(&self, username: &str) -> Option<Credential>;

    /// May a caller under this host be asked for MD5?
    fn offers_md5(&self, host: &str) -> bool;

    /// Is this address inside a `network` access? Such may come without a password and is
    /// never banned.
    fn trusts(&self, source: IpAddr) -> bool;

    /// The header that may name the agent, if there is a trunk.
    fn agent_header(&self) -> Option<String>;

    /// Whether noise is taken out of what callers say.
    fn denoises(&self) -> bool;

    /// Whether the audio of who came like this, by this access, is encrypted. From memory.
    fn srtp(&self, proof: &Proof, access: Option<AccessId>) -> Srtp;

    /// Decides, and on `Answer` counts the call against every limit until [`Desk::end`].
    fn admit(&self, call: CallId, invite: &Invite) -> Decision;

    /// Who answers, in full; `None` if it was deleted meanwhile. From memory.
    fn agent(&self, agent: AgentId) -> Option<Agent>;

    /// What its engine knows us by. From memory.
    fn engine_secret(&self, agent: AgentId) -> Option<Secret>;

    /// Where a call's recording is kept.
    fn recording_path(&self, call: CallId) -> PathBuf;

    /// A call that will be answered. Its row is durable when this returns `Durable`; after
    /// 200 ms the call goes on as `Late`.
    async fn open(&self, call: NewCall) -> Opened;

    /// A call that was refused: one row with its receipt, identical ones coalesced.
    fn refused(&self, call: NewCall, end: CallEnd, messages: Vec<SipMessageRecord>);

    /// Something happened during a call. Never blocks.
    fn note(&self, call: CallId, event: CallEvent);

    /// What an agent may hand calls on to, in the order of its menu. From memory.
    fn assigned(&self, agent: AgentId) -> Vec<Assigned>;

    /// A destination; `None` if it was deleted meanwhile. From memory.
    fn destination(&self, id: DestinationId) -> Option<Destination>;

    /// What the peer of this access, whose own host this is, is asked to call by itself when a call
    /// is handed on there; `None` if that is for us to do. From memory.
    fn refer_to(&self, access: AccessId, to: &Destination, host: &str) -> Option<String>;

    /// Where a peer may ask the agent it talks with to go; `None` if not there. From memory.
    fn referable(&self, agent: Option<AgentId>, to: &ReferTo) -> Option<Destination>;

    /// Which of an agent's own destinations its bot means; `None` if none. From memory.
    fn chosen(&self, agent: AgentId, to: &ReferTo) -> Option<Destination>;

    /// A further leg of a call: permitted, counted and given a row, or why not.
    async fn open_leg(
        &self,
        near: CallId,
        leg: CallId,
        to: &Destination,
    ) -> Result<Outgoing, EndReason>;

    /// A leg of a call to its agent's engine, which has a telephone: counted and given a row.
    async fn open_engine(
        &self,
        near: CallId,
        leg: CallId,
        route: OutRoute,
    ) -> Result<Outgoing, EndReason>;

    /// Which headers of who came by this access the agent's engine is told. From memory.
    fn passed_headers(&self, access: AccessId) -> Vec<PassedHeader>;

    /// Which codecs are taken of who came like this, the best first. From memory.
    fn codecs(&self, proof: &Proof) -> Option<CodecOrder>;

    /// Every way out, with its password. From memory.
    fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)>;

    /// How a trunk is has changed.
    fn trunk_changed(&self, trunk: &OutboundTrunk, before: HealthState, health: &Health);

    /// The last word about a call that [`Desk::admit`] counted, opened or not.
    fn end(&self, call: CallId, end: CallEnd, facts: CallFacts);
}

#[async_trait]
impl Desk for CallDesk {
    fn nonce_key(&self) -> [u8; 32] {
        Self::nonce_key(self)
    }

    fn credential(&self, username: &str) -> Option<Credential> {
        Self::credential(self, username)
    }

    fn offers_md5(&self, host: &str) -> bool {
        Self::offers_md5(self, host)
    }

    fn trusts(&self, source: IpAddr) -> bool {
        Self::trusts(self, source)
    }

    fn agent_header(&self) -> Option<String> {
        Self::agent_header(self)
    }

    fn denoises(&self) -> bool {
        Self::denoises(self)
    }

    fn srtp(&self, proof: &Proof, access: Option<AccessId>) -> Srtp {
        Self::srtp(self, proof, access)
    }

    fn admit(&self, call: CallId, invite: &Invite) -> Decision {
        Self::admit(self, call, invite)
    }

    fn agent(&self, agent: AgentId) -> Option<Agent> {
        Self::agent(self, agent)
    }

    fn engine_secret(&self, agent: AgentId) -> Option<Secret> {
        Self::engine_secret(self, agent)
    }

    fn recording_path(&self, call: CallId) -> PathBuf {
        Self::recording_path(self, call)
    }

    async fn open(&self, call: NewCall) -> Opened {
        self.begin(call).await
    }

    fn refused(&self, call: NewCall, end: CallEnd, messages: Vec<SipMessageRecord>) {
        Self::refused(self, &call, end, messages);
    }

    fn note(&self, call: CallId, event: CallEvent) {
        Self::note(self, call, event);
    }

    fn assigned(&self, agent: AgentId) -> Vec<Assigned> {
        Self::assigned(self, agent)
    }

    fn destination(&self, id: DestinationId) -> Option<Destination> {
        Self::destination(self, id)
    }

    fn refer_to(&self, access: AccessId, to: &Destination, host: &str) -> Option<String> {
        Self::refer_to(self, access, to, host)
    }

    fn referable(&self, agent: Option<AgentId>, to: &ReferTo) -> Option<Destination> {
        Self::referable(self, agent, to)
    }

    fn chosen(&self, agent: AgentId, to: &ReferTo) -> Option<Destination> {
        Self::chosen(self, agent, to)
    }

    async fn open_leg(
        &self,
        near: CallId,
        leg: CallId,
        to: &Destination,
    ) -> Result<Outgoing, EndReason> {
        Self::open_leg(self, near, leg, to).await
    }

    async fn open_engine(
        &self,
        near: CallId,
        leg: CallId,
        route: OutRoute,
    ) -> Result<Outgoing, EndReason> {
        self.open_direct(near, leg, route).await
    }

    fn passed_headers(&self, access: AccessId) -> Vec<PassedHeader> {
        Self::passed_headers(self, access)
    }

    fn codecs(&self, proof: &Proof) -> Option<CodecOrder> {
        Self::codecs(self, proof)
    }

    fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)> {
        Self::ways_out(self)
    }

    fn trunk_changed(&self, trunk: &OutboundTrunk, before: HealthState, health: &Health) {
        Self::trunk_changed(self, trunk, before, health);
    }

    fn end(&self, call: CallId, end: CallEnd, facts: CallFacts) {
        Self::end(self, call, end, &facts);
    }
}
