//! News for whoever watches: pages and scripts. Nobody waits for a reader that lags.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::News;
use tokio::sync::{Notify, broadcast};

/// As many news may a reader be behind.
const KEPT: usize = 1_024;

/// Where news are told. Clones share their readers.
#[derive(Clone, Debug)]
pub struct NewsDesk {
    serial: Arc<AtomicU64>,
    readers: broadcast::Sender<(u64, News)>,
    /// For who brings webhooks their letters: woken by nothing else.
    webhooks: Arc<Notify>,
}

impl Default for NewsDesk {
    fn default() -> Self {
        Self {
            serial: Arc::default(),
            readers: broadcast::Sender::new(KEPT),
            webhooks: Arc::default(),
        }
    }
}

impl NewsDesk {
    /// Tells everyone who watches; nobody has to.
    pub fn tell(&self, news: News) {
        if news == News::Webhooks {
            self.webhooks.notify_one();
        }
        self.tell_with(|| news);
    }

    /// The same of news that cost something to write down: nobody does unless somebody reads.
    pub fn tell_with(&self, news: impl FnOnce() -> News) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        if self.has_readers() {
            drop(self.readers.send((serial, news())));
        }
    }

    /// Resolves when a webhook may have something to be told.
    pub async fn for_webhooks(&self) {
        self.webhooks.notified().await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_that_nobody_reads_are_not_written_down() {
        let desk = NewsDesk::default();
        desk.tell_with(|| unreachable!("nobody reads"));
        let mut reader = desk.watch();
        desk.tell_with(|| News::Routing);
        // The one that nobody read was counted all the same.
        assert_eq!(reader.recv().await, Ok((2, News::Routing)));
    }

    #[tokio::test]
    async fn who_brings_letters_hears_of_those_that_came_before_it_listened() {
        let desk = NewsDesk::default();
        desk.tell(News::Webhooks);
        desk.for_webhooks().await;
    }
}
