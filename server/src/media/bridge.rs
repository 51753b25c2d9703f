//! Two calls joined, so that each side hears the other.
//!
//! Each leg keeps its own jitter buffer, numbering, reports and timeout; between them go samples
//! and keys, so that codecs, packet lengths and payload types need not agree.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::dtmf::Digit;
use super::frame::{Frame, Rate};
use super::melody::Melody;
use super::ringback::{Ringback, Ringing};
use super::session::Session;
use super::shared::Shared;

/// Frames that may wait between two legs, whose threads need not be in step.
const MOST_FRAMES: usize = 3;

/// Keys that may wait for the other side's next packet.
const MOST_KEYS: usize = 32;

/// Frames without a sound after which a side that holds is taken to play nothing of its own.
const PATIENCE: u32 = 50;

/// A frame whose loudest sample is below this can be left out unheard.
const QUIET: u16 = 200;

/// Two sessions joined. Dropping it parts them: the near one's [`Line`](super::Line) is then
/// with its caller again.
#[derive(Debug)]
pub struct Bridge {
    near: Arc<Shared>,
    far: Arc<Shared>,
    end: End,
}

/// What becomes of the near side's recording when the far side has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenConnected {
    /// It goes on: caller left, whoever the caller talks to right.
    KeepRecording,
    /// It is completed.
    StopRecording,
}

/// What a caller hears who waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// That it rings there.
    Ringing(Ringback),
    /// Music.
    Melody,
}

impl Bridge {
    /// Joins the session of a caller, who is with an agent so far, with another one. The agent's
    /// line hears [`Heard::Joined`](super::Heard::Joined); what it has still to say waits.
    ///
    /// The far side's audio is heard as soon as any comes, which may be before it answers.
    pub fn join(near: &Session, far: &Session) -> Self {
        let (there, back) = (Arc::<Pipe>::default(), Arc::<Pipe>::default());
        let end = End {
            to: Arc::clone(&there),
            from: Arc::clone(&back),
        };
        far.shared().join(End {
            to: back,
            from: there,
        });
        near.shared().join(end.clone());
        Self {
            near: Arc::clone(near.shared()),
            far: Arc::clone(far.shared()),
            end,
        }
    }

    /// Lets the near side hear that it waits, until something is heard of the far side or
    /// [`connected`](Self::connected) says that it has answered.
    pub fn wait(&self, with: Waiting) {
        self.end.from.0.lock().waiting = Some(match with {
            Waiting::Ringing(tone) => Wait::Ringing(Ringing::new(tone)),
            Waiting::Melody => Wait::Melody(Melody::default()),
        });
    }

    /// Lets the near side hear music whenever the far side turns away from it and plays nothing itself.
    pub fn hold_with_music(&self) {
        self.end.from.0.lock().music = Some(Melody::default());
    }

    /// The far side has answered. What was pressed before was for somebody else.
    pub fn connected(&self, then: WhenConnected) {
        self.end.begin();
        if then == WhenConnected::StopRecording {
            self.near.change(|controls| controls.recording = None);
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.near.part(&self.end);
        self.far.part(&self.end);
    }
}

/// One session's end of a bridge.
#[derive(Debug, Clone)]
pub(super) struct End {
    to: Arc<Pipe>,
    from: Arc<Pipe>,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe(Mutex<Stream>);

#[derive(Debug, Default)]
struct Stream {
    frames: VecDeque<Frame>,
    keys: VecDeque<Digit>,
    /// Heard in place of a side that is silent still.
    waiting: Option<Wait>,
    /// Whether the side this comes from holds.
    held: bool,
    /// Whether it does not want to hear the other one.
    away: bool,
    /// Heard then.
    music: Option<Melody>,
    /// Frames since something was heard of it.
    quiet: u32,
}

#[derive(Debug)]
enum Wait {
    Ringing(Ringing),
    Melody(Melody),
}

impl Wait {
    fn fill(&mut self, frame: &mut Frame) {
        match self {
            Self::Ringing(ringing) => ringing.fill(frame),
            Self::Melody(melody) => melody.fill(frame),
        }
    }
}

impl End {
    /// Whether both are ends of the same bridge.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.to, &other.to) || Arc::ptr_eq(&self.to, &other.from)
    }

    /// What was heard here goes to the other side.
    pub(super) fn push(&self, frame: &Frame) {
        let mut stream = self.to.0.lock();
        if frame.iter().all(|sample| *sample == 0) {
            // The other leg fills the gap with faint noise.
            return;
        }
        if !is_quiet(frame) {
            stream.waiting = None;
        }
        if stream.frames.len() == MOST_FRAMES {
            stream.frames.pop_front();
        }
        stream.frames.push_back(frame.clone());
    }

    /// Writes what is to be heard here to `frame`, and returns whether anything is: at the rate of the other
    /// side, but for what is made here, at `rate`.
    pub(super) fn pull(&self, rate: Rate, frame: &mut Frame) -> bool {
        let mut stream = self.from.0.lock();
        let stream = &mut *stream;
        if let Some(waiting) = &mut stream.waiting {
            frame.set_rate(rate);
            waiting.fill(frame);
            stream.frames.clear();
            return true;
        }
        if stream.frames.len() > 1 && stream.frames.front().is_some_and(is_quiet) {
            stream.frames.pop_front();
        }
        let heard = stream.frames.pop_front();
        if heard.as_ref().is_some_and(|frame| !is_quiet(frame)) {
            stream.quiet = 0;
        } else {
            stream.quiet = stream.quiet.saturating_add(1);
        }
        match &mut stream.music {
            Some(music) if stream.away && stream.quiet > PATIENCE => {
                frame.set_rate(rate);
                music.fill(frame);
                true
            }
            _ => heard.map(|heard| frame.clone_from(&heard)).is_some(),
        }
    }

    /// From now on the two talk with each other.
    fn begin(&self) {
        self.from.0.lock().waiting = None;
        for stream in [&self.to, &self.from] {
            stream.0.lock().keys.clear();
        }
    }

    /// A key pressed here. A side that takes none loses the newest: keys are read in their order.
    pub(super) fn press(&self, digit: Digit) {
        let mut stream = self.to.0.lock();
        if stream.keys.len() < MOST_KEYS {
            stream.keys.push_back(digit);
        }
    }

    /// Keys pressed there.
    pub(super) fn pressed(&self) -> VecDeque<Digit> {
        std::mem::take(&mut self.from.0.lock().keys)
    }

    /// Whether this side holds, and whether it does not want to hear the other one.
    pub(super) fn hold(&self, held: bool, away: bool) {
        let mut stream = self.to.0.lock();
        stream.held = held;
        stream.away = away;
    }

    /// Whether the other side holds.
    pub(super) fn is_held(&self) -> bool {
        self.from.0.lock().held
    }
}

fn is_quiet(frame: &Frame) -> bool {
    frame.iter().all(|sample| sample.unsigned_abs() < QUIET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> (End, End) {
        let (there, back) = (Arc::<Pipe>::default(), Arc::<Pipe>::default());
        let near = End {
            to: Arc::clone(&there),
            from: Arc::clone(&back),
        };
        (
            near,
            End {
                to: back,
                from: there,
            },
        )
    }

    fn level(level: i16) -> Frame {
        let mut frame = Frame::silent(Rate::Narrow);
        frame.fill(level);
        frame
    }

    fn pull(end: &End) -> Option<i16> {
        let mut frame = Frame::silent(Rate::Narrow);
        end.pull(Rate::Narrow, &mut frame).then(|| frame[80])
    }

    #[test]
    fn each_hears_the_other_in_order_and_nobody_himself() {
        let (near, far) = ends();
        near.push(&level(1_000));
        near.push(&level(2_000));
        far.push(&level(3_000));
        assert_eq!(
            [pull(&far), pull(&far), pull(&far)],
            [Some(1_000), Some(2_000), None]
        );
        assert_eq!([pull(&near), pull(&near)], [Some(3_000), None]);
    }

    #[test]
    fn a_side_that_does_not_listen_loses_the_oldest() {
        let (near, far) = ends();
        (1..=10).for_each(|n| near.push(&level(n * 1_000)));
        assert_eq!(pull(&far), Some(8_000));
    }

    #[test]
    fn a_backlog_shrinks_in_a_pause() {
        let (near, far) = ends();
        for loudness in [100, 5_000, 6_000] {
            near.push(&level(loudness));
        }
        assert_eq!(pull(&far), Some(5_000));
    }

    #[test]
    fn ringing_lasts_until_the_other_side_is_audible() {
        let (near, far) = ends();
        near.from.0.lock().waiting = Some(Wait::Ringing(Ringing::new(Ringback::NorthAmerica)));
        assert!(pull(&near).is_some());
        far.push(&level(20));
        assert_ne!(pull(&near), Some(20), "faint noise is no early media");
        far.push(&level(3_000));
        assert_eq!(pull(&near), Some(3_000));
        assert_eq!(pull(&near), None);
    }

    #[test]
    fn music_is_heard_of_a_side_that_turns_away_and_plays_nothing_itself() {
        let (near, far) = ends();
        near.from.0.lock().music = Some(Melody::default());
        let loud = |seconds: u32| {
            let mut frame = Frame::silent(Rate::Narrow);
            let mut sounds = || near.pull(Rate::Narrow, &mut frame) && !is_quiet(&frame);
            (0..seconds * 50).filter(|_| sounds()).count()
        };
        assert_eq!(loud(3), 0, "it merely says nothing");
        far.hold(true, true);
        assert!(loud(3) > 100);
        far.push(&level(3_000));
        assert_eq!(loud(1), 1, "its own music goes first");
        assert!(loud(3) > 100);
        far.hold(false, false);
        assert_eq!(loud(3), 0);
        assert_eq!(pull(&far), None, "nobody hears his own");
    }

    #[test]
    fn keys_and_holds_are_the_other_sides() {
        let (near, far) = ends();
        let digit = Digit::new('5').unwrap();
        near.press(digit);
        near.hold(true, false);
        assert!(near.pressed().is_empty() && !near.is_held());
        assert_eq!(far.pressed(), [digit]);
        assert!(far.is_held() && far.pressed().is_empty());
    }

    #[test]
    fn keys_that_nobody_takes_are_few_and_gone_with_the_answer() {
        let (near, far) = ends();
        let digit = Digit::new('5').unwrap();
        (0..1_000).for_each(|_| near.press(digit));
        assert_eq!(far.pressed().len(), MOST_KEYS);
        near.press(digit);
        near.begin();
        assert!(far.pressed().is_empty());
    }
}
