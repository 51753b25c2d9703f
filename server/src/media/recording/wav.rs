//! The files themselves, on the recording thread: the only place here that touches the disk.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::{Job, RecordingFailure, Take};
use crate::media::codec::{FRAME_SAMPLES, SAMPLE_RATE};
use crate::vault::{Sealer, VaultKey};

const SPEC: WavSpec = WavSpec {
    channels: 2,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Every recording that runs now.
pub(super) struct OpenFiles {
    files: HashMap<u64, OpenFile>,
    /// What they are sealed with, if they are.
    key: Option<VaultKey>,
}

struct OpenFile {
    take: Arc<Take>,
    /// None once writing has failed.
    writer: Option<Writer>,
}

enum Writer {
    Plain(WavWriter<BufWriter<File>>),
    Sealed(Sealer),
}

impl OpenFiles {
    pub(super) fn new(key: Option<VaultKey>) -> Self {
        let files = HashMap::new();
        Self { files, key }
    }

    pub(super) fn work(&mut self, job: Job) {
        match job {
            Job::Open { id, take } => {
                let file = OpenFile::create(take, self.key.as_ref());
                self.files.insert(id, file);
            }
            Job::Write { id, samples } => {
                if let Some(file) = self.files.get_mut(&id) {
                    file.write(&samples);
                }
            }
            Job::Finish { id } => {
                if let Some(file) = self.files.remove(&id) {
                    file.finish();
                }
            }
        }
    }
}

impl OpenFile {
    fn create(take: Arc<Take>, key: Option<&VaultKey>) -> Self {
        let writer = match create(&take.file, key) {
            Ok(writer) => Some(writer),
            Err(error) => {
                take.fail(failure(&error));
                None
            }
        };
        Self { take, writer }
    }

    fn write(&mut self, samples: &[i16]) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        if let Err(error) = write(writer, samples) {
            self.take.fail(failure(&error));
            // The header still tells of what was written before; finishing would fail again.
            self.writer = None;
            return;
        }
        let frames = samples.len() / (FRAME_SAMPLES * 2);
        self.take.frames.fetch_add(frames as u64, Ordering::Relaxed);
    }

    fn finish(self) {
        let finished = match self.writer {
            Some(Writer::Plain(writer)) => writer.finalize(),
            // Each piece was complete when it was written.
            Some(Writer::Sealed(_)) | None => Ok(()),
        };
        if let Err(error) = finished {
            self.take.fail(failure(&error));
        }
        if self.take.is_empty() {
            // No row will name it, so retention would never find it.
            if let Err(error) = fs::remove_file(&self.take.file) {
                tracing::warn!(file = %self.take.file.display(), %error, "recording.empty.kept");
            }
        }
        self.take.finished.send_replace(true);
    }
}

fn create(path: &Path, key: Option<&VaultKey>) -> hound::Result<Writer> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = private_file(path)?;
    if let Some(key) = key {
        return Ok(Writer::Sealed(Sealer::begin(file, path, key)?));
    }
    let mut writer = WavWriter::new(BufWriter::new(file), SPEC)?;
    writer.flush()?;
    Ok(Writer::Plain(writer))
}

/// A recording is for nobody but the server's own user.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(writer: &mut Writer, samples: &[i16]) -> hound::Result<()> {
    let writer = match writer {
        Writer::Plain(writer) => writer,
        Writer::Sealed(sealer) => return Ok(sealer.write(samples)?),
    };
    let count = u32::try_from(samples.len()).unwrap_or(0);
    let mut fast = writer.get_i16_writer(count);
    for sample in samples {
        fast.write_sample(*sample);
    }
    fast.flush()?;
    writer.flush()
}

fn failure(error: &hound::Error) -> RecordingFailure {
    match error {
        hound::Error::IoError(error) => RecordingFailure::of(error),
        _ => RecordingFailure::Disk(io::ErrorKind::InvalidData),
    }
}
