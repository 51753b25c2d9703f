//! The audio codecs a call can speak: what they are on the wire, and from samples to bytes and back.
//!
//! Knows samples and bytes; nothing of packets or descriptions.

use std::fmt;

use super::frame::Rate;
pub use app::domain::codec::{Codec, CodecOrder};
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _, pcma, pcmu};

/// Samples in a second of plain telephone audio.
pub const SAMPLE_RATE: u32 = 8_000;

/// How long one sent packet sounds.
pub const FRAME_MS: u64 = 20;

/// Samples in one frame of plain telephone audio.
pub const FRAME_SAMPLES: usize = 160;

/// Ticks of the RTP clock in one sent packet, for every codec here.
pub const FRAME_TICKS: u32 = 160;

/// What a codec is in packets and their descriptions.
pub trait OnTheWire: Sized {
    /// The payload type that needs no `a=rtpmap` (RFC 3551 table 4).
    fn static_payload(self) -> u8;

    /// RTP clock rate; that of G.722 is half its sampling rate by an old mistake which everyone
    /// keeps (RFC 3551 §4.5.2).
    fn clock_rate(self) -> u32;

    /// Samples in a second.
    fn rate(self) -> Rate;

    /// Finds a codec by its `a=rtpmap` name and clock rate; names compare without case.
    fn named(name: &str, clock_rate: u32) -> Option<Self>;

    /// Finds a codec by a static payload type.
    fn of_static_payload(payload: u8) -> Option<Self>;

    /// Ticks of the RTP clock that `bytes` of payload last.
    fn duration_of(self, bytes: usize) -> u32;

    /// Samples in `bytes` of payload.
    fn samples_in(self, bytes: usize) -> usize;
}

/// One stream on its way out; G.722 remembers what it said before.
pub struct Encoder(Out);

/// One stream on its way in.
pub struct Decoder(In);

enum Out {
    Pcmu,
    Pcma,
    G722(Box<G722Encoder>),
}

enum In {
    Pcmu,
    Pcma,
    G722(Box<G722Decoder>),
}

// === impl Codec ===

impl OnTheWire for Codec {
    fn static_payload(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
        }
    }

    fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
        }
    }

    fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Narrow,
            Self::G722 => Rate::Wide,
        }
    }

    fn named(name: &str, clock_rate: u32) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|codec| {
            codec.as_str().eq_ignore_ascii_case(name) && codec.clock_rate() == clock_rate
        })
    }

    fn of_static_payload(payload: u8) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|codec| codec.static_payload() == payload)
    }

    fn duration_of(self, bytes: usize) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }

    fn samples_in(self, bytes: usize) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => bytes,
            Self::G722 => 2 * bytes,
        }
    }
}

// === impl Encoder ===

impl Encoder {
    /// The beginning of a stream.
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => Out::Pcmu,
            Codec::Pcma => Out::Pcma,
            Codec::G722 => Out::G722(Box::new(G722Encoder::new())),
        })
    }

    /// What it speaks.
    pub fn codec(&self) -> Codec {
        match self.0 {
            Out::Pcmu => Codec::Pcmu,
            Out::Pcma => Codec::Pcma,
            Out::G722(_) => Codec::G722,
        }
    }

    /// Appends the payload of `samples`, taken at the codec's rate, to `payload`.
    pub fn push(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let start = payload.len();
        payload.resize(start + samples.len() + 1, 0);
        let into = &mut payload[start..];
        let written = match &mut self.0 {
            Out::Pcmu => pcmu::PcmuEncoder::new().encode_into(samples, into),
            Out::Pcma => pcma::PcmaEncoder::new().encode_into(samples, into),
            Out::G722(encoder) => encoder.encode_into(samples, into),
        };
        payload.truncate(start + written.unwrap_or(0));
    }
}

// === impl Decoder ===

impl Decoder {
    /// The beginning of a stream.
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => In::Pcmu,
            Codec::Pcma => In::Pcma,
            Codec::G722 => In::G722(Box::new(G722Decoder::new())),
        })
    }

    /// What it understands.
    pub fn codec(&self) -> Codec {
        match self.0 {
            In::Pcmu => Codec::Pcmu,
            In::Pcma => Codec::Pcma,
            In::G722(_) => Codec::G722,
        }
    }

    /// Appends the samples of `payload`, at the codec's rate, to `samples`.
    pub fn push(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        let start = samples.len();
        samples.resize(start + self.codec().samples_in(payload.len()), 0);
        let written = self.write(payload, &mut samples[start..]);
        samples.truncate(start + written);
    }

    /// Writes the samples of `payload` to `samples`, which must have room for them, and returns how many they are.
    pub fn write(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let written = match &mut self.0 {
            In::Pcmu => pcmu::PcmuDecoder::new().decode_into(payload, samples),
            In::Pcma => pcma::PcmaDecoder::new().decode_into(payload, samples),
            In::G722(decoder) => decoder.decode_into(payload, samples),
        };
        written.unwrap_or(0)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoder").field(&self.codec()).finish()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decoder").field(&self.codec()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::tone;

    #[test]
    fn a_round_trip_keeps_a_sample_within_one_step_of_g711() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for sample in (-32_000_i16..=32_000).step_by(97) {
                let (mut payload, mut back) = (Vec::new(), Vec::new());
                Encoder::new(codec).push(&[sample], &mut payload);
                Decoder::new(codec).push(&payload, &mut back);
                let error = (i32::from(back[0]) - i32::from(sample)).abs();
                let step = 16 + i32::from(sample).abs() / 16;
                assert!(error <= step, "{codec:?} {sample} came back as {}", back[0]);
            }
        }
    }

    #[test]
    fn g722_carries_what_no_telephone_of_8_khz_could() {
        // Read at 16 kHz this is a tone of 6 kHz.
        let sent = tone(3_000.0, 400, 8_000);
        let (mut encoder, mut decoder) = (Encoder::new(Codec::G722), Decoder::new(Codec::G722));
        let mut heard = Vec::new();
        for frame in sent.chunks(320) {
            let mut payload = Vec::new();
            encoder.push(frame, &mut payload);
            assert_eq!(payload.len(), 160);
            assert_eq!(Codec::G722.duration_of(payload.len()), FRAME_TICKS);
            decoder.push(&payload, &mut heard);
        }
        assert_eq!(heard.len(), sent.len());
        let energy = |samples: &[i16]| -> f64 {
            samples
                .iter()
                .map(|sample| f64::from(*sample).powi(2))
                .sum()
        };
        let kept = energy(&heard) / energy(&sent);
        assert!((0.8..1.2).contains(&kept), "{kept}");
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        assert_eq!(Codec::named("pcmu", 8_000), Some(Codec::Pcmu));
        assert_eq!(Codec::named("PCMA", 8_000), Some(Codec::Pcma));
        assert_eq!(Codec::named("g722", 8_000), Some(Codec::G722));
        assert_eq!(Codec::named("G722", 16_000), None);
        assert_eq!(Codec::of_static_payload(9), Some(Codec::G722));
        assert_eq!(Codec::of_static_payload(18), None);
    }
}
