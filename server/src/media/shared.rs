//! What the asynchronous handles and the session's thread have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use super::bridge::End;
use super::dtmf::Digit;
use super::frame::Rate;
use super::leg::Agreed;
use super::line::{Heard, Span};
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
    /// What was agreed, and with whom this side is joined; `revision` rises with every change.
    pub(super) talk: Option<Talk>,
    pub(super) joined: Option<End>,
    pub(super) revision: u64,
    /// Another engine takes over the line.
    pub(super) new_line: Option<mpsc::Sender<Heard>>,
    pub(super) may_send: bool,
    pub(super) closed: bool,
    pub(super) wants_audio: bool,
    /// Of what the engine hears and says.
    pub(super) line_rate: Rate,
    pub(super) keep_digits: bool,
    pub(super) speech: Speech,
    /// Keys that came by another way than RTP.
    pub(super) pressed: Vec<Digit>,
    pub(super) recording: Option<Recorder>,
}

impl Controls {
    /// A copy of what was agreed.
    pub(super) fn agreed(&self) -> Agreed {
        Agreed {
            talk: self.talk.clone(),
            joined: self.joined.clone(),
            revision: self.revision,
        }
    }
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

    /// This side is joined with another from now on.
    pub(super) fn join(&self, end: End) {
        let mut controls = self.controls.lock();
        controls.joined = Some(end);
        controls.revision += 1;
    }

    /// It no longer is, unless it has been joined with someone else meanwhile.
    pub(super) fn part(&self, end: &End) {
        let mut controls = self.controls.lock();
        if controls.joined.as_ref().is_some_and(|own| own.is_of(end)) {
            controls.joined = None;
            controls.revision += 1;
        }
    }

    /// Ends the session for everyone who waits on it.
    pub(super) fn close(&self) {
        self.controls.lock().closed = true;
        self.drained.notify_waiters();
    }
}
