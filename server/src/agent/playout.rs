//! What an engine elsewhere sends to be heard: bounded, begun with a little in hand, and the marks in between.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::media::codec::SAMPLE_RATE;
use crate::media::{Line, Span};

/// As much sound may wait to be heard: the longest answer, sent at once.
const MOST_WAITING: u64 = 120 * SAMPLE_RATE as u64;
/// As many marks may wait.
const MOST_MARKS: usize = 1_000;
/// As much is in hand before anything sounds, so that a bot that sends in real time may be a
/// little late with the next piece.
const HEAD_START: usize = 60 * SAMPLE_RATE as usize / 1_000;
/// A bot that has no more is not waited for.
const HEAD_START_WITHIN: Duration = Duration::from_millis(60);

/// The way of a bot's sound to the line.
#[derive(Default)]
pub(super) struct Playout {
    /// The beginning of something, not yet enough of it.
    head: Vec<i16>,
    since: Option<Instant>,
    /// How much has been given to the line, and the marks behind so much of it.
    marks: VecDeque<(u64, String)>,
}

/// There was no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Playout {
    /// Takes sound in.
    pub(super) fn push(&mut self, line: &Line, samples: Vec<i16>) -> Result<(), Full> {
        let waiting = line.progress().waiting();
        if waiting + (self.head.len() + samples.len()) as u64 > MOST_WAITING {
            return Err(Full);
        }
        if waiting > 0 && self.head.is_empty() {
            line.speak(samples.into());
            return Ok(());
        }
        self.since.get_or_insert_with(Instant::now);
        self.head.extend(samples);
        if self.head.len() >= HEAD_START {
            self.begin(line);
        }
        Ok(())
    }

    /// How much was pushed in all, as the line counts.
    pub(super) fn given(&self, line: &Line) -> u64 {
        line.progress().given + self.head.len() as u64
    }

    /// Remembers a mark behind everything so far.
    pub(super) fn mark(&mut self, line: &Line, name: String) -> Result<(), Full> {
        if self.marks.len() >= MOST_MARKS {
            return Err(Full);
        }
        let behind = self.given(line);
        self.marks.push_back((behind, name));
        Ok(())
    }

    /// Lets a short beginning sound, and answers the marks that have been reached.
    pub(super) fn tick(&mut self, line: &Line) -> Vec<String> {
        let late = |since: Instant| since.elapsed() >= HEAD_START_WITHIN;
        if self.since.is_some_and(late) {
            self.begin(line);
        }
        let said = line.progress().said;
        let reached = self.marks.partition_point(|(behind, _)| *behind <= said);
        self.marks.drain(..reached).map(|(_, name)| name).collect()
    }

    /// Says no more: when the part that sounded did, and every mark, reached or not.
    pub(super) fn clear(&mut self, line: &Line) -> (Option<Span>, Vec<String>) {
        self.head.clear();
        self.since = None;
        let marks = self.marks.drain(..).map(|(_, name)| name).collect();
        (line.clear(), marks)
    }

    /// Everything that is in hand, at once: nothing more comes.
    pub(super) fn finish(&mut self, line: &Line) {
        self.begin(line);
    }

    /// Whoever set them is gone.
    pub(super) fn forget_marks(&mut self) {
        self.marks.clear();
    }

    fn begin(&mut self, line: &Line) {
        self.since = None;
        let head: Arc<[i16]> = std::mem::take(&mut self.head).into();
        line.speak(head);
    }
}
