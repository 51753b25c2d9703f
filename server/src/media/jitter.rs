//! The jitter buffer: packets of any length in, steady 20 ms of samples out.
//!
//! Its delay follows the network: a packet that comes too late makes it wait longer at once, two
//! seconds in which all came early make it 20 ms shorter, best in a pause. All positions are RTP
//! timestamps, counted on beyond 32 bits.

use std::ops::RangeInclusive;

use smallvec::SmallVec;

use super::codec::{Codec, FRAME_TICKS, OnTheWire as _};
use super::conceal::Concealer;
use super::frame::Rate;
use decoding::Decoding;

mod decoding;

const FRAME: i64 = FRAME_TICKS as i64;
const TICKS_PER_MS: i64 = 8;

/// Pulls between two looks at whether the delay can shrink: two seconds.
const WINDOW: u32 = 100;

/// A timestamp this far off is a new timeline, if the next packet agrees.
const JUMP: i64 = 3 * 8_000;

/// So many packets in a row too late mean that the path has become longer for good.
const ALWAYS_LATE: u32 = 25;

/// More waiting packets than this are a flood.
const MAX_PACKETS: usize = 64;

/// A frame whose loudest sample is below this can be left out unheard.
const QUIET: u16 = 200;

#[derive(Debug)]
pub(super) struct JitterBuffer {
    delay: RangeInclusive<i64>,
    packets: Packets,
    timeline: Option<Timeline>,
    window: Window,
    /// Frames still to be stretched, after packets came too late.
    owed: i64,
    shrinking: bool,
    late_in_a_row: u32,
    stray: Option<u32>,
    rate: Rate,
    decoding: Decoding,
    /// The packet being played, decoded.
    current: Decoded,
    conceal: Concealer,
    counts: Counts,
}

/// What the buffer did, for the statistics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) late: u64,
    pub(super) concealed: u64,
}

/// What a pulled frame is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Played {
    /// Received audio, at least in part.
    Audio,
    /// Guessed after a loss, or silence.
    Nothing,
}

/// 20 ms of a telephone's codec have room where the packet stands, and as many packets as wait on a good line where
/// the buffer does.
type Payload = SmallVec<[u8; 160]>;
type Packets = SmallVec<[Held; 3]>;

#[derive(Debug)]
struct Held {
    start: i64,
    ticks: i64,
    codec: Codec,
    payload: Payload,
}

#[derive(Debug, Clone, Copy)]
struct Timeline {
    /// The next tick to be played.
    next: i64,
    /// Everything before this has been played from real packets.
    played: i64,
    newest: i64,
}

/// How early packets came, in ticks, since the last look.
#[derive(Debug, Default)]
struct Window {
    pulls: u32,
    least: Option<i64>,
    most: i64,
}

#[derive(Debug, Default)]
struct Decoded {
    start: i64,
    samples: Vec<i16>,
}

impl JitterBuffer {
    pub(super) fn new(delay_ms: &RangeInclusive<u64>) -> Self {
        let ticks = |ms: u64| i64::try_from(ms).unwrap_or(0).min(1_000) * TICKS_PER_MS;
        Self {
            delay: ticks(*delay_ms.start())..=ticks(*delay_ms.end()),
            packets: Packets::new(),
            timeline: None,
            window: Window::default(),
            owed: 0,
            shrinking: false,
            late_in_a_row: 0,
            stray: None,
            rate: Rate::default(),
            decoding: Decoding::new(Rate::default()),
            current: Decoded::default(),
            conceal: Concealer::new(Rate::default()),
            counts: Counts::default(),
        }
    }

    /// Plays at another rate from now on.
    pub(super) fn set_rate(&mut self, rate: Rate) {
        if rate != self.rate {
            self.rate = rate;
            self.conceal = Concealer::new(rate);
            self.restart();
        }
    }

    /// Forgets the timeline: a new source has begun.
    pub(super) fn restart(&mut self) {
        self.packets.clear();
        self.timeline = None;
        self.window = Window::default();
        self.decoding = Decoding::new(self.rate);
        self.current.samples.clear();
        self.owed = 0;
        self.shrinking = false;
        self.late_in_a_row = 0;
        self.stray = None;
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How long the last packets waited, in milliseconds.
    pub(super) fn delay_ms(&self) -> u64 {
        u64::try_from(self.window.most / TICKS_PER_MS).unwrap_or(0)
    }

    /// Takes a packet as it arrives.
    pub(super) fn push(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) {
        let ticks = i64::from(codec.duration_of(payload.len()));
        if ticks == 0 {
            return;
        }
        let start = self.place(timestamp);
        let Some(line) = &mut self.timeline else {
            return;
        };
        if self.stray == Some(timestamp) {
            return;
        }
        line.newest = line.newest.max(start);
        let early = start - line.next;
        if early < 0 && !self.make_room(start, ticks) {
            return;
        }
        self.late_in_a_row = 0;
        self.window.note(early.max(0));
        self.insert(start, ticks, codec, payload);
    }

    /// The next 20 ms, at the rate that was set.
    pub(super) fn pull(&mut self, frame: &mut [i16]) -> Played {
        self.adapt();
        if self.owed > 0 {
            self.owed -= 1;
            self.conceal.guess(frame);
            self.counts.concealed += 1;
            return Played::Nothing;
        }
        let played = self.play(frame);
        if self.shrinking && (played == Played::Nothing || is_quiet(frame)) {
            // Left out: the caller hears the frame after it now.
            self.shrinking = false;
            self.window.moved(-FRAME);
            return self.play(frame);
        }
        played
    }

    /// The position of a timestamp, starting or restarting the timeline where needed.
    fn place(&mut self, timestamp: u32) -> i64 {
        let Some(line) = self.timeline else {
            return self.begin(timestamp);
        };
        let start = unwrap(timestamp, line.newest);
        if (start - line.next).abs() <= JUMP {
            self.stray = None;
            return start;
        }
        let agreed = self.stray.is_some_and(|stray| {
            (unwrap(timestamp, i64::from(stray)) - i64::from(stray)).abs() <= JUMP
        });
        if agreed {
            self.restart();
            return self.begin(timestamp);
        }
        self.stray = Some(timestamp);
        start
    }

    fn begin(&mut self, timestamp: u32) -> i64 {
        let start = i64::from(timestamp);
        let next = start - *self.delay.start();
        self.timeline = Some(Timeline {
            next,
            played: next,
            newest: start,
        });
        start
    }

    /// For a packet that is late: waits longer from now on, and says if it can still be played.
    fn make_room(&mut self, start: i64, ticks: i64) -> bool {
        let Some(line) = &mut self.timeline else {
            return false;
        };
        let lacking = line.next - start;
        let room = (*self.delay.end() - self.window.most).max(0);
        if start >= line.played && lacking <= room {
            line.next = start;
            self.window.moved(lacking);
            return true;
        }
        if start + ticks > line.next {
            return true;
        }
        self.counts.late += 1;
        self.late_in_a_row += 1;
        if self.late_in_a_row >= ALWAYS_LATE {
            self.restart();
            return false;
        }
        let frames = (lacking.min(room) / FRAME - self.owed).max(0);
        self.owed += frames;
        self.window.moved(frames * FRAME);
        false
    }

    fn insert(&mut self, start: i64, ticks: i64, codec: Codec, payload: &[u8]) {
        let at = self.packets.partition_point(|held| held.start < start);
        if self.packets.get(at).is_some_and(|held| held.start == start) {
            return;
        }
        self.packets.insert(
            at,
            Held {
                start,
                ticks,
                codec,
                payload: Payload::from_slice(payload),
            },
        );
        if self.packets.len() > MAX_PACKETS {
            self.packets.remove(0);
        }
    }

    /// Every two seconds: if even the latest packet came a frame earlier than it had to, shrink.
    fn adapt(&mut self) {
        self.window.pulls += 1;
        if self.window.pulls < WINDOW {
            return;
        }
        let spare = self
            .window
            .least
            .map_or(0, |least| least - *self.delay.start());
        if self.shrinking {
            // No pause came: cut where we are.
            self.shrinking = false;
            if let Some(line) = &mut self.timeline {
                line.next += FRAME;
            }
        } else {
            self.shrinking = spare >= FRAME;
        }
        let most = self.window.least.unwrap_or(0);
        self.window = Window {
            most,
            ..Window::default()
        };
    }

    fn play(&mut self, frame: &mut [i16]) -> Played {
        let Some(mut line) = self.timeline else {
            frame.fill(0);
            return Played::Nothing;
        };
        let (mut filled, mut played, mut lost) = (0, Played::Nothing, false);
        while filled < frame.len() {
            let rest = &mut frame[filled..];
            let real = self.copy_real(line.next, rest);
            let count = if real > 0 {
                self.conceal.real(&mut rest[..real]);
                played = Played::Audio;
                real
            } else {
                lost |= self.conceal.is_audible();
                self.fill_gap(line.next, rest)
            };
            filled += count;
            line.next += position(count / self.samples_per_tick());
            if real > 0 {
                line.played = line.next;
            }
        }
        self.counts.concealed += u64::from(lost);
        self.timeline = Some(line);
        played
    }

    /// Copies what there is at `position`; 0 if nothing.
    fn copy_real(&mut self, position: i64, into: &mut [i16]) -> usize {
        let scale = self.samples_per_tick();
        if self.current.rest(position, scale).is_empty() {
            let written = self.decode_next(position, into);
            if written > 0 {
                return written;
            }
        }
        let rest = self.current.rest(position, scale);
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        count
    }

    /// Decodes the packet that sounds at `position`: to where it is played if it begins there and ends in time, which
    /// most do; then returns how much that is.
    fn decode_next(&mut self, position: i64, into: &mut [i16]) -> usize {
        let is_over = |held: &Held| held.start + held.ticks <= position;
        while self.packets.first().is_some_and(is_over) {
            self.packets.remove(0);
        }
        let Some(held) = self.packets.first().filter(|held| held.start <= position) else {
            return 0;
        };
        let written = if held.start == position {
            self.decoding.write(held.codec, &held.payload, into)
        } else {
            None
        };
        if written.is_none() {
            self.current.start = held.start;
            self.current.samples.clear();
            self.decoding
                .push(held.codec, &held.payload, &mut self.current.samples);
        }
        self.packets.remove(0);
        written.unwrap_or(0)
    }

    /// Guesses up to the next real sample or the frame's end; returns how much it filled.
    fn fill_gap(&mut self, from: i64, gap: &mut [i16]) -> usize {
        let ahead = self
            .packets
            .first()
            .and_then(|held| usize::try_from(held.start - from).ok());
        let ahead = ahead.map_or(usize::MAX, |ticks| {
            ticks.saturating_mul(self.samples_per_tick())
        });
        let count = ahead.clamp(1, gap.len());
        self.conceal.guess(&mut gap[..count]);
        count
    }

    fn samples_per_tick(&self) -> usize {
        match self.rate {
            Rate::Narrow => 1,
            Rate::Wide => 2,
            Rate::Full => 3,
        }
    }
}

impl Window {
    fn note(&mut self, early: i64) {
        self.least = Some(self.least.map_or(early, |least| least.min(early)));
        self.most = self.most.max(early);
    }

    /// The delay was changed: packets noted before would now come earlier or later by that.
    fn moved(&mut self, by: i64) {
        self.least = self.least.map(|least| least + by);
        self.most += by;
    }
}

impl Decoded {
    fn rest(&self, position: i64, samples_per_tick: usize) -> &[i16] {
        let offset = usize::try_from(position - self.start).unwrap_or(usize::MAX);
        self.samples
            .get(offset.saturating_mul(samples_per_tick)..)
            .unwrap_or(&[])
    }
}

fn position(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}

/// Counts a 32-bit timestamp on from the nearest known position.
fn unwrap(timestamp: u32, near: i64) -> i64 {
    let [.., a, b, c, d] = near.to_be_bytes();
    let low = u32::from_be_bytes([a, b, c, d]);
    let ahead = timestamp.wrapping_sub(low);
    near + i64::from(ahead.cast_signed())
}

fn is_quiet(frame: &[i16]) -> bool {
    frame.iter().all(|sample| sample.unsigned_abs() < QUIET)
}

#[cfg(test)]
mod tests;
