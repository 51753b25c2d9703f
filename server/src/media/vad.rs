//! Whether the caller is speaking, by the energy of what is heard.
//!
//! A measure, not a judge of words: loud enough above the line's own noise for 60 ms is speech,
//! half a second below it is a pause.

use super::codec::FRAME_MS;

/// Frames of sound before speech is believed.
const TO_START: u32 = 3;

/// Frames of quiet before it is over.
const TO_END: u32 = 25;

/// Mean square below which nothing is speech: -45 dB of full scale.
const LEAST: f32 = 33_000.0;

/// How much louder than the line's noise speech is: 9 dB.
const ABOVE_NOISE: f32 = 8.0;

/// The noise is never taken for louder than this, else a long monologue would hide itself.
const MOST_NOISE: f32 = 40_000.0;

#[derive(Debug)]
pub(super) struct Vad {
    noise: f32,
    speaking: bool,
    /// Frames in a row that speak against the present state.
    against: u32,
}

/// A change between speech and pause, with how long ago it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Started { ago_ms: u64 },
    Ended { ago_ms: u64 },
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            noise: 1_000.0,
            speaking: false,
            against: 0,
        }
    }
}

impl Vad {
    /// Takes the next frame.
    pub(super) fn frame(&mut self, samples: &[i16]) -> Option<Edge> {
        let energy = mean_square(samples);
        let loud = energy > LEAST.max(self.noise * ABOVE_NOISE);
        let adapt = if energy < self.noise { 0.2 } else { 0.005 };
        self.noise = (self.noise + (energy - self.noise) * adapt).min(MOST_NOISE);
        if loud == self.speaking {
            self.against = 0;
            return None;
        }
        self.against += 1;
        let needed = if self.speaking { TO_END } else { TO_START };
        if self.against < needed {
            return None;
        }
        self.speaking = loud;
        let ago_ms = u64::from(std::mem::take(&mut self.against)) * FRAME_MS;
        Some(if loud {
            Edge::Started { ago_ms }
        } else {
            Edge::Ended { ago_ms }
        })
    }
}

fn mean_square(samples: &[i16]) -> f32 {
    // Whole numbers are summed several at a time, floats one after the other.
    let sum: i64 = samples
        .iter()
        .map(|sample| i64::from(i32::from(*sample) * i32::from(*sample)))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a measure, not a count")]
    let sum = sum as f32;
    sum / f32::from(u16::try_from(samples.len().max(1)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(levels: impl IntoIterator<Item = i16>) -> Vec<(usize, Edge)> {
        let mut vad = Vad::default();
        let frame = |level: i16| -> Vec<i16> {
            (0..160)
                .map(|n| if n % 8 < 4 { level } else { -level })
                .collect()
        };
        levels
            .into_iter()
            .enumerate()
            .filter_map(|(index, level)| Some((index, vad.frame(&frame(level))?)))
            .collect()
    }

    fn pattern(parts: &[(i16, usize)]) -> Vec<i16> {
        parts
            .iter()
            .flat_map(|(level, frames)| vec![*level; *frames])
            .collect()
    }

    #[test]
    fn speech_between_pauses_has_two_edges() {
        let found = edges(pattern(&[(5, 50), (3_000, 50), (5, 50)]));
        assert_eq!(
            found,
            [
                (52, Edge::Started { ago_ms: 60 }),
                (124, Edge::Ended { ago_ms: 500 })
            ]
        );
    }

    #[test]
    fn a_click_is_no_speech_and_a_breath_no_pause() {
        assert_eq!(edges(pattern(&[(5, 50), (20_000, 2), (5, 50)])), []);
        let found = edges(pattern(&[(5, 50), (3_000, 20), (5, 20), (3_000, 20)]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn steady_noise_is_no_speech_but_a_voice_above_it_is() {
        let found = edges(pattern(&[(150, 400), (2_500, 20)]));
        assert_eq!(found, [(402, Edge::Started { ago_ms: 60 })]);
    }
}
