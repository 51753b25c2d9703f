//! A call handed on: a second leg of ours, joined with the caller's. Its outcome is never assumed.
//! Until somebody there has answered the caller is still the agent's, and if nobody does the
//! caller comes back to it, or goes to its failover destination.

use std::sync::Arc;

use app::domain::agent::HoldMusic;
use app::domain::call::{EndReason, Happening};
use app::domain::country::Country;
use app::domain::id::CallId;
use app::domain::transfer::{
    Destination, Place, Transfer, TransferMode, TransferState, TransferTarget,
};
use tokio::sync::mpsc;

use super::{Call, Ending, Phase, Speaking};
use crate::media::{Bridge, Ringback, Session, Waiting, WhenConnected};
use crate::sip::desk::CallEvent;
use crate::sip::identity::number_of;
use crate::sip::outbound::{self, FarEvent};

/// As many legs may descend from one call (`sip.md`, Transfers).
pub(super) const MOST_LEGS: u32 = 3;

/// A call on its way to somebody else.
pub(in crate::sip) struct Handover {
    transfer: Transfer,
    leg: CallId,
    keep_recording: bool,
    pub events: mpsc::UnboundedReceiver<FarEvent>,
    session: Option<Arc<Session>>,
    bridge: Option<Bridge>,
}

impl Call {
    /// Begins to hand the call on; `None` if it is in no state for that.
    pub(in crate::sip) async fn hand_on(
        &mut self,
        destination: Destination,
    ) -> (Option<Transfer>, Option<Ending>) {
        let busy = self.handover.is_some() || self.referral.is_some() || self.moving.is_some();
        if busy || !matches!(self.phase, Phase::Confirmed) {
            return (None, None);
        }
        let settings = &destination.settings;
        // In place of another call we go ourselves: the peer may not know how.
        let refer_to = self
            .refer_to(&destination)
            .filter(|_| self.telephone.replaces().is_none());
        let mut transfer = Transfer {
            id: self.edge.clock.new_id(),
            call: self.id,
            target: TransferTarget {
                destination: destination.known(),
                name: settings.name.clone(),
                place: settings.place.clone(),
            },
            mode: match &refer_to {
                Some(_) => TransferMode::Refer,
                None => TransferMode::Bridge,
            },
            state: TransferState::Trying,
            leg: None,
            status: None,
            reason: None,
            started_at: self.edge.clock.now_ms(),
            ended_at: None,
        };
        self.happened(Happening::HandingOn {
            name: settings.name.clone(),
            mode: transfer.mode.as_str().to_owned(),
        });
        if settings.place == Place::Hangup {
            self.conclude(&mut transfer, TransferState::Completed);
            self.bot_hears_of(&transfer);
            let ending = self.hang_up(EndReason::AgentHungUp);
            return (Some(transfer), Some(ending));
        }
        self.legs += 1;
        if self.legs > MOST_LEGS {
            transfer.reason = Some(EndReason::TooManyLegs.code().to_owned());
            self.conclude(&mut transfer, TransferState::Failed);
            self.bot_hears_of(&transfer);
            return (Some(transfer), None);
        }
        match refer_to {
            Some(to) => {
                let ending = self.refer(transfer.clone(), destination, &to).await;
                (Some(transfer), ending)
            }
            // Who asked for this way alone is not given another one.
            None if settings.mode == TransferMode::Refer => {
                transfer.mode = TransferMode::Refer;
                let reason = EndReason::NotReferable;
                let ending = self.come_back(transfer.clone(), reason, None).await;
                (Some(transfer), ending)
            }
            None => (Some(self.bridge_to(transfer, destination)), None),
        }
    }

    /// A second leg of ours, to be joined with this one.
    pub(super) fn bridge_to(
        &mut self,
        mut transfer: Transfer,
        destination: Destination,
    ) -> Transfer {
        let leg = self.edge.clock.new_id();
        transfer.leg = Some(leg);
        self.tell_transfer(&transfer);
        let (tell, events) = mpsc::unbounded_channel();
        let (edge, near) = (self.edge.clone(), self.id);
        let keep_recording = destination.settings.keep_recording;
        let other = self.telephone.replaces().map(str::to_owned);
        self.edge.life.spawn("sip.leg", async move {
            match edge.desk.open_leg(near, leg, &destination).await {
                Ok(outgoing) => {
                    let outgoing = outgoing.in_place_of(other);
                    Box::pin(outbound::dial(edge, outgoing, Some(tell), None)).await;
                }
                Err(reason) => {
                    let _ = tell.send(FarEvent::Over {
                        reason,
                        status: None,
                    });
                }
            }
        });
        self.handover = Some(Handover {
            transfer: transfer.clone(),
            leg,
            keep_recording,
            events,
            session: None,
            bridge: None,
        });
        transfer
    }

    /// The far leg has come further, or is over.
    pub(in crate::sip) async fn on_far(&mut self, event: FarEvent) -> Option<Ending> {
        let mut handover = self.handover.take()?;
        match event {
            FarEvent::Opened(session) => handover.session = Some(session),
            FarEvent::Ringing => {
                self.join(&mut handover);
                if let Some(bridge) = &handover.bridge {
                    bridge.wait(self.waiting());
                }
                if handover.transfer.state == TransferState::Trying {
                    self.tell_ringing(&mut handover.transfer);
                    self.bot_hears_of(&handover.transfer);
                }
            }
            FarEvent::Early => self.join(&mut handover),
            // Only for who waits for a first word, who lends its audio, and who listens to a bot.
            FarEvent::Trying
            | FarEvent::Heard
            | FarEvent::Taken(_)
            | FarEvent::HandsOn(..)
            | FarEvent::AsksTooMuch(..)
            | FarEvent::Told => {}
            FarEvent::Answered => {
                self.join(&mut handover);
                if let Some(bridge) = &handover.bridge {
                    bridge.connected(if handover.keep_recording {
                        WhenConnected::KeepRecording
                    } else {
                        WhenConnected::StopRecording
                    });
                }
                self.conclude(&mut handover.transfer, TransferState::Completed);
                self.bot_hears_of(&handover.transfer);
                self.hang_up_telephone(EndReason::HandedOn);
            }
            FarEvent::Over { reason, status } => {
                return self.far_is_over(handover, reason, status).await;
            }
        }
        self.handover = Some(handover);
        None
    }

    async fn far_is_over(
        &mut self,
        mut handover: Handover,
        reason: EndReason,
        status: Option<u16>,
    ) -> Option<Ending> {
        if handover.transfer.state == TransferState::Completed {
            return Some(self.hang_up(match reason {
                EndReason::CalleeHungUp => EndReason::HandedOn,
                other => other,
            }));
        }
        // Parting the two brings the caller back to the agent's line.
        handover.bridge = None;
        self.come_back(handover.transfer, reason, status).await
    }

    /// Somebody else is being asked to take the caller, or has.
    pub(super) fn is_on_its_way(&self) -> bool {
        self.handover.is_some() || self.referral.is_some()
    }

    /// Nobody has taken the call: the caller goes to the agent's failover destination, or is back
    /// with the agent.
    pub(super) async fn come_back(
        &mut self,
        mut transfer: Transfer,
        reason: EndReason,
        status: Option<u16>,
    ) -> Option<Ending> {
        transfer.status = status;
        transfer.reason = Some(reason.code().to_owned());
        self.conclude(&mut transfer, TransferState::Failed);
        self.bot_hears_of(&transfer);
        let other = self.failover(transfer.target.destination);
        if let Some(destination) = other.and_then(|id| self.edge.desk.destination(id)) {
            return Box::pin(self.hand_on(destination)).await.1;
        }
        if matches!(self.speaking, Speaking::Away(_)) {
            return self.say_sorry();
        }
        self.happened(Happening::BackWithAgent);
        self.rejoin_telephone();
        None
    }

    /// The near call ends: so does whatever it was handed on to.
    pub(in crate::sip) fn let_go(&mut self) {
        if let Some(mut referral) = self.referral.take() {
            // Many a peer hangs up once the other call stands, and says no more of it.
            self.conclude(&mut referral.transfer, TransferState::Unknown);
        }
        self.let_moving_go();
        self.let_telephone_go();
        let Some(mut handover) = self.handover.take() else {
            return;
        };
        handover.bridge = None;
        let leg = handover.leg;
        let reason = if handover.transfer.state == TransferState::Completed {
            EndReason::CallerHungUp
        } else {
            handover.transfer.reason = Some(EndReason::CallerGaveUp.code().to_owned());
            self.conclude(&mut handover.transfer, TransferState::Failed);
            EndReason::CallerGaveUp
        };
        if !self.edge.calls.hang_up(leg, reason) {
            // It is not there yet: it sees that nobody waits for it, or is there by now.
            drop(handover);
            self.edge.calls.hang_up(leg, reason);
        }
    }

    pub(super) fn tell_ringing(&self, transfer: &mut Transfer) {
        transfer.state = TransferState::Ringing;
        self.tell_transfer(transfer);
        self.happened(Happening::HandOnRings {
            name: transfer.target.name.clone(),
        });
    }

    fn join(&mut self, handover: &mut Handover) {
        if let (None, Some(far)) = (&handover.bridge, &handover.session) {
            self.telephone.part();
            handover.bridge = Some(self.bridge_with(far));
        }
    }

    pub(super) fn conclude(&self, transfer: &mut Transfer, state: TransferState) {
        transfer.state = state;
        transfer.ended_at = Some(self.edge.clock.now_ms());
        self.tell_transfer(transfer);
        let name = transfer.target.name.clone();
        self.happened(match state {
            TransferState::Completed => Happening::HandedOn {
                name,
                mode: transfer.mode.as_str().to_owned(),
            },
            TransferState::Unknown => Happening::HandOnUnknown { name },
            _ => Happening::HandOnFailed {
                name,
                cause: transfer.reason.clone().unwrap_or_default(),
            },
        });
    }

    pub(super) fn tell_transfer(&self, transfer: &Transfer) {
        let event = CallEvent::Transfer(transfer.clone());
        self.edge.desk.note(self.id, event);
    }

    /// The caller joined with somebody, who may put the caller on hold.
    pub(super) fn bridge_with(&self, far: &Session) -> Bridge {
        let bridge = Bridge::join(&self.session, far);
        if self.has_music() {
            bridge.hold_with_music();
        }
        bridge
    }

    /// What the caller hears while it rings there.
    pub(super) fn waiting(&self) -> Waiting {
        if self.has_music() {
            Waiting::Melody
        } else {
            Waiting::Ringing(self.ringback())
        }
    }

    fn has_music(&self) -> bool {
        let agent = self.agent.as_ref();
        agent.is_some_and(|agent| agent.settings.hold_music == HoldMusic::Melody)
    }

    /// The tone the caller knows, by the number that was called.
    fn ringback(&self) -> Ringback {
        let called = self.invite.uri().and_then(number_of);
        let country = called.as_ref().and_then(Country::of_number);
        country.map_or_else(Ringback::default, |country| {
            Ringback::of_calling_code(country.calling_code())
        })
    }
}
