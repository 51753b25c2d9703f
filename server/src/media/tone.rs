//! Sounds made here: pure tones, and the faint noise sent while nobody speaks.

use std::f64::consts::TAU;

use super::codec::SAMPLE_RATE;

/// A sine at `hertz`, swelling and fading over 10 ms so that it doesn't click.
pub fn tone(hertz: f64, milliseconds: u32, amplitude: i16) -> Vec<i16> {
    let count = milliseconds * SAMPLE_RATE / 1_000;
    let edge = f64::from(SAMPLE_RATE / 100);
    (0..count)
        .map(|n| {
            let from_edge = f64::from(n.min(count - n));
            let swell = (from_edge / edge).min(1.0);
            let angle = TAU * hertz * f64::from(n) / f64::from(SAMPLE_RATE);
            round(angle.sin() * swell * f64::from(amplitude))
        })
        .collect()
}

/// The least attenuation of noise that another side may ask for, in decibels.
const LOUDEST: u8 = 40;

/// Noise at about -70 dB, so that a silent line does not sound dead.
#[derive(Debug)]
pub(super) struct ComfortNoise(u32);

/// What all of it is cut out of: long enough that nobody hears it come again.
static FAINT: [i16; 1_024] = {
    let (mut noise, mut faint, mut at) = (ComfortNoise(0x9e37_79b9), [0; 1_024], 0);
    while at < faint.len() {
        faint[at] = [-8, 0, 0, 8][(noise.next() & 3) as usize];
        at += 1;
    }
    faint
};

impl ComfortNoise {
    pub(super) fn new(seed: u32) -> Self {
        Self(seed | 1)
    }

    /// The next frame, from anywhere in the faint noise.
    pub(super) fn fill(&mut self, frame: &mut [i16]) {
        let places = FAINT.len() - frame.len() + 1;
        let at = self.next() as usize % places;
        frame.copy_from_slice(&FAINT[at..][..frame.len()]);
    }

    /// Noise so many decibels below the loudest, as a silent side asks for (RFC 3389 §3.1); never
    /// louder than a room.
    pub(super) fn fill_at(&mut self, frame: &mut [i16], below: u8) {
        let mean = f64::from(i16::MAX) * 10_f64.powf(-f64::from(below.max(LOUDEST)) / 20.0);
        // Evenly spread numbers have a mean power of a third of the greatest.
        let greatest = mean * 3_f64.sqrt();
        for sample in frame {
            let spread = f64::from(self.next()) / f64::from(u32::MAX) * 2.0 - 1.0;
            *sample = round(spread * greatest);
        }
    }

    const fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// The nearest sample; out of range is cut off.
pub(crate) fn round(value: f64) -> i16 {
    let bounded = value
        .round()
        .clamp(f64::from(i16::MIN), f64::from(i16::MAX));
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let sample = bounded as i16;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_length_and_loudness() {
        let tone = tone(1_000.0, 500, 8_000);
        assert_eq!(tone.len(), 4_000);
        let loudest = tone.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest > Some(7_900) && loudest <= Some(8_000));
    }

    #[test]
    fn noise_has_the_level_that_was_asked_for() {
        for (asked, level) in [(60, 60.0), (45, 45.0), (0, 40.0)] {
            let mut frame = vec![0; 16_000];
            ComfortNoise::new(5).fill_at(&mut frame, asked);
            let power: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum();
            let below = -10.0 * (power / 16_000.0 / 32_767_f64.powi(2)).log10();
            assert!((below - level).abs() < 0.5, "{asked}: {below:.1} dB");
        }
    }

    #[test]
    fn comfort_noise_is_faint_and_not_silent() {
        let mut frame = [0; 160];
        ComfortNoise::new(5).fill(&mut frame);
        assert!(frame.iter().any(|sample| *sample != 0));
        assert!(frame.iter().all(|sample| sample.abs() <= 8));
    }

    #[test]
    fn comfort_noise_does_not_hum() {
        let mut noise = ComfortNoise::new(5);
        let frames = (0..50).map(|_| {
            let mut frame = [0; 160];
            noise.fill(&mut frame);
            frame
        });
        let different: std::collections::BTreeSet<_> = frames.collect();
        assert!(different.len() > 40, "{} of 50 frames", different.len());
    }
}
