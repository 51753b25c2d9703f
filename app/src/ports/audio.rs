//! The audio of a call, as a port hands it out.

use std::io::{Read, Seek};
use std::path::PathBuf;

/// A recording as WAV, wherever it is kept.
pub enum Audio {
    /// In this file.
    File(PathBuf),
    /// To be opened as it is read.
    Sealed {
        /// From its first byte.
        audio: Box<dyn ReadSeek>,
        /// So many bytes of WAV.
        bytes: u64,
    },
}

/// What can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}
