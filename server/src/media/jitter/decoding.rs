//! Packets to samples of one rate, whatever codec each came in.

use crate::media::codec::{Codec, Decoder, OnTheWire as _};
use crate::media::frame::Rate;
use crate::media::resample::Resampler;

#[derive(Debug)]
pub(super) struct Decoding {
    rate: Rate,
    decoder: Option<Decoder>,
    /// For a codec of another rate than the one agreed to.
    fit: Option<Resampler>,
    samples: Vec<i16>,
}

impl Decoding {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            decoder: None,
            fit: None,
            samples: Vec::new(),
        }
    }

    /// Appends the samples of a packet.
    pub(super) fn push(&mut self, codec: Codec, payload: &[u8], into: &mut Vec<i16>) {
        let known = self.decoder.take().filter(|known| known.codec() == codec);
        if known.is_none() {
            self.fit = (codec.rate() != self.rate)
                .then(|| Resampler::new(codec.rate().hertz(), self.rate.hertz()));
        }
        let known = known.unwrap_or_else(|| Decoder::new(codec));
        let decoder = self.decoder.insert(known);
        match &mut self.fit {
            None => decoder.push(payload, into),
            Some(fit) => {
                self.samples.clear();
                decoder.push(payload, &mut self.samples);
                fit.push(&self.samples, into);
            }
        }
    }
}
