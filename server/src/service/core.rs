//! What every use case works with: the database, the clock, the routing snapshot, the news.

use std::sync::Arc;

use app::domain::seen::News;

use crate::clock::Clock;
use crate::service::news::NewsDesk;
use crate::service::routes::{RouteBook, RouteChange};
use crate::store::Db;

/// Clones are the same.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub clock: Clock,
    pub book: Arc<RouteBook>,
    pub news: NewsDesk,
}

impl Core {
    /// After the commit and before the answer: the next call is decided by it.
    pub(super) fn announce(&self, changes: impl IntoIterator<Item = RouteChange>) {
        self.book.apply(changes);
        self.news.tell(News::Routing);
    }
}
