//! What the asynchronous handles and the session's thread have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
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

/// One session's shared state. Its thread may lock it in any frame, so nothing slow may happen under a lock.
///
/// Laid out as written: a thread comes to each of its sessions every 20 ms, when none of this is in its caches
/// any more, and what it needs in every frame stands together.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Shared {
    /// Rises with every change of the controls.
    revision: AtomicU64,
    now_ms: AtomicU64,
    pub(super) stats: Mutex<Stats>,
    controls: Mutex<Controls>,
    pub(super) drained: Notify,
    /// Every recording of this session, running or complete.
    pub(super) takes: Mutex<Vec<Arc<Take>>>,
    desk: RecordingDesk,
}

/// What the handles want of the thread.
#[derive(Debug, Default)]
pub(super) struct Controls {
    /// What was agreed, and with whom this side is joined; `agreement` rises with every change.
    pub(super) talk: Option<Talk>,
    pub(super) joined: Option<End>,
    pub(super) agreement: u64,
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
            agreement: self.agreement,
        }
    }
}

impl Shared {
    pub(super) fn new(desk: RecordingDesk) -> Arc<Self> {
        Arc::new(Self {
            revision: AtomicU64::new(0),
            now_ms: AtomicU64::new(0),
            stats: Mutex::default(),
            controls: Mutex::default(),
            drained: Notify::new(),
            takes: Mutex::default(),
            desk,
        })
    }

    /// What is wanted, to look at. The thread may also take out what it has done.
    pub(super) fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock()
    }

    /// Wants something else of the thread from its next frame on.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Controls) -> T) -> T {
        let mut controls = self.controls.lock();
        let changed = change(&mut controls);
        // Under the lock: whoever sees the new revision finds the change.
        self.revision.fetch_add(1, Ordering::Release);
        changed
    }

    /// Whether anything else is wanted than as of `revision`; which is then as of now.
    pub(super) fn has_changed(&self, revision: &mut Option<u64>) -> bool {
        let now = Some(self.revision.load(Ordering::Acquire));
        std::mem::replace(revision, now) != now
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(super) fn set_now_ms(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(super) fn record(&self, file: PathBuf) {
        if self.controls().closed {
            return;
        }
        let recorder = self.desk.start(file, self.now_ms());
        self.takes.lock().push(recorder.take());
        self.change(|controls| {
            // Of a session that is over nobody would complete it.
            controls.recording = Some(recorder).filter(|_| !controls.closed);
        });
    }

    pub(super) async fn drained(&self) -> Option<Span> {
        loop {
            let notified = self.drained.notified();
            {
                let controls = self.controls();
                if controls.closed || controls.speech.is_empty() {
                    return controls.speech.finished();
                }
            }
            notified.await;
        }
    }

    /// This side is joined with another from now on.
    pub(super) fn join(&self, end: End) {
        self.change(|controls| {
            controls.joined = Some(end);
            controls.agreement += 1;
        });
    }

    /// It no longer is, unless it has been joined with someone else meanwhile.
    pub(super) fn part(&self, end: &End) {
        self.change(|controls| {
            if controls.joined.as_ref().is_some_and(|own| own.is_of(end)) {
                controls.joined = None;
                controls.agreement += 1;
            }
        });
    }

    /// Ends the session for everyone who waits on it.
    pub(super) fn close(&self) {
        self.change(|controls| controls.closed = true);
        self.drained.notify_waiters();
    }
}
