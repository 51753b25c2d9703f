//! The house behind the door, as far as the door asks.

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
use uuid::Uuid;

use crate::service::calls::{OutRoute, Outgoing};
use crate::sip::desk::{CallEvent, CallFacts, Credential, Desk, NewCall, Opened};

/// Knows one password and one carrier's network.
pub(super) struct Porter;

#[async_trait]
impl Desk for Porter {
    fn nonce_key(&self) -> [u8; 32] {
        [3; 32]
    }

    fn credential(&self, username: &str) -> Option<Credential> {
        (username == "carrier").then(|| Credential {
            access: AccessId::from(Uuid::nil()),
            password: "s3cret".parse().unwrap(),
            strict_uri: false,
            sha256_only: false,
        })
    }

    fn offers_md5(&self, host: &str) -> bool {
        host != "strict.example.com"
    }

    fn trusts(&self, source: IpAddr) -> bool {
        source.to_string().starts_with("192.0.2.")
    }

    fn assigned(&self, _: AgentId) -> Vec<Assigned> {
        Vec::new()
    }

    fn destination(&self, _: DestinationId) -> Option<Destination> {
        None
    }

    fn refer_to(&self, _: AccessId, _: &Destination, _: &str) -> Option<String> {
        None
    }

    fn referable(&self, _: Option<AgentId>, _: &ReferTo) -> Option<Destination> {
        None
    }

    fn chosen(&self, _: AgentId, _: &ReferTo) -> Option<Destination> {
        None
    }

    async fn open_leg(&self, _: CallId, _: CallId, _: &Destination) -> Result<Outgoing, EndReason> {
        Err(EndReason::Fault)
    }

    async fn open_engine(&self, _: CallId, _: CallId, _: OutRoute) -> Result<Outgoing, EndReason> {
        Err(EndReason::Fault)
    }

    fn passed_headers(&self, _: AccessId) -> Vec<PassedHeader> {
        Vec::new()
    }

    fn codecs(&self, _: &Proof) -> Option<CodecOrder> {
        None
    }

    fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)> {
        Vec::new()
    }

    fn trunk_changed(&self, _trunk: &OutboundTrunk, _before: HealthState, _health: &Health) {}

    fn agent_header(&self) -> Option<String> {
        None
    }

    fn denoises(&self) -> bool {
        false
    }

    fn srtp(&self, _: &Proof, _: Option<AccessId>) -> Srtp {
        Srtp::Off
    }

    fn admit(&self, _: CallId, _: &Invite) -> Decision {
        unreachable!("the guard decides nothing")
    }

    fn agent(&self, _: AgentId) -> Option<Agent> {
        None
    }

    fn engine_secret(&self, _: AgentId) -> Option<Secret> {
        None
    }

    fn recording_path(&self, _: CallId) -> PathBuf {
        PathBuf::new()
    }

    async fn open(&self, _: NewCall) -> Opened {
        Opened::Durable
    }

    fn refused(&self, _: NewCall, _: CallEnd, _: Vec<SipMessageRecord>) {}

    fn note(&self, _: CallId, _: CallEvent) {}

    fn end(&self, _: CallId, _: CallEnd, _: CallFacts) {}
}
