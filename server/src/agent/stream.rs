//! A voice bot behind a WebSocket, in the wire format of Twilio Media Streams, so that bots
//! written for it answer calls here unchanged.
//!
//! The bot hears every 20 ms of the caller and may speak as fast as it likes; what waits to be
//! heard is bounded. Nothing it does holds up the call: what it does not take in is dropped, what
//! makes no sense is ignored, and either is told once. If it is lost it is reached once more.
//! A bot that closes its connection with code 1000 has said goodbye; any other end is a loss.

mod playout;
mod wire;

use std::time::Duration;

use app::domain::engine::{EngineFault, Stream, StreamAuth};
use app::domain::sip::Secret;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue, header};
use sha1::Sha1;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::lines::Lines;
use super::socket::{Door, Received, Socket};
use super::talk::Talk;
use super::{AgentCall, CONNECTED_WITHIN, EngineEnd, Facts, Moment, Speaker};
use crate::media::{Heard, Span};
use playout::Playout;
use wire::{FromBot, Transcript, Writer};

/// Messages that are read in one frame; a flood must not hold up the calls beside it.
const MOST_MESSAGES: u32 = 500;
/// How often the bot's sound and its marks are looked at.
const FRAME: Duration = Duration::from_millis(20);

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
    let mut conversation = Conversation::begin(call, bot);
    let end = match timeout(limit, conversation.hold()).await {
        Ok(end) => end,
        Err(_) => {
            conversation.talk.moment(Moment::TimeUp);
            EngineEnd::TimeUp
        }
    };
    conversation.end().await;
    end
}

struct Conversation {
    talk: Talk,
    door: Door,
    stream: Stream,
    token: Option<Secret>,
    facts: Facts,
    /// None while the bot is lost.
    socket: Option<Socket>,
    writer: Writer,
    playout: Playout,
    lines: Lines,
    /// When the stream began, on the line's clock.
    began_ms: u64,
    /// It was lost and reached again already.
    renewed: bool,
    /// What has been said on the timeline already.
    told: Told,
    /// The end of what sounded of the bot and has been noted.
    sounded_to_ms: u64,
}

/// Things that are told once.
#[derive(Default)]
struct Told {
    first_audio: bool,
    overflow: bool,
    nonsense: bool,
    slow: bool,
}

/// What an event comes to.
enum Next {
    GoOn,
    Lost(EngineFault),
    /// The bot has said all it had to say.
    Goodbye,
    End(EngineEnd),
}

impl Conversation {
    fn begin(call: AgentCall, bot: Bot) -> Self {
        let lines = Lines::new(call.journal.clone());
        Self {
            writer: Writer::new(bot.facts.call.as_uuid()),
            talk: Talk::begin(call),
            door: bot.door,
            stream: bot.stream,
            token: bot.token,
            facts: bot.facts,
            socket: Some(bot.socket),
            playout: Playout::default(),
            lines,
            began_ms: 0,
            renewed: false,
            told: Told::default(),
            sounded_to_ms: 0,
        }
    }

    async fn hold(&mut self) -> EngineEnd {
        if !self.talk.begin_recording().await {
            return EngineEnd::CallerGone;
        }
        self.talk.call.line.want_audio();
        self.start();
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut budget = MOST_MESSAGES;
        loop {
            let next = tokio::select! {
                biased;
                _ = frames.tick() => {
                    budget = MOST_MESSAGES;
                    self.tick()
                }
                heard = self.talk.call.line.hear() => self.on_heard(&heard),
                received = next(&mut self.socket), if budget > 0 => {
                    budget -= 1;
                    self.on_received(received)
                }
            };
            let end = match next {
                Next::GoOn => continue,
                Next::Lost(why) => self.lost(why).await,
                Next::Goodbye => Some(self.play_out().await),
                Next::End(end) => Some(end),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn start(&mut self) {
        self.began_ms = self.talk.call.line.now_ms();
        let mut parameters = self.facts.parameters();
        if self.renewed {
            parameters.insert("reconnected".to_owned(), "true".to_owned());
        }
        let start = self.writer.start(&parameters);
        self.send(start);
    }

    fn on_heard(&mut self, heard: &Heard) -> Next {
        match *heard {
            Heard::Audio(ref samples) => {
                if !self.talk.away {
                    self.pass_on(samples);
                }
            }
            Heard::SpeechStarted { at_ms } => self.talk.speaking = Some(at_ms),
            Heard::SpeechEnded { at_ms } => self.listened(at_ms),
            Heard::Gone => {
                self.listened(self.talk.call.line.now_ms());
                return Next::End(EngineEnd::CallerGone);
            }
            Heard::Digit { digit, .. } => {
                let is_for_the_bot = !self.talk.away && !self.talk.is_choice(digit);
                self.talk.take(heard);
                if is_for_the_bot {
                    let dtmf = self.writer.dtmf(digit);
                    self.send(dtmf);
                }
            }
            Heard::Parted => {
                self.talk.take(heard);
                // It may have left while nobody listened to it.
                if self.socket.is_none() {
                    return Next::Lost(EngineFault::Lost);
                }
            }
            Heard::Held | Heard::Resumed | Heard::Joined | Heard::RecordingStopped(_) => {
                self.talk.take(heard);
            }
        }
        Next::GoOn
    }

    fn pass_on(&mut self, samples: &[i16]) {
        let at_ms = self.talk.call.line.now_ms().saturating_sub(self.began_ms);
        let media = self.writer.media(samples, at_ms);
        self.send(media);
    }

    /// What a bot does not take in is dropped.
    fn send(&mut self, message: String) {
        let fits = self
            .socket
            .as_mut()
            .is_none_or(|socket| socket.push(message));
        if !fits && !std::mem::replace(&mut self.told.slow, true) {
            self.talk.moment(Moment::EngineSlow);
        }
    }

    fn listened(&mut self, end_ms: u64) {
        if let Some(span) = self.talk.listened(end_ms) {
            self.lines.sounded(Speaker::Caller, span);
        }
    }

    fn on_received(&mut self, received: Received) -> Next {
        match received {
            Received::Text(text) => match wire::read(&text) {
                Ok(message) => self.on_message(message),
                Err(_) => self.nonsense(),
            },
            Received::Binary => self.nonsense(),
            // While nobody listens to it, a bot may come and go.
            Received::Goodbye => {
                self.socket = None;
                if !self.talk.away {
                    return Next::Goodbye;
                }
            }
            Received::Lost(why) => {
                self.socket = None;
                if !self.talk.away {
                    return Next::Lost(why);
                }
            }
        }
        Next::GoOn
    }

    fn on_message(&mut self, message: FromBot) {
        let line = &self.talk.call.line;
        match message {
            FromBot::Media(samples) => {
                let full = self.playout.push(line, samples).is_err();
                if full && !std::mem::replace(&mut self.told.overflow, true) {
                    self.talk.moment(Moment::EngineOverflow);
                }
            }
            FromBot::Mark(name) => {
                if self.playout.mark(line, name).is_err() {
                    self.nonsense();
                }
            }
            FromBot::Clear => {
                let (span, marks) = self.playout.clear(line);
                if let Some(span) = span {
                    self.lines.sounded(Speaker::Agent, span);
                    self.talk.moment(Moment::Interrupted);
                }
                self.answer(marks);
            }
            FromBot::Transcript(said) => self.transcribed(said),
        }
    }

    fn transcribed(&mut self, said: Transcript) {
        let now_ms = self.talk.call.line.now_ms();
        let at = |ms: u64| self.began_ms.saturating_add(ms).min(now_ms);
        let when = said.start_ms.map(|start| {
            let start_ms = at(start);
            let end_ms = said.end_ms.map_or(start_ms, at).max(start_ms);
            Span { start_ms, end_ms }
        });
        // A bot may understand before the caller has been quiet for long enough to be done.
        let still = self
            .talk
            .speaking
            .filter(|_| said.speaker == Speaker::Caller);
        let still = still.map(|start_ms| Span {
            start_ms,
            end_ms: now_ms.max(start_ms),
        });
        let when = when.or(still);
        self.lines.said(said.speaker, said.text, when, now_ms);
    }

    fn nonsense(&mut self) {
        if !std::mem::replace(&mut self.told.nonsense, true) {
            self.talk.moment(Moment::EngineNonsense);
        }
    }

    fn answer(&mut self, marks: Vec<String>) {
        for name in marks {
            let mark = self.writer.mark(&name);
            self.send(mark);
        }
    }

    /// Every 20 ms: what has sounded by now, and whether the bot is still there.
    fn tick(&mut self) -> Next {
        let reached = self.playout.tick(&self.talk.call.line);
        self.answer(reached);
        let line = &self.talk.call.line;
        if line.progress().said > 0 && !std::mem::replace(&mut self.told.first_audio, true) {
            self.talk.moment(Moment::FirstAudio);
        }
        if let Some(span) = line
            .finished()
            .filter(|span| span.end_ms > self.sounded_to_ms)
        {
            self.sounded_to_ms = span.end_ms;
            self.lines.sounded(Speaker::Agent, span);
        }
        self.lines.tick(line.now_ms());
        let Some(Err(why)) = self.socket.as_mut().map(Socket::check) else {
            return Next::GoOn;
        };
        self.on_received(Received::Lost(why))
    }

    /// What a bot that left had still to say.
    async fn play_out(&mut self) -> EngineEnd {
        self.playout.finish(&self.talk.call.line);
        let mut drained = std::pin::pin!(self.talk.call.line.drained());
        loop {
            tokio::select! {
                _ = &mut drained => return EngineEnd::Goodbye,
                heard = self.talk.call.line.hear() => {
                    if let Next::End(end) = self.on_heard(&heard) {
                        return end;
                    }
                }
            }
        }
    }

    /// Reaches the bot once more, while the caller waits; none if it is back.
    async fn lost(&mut self, why: EngineFault) -> Option<EngineEnd> {
        self.talk.moment(Moment::EngineLost(why));
        if std::mem::replace(&mut self.renewed, true) {
            return Some(EngineEnd::Failed(why));
        }
        let (door, stream, token) = (self.door.clone(), self.stream.clone(), self.token.clone());
        let mut again =
            std::pin::pin!(async move { connect(&door, &stream, token.as_ref()).await });
        let reached = loop {
            tokio::select! {
                reached = &mut again => break reached,
                heard = self.talk.call.line.hear() => {
                    if let Next::End(end) = self.on_heard(&heard) {
                        return Some(end);
                    }
                }
            }
        };
        match reached {
            Ok(socket) => {
                self.socket = Some(socket);
                self.writer = Writer::new(self.facts.call.as_uuid());
                self.playout.forget_marks();
                self.talk.moment(Moment::EngineBack);
                self.start();
                None
            }
            Err(why) => Some(EngineEnd::Failed(why)),
        }
    }

    async fn end(mut self) {
        let line = &self.talk.call.line;
        if let Some(span) = line.clear() {
            self.lines.sounded(Speaker::Agent, span);
        }
        self.lines.end();
        let stop = self.writer.stop();
        if let Some(socket) = self.socket.take() {
            socket.close(Some(stop)).await;
        }
    }
}

async fn next(socket: &mut Option<Socket>) -> Received {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}
