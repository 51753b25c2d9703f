//! 20 ms of samples at one of the rates that occur here, and the way from one rate to another.

use std::ops::{Deref, DerefMut};

use super::resample::Resampler;

/// Samples in the longest frame.
const MOST: usize = 480;

/// Samples in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// 8 kHz, as telephones have it.
    #[default]
    Narrow,
    /// 16 kHz, as G.722 and most recognisers of speech have it.
    Wide,
    /// 24 kHz, as many speaking models have it.
    Full,
}

/// 20 ms of one side's audio.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    samples: [i16; MOST],
    rate: Rate,
}

/// Brings one stream of frames to the rate that is asked for. Costs nothing while they agree.
#[derive(Debug, Default)]
pub(super) struct Converter {
    running: Option<(Rate, Rate, Resampler)>,
    samples: Vec<i16>,
}

impl Rate {
    /// In a second.
    pub const fn hertz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
            Self::Full => 24_000,
        }
    }

    /// Samples in 20 ms.
    pub const fn frame(self) -> usize {
        match self {
            Self::Narrow => 160,
            Self::Wide => 320,
            Self::Full => MOST,
        }
    }
}

impl Frame {
    pub(super) const fn silent(rate: Rate) -> Self {
        Self {
            samples: [0; MOST],
            rate,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }
}

impl Deref for Frame {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        &self.samples[..self.rate.frame()]
    }
}

impl DerefMut for Frame {
    fn deref_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..self.rate.frame()]
    }
}

impl Converter {
    /// The same 20 ms (a few milliseconds later, as filters are) at `rate`.
    pub(super) fn convert(&mut self, frame: &Frame, rate: Rate) -> Frame {
        if frame.rate == rate {
            self.running = None;
            return *frame;
        }
        let running = match self.running.take() {
            Some(running) if (running.0, running.1) == (frame.rate, rate) => running,
            _ => {
                let resampler = Resampler::new(frame.rate.hertz(), rate.hertz());
                (frame.rate, rate, resampler)
            }
        };
        let (_, _, resampler) = self.running.insert(running);
        self.samples.clear();
        resampler.push(frame, &mut self.samples);
        let mut converted = Frame::silent(rate);
        for (to, from) in converted.iter_mut().zip(&self.samples) {
            *to = *from;
        }
        converted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_becomes_every_other() {
        let rates = [Rate::Narrow, Rate::Wide, Rate::Full];
        let mut converter = Converter::default();
        for from in rates {
            for to in rates {
                let mut frame = Frame::silent(from);
                frame.fill(1_000);
                converter.convert(&frame, to);
                let converted = converter.convert(&frame, to);
                assert_eq!((converted.rate(), converted.len()), (to, to.frame()));
                assert!(converted.iter().all(|sample| sample.abs_diff(1_000) < 5));
            }
        }
    }
}
