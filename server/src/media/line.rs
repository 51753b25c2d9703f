//! The line as an engine has it: it hears, speaks, records; it knows nothing of packets.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::dtmf::Digit;
use super::frame::Rate;
use super::recording::RecordingFailure;
use super::shared::Shared;
use super::speech::Progress;

/// The engine's end of an answered call. All times are milliseconds since the call was connected
/// (see [`Session::start_sending`](super::Session::start_sending)), on the audio's own clock.
#[derive(Debug)]
pub struct Line {
    shared: Arc<Shared>,
    heard: mpsc::Receiver<Heard>,
}

/// Something that happened on the caller's side.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// 20 ms of the caller's audio at the line's rate, silence included; only after
    /// [`Line::want_audio`].
    Audio {
        samples: Arc<[i16]>,
        /// When the last of them was heard, on the line's clock.
        at_ms: u64,
    },
    /// A key was pressed and let go.
    Digit {
        /// Which one.
        digit: Digit,
        /// When it ended.
        at_ms: u64,
    },
    /// The caller began to speak.
    SpeechStarted {
        /// When, a little before this was known.
        at_ms: u64,
    },
    /// The caller has been quiet for a moment.
    SpeechEnded {
        /// When the last word ended.
        at_ms: u64,
    },
    /// The other side put the call on hold: nothing is heard and nothing is sent.
    Held,
    /// It is back.
    Resumed,
    /// The caller has been joined with someone else: nothing more is heard of either, and what
    /// is still to be said waits.
    Joined,
    /// The caller is back.
    Parted,
    /// Audio is no longer kept; the call goes on.
    RecordingStopped(RecordingFailure),
    /// The call is over. Nothing comes after this.
    Gone,
}

/// When something was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first sample.
    pub start_ms: u64,
    /// Its last.
    pub end_ms: u64,
}

impl Line {
    pub(super) fn new(shared: Arc<Shared>, heard: mpsc::Receiver<Heard>) -> Self {
        Self { shared, heard }
    }

    /// The next thing heard; after the end of the call always [`Heard::Gone`].
    ///
    /// Cancel safe: nothing is lost if another branch of a `select!` wins.
    pub async fn hear(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::Gone)
    }

    /// What was heard already, if anything was.
    pub fn heard(&mut self) -> Option<Heard> {
        match self.heard.try_recv() {
            Ok(heard) => Some(heard),
            Err(mpsc::error::TryRecvError::Empty) => None,
            Err(mpsc::error::TryRecvError::Disconnected) => Some(Heard::Gone),
        }
    }

    /// Asks for [`Heard::Audio`] too. An engine that does not keep up loses audio, never events.
    pub fn want_audio(&self) {
        self.shared.change(|controls| controls.wants_audio = true);
    }

    /// The rate of what is heard and said from now on; 8 kHz at first. Whatever the caller's codec
    /// has is brought to it. What waits to be said still is forgotten.
    pub fn set_rate(&self, rate: Rate) {
        self.shared.change(|controls| {
            if controls.line_rate != rate {
                controls.line_rate = rate;
                controls.speech.clear();
            }
        });
    }

    /// Puts samples, taken at the line's rate, at the end of what is to be said.
    pub fn speak(&self, samples: Arc<[i16]>) {
        self.shared.change(|controls| controls.speech.push(samples));
    }

    /// How far what was to be said has been said.
    pub fn progress(&self) -> Progress {
        self.shared.controls().speech.progress()
    }

    /// When what was last said to its end sounded; none while there is more to say.
    pub fn finished(&self) -> Option<Span> {
        self.shared.controls().speech.finished()
    }

    /// Says no more. Returns when the interrupted words sounded, if any did.
    pub fn clear(&self) -> Option<Span> {
        let span = self.shared.change(|controls| controls.speech.clear());
        self.shared.drained.notify_waiters();
        span
    }

    /// Waits until everything has been said, or the call is over. Returns when it sounded.
    /// While the call is on hold, or not yet acknowledged, speech waits and so does this.
    ///
    /// Cancel safe.
    pub fn drained(&self) -> impl Future<Output = Option<Span>> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move { shared.drained().await }
    }

    /// Whether the session has ended.
    pub fn is_over(&self) -> bool {
        self.shared.controls().closed
    }

    /// Now, on the line's clock.
    pub fn now_ms(&self) -> u64 {
        self.shared.now_ms()
    }

    /// Keeps the audio of both sides from now on in a stereo WAV file: caller left, agent right.
    /// Missing folders are created. Failures come as [`Heard::RecordingStopped`].
    pub fn record(&self, file: PathBuf) {
        self.shared.record(file);
    }

    /// Ends the recording, if there is one; what was kept stays.
    pub fn stop_recording(&self) {
        self.shared.change(|controls| controls.recording = None);
    }

    /// Whether the sound of keys is kept in the recording. Off at first: keys are card numbers.
    pub fn keep_digits(&self, keep: bool) {
        self.shared.change(|controls| controls.keep_digits = keep);
    }
}
