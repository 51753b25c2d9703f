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

/// 20 ms of one side's audio. Room for the highest rate, of which what a lower one leaves over is never touched.
#[derive(Debug)]
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

    /// Makes it a frame of this rate, whose samples are still to be written.
    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// Makes it a silent one.
    pub(super) fn silence(&mut self, rate: Rate) {
        self.set_rate(rate);
        self.fill(0);
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        let mut copy = Self::silent(self.rate);
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, other: &Self) {
        self.set_rate(other.rate);
        self.copy_from_slice(other);
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
    /// The same 20 ms (a few milliseconds later, as filters are) at `rate`: the frame itself if it has that
    /// rate, else what is written to `room`.
    pub(super) fn convert<'a>(
        &mut self,
        frame: &'a Frame,
        rate: Rate,
        room: &'a mut Frame,
    ) -> &'a Frame {
        if frame.rate == rate {
            self.running = None;
            return frame;
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
        room.silence(rate);
        for (to, from) in room.iter_mut().zip(&self.samples) {
            *to = *from;
        }
        room
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
                let (mut frame, mut room) = (Frame::silent(from), Frame::silent(from));
                frame.fill(1_000);
                converter.convert(&frame, to, &mut room);
                let converted = converter.convert(&frame, to, &mut room);
                assert_eq!((converted.rate(), converted.len()), (to, to.frame()));
                assert!(converted.iter().all(|sample| sample.abs_diff(1_000) < 5));
            }
        }
    }
}
