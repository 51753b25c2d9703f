//! What speaks in a call: reached while it rings, let talk once it is answered, and what becomes
//! of the caller when it is gone.

use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::Agent;
use app::domain::call::{CallerId, Direction, EndReason, Happening};
use app::domain::engine::{Engine, EngineFault};
use app::domain::id::DestinationId;
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Check, Note, Outcome, Refusal, Step};
use app::domain::transfer::Assigned;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::journal::{CallJournal, behaviour};
use super::{Call, Ending, Phase};
use crate::agent::{AgentCall, EngineEnd, Facts, Menu, Ready, Wanted, apologise, run};
use crate::media::Line;
use crate::service::calls::Outgoing;
use crate::sip::desk::{CallEvent, NewCall};

/// How far the engine has come.
pub(in crate::sip) enum Speaking {
    /// Nobody speaks: a leg that only joins two people, or the engine has left.
    Nobody,
    /// It is being reached, since the call rings.
    Reaching(JoinHandle<Result<Ready, EngineFault>>),
    /// Its telephone rings, since the call rings.
    Calling,
    /// It waits for the answer.
    Ready(Ready),
    /// It talks with the caller.
    Talking(JoinHandle<EngineEnd>),
    /// It could not be had: the caller is for somebody else.
    Away(EngineFault),
    /// It was lost, and nobody else takes the call.
    Apologising(JoinHandle<EngineEnd>),
}

/// What is told of it.
pub(super) enum Spoken {
    Reached(Result<Ready, EngineFault>),
    Ended(EngineEnd),
}

impl Speaking {
    /// The next thing told; a task that broke off is an engine that was lost.
    pub(super) async fn next(&mut self) -> Spoken {
        match self {
            Self::Reaching(task) => Spoken::Reached(task.await.unwrap_or(Err(EngineFault::Lost))),
            Self::Talking(task) | Self::Apologising(task) => {
                let lost = EngineEnd::Failed(EngineFault::Lost);
                Spoken::Ended(task.await.unwrap_or(lost))
            }
            Self::Nobody | Self::Calling | Self::Ready(_) | Self::Away(_) => {
                std::future::pending().await
            }
        }
    }

    /// Whether it keeps the time of the call itself.
    pub(super) fn keeps_time(&self) -> bool {
        matches!(self, Self::Talking(_))
    }

    /// Whether the answer has to wait.
    pub(in crate::sip) fn is_awaited(&self) -> bool {
        matches!(self, Self::Reaching(_) | Self::Calling)
    }
}

impl Call {
    /// Begins to reach an engine that is elsewhere. One that is here is ready.
    pub(in crate::sip) fn reach(&mut self) {
        let Some(agent) = &self.agent else { return };
        let engine = agent.settings.engine.clone();
        if engine == Engine::Builtin {
            self.speaking = Speaking::Ready(Ready::BUILTIN);
            return;
        }
        let Some(wanted) = self.wanted() else { return };
        self.speaking = if let Engine::Sip(sip) = engine {
            self.reach_telephone(sip, wanted)
        } else {
            let engines = self.edge.engines.clone();
            let reached = async move { engines.reach(wanted).await };
            Speaking::Reaching(self.edge.work("agent.reach", reached))
        };
    }

    pub(super) fn wanted(&self) -> Option<Wanted> {
        let (agent, facts) = (self.agent.as_ref()?, self.facts.clone()?);
        Some(Wanted {
            engine: agent.settings.engine.clone(),
            secret: self.edge.desk.engine_secret(agent.id),
            facts,
            behaviour: behaviour(&agent.settings),
            destinations: named(&self.edge.desk.assigned(agent.id)),
        })
    }

    pub(super) async fn on_spoken(&mut self, spoken: Spoken) -> Option<Ending> {
        match spoken {
            Spoken::Reached(Ok(ready)) => {
                self.speaking = Speaking::Ready(ready);
                self.on_ring()
            }
            Spoken::Reached(Err(why)) => self.on_away(why),
            Spoken::Ended(end) => self.on_ended(end).await,
        }
    }

    /// Nobody can answer: the call is refused, or answered for the failover destination.
    pub(super) fn on_away(&mut self, why: EngineFault) -> Option<Ending> {
        self.happened(Happening::EngineAway { cause: why });
        let name = self.agent.as_ref().map(|agent| agent.settings.name.clone());
        let check = Check {
            step: Step::Engine,
            outcome: Outcome::Failed,
            note: Note::EngineDown {
                name: name.unwrap_or_default(),
                cause: why,
            },
        };
        self.edge.desk.note(self.id, CallEvent::Checked(check));
        self.speaking = Speaking::Away(why);
        if self.failover(None).is_some() {
            return self.on_ring();
        }
        self.refuse_because(Refusal::EngineDown);
        Some(Ending::quiet(EndReason::Refused(Refusal::EngineDown)))
    }

    async fn on_ended(&mut self, end: EngineEnd) -> Option<Ending> {
        let apologised = matches!(self.speaking, Speaking::Apologising(_));
        self.speaking = Speaking::Nobody;
        if !apologised {
            self.happened(Happening::EngineEnded {
                cause: engine_cause(end).to_owned(),
            });
        }
        match end {
            EngineEnd::Goodbye => Some(self.hang_up(EndReason::AgentHungUp)),
            EngineEnd::TimeUp => Some(self.hang_up(EndReason::MaxDuration)),
            EngineEnd::Failed(_) if apologised => Some(self.hang_up(EndReason::EngineFailed)),
            EngineEnd::Failed(why) => {
                self.speaking = Speaking::Away(why);
                self.go_elsewhere().await
            }
            // Whoever went says so by BYE; if nobody does, the silence ends the call.
            EngineEnd::CallerGone => None,
        }
    }

    /// Lets audio out and the agent speak.
    pub(in crate::sip) fn connect(&mut self) {
        self.session.start_sending();
        self.sources.time_up = self.longest().map(|longest| Instant::now() + longest);
        if self.agent.is_none() {
            return self.listen();
        }
        let ready = match std::mem::replace(&mut self.speaking, Speaking::Nobody) {
            Speaking::Ready(ready) => Some(ready),
            // Answered before it was there, as whom we call may.
            Speaking::Nobody => None,
            other => {
                self.speaking = other;
                return;
            }
        };
        let (Some(wanted), Some(line)) = (self.wanted(), self.session.take_line()) else {
            return;
        };
        self.happened(Happening::EngineStarted {
            engine: wanted.engine.kind().as_str().to_owned(),
        });
        let is_elsewhere = wanted.engine.is_elsewhere();
        if !is_elsewhere {
            self.happened(Happening::FirstAudioOut);
            self.first_audio_at = Some(self.edge.clock.now_ms());
        }
        let Some(call) = self.agent_call(line) else {
            return;
        };
        let engines = self.edge.engines.clone();
        let talk = async move {
            let ready = match ready {
                Some(ready) => Ok(ready),
                None => engines.reach(wanted).await,
            };
            match ready {
                Ok(ready) => run(call, ready).await,
                Err(why) => EngineEnd::Failed(why),
            }
        };
        self.speaking = Speaking::Talking(if is_elsewhere {
            self.edge.work("agent", talk)
        } else {
            self.edge.life.spawn("agent", talk)
        });
    }

    /// The longest it may last: as its agent says, or less.
    fn longest(&self) -> Option<Duration> {
        let agent = self.agent.as_ref();
        let agents = agent.map(|agent| u64::from(agent.settings.max_duration_s));
        let agents = agents.map(Duration::from_secs);
        agents.into_iter().chain(self.longest).min()
    }

    /// The call as its agent gets it.
    fn agent_call(&mut self, line: Line) -> Option<AgentCall> {
        let agent = self.agent.as_ref()?;
        let assigned = self.edge.desk.assigned(agent.id);
        let keys = assigned.iter().filter_map(|entry| entry.digit).collect();
        let destinations = named(&assigned);
        let (choose, choices) = mpsc::unbounded_channel();
        let mut behaviour = behaviour(&agent.settings);
        if let Some(longest) = self.longest() {
            behaviour.max_duration = longest;
        }
        let now_ms = i64::try_from(self.session.now_ms()).unwrap_or(i64::MAX);
        let journal = CallJournal {
            desk: self.edge.desk.clone(),
            call: self.id,
            connected_ms: self.edge.clock.now_ms().saturating_sub(now_ms),
        };
        self.sources.choices = Some(choices);
        Some(AgentCall {
            behaviour,
            line,
            journal: Arc::new(journal),
            recording: self.edge.desk.recording_path(self.id),
            voice: self.edge.voice.clone(),
            menu: Menu {
                keys,
                destinations,
                choose,
            },
        })
    }

    /// Where the caller goes instead; never where an attempt has just failed.
    pub(super) fn failover(&self, tried: Option<DestinationId>) -> Option<DestinationId> {
        let failover = self.agent.as_ref()?.settings.failover?;
        let there = self.edge.desk.destination(failover).is_some();
        (there && Some(failover) != tried).then_some(failover)
    }

    /// The engine is gone: the caller is handed on to the failover destination; without one there
    /// is an apology. While the caller is on the way to somebody else, that goes first.
    pub(super) async fn go_elsewhere(&mut self) -> Option<Ending> {
        let stands = matches!(self.phase, Phase::Confirmed);
        if !matches!(self.speaking, Speaking::Away(_)) || self.is_on_its_way() || !stands {
            return None;
        }
        let failover = self.failover(None);
        let destination = failover.and_then(|id| self.edge.desk.destination(id));
        if let Some(destination) = destination {
            let (_, ending) = self.hand_on(destination).await;
            if self.is_on_its_way() || ending.is_some() {
                return ending;
            }
        }
        self.say_sorry()
    }

    /// Nobody takes the caller any more.
    pub(super) fn say_sorry(&mut self) -> Option<Ending> {
        let Speaking::Away(why) = self.speaking else {
            return None;
        };
        let line = self.session.renew_line();
        let Some(call) = self.agent_call(line) else {
            return Some(self.hang_up(EndReason::EngineFailed));
        };
        let sorry = apologise(call, why);
        self.speaking = Speaking::Apologising(self.edge.life.spawn("agent.sorry", sorry));
        None
    }
}

/// The destinations as an engine asks for them.
fn named(assigned: &[Assigned]) -> Vec<(String, DestinationId)> {
    let destinations = assigned.iter().map(|entry| &entry.destination);
    let named = destinations.map(|place| (place.settings.name.clone(), place.id));
    named.collect()
}

fn engine_cause(end: EngineEnd) -> &'static str {
    match end {
        EngineEnd::Goodbye => "goodbye",
        EngineEnd::TimeUp => "time_up",
        EngineEnd::CallerGone => "caller_gone",
        EngineEnd::Failed(why) => why.as_str(),
    }
}

/// Of a call that came in.
pub(in crate::sip) fn facts_of(new: &NewCall, agent: &Agent) -> Facts {
    let CallerId {
        number,
        name,
        anonymous,
        diverted_from,
        ..
    } = &new.invite.caller;
    let shown = |value: Option<String>| value.filter(|_| !anonymous);
    let dialled = new.decision.number.as_ref().map(PhoneNumber::to_string);
    Facts {
        call: new.id,
        agent: agent.id,
        agent_name: agent.settings.name.clone(),
        language: agent.settings.language.clone(),
        direction: Direction::Inbound,
        to: dialled.or_else(|| Some(new.decision.sent_as.clone())),
        from: shown(number.as_ref().map(PhoneNumber::to_string)),
        caller_name: shown(name.clone()),
        diverted_from: diverted_from.clone(),
        metadata: None,
        headers: Vec::new(),
    }
}

/// Of a call that the agent places.
pub(in crate::sip) fn facts_of_outgoing(outgoing: &Outgoing) -> Option<Facts> {
    let agent = outgoing.agent.as_ref()?;
    let trunk = outgoing.route.trunk();
    let metadata = serde_json::to_string(&outgoing.metadata).ok();
    Some(Facts {
        call: outgoing.id,
        agent: agent.id,
        agent_name: agent.settings.name.clone(),
        language: agent.settings.language.clone(),
        direction: Direction::Outbound,
        to: outgoing.route.callee().map(PhoneNumber::to_string),
        from: trunk.map(|trunk| trunk.settings.caller_number.to_string()),
        caller_name: None,
        diverted_from: None,
        metadata: metadata.filter(|_| !outgoing.metadata.is_empty()),
        headers: Vec::new(),
    })
}
