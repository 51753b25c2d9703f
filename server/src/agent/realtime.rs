//! A model that hears and speaks, behind the Realtime protocol of `OpenAI` (general availability),
//! at any server that speaks it.
//!
//! The session is made while the call rings, so that a wrong key or model is known before anybody
//! answers. The server detects turns; what it answers sounds until the caller interrupts, and then
//! it is told how much of it was heard. Its tools hand the caller on and end the call.

mod answers;
mod responses;
mod wire;

use std::collections::{BTreeMap, VecDeque};

use app::domain::engine::{EngineFault, Realtime};
use app::domain::sip::Secret;
use app::domain::url::SocketUrl;
use futures_util::future::BoxFuture;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::remote::{self, Conversation, Next, Remote};
use super::socket::{Door, Received, Socket};
use super::{AgentCall, CONNECTED_WITHIN, Choice, EngineEnd, Speaker, Wanted};
use crate::media::{Heard, Span};
use answers::Answers;
use responses::{Ask, Responses, Sense};
use wire::{FromServer, Session};

/// As many of the caller's sentences wait for their words.
const MOST_SENTENCES: usize = 50;

const GREET: &str = "Begin the call by saying this, word for word: ";
const INTERRUPTED: &str =
    "The line was interrupted for a moment. Say sorry for that briefly, and go on.";
const NOT_HANDED_ON: &str =
    "Nobody took the call that was handed on; the caller is back with you. Say so, and go on.";

/// A session that has been made, and what it takes to make it again.
pub(super) struct Model {
    door: Door,
    settings: Realtime,
    update: String,
    key: Option<Secret>,
    socket: Socket,
}

impl Model {
    pub(super) async fn reach(
        door: Door,
        settings: Realtime,
        wanted: &Wanted,
    ) -> Result<Self, EngineFault> {
        let key = wanted.secret.clone();
        let update = wire::update(&Session {
            instructions: &instructions(wanted),
            voice: &settings.voice,
            language: &wanted.facts.language,
            interruptible: wanted.behaviour.interruptible,
            destinations: &wanted.destinations,
        });
        let socket = connect(&door, &settings, key.as_ref(), &update).await?;
        Ok(Self {
            door,
            settings,
            update,
            key,
            socket,
        })
    }
}

/// The agent's own, and the facts of the call.
fn instructions(wanted: &Wanted) -> String {
    let facts = wanted.facts.parameters().into_iter();
    let facts = facts.map(|(name, value)| format!("{name}: {value}"));
    let facts: Vec<_> = facts.collect();
    let own = &wanted.behaviour.instructions;
    format!(
        "{own}\n\nThe facts of this phone call:\n{}",
        facts.join("\n")
    )
}

async fn connect(
    door: &Door,
    settings: &Realtime,
    key: Option<&Secret>,
    update: &str,
) -> Result<Socket, EngineFault> {
    let made = Box::pin(session(door, settings, key, update));
    timeout(CONNECTED_WITHIN, made)
        .await
        .unwrap_or(Err(EngineFault::TooLate))
}

/// The connection, and the session on it as we want it.
async fn session(
    door: &Door,
    settings: &Realtime,
    key: Option<&Secret>,
    update: &str,
) -> Result<Socket, EngineFault> {
    let url = with_model(&settings.url, &settings.model).ok_or(EngineFault::Refused)?;
    let bearer = key.and_then(|key| {
        let bearer = format!("Bearer {}", key.expose());
        let mut value = HeaderValue::from_bytes(bearer.as_bytes()).ok()?;
        value.set_sensitive(true);
        Some((header::AUTHORIZATION, value))
    });
    let headers: Vec<_> = bearer.into_iter().collect();
    let mut socket = door.open(&url, &headers, CONNECTED_WITHIN).await?;
    loop {
        match socket.next().await {
            Received::Text(text) => match wire::read(&text) {
                Ok(FromServer::SessionCreated) => {
                    socket.push(update.to_owned());
                }
                Ok(FromServer::SessionUpdated) => return Ok(socket),
                Ok(FromServer::Error { code, .. }) => {
                    tracing::warn!(%code, "agent.realtime.refused");
                    return Err(EngineFault::Refused);
                }
                Ok(_) | Err(_) => {}
            },
            Received::Binary => {}
            Received::Goodbye => return Err(EngineFault::Refused),
            Received::Lost(why) => return Err(why),
        }
    }
}

fn with_model(url: &SocketUrl, model: &str) -> Option<SocketUrl> {
    let query = serde_qs::to_string(&BTreeMap::from([("model", model)]));
    let joint = if url.as_str().contains('?') { '&' } else { '?' };
    format!("{url}{joint}{}", query.ok()?).parse().ok()
}

/// Lets the model talk with the caller until one of them leaves.
pub(super) async fn run(call: AgentCall, model: Model) -> EngineEnd {
    let limit = call.behaviour.max_duration;
    let mut conversation = Talking::begin(call, model);
    let end = Box::pin(timeout(limit, remote::hold(&mut conversation))).await;
    let end = end.unwrap_or_else(|_| conversation.remote.time_up());
    conversation.remote.end(None).await;
    end
}

struct Talking {
    remote: Remote,
    door: Door,
    settings: Realtime,
    update: String,
    key: Option<Secret>,
    answers: Answers,
    responses: Responses,
    /// When the caller said what still has no words.
    sentences: VecDeque<(String, u64, u64)>,
    /// The model wants to hang up, once its last word was heard.
    leaves: bool,
}

impl Conversation for Talking {
    fn remote(&mut self) -> &mut Remote {
        &mut self.remote
    }

    fn start(&mut self) {
        self.answers = Answers::default();
        self.responses = Responses::default();
        self.remote.began_ms = self.remote.now_ms();
        self.say(Some(if self.remote.renewed {
            INTERRUPTED.to_owned()
        } else {
            let greeting = &self.remote.talk.call.behaviour.first_message;
            format!("{GREET}{greeting}")
        }));
    }

    fn again(&self) -> BoxFuture<'static, Result<Socket, EngineFault>> {
        let (door, settings) = (self.door.clone(), self.settings.clone());
        let (key, update) = (self.key.clone(), self.update.clone());
        Box::pin(async move { connect(&door, &settings, key.as_ref(), &update).await })
    }

    fn on_frame(&mut self) -> Next {
        let (next, _) = self.remote.frame();
        let progress = self.remote.talk.call.line.progress();
        let now_ms = self.remote.now_ms();
        let said = self.answers.tick(progress, now_ms);
        self.tell(said);
        let given = self.remote.playout.given(&self.remote.talk.call.line);
        if self.leaves && progress.said >= given {
            return Next::Goodbye;
        }
        next
    }

    fn on_heard(&mut self, heard: &Heard) -> Next {
        let talk = &self.remote.talk;
        match *heard {
            Heard::Audio { ref samples, .. } if !talk.away => {
                self.remote.send(wire::append(samples));
            }
            Heard::Digit { digit, .. } if !talk.away && !talk.is_choice(digit) => {
                let pressed = format!("The caller pressed the key {}.", digit.as_char());
                self.remote.send(wire::note(&pressed));
                self.say(None);
            }
            Heard::Parted if self.remote.socket.is_some() => {
                self.say(Some(NOT_HANDED_ON.to_owned()));
            }
            _ => {}
        }
        self.remote.on_heard(heard)
    }

    fn on_received(&mut self, received: Received) -> Next {
        match received {
            Received::Text(text) => match wire::read(&text) {
                Ok(message) => self.on_message(message),
                Err(wire::Nonsense) => self.remote.nonsense(),
            },
            Received::Binary => self.remote.nonsense(),
            // A session has a longest time: whoever closes it has not said goodbye to the caller.
            Received::Goodbye => return self.remote.ended(Next::Lost(EngineFault::Lost)),
            Received::Lost(why) => return self.remote.ended(Next::Lost(why)),
        }
        Next::GoOn
    }
}

impl Talking {
    fn begin(call: AgentCall, model: Model) -> Self {
        Self {
            remote: Remote::begin(call, model.socket),
            door: model.door,
            settings: model.settings,
            update: model.update,
            key: model.key,
            answers: Answers::default(),
            responses: Responses::default(),
            sentences: VecDeque::new(),
            leaves: false,
        }
    }

    /// Lets the model say something, now or after what it is saying.
    fn say(&mut self, sense: Sense) {
        if self.leaves {
            return;
        }
        let ask = self.responses.wish(sense);
        self.ask(ask);
    }

    fn ask(&mut self, ask: Option<Ask>) {
        if let Some(ask) = ask
            && !self.remote.send(wire::respond(&ask))
        {
            self.responses.refused(Some(&ask.id), false);
        }
    }

    /// Who leaves has nothing more to say, nor has anybody to a caller who is with somebody else.
    fn forget_in_vain(&mut self) {
        if self.leaves || self.remote.talk.away {
            self.responses.forget();
        }
    }

    fn tell(&mut self, said: Vec<(String, Option<Span>)>) {
        let now_ms = self.remote.now_ms();
        for (words, when) in said {
            let lines = &mut self.remote.lines;
            lines.said(Speaker::Agent, words, when, now_ms);
        }
    }

    fn on_message(&mut self, message: FromServer) {
        match message {
            FromServer::Audio {
                item,
                part,
                samples,
            } => {
                let at = self.remote.playout.given(&self.remote.talk.call.line);
                if self.answers.piece(&item, part, at, samples.len() as u64) {
                    self.remote.play(samples);
                }
            }
            FromServer::AudioDone { item } => self.answers.complete(&item),
            FromServer::Said { item, text } => {
                let said = self.answers.words(&item, text);
                self.tell(said.into_iter().collect());
            }
            FromServer::SpeechStarted { item, at_ms } => {
                self.responses.caller_begins();
                self.sentences.truncate(MOST_SENTENCES);
                self.sentences.push_front((item, at_ms, at_ms));
                if self.remote.talk.call.behaviour.interruptible {
                    self.interrupted();
                }
            }
            FromServer::SpeechStopped { item, at_ms } => {
                let known = self.sentences.iter_mut().find(|(known, ..)| *known == item);
                if let Some((_, _, end_ms)) = known {
                    *end_ms = at_ms;
                }
                self.forget_in_vain();
                let ask = self.responses.caller_has_finished();
                self.ask(ask);
            }
            FromServer::Heard { item, text } => self.caller_said(&item, text),
            FromServer::Call {
                id,
                name,
                arguments,
            } => self.on_call(&id, &name, &arguments),
            FromServer::AnswerBegan => self.responses.began(),
            FromServer::AnswerEnded => {
                self.forget_in_vain();
                let ask = self.responses.ended();
                self.ask(ask);
            }
            FromServer::Error { code, about } => {
                tracing::warn!(%code, "agent.realtime.error");
                let is_under_way = code == wire::UNDER_WAY;
                self.responses.refused(about.as_deref(), is_under_way);
            }
            FromServer::SessionCreated | FromServer::SessionUpdated | FromServer::Other => {}
        }
    }

    /// The caller speaks: what the model still had to say is not heard, and it is told so.
    fn interrupted(&mut self) {
        let progress = self.remote.talk.call.line.progress();
        let now_ms = self.remote.now_ms();
        let (cuts, said) = self.answers.cut(progress, now_ms);
        if cuts.is_empty() {
            return;
        }
        self.remote.clear();
        self.tell(said);
        for cut in cuts {
            let truncate = wire::truncate(&cut.item, cut.part, cut.heard_ms);
            self.remote.send(truncate);
        }
    }

    fn caller_said(&mut self, item: &str, text: String) {
        let known = self.sentences.iter().position(|(known, ..)| known == item);
        let when = known.and_then(|at| self.sentences.remove(at));
        if text.is_empty() {
            return;
        }
        let when = when.map(|(_, start_ms, end_ms)| self.remote.span(start_ms, end_ms));
        let now_ms = self.remote.now_ms();
        let lines = &mut self.remote.lines;
        lines.said(Speaker::Caller, text, when, now_ms);
    }

    fn on_call(&mut self, id: &str, name: &str, arguments: &str) {
        if name == wire::END_CALL {
            self.leaves = true;
            return;
        }
        let menu = &self.remote.talk.call.menu;
        let wanted = (name == wire::TRANSFER_CALL).then(|| destination(arguments));
        let known = wanted.flatten().and_then(|wanted| {
            let mut named = menu.destinations.iter();
            named.find(|(name, _)| *name == wanted)
        });
        let Some((_, destination)) = known else {
            let unknown = json!({ "error": "there is no such destination" });
            self.remote.send(wire::output(id, &unknown));
            self.say(None);
            return;
        };
        // Nobody listens once the call ends.
        let _ = menu.choose.send(Choice::Destination(*destination));
        let handed_on = json!({ "status": "the caller is being handed on" });
        self.remote.send(wire::output(id, &handed_on));
    }
}

/// What the model wrote; it may write anything.
fn destination(arguments: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Arguments {
        destination: String,
    }
    let arguments: Arguments = serde_json::from_str(arguments).ok()?;
    Some(arguments.destination)
}
