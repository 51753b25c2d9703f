//! The connections that read from SQLite. A file does not go away, and who reads leaves nothing behind: no
//! transaction, and of a question that was given up at most the time until its next row.

use deadpool::managed::{Manager, Metrics, Object, RecycleResult};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::StoreError;
use super::lending::Lending;

const MOST: usize = 8;

pub(super) type Readers = Lending<Door>;

/// One of them, given back when dropped.
pub(super) type Reader = Object<Door>;

/// Opens them.
#[derive(Clone, Debug)]
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

/// To be closed before the one that writes: the last to let go of the file tidies up behind itself.
pub(super) fn of(options: SqliteConnectOptions) -> Result<Readers, StoreError> {
    Lending::of(Door(options), MOST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
