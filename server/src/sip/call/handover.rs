//! A call handed on: a second leg of ours, joined with the caller's. Its outcome is never assumed.
//! Until somebody there has answered the caller is still the agent's, and if nobody does the
//! caller comes back to it, or goes to its failover destination.

use std::sync::Arc;

use app::domain::call::{EndReason, Happening};
use app::domain::country::Country;
use app::domain::id::CallId;
use app::domain::transfer::{
    Destination, Place, Transfer, TransferMode, TransferState, TransferTarget,
};
use tokio::sync::mpsc;

use super::{Call, Ending, Phase};
use crate::media::{Bridge, Ringback, Session, WhenConnected};
use crate::sip::desk::CallEvent;
use crate::sip::identity::number_of;
use crate::sip::outbound::{self, FarEvent};

/// As many legs may descend from one call (`sip.md`, Transfers).
const MOST_LEGS: u32 = 3;

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
    pub(in crate::sip) fn hand_on(
        &mut self,
        destination: Destination,
    ) -> (Option<Transfer>, Option<Ending>) {
        if self.handover.is_some() || !matches!(self.phase, Phase::Confirmed) {
            return (None, None);
        }
        let settings = &destination.settings;
        let mut transfer = Transfer {
            id: self.edge.clock.new_id(),
            call: self.id,
            target: TransferTarget {
                destination: Some(destination.id),
                name: settings.name.clone(),
                place: settings.place.clone(),
            },
            mode: TransferMode::Bridge,
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
            let ending = self.hang_up(EndReason::AgentHungUp);
            return (Some(transfer), Some(ending));
        }
        self.legs += 1;
        if self.legs > MOST_LEGS {
            transfer.reason = Some(EndReason::TooManyLegs.code().to_owned());
            self.conclude(&mut transfer, TransferState::Failed);
            return (Some(transfer), None);
        }
        let leg = self.edge.clock.new_id();
        transfer.leg = Some(leg);
        self.tell_transfer(&transfer);
        let (tell, events) = mpsc::unbounded_channel();
        let (edge, near) = (self.edge.clone(), self.id);
        let keep_recording = settings.keep_recording;
        self.edge.life.spawn("sip.leg", async move {
            match edge.desk.open_leg(near, leg, &destination).await {
                Ok(outgoing) => outbound::dial(edge, outgoing, Some(tell)).await,
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
        (Some(transfer), None)
    }

    /// The far leg has come further, or is over.
    pub(in crate::sip) fn on_far(&mut self, event: FarEvent) -> Option<Ending> {
        let mut handover = self.handover.take()?;
        match event {
            FarEvent::Opened(session) => handover.session = Some(session),
            FarEvent::Ringing => {
                self.join(&mut handover);
                if let Some(bridge) = &handover.bridge {
                    bridge.ring(self.ringback());
                }
                if handover.transfer.state == TransferState::Trying {
                    handover.transfer.state = TransferState::Ringing;
                    self.tell_transfer(&handover.transfer);
                    self.happened(Happening::HandOnRings {
                        name: handover.transfer.target.name.clone(),
                    });
                }
            }
            FarEvent::Early => self.join(&mut handover),
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
            }
            FarEvent::Over { reason, status } => return self.far_is_over(handover, reason, status),
        }
        self.handover = Some(handover);
        None
    }

    fn far_is_over(
        &mut self,
        mut handover: Handover,
        reason: EndReason,
        status: Option<u16>,
    ) -> Option<Ending> {
        if handover.transfer.state == TransferState::Completed {
            return Some(self.hang_up(EndReason::CalleeHungUp));
        }
        // Parting the two brings the caller back to the agent's line.
        handover.bridge = None;
        handover.transfer.status = status;
        handover.transfer.reason = Some(reason.code().to_owned());
        self.conclude(&mut handover.transfer, TransferState::Failed);
        let failover = self
            .agent
            .as_ref()
            .and_then(|agent| agent.settings.failover);
        let other = failover.filter(|id| Some(*id) != handover.transfer.target.destination);
        if let Some(destination) = other.and_then(|id| self.edge.desk.destination(id)) {
            return self.hand_on(destination).1;
        }
        self.happened(Happening::BackWithAgent);
        None
    }

    /// The near call ends: so does whatever it was handed on to.
    pub(in crate::sip) fn let_go(&mut self) {
        let Some(mut handover) = self.handover.take() else {
            return;
        };
        handover.bridge = None;
        let reason = if handover.transfer.state == TransferState::Completed {
            EndReason::CallerHungUp
        } else {
            handover.transfer.reason = Some(EndReason::CallerGaveUp.code().to_owned());
            self.conclude(&mut handover.transfer, TransferState::Failed);
            EndReason::CallerGaveUp
        };
        self.edge.calls.hang_up(handover.leg, reason);
    }

    fn join(&self, handover: &mut Handover) {
        if let (None, Some(far)) = (&handover.bridge, &handover.session) {
            handover.bridge = Some(Bridge::join(&self.session, far));
        }
    }

    fn conclude(&self, transfer: &mut Transfer, state: TransferState) {
        transfer.state = state;
        transfer.ended_at = Some(self.edge.clock.now_ms());
        self.tell_transfer(transfer);
        let name = transfer.target.name.clone();
        self.happened(match state {
            TransferState::Completed => Happening::HandedOn {
                name,
                mode: transfer.mode.as_str().to_owned(),
            },
            _ => Happening::HandOnFailed {
                name,
                cause: transfer.reason.clone().unwrap_or_default(),
            },
        });
    }

    fn tell_transfer(&self, transfer: &Transfer) {
        let event = CallEvent::Transfer(transfer.clone());
        self.edge.desk.note(self.id, event);
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
