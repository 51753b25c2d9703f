//! What a caller hears while the other side's telephone rings (ITU-T E.180).

use std::f64::consts::TAU;

use super::frame::Frame;
use super::tone::round;

/// Steps in a second, a multiple of every rate.
const STEPS: u32 = 48_000;

/// Loudness of each tone of the pair, about -19 dBm0.
const LEVEL: f64 = 2_500.0;

/// Which ringing tone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ringback {
    /// 440 and 480 Hz, two seconds of six: countries of calling code 1.
    NorthAmerica,
    /// 425 Hz, one second of five: most others.
    #[default]
    Elsewhere,
}

/// The tone as it runs.
#[derive(Debug)]
pub(super) struct Ringing {
    tone: Ringback,
    /// Steps since it began.
    at: u32,
}

impl Ringback {
    /// The tone callers of a country know, by its calling code.
    pub fn of_calling_code(code: u16) -> Self {
        if code == 1 {
            Self::NorthAmerica
        } else {
            Self::Elsewhere
        }
    }

    /// Frequencies, and seconds of sound and of a whole turn.
    const fn shape(self) -> ([f64; 2], u32, u32) {
        match self {
            Self::NorthAmerica => ([440.0, 480.0], 2, 6),
            Self::Elsewhere => ([425.0, 425.0], 1, 5),
        }
    }
}

impl Ringing {
    pub(super) fn new(tone: Ringback) -> Self {
        Self { tone, at: 0 }
    }

    /// The next 20 ms.
    pub(super) fn fill(&mut self, frame: &mut Frame) {
        let ([low, high], sounding, turn) = self.tone.shape();
        let step = STEPS / frame.rate().hertz();
        for sample in frame.iter_mut() {
            let at = self.at % (turn * STEPS);
            self.at = (at + step) % (turn * STEPS);
            *sample = if at < sounding * STEPS {
                let angle = TAU * f64::from(at) / f64::from(STEPS);
                round(((angle * low).sin() + (angle * high).sin()) * LEVEL)
            } else {
                0
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::Rate;

    /// Whether each half second sounds.
    fn halves(tone: Ringback, seconds: usize) -> Vec<bool> {
        let mut ringing = Ringing::new(tone);
        let mut next = || {
            let mut frame = Frame::silent(Rate::Wide);
            ringing.fill(&mut frame);
            frame.iter().any(|sample| sample.unsigned_abs() > 1_000)
        };
        (0..seconds * 2)
            .map(|_| (0..25).filter(|_| next()).count() > 12)
            .collect()
    }

    #[test]
    fn the_cadence_is_the_countrys() {
        let american = halves(Ringback::of_calling_code(1), 8);
        assert_eq!(american[..4], [true; 4]);
        assert_eq!(american[4..12], [false; 8]);
        assert_eq!(american[12..], [true; 4]);
        let german = halves(Ringback::of_calling_code(49), 6);
        assert_eq!(german[..2], [true; 2]);
        assert_eq!(german[2..10], [false; 8]);
        assert_eq!(german[10..], [true; 2]);
    }
}
