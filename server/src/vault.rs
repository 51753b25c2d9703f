//! Recordings as they lie on disk: plain WAV, or sealed if the operator wants it. Whoever reads sees WAV.
//!
//! A sealed file holds no header of WAV, which would have to be written again and again, but the samples
//! alone: half a second at a time, each sealed by itself (XChaCha20-Poly1305). So any part of it can be read
//! without the rest, and what a crash leaves is good up to its last half second.
//!
//! ```text
//! magic 8 · salt 16 · tag 16     the tag tells whether the key is the right one
//! piece: 16,000 bytes of samples, sealed, and their tag of 16; the last may be shorter
//! ```
//!
//! The nonce is the salt of the file and the number of the piece: no two pieces have the same, because none is
//! written twice. The name of the file is part of what is sealed, so that one call's audio can't pass for another's.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

const MAGIC: &[u8; 8] = b"PBVAULT1";
const SALT: usize = 16;
const TAG: usize = 16;
const HEAD: usize = MAGIC.len() + SALT + TAG;
/// Half a second of two channels at 8 kHz.
const PIECE: usize = 16_000;
/// The number of no piece: what the tag of the head is made with.
const NO_PIECE: u64 = u64::MAX;
/// What stands before the samples in a WAV file.
const WAV_HEAD: usize = 44;

/// What recordings are sealed with.
#[derive(Clone)]
pub struct VaultKey(XChaCha20Poly1305);

/// It was sealed with another key, or is another call's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recording was sealed with another key than the one in the key file")]
pub struct WrongKey;

/// Seals samples as they come.
pub struct Sealer {
    file: File,
    seal: Seal,
    next: u64,
}

/// A recording to be read, as WAV.
#[derive(Debug)]
pub enum Recording {
    Plain(File),
    Sealed(Box<Opener>),
}

/// A sealed recording to be read.
#[derive(Debug)]
pub struct Opener {
    file: File,
    seal: Seal,
    head: [u8; WAV_HEAD],
    /// Bytes of samples.
    length: u64,
    at: u64,
    /// The piece that was opened last, and its number.
    piece: Option<(u64, Vec<u8>)>,
}

/// Key, salt and name of one file.
struct Seal {
    key: VaultKey,
    salt: [u8; SALT],
    name: String,
}

// === impl WrongKey ===

impl WrongKey {
    /// Whether this is why a recording could not be opened.
    pub fn is_why(error: &io::Error) -> bool {
        let Some(why) = error.get_ref() else {
            return false;
        };
        why.is::<Self>()
    }
}

// === impl VaultKey ===

impl VaultKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&key.into()))
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey([secret])")
    }
}

// === impl Seal ===

impl Seal {
    fn of(key: &VaultKey, salt: [u8; SALT], path: &Path) -> Self {
        let name = path.file_stem().unwrap_or_default();
        Self {
            key: key.clone(),
            salt,
            name: name.to_string_lossy().into_owned(),
        }
    }

    fn nonce(&self, piece: u64) -> XNonce {
        let mut nonce = [0; 24];
        nonce[..SALT].copy_from_slice(&self.salt);
        nonce[SALT..].copy_from_slice(&piece.to_be_bytes());
        nonce.into()
    }

    fn seal(&self, piece: u64, plain: &[u8]) -> io::Result<Vec<u8>> {
        let payload = Payload {
            msg: plain,
            aad: self.name.as_bytes(),
        };
        let sealed = self.key.0.encrypt(&self.nonce(piece), payload);
        sealed.map_err(|_| io::Error::other("it cannot be sealed"))
    }

    fn open(&self, piece: u64, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: self.name.as_bytes(),
        };
        let plain = self.key.0.decrypt(&self.nonce(piece), payload);
        plain.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, WrongKey))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seal({})", self.name)
    }
}

// === impl Sealer ===

impl Sealer {
    /// Begins a file that is empty still.
    pub fn begin(mut file: File, path: &Path, key: &VaultKey) -> io::Result<Self> {
        let seal = Seal::of(key, rand::random(), path);
        let tag = seal.seal(NO_PIECE, &[])?;
        file.write_all(&[MAGIC.as_slice(), &seal.salt, &tag].concat())?;
        Ok(Self {
            file,
            seal,
            next: 0,
        })
    }

    /// Adds samples. All but the last must come in whole pieces, as recordings are written.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|one| one.to_le_bytes()).collect();
        for piece in bytes.chunks(PIECE) {
            let sealed = self.seal.seal(self.next, piece)?;
            self.next += 1;
            self.file.write_all(&sealed)?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({}, {})", self.seal.name, self.next)
    }
}

// === impl Recording ===

impl Recording {
    /// Opens it, whichever kind it is.
    pub fn open(path: &Path, key: &VaultKey) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = Vec::with_capacity(HEAD);
        Read::take(&mut file, size(HEAD)).read_to_end(&mut head)?;
        if !head.starts_with(MAGIC) {
            file.rewind()?;
            return Ok(Self::Plain(file));
        }
        let opener = Opener::begin(file, &head, path, key)?;
        Ok(Self::Sealed(Box::new(opener)))
    }

    /// All bytes that a reader sees.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len()),
            Self::Sealed(opener) => Ok(opener.size()),
        }
    }
}

impl Read for Recording {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(into),
            Self::Sealed(opener) => opener.read(into),
        }
    }
}

impl Seek for Recording {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.seek(to),
            Self::Sealed(opener) => opener.seek(to),
        }
    }
}

// === impl Opener ===

impl Opener {
    fn begin(file: File, head: &[u8], path: &Path, key: &VaultKey) -> io::Result<Self> {
        let rest = head.get(MAGIC.len()..).unwrap_or_default();
        let (salt, tag) = rest
            .split_first_chunk::<SALT>()
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let seal = Seal::of(key, *salt, path);
        seal.open(NO_PIECE, tag)?;
        let body = file.metadata()?.len().saturating_sub(size(HEAD));
        let mut opener = Self {
            file,
            seal,
            head: [0; WAV_HEAD],
            length: 0,
            at: 0,
            piece: None,
        };
        opener.length = opener.whole(body);
        opener.head = wav_head(opener.length);
        Ok(opener)
    }

    /// How much of the samples is whole: a crash may have left half a piece, which is as good as none.
    fn whole(&mut self, body: u64) -> u64 {
        let (pieces, rest) = (body / size(PIECE + TAG), body % size(PIECE + TAG));
        let begun = pieces * size(PIECE);
        if rest > 0 {
            let (number, length) = (pieces, rest.saturating_sub(size(TAG)));
            return if self.load(number).is_ok() {
                begun + length
            } else {
                begun
            };
        }
        // Its room may have been made before its bytes were there.
        match pieces.checked_sub(1) {
            Some(last) if self.load(last).is_err() => last * size(PIECE),
            _ => begun,
        }
    }

    /// All bytes that a reader sees.
    fn size(&self) -> u64 {
        size(WAV_HEAD) + self.length
    }

    fn load(&mut self, number: u64) -> io::Result<&[u8]> {
        if self.piece.as_ref().map(|(loaded, _)| *loaded) != Some(number) {
            let at = size(HEAD) + number * size(PIECE + TAG);
            self.file.seek(SeekFrom::Start(at))?;
            let mut sealed = Vec::with_capacity(PIECE + TAG);
            Read::take(&mut self.file, size(PIECE + TAG)).read_to_end(&mut sealed)?;
            self.piece = Some((number, self.seal.open(number, &sealed)?));
        }
        Ok(self.piece.as_ref().map_or(&[], |(_, plain)| plain))
    }
}

impl Read for Opener {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size().saturating_sub(self.at)).unwrap_or(usize::MAX);
        if left == 0 || into.is_empty() {
            return Ok(0);
        }
        let head = self.head;
        let from = match self.at.checked_sub(size(WAV_HEAD)) {
            None => {
                let at = usize::try_from(self.at).unwrap_or_default();
                head.get(at..).unwrap_or_default()
            }
            Some(sample) => {
                let inside = usize::try_from(sample % size(PIECE)).unwrap_or_default();
                let plain = self.load(sample / size(PIECE))?;
                plain.get(inside..).unwrap_or_default()
            }
        };
        let count = from.len().min(into.len()).min(left);
        into[..count].copy_from_slice(&from[..count]);
        self.at += size(count);
        Ok(count)
    }
}

impl Seek for Opener {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = wanted.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Of two channels of 16 bits at 8 kHz.
fn wav_head(length: u64) -> [u8; WAV_HEAD] {
    let length = u32::try_from(length).unwrap_or(u32::MAX - 36);
    let mut head = [0; WAV_HEAD];
    for (at, bytes) in [
        (0, b"RIFF".as_slice()),
        (4, &(36 + length).to_le_bytes()),
        (8, b"WAVEfmt "),
        (16, &16_u32.to_le_bytes()),
        (20, &1_u16.to_le_bytes()),
        (22, &2_u16.to_le_bytes()),
        (24, &8_000_u32.to_le_bytes()),
        (28, &32_000_u32.to_le_bytes()),
        (32, &4_u16.to_le_bytes()),
        (34, &16_u16.to_le_bytes()),
        (36, b"data"),
        (40, &length.to_le_bytes()),
    ] {
        head[at..at + bytes.len()].copy_from_slice(bytes);
    }
    head
}

#[cfg(test)]
mod tests;
