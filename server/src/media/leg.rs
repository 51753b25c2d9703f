//! One session on its thread: every 20 ms receive, play out, record, send.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::line::Heard;
use super::ports::PortPair;
use super::session::SessionEvent;
use super::shared::Shared;

/// A session's sockets and everything that must not wait.
#[derive(Debug)]
pub(super) struct Leg {
    ports: PortPair,
    shared: Arc<Shared>,
    hear: mpsc::Sender<Heard>,
    tell: mpsc::UnboundedSender<SessionEvent>,
    timeout: Duration,
}

impl Leg {
    pub(super) fn new(
        ports: PortPair,
        shared: Arc<Shared>,
        hear: mpsc::Sender<Heard>,
        tell: mpsc::UnboundedSender<SessionEvent>,
        timeout: Duration,
    ) -> Self {
        Self {
            ports,
            shared,
            hear,
            tell,
            timeout,
        }
    }

    /// One frame; false when the session is over.
    pub(super) fn tick(&mut self) -> bool {
        let closed = self.shared.controls.lock().closed;
        if closed {
            return false;
        }
        true
    }

    pub(super) fn skip(&mut self, _frames: u32) {}
}
