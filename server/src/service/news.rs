//! News for whoever watches: pages and scripts. Nobody waits for a reader that lags.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::News;
use tokio::sync::broadcast;

/// As many news may a reader be behind.
const KEPT: usize = 1_024;

/// Where news are told. Clones share their readers.
#[derive(Clone, Debug)]
pub struct NewsDesk {
    serial: Arc<AtomicU64>,
    readers: broadcast::Sender<(u64, News)>,
}

impl Default for NewsDesk {
    fn default() -> Self {
        Self {
            serial: Arc::default(),
            readers: broadcast::Sender::new(KEPT),
        }
    }
}

impl NewsDesk {
    /// Tells everyone who watches; nobody has to.
    pub fn tell(&self, news: News) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        drop(self.readers.send((serial, news)));
    }

    /// Whether anybody watches.
    pub fn has_readers(&self) -> bool {
        self.readers.receiver_count() > 0
    }

    /// News from now on.
    pub fn watch(&self) -> broadcast::Receiver<(u64, News)> {
        self.readers.subscribe()
    }
}
