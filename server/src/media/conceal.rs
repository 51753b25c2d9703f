//! What is played where a packet is missing: the voice goes on for a moment, ever more softly.
//!
//! The last period of the voice is repeated, as ITU-T G.711 appendix I does, and what comes after
//! the gap is faded in over it. All by the sample, for packets and frames need not agree.

use smallvec::{SmallVec, smallvec};

use super::frame::Rate;

/// Milliseconds over which a guess fades: unchanged at first, silent at the end.
const WHOLE: usize = 10;
const GONE: usize = 60;
/// Milliseconds of the fade back.
const OVERLAP: usize = 4;
/// Periods that are looked for: 66 to 400 Hz.
const SHORTEST_TENTHS: usize = 25;
const LONGEST_TENTHS: usize = 150;
/// Milliseconds that are compared, and kept.
const COMPARED: usize = 20;
const KEPT: usize = COMPARED + LONGEST_TENTHS / 10;

#[derive(Debug)]
pub(super) struct Concealer {
    /// Samples in a millisecond.
    per_ms: usize,
    /// The last samples that were real: a ring that begins where the oldest is.
    past: SmallVec<[i16; 280]>,
    oldest: usize,
    period: Vec<i16>,
    /// Samples guessed since the last real one.
    guessed: usize,
}

impl Concealer {
    pub(super) fn new(rate: Rate) -> Self {
        let per_ms = rate.frame() / 20;
        Self {
            per_ms,
            past: smallvec![0; KEPT * per_ms],
            oldest: 0,
            period: Vec::new(),
            // Nothing was heard yet that could go on.
            guessed: GONE * per_ms,
        }
    }

    /// Whether a guess would still be heard.
    pub(super) fn is_audible(&self) -> bool {
        self.guessed < GONE * self.per_ms
    }

    /// Real samples, about to be played: after a gap they are faded in.
    pub(super) fn real(&mut self, samples: &mut [i16]) {
        if self.guessed > 0 && self.is_audible() {
            let overlap = (OVERLAP * self.per_ms).min(samples.len());
            for (n, sample) in samples[..overlap].iter_mut().enumerate() {
                let guess = self.next();
                *sample = mix(guess, *sample, n, overlap);
            }
        }
        self.guessed = 0;
        self.remember(samples);
    }

    fn remember(&mut self, samples: &[i16]) {
        let kept = self.past.len();
        let samples = &samples[samples.len().saturating_sub(kept)..];
        let (newest, wrapped) = samples.split_at(samples.len().min(kept - self.oldest));
        self.past[self.oldest..][..newest.len()].copy_from_slice(newest);
        self.past[..wrapped.len()].copy_from_slice(wrapped);
        self.oldest = (self.oldest + samples.len()) % kept;
    }

    /// Fills a gap.
    pub(super) fn guess(&mut self, gap: &mut [i16]) {
        if !self.is_audible() {
            gap.fill(0);
            return;
        }
        if self.guessed == 0 {
            self.past.rotate_left(self.oldest);
            self.oldest = 0;
            let lag = self.find_period();
            self.period.clear();
            self.period
                .extend_from_slice(&self.past[self.past.len() - lag..]);
        }
        gap.fill_with(|| self.next());
    }

    fn next(&mut self) -> i16 {
        let at = self.guessed.checked_rem(self.period.len());
        let sample = at.map_or(0, |at| self.period[at]);
        let (whole, gone) = (WHOLE * self.per_ms, GONE * self.per_ms);
        let faded = self.guessed.saturating_sub(whole);
        self.guessed += 1;
        mix(sample, 0, faded.min(gone - whole), gone - whole)
    }

    /// The distance at which the last 20 ms are most like what came before.
    fn find_period(&self) -> usize {
        let compared = COMPARED * self.per_ms;
        let recent = &self.past[self.past.len() - compared..];
        let (shortest, longest) = (
            SHORTEST_TENTHS * self.per_ms / 10,
            LONGEST_TENTHS * self.per_ms / 10,
        );
        let likeness = |lag: usize| {
            let start = self.past.len() - compared - lag;
            let before = &self.past[start..][..compared];
            let (mut product, mut energy) = (0.0_f32, 1.0_f32);
            for (a, b) in recent.iter().zip(before) {
                let (a, b) = (f32::from(*a), f32::from(*b));
                product += a * b;
                energy += b * b;
            }
            product.max(0.0).powi(2) / energy
        };
        (shortest..=longest)
            .map(|lag| (lag, likeness(lag)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(longest, |(lag, _)| lag)
    }
}

/// From `a` to `b` as `n` goes from 0 to `of`.
fn mix(a: i16, b: i16, n: usize, of: usize) -> i16 {
    let part = |n: usize| i64::try_from(n).unwrap_or(0);
    let sum = i64::from(a) * part(of - n) + i64::from(b) * part(n);
    i16::try_from(sum / part(of).max(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::round;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    /// A voice: harmonics of a gliding pitch that swells like syllables.
    fn voice(rate: u32, seconds: u32) -> Vec<i16> {
        let mut phase = 0.0;
        (0..rate * seconds)
            .map(|n| {
                let t = f64::from(n) / f64::from(rate);
                let pitch = 140.0 + 30.0 * (TAU * 0.7 * t).sin();
                phase += TAU * pitch / f64::from(rate);
                let sum: f64 = (1..=12_u32)
                    .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
                    .sum();
                round(sum * 4_000.0 * (0.6 + 0.4 * (TAU * 3.0 * t).sin()))
            })
            .collect()
    }

    fn error(original: &[i16], played: &[i16]) -> f64 {
        original
            .iter()
            .zip(played)
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum()
    }

    #[test]
    fn a_guess_is_nearer_to_the_voice_than_silence() {
        for rate in [Rate::Narrow, Rate::Wide] {
            let original = voice(rate.hertz(), 6);
            let mut concealer = Concealer::new(rate);
            let (mut guessed, mut silent) = (original.clone(), original.clone());
            for (n, at) in (0..original.len()).step_by(rate.frame()).enumerate() {
                let end = (at + rate.frame()).min(original.len());
                if n % 10 == 7 {
                    concealer.guess(&mut guessed[at..end]);
                    silent[at..end].fill(0);
                } else {
                    concealer.real(&mut guessed[at..end]);
                }
            }
            let gain = 10.0 * (error(&original, &silent) / error(&original, &guessed)).log10();
            assert!(
                gain > 6.0,
                "{rate:?}: only {gain:.1} dB better than silence"
            );
        }
    }

    #[test]
    fn neither_the_gap_nor_its_end_clicks() {
        let mut played = voice(8_000, 1);
        let steepest =
            |samples: &[i16]| samples.windows(2).map(|two| two[0].abs_diff(two[1])).max();
        let before = steepest(&played).unwrap();
        let mut concealer = Concealer::new(Rate::Narrow);
        for n in 0..50 {
            let frame = &mut played[n * 160..][..160];
            if n % 10 == 7 {
                concealer.guess(frame);
            } else {
                concealer.real(frame);
            }
        }
        let after = steepest(&played).unwrap();
        assert!(after < before * 3 / 2, "{before} became {after}");
    }

    proptest! {
        #[test]
        fn the_last_samples_are_remembered_however_they_come(
            pieces in vec(vec(any::<i16>(), 0..1_300), 0..12),
        ) {
            for rate in [Rate::Narrow, Rate::Wide] {
                let mut concealer = Concealer::new(rate);
                let kept = concealer.past.len();
                let mut all = vec![0; kept];
                for piece in &pieces {
                    concealer.remember(piece);
                    all.extend_from_slice(piece);
                }
                concealer.past.rotate_left(concealer.oldest);
                prop_assert_eq!(&concealer.past[..], &all[all.len() - kept..]);
            }
        }
    }

    #[test]
    fn a_long_gap_ends_in_silence_and_nothing_comes_from_nothing() {
        let mut concealer = Concealer::new(Rate::Narrow);
        let mut gap = [1; 160];
        concealer.guess(&mut gap);
        assert_eq!(gap, [0; 160]);
        concealer.real(&mut [5_000; 480]);
        for _ in 0..3 {
            concealer.guess(&mut gap);
        }
        assert!(gap[0] > 0, "softly still");
        concealer.guess(&mut gap);
        assert_eq!(gap, [0; 160]);
        assert!(!concealer.is_audible());
    }
}
