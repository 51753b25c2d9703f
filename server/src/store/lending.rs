//! Connections that are lent and come back.
//!
//! The driver's own pool asks a connection whether it is there each time it comes back, which is a round to SQLite's
//! thread or to the server for every read. Here each kind says when to ask.

use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError, QueueMode};
use sqlx::Connection;
use tokio::time::{sleep, timeout};

use super::{PATIENCE, StoreError};

/// How long those at work are waited for at the end.
const GOODBYE: Duration = Duration::from_secs(2);

/// Clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct Lending<M: Manager<Type: std::fmt::Debug>>(Pool<M>);

impl<M: Manager<Error = sqlx::Error, Type: Connection + std::fmt::Debug>> Lending<M> {
    /// At most so many, each opened when it is first needed; the last to come back is the next to go.
    pub(super) fn of(door: M, most: usize) -> Result<Self, StoreError> {
        let pool = Pool::builder(door)
            .max_size(most)
            .queue_mode(QueueMode::Lifo)
            .build();
        pool.map(Self).map_err(|_| closed())
    }

    pub(super) async fn get(&self) -> Result<Object<M>, StoreError> {
        match timeout(PATIENCE, self.0.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            // Whatever it was, no statement was refused: what waits to be written is to go on waiting.
            Ok(Err(PoolError::Backend(error))) => Err(StoreError::Unavailable(error)),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
    }

    /// Waits a moment for what is under way, and says goodbye. Whoever asks now still gets one: nobody does any more.
    pub(super) async fn close(&self) {
        let all_back = async {
            while self.0.status().available < self.0.status().size {
                sleep(Duration::from_millis(10)).await;
            }
        };
        drop(timeout(GOODBYE, all_back).await);
        for connection in self.0.retain(|_, _| false).removed {
            drop(connection.close().await);
        }
        self.0.close();
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolClosed)
}
