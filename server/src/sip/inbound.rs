//! An INVITE that is readable: decided about, refused or given a task of its own.

mod answering;

use std::sync::Arc;

use app::domain::call::{CallEnd, EndReason, SipMessageRecord};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::routing::{Decision, Failure, Invite, Proof, Refusal, Registered, Verdict};

use super::Edge;
use super::call::closing;
use super::call::offer::{self, Offered};
use super::desk::{CallFacts, NewCall};
use super::dialog::DialogId;
use super::guard::Candidate;
use super::identity::{self, Trust};
use super::ladder::{Ladder, Way};
use super::message::Message;
use super::message::address::{Address, host_port_of, split_host_port, user_of};
use super::sources::Trouble;
use super::stack::{Arrival, Flow, Placed};
use super::timer::{SessionTimer, TooSmall};

/// What was decided about an INVITE.
enum Decided {
    Answer(Box<NewCall>, AgentId, Box<Offered>),
    Refuse(Box<NewCall>, Refusal),
    /// It takes over another call; by which access, if it came by a password.
    TakeOver(DialogId, Option<AccessId>),
}

/// Decides about an INVITE. What needs no transaction is the reply.
pub(super) fn receive(edge: &Arc<Edge>, mut candidate: Candidate, flow: &Flow) -> Option<Message> {
    if let Some(by) = registered(edge, &candidate) {
        candidate.proof = Proof::Registered(Box::new(by));
    }
    let trust = trust(edge, &candidate);
    if trust == Trust::Authenticated
        && let Err(TooSmall { min_se_s }) =
            SessionTimer::accept(&candidate.message, edge.config.timer, edge.clock.now_ms())
    {
        let reply = edge.guard.reply(&candidate.message, 422);
        return Some(reply.with("Min-SE", min_se_s.to_string()));
    }
    if trust == Trust::Authenticated
        && let Some(named) = super::replaces::named(&candidate.message, &edge.calls)
    {
        let by = match candidate.proof {
            Proof::Digest { access, .. } => Some(access),
            _ => None,
        };
        return match named {
            Ok(dialog) => {
                let decided = Decided::TakeOver(dialog, by);
                begin(edge, candidate.message, flow, None, decided)
            }
            Err(status) => Some(edge.guard.reply(&candidate.message, status)),
        };
    }
    let id: CallId = edge.clock.new_id();
    let offered = offer::offered(&candidate.message);
    let invite = invite(edge, &candidate, flow, trust, &offered);
    let decision = edge.desk.admit(id, &invite);
    let verdict = decision.verdict;
    match verdict {
        Verdict::Challenge { stale } => {
            let fresh = candidate.proof == Proof::Absent;
            if fresh {
                edge.guard.note_stranger(&candidate, Trouble::NoPassword);
            }
            Some(
                edge.guard
                    .challenge(&candidate.message, candidate.source, stale),
            )
        }
        Verdict::Refuse(refusal) if !is_signed_in(&candidate.proof, &decision) => refuse_stranger(
            edge,
            &candidate,
            flow,
            refusal,
            new_call(edge, id, &candidate, flow, invite, decision),
        ),
        Verdict::Refuse(refusal) => {
            let new = new_call(edge, id, &candidate, flow, invite, decision);
            let decided = Decided::Refuse(Box::new(new), refusal);
            begin(edge, candidate.message, flow, Some(id), decided)
        }
        Verdict::Answer(agent) => {
            let new = new_call(edge, id, &candidate, flow, invite, decision);
            let decided = Decided::Answer(Box::new(new), agent, Box::new(offered));
            begin(edge, candidate.message, flow, Some(id), decided)
        }
    }
}

/// Gives a decided INVITE its transaction and sets to work what was decided. One that came another way at the
/// same moment is decided about there.
fn begin(
    edge: &Arc<Edge>,
    invite: Message,
    flow: &Flow,
    counted: Option<CallId>,
    decided: Decided,
) -> Option<Message> {
    let reply = match edge.stack.receive(invite, flow) {
        Placed::New(arrival) => {
            carry_out(edge, arrival, decided);
            return None;
        }
        Placed::Known => None,
        Placed::Nowhere(invite) => Some(nowhere(edge, &invite)),
    };
    if let Some(id) = counted {
        end_unopened(edge, id, EndReason::Fault);
    }
    reply
}

/// The answer to a request that is part of no transaction, and can begin none.
pub(super) fn nowhere(edge: &Edge, request: &Message) -> Message {
    let status = match request.method() {
        Some("CANCEL") => 481,
        _ => 400,
    };
    edge.guard.reply(request, status)
}

fn end_unopened(edge: &Edge, id: CallId, reason: EndReason) {
    let facts = CallFacts {
        ended_at: edge.clock.now_ms(),
        ..CallFacts::default()
    };
    edge.desk.end(id, CallEnd::because(reason), facts);
}

fn carry_out(edge: &Arc<Edge>, arrival: Box<Arrival>, decided: Decided) {
    match decided {
        Decided::Refuse(new, refusal) => {
            let task = refuse(edge.clone(), *arrival, *new, refusal);
            edge.life.spawn("sip.refusal", task);
        }
        Decided::Answer(new, agent, offered) => {
            let asking = edge.calls.asking(&arrival.message);
            let task = answering::answer(edge.clone(), *arrival, *new, agent, *offered, asking);
            edge.life.spawn("sip.call", task);
        }
        Decided::TakeOver(dialog, by) => {
            // It may have ended since.
            if let Err(arrival) = edge.calls.take_over(&dialog, arrival, by) {
                let reply = edge.guard.reply(&arrival.message, 481);
                arrival.answer(&reply);
            }
        }
    }
}

/// Says no to someone we know, with the reason's name (`design.md` §3).
async fn refuse(edge: Arc<Edge>, arrival: Arrival, new: NewCall, refusal: Refusal) {
    let status = refusal.status().unwrap_or(403);
    let reply = edge.guard.reply(&arrival.message, status);
    let reply = warn(&edge, reply, refusal);
    let (invite, flow, answers, events) = arrival.run();
    let mut ladder = Ladder::default();
    let mut messages = refusal_of(&edge, &mut ladder, &invite, &flow, &reply);
    answers.send(&reply);
    if let Some(ack) = closing::ack(&edge, events).await {
        let now = edge.clock.now_ms();
        messages.extend(ladder.step(&ack, Way::Received, &flow, now));
    }
    edge.desk
        .refused(new, CallEnd::because(EndReason::Refused(refusal)), messages);
}

/// `Warning: 399 host "reason"`.
pub(in crate::sip) fn warn(edge: &Edge, reply: Message, refusal: Refusal) -> Message {
    let host = edge.config.external_host.as_deref().unwrap_or("patchbay");
    reply.with("Warning", format!("399 {host} \"{}\"", refusal.code()))
}

/// Says no to a stranger, who learns nothing.
fn refuse_stranger(
    edge: &Edge,
    candidate: &Candidate,
    flow: &Flow,
    refusal: Refusal,
    new: NewCall,
) -> Option<Message> {
    if refusal == Refusal::SourceNotAllowed {
        edge.guard
            .note_stranger(candidate, Trouble::SourceNotAllowed);
    }
    let reply = match refusal.status() {
        None => None,
        Some(401) => Some(
            edge.guard
                .challenge(&candidate.message, candidate.source, false),
        ),
        Some(status) => Some(edge.guard.reply(&candidate.message, status)),
    };
    let messages = match &reply {
        Some(reply) => {
            let mut ladder = Ladder::default();
            refusal_of(edge, &mut ladder, &candidate.message, flow, reply)
        }
        None => Vec::new(),
    };
    edge.desk
        .refused(new, CallEnd::because(EndReason::Refused(refusal)), messages);
    reply
}

/// The first two steps of a refused call.
fn refusal_of(
    edge: &Edge,
    ladder: &mut Ladder,
    invite: &Message,
    flow: &Flow,
    reply: &Message,
) -> Vec<SipMessageRecord> {
    let now = edge.clock.now_ms();
    let received = ladder.step(invite, Way::Received, flow, now);
    received
        .into_iter()
        .chain(ladder.step(reply, Way::Sent, flow, now))
        .collect()
}

/// The trunk whose registrar sent it, if it was called by what we registered there.
fn registered(edge: &Edge, candidate: &Candidate) -> Option<Registered> {
    if candidate.proof != Proof::Absent {
        return None;
    }
    let user = user_of(candidate.message.uri()?)?;
    let now = edge.clock.now_ms();
    edge.ways.registered(user, candidate.source, now)
}

fn trust(edge: &Edge, candidate: &Candidate) -> Trust {
    match candidate.proof {
        Proof::Digest { .. } | Proof::Registered(_) => Trust::Authenticated,
        Proof::Absent if edge.desk.trusts(candidate.source) => Trust::Authenticated,
        _ => Trust::Stranger,
    }
}

fn is_signed_in(proof: &Proof, decision: &Decision) -> bool {
    match proof {
        Proof::Digest { .. } | Proof::Registered(_) | Proof::Supposed { .. } => true,
        Proof::Absent => decision.access.is_some(),
        Proof::Failed(
            Failure::Stale
            | Failure::UnknownUsername { .. }
            | Failure::WrongPassword { .. }
            | Failure::UriMismatch { .. }
            | Failure::Md5Refused { .. }
            | Failure::Unreadable { .. },
        ) => false,
    }
}

/// The INVITE as routing sees it.
fn invite(
    edge: &Edge,
    candidate: &Candidate,
    flow: &Flow,
    trust: Trust,
    offered: &Offered,
) -> Invite {
    let message = &candidate.message;
    let uri = message.uri().unwrap_or_default();
    let header = edge
        .desk
        .agent_header()
        .unwrap_or_else(|| "X-Agent-ID".to_owned());
    let user = |value: &str| Address::read(value).user().unwrap_or_default().to_owned();
    let host = host_port_of(uri).map(|host_port| split_host_port(host_port).0);
    Invite {
        source: candidate.source,
        transport: flow.transport,
        proof: candidate.proof.clone(),
        target_user: user_of(uri).unwrap_or_default().to_owned(),
        target_host: host.unwrap_or_default().to_owned(),
        called_party: message.list("P-Called-Party-ID").next().map(user),
        to_user: message.get("To").map(user).unwrap_or_default(),
        agent_headers: message.all(&header).map(str::to_owned).collect(),
        media: offer::media_offer(offered),
        caller: identity::caller(message, trust),
    }
}

fn new_call(
    edge: &Edge,
    id: CallId,
    candidate: &Candidate,
    flow: &Flow,
    invite: Invite,
    decision: Decision,
) -> NewCall {
    let software = candidate.message.get("User-Agent");
    NewCall {
        id,
        received_at: edge.clock.now_ms(),
        peer: flow.peer,
        sip_call_id: candidate.message.call_id().chars().take(256).collect(),
        software: software.map(|text| text.chars().filter(|c| !c.is_control()).take(120).collect()),
        invite,
        decision,
    }
}
