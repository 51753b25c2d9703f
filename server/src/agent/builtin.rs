//! The built-in engine: greets, listens, asks twice whether anyone is there, says goodbye.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::{AgentCall, EngineEnd, Keep, Moment, Speaker, Spoken, Words};
use crate::media::{Digit, Heard, Span};

/// How often it asks before it says goodbye.
const PROMPTS: u8 = 2;

pub(super) async fn run(call: AgentCall, limit: Duration) -> EngineEnd {
    let mut talk = Talk::begin(call);
    if let Ok(end) = timeout(limit, talk.hold()).await {
        return end;
    }
    talk.moment(Moment::TimeUp);
    EngineEnd::TimeUp
}

/// One conversation.
struct Talk {
    call: AgentCall,
    /// Since when the caller speaks.
    speaking: Option<u64>,
    held: bool,
    /// With someone else.
    away: bool,
    prompts: u8,
    /// When somebody last said something.
    last: Instant,
}

/// How a sentence ended.
enum Said {
    Whole,
    CutOff,
    CallerGone,
}

/// Whether the caller may talk over a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    ToTheEnd,
    UntilInterrupted,
}

impl Talk {
    fn begin(call: AgentCall) -> Self {
        call.line.keep_digits(call.behaviour.keep_digits);
        Self {
            call,
            speaking: None,
            held: false,
            away: false,
            prompts: 0,
            last: Instant::now(),
        }
    }

    async fn hold(&mut self) -> EngineEnd {
        if !self.begin_recording().await {
            return EngineEnd::CallerGone;
        }
        let manner = if self.call.behaviour.interruptible {
            Manner::UntilInterrupted
        } else {
            Manner::ToTheEnd
        };
        let first = self.call.behaviour.first_message.clone();
        if !self.prepare(&first).await || matches!(self.say(&first, manner).await, Said::CallerGone)
        {
            return EngineEnd::CallerGone;
        }
        loop {
            let quiet_at = self.last + self.call.behaviour.silence;
            tokio::select! {
                heard = self.call.line.hear() => if !self.take(&heard) {
                    return EngineEnd::CallerGone;
                },
                () = sleep_until(quiet_at), if self.is_waiting() => {
                    if let Some(end) = self.nobody_spoke().await {
                        return end;
                    }
                }
            }
        }
    }

    /// Makes the sound of the first message and takes in what was heard meanwhile: a "hello?" into
    /// the silence before the greeting is no reason not to greet. False if the caller left.
    async fn prepare(&mut self, first: &str) -> bool {
        self.call
            .voice
            .say(first, &self.call.behaviour.language)
            .await;
        while let Some(heard) = self.call.line.heard() {
            if !self.take(&heard) {
                return false;
            }
        }
        true
    }

    /// Nothing is kept before the notice has been said to its end. False if the caller left.
    async fn begin_recording(&mut self) -> bool {
        match self.call.behaviour.recording.clone() {
            Keep::Nothing => return true,
            Keep::Everything => {}
            Keep::AfterNotice(notice) => {
                if matches!(self.say(&notice, Manner::ToTheEnd).await, Said::CallerGone) {
                    return false;
                }
            }
        }
        self.call.line.record(self.call.recording.clone());
        self.moment(Moment::RecordingStarted);
        true
    }

    /// While the caller speaks or holds, nobody is missed.
    fn is_waiting(&self) -> bool {
        self.speaking.is_none() && !self.held && !self.away
    }

    async fn nobody_spoke(&mut self) -> Option<EngineEnd> {
        if self.prompts < PROMPTS {
            self.prompts += 1;
            self.moment(Moment::SilencePrompt(self.prompts));
            let prompt = self.call.behaviour.silence_prompt.clone();
            let said = self.say(&prompt, Manner::UntilInterrupted).await;
            return matches!(said, Said::CallerGone).then_some(EngineEnd::CallerGone);
        }
        self.moment(Moment::Goodbye);
        let goodbye = self.call.behaviour.goodbye.clone();
        match self.say(&goodbye, Manner::UntilInterrupted).await {
            Said::Whole => Some(EngineEnd::Goodbye),
            Said::CutOff => None,
            Said::CallerGone => Some(EngineEnd::CallerGone),
        }
    }

    async fn say(&mut self, text: &str, manner: Manner) -> Said {
        let sound = self
            .call
            .voice
            .say(text, &self.call.behaviour.language)
            .await;
        self.call.line.speak(sound);
        let mut drained = std::pin::pin!(self.call.line.drained());
        loop {
            tokio::select! {
                span = &mut drained => {
                    self.spoken(Words::Text(text.to_owned()), span);
                    self.last = Instant::now();
                    return if self.call.line.is_over() { Said::CallerGone } else { Said::Whole };
                }
                heard = self.call.line.hear() => {
                    let begins = matches!(heard, Heard::SpeechStarted { .. } | Heard::Digit { .. });
                    if !self.take(&heard) {
                        let span = self.call.line.clear();
                        self.spoken(Words::CutOff(text.to_owned()), span);
                        return Said::CallerGone;
                    }
                    if begins && manner == Manner::UntilInterrupted {
                        let span = self.call.line.clear();
                        self.spoken(Words::CutOff(text.to_owned()), span);
                        self.moment(Moment::Interrupted);
                        return Said::CutOff;
                    }
                }
            }
        }
    }

    /// Takes note of what was heard; false if the caller is gone.
    fn take(&mut self, heard: &Heard) -> bool {
        match *heard {
            Heard::Audio(_) => return true,
            Heard::SpeechStarted { at_ms } => self.speaking = Some(at_ms),
            Heard::SpeechEnded { at_ms } => self.listened(at_ms),
            Heard::Digit { digit, at_ms } => self.pressed(digit, at_ms),
            Heard::Held => {
                self.held = true;
                self.moment(Moment::Held);
            }
            Heard::Resumed => {
                // Told also when a call begins; only a hold can end.
                if std::mem::take(&mut self.held) {
                    self.moment(Moment::Resumed);
                }
            }
            // With someone else: nobody is missed until the caller is back.
            Heard::Joined => self.away = true,
            Heard::Parted => self.away = false,
            Heard::RecordingStopped(why) => {
                self.moment(Moment::RecordingStopped(why));
                return true;
            }
            Heard::Gone => {
                self.listened(self.call.line.now_ms());
                return false;
            }
        }
        self.prompts = 0;
        self.last = Instant::now();
        true
    }

    fn listened(&mut self, end_ms: u64) {
        if let Some(start_ms) = self.speaking.take() {
            let span = Span {
                start_ms,
                end_ms: end_ms.max(start_ms),
            };
            self.call.journal.spoken(Spoken {
                speaker: Speaker::Caller,
                words: Words::Unintelligible,
                span,
            });
        }
    }

    /// A key of the menu hands the call on; every other one is masked unless the agent keeps them.
    /// Somebody who is with a person already presses keys for that person.
    fn pressed(&self, digit: Digit, at_ms: u64) {
        let chosen = !self.away && self.call.menu.keys.contains(&digit.as_char());
        if chosen {
            // Nobody listens once the call ends.
            let _ = self.call.menu.choose.send(digit.as_char());
        }
        let key = (chosen || self.call.behaviour.keep_digits).then_some(digit);
        let span = Span {
            start_ms: at_ms,
            end_ms: at_ms,
        };
        self.call.journal.spoken(Spoken {
            speaker: Speaker::Caller,
            words: Words::Key(key),
            span,
        });
    }

    /// A sentence of which nothing sounded was not said.
    fn spoken(&self, words: Words, span: Option<Span>) {
        if let Some(span) = span {
            self.call.journal.spoken(Spoken {
                speaker: Speaker::Agent,
                words,
                span,
            });
        }
    }

    fn moment(&self, moment: Moment) {
        self.call.journal.moment(moment, self.call.line.now_ms());
    }
}
