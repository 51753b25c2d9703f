//! From the decision to the 200: 100, the row, a dialog, audio, 180, and what the INVITE's own
//! transaction still has to say.

use std::sync::Arc;

use app::domain::agent::Agent;
use app::domain::call::{CallEnd, Direction, EndReason, Happening, TimelineEvent};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::routing::{Proof, Refusal};
use app::domain::sip::HeaderName;
use tokio::time::Instant;

use crate::agent::Facts;
use crate::media::Session;
use crate::media::sdp::{Offer, Terms};
use crate::sip::Edge;
use crate::sip::call::closing;
use crate::sip::call::offer::{Offered, terms};
use crate::sip::call::{
    Call, Death, Ear, Ending, Phase, Reliable, Ringing, Sources, Speaking, Telephone, facts_of,
};
use crate::sip::calls::Asking;
use crate::sip::desk::{CallEvent, CallFacts, NewCall};
use crate::sip::dialog::Dialog;
use crate::sip::guard::screen::{ALLOW, EXTENSIONS};
use crate::sip::ladder::{Ladder, Way};
use crate::sip::message::Message;
use crate::sip::stack::{Arrival, Flow, ServerEvent};
use crate::sip::timer::SessionTimer;

/// Answers an INVITE that an agent is to take.
pub(super) async fn answer(
    edge: Arc<Edge>,
    arrival: Arrival,
    new: NewCall,
    agent: AgentId,
    offered: Offered,
    asking: Option<Asking>,
) {
    let (invite, flow, answers, events) = arrival.run();
    let trying = invite.reply(100, "");
    answers.send(&trying);
    let id = new.id;
    let _death = Death {
        edge: edge.clone(),
        call: id,
    };
    let at = new.received_at;
    let wait_for_ack = !matches!(new.invite.proof, Proof::Digest { .. });
    let agent = edge.desk.agent(agent);
    let access = new.decision.access;
    let terms = Terms {
        denoise: edge.desk.denoises(),
        ..terms(
            &flow,
            edge.desk.srtp(&new.invite.proof, access),
            edge.desk.codecs(&new.invite.proof),
        )
    };
    let facts = agent.as_ref().map(|agent| Facts {
        headers: access.map_or_else(Vec::new, |access| passed(&edge, access, &invite)),
        ..facts_of(&new, agent)
    });
    edge.desk.open(new).await;
    let mut ladder = received(&edge, id, &invite, &trying, &flow, at);
    let late_offer = offered.is_none();
    let prepared = prepare(&edge, &flow, agent, offered, terms);
    let (agent, session, description) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => {
            let status = CallEnd::because(reason).status.unwrap_or(500);
            let mut reply = edge.guard.reply(&invite, status);
            if let EndReason::Refused(refusal) = reason {
                reply = super::warn(&edge, reply, refusal);
            }
            let mut step = |message: &Message, way| {
                if let Some(record) = ladder.step(message, way, &flow, edge.clock.now_ms()) {
                    edge.desk.note(id, CallEvent::Message(record));
                }
            };
            step(&reply, Way::Sent);
            answers.send(&reply);
            if let Some(ack) = closing::ack(&edge, events).await {
                step(&ack, Way::Received);
            }
            let facts = CallFacts {
                ended_at: edge.clock.now_ms(),
                ..CallFacts::default()
            };
            edge.desk.end(id, CallEnd::because(reason), facts);
            return;
        }
    };
    let dialog = dialog(&edge, &invite, flow);
    let (place, outside) = edge.calls.enter(id, dialog.id.clone());
    let t1 = edge.config.t1;
    let now = edge.clock.now_ms();
    let timer = SessionTimer::accept(&invite, edge.config.timer, now)
        .ok()
        .flatten();
    let call = Call {
        late_offer,
        allows_update: invite.lists("Allow", "UPDATE"),
        phase: ringing(&edge, &dialog, &invite),
        sources: Sources::new(events, outside, &session, t1, now),
        edge,
        id,
        direction: Direction::Inbound,
        agent: Some(agent),
        facts,
        speaking: Speaking::Nobody,
        telephone: Telephone::default(),
        longest: None,
        invite,
        answers: Some(answers),
        dialog,
        session,
        description,
        wait_for_ack,
        timer,
        ladder,
        first_audio_at: None,
        place,
        asking,
        handover: None,
        referral: None,
        moving: None,
        also: None,
        ear: Ear::Closed,
        access,
        legs: 0,
        near: None,
        callee: None,
        errands: None,
        bot: None,
    };
    Box::pin(call.ring()).await;
}

/// The first steps of a call: its INVITE, and our 100.
fn received(
    edge: &Edge,
    call: CallId,
    invite: &Message,
    trying: &Message,
    flow: &Flow,
    at: i64,
) -> Ladder {
    let what = Happening::Received;
    let event = CallEvent::Happened(TimelineEvent { at, what });
    edge.desk.note(call, event);
    let mut ladder = Ladder::default();
    for (message, way) in [(invite, Way::Received), (trying, Way::Sent)] {
        if let Some(record) = ladder.step(message, way, flow, at) {
            edge.desk.note(call, CallEvent::Message(record));
        }
    }
    ladder
}

/// Agent, audio and our half of the description, or why there is no call.
fn prepare(
    edge: &Edge,
    flow: &Flow,
    agent: Option<Agent>,
    offered: Offered,
    terms: Terms,
) -> Result<(Agent, Arc<Session>, String), EndReason> {
    let agent = agent.ok_or(EndReason::Refused(Refusal::EngineDown))?;
    let no_codec = EndReason::Refused(Refusal::NoCodec);
    let offer = offered.transpose().map_err(|_| no_codec)?;
    let theirs = offer.as_ref().and_then(Offer::remote);
    let address = edge.media_address(flow, theirs.map(|audio| audio.ip()));
    let session = edge.media.open_on(address, terms).map_err(|why| {
        tracing::error!(%why, "No port for audio");
        EndReason::Fault
    })?;
    let session = Arc::new(session);
    let description = match offer {
        None => session.offer(),
        Some(offer) => session.answer(&offer).map_err(|why| {
            if why.is_about_keys() {
                EndReason::Refused(Refusal::SecureAudio)
            } else {
                no_codec
            }
        })?,
    };
    Ok((agent, session, description))
}

/// The headers that the access names, as the engine is told of them. The one that chooses the agent
/// is for us alone, under whatever name it would leave.
fn passed(edge: &Edge, access: AccessId, invite: &Message) -> Vec<(String, String)> {
    let chooses = edge.desk.agent_header();
    let is_ours = |name: &HeaderName| chooses.as_deref().is_some_and(|own| name.is(own));
    let rules = edge.desk.passed_headers(access).into_iter();
    let rules = rules.filter(|rule| !is_ours(&rule.header) && !is_ours(&rule.name));
    rules
        .filter_map(|rule| {
            let value = invite.get(rule.header.as_str())?;
            let value: String = value
                .chars()
                .filter(|c| !c.is_control())
                .take(500)
                .collect();
            (!value.is_empty()).then(|| (rule.name.to_string(), value))
        })
        .collect()
}

fn dialog(edge: &Edge, invite: &Message, flow: Flow) -> Dialog {
    let tag = edge.clock.new_uuid().simple().to_string();
    let contact = edge.contact(&flow);
    Dialog::answering(invite, flow, tag, contact)
}

fn ringing(edge: &Edge, dialog: &Dialog, invite: &Message) -> Phase {
    let now = Instant::now();
    let t1 = edge.config.t1;
    let reliable = invite.lists("Require", "100rel").then(|| {
        let number = rand::random_range(1..0x4000_0000);
        let response = dialog
            .reply(invite, 180)
            .with("Require", "100rel")
            .with("RSeq", u32::to_string(&number));
        Reliable {
            response,
            number,
            resend_at: now + t1,
            interval: t1,
            give_up_at: now + t1 * 64,
        }
    });
    Phase::Ringing(Ringing {
        pick_up_at: now + edge.config.ring_for,
        reliable,
    })
}

impl Call {
    async fn ring(mut self) {
        let ringing = match &self.phase {
            Phase::Ringing(Ringing {
                reliable: Some(reliable),
                ..
            }) => reliable.response.clone(),
            _ => self.dialog.reply(&self.invite, 180),
        };
        self.send(&ringing);
        self.happened(Happening::Ringing);
        self.reach();
        Box::pin(self.run()).await;
    }

    /// Time to ring again, to pick up, or to give up on a PRACK.
    pub(in crate::sip) fn on_ring(&mut self) -> Option<Ending> {
        let now = Instant::now();
        let Phase::Ringing(ringing) = &mut self.phase else {
            return None;
        };
        if let Some(reliable) = &mut ringing.reliable {
            if now >= reliable.give_up_at {
                // RFC 3262 §3: a peer that cannot acknowledge cannot talk either.
                self.refuse(504);
                return Some(Ending::quiet(EndReason::PeerLost));
            }
            if now >= reliable.resend_at {
                reliable.interval *= 2;
                reliable.resend_at = now + reliable.interval;
                let again = reliable.response.clone();
                if let Some(answers) = &self.answers {
                    answers.send(&again);
                }
            }
            return None;
        }
        let is_time = now >= ringing.pick_up_at && !self.speaking.is_awaited();
        is_time.then(|| self.pick_up())?
    }

    /// PRACK for our 180 (RFC 3262 §3).
    pub(in crate::sip) fn acknowledge(&mut self, prack: &Message) -> bool {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return false;
        };
        let Some(reliable) = &ringing.reliable else {
            return false;
        };
        let Some(invite_number) = self.invite.cseq().map(|(number, _)| number) else {
            return false;
        };
        let expected = [
            reliable.number.to_string(),
            invite_number.to_string(),
            "INVITE".to_owned(),
        ];
        let named = prack.get("RAck").unwrap_or_default();
        let fits = named
            .split_whitespace()
            .eq(expected.iter().map(String::as_str));
        if fits {
            ringing.reliable = None;
        }
        fits
    }

    /// 200.
    fn pick_up(&mut self) -> Option<Ending> {
        let mut reply = self
            .dialog
            .reply(&self.invite, 200)
            .with("Allow", ALLOW)
            .with("Supported", EXTENSIONS.join(", "))
            .with("Server", self.edge.config.product.clone());
        if let Some(timer) = &self.timer {
            timer.describe(&mut reply);
        }
        let reply = reply.with_body("application/sdp", self.description.clone());
        self.phase = Phase::Answered;
        self.send(&reply);
        self.happened(Happening::Answered);
        if !self.late_offer {
            self.say_codec();
            if !self.wait_for_ack {
                self.connect();
            }
        }
        None
    }

    /// What became of the INVITE's transaction.
    pub(in crate::sip) fn on_invite(&mut self, event: ServerEvent) -> Option<Ending> {
        match (event, &self.phase) {
            (ServerEvent::Cancelled(cancelled), Phase::Ringing(_)) => {
                self.step(&cancelled.cancel, Way::Received);
                self.step(&cancelled.answer, Way::Sent);
                self.refuse(487);
                Some(Ending::quiet(EndReason::CallerGaveUp))
            }
            (ServerEvent::Acked(ack), Phase::Answered) => {
                self.confirmed(&ack);
                self.acked(&ack)
            }
            (ServerEvent::Over, Phase::Answered) => Some(Ending::no_ack()),
            (ServerEvent::Over, Phase::Ringing(_)) => Some(Ending::quiet(EndReason::PeerLost)),
            _ => None,
        }
    }

    /// The dialog stands (RFC 3261 §13.3.1.4).
    pub(in crate::sip) fn confirmed(&mut self, ack: &Message) {
        self.step(ack, Way::Received);
        self.phase = Phase::Confirmed;
        self.asking = None;
        self.happened(Happening::Confirmed);
    }

    fn acked(&mut self, ack: &Message) -> Option<Ending> {
        if self.late_offer {
            if !self.accept(&ack.body) {
                let reason = EndReason::Refused(Refusal::NoCodec);
                return Some(Ending::bye(
                    reason,
                    "SIP;cause=488;text=\"Not Acceptable Here\"",
                ));
            }
            self.say_codec();
        }
        self.connect();
        None
    }

    /// A re-INVITE's transaction.
    pub(in crate::sip) fn on_reinvite(&mut self, event: ServerEvent) -> Option<Ending> {
        let expects_answer = self
            .sources
            .reinvite
            .as_ref()
            .is_some_and(|re| re.expects_answer);
        match event {
            ServerEvent::Acked(ack) => {
                self.step(&ack, Way::Received);
                self.sources.reinvite = None;
                if expects_answer && !self.accept(&ack.body) {
                    let reason = EndReason::Refused(Refusal::NoCodec);
                    return Some(Ending::bye(
                        reason,
                        "SIP;cause=488;text=\"Not Acceptable Here\"",
                    ));
                }
                None
            }
            ServerEvent::Over => {
                self.sources.reinvite = None;
                Some(Ending::no_ack())
            }
            ServerEvent::Cancelled(_) => None,
        }
    }
}
