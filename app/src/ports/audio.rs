//! The audio of a call, as a port hands it out.

use std::io::{Read, Seek};

/// A recording as WAV, open to be read, in whatever way it is kept.
pub struct Audio {
    /// From its first byte.
    pub audio: Box<dyn ReadSeek>,
    /// So many bytes of WAV.
    pub bytes: u64,
}

/// What can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}
