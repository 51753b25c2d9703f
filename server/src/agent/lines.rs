//! Who spoke when, and in which words if anybody says so: an engine elsewhere tells words apart
//! from sound, if it tells any.

use std::sync::Arc;

use super::{Journal, Speaker, Spoken, Words};
use crate::media::Span;

/// A pause that does not end what somebody says.
const PAUSE_MS: u64 = 700;
/// How long words may come after the sound.
const PATIENCE_MS: u64 = 3_000;

/// Both sides of one conversation.
pub(super) struct Lines {
    journal: Arc<dyn Journal>,
    caller: Side,
    agent: Side,
}

#[derive(Default)]
struct Side {
    /// Sound that has no words yet.
    sound: Option<Span>,
    /// The engine tells this side's words, so sound alone is no line.
    has_words: bool,
}

impl Lines {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self {
            journal,
            caller: Side::default(),
            agent: Side::default(),
        }
    }

    /// One side was heard.
    pub(super) fn sounded(&mut self, speaker: Speaker, span: Span) {
        let side = self.side(speaker);
        match &mut side.sound {
            Some(before) if span.start_ms < before.end_ms + PAUSE_MS => {
                before.end_ms = before.end_ms.max(span.end_ms);
            }
            _ => {
                let before = side.sound.replace(span);
                self.without_words(speaker, before);
            }
        }
    }

    /// One side's words; they belong to what was heard of it last unless a time is said.
    pub(super) fn said(&mut self, speaker: Speaker, text: String, when: Option<Span>, now_ms: u64) {
        let side = self.side(speaker);
        side.has_words = true;
        let sound = side.sound.take();
        let now = Span {
            start_ms: now_ms,
            end_ms: now_ms,
        };
        self.journal.spoken(Spoken {
            speaker,
            words: Words::Text(text),
            span: when.or(sound).unwrap_or(now),
        });
    }

    /// Time has passed: what still has no words will have none.
    pub(super) fn tick(&mut self, now_ms: u64) {
        for speaker in [Speaker::Caller, Speaker::Agent] {
            let side = self.side(speaker);
            let late = |span: &mut Span| span.end_ms + PATIENCE_MS < now_ms;
            let sound = if side.has_words {
                None
            } else {
                side.sound.take_if(late)
            };
            self.without_words(speaker, sound);
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) {
        for speaker in [Speaker::Caller, Speaker::Agent] {
            let sound = self.side(speaker).sound.take();
            self.without_words(speaker, sound);
        }
    }

    fn without_words(&mut self, speaker: Speaker, sound: Option<Span>) {
        let Some(span) = sound.filter(|_| !self.side(speaker).has_words) else {
            return;
        };
        self.journal.spoken(Spoken {
            speaker,
            words: Words::Unintelligible,
            span,
        });
    }

    fn side(&mut self, speaker: Speaker) -> &mut Side {
        match speaker {
            Speaker::Caller => &mut self.caller,
            Speaker::Agent => &mut self.agent,
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::agent::Moment;

    #[derive(Default)]
    struct Notes(Mutex<Vec<(Speaker, Words, u64, u64)>>);

    impl Journal for Notes {
        fn spoken(&self, line: Spoken) {
            let Span { start_ms, end_ms } = line.span;
            self.0
                .lock()
                .push((line.speaker, line.words, start_ms, end_ms));
        }

        fn moment(&self, _: Moment, _: u64) {}
    }

    fn span(start_ms: u64, end_ms: u64) -> Span {
        Span { start_ms, end_ms }
    }

    #[test]
    fn words_take_the_time_of_the_sound_they_belong_to() {
        let notes = Arc::new(Notes::default());
        let mut lines = Lines::new(notes.clone());
        lines.sounded(Speaker::Agent, span(100, 400));
        lines.sounded(Speaker::Agent, span(500, 900));
        lines.said(Speaker::Agent, "hello".to_owned(), None, 1_000);
        lines.said(Speaker::Caller, "yes".to_owned(), None, 1_500);
        lines.said(Speaker::Caller, "no".to_owned(), Some(span(7, 8)), 1_600);
        let text = |text: &str| Words::Text(text.to_owned());
        assert_eq!(
            *notes.0.lock(),
            [
                (Speaker::Agent, text("hello"), 100, 900),
                (Speaker::Caller, text("yes"), 1_500, 1_500),
                (Speaker::Caller, text("no"), 7, 8),
            ]
        );
    }

    #[test]
    fn sound_without_words_is_a_line_unless_the_engine_tells_words() {
        let notes = Arc::new(Notes::default());
        let mut lines = Lines::new(notes.clone());
        lines.sounded(Speaker::Caller, span(100, 400));
        lines.tick(3_000);
        assert!(notes.0.lock().is_empty(), "words may still come");
        lines.tick(3_500);
        lines.sounded(Speaker::Caller, span(4_000, 4_100));
        lines.sounded(Speaker::Caller, span(6_000, 6_100));
        lines.said(Speaker::Caller, "six".to_owned(), None, 6_200);
        lines.sounded(Speaker::Caller, span(8_000, 8_100));
        lines.tick(60_000);
        lines.end();
        let told: Vec<u64> = notes.0.lock().iter().map(|line| line.2).collect();
        assert_eq!(told, [100, 4_000, 6_000]);
    }
}
