//! Packets to samples of one rate, whatever codec each came in.

use crate::media::codec::{Codec, Decoder, OnTheWire as _};
use crate::media::frame::Rate;
use crate::media::resample::Resampler;

#[derive(Debug)]
pub(super) struct Decoding {
    rate: Rate,
    decoder: Option<Decoder>,
    fit: Option<Box<Fit>>,
}

/// For a codec of another rate than the one agreed to.
#[derive(Debug)]
struct Fit {
    resampler: Resampler,
    samples: Vec<i16>,
}

impl Decoding {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            decoder: None,
            fit: None,
        }
    }

    /// Appends the samples of a packet.
    pub(super) fn push(&mut self, codec: Codec, payload: &[u8], into: &mut Vec<i16>) {
        match self.of(codec) {
            (decoder, None) => decoder.push(payload, into),
            (decoder, Some(fit)) => {
                fit.samples.clear();
                decoder.push(payload, &mut fit.samples);
                fit.resampler.push(&fit.samples, into);
            }
        }
    }

    /// Writes the samples of a packet to where they are played and returns how many they are; none, and nothing is
    /// written, if it is not certain that all of them have room there.
    pub(super) fn write(
        &mut self,
        codec: Codec,
        payload: &[u8],
        into: &mut [i16],
    ) -> Option<usize> {
        if codec.samples_in(payload.len()) > into.len() {
            return None;
        }
        match self.of(codec) {
            (decoder, None) => Some(decoder.write(payload, into)),
            (_, Some(_)) => None,
        }
    }

    fn of(&mut self, codec: Codec) -> (&mut Decoder, Option<&mut Fit>) {
        let known = self.decoder.take().filter(|known| known.codec() == codec);
        if known.is_none() {
            self.fit = (codec.rate() != self.rate).then(|| {
                Box::new(Fit {
                    resampler: Resampler::new(codec.rate().hertz(), self.rate.hertz()),
                    samples: Vec::new(),
                })
            });
        }
        let known = known.unwrap_or_else(|| Decoder::new(codec));
        (self.decoder.insert(known), self.fit.as_deref_mut())
    }
}
