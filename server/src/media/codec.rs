//! The audio codecs a call can speak, and their names on the wire.
//!
//! Knows samples and bytes; nothing of packets or descriptions.

use audio_codec::{Decoder as _, Encoder as _, pcma, pcmu};

/// Samples in a second of telephone audio: every sample in this crate is taken at this rate.
pub const SAMPLE_RATE: u32 = 8_000;

/// How long one sent packet sounds.
pub const FRAME_MS: u64 = 20;

/// Samples in one sent packet.
pub const FRAME_SAMPLES: usize = 160;

/// An audio codec we can speak (RFC 3551 §6). More will come, so match with care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    /// Every codec we speak, in the order in which our own offers name them.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The encoding name of `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The payload type that needs no `a=rtpmap` (RFC 3551 table 4).
    pub const fn static_payload(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// RTP clock rate, which for G.722 will differ from the sampling rate (RFC 3551 §4.5.2).
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// Finds a codec by its `a=rtpmap` name and clock rate; names compare without case.
    pub fn named(name: &str, clock_rate: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            codec.name().eq_ignore_ascii_case(name) && codec.clock_rate() == clock_rate
        })
    }

    /// Finds a codec by a static payload type.
    pub fn of_static_payload(payload: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.static_payload() == payload)
    }

    /// Ticks of the RTP clock that `bytes` of payload last.
    pub fn duration_of(self, bytes: usize) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }

    /// Appends the samples of `payload` to `samples`.
    pub fn decode(self, payload: &[u8], samples: &mut Vec<i16>) {
        let start = samples.len();
        samples.resize(start + payload.len(), 0);
        let into = &mut samples[start..];
        let written = match self {
            Self::Pcmu => pcmu::PcmuDecoder::new().decode_into(payload, into),
            Self::Pcma => pcma::PcmaDecoder::new().decode_into(payload, into),
        };
        samples.truncate(start + written.unwrap_or(0));
    }

    /// Appends the payload of `samples` to `payload`.
    pub fn encode(self, samples: &[i16], payload: &mut Vec<u8>) {
        let start = payload.len();
        payload.resize(start + samples.len(), 0);
        let into = &mut payload[start..];
        let written = match self {
            Self::Pcmu => pcmu::PcmuEncoder::new().encode_into(samples, into),
            Self::Pcma => pcma::PcmaEncoder::new().encode_into(samples, into),
        };
        payload.truncate(start + written.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_keeps_a_sample_within_one_step_of_g711() {
        for codec in Codec::ALL {
            for sample in (-32_000_i16..=32_000).step_by(97) {
                let (mut payload, mut back) = (Vec::new(), Vec::new());
                codec.encode(&[sample], &mut payload);
                codec.decode(&payload, &mut back);
                let error = (i32::from(back[0]) - i32::from(sample)).abs();
                let step = 16 + i32::from(sample).abs() / 16;
                assert!(error <= step, "{codec:?} {sample} came back as {}", back[0]);
            }
        }
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        assert_eq!(Codec::named("pcmu", 8_000), Some(Codec::Pcmu));
        assert_eq!(Codec::named("PCMA", 8_000), Some(Codec::Pcma));
        assert_eq!(Codec::named("PCMU", 16_000), None);
        assert_eq!(Codec::of_static_payload(8), Some(Codec::Pcma));
        assert_eq!(Codec::of_static_payload(18), None);
    }
}
