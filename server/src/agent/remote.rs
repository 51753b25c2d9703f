//! A conversation with an engine elsewhere, whatever protocol it speaks: what is heard and what
//! sounds, both bounded; the engine lost and reached again; things that are told once.

use std::time::Duration;

use app::domain::engine::EngineFault;
use futures_util::future::BoxFuture;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::lines::Lines;
use super::playout::Playout;
use super::socket::{Received, Socket};
use super::talk::Talk;
use super::{AgentCall, EngineEnd, Moment, Speaker};
use crate::media::{Heard, Span};

/// Messages that are read in one frame; a flood must not hold up the calls beside it.
const MOST_MESSAGES: u32 = 500;
/// How often what sounds is looked at.
const FRAME: Duration = Duration::from_millis(20);

/// One conversation.
pub(super) struct Remote {
    pub(super) talk: Talk,
    /// None while the engine is lost.
    pub(super) socket: Option<Socket>,
    pub(super) playout: Playout,
    pub(super) lines: Lines,
    /// When what the engine hears began, on the line's clock.
    pub(super) began_ms: u64,
    /// It was lost and reached again already.
    pub(super) renewed: bool,
    frames: Interval,
    budget: u32,
    told: Told,
    /// The end of what sounded of the engine and has been noted.
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

/// What there is to do next.
enum Turn {
    /// 20 ms have passed.
    Frame,
    Heard(Heard),
    Received(Received),
}

/// What a turn comes to.
pub(super) enum Next {
    GoOn,
    Lost(EngineFault),
    /// The engine has said all it had to say.
    Goodbye,
    End(EngineEnd),
}

/// A conversation in one protocol.
pub(super) trait Conversation {
    fn remote(&mut self) -> &mut Remote;

    /// The caller is there: it begins, or begins again.
    fn start(&mut self);

    /// Reaches the engine once more.
    fn again(&self) -> BoxFuture<'static, Result<Socket, EngineFault>>;

    fn on_frame(&mut self) -> Next;

    fn on_heard(&mut self, heard: &Heard) -> Next;

    fn on_received(&mut self, received: Received) -> Next;
}

/// Lets engine and caller talk until one of them leaves.
pub(super) async fn hold(conversation: &mut impl Conversation) -> EngineEnd {
    let talk = &mut conversation.remote().talk;
    if !talk.begin_recording().await {
        return EngineEnd::CallerGone;
    }
    talk.call.line.want_audio();
    conversation.start();
    loop {
        let next = match conversation.remote().turn().await {
            Turn::Frame => conversation.on_frame(),
            Turn::Heard(heard) => conversation.on_heard(&heard),
            Turn::Received(received) => conversation.on_received(received),
        };
        match next {
            Next::GoOn => {}
            Next::Goodbye => return conversation.remote().play_out().await,
            Next::End(end) => return end,
            Next::Lost(why) => {
                let again = conversation.again();
                if let Err(end) = conversation.remote().renew(why, again).await {
                    return end;
                }
                conversation.start();
            }
        }
    }
}

impl Remote {
    pub(super) fn begin(call: AgentCall, socket: Socket) -> Self {
        let lines = Lines::new(call.journal.clone());
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self {
            talk: Talk::begin(call),
            socket: Some(socket),
            playout: Playout::default(),
            lines,
            began_ms: 0,
            renewed: false,
            frames,
            budget: MOST_MESSAGES,
            told: Told::default(),
            sounded_to_ms: 0,
        }
    }

    /// Waits for something to do.
    async fn turn(&mut self) -> Turn {
        tokio::select! {
            biased;
            _ = self.frames.tick() => {
                self.budget = MOST_MESSAGES;
                Turn::Frame
            }
            heard = self.talk.call.line.hear() => Turn::Heard(heard),
            received = next(&mut self.socket), if self.budget > 0 => {
                self.budget -= 1;
                Turn::Received(received)
            }
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.talk.call.line.now_ms()
    }

    /// What an engine does not take in is dropped; whether it was not.
    pub(super) fn send(&mut self, message: String) -> bool {
        let fits = self
            .socket
            .as_mut()
            .is_none_or(|socket| socket.push(message));
        if !fits && !std::mem::replace(&mut self.told.slow, true) {
            self.talk.moment(Moment::EngineSlow);
        }
        fits
    }

    /// Lets the engine's sound be heard.
    pub(super) fn play(&mut self, samples: Vec<i16>) {
        let full = self.playout.push(&self.talk.call.line, samples).is_err();
        if full && !std::mem::replace(&mut self.told.overflow, true) {
            self.talk.moment(Moment::EngineOverflow);
        }
    }

    pub(super) fn nonsense(&mut self) {
        if !std::mem::replace(&mut self.told.nonsense, true) {
            self.talk.moment(Moment::EngineNonsense);
        }
    }

    /// What has not sounded yet is not to; the marks that are answered by it.
    pub(super) fn clear(&mut self) -> Vec<String> {
        let (span, marks) = self.playout.clear(&self.talk.call.line);
        if let Some(span) = span {
            self.lines.sounded(Speaker::Agent, span);
            self.talk.moment(Moment::Interrupted);
        }
        marks
    }

    /// Takes note of everything but the caller's audio.
    pub(super) fn on_heard(&mut self, heard: &Heard) -> Next {
        match *heard {
            Heard::Audio { .. } => {}
            Heard::SpeechStarted { at_ms } => self.talk.speaking = Some(at_ms),
            Heard::SpeechEnded { at_ms } => self.listened(at_ms),
            Heard::Gone => {
                self.listened(self.now_ms());
                return Next::End(EngineEnd::CallerGone);
            }
            Heard::Parted => {
                self.talk.take(heard);
                // It may have left while nobody listened to it.
                if self.socket.is_none() {
                    return Next::Lost(EngineFault::Lost);
                }
            }
            Heard::Digit { .. }
            | Heard::Held
            | Heard::Resumed
            | Heard::Joined
            | Heard::RecordingStopped(_) => {
                self.talk.take(heard);
            }
        }
        Next::GoOn
    }

    fn listened(&mut self, end_ms: u64) {
        if let Some(span) = self.talk.listened(end_ms) {
            self.lines.sounded(Speaker::Caller, span);
        }
    }

    /// The connection has ended. While nobody listens to it, an engine may come and go.
    pub(super) fn ended(&mut self, next: Next) -> Next {
        self.socket = None;
        if self.talk.away { Next::GoOn } else { next }
    }

    /// Every 20 ms: what has sounded by now, whether the engine is still there. The marks that
    /// have been reached.
    pub(super) fn frame(&mut self) -> (Next, Vec<String>) {
        let line = &self.talk.call.line;
        let reached = self.playout.tick(line);
        if line.progress().said > 0 && !std::mem::replace(&mut self.told.first_audio, true) {
            self.talk.moment(Moment::FirstAudio);
        }
        let line = &self.talk.call.line;
        let finished = line.finished();
        if let Some(span) = finished.filter(|span| span.end_ms > self.sounded_to_ms) {
            self.sounded_to_ms = span.end_ms;
            self.lines.sounded(Speaker::Agent, span);
        }
        self.lines.tick(self.talk.call.line.now_ms());
        let next = match self.socket.as_mut().map(Socket::check) {
            Some(Err(why)) => self.ended(Next::Lost(why)),
            Some(Ok(())) | None => Next::GoOn,
        };
        (next, reached)
    }

    /// When something was said, as the engine counts milliseconds.
    pub(super) fn span(&self, start_ms: u64, end_ms: u64) -> Span {
        let now_ms = self.now_ms();
        let at = |ms: u64| self.began_ms.saturating_add(ms).min(now_ms);
        Span {
            start_ms: at(start_ms),
            end_ms: at(end_ms.max(start_ms)),
        }
    }

    /// What an engine that left had still to say.
    pub(super) async fn play_out(&mut self) -> EngineEnd {
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

    /// Takes the engine that is reached once more, while the caller waits; or how the call ends.
    async fn renew(
        &mut self,
        why: EngineFault,
        again: impl Future<Output = Result<Socket, EngineFault>>,
    ) -> Result<(), EngineEnd> {
        self.talk.moment(Moment::EngineLost(why));
        if std::mem::replace(&mut self.renewed, true) {
            return Err(EngineEnd::Failed(why));
        }
        let mut again = std::pin::pin!(again);
        let reached = loop {
            tokio::select! {
                reached = &mut again => break reached,
                heard = self.talk.call.line.hear() => {
                    if let Next::End(end) = self.on_heard(&heard) {
                        return Err(end);
                    }
                }
            }
        };
        self.socket = Some(reached.map_err(EngineEnd::Failed)?);
        self.playout.forget_marks();
        self.talk.moment(Moment::EngineBack);
        Ok(())
    }

    /// The call has lasted as long as it may.
    pub(super) fn time_up(&self) -> EngineEnd {
        self.talk.moment(Moment::TimeUp);
        EngineEnd::TimeUp
    }

    /// The last words, and the connection closed behind them.
    pub(super) async fn end(mut self, last: Option<String>) {
        if let Some(span) = self.talk.call.line.clear() {
            self.lines.sounded(Speaker::Agent, span);
        }
        self.lines.end();
        if let Some(socket) = self.socket.take() {
            socket.close(last).await;
        }
    }
}

async fn next(socket: &mut Option<Socket>) -> Received {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}
