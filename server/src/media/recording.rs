//! Recordings: stereo WAV (caller left, agent right), written as the call runs.
//!
//! Files are written by one thread of their own, so that a slow disk delays neither audio nor
//! anything asynchronous. The header is brought up to date with every half second written, so
//! that a crash costs less than a second. A disk error ends the recording, never the call.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::codec::{FRAME_MS, FRAME_SAMPLES};
use crate::vault::VaultKey;

mod wav;

/// Frames written at a time: half a second.
const CHUNK_FRAMES: usize = 25;

/// Frames held back, so that a key's first tones, which come before its event, can be muted.
const HELD_FRAMES: usize = 5;

/// Chunks that may wait for the disk, all calls together, before recordings are given up.
const MAX_BACKLOG: usize = 4_096;

/// Why a recording ended before its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordingFailure {
    /// No room is left.
    #[error("the disk is full")]
    DiskFull,
    /// The file could not be made or written.
    #[error("the recording cannot be written: {0}")]
    Disk(io::ErrorKind),
    /// The disk is slower than the calls.
    #[error("the disk is too slow")]
    TooSlow,
}

/// A recording as it was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The file.
    pub file: PathBuf,
    /// When it began, on the line's clock.
    pub start_ms: u64,
    /// How much audio it holds.
    pub duration_ms: u64,
    /// Why it ended early, if it did.
    pub failure: Option<RecordingFailure>,
}

/// Takes recordings in hand; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RecordingDesk {
    jobs: Sender<Job>,
    backlog: Arc<AtomicUsize>,
    next_id: Arc<AtomicU64>,
}

/// One running recording; dropping it completes the file.
#[derive(Debug)]
pub(super) struct Recorder {
    id: u64,
    desk: RecordingDesk,
    take: Arc<Take>,
    held: VecDeque<[(i16, i16); FRAME_SAMPLES]>,
    chunk: Vec<i16>,
}

/// What is known of a recording while it runs and after.
#[derive(Debug)]
pub(super) struct Take {
    file: PathBuf,
    start_ms: u64,
    frames: AtomicU64,
    failure: Mutex<Option<RecordingFailure>>,
    finished: watch::Sender<bool>,
}

#[derive(Debug)]
enum Job {
    Open { id: u64, take: Arc<Take> },
    Write { id: u64, samples: Vec<i16> },
    Finish { id: u64 },
}

// === impl RecordingDesk ===

impl RecordingDesk {
    /// Starts the thread; it ends when the last desk and recorder are gone.
    pub(super) fn start_thread(key: Option<VaultKey>) -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let backlog = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::clone(&backlog);
        thread::Builder::new()
            .name("recordings".into())
            .spawn(move || {
                let mut files = wav::OpenFiles::new(key);
                for job in inbox {
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    files.work(job);
                }
            })?;
        Ok(Self {
            jobs,
            backlog,
            next_id: Arc::default(),
        })
    }

    /// Begins a recording. Does not touch the disk itself.
    pub(super) fn start(&self, file: PathBuf, start_ms: u64) -> Recorder {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let take = Arc::new(Take {
            file,
            start_ms,
            frames: AtomicU64::new(0),
            failure: Mutex::new(None),
            finished: watch::Sender::new(false),
        });
        self.send(Job::Open {
            id,
            take: Arc::clone(&take),
        });
        Recorder {
            id,
            desk: self.clone(),
            take,
            held: VecDeque::with_capacity(HELD_FRAMES + 1),
            chunk: Vec::with_capacity(CHUNK_FRAMES * FRAME_SAMPLES * 2),
        }
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_ok() {
            self.backlog.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// === impl Recorder ===

impl Recorder {
    /// Adds 20 ms of both sides; `muted` silences the caller's, and what is held back of it.
    pub(super) fn push(&mut self, caller: &[i16], agent: &[i16], muted: bool) {
        let mut frame = [(0, 0); FRAME_SAMPLES];
        for (pair, (caller, agent)) in frame.iter_mut().zip(caller.iter().zip(agent)) {
            *pair = (*caller, *agent);
        }
        self.held.push_back(frame);
        if muted {
            self.held
                .iter_mut()
                .flatten()
                .for_each(|(caller, _)| *caller = 0);
        }
        if self.held.len() > HELD_FRAMES {
            self.release();
        }
        if self.chunk.len() >= CHUNK_FRAMES * FRAME_SAMPLES * 2 {
            self.write_chunk();
        }
    }

    /// Why it cannot go on, if it cannot.
    pub(super) fn failure(&self) -> Option<RecordingFailure> {
        self.take.failure()
    }

    /// To ask later what became of it.
    pub(super) fn take(&self) -> Arc<Take> {
        Arc::clone(&self.take)
    }

    fn release(&mut self) {
        if let Some(frame) = self.held.pop_front() {
            self.chunk.extend(
                frame
                    .into_iter()
                    .flat_map(|(caller, agent)| [caller, agent]),
            );
        }
    }

    fn write_chunk(&mut self) {
        if self.desk.backlog.load(Ordering::Relaxed) > MAX_BACKLOG {
            self.take.fail(RecordingFailure::TooSlow);
        }
        let room = Vec::with_capacity(self.chunk.capacity());
        let samples = std::mem::replace(&mut self.chunk, room);
        if self.failure().is_none() && !samples.is_empty() {
            self.desk.send(Job::Write {
                id: self.id,
                samples,
            });
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        while !self.held.is_empty() {
            self.release();
        }
        self.write_chunk();
        self.desk.send(Job::Finish { id: self.id });
    }
}

// === impl Take ===

impl Take {
    fn failure(&self) -> Option<RecordingFailure> {
        *self.failure.lock()
    }

    /// Whether it went well and there was nothing to keep.
    fn is_empty(&self) -> bool {
        self.frames.load(Ordering::Relaxed) == 0 && self.failure().is_none()
    }

    fn fail(&self, failure: RecordingFailure) {
        self.failure.lock().get_or_insert(failure);
    }

    /// Waits until the file is complete.
    pub(super) async fn finished(&self) -> Recorded {
        _ = self
            .finished
            .subscribe()
            .wait_for(|finished| *finished)
            .await;
        self.recorded()
    }

    /// What is known by now.
    pub(super) fn recorded(&self) -> Recorded {
        Recorded {
            file: self.file.clone(),
            start_ms: self.start_ms,
            duration_ms: self.frames.load(Ordering::Relaxed) * FRAME_MS,
            failure: self.failure(),
        }
    }
}

impl RecordingFailure {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Disk(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: [i16; FRAME_SAMPLES] = [0; FRAME_SAMPLES];

    fn channels(file: &PathBuf) -> (Vec<i16>, Vec<i16>) {
        let mut reader = hound::WavReader::open(file).unwrap();
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate),
            (2, 8_000)
        );
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        samples.chunks(2).map(|pair| (pair[0], pair[1])).unzip()
    }

    #[tokio::test]
    async fn the_caller_is_left_and_the_agent_right() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/call.wav");
        let desk = RecordingDesk::start_thread(None).unwrap();
        let mut recorder = desk.start(file.clone(), 340);
        let take = recorder.take();
        for _ in 0..60 {
            recorder.push(&[100; FRAME_SAMPLES], &[-200; FRAME_SAMPLES], false);
        }
        drop(recorder);
        let recorded = take.finished().await;
        assert_eq!(
            (recorded.start_ms, recorded.duration_ms, recorded.failure),
            (340, 1_200, None)
        );
        let (caller, agent) = channels(&file);
        assert_eq!(caller, vec![100; 60 * FRAME_SAMPLES]);
        assert_eq!(agent, vec![-200; 60 * FRAME_SAMPLES]);
    }

    #[tokio::test]
    async fn a_running_recording_can_be_read_up_to_the_last_second() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("call.wav");
        let desk = RecordingDesk::start_thread(None).unwrap();
        let mut recorder = desk.start(file.clone(), 0);
        for _ in 0..150 {
            recorder.push(&QUIET, &QUIET, false);
        }
        while desk.backlog.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let (caller, _) = channels(&file);
        assert!(
            caller.len() >= 100 * FRAME_SAMPLES,
            "{} samples of 24000",
            caller.len()
        );
    }

    #[tokio::test]
    async fn a_key_is_muted_with_the_tenth_of_a_second_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("call.wav");
        let desk = RecordingDesk::start_thread(None).unwrap();
        let mut recorder = desk.start(file.clone(), 0);
        for index in 0..30 {
            recorder.push(&[50; FRAME_SAMPLES], &[60; FRAME_SAMPLES], index == 20);
        }
        let take = recorder.take();
        drop(recorder);
        take.finished().await;
        let (caller, agent) = channels(&file);
        let muted: Vec<usize> = (0..30)
            .filter(|index| caller[index * FRAME_SAMPLES] == 0)
            .collect();
        assert_eq!(muted, [15, 16, 17, 18, 19, 20]);
        assert!(agent.iter().all(|sample| *sample == 60));
    }

    #[tokio::test]
    async fn a_sealed_recording_is_heard_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("call.wav");
        let key = VaultKey::new([7; 32]);
        let desk = RecordingDesk::start_thread(Some(key.clone())).unwrap();
        let mut recorder = desk.start(file.clone(), 0);
        for _ in 0..61 {
            recorder.push(&[100; FRAME_SAMPLES], &[-200; FRAME_SAMPLES], false);
        }
        let take = recorder.take();
        drop(recorder);
        assert_eq!(take.finished().await.duration_ms, 1_220);
        let kept = crate::vault::Recording::open(&file, &key).unwrap();
        let samples = hound::WavReader::new(kept).unwrap().into_samples::<i16>();
        let samples: Vec<i16> = samples.map(Result::unwrap).collect();
        assert_eq!(samples, [100, -200].repeat(61 * FRAME_SAMPLES));
        assert!(
            hound::WavReader::open(&file).is_err(),
            "it lies there in the open"
        );
    }

    #[tokio::test]
    async fn nothing_heard_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        for key in [None, Some(VaultKey::new([7; 32]))] {
            let file = folder.path().join("call.wav");
            let desk = RecordingDesk::start_thread(key).unwrap();
            let recorder = desk.start(file.clone(), 0);
            let take = recorder.take();
            drop(recorder);
            let recorded = take.finished().await;
            assert_eq!((recorded.duration_ms, recorded.failure), (0, None));
            assert!(!file.exists(), "an empty file stays that no row names");
        }
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_fails_the_recording_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let desk = RecordingDesk::start_thread(None).unwrap();
        let recorder = desk.start(folder.path().join("file/call.wav"), 0);
        let take = recorder.take();
        drop(recorder);
        assert!(matches!(
            take.finished().await.failure,
            Some(RecordingFailure::Disk(_))
        ));
    }

    #[tokio::test]
    async fn a_full_disk_is_named() {
        let full = PathBuf::from("/dev/full");
        if !full.exists() {
            return;
        }
        let desk = RecordingDesk::start_thread(None).unwrap();
        let mut recorder = desk.start(full, 0);
        let take = recorder.take();
        for _ in 0..50 {
            recorder.push(&QUIET, &QUIET, false);
        }
        drop(recorder);
        assert_eq!(
            take.finished().await.failure,
            Some(RecordingFailure::DiskFull)
        );
    }
}
