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

const SPEC: WavSpec = WavSpec {
    channels: 2,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Every recording that runs now.
#[derive(Default)]
pub(super) struct OpenFiles(HashMap<u64, OpenFile>);

struct OpenFile {
    take: Arc<Take>,
    /// None once writing has failed.
    writer: Option<WavWriter<BufWriter<File>>>,
}

impl OpenFiles {
    pub(super) fn work(&mut self, job: Job) {
        match job {
            Job::Open { id, take } => _ = self.0.insert(id, OpenFile::create(take)),
            Job::Write { id, samples } => {
                if let Some(file) = self.0.get_mut(&id) {
                    file.write(&samples);
                }
            }
            Job::Finish { id } => {
                if let Some(file) = self.0.remove(&id) {
                    file.finish();
                }
            }
        }
    }
}

impl OpenFile {
    fn create(take: Arc<Take>) -> Self {
        let writer = match create(&take.file) {
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
        if let Some(Err(error)) = self.writer.map(WavWriter::finalize) {
            self.take.fail(failure(&error));
        }
        self.take.finished.send_replace(true);
    }
}

fn create(path: &Path) -> hound::Result<WavWriter<BufWriter<File>>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut writer = WavWriter::new(BufWriter::new(private_file(path)?), SPEC)?;
    writer.flush()?;
    Ok(writer)
}

/// A recording is for nobody but the server's own user.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(writer: &mut WavWriter<BufWriter<File>>, samples: &[i16]) -> hound::Result<()> {
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
