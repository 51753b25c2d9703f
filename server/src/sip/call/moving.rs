//! The peer asks the agent to go elsewhere (an incoming REFER, RFC 3515 and 5589): the agent calls
//! there with the audio it has, tells the peer how it goes, and talks with whoever answers.
//!
//! It goes only where a caller may bring us: to a destination of the agent's, to a number of ours,
//! or back to the peer's own host. No password is used on the way.

use app::domain::call::{CallEnd, Direction, EndReason, Happening};
use app::domain::id::CallId;
use app::domain::transfer::{
    Destination, ReferTarget, ReferTo, Transfer, TransferMode, TransferState, TransferTarget,
};
use tokio::sync::mpsc;

use super::handover::MOST_LEGS;
use super::offer::description;
use super::{Call, Ending, Phase};
use crate::sip::desk::CallFacts;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::message::address::{Address, host_port_of, split_host_port};
use crate::sip::outbound::{self, Answered, FarEvent};
use crate::sip::stack::Answers;
use crate::sip::timer::SessionTimer;

const GONE_ON: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// An agent on the way to somebody else.
pub(in crate::sip) struct Moving {
    pub events: mpsc::UnboundedReceiver<FarEvent>,
    transfer: Transfer,
    leg: CallId,
    /// Of what the peer wants to hear.
    event: String,
    /// The peer has hung up, and hears no more of it.
    left: bool,
}

impl Call {
    pub(super) fn on_refer(&mut self, answers: &Answers, request: &Message) {
        let event = self.dialog.event_of(request);
        if self.on_bots_refer(answers, request, &event) {
            return;
        }
        let busy = self.handover.is_some() || self.referral.is_some() || self.moving.is_some();
        if busy || !matches!(self.phase, Phase::Confirmed) {
            return self.reply(answers, request, 491);
        }
        let (destination, replaces) = match self.referred_to(request) {
            Ok(found) if self.legs < MOST_LEGS => found,
            Ok(_) => return self.reply(answers, request, 603),
            Err(status) => return self.reply(answers, request, status),
        };
        self.legs += 1;
        self.reply(answers, request, 202);
        self.tell_peer(&event, 100);
        self.go_to(destination, replaces, event);
    }

    /// Where the peer wants the agent to go, and whose place it is to take there.
    fn referred_to(&self, request: &Message) -> Result<(Destination, Option<String>), u16> {
        let mut named = request.all("Refer-To");
        let (Some(value), None) = (named.next(), named.next()) else {
            return Err(400);
        };
        let to: ReferTo = Address::read(value).uri.parse().map_err(|_| 400u16)?;
        let agent = self.agent.as_ref().map(|agent| agent.id);
        let known = self.edge.desk.referable(agent, &to);
        let found = known.or_else(|| {
            let own = self.is_peers_own(&to.target);
            own.then(|| Destination::unnamed(to.place()))
        });
        Ok((found.ok_or(603u16)?, to.replaces))
    }

    fn is_peers_own(&self, target: &ReferTarget) -> bool {
        let ReferTarget::Sip(uri) = target else {
            return false;
        };
        let contact = host_port_of(self.dialog.remote_target()).map(split_host_port);
        let host = uri.host.to_string();
        uri.host.ip() == Some(self.dialog.flow.peer.ip())
            || contact.is_some_and(|(own, _)| own.eq_ignore_ascii_case(&host))
    }

    fn go_to(&mut self, destination: Destination, replaces: Option<String>, event: String) {
        let leg = self.edge.clock.new_id();
        let transfer = Transfer {
            id: self.edge.clock.new_id(),
            call: self.id,
            target: TransferTarget {
                destination: destination.known(),
                name: destination.settings.name.clone(),
                place: destination.settings.place.clone(),
            },
            mode: TransferMode::Refer,
            state: TransferState::Trying,
            leg: Some(leg),
            status: None,
            reason: None,
            started_at: self.edge.clock.now_ms(),
            ended_at: None,
        };
        self.happened(Happening::HandingOn {
            name: transfer.target.name.clone(),
            mode: transfer.mode.as_str().to_owned(),
        });
        self.tell_transfer(&transfer);
        let (tell, events) = mpsc::unbounded_channel();
        let (edge, near, lent) = (self.edge.clone(), self.id, self.session.clone());
        self.edge.life.spawn("sip.leg", async move {
            match edge.desk.open_leg(near, leg, &destination).await {
                Ok(outgoing) => {
                    let outgoing = outgoing.in_place_of(replaces);
                    Box::pin(outbound::dial(edge, outgoing, Some(tell), Some(lent))).await;
                }
                Err(reason) => {
                    let _ = tell.send(FarEvent::Over {
                        reason,
                        status: None,
                    });
                }
            }
        });
        self.moving = Some(Moving {
            events,
            transfer,
            leg,
            event,
            left: false,
        });
    }

    pub(in crate::sip) async fn on_moved(&mut self, event: FarEvent) -> Option<Ending> {
        let mut moving = self.moving.take()?;
        match event {
            FarEvent::Ringing if moving.transfer.state == TransferState::Trying => {
                self.tell_ringing(&mut moving.transfer);
                if !moving.left {
                    self.tell_peer(&moving.event, 180);
                }
            }
            FarEvent::Taken(answered) => return self.arrive(moving, *answered).await,
            FarEvent::Over { reason, status } => return self.stay(moving, reason, status),
            FarEvent::Opened(_)
            | FarEvent::Trying
            | FarEvent::Heard
            | FarEvent::Ringing
            | FarEvent::Early
            | FarEvent::HandsOn(..)
            | FarEvent::AsksTooMuch(..)
            | FarEvent::Told
            | FarEvent::Answered => {}
        }
        self.moving = Some(moving);
        None
    }

    /// Somebody there has answered: from now on the call is with them.
    async fn arrive(&mut self, mut moving: Moving, answered: Answered) -> Option<Ending> {
        let Answered {
            dialog,
            invite,
            response,
            callee,
            ..
        } = answered;
        let agreed = description(&response).is_some_and(|body| self.accept_another(body));
        if !agreed {
            let flow = dialog.flow.clone();
            outbound::refuse_answer(&self.edge, &invite, &response, &flow, &|_, _, _| {}).await;
            self.end_leg(moving.leg, EndReason::Incompatible);
            return self.stay(moving, EndReason::Incompatible, Some(488));
        }
        if !moving.left {
            self.tell_peer(&moving.event, 200);
            self.say_goodbye(GONE_ON);
        }
        self.place.rename(dialog.id.clone());
        self.dialog = dialog;
        self.invite = invite;
        self.answers = None;
        self.direction = Direction::Outbound;
        self.callee = Some(callee);
        self.allows_update = response.lists("Allow", "UPDATE");
        self.timer = SessionTimer::begun(&response, self.edge.clock.now_ms());
        self.sources.invite = None;
        self.sources.refresh = None;
        self.sources.reinvite = None;
        self.step(&response, Way::Received);
        self.confirm(&response).await;
        self.also = Some(moving.leg);
        self.say_codec_of(moving.leg);
        self.conclude(&mut moving.transfer, TransferState::Completed);
        None
    }

    /// Nobody there has: the peer still has the agent, if it is still there.
    fn stay(
        &mut self,
        mut moving: Moving,
        reason: EndReason,
        status: Option<u16>,
    ) -> Option<Ending> {
        moving.transfer.status = status;
        moving.transfer.reason = Some(reason.code().to_owned());
        self.conclude(&mut moving.transfer, TransferState::Failed);
        if moving.left {
            return Some(Ending::quiet(EndReason::CallerHungUp));
        }
        let told = status.filter(|status| *status >= 300).unwrap_or(503);
        self.tell_peer(&moving.event, told);
        None
    }

    /// A BYE of who sent the agent elsewhere ends nothing: that was the point of it.
    pub(super) fn peer_has_moved_us(&mut self) -> bool {
        match &mut self.moving {
            Some(moving) => {
                moving.left = true;
                true
            }
            None => false,
        }
    }

    /// The call ends while its agent is on the way.
    pub(super) fn let_moving_go(&mut self) {
        let Some(mut moving) = self.moving.take() else {
            return;
        };
        moving.transfer.reason = Some(EndReason::CallerGaveUp.code().to_owned());
        self.conclude(&mut moving.transfer, TransferState::Failed);
        let leg = moving.leg;
        if !self.edge.calls.hang_up(leg, EndReason::CallerGaveUp) {
            drop(moving);
            self.edge.calls.hang_up(leg, EndReason::CallerGaveUp);
        }
    }

    /// The last word about the row of who the agent went to.
    pub(super) fn end_leg(&self, leg: CallId, reason: EndReason) {
        let facts = CallFacts {
            ended_at: self.edge.clock.now_ms(),
            ..CallFacts::default()
        };
        self.edge.desk.end(leg, CallEnd::because(reason), facts);
    }
}
