//! From one sampling rate to another: a polyphase filter, steady from frame to frame.
//!
//! What the lower rate cannot carry is taken out by 80 dB before it could fold back as a false
//! tone; the telephone's own band (up to 3.4 kHz of 8) passes unchanged.

use std::f64::consts::PI;

/// Samples of the lower rate that a result depends on: 6 ms of 8 kHz, of which half is delay.
const WIDTH: usize = 48;
/// Where the filter is half closed, as a part of the lower rate.
const CUTOFF: f64 = 0.47;
/// Shape of the Kaiser window, for 80 dB.
const BETA: f64 = 7.86;

/// One stream's converter.
#[derive(Debug)]
pub(super) struct Resampler {
    up: usize,
    down: usize,
    taps: usize,
    /// `up` filters of `taps` weights, oldest sample first.
    weights: Vec<f32>,
    /// The last `taps - 1` samples, and room for the next ones.
    samples: Vec<f32>,
    /// Where the next result lies, in parts of an input sample (`1 / up`).
    at: usize,
}

impl Resampler {
    /// Both rates in samples a second; neither may be 0.
    pub(super) fn new(from: u32, to: u32) -> Self {
        let common = gcd(from, to);
        let size = |rate: u32| usize::try_from(rate / common).unwrap_or(1);
        let (up, down) = (size(to), size(from));
        let taps = WIDTH * down.div_ceil(up).max(1);
        Self {
            up,
            down,
            taps,
            weights: design(from, to, up, taps),
            samples: vec![0.0; taps - 1],
            at: 0,
        }
    }

    /// Appends what `input` makes to `output`.
    pub(super) fn push(&mut self, input: &[i16], output: &mut Vec<i16>) {
        self.samples
            .extend(input.iter().map(|sample| f32::from(*sample)));
        let end = input.len() * self.up;
        while self.at < end {
            let (first, phase) = (self.at / self.up, self.at % self.up);
            let weights = &self.weights[phase * self.taps..][..self.taps];
            let window = &self.samples[first..][..self.taps];
            output.push(sample(dot(weights, window)));
            self.at += self.down;
        }
        self.at -= end;
        self.samples.drain(..input.len());
    }
}

/// Eight sums at once, so that the compiler can use wide registers.
fn dot(weights: &[f32], window: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (weights, window) in weights.chunks_exact(8).zip(window.chunks_exact(8)) {
        for (sum, (weight, sample)) in sums.iter_mut().zip(weights.iter().zip(window)) {
            *sum += weight * sample;
        }
    }
    sums.iter().sum()
}

fn sample(value: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
    let sample = value.round() as i16;
    sample
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A windowed sinc at the common multiple of both rates, cut into its phases, each with a gain
/// of one.
#[expect(clippy::cast_precision_loss, reason = "a few hundred taps")]
fn design(from: u32, to: u32, up: usize, taps: usize) -> Vec<f32> {
    let length = up * taps;
    let middle = (length - 1) as f64 / 2.0;
    // Cycles per step of the fine grid.
    let cutoff = CUTOFF * f64::from(from.min(to)) / (f64::from(from) * up as f64);
    let weight = |n: usize| {
        let x = n as f64 - middle;
        let sinc = if x == 0.0 {
            2.0 * cutoff
        } else {
            (2.0 * PI * cutoff * x).sin() / (PI * x)
        };
        sinc * kaiser(x / (middle + 1.0))
    };
    let mut weights = Vec::with_capacity(length);
    for phase in 0..up {
        // The newest sample of a window meets the earliest weight.
        let filter: Vec<f64> = (0..taps)
            .rev()
            .map(|tap| weight(tap * up + phase))
            .collect();
        let gain: f64 = filter.iter().sum();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is enough"
        )]
        weights.extend(filter.iter().map(|weight| (weight / gain) as f32));
    }
    weights
}

fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-12 {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const LEVEL: f64 = 12_000.0;

    fn tone(hertz: f64, rate: u32) -> Vec<i16> {
        (0..rate)
            .map(|n| {
                crate::media::tone::round(
                    (TAU * hertz * f64::from(n) / f64::from(rate)).sin() * LEVEL,
                )
            })
            .collect()
    }

    /// In frames of 20 ms, as calls do; without the first and last 100 ms.
    fn convert(input: &[i16], from: u32, to: u32) -> Vec<f64> {
        let mut resampler = Resampler::new(from, to);
        let mut output = Vec::new();
        for frame in input.chunks(usize::try_from(from / 50).unwrap()) {
            let before = output.len();
            resampler.push(frame, &mut output);
            assert_eq!(output.len() - before, usize::try_from(to / 50).unwrap());
        }
        let edge = usize::try_from(to / 10).unwrap();
        output[edge..output.len() - edge]
            .iter()
            .map(|s| f64::from(*s))
            .collect()
    }

    /// Amplitude of a frequency, and of everything else.
    fn split(samples: &[f64], hertz: f64, rate: u32) -> (f64, f64) {
        let count = f64::from(u32::try_from(samples.len()).unwrap());
        let angle = |n: u32| TAU * hertz * f64::from(n) / f64::from(rate);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in (0..).zip(samples) {
            re += sample * angle(n).cos() * 2.0 / count;
            im += sample * angle(n).sin() * 2.0 / count;
        }
        let rest: f64 = (0..)
            .zip(samples)
            .map(|(n, sample)| (sample - re * angle(n).cos() - im * angle(n).sin()).powi(2))
            .sum();
        (re.hypot(im), (rest * 2.0 / count).sqrt())
    }

    fn decibels(ratio: f64) -> f64 {
        20.0 * ratio.log10()
    }

    #[test]
    fn the_telephone_band_passes_pure() {
        for (from, to) in [
            (8_000, 16_000),
            (16_000, 8_000),
            (8_000, 24_000),
            (24_000, 8_000),
            (16_000, 24_000),
            (24_000, 16_000),
            (8_000, 48_000),
            (48_000, 8_000),
            (16_000, 48_000),
            (48_000, 16_000),
        ] {
            for hertz in [300.0, 1_000.0, 2_000.0, 3_000.0, 3_300.0] {
                let (level, rest) = split(&convert(&tone(hertz, from), from, to), hertz, to);
                let loss = decibels(level / LEVEL);
                let snr = decibels(level / rest);
                assert!(loss.abs() < 0.1, "{hertz} Hz, {from} to {to}: {loss:.2} dB");
                assert!(snr > 70.0, "{hertz} Hz, {from} to {to}: {snr:.1} dB");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_does_not_fold_back() {
        for from in [16_000, 24_000, 48_000] {
            for hertz in [4_300.0, 5_000.0, 6_000.0, 7_500.0] {
                let output = convert(&tone(hertz, from), from, 8_000);
                let (_, rest) = split(&output, 1_000.0, 8_000);
                let left = decibels(rest / LEVEL);
                assert!(left < -70.0, "{hertz} Hz from {from}: {left:.1} dB");
            }
        }
    }
}
