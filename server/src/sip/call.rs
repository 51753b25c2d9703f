//! One answered or ringing call, whoever began it: everything that can happen to it, in one place
//! and one task.

mod bot;
pub(in crate::sip) mod closing;
mod death;
mod errands;
mod handover;
mod journal;
mod moving;
pub(in crate::sip) mod offer;
mod referral;
mod refresh;
mod requests;
mod saying;
mod sources;
mod speaking;
mod takeover;
mod telephone;

use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::Agent;
use app::domain::call::{Direction, EndReason, Happening, OneWay};
use app::domain::id::{AccessId, CallId};
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(in crate::sip) use self::bot::Bot;
pub(in crate::sip) use self::death::Death;
pub(in crate::sip) use self::errands::Errands;
use self::handover::Handover;
use self::moving::Moving;
use self::referral::Referral;
use self::sources::Event;
pub(in crate::sip) use self::sources::Sources;
pub(in crate::sip) use self::speaking::{Speaking, facts_of, facts_of_outgoing};
pub(in crate::sip) use self::telephone::Telephone;
use crate::agent::{Choice, Facts};
use crate::media::sdp::Offer;
use crate::media::{Line, Session, SessionEvent};
use crate::sip::Edge;
use crate::sip::calls::{Asking, Place, ToCall};
use crate::sip::desk::CallEvent;
use crate::sip::dialog::Dialog;
use crate::sip::ladder::Ladder;
use crate::sip::message::Message;
use crate::sip::outbound::{Callee, FarEvent};
use crate::sip::stack::{Answers, ServerEvent};
use crate::sip::timer::SessionTimer;

/// How far the INVITE has come.
pub(in crate::sip) enum Phase {
    Ringing(Ringing),
    /// 200 sent, no ACK yet.
    Answered,
    Confirmed,
    /// Told no: nothing but its ACK is to come.
    Refused,
}

pub(in crate::sip) struct Ringing {
    pub pick_up_at: Instant,
    /// A 180 that has to be acknowledged first (RFC 3262).
    pub reliable: Option<Reliable>,
}

pub(in crate::sip) struct Reliable {
    pub response: Message,
    pub number: u32,
    pub resend_at: Instant,
    pub interval: Duration,
    pub give_up_at: Instant,
}

/// A re-INVITE we answered.
pub(in crate::sip) struct Reinvite {
    pub events: mpsc::UnboundedReceiver<ServerEvent>,
    /// It came without an offer, so the ACK brings the answer to ours.
    pub expects_answer: bool,
}

/// What becomes of what is heard where no agent hears it.
pub(in crate::sip) enum Ear {
    Closed,
    /// It is kept, once there is audio.
    Open,
    /// As long as the line is held.
    Listening {
        _line: Box<Line>,
    },
}

impl Ear {
    pub(in crate::sip) fn of(hears: bool) -> Self {
        if hears { Self::Open } else { Self::Closed }
    }
}

/// How a call ends.
pub(in crate::sip) struct Ending {
    pub reason: EndReason,
    /// Our BYE, with this Reason header.
    pub bye: Option<&'static str>,
}

impl Ending {
    pub(in crate::sip) fn quiet(reason: EndReason) -> Self {
        Self { reason, bye: None }
    }

    /// Our answer was never acknowledged.
    pub(in crate::sip) fn no_ack() -> Self {
        Self::bye(EndReason::NoAck, "SIP;cause=408;text=\"No ACK\"")
    }

    pub(in crate::sip) fn bye(reason: EndReason, why: &'static str) -> Self {
        Self {
            reason,
            bye: Some(why),
        }
    }
}

pub(in crate::sip) struct Call {
    pub edge: Arc<Edge>,
    pub id: CallId,
    pub direction: Direction,
    /// Who speaks; nobody in a leg that only joins two people.
    pub agent: Option<Agent>,
    /// What an engine elsewhere is told.
    pub facts: Option<Facts>,
    /// How far the agent's engine is.
    pub speaking: Speaking,
    /// Where the agent's engine is called, if it has a telephone.
    pub telephone: Telephone,
    /// Longest call, if it is less than the agent's own.
    pub longest: Option<Duration>,
    pub invite: Message,
    /// For an INVITE of the peer's.
    pub answers: Option<Answers>,
    pub dialog: Dialog,
    pub session: Arc<Session>,
    /// Our half of the negotiation, for the 200.
    pub description: String,
    pub late_offer: bool,
    /// Let in by its network: no audio before the ACK proves the address.
    pub wait_for_ack: bool,
    pub timer: Option<SessionTimer>,
    pub allows_update: bool,
    pub phase: Phase,
    pub ladder: Ladder,
    pub first_audio_at: Option<i64>,
    pub sources: Sources,
    /// Gives the call's names back however its task ends.
    pub place: Place,
    pub asking: Option<Asking>,
    /// Who it is being handed on to.
    pub handover: Option<Handover>,
    /// Whom its peer was asked to call instead.
    pub referral: Option<Referral>,
    /// Where its peer asked the agent to go.
    pub moving: Option<Moving>,
    /// Whether a call that nobody speaks in is listened to.
    pub ear: Ear,
    /// The row of who it talks with since it went there.
    pub also: Option<CallId>,
    /// By which right it came in.
    pub access: Option<AccessId>,
    /// Further legs begun so far.
    pub legs: u32,
    /// What is said to its peer while nobody here waits for the answer.
    pub errands: Option<Errands>,
    /// Who answered an INVITE of ours.
    pub callee: Option<Callee>,
    /// The bot at its other end, if it is the leg to one.
    pub bot: Option<Bot>,
    /// Who wants to know how this leg fares, if it is one of another call.
    pub near: Option<mpsc::UnboundedSender<FarEvent>>,
}

impl Call {
    /// Lives through the call, and closes everything behind it.
    pub(in crate::sip) async fn run(mut self) {
        let ending = loop {
            let event = self.next().await;
            if let Some(ending) = self.on(event).await {
                break ending;
            }
        };
        self.finish(ending).await;
    }

    async fn on(&mut self, event: Event) -> Option<Ending> {
        match event {
            Event::Stopped => Some(self.hang_up(EndReason::Drained)),
            Event::Invite(event) => match self.on_invite(event) {
                Some(ending) => Some(ending),
                // An engine that was not there when it rang is missed once the call stands.
                None => Box::pin(self.catch_up()).await,
            },
            Event::Reinvite(event) => self.on_reinvite(event),
            Event::Outside(ToCall::HangUp(reason)) => Some(self.hang_up(reason)),
            Event::Outside(ToCall::Request(arrival)) => Box::pin(self.on_request(arrival)).await,
            Event::Outside(ToCall::TakeOver(arrival, by)) => {
                self.on_take_over(arrival, by);
                None
            }
            Event::Outside(ToCall::Step(message, way, flow)) => {
                self.step_on(&message, way, &flow);
                None
            }
            Event::Outside(ToCall::BotHears(status)) => {
                self.tell_bot(status);
                None
            }
            Event::Outside(ToCall::HandOn(destination, reply)) => {
                let (transfer, ending) = Box::pin(self.hand_on(*destination)).await;
                // Whoever asked may have gone; the call is handed on all the same.
                let _ = reply.send(transfer);
                ending
            }
            Event::Far(event) => Box::pin(self.on_far(event)).await,
            Event::Moved(event) => Box::pin(self.on_moved(event)).await,
            Event::Telephone(event) => Box::pin(self.on_telephone(event)).await,
            Event::TelephoneSilent => Box::pin(self.on_silent_telephone()).await,
            Event::Choice(choice) => Box::pin(self.on_choice(choice)).await,
            // It would have said so: its task died.
            Event::NearGone => Some(self.hang_up(EndReason::Fault)),
            Event::TimeUp => Some(self.hang_up(match self.ear {
                // Who asked for a test call asked for no more.
                Ear::Listening { .. } => EndReason::OperatorHungUp,
                Ear::Closed | Ear::Open => EndReason::MaxDuration,
            })),
            Event::Media(event) => self.on_media(event),
            Event::Spoken(spoken) => Box::pin(self.on_spoken(spoken)).await,
            Event::Refresh(response) => self.on_refreshed(response).await,
            Event::Referred(response) => Box::pin(self.on_referred(response)).await,
            Event::NoNews => self.on_silence(),
            Event::Ring => self.on_ring(),
            Event::Tick => self.on_tick().await,
        }
    }

    /// Ends it from our side: BYE if it was answered, a refusal if not.
    fn hang_up(&mut self, reason: EndReason) -> Ending {
        if matches!(self.phase, Phase::Ringing(_)) {
            self.refuse(480);
            return Ending::quiet(reason);
        }
        Ending::bye(reason, "Q.850;cause=16;text=\"Normal call clearing\"")
    }

    fn on_media(&mut self, event: SessionEvent) -> Option<Ending> {
        match event {
            SessionEvent::Locked { .. } => self.happened(Happening::FirstAudioIn),
            SessionEvent::Moved { from, to } => self.happened(Happening::MediaMoved {
                from: from.map(|from| from.to_string()).unwrap_or_default(),
                to: to.to_string(),
            }),
            SessionEvent::OneWay(OneWay::PeerHearsNothing) => {
                let cause = OneWay::PeerHearsNothing;
                self.happened(Happening::NoAudioToCaller { cause });
            }
            SessionEvent::OneWay(cause) => {
                let cause = Some(cause);
                self.happened(Happening::NoAudioFromCaller { seconds: 3, cause });
            }
            SessionEvent::TimedOut => {
                return Some(Ending::bye(
                    EndReason::MediaTimeout,
                    "SIP;cause=200;text=\"Media timeout\"",
                ));
            }
        }
        None
    }

    /// Keeps what is heard, if that is wanted.
    fn listen(&mut self) {
        if matches!(self.ear, Ear::Open)
            && let Some(line) = self.session.take_line()
        {
            line.record(self.edge.desk.recording_path(self.id));
            self.happened(Happening::RecordingStarted);
            self.ear = Ear::Listening {
                _line: Box::new(line),
            };
        }
    }

    /// What had to wait until the call stands: a choice made before, else the way elsewhere of a
    /// caller whose engine is not there.
    async fn catch_up(&mut self) -> Option<Ending> {
        if matches!(self.phase, Phase::Confirmed)
            && let Some(choice) = self.sources.chosen.take()
        {
            let ending = self.on_choice(choice).await;
            if self.is_on_its_way() || ending.is_some() {
                return ending;
            }
            // It is no choice any more.
            self.bot_hears(491);
        }
        self.go_elsewhere().await
    }

    /// A key of the agent's menu, or what its engine chose.
    async fn on_choice(&mut self, choice: Choice) -> Option<Ending> {
        if choice == Choice::Engine {
            self.join_telephone();
            return None;
        }
        if !matches!(self.phase, Phase::Confirmed) {
            self.sources.chosen = Some(choice);
            return None;
        }
        let agent = self.agent.as_ref()?.id;
        let menu = self.edge.desk.assigned(agent);
        let chosen = menu.into_iter().find(|entry| match choice {
            Choice::Key(key) => entry.digit == Some(key),
            Choice::Destination(id) => entry.destination.id == id,
            Choice::Engine => false,
        })?;
        self.hand_on(chosen.destination).await.1
    }

    /// Takes the answer to an offer of ours.
    pub(in crate::sip) fn accept(&mut self, body: &[u8]) -> bool {
        Offer::parse(body).is_ok_and(|answer| self.session.accept(&answer).is_ok())
    }

    /// The same of somebody else, with whom the audio is from now on.
    fn accept_another(&mut self, body: &[u8]) -> bool {
        Offer::parse(body).is_ok_and(|answer| self.session.accept_another(&answer).is_ok())
    }

    pub(in crate::sip) fn say_codec(&self) {
        self.say_codec_of(self.id);
    }

    /// On the row of who it talks with.
    fn say_codec_of(&self, call: CallId) {
        if let Some(talk) = self.session.talk() {
            let codec = CallEvent::Codec(talk.codec.to_string());
            self.edge.desk.note(call, codec);
        }
    }
}

impl Ringing {
    fn next(&self) -> Instant {
        match &self.reliable {
            Some(reliable) => reliable.resend_at.min(reliable.give_up_at),
            None => self.pick_up_at,
        }
    }
}
