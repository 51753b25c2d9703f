//! An engine that has a telephone: called while the caller hears it ring, joined with the caller once
//! both have answered, and what follows when it is busy, silent or gone.

use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{EndReason, Happening};
use app::domain::engine::{Engine, EngineFault, Sip};
use app::domain::id::CallId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bot::Wish;
use super::{Call, Ending, Phase, Speaking};
use crate::agent::{Facts, Keep, Ready, Wanted};
use crate::media::{Bridge, Session, WhenConnected};
use crate::service::calls::{OutRoute, Outgoing};
use crate::sip::outbound::{self, FarEvent};

/// How long it may say nothing at all: three seconds (`design.md` §3.5), and a moment in which the next one of
/// several addresses is asked.
const SILENCE: Duration = Duration::from_millis(3_500);

/// What its facts are called there, so that they are taken for nobody else's.
const PREFIX: &str = "X-Patchbay-";

/// A header longer than this is left out: half a fact is none.
const LONGEST_HEADER: usize = 1_000;

/// The engine's telephone.
#[derive(Default)]
pub(in crate::sip) struct Telephone {
    /// The caller is there for it.
    wanted: bool,
    /// It has asked to hand the caller on, and waits to hear how that goes.
    pub asks: Option<Wish>,
    /// Nobody took its caller, and it may not have heard so yet.
    pub disappointed: bool,
    /// How often it asked for somebody it may not have.
    pub refusals: u32,
    leg: Option<Leg>,
}

struct Leg {
    call: CallId,
    events: mpsc::UnboundedReceiver<FarEvent>,
    silent_until: Option<Instant>,
    session: Option<Arc<Session>>,
    bridge: Option<Bridge>,
    answered: bool,
}

impl Telephone {
    pub(super) fn events(&mut self) -> Option<&mut mpsc::UnboundedReceiver<FarEvent>> {
        self.leg.as_mut().map(|leg| &mut leg.events)
    }

    pub(super) fn silent_until(&self) -> Option<Instant> {
        self.leg.as_ref()?.silent_until
    }

    /// The leg there.
    pub(super) fn call(&self) -> Option<CallId> {
        self.leg.as_ref().map(|leg| leg.call)
    }

    /// The call whose place the caller is to take, if its bot wants that.
    pub(super) fn replaces(&self) -> Option<&str> {
        self.asks.as_ref()?.replaces.as_deref()
    }

    /// The caller talks with somebody else.
    pub(super) fn part(&mut self) {
        if let Some(leg) = &mut self.leg {
            leg.bridge = None;
        }
    }
}

impl Call {
    /// Begins to reach the telephone. A notice is said before it rings there, or its first words would be lost.
    pub(super) fn reach_telephone(&mut self, sip: Sip, wanted: Wanted) -> Speaking {
        if matches!(wanted.behaviour.recording, Keep::AfterNotice(_)) {
            return Speaking::Ready(Ready::TELEPHONE);
        }
        self.ring_telephone(sip, wanted);
        Speaking::Calling
    }

    fn ring_telephone(&mut self, sip: Sip, wanted: Wanted) {
        let call = self.edge.clock.new_id();
        let from = wanted.facts.from.as_deref();
        let route = OutRoute::Direct {
            uri: Box::new(sip.uri),
            login: sip.username.zip(wanted.secret),
            caller: from.and_then(|number| number.parse().ok()),
            replaces: None,
            headers: told(wanted.facts),
        };
        let (tell, events) = mpsc::unbounded_channel();
        let (edge, near) = (self.edge.clone(), self.id);
        let bot_of = self.agent.as_ref().map(|agent| agent.id);
        self.edge.life.spawn("sip.leg", async move {
            match edge.desk.open_engine(near, call, route).await {
                Ok(outgoing) => {
                    let outgoing = Outgoing { bot_of, ..outgoing };
                    Box::pin(outbound::dial(edge, outgoing, Some(tell), None)).await;
                }
                Err(reason) => {
                    let status = None;
                    let _ = tell.send(FarEvent::Over { reason, status });
                }
            }
        });
        self.telephone.leg = Some(Leg {
            call,
            events,
            silent_until: Some(Instant::now() + SILENCE),
            session: None,
            bridge: None,
            answered: false,
        });
    }

    /// The caller is there for the engine: from now on, or again.
    pub(super) fn join_telephone(&mut self) {
        self.telephone.wanted = true;
        let elsewhere = self.handover.is_some() || self.referral.is_some() || self.moving.is_some();
        if elsewhere || !matches!(self.speaking, Speaking::Talking(_)) {
            return;
        }
        if self.telephone.leg.is_some() {
            return self.bridge_telephone();
        }
        let Some(wanted) = self.wanted() else { return };
        if let Engine::Sip(sip) = wanted.engine.clone() {
            self.ring_telephone(sip, wanted);
        }
    }

    /// The caller is back, if the caller was there for it before.
    pub(super) fn rejoin_telephone(&mut self) {
        if self.telephone.wanted {
            self.join_telephone();
        }
    }

    fn bridge_telephone(&mut self) {
        if !self.telephone.wanted || self.handover.is_some() {
            return;
        }
        let Some(mut leg) = self.telephone.leg.take() else {
            return;
        };
        if let (None, Some(far)) = (&leg.bridge, &leg.session) {
            leg.bridge = Some(self.bridge_with(far));
        }
        if let (true, Some(bridge)) = (leg.answered, &leg.bridge) {
            bridge.connected(WhenConnected::KeepRecording);
            if self.first_audio_at.is_none() {
                self.first_audio_at = Some(self.edge.clock.now_ms());
                self.happened(Happening::FirstAudioOut);
            }
        }
        self.telephone.leg = Some(leg);
    }

    /// It has come further, or is over.
    pub(super) async fn on_telephone(&mut self, event: FarEvent) -> Option<Ending> {
        let leg = self.telephone.leg.as_mut()?;
        let before = leg.silent_until.take();
        match event {
            FarEvent::Opened(session) => {
                leg.session = Some(session);
                leg.silent_until = before;
                None
            }
            FarEvent::Trying => {
                leg.silent_until = Some(Instant::now() + SILENCE);
                None
            }
            FarEvent::Ringing => {
                self.bridge_telephone();
                let waiting = self.waiting();
                let leg = self.telephone.leg.as_ref();
                if let Some(bridge) = leg.and_then(|leg| leg.bridge.as_ref()) {
                    bridge.wait(waiting);
                }
                None
            }
            FarEvent::Early => {
                self.bridge_telephone();
                None
            }
            FarEvent::Heard | FarEvent::Taken(_) => None,
            FarEvent::Told => {
                self.telephone.disappointed = false;
                None
            }
            FarEvent::HandsOn(destination, replaces) => {
                self.hand_on_for_bot(*destination, replaces).await
            }
            FarEvent::AsksTooMuch(to, why) => {
                self.refuse_bot(&to, why);
                None
            }
            FarEvent::Answered => {
                leg.answered = true;
                if matches!(self.speaking, Speaking::Calling) {
                    self.speaking = Speaking::Ready(Ready::TELEPHONE);
                    // It speaks already: who calls is not to miss a word.
                    if let Phase::Ringing(ringing) = &mut self.phase {
                        ringing.pick_up_at = Instant::now();
                    }
                    return self.on_ring();
                }
                self.bridge_telephone();
                None
            }
            FarEvent::Over { reason, .. } => self.telephone_is_over(reason).await,
        }
    }

    /// Not a word within three seconds.
    pub(super) async fn on_silent_telephone(&mut self) -> Option<Ending> {
        self.hang_up_telephone(EndReason::Unreachable);
        self.lose_telephone(EngineFault::TooLate).await
    }

    async fn telephone_is_over(&mut self, reason: EndReason) -> Option<Ending> {
        let has_asked = self.telephone.asks.take().is_some();
        let disappointed = std::mem::take(&mut self.telephone.disappointed);
        let answered = self.telephone.leg.take().is_some_and(|leg| leg.answered);
        if !answered {
            return self.lose_telephone(fault(reason)).await;
        }
        let goodbye = Happening::EngineEnded {
            cause: "goodbye".to_owned(),
        };
        let on_the_way = self.is_on_its_way() || self.sources.chosen.is_some();
        let has_handed_on = (has_asked && on_the_way) || disappointed;
        if has_handed_on && reason == EndReason::CalleeHungUp {
            // It did not wait for the end of that, which may have come meanwhile.
            self.happened(goodbye);
            self.telephone.wanted = false;
            self.speaking = Speaking::Away(EngineFault::Lost);
            return if on_the_way { None } else { self.say_sorry() };
        }
        if on_the_way || reason != EndReason::CalleeHungUp {
            return self.lose_telephone(EngineFault::Lost).await;
        }
        self.happened(goodbye);
        Some(self.hang_up(EndReason::AgentHungUp))
    }

    async fn lose_telephone(&mut self, why: EngineFault) -> Option<Ending> {
        self.telephone.wanted = false;
        if matches!(self.speaking, Speaking::Calling) {
            return self.on_away(why);
        }
        if !matches!(self.speaking, Speaking::Ready(_) | Speaking::Talking(_)) {
            return None;
        }
        self.happened(Happening::EngineEnded {
            cause: why.as_str().to_owned(),
        });
        self.speaking = Speaking::Away(why);
        self.go_elsewhere().await
    }

    /// Nobody is there for it any more.
    pub(super) fn hang_up_telephone(&mut self, reason: EndReason) {
        let Some(leg) = self.telephone.leg.take() else {
            return;
        };
        if !self.edge.calls.hang_up(leg.call, reason) {
            // It is not there yet: it sees that nobody waits for it, or is there by now.
            let call = leg.call;
            drop(leg);
            self.edge.calls.hang_up(call, reason);
        }
    }

    /// The same because of how the caller left.
    pub(super) fn let_telephone_go(&mut self) {
        let answered = self.telephone.leg.as_ref().is_some_and(|leg| leg.answered);
        self.hang_up_telephone(if answered {
            EndReason::CallerHungUp
        } else {
            EndReason::CallerGaveUp
        });
    }
}

fn fault(reason: EndReason) -> EngineFault {
    match reason {
        EndReason::Busy => EngineFault::Busy,
        EndReason::NoAnswer => EngineFault::NoAnswer,
        EndReason::Unreachable => EngineFault::Unreachable,
        EndReason::OwnAddress => EngineFault::NotPublic,
        EndReason::TlsFailed => EngineFault::TlsFailed,
        _ => EngineFault::Refused,
    }
}

/// What it is told of the call: the headers that were to be passed on, and the facts under names of ours.
fn told(facts: Facts) -> Vec<(String, String)> {
    let own = facts.known().into_iter().map(|(name, value)| {
        let words = name.split('_').map(|word| match word {
            "id" => "ID".to_owned(),
            word => {
                let (first, rest) = word.split_at(1);
                format!("{}{rest}", first.to_ascii_uppercase())
            }
        });
        let words: Vec<String> = words.collect();
        (format!("{PREFIX}{}", words.join("-")), value)
    });
    let own: Vec<_> = own.collect();
    let passed = facts.headers.into_iter().filter(|(name, _)| {
        !own.iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    });
    let all = passed.chain(own.iter().cloned());
    all.filter(|(_, value)| value.len() <= LONGEST_HEADER && !value.contains(char::is_control))
        .collect()
}

#[cfg(test)]
mod tests {
    use app::domain::call::Direction;
    use app::domain::id::{AgentId, CallId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn facts_are_headers_of_ours_and_nobody_passes_for_them() {
        let facts = Facts {
            call: CallId::from_uuid(Uuid::from_u128(1)),
            agent: AgentId::from_uuid(Uuid::from_u128(2)),
            agent_name: "Front desk".to_owned(),
            language: "en".to_owned(),
            direction: Direction::Inbound,
            to: Some("+14155550100".to_owned()),
            from: Some("+442079460000".to_owned()),
            caller_name: Some("A\r\nVia: x".to_owned()),
            diverted_from: None,
            metadata: Some("x".repeat(2_000)),
            headers: vec![
                ("X-Account".to_owned(), "42".to_owned()),
                ("x-patchbay-call-id".to_owned(), "forged".to_owned()),
            ],
        };
        let told = told(facts);
        let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "X-Account",
                "X-Patchbay-Call-ID",
                "X-Patchbay-Agent-ID",
                "X-Patchbay-Agent-Name",
                "X-Patchbay-Language",
                "X-Patchbay-Direction",
                "X-Patchbay-To",
                "X-Patchbay-From",
            ]
        );
        assert_eq!(told[1].1, CallId::from_uuid(Uuid::from_u128(1)).to_string());
    }
}
