//! What is still to be said, in order, without copying.

use std::collections::VecDeque;
use std::sync::Arc;

use super::codec::FRAME_MS;
use super::line::Span;

/// A queue of clips and the memory of when it began to sound.
#[derive(Debug, Default)]
pub(super) struct Speech {
    clips: VecDeque<(Arc<[i16]>, usize)>,
    sounding: Option<Span>,
    finished: Option<Span>,
    progress: Progress,
}

/// How far what was to be said has been said, in samples since the line began. What was cleared
/// before it sounded does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// As many were put in.
    pub given: u64,
    /// As many of them have sounded.
    pub said: u64,
}

impl Progress {
    /// As many are still to sound.
    pub fn waiting(&self) -> u64 {
        self.given.saturating_sub(self.said)
    }
}

impl Speech {
    /// Adds a clip.
    pub(super) fn push(&mut self, samples: Arc<[i16]>) {
        if !samples.is_empty() {
            self.finished = None;
            self.progress.given += samples.len() as u64;
            self.clips.push_back((samples, 0));
        }
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Forgets the rest; returns when the part that was said sounded.
    pub(super) fn clear(&mut self) -> Option<Span> {
        self.clips.clear();
        self.progress.given = self.progress.said;
        self.finished = None;
        self.sounding.take()
    }

    /// Whether nothing is left to say.
    pub(super) fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// When what was last said to its end sounded.
    pub(super) fn finished(&self) -> Option<Span> {
        self.finished
    }

    /// Fills `frame` from the queue, silence after its end. True if this was the last of it.
    pub(super) fn fill(&mut self, frame: &mut [i16], now_ms: u64) -> bool {
        if self.clips.is_empty() {
            return false;
        }
        let mut filled = 0;
        while let Some((clip, offset)) = self.clips.front_mut() {
            let rest = &clip[*offset..];
            let count = rest.len().min(frame.len() - filled);
            frame[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            *offset += count;
            if *offset < clip.len() {
                break;
            }
            self.clips.pop_front();
        }
        self.progress.said += filled as u64;
        let start_ms = self.sounding.map_or(now_ms, |span| span.start_ms);
        let span = Span {
            start_ms,
            end_ms: now_ms + FRAME_MS,
        };
        self.sounding = Some(span);
        if self.clips.is_empty() {
            self.finished = self.sounding.take();
        }
        self.clips.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_follow_each_other_without_a_gap() {
        let mut speech = Speech::default();
        speech.push(vec![1; 100].into());
        speech.push(vec![2; 100].into());
        let mut frame = [0; 160];
        assert!(!speech.fill(&mut frame, 40));
        assert_eq!((frame[99], frame[100], frame[159]), (1, 2, 2));
        let mut frame = [0; 160];
        assert!(speech.fill(&mut frame, 60));
        assert_eq!((frame[39], frame[40]), (2, 0));
        assert_eq!(
            speech.finished(),
            Some(Span {
                start_ms: 40,
                end_ms: 80
            })
        );
        assert!(!speech.fill(&mut frame, 80));
    }

    #[test]
    fn clearing_tells_how_far_it_came() {
        let mut speech = Speech::default();
        speech.push(vec![1; 1_600].into());
        assert_eq!(speech.clear(), None, "nothing had sounded yet");
        speech.push(vec![1; 1_600].into());
        speech.fill(&mut [0; 160], 20);
        assert_eq!(
            speech.clear(),
            Some(Span {
                start_ms: 20,
                end_ms: 40
            })
        );
        assert!(speech.is_empty());
        assert_eq!(
            speech.progress(),
            Progress {
                given: 160,
                said: 160
            },
            "what did not sound was never to"
        );
    }
}
