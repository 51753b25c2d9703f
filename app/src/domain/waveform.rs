//! How loud a recording is along its length, for drawing: peaks, no audio.

use serde::{Deserialize, Serialize};

/// Peaks of both sides at evenly spaced moments, 0 silent to 255 as loud as can be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waveform {
    /// How long the recording is.
    pub duration_ms: u32,
    /// The caller's side.
    pub caller: Vec<u8>,
    /// The agent's side.
    pub agent: Vec<u8>,
}
