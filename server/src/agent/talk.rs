//! What all engines do alike on a call: keep the recording, say a sentence to its end or until the
//! caller speaks, and take note of what was heard.

use tokio::time::Instant;

use super::{AgentCall, Choice, Keep, Moment, Speaker, Spoken, Words};
use crate::media::{Digit, Heard, Span};

/// One conversation.
pub(super) struct Talk {
    pub(super) call: AgentCall,
    /// Since when the caller speaks.
    pub(super) speaking: Option<u64>,
    pub(super) held: bool,
    /// With someone else.
    pub(super) away: bool,
    /// How often the caller was asked for since anybody said something.
    pub(super) prompts: u8,
    /// When somebody last said something.
    pub(super) last: Instant,
}

/// How a sentence ended.
pub(super) enum Said {
    Whole,
    CutOff,
    CallerGone,
}

/// Whether the caller may talk over a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    ToTheEnd,
    UntilInterrupted,
}

impl Talk {
    pub(super) fn begin(call: AgentCall) -> Self {
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

    /// Nothing is kept before the notice has been said to its end. False if the caller left.
    pub(super) async fn begin_recording(&mut self) -> bool {
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

    pub(super) async fn say(&mut self, text: &str, manner: Manner) -> Said {
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
    pub(super) fn take(&mut self, heard: &Heard) -> bool {
        match *heard {
            Heard::Audio { .. } => return true,
            Heard::SpeechStarted { at_ms } => self.speaking = Some(at_ms),
            Heard::SpeechEnded { at_ms } => {
                if let Some(span) = self.listened(at_ms) {
                    self.unintelligible(span);
                }
            }
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
                if let Some(span) = self.listened(self.call.line.now_ms()) {
                    self.unintelligible(span);
                }
                return false;
            }
        }
        self.prompts = 0;
        self.last = Instant::now();
        true
    }

    /// When the caller spoke who is now quiet.
    pub(super) fn listened(&mut self, end_ms: u64) -> Option<Span> {
        let start_ms = self.speaking.take()?;
        Some(Span {
            start_ms,
            end_ms: end_ms.max(start_ms),
        })
    }

    fn unintelligible(&self, span: Span) {
        self.call.journal.spoken(Spoken {
            speaker: Speaker::Caller,
            words: Words::Unintelligible,
            span,
        });
    }

    /// Whether a key hands the call on. Somebody who is with a person already presses keys for
    /// that person.
    pub(super) fn is_choice(&self, digit: Digit) -> bool {
        !self.away && self.call.menu.keys.contains(&digit.as_char())
    }

    /// A key of the menu hands the call on; every other one is masked unless the agent keeps them.
    fn pressed(&self, digit: Digit, at_ms: u64) {
        let chosen = self.is_choice(digit);
        if chosen {
            // Nobody listens once the call ends.
            let _ = self.call.menu.choose.send(Choice::Key(digit.as_char()));
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

    pub(super) fn moment(&self, moment: Moment) {
        self.call.journal.moment(moment, self.call.line.now_ms());
    }
}
