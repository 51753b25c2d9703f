//! The connections that read from SQLite.
//!
//! The driver's own pool asks a connection whether it is there each time it is given back, which is a round to SQLite's
//! thread for every read. A file does not go away, and who reads leaves nothing behind: no transaction, and of a
//! question that was given up at most the time until its next row.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleResult};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{PATIENCE, StoreError};

/// At most; each is opened when it is first needed.
const MOST: usize = 8;
/// How long those at work are waited for at the end.
const GOODBYE: Duration = Duration::from_secs(2);

/// Clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct Readers(Pool<Door>);

/// One of them, given back when dropped.
pub(super) type Reader = Object<Door>;

/// Opens them.
#[derive(Debug)]
pub(super) struct Door(SqliteConnectOptions);

impl Manager for Door {
    type Type = SqliteConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.0.connect().await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(())
    }
}

impl Readers {
    pub(super) fn of(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let pool = Pool::builder(Door(options))
            .max_size(MOST)
            .wait_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build();
        let no_runtime = |_| StoreError::Unavailable(sqlx::Error::PoolClosed);
        pool.map(Self).map_err(no_runtime)
    }

    pub(super) async fn get(&self) -> Result<Reader, StoreError> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => StoreError::Unavailable(sqlx::Error::PoolTimedOut),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                StoreError::Unavailable(sqlx::Error::PoolClosed)
            }
        })
    }

    /// Lets go of the file: the last to close it is to be the one that writes, which then tidies up behind itself.
    pub(super) async fn close(&self) {
        let all_idle = async {
            while self.0.status().available < self.0.status().size {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        drop(tokio::time::timeout(GOODBYE, all_idle).await);
        for connection in self.0.retain(|_, _| false).removed {
            drop(connection.close().await);
        }
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Conn, DataKey, Db, Side};

    #[tokio::test]
    async fn a_question_that_was_given_up_is_in_nobodys_way() {
        const LONG: &str = "with recursive n(i) as (select 1 union all select i + 1 from n)
            select i from n where i % 1000 = 0";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("given-up.db").display());
        let db = Db::open(&url, DataKey::from_bytes([1; 32])).await.unwrap();
        for _ in 0..3 * MOST {
            let mut conn = db.read().await.unwrap();
            let Side::Sqlite(on) = Conn::side(&mut conn) else {
                panic!("it is SQLite");
            };
            let endless = sqlx::query(LONG).fetch_all(on);
            let given_up = tokio::time::timeout(Duration::from_millis(5), endless).await;
            assert!(given_up.is_err());
        }
        db.ping().await.unwrap();
    }

    #[tokio::test]
    async fn closing_leaves_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("one.db").display());
        let db = Db::open(&url, DataKey::from_bytes([1; 32])).await.unwrap();
        let busy = db.read().await.unwrap();
        tokio::join!(db.close(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(busy);
        });
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "the log of what was written is still there");
        assert!(db.read().await.is_err());
    }
}
