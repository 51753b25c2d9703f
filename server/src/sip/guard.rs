//! The door: every datagram and every frame passes here before anything is allocated for it.
//!
//! What is broken, unknown, too fast or without a password is answered statelessly or not at all;
//! only what belongs to a transaction or a dialog of ours, and INVITEs to decide about, go on.
//! It knows the desk's passwords and networks, and nothing of calls or media.

pub mod frame;
pub mod limits;
mod repair;
pub mod screen;
mod sign_in;
mod stateless;

pub(super) use self::stateless::way_back;

use std::hash::RandomState;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use app::domain::routing::Proof;
use tokio_util::sync::CancellationToken;

use self::limits::{Class, Limits, LimitsConfig};
use self::screen::{Fault, Screened};
use super::desk::Desk;
use super::digest::{Algorithm, Challenger};
use super::message::address::{host_port_of, parameter, split_host_port, user_of};
use super::message::{Message, Text};
use super::sources::{Sources, Trouble, Try};
use crate::clock::Clock;
use crate::telemetry::Event;

/// What the transaction and call tables say about a message.
pub trait Known {
    /// Is it a retransmission, or a CANCEL or ACK of something we have?
    fn transaction(&self, message: &Message) -> bool;
    /// Does it belong to a dialog of ours?
    fn dialog(&self, message: &Message) -> bool;
    /// Did the same request come another way already (RFC 3261 §8.2.2.2)?
    fn merged(&self, message: &Message) -> bool;
}

/// What becomes of some bytes.
#[derive(Debug)]
pub enum Passage {
    /// To the transaction layer.
    Pass(Message),
    /// An INVITE to decide about.
    Invite(Candidate),
    /// Answered without a transaction.
    Reply(Message),
    /// A keep-alive.
    KeepAlive,
    Silence,
}

/// An INVITE that is readable and neither a retransmission nor merged.
#[derive(Debug)]
pub struct Candidate {
    pub message: Message,
    /// Behind a trusted proxy the address it names.
    pub source: IpAddr,
    pub proof: Proof,
}

#[derive(Clone, Debug)]
pub struct GuardConfig {
    pub limits: LimitsConfig,
    /// Proxies in front, whose Via names the real source.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub digest: Vec<Algorithm>,
    pub realm: String,
    pub product: Text,
    pub retry_after_s: u32,
}

pub struct Guard {
    config: GuardConfig,
    desk: Arc<dyn Desk>,
    clock: Clock,
    challenger: Challenger,
    limits: Limits,
    sources: Arc<Sources>,
    draining: CancellationToken,
    tags: RandomState,
    /// Call-ID of our own OPTIONS, which must go all the way through the stack.
    pub own_call_id: String,
}

/// Software that only ever scans.
const SCANNERS: [&str; 7] = [
    "friendly-scanner",
    "sipvicious",
    "sipcli",
    "sundayddr",
    "pplsip",
    "vaxsipuseragent",
    "sip-scan",
];

impl Guard {
    pub fn new(
        config: GuardConfig,
        desk: Arc<dyn Desk>,
        clock: Clock,
        sources: Arc<Sources>,
        draining: CancellationToken,
    ) -> Self {
        let key = super::digest::NonceKey::new(desk.nonce_key());
        let challenger = Challenger::new(config.realm.clone(), config.digest.clone(), key);
        let own_call_id = clock.new_uuid().to_string();
        let limits = Limits::new(config.limits);
        Self {
            config,
            desk,
            clock,
            challenger,
            limits,
            sources,
            draining,
            tags: RandomState::new(),
            own_call_id,
        }
    }

    /// Judges one datagram or frame.
    pub fn judge(
        &self,
        bytes: &[u8],
        limit: usize,
        peer: SocketAddr,
        known: &dyn Known,
    ) -> Passage {
        let now = self.clock.now_ms();
        let passage = match screen::screen(bytes, limit) {
            Screened::KeepAlive => Passage::KeepAlive,
            Screened::Noise => {
                self.note(peer.ip(), None, Trouble::Malformed);
                Passage::Silence
            }
            Screened::Answer(message, fault) => self.fault(&message, fault, peer, now),
            Screened::Message(mut message) => {
                stateless::mark_received(&mut message, peer);
                match message.method() {
                    None => Passage::Pass(message),
                    Some(_) => self.request(message, peer, known, now),
                }
            }
        };
        if let Passage::Reply(reply) = &passage {
            let status = reply.status().unwrap_or_default();
            Event::SipTurnedAway { status }.emit();
        }
        passage
    }

    /// Judges the start of a message that is too long.
    pub fn judge_cut(&self, start: &[u8], peer: SocketAddr) -> Passage {
        match screen::too_large(start) {
            Screened::Answer(message, fault) => {
                self.fault(&message, fault, peer, self.clock.now_ms())
            }
            _ => Passage::Silence,
        }
    }

    fn fault(&self, message: &Message, fault: Fault, peer: SocketAddr, now: i64) -> Passage {
        let mut message = message.clone();
        stateless::mark_received(&mut message, peer);
        let source = self.source(&message, peer);
        let trouble = match fault {
            Fault::NotAllowed if message.method() == Some("REGISTER") => Trouble::Register,
            Fault::NotAllowed | Fault::NotImplemented | Fault::Extension | Fault::Scheme => {
                Trouble::Unsupported
            }
            _ => Trouble::Malformed,
        };
        self.note(source, Some(&message), trouble);
        if self.is_shut_out(source, now) || !self.may_pass(source, Class::Stranger, now) {
            return Passage::Silence;
        }
        Passage::Reply(self.stamp(stateless::refuse(&message, fault, &self.tag(&message))))
    }

    fn request(&self, message: Message, peer: SocketAddr, known: &dyn Known, now: i64) -> Passage {
        let source = self.source(&message, peer);
        let method = message.method().unwrap_or_default();
        if known.transaction(&message) || (message.to_tag().is_some() && known.dialog(&message)) {
            let may_pass = self.may_pass(source, Class::Known, now);
            return if may_pass {
                Passage::Pass(message)
            } else {
                Passage::Silence
            };
        }
        if method == "ACK" || self.is_shut_out(source, now) {
            return Passage::Silence;
        }
        if is_scanner(&message) {
            self.note(source, Some(&message), Trouble::Scanner);
            return Passage::Silence;
        }
        let class = if self.is_known(source, now) {
            Class::Known
        } else {
            Class::Stranger
        };
        if !self.may_pass(source, class, now) {
            self.note(source, Some(&message), Trouble::TooFast);
            return Passage::Silence;
        }
        match method {
            "INVITE" if message.to_tag().is_none() => self.invite(message, source, known, now),
            "OPTIONS" if message.to_tag().is_none() => self.options(message),
            _ => Passage::Reply(self.reply(&message, 481)),
        }
    }

    fn options(&self, message: Message) -> Passage {
        if message.call_id() == self.own_call_id {
            return Passage::Pass(message);
        }
        if self.draining.is_cancelled() {
            return Passage::Reply(self.unavailable(&message));
        }
        let reply = self.reply(&message, 200);
        Passage::Reply(super::options::describe(reply))
    }

    fn invite(&self, message: Message, source: IpAddr, known: &dyn Known, now: i64) -> Passage {
        if self.draining.is_cancelled() {
            return Passage::Reply(self.unavailable(&message));
        }
        if known.merged(&message) {
            return Passage::Reply(self.reply(&message, 482));
        }
        let proof = self.prove(&message, source, now);
        Passage::Invite(Candidate {
            message,
            source,
            proof,
        })
    }

    /// 503 that makes proxies go elsewhere; only while draining.
    pub fn unavailable(&self, message: &Message) -> Message {
        self.reply(message, 503)
            .with("Retry-After", self.config.retry_after_s.to_string())
    }

    /// A stateless answer of any status.
    pub fn reply(&self, message: &Message, status: u16) -> Message {
        self.stamp(message.reply(status, &self.tag(message)))
    }

    pub fn note_stranger(&self, candidate: &Candidate, trouble: Trouble) {
        self.note(candidate.source, Some(&candidate.message), trouble);
    }

    /// A source that somebody else vouches for, for as long as a sign-in would.
    pub fn welcome(&self, source: IpAddr) {
        self.limits.right(source, self.clock.now_ms());
    }

    /// Lets a source in again at once.
    pub fn unblock(&self, source: IpAddr) -> bool {
        self.limits.unban(source);
        self.sources.unblock(source)
    }

    fn stamp(&self, reply: Message) -> Message {
        reply.with("Server", self.config.product.clone())
    }

    fn tag(&self, message: &Message) -> String {
        message.stateless_tag(&self.tags)
    }

    fn is_shut_out(&self, source: IpAddr, now: i64) -> bool {
        self.limits.is_banned(source, now) && !self.desk.trusts(source)
    }

    fn is_known(&self, source: IpAddr, now: i64) -> bool {
        self.limits.is_known(source, now) || self.desk.trusts(source)
    }

    fn may_pass(&self, source: IpAddr, class: Class, now: i64) -> bool {
        self.is_proxy(source) || self.limits.take(source, class, now)
    }

    fn is_proxy(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.config
            .trusted_proxies
            .iter()
            .any(|net| net.contains(&source))
    }

    /// Behind a trusted proxy the real source is in the Via below its own.
    fn source(&self, message: &Message, peer: SocketAddr) -> IpAddr {
        let mut source = peer.ip().to_canonical();
        for via in message.list("Via").skip(1) {
            if !self.is_proxy(source) {
                break;
            }
            let sent_by = via
                .split_once([' ', '\t'])
                .map(|(_, rest)| rest)
                .unwrap_or_default();
            let host = split_host_port(sent_by.split(';').next().unwrap_or_default().trim()).0;
            let named = parameter(via, "received").unwrap_or(host);
            match named.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(address) => source = address.to_canonical(),
                Err(_) => break,
            }
        }
        source
    }

    fn note(&self, address: IpAddr, message: Option<&Message>, trouble: Trouble) {
        if self.is_proxy(address) {
            return;
        }
        let software = message.and_then(|message| message.get("User-Agent"));
        let dialled = message
            .and_then(Message::uri)
            .and_then(|uri| user_of(uri).or_else(|| host_port_of(uri)));
        self.sources.note(
            Try {
                address,
                software,
                dialled,
                trouble,
            },
            self.clock.now_ms(),
        );
    }
}

fn is_scanner(message: &Message) -> bool {
    message.get("User-Agent").is_some_and(|software| {
        let software = software.to_ascii_lowercase();
        SCANNERS.iter().any(|scanner| software.contains(scanner))
    })
}

#[cfg(test)]
mod tests;
