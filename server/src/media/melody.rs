//! What a caller hears while waiting, if the operator wants music: a slow arpeggio, made here.

use std::f64::consts::TAU;

use super::frame::Frame;
use super::tone::round;

/// Steps in a second, a multiple of every rate.
const STEPS: u32 = 48_000;
/// One note: a third of a second.
const NOTE: u32 = STEPS / 3;
/// How loud a note begins; two of them sound at a time, at about -20 dBm0.
const LEVEL: f64 = 2_200.0;
/// How fast it fades.
const FADE: f64 = 3.0;
/// It swells over 8 ms, so that it doesn't click.
const SWELL: f64 = 0.008;

/// Middle C, from which the notes are counted.
const MIDDLE: f64 = 261.63;
/// Each note, in half tones above it.
#[rustfmt::skip]
const NOTES: [i32; 32] = [
    0, 4, 7, 12, 16, 12, 7, 4,
    -3, 0, 4, 9, 12, 9, 4, 0,
    5, 9, 12, 17, 21, 17, 12, 9,
    -5, 2, 7, 11, 14, 11, 7, 2,
];

/// The melody as it runs.
#[derive(Debug, Default)]
pub(super) struct Melody {
    /// Steps since it began.
    at: u32,
}

impl Melody {
    /// The next 20 ms.
    pub(super) fn fill(&mut self, frame: &mut Frame) {
        let step = STEPS / frame.rate().hertz();
        let turn = NOTE * u32::try_from(NOTES.len()).unwrap_or(1);
        for sample in frame.iter_mut() {
            let (note, inside) = (self.at / NOTE, self.at % NOTE);
            // The one before sounds on below it.
            let before = note.checked_sub(1);
            let tail = before.map_or(0.0, |before| sound(before, inside + NOTE));
            *sample = round((sound(note, inside) + tail) * LEVEL);
            self.at = (self.at + step) % turn;
        }
    }
}

/// One note, so many steps after it began.
fn sound(note: u32, steps: u32) -> f64 {
    let half_tones = usize::try_from(note).ok().and_then(|note| NOTES.get(note));
    let hertz = MIDDLE * 2_f64.powf(f64::from(half_tones.copied().unwrap_or(0)) / 12.0);
    let seconds = f64::from(steps) / f64::from(STEPS);
    let swell = (seconds / SWELL).min(1.0);
    let angle = TAU * hertz * seconds;
    (angle.sin() + 0.25 * (2.0 * angle).sin()) * swell * (-FADE * seconds).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::Rate;

    fn seconds(rate: Rate, seconds: usize) -> Vec<i16> {
        let mut melody = Melody::default();
        let mut heard = Vec::new();
        for _ in 0..seconds * 50 {
            let mut frame = Frame::silent(rate);
            melody.fill(&mut frame);
            heard.extend_from_slice(&frame);
        }
        heard
    }

    #[test]
    fn it_is_never_silent_for_long_nor_too_loud_and_the_same_at_every_rate() {
        let narrow = seconds(Rate::Narrow, 24);
        for (at, piece) in narrow.chunks(2_400).enumerate() {
            let peak = piece.iter().map(|sample| sample.unsigned_abs()).max();
            assert!((800..6_000).contains(&peak.unwrap()), "{at}: {peak:?}");
        }
        let wide = seconds(Rate::Wide, 24);
        let same = wide.iter().step_by(2).zip(&narrow);
        assert!(same.into_iter().all(|(wide, narrow)| wide == narrow));
    }

    #[test]
    fn it_begins_with_middle_c() {
        let heard = seconds(Rate::Narrow, 1);
        let power = |hertz: f64| {
            let angle = |n: usize| TAU * hertz * f64::from(u32::try_from(n).unwrap()) / 8_000.0;
            let part = |of: fn(f64) -> f64| -> f64 {
                let each = heard[..2_600].iter().enumerate();
                each.map(|(n, sample)| f64::from(*sample) * of(angle(n)))
                    .sum()
            };
            part(f64::sin).hypot(part(f64::cos))
        };
        assert!(power(261.63) > 5.0 * power(300.0));
    }
}
