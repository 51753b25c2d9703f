//! The end of a call: BYE if it is ours to say, the audio closed, what the peer still says heard,
//! the last word to the house.

use std::time::Duration;

use app::domain::call::{CallEnd, EndReason, RecordingState};
use tokio::sync::mpsc::UnboundedReceiver;

use super::saying::Pending;
use super::{Call, Ending, Phase};
use crate::media::Closed;
use crate::sip::Edge;
use crate::sip::calls::ToCall;
use crate::sip::desk::CallFacts;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::outbound::FarEvent;
use crate::sip::stack::{Arrival, ServerEvent};

/// How long the answer to our BYE, or the ACK of our no, is waited for before the row is closed.
const GOODBYE: Duration = Duration::from_secs(2);
/// The same when the server stops: long enough for the BYE to leave.
const PARTING: Duration = Duration::from_millis(100);

/// What may come between the decision to hang up and the BYE.
enum Crossing {
    /// By the transaction of the INVITE, or nothing any more.
    Invite(Option<ServerEvent>),
    Outside(ToCall),
    Stopped,
}

impl Call {
    pub(in crate::sip) async fn finish(mut self, mut ending: Ending) {
        let ended_at = self.edge.clock.now_ms();
        self.let_go();
        if ending.bye.is_some() && matches!(self.phase, Phase::Answered) {
            self.session.close().await;
            self.hold_bye(&mut ending).await;
        }
        self.tell_near(FarEvent::Over {
            reason: ending.reason,
            status: None,
        });
        let asked = match ending.bye {
            Some(why) => {
                self.have_errands_run().await;
                let bye = self.own_request("BYE").with("Reason", why);
                self.ask(bye).await
            }
            None => None,
        };
        if let Some(leg) = self.also {
            self.end_leg(leg, ending.reason);
        }
        let closed = self.session.close().await;
        let patience = patience(&self.edge);
        let _ = tokio::time::timeout(patience, self.last_words(asked)).await;
        let facts = CallFacts {
            ended_at,
            first_audio_at: self.first_audio_at,
            quality: Some(closed.stats.quality()),
            recording: recording(&closed),
            phrase: None,
        };
        self.edge
            .desk
            .end(self.id, CallEnd::because(ending.reason), facts);
    }

    /// A BYE of ours has to wait for the ACK, or until that comes no more (RFC 3261 §15). Only a server that stops has
    /// no time for it. Whatever else the peer asks for meanwhile finds no call, which ends the dialog for it as the BYE
    /// would (RFC 5057 §5.1).
    async fn hold_bye(&mut self, ending: &mut Ending) {
        while matches!(self.phase, Phase::Answered) && ending.reason != EndReason::NoAck {
            match self.next_crossing().await {
                Crossing::Stopped => return,
                Crossing::Invite(Some(ServerEvent::Acked(ack))) => self.confirmed(&ack),
                Crossing::Invite(Some(ServerEvent::Cancelled(_))) => {}
                Crossing::Invite(Some(ServerEvent::Over) | None) => {
                    // Who never heard us did not fall silent either.
                    if ending.reason != EndReason::OperatorHungUp {
                        *ending = Ending::no_ack();
                    }
                    return;
                }
                Crossing::Outside(crossing) => {
                    if hangs_up(&crossing) {
                        ending.bye = None;
                    }
                    self.on_crossing(crossing);
                    if ending.bye.is_none() {
                        return;
                    }
                }
            }
        }
    }

    async fn next_crossing(&mut self) -> Crossing {
        if let Some(kept) = self.sources.kept.take() {
            return Crossing::Outside(kept);
        }
        let stopped = self.edge.life.stopped();
        tokio::select! {
            () = stopped.cancelled() => Crossing::Stopped,
            event = event_of(self.sources.invite.as_mut()) => Crossing::Invite(event),
            Some(crossing) = self.sources.outside.recv() => Crossing::Outside(crossing),
        }
    }

    /// Hears the peer out: the answer to our BYE or the ACK of our no, and whatever crosses them.
    async fn last_words(&mut self, mut asked: Option<Pending>) {
        if let Some(kept) = self.sources.kept.take() {
            self.on_crossing(kept);
        }
        let mut unacknowledged = matches!(self.phase, Phase::Refused);
        while asked.is_some() || unacknowledged {
            tokio::select! {
                answer = answer_to(&mut asked) => {
                    let bye = asked.take();
                    if let (Some(answer), Some(bye)) = (answer, bye) {
                        self.step(&answer, Way::Received);
                        asked = self.ask_again(bye, &answer).await;
                    }
                }
                ack = ack_among(self.sources.invite.as_mut()), if unacknowledged => {
                    unacknowledged = false;
                    if let Some(ack) = ack {
                        self.step(&ack, Way::Received);
                    }
                }
                Some(crossing) = self.sources.outside.recv() => self.on_crossing(crossing),
            }
        }
    }

    pub(super) fn on_crossing(&mut self, crossing: ToCall) {
        match crossing {
            ToCall::Request(arrival) | ToCall::TakeOver(arrival, _) => self.find_none(*arrival),
            ToCall::Step(message, way, flow) => self.step_on(&message, way, &flow),
            ToCall::HangUp(_) | ToCall::HandOn(..) | ToCall::BotHears(_) => {}
        }
    }

    /// Both may hang up at once: their BYE is as good as ours (RFC 3261 §15.1.2). Anything else
    /// finds no call any more.
    fn find_none(&mut self, arrival: Arrival) {
        let status = if arrival.message.method() == Some("BYE") {
            200
        } else {
            481
        };
        let reply = self.dialog.reply(&arrival.message, status);
        self.step(&arrival.message, Way::Received);
        self.step(&reply, Way::Sent);
        arrival.answer(&reply);
    }
}

async fn answer_to(asked: &mut Option<Pending>) -> Option<Message> {
    match asked {
        Some(pending) => pending.asked.last().await,
        None => std::future::pending().await,
    }
}

async fn event_of(events: Option<&mut UnboundedReceiver<ServerEvent>>) -> Option<ServerEvent> {
    events?.recv().await
}

fn hangs_up(crossing: &ToCall) -> bool {
    matches!(crossing, ToCall::Request(arrival) if arrival.message.method() == Some("BYE"))
}

/// The ACK of a no, if it comes soon.
pub(in crate::sip) async fn ack(
    edge: &Edge,
    mut events: Option<UnboundedReceiver<ServerEvent>>,
) -> Option<Message> {
    let ack = ack_among(events.as_mut());
    tokio::time::timeout(patience(edge), ack).await.ok()?
}

/// A CANCEL that comes too late may come before it.
async fn ack_among(events: Option<&mut UnboundedReceiver<ServerEvent>>) -> Option<Message> {
    let events = events?;
    loop {
        match events.recv().await? {
            ServerEvent::Acked(ack) => return Some(*ack),
            ServerEvent::Cancelled(_) => {}
            ServerEvent::Over => return None,
        }
    }
}

/// How long an answer is waited for that changes nothing. Once the server stops nobody reads it any more.
pub(in crate::sip) fn patience(edge: &Edge) -> Duration {
    if edge.life.stopped().is_cancelled() {
        PARTING
    } else {
        GOODBYE
    }
}

fn recording(closed: &Closed) -> RecordingState {
    // Also when not a second of it could be kept: the agent did record, the disk did not.
    if closed.recordings.iter().any(|kept| kept.failure.is_some()) {
        RecordingState::CutShort
    } else if closed.recordings.iter().all(|kept| kept.duration_ms == 0) {
        RecordingState::None
    } else {
        RecordingState::Kept
    }
}
