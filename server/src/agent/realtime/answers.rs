//! What the model answers, on its way to the caller's ear: which answer sounds, how much of it has
//! been heard, and its words, which become a line once it has sounded.

use crate::media::codec::SAMPLE_RATE;
use crate::media::{Progress, Span};

/// As many answers are remembered; of older ones nothing more comes.
const MOST: usize = 50;

/// The answers of one session, oldest first.
#[derive(Default)]
pub(super) struct Answers(Vec<Answer>);

struct Answer {
    item: String,
    part: u64,
    /// Where it lies in what the line was given.
    from: u64,
    to: u64,
    began_ms: Option<u64>,
    ended_ms: Option<u64>,
    complete: bool,
    cut: bool,
    words: Option<String>,
}

/// An answer that was cut off: how much of it was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) item: String,
    pub(super) part: u64,
    pub(super) heard_ms: u64,
}

impl Answers {
    /// A piece of sound; false if the answer was cut off, so that it is not to be heard.
    pub(super) fn piece(&mut self, item: &str, part: u64, at: u64, samples: u64) -> bool {
        if let Some(answer) = self.of(item) {
            answer.to = at + samples;
            return !answer.cut;
        }
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(Answer {
            item: item.to_owned(),
            part,
            from: at,
            to: at + samples,
            began_ms: None,
            ended_ms: None,
            complete: false,
            cut: false,
            words: None,
        });
        true
    }

    /// No more sound of it comes.
    pub(super) fn complete(&mut self, item: &str) {
        if let Some(answer) = self.of(item) {
            answer.complete = true;
        }
    }

    /// Its words. Given back at once if it has sounded already, or never will.
    pub(super) fn words(&mut self, item: &str, words: String) -> Option<(String, Option<Span>)> {
        match self.of(item) {
            Some(answer) if answer.ended_ms.is_none() => {
                answer.words = Some(words);
                None
            }
            Some(answer) => Some((words, answer.span())),
            None => Some((words, None)),
        }
    }

    /// Time has passed: the words of answers that have sounded to their end.
    pub(super) fn tick(&mut self, progress: Progress, now_ms: u64) -> Vec<(String, Option<Span>)> {
        let mut said = Vec::new();
        for answer in &mut self.0 {
            if answer.began_ms.is_none() && progress.said > answer.from {
                answer.began_ms = Some(now_ms);
            }
            let sounded = answer.complete && progress.said >= answer.to;
            if sounded && answer.ended_ms.is_none() {
                answer.ended_ms = Some(now_ms);
                said.extend(answer.words.take().map(|words| (words, answer.span())));
            }
        }
        said
    }

    /// The caller interrupts: what is sounding or waits to is cut off. Their words so far.
    pub(super) fn cut(
        &mut self,
        progress: Progress,
        now_ms: u64,
    ) -> (Vec<Cut>, Vec<(String, Option<Span>)>) {
        let (mut cuts, mut said) = (Vec::new(), Vec::new());
        for answer in self.0.iter_mut().filter(|one| one.ended_ms.is_none()) {
            let heard = progress.said.min(answer.to).saturating_sub(answer.from);
            answer.cut = true;
            answer.ended_ms = Some(now_ms);
            cuts.push(Cut {
                item: answer.item.clone(),
                part: answer.part,
                heard_ms: heard * 1_000 / u64::from(SAMPLE_RATE),
            });
            said.extend(answer.words.take().map(|words| (words, answer.span())));
        }
        (cuts, said)
    }

    fn of(&mut self, item: &str) -> Option<&mut Answer> {
        self.0.iter_mut().find(|answer| answer.item == item)
    }
}

impl Answer {
    fn span(&self) -> Option<Span> {
        let (start_ms, end_ms) = (self.began_ms?, self.ended_ms?);
        Some(Span { start_ms, end_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(said: u64) -> Progress {
        Progress {
            given: 16_000,
            said,
        }
    }

    #[test]
    fn words_wait_for_their_sound() {
        let mut answers = Answers::default();
        assert!(answers.piece("a", 0, 0, 8_000));
        assert_eq!(answers.words("a", "hello".to_owned()), None);
        assert!(answers.tick(said(160), 20).is_empty());
        answers.complete("a");
        assert!(answers.tick(said(7_840), 980).is_empty());
        let span = Span {
            start_ms: 20,
            end_ms: 1_000,
        };
        let heard = answers.tick(said(8_000), 1_000);
        assert_eq!(heard, [("hello".to_owned(), Some(span))]);
        assert_eq!(answers.cut(said(8_000), 1_100).0, []);
    }

    #[test]
    fn an_interruption_says_how_much_was_heard() {
        let mut answers = Answers::default();
        answers.piece("a", 0, 0, 8_000);
        answers.piece("a", 0, 8_000, 8_000);
        answers.tick(said(160), 20);
        let (cuts, words) = answers.cut(said(4_000), 500);
        let wanted = Cut {
            item: "a".to_owned(),
            part: 0,
            heard_ms: 500,
        };
        assert_eq!((cuts, words), (vec![wanted], Vec::new()));
        assert!(!answers.piece("a", 0, 4_000, 160), "no more of it is heard");
        let span = Span {
            start_ms: 20,
            end_ms: 500,
        };
        let late = answers.words("a", "he".to_owned());
        assert_eq!(late, Some(("he".to_owned(), Some(span))));
    }
}
