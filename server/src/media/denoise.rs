//! Noise suppression on what a caller says: `RNNoise` as `nnnoiseless` has it, which works at
//! 48 kHz in steps of 10 ms.

use std::fmt;

use nnnoiseless::DenoiseState;

use super::frame::{Frame, Rate};
use super::resample::Resampler;

const RATE: u32 = 48_000;

/// One caller's.
pub(super) struct Denoiser {
    rate: Rate,
    up: Resampler,
    down: Resampler,
    state: Box<DenoiseState<'static>>,
    loud: Vec<i16>,
    clean: Vec<i16>,
}

impl Denoiser {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            up: Resampler::new(rate.hertz(), RATE),
            down: Resampler::new(RATE, rate.hertz()),
            state: DenoiseState::new(),
            loud: Vec::new(),
            clean: Vec::new(),
        }
    }

    /// Leaves the voice; some 20 ms later than it came.
    pub(super) fn clean(&mut self, frame: &mut Frame) {
        if frame.rate() != self.rate {
            *self = Self::new(frame.rate());
        }
        self.loud.clear();
        self.up.push(frame, &mut self.loud);
        self.clean.clear();
        let (mut input, mut output) = (
            [0.0; DenoiseState::FRAME_SIZE],
            [0.0; DenoiseState::FRAME_SIZE],
        );
        for step in self.loud.chunks_exact(DenoiseState::FRAME_SIZE) {
            for (to, from) in input.iter_mut().zip(step) {
                *to = f32::from(*from);
            }
            self.state.process_frame(&mut output, &input);
            self.clean.extend(output.iter().map(|value| {
                #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
                let sample = value.round() as i16;
                sample
            }));
        }
        self.loud.clear();
        self.down.push(&self.clean, &mut self.loud);
        for (to, from) in frame.iter_mut().zip(&self.loud) {
            *to = *from;
        }
    }
}

impl fmt::Debug for Denoiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Denoiser").field(&self.rate).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::round;
    use std::f64::consts::TAU;

    /// The rumble of a room or a road.
    fn rumble(seed: &mut u32, last: &mut f64) -> f64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        let even = f64::from(*seed) / f64::from(u32::MAX) * 2.0 - 1.0;
        *last = *last * 0.95 + even * 600.0;
        *last
    }

    fn voice(t: f64, phase: &mut f64) -> f64 {
        *phase += TAU * (130.0 + 25.0 * (TAU * 0.6 * t).sin()) / 8_000.0;
        let sum: f64 = (1..=20_u32)
            .map(|k| (*phase * f64::from(k)).sin() / f64::from(k).sqrt())
            .sum();
        sum * 2_500.0 * (TAU * 2.0 * t).sin().max(0.0)
    }

    fn energy(frames: &[Frame]) -> f64 {
        let samples = frames.iter().flat_map(|frame| frame.iter());
        samples.map(|sample| f64::from(*sample).powi(2)).sum()
    }

    fn clean(make: impl FnMut(u32) -> f64) -> (Vec<Frame>, Vec<Frame>) {
        let mut make = make;
        let mut denoiser = Denoiser::new(Rate::Narrow);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for n in 0..300 {
            let mut frame = Frame::silent(Rate::Narrow);
            for (at, sample) in (0..).zip(frame.iter_mut()) {
                *sample = round(make(n * 160 + at));
            }
            before.push(frame.clone());
            denoiser.clean(&mut frame);
            after.push(frame);
        }
        // The first second is for getting used to it.
        (before.split_off(50), after.split_off(50))
    }

    #[test]
    fn noise_goes_and_the_voice_stays() {
        let (mut seed, mut last) = (9, 0.0);
        let (before, after) = clean(|_| rumble(&mut seed, &mut last));
        let gone = 10.0 * (energy(&before) / energy(&after).max(1.0)).log10();
        assert!(gone > 15.0, "noise alone is only {gone:.1} dB fainter");

        let mut phase = 0.0;
        let (before, after) = clean(|n| voice(f64::from(n) / 8_000.0, &mut phase));
        let lost = 10.0 * (energy(&before) / energy(&after)).log10();
        assert!(lost < 1.0, "the voice is {lost:.1} dB fainter");
    }
}
