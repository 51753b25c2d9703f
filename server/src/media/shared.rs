//! What the asynchronous handles and the session's thread have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::dtmf::Digit;
use super::line::Span;
use super::recording::{Recorder, RecordingDesk, Take};
use super::sdp::Talk;
use super::speech::Speech;
use super::stats::Stats;

/// One session's shared state. Locked for a moment every 20 ms by its thread, so nothing slow may
/// happen under the lock.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) controls: Mutex<Controls>,
    pub(super) stats: Mutex<Stats>,
    pub(super) drained: Notify,
    /// Every recording of this session, running or complete.
    pub(super) takes: Mutex<Vec<Arc<Take>>>,
    now_ms: AtomicU64,
    desk: RecordingDesk,
}

/// What the handles want of the thread.
#[derive(Debug, Default)]
pub(super) struct Controls {
    /// What was agreed; `revision` rises with every change.
    pub(super) talk: Option<Talk>,
    pub(super) revision: u64,
    pub(super) may_send: bool,
    pub(super) closed: bool,
    pub(super) wants_audio: bool,
    pub(super) keep_digits: bool,
    pub(super) speech: Speech,
    /// Keys that came by another way than RTP.
    pub(super) pressed: Vec<Digit>,
    pub(super) recording: Option<Recorder>,
}

impl Shared {
    pub(super) fn new(desk: RecordingDesk) -> Arc<Self> {
        Arc::new(Self {
            controls: Mutex::default(),
            stats: Mutex::default(),
            drained: Notify::new(),
            takes: Mutex::default(),
            now_ms: AtomicU64::new(0),
            desk,
        })
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(super) fn set_now_ms(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(super) fn record(&self, file: PathBuf) {
        if self.controls.lock().closed {
            return;
        }
        let recorder = self.desk.start(file, self.now_ms());
        self.takes.lock().push(recorder.take());
        self.controls.lock().recording = Some(recorder);
    }

    pub(super) async fn drained(&self) -> Option<Span> {
        loop {
            let notified = self.drained.notified();
            {
                let controls = self.controls.lock();
                if controls.closed || controls.speech.is_empty() {
                    return controls.speech.finished();
                }
            }
            notified.await;
        }
    }

    /// Ends the session for everyone who waits on it.
    pub(super) fn close(&self) {
        self.controls.lock().closed = true;
        self.drained.notify_waiters();
    }
}
