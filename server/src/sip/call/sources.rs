//! Everything that can happen to a call, from wherever it comes, one thing at a time.

use std::time::Duration;

use app::domain::call::EndReason;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::saying::Pending;
use super::speaking::Spoken;
use super::{Call, Phase, Reinvite};
use crate::agent::Choice;
use crate::media::{Session, SessionEvent};
use crate::sip::calls::ToCall;
use crate::sip::message::Message;
use crate::sip::outbound::{self, FarEvent};
use crate::sip::stack::ServerEvent;

/// Calls tick on a common beat: a thread that wakes up for each of hundreds does little else.
const BEAT_MS: i64 = 50;

/// Where events come from.
pub(in crate::sip) struct Sources {
    pub invite: Option<mpsc::UnboundedReceiver<ServerEvent>>,
    pub outside: mpsc::Receiver<ToCall>,
    /// Came from outside, and waits for what came before it.
    pub kept: Option<ToCall>,
    pub media: Option<mpsc::UnboundedReceiver<SessionEvent>>,
    /// What was chosen from the agent's menu.
    pub choices: Option<mpsc::UnboundedReceiver<Choice>>,
    /// Chosen before the call was confirmed: a model may be quicker than the ACK.
    pub chosen: Option<Choice>,
    pub reinvite: Option<Reinvite>,
    pub refresh: Option<Pending>,
    /// When a call is over in which no engine keeps the time, or none does any more.
    pub time_up: Option<Instant>,
    pub tick: Interval,
}

pub(super) enum Event {
    Invite(ServerEvent),
    Reinvite(ServerEvent),
    Outside(ToCall),
    Media(SessionEvent),
    Spoken(Spoken),
    Refresh(Option<Message>),
    Referred(Option<Message>),
    NoNews,
    Far(FarEvent),
    Moved(FarEvent),
    Telephone(FarEvent),
    TelephoneSilent,
    Choice(Choice),
    NearGone,
    TimeUp,
    Ring,
    Tick,
    Stopped,
}

impl Sources {
    pub(in crate::sip) fn new(
        invite: Option<mpsc::UnboundedReceiver<ServerEvent>>,
        outside: mpsc::Receiver<ToCall>,
        session: &Session,
        t1: Duration,
        now_ms: i64,
    ) -> Self {
        // Fine enough for the shortest session timer, coarse enough for thousands of calls.
        let every = (t1 * 2).clamp(Duration::from_millis(20), Duration::from_secs(1));
        let wait = BEAT_MS - now_ms.rem_euclid(BEAT_MS);
        let first = Instant::now() + Duration::from_millis(wait.unsigned_abs());
        let mut tick = tokio::time::interval_at(first, every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self {
            invite,
            outside,
            kept: None,
            media: session.take_events(),
            choices: None,
            chosen: None,
            reinvite: None,
            refresh: None,
            time_up: None,
            tick,
        }
    }
}

impl Sources {
    /// What has just come by the transaction of an INVITE.
    fn acknowledged(&mut self) -> Option<Event> {
        let invite = self.invite.as_mut().and_then(|it| it.try_recv().ok());
        invite.map(Event::Invite).or_else(|| {
            let reinvite = self.reinvite.as_mut()?;
            reinvite.events.try_recv().ok().map(Event::Reinvite)
        })
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// How a leg of ours fares. Its task says that it is over before it goes, unless it died.
async fn news_of(events: Option<&mut mpsc::UnboundedReceiver<FarEvent>>) -> FarEvent {
    match events {
        Some(events) => events.recv().await.unwrap_or(FarEvent::Over {
            reason: EndReason::Fault,
            status: None,
        }),
        None => std::future::pending().await,
    }
}

/// The next word about a request of ours.
async fn answer_to(pending: Option<&mut Pending>) -> Option<Message> {
    match pending {
        Some(pending) => pending.asked.next().await,
        None => std::future::pending().await,
    }
}

async fn next<T>(source: &mut Option<mpsc::UnboundedReceiver<T>>) -> T {
    if let Some(receiver) = source {
        if let Some(event) = receiver.recv().await {
            return event;
        }
        *source = None;
    }
    std::future::pending().await
}

impl Call {
    /// In the order in which it came: an ACK goes by its INVITE's transaction, and a request just behind it is not
    /// to overtake it. Nor is it to overtake an answer to a request of ours.
    pub(super) async fn next(&mut self) -> Event {
        if let Some(kept) = self.sources.kept.take() {
            return Event::Outside(kept);
        }
        match self.whatever_comes().await {
            Event::Outside(later) => match self.sources.acknowledged() {
                Some(first) => {
                    self.sources.kept = Some(later);
                    first
                }
                None => Event::Outside(later),
            },
            event => event,
        }
    }

    async fn whatever_comes(&mut self) -> Event {
        let stopped = self.edge.life.stopped();
        let ring_at = match &self.phase {
            // The answer waits for the engine, which says itself when it is there.
            Phase::Ringing(ringing) if ringing.reliable.is_none() && self.speaking.is_awaited() => {
                None
            }
            Phase::Ringing(ringing) => Some(ringing.next()),
            Phase::Answered | Phase::Confirmed | Phase::Refused => None,
        };
        let Sources {
            invite,
            outside,
            media,
            choices,
            reinvite,
            refresh,
            time_up,
            tick,
            chosen: _,
            kept: _,
        } = &mut self.sources;
        let time_up = time_up.filter(|_| !self.speaking.keeps_time());
        let (ring, time_up) = (at(ring_at), at(time_up));
        let refresh = answer_to(refresh.as_mut());
        let far = news_of(self.handover.as_mut().map(|far| &mut far.events));
        let moved = news_of(self.moving.as_mut().map(|moving| &mut moving.events));
        let silent = at(self.telephone.silent_until());
        let telephone = news_of(self.telephone.events());
        let (referring, no_news) = match &mut self.referral {
            Some(referral) => (referral.pending.as_mut(), referral.until),
            None => (None, None),
        };
        let (referred, no_news) = (answer_to(referring), at(no_news));
        let near_gone = outbound::gone(self.near.as_ref());
        let reinvite = async {
            match reinvite {
                Some(reinvite) => reinvite.events.recv().await.unwrap_or(ServerEvent::Over),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stopped.cancelled() => Event::Stopped,
            event = next(invite) => Event::Invite(event),
            event = reinvite => Event::Reinvite(event),
            response = refresh => Event::Refresh(response),
            response = referred => Event::Referred(response),
            Some(event) = outside.recv() => Event::Outside(event),
            spoken = self.speaking.next() => Event::Spoken(spoken),
            event = far => Event::Far(event),
            event = moved => Event::Moved(event),
            event = telephone => Event::Telephone(event),
            () = silent => Event::TelephoneSilent,
            choice = next(choices) => Event::Choice(choice),
            event = next(media) => Event::Media(event),
            () = near_gone => Event::NearGone,
            () = time_up => Event::TimeUp,
            () = no_news => Event::NoNews,
            () = ring => Event::Ring,
            // Nothing else goes by this clock.
            _ = tick.tick(), if self.timer.is_some() => Event::Tick,
        }
    }
}
