//! A voice bot behind a WebSocket, in the wire format of Twilio Media Streams, so that bots
//! written for it answer calls here unchanged.
//!
//! The bot hears every 20 ms of the caller and may speak as fast as it likes; what waits to be
//! heard is bounded. Nothing it does holds up the call: what it does not take in is dropped, what
//! makes no sense is ignored, and either is told once. If it is lost it is reached once more.
//! A bot that closes its connection with code 1000 has said goodbye; any other end is a loss.

mod wire;

use app::domain::engine::{EngineFault, Stream, StreamAuth};
use app::domain::sip::Secret;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue, header};
use sha1::Sha1;
use tokio::time::timeout;

use super::remote::{self, Conversation, Next, Remote};
use super::socket::{Door, Received, Socket};
use super::{AgentCall, CONNECTED_WITHIN, EngineEnd, Facts, Speaker};
use crate::media::{Heard, Span};
use wire::{FromBot, Transcript, Writer};

/// A bot that has been reached, and what it takes to reach it again.
pub(super) struct Bot {
    door: Door,
    stream: Stream,
    token: Option<Secret>,
    facts: Facts,
    socket: Socket,
}

impl Bot {
    pub(super) async fn reach(
        door: Door,
        stream: Stream,
        token: Option<Secret>,
        facts: Facts,
    ) -> Result<Self, EngineFault> {
        let socket = connect(&door, &stream, token.as_ref()).await?;
        Ok(Self {
            door,
            stream,
            token,
            facts,
            socket,
        })
    }
}

async fn connect(
    door: &Door,
    stream: &Stream,
    token: Option<&Secret>,
) -> Result<Socket, EngineFault> {
    let headers: Vec<_> = authorization(stream, token).into_iter().collect();
    let mut socket = door.open(&stream.url, &headers, CONNECTED_WITHIN).await?;
    socket.push(Writer::connected());
    Ok(socket)
}

/// The header by which the bot knows us. The signature is the one Twilio's libraries check: of
/// the address alone, because there is no body.
fn authorization(stream: &Stream, token: Option<&Secret>) -> Option<(HeaderName, HeaderValue)> {
    let token = token?.expose();
    let (name, value) = match stream.auth {
        StreamAuth::None => return None,
        StreamAuth::Bearer => (header::AUTHORIZATION, format!("Bearer {token}")),
        StreamAuth::Signature => {
            let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).ok()?;
            mac.update(stream.url.as_str().as_bytes());
            let signed = BASE64_STANDARD.encode(mac.finalize().into_bytes());
            (HeaderName::from_static("x-twilio-signature"), signed)
        }
    };
    let mut value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// Lets the bot talk with the caller until one of them leaves.
pub(super) async fn run(call: AgentCall, bot: Bot) -> EngineEnd {
    let limit = call.behaviour.max_duration;
    let mut conversation = Talking::begin(call, bot);
    let end = Box::pin(timeout(limit, remote::hold(&mut conversation))).await;
    let end = end.unwrap_or_else(|_| conversation.remote.time_up());
    let stop = conversation.writer.stop();
    conversation.remote.end(Some(stop)).await;
    end
}

struct Talking {
    remote: Remote,
    door: Door,
    stream: Stream,
    token: Option<Secret>,
    facts: Facts,
    writer: Writer,
}

impl Conversation for Talking {
    fn remote(&mut self) -> &mut Remote {
        &mut self.remote
    }

    fn start(&mut self) {
        self.writer = Writer::new(self.facts.call.as_uuid());
        self.remote.began_ms = self.remote.now_ms();
        let mut parameters = self.facts.parameters();
        if self.remote.renewed {
            parameters.insert("reconnected".to_owned(), "true".to_owned());
        }
        let start = self.writer.start(&parameters);
        self.remote.send(start);
    }

    fn again(&self) -> BoxFuture<'static, Result<Socket, EngineFault>> {
        let (door, stream) = (self.door.clone(), self.stream.clone());
        let token = self.token.clone();
        Box::pin(async move { connect(&door, &stream, token.as_ref()).await })
    }

    fn on_frame(&mut self) -> Next {
        let (next, reached) = self.remote.frame();
        self.answer(reached);
        next
    }

    fn on_heard(&mut self, heard: &Heard) -> Next {
        let talk = &self.remote.talk;
        match *heard {
            Heard::Audio { ref samples, at_ms } if !talk.away => {
                // Its own time and not that of now: who is late takes several at once.
                let at_ms = at_ms.saturating_sub(self.remote.began_ms);
                let media = self.writer.media(samples, at_ms);
                self.remote.send(media);
            }
            // Keys of the menu hand the call on; every other one is for the bot.
            Heard::Digit { digit, .. } if !talk.away && !talk.is_choice(digit) => {
                let dtmf = self.writer.dtmf(digit);
                self.remote.send(dtmf);
            }
            _ => {}
        }
        self.remote.on_heard(heard)
    }

    fn on_received(&mut self, received: Received) -> Next {
        match received {
            Received::Text(text) => match wire::read(&text) {
                Ok(message) => self.on_message(message),
                Err(_) => self.remote.nonsense(),
            },
            Received::Binary => self.remote.nonsense(),
            Received::Goodbye => return self.remote.ended(Next::Goodbye),
            Received::Lost(why) => return self.remote.ended(Next::Lost(why)),
        }
        Next::GoOn
    }
}

impl Talking {
    fn begin(call: AgentCall, bot: Bot) -> Self {
        Self {
            writer: Writer::new(bot.facts.call.as_uuid()),
            remote: Remote::begin(call, bot.socket),
            door: bot.door,
            stream: bot.stream,
            token: bot.token,
            facts: bot.facts,
        }
    }

    fn on_message(&mut self, message: FromBot) {
        match message {
            FromBot::Media(samples) => self.remote.play(samples),
            FromBot::Mark(name) => {
                let line = &self.remote.talk.call.line;
                if self.remote.playout.mark(line, name).is_err() {
                    self.remote.nonsense();
                }
            }
            FromBot::Clear => {
                let marks = self.remote.clear();
                self.answer(marks);
            }
            FromBot::Transcript(said) => self.transcribed(said),
        }
    }

    fn transcribed(&mut self, said: Transcript) {
        let now_ms = self.remote.now_ms();
        let when = said
            .start_ms
            .map(|start| self.remote.span(start, said.end_ms.unwrap_or(start)));
        // A bot may understand before the caller has been quiet for long enough to be done.
        let still = (self.remote.talk.speaking).filter(|_| said.speaker == Speaker::Caller);
        let still = still.map(|start_ms| Span {
            start_ms,
            end_ms: now_ms.max(start_ms),
        });
        let lines = &mut self.remote.lines;
        lines.said(said.speaker, said.text, when.or(still), now_ms);
    }

    fn answer(&mut self, marks: Vec<String>) {
        for name in marks {
            let mark = self.writer.mark(&name);
            self.remote.send(mark);
        }
    }
}
