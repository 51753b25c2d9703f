//! What every use case works with: the database, the clock, the routing snapshot, the news.

use std::sync::Arc;

use app::domain::seen::News;
use app::error::AppError;

use crate::clock::Clock;
use crate::service::fault;
use crate::service::news::NewsDesk;
use crate::service::routes::{RouteBook, RouteChange};
use crate::store::notices::{self, Changed};
use crate::store::{Db, StoreError, Tx, idempotency};

/// Clones are the same.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub clock: Clock,
    pub book: Arc<RouteBook>,
    pub news: NewsDesk,
}

impl Core {
    /// Tells other instances, commits, and makes the changes count before anybody is answered: the next call is
    /// decided by them. They are announced in the order of their commits, because the turn
    /// ends after both; and in a task of their own, because whoever asked may hang up in
    /// between, and then the snapshot would stay behind the database for good.
    pub(super) async fn commit(
        &self,
        tx: Tx,
        changes: impl IntoIterator<Item = RouteChange>,
    ) -> Result<(), AppError> {
        let core = self.clone();
        let changes: Vec<_> = changes.into_iter().collect();
        #[expect(
            clippy::disallowed_methods,
            reason = "its only caller waits for it; it must merely outlive that caller's hanging up"
        )]
        let done = tokio::spawn(async move { core.conclude(tx, changes).await });
        match done.await {
            Ok(committed) => Ok(committed?),
            Err(broken) => Err(fault::internal(&broken)),
        }
    }

    /// The same, for a task that nobody gives up.
    pub(super) async fn conclude(
        &self,
        mut tx: Tx,
        changes: Vec<RouteChange>,
    ) -> Result<(), StoreError> {
        notices::announce(&mut tx, changes.iter().map(Changed::from)).await?;
        tx.commit_then(|| self.announce(changes)).await
    }

    /// Notes that the request of this task is about to do what no database can take back. Whatever
    /// becomes of the server, the same Idempotency-Key does not do it once more.
    pub(super) async fn settle(&self) -> Result<(), AppError> {
        if idempotency::held().is_none() {
            return Ok(());
        }
        let mut tx = self.db.append().await?;
        idempotency::note(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    fn announce(&self, changes: Vec<RouteChange>) {
        self.book.apply(changes);
        self.news.tell(News::Routing);
    }
}
