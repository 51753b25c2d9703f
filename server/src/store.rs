//! What is kept: one [`Db`] over SQLite (inside) and PostgreSQL (when one machine is not enough).
//!
//! Store functions are plain SQL, one file per resource. Those that only read take a [`Conn`], those that
//! write take a [`Tx`]; a `Tx` is a `Conn`, so a use case can read what it is about to change. Only the
//! service begins and commits: a change is acknowledged after `commit` and not before.
//! Lookups answer `None`; "not found" is the caller's word. Must not know HTTP, SIP or who is asking.
//!
//! # Layout
//! `open` connects and migrates · `lending` hands out connections, `readers` those of SQLite, `postgres` those of PostgreSQL ·
//! `error` says why not · `seal` keeps secrets sealed · `row` reads columns ·
//! the rest is one file per resource.

pub mod accesses;
pub mod agents;
pub mod aging;
pub mod audit;
pub mod calls;
pub mod conversations;
pub mod deliveries;
pub mod destinations;
mod error;
mod filter;
pub mod health;
pub mod idempotency;
pub mod inbox;
pub mod instances;
pub mod keys;
mod lending;
pub mod notices;
pub mod numbers;
mod open;
pub mod outbound;
mod passwords;
pub mod people;
mod postgres;
mod readers;
mod row;
mod rows;
mod seal;
pub mod sessions;
pub mod settings;
pub mod timeline;
pub mod transfers;
pub mod trunk;
pub mod users;
pub mod webhooks;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgConnection, PgPool, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use uuid::Uuid;

use crate::vault::VaultKey;

pub use error::{KeyProblem, StoreError};
use postgres::{Lenders, Lent};
use readers::{Reader, Readers};
pub use seal::{DataKey, Place};

/// Runs one expression on whichever database a [`Conn`] leads to. One SQL text serves both, so the arms are
/// the same words with different types.
macro_rules! sql {
    ($conn:expr, $on:ident => $query:expr) => {{
        let conn: &mut $crate::store::Conn = $conn;
        let outcome = match $crate::store::Conn::side(conn) {
            $crate::store::Side::Sqlite($on) => $query,
            $crate::store::Side::Postgres($on) => $query,
        };
        conn.heard(&outcome);
        outcome
    }};
}
pub(crate) use sql;

/// The database. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    key: DataKey,
    /// This process among several on one database, while it runs: it need not listen to itself.
    origin: Uuid,
    /// Whose turn it is to change the configuration from this process.
    turn: Arc<Mutex<()>>,
}

/// SQLite has one writing connection, because it has one writer anyway and a queue here is fairer than its
/// busy handler; readers do not wait for it (WAL).
#[derive(Clone, Debug)]
enum Pools {
    Sqlite {
        write: SqlitePool,
        read: Readers,
        /// What the sessions' library reads with.
        sessions: SqlitePool,
    },
    Postgres {
        lend: Lenders,
        /// What the sessions' library and the migrations use.
        others: PgPool,
    },
}

/// A connection to read from.
#[derive(Debug)]
pub struct Conn {
    link: Link,
    key: DataKey,
    origin: Uuid,
}

#[derive(Debug)]
enum Link {
    SqliteRead(Reader),
    SqliteTx(Transaction<'static, Sqlite>),
    Postgres(Lent),
}

/// A transaction: everything in it happens, or nothing. Dropped without `commit`, it is rolled back.
#[derive(Debug)]
pub struct Tx {
    conn: Conn,
    /// Ends after the commit and what follows from it; dropped last.
    turn: Option<OwnedMutexGuard<()>>,
}

pub(crate) enum Side<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// Configuration changes take turns on PostgreSQL too, as they do on SQLite, so that what a use case has read
/// still holds when it writes ("the last enabled access", "who holds this number"). They are rare.
const CONFIGURATION_LOCK: i64 = 0x7061_7463_6862_6179;

/// How long to wait for a turn, for another process's lock (SQLite) or for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);

impl Db {
    /// What recordings are sealed with: of the same key file as everything else.
    pub fn vault_key(&self) -> VaultKey {
        VaultKey::new(self.key.derive("recordings"))
    }

    /// A connection that reads what has been committed.
    pub async fn read(&self) -> Result<Conn, StoreError> {
        let link = match &self.pools {
            Pools::Sqlite { read, .. } => Link::SqliteRead(read.get().await?),
            Pools::Postgres { lend, .. } => Link::Postgres(Lent::of(lend).await?),
        };
        Ok(Conn {
            link,
            key: self.key.clone(),
            origin: self.origin,
        })
    }

    /// Begins a change of the configuration; such changes happen one after the other.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let turn = self.turn().await?;
        // One message, not two: all other changes wait for this one.
        let lock = format!("begin; select pg_advisory_xact_lock({CONFIGURATION_LOCK})");
        let mut tx = self.transaction(&lock).await?;
        tx.turn = Some(turn);
        idempotency::note(&mut tx).await?;
        Ok(tx)
    }

    /// While it is held, nothing in this process changes the configuration.
    pub async fn turn(&self) -> Result<OwnedMutexGuard<()>, StoreError> {
        timeout(PATIENCE, Arc::clone(&self.turn).lock_owned())
            .await
            .map_err(|_| StoreError::Unavailable(sqlx::Error::PoolTimedOut))
    }

    /// Begins writing rows that nobody else changes: calls, their events, when something was last used.
    pub async fn append(&self) -> Result<Tx, StoreError> {
        self.transaction("begin").await
    }

    async fn transaction(&self, on_postgres: &str) -> Result<Tx, StoreError> {
        let link = match &self.pools {
            // A deferred transaction that reads and then writes fails at once under contention.
            Pools::Sqlite { write, .. } => {
                Link::SqliteTx(write.begin_with("begin immediate").await?)
            }
            Pools::Postgres { lend, .. } => Link::Postgres(Lent::begin(lend, on_postgres).await?),
        };
        Ok(Tx {
            conn: Conn {
                link,
                key: self.key.clone(),
                origin: self.origin,
            },
            turn: None,
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut conn = self.read().await?;
        sql!(&mut conn, on => sqlx::query("select 1").execute(on).await.map(drop))?;
        Ok(())
    }

    /// A copy in a new file, made while others read and write (SQLite's `vacuum into`).
    /// PostgreSQL has tools of its own for that.
    pub async fn backup(&self, file: &std::path::Path) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { read, .. } => {
                let file = file.display().to_string();
                sqlx::query("vacuum into $1")
                    .bind(file)
                    .execute(&mut *read.get().await?)
                    .await?;
                Ok(())
            }
            Pools::Postgres { .. } => Err(StoreError::Address {
                url: "PostgreSQL; use pg_dump for its backups, not this command. It".to_owned(),
            }),
        }
    }

    /// Whether other instances may be at work on it.
    pub fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Which of the two it is, for the log and the System page.
    pub fn kind(&self) -> &'static str {
        match &self.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Waits for what is under way and lets go of the files.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite {
                write,
                read,
                sessions,
            } => {
                sessions.close().await;
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { lend, others } => {
                others.close().await;
                lend.close().await;
            }
        }
    }
}

impl Conn {
    pub(crate) fn side(conn: &mut Self) -> Side<'_> {
        match &mut conn.link {
            Link::SqliteRead(conn) => Side::Sqlite(conn),
            Link::SqliteTx(tx) => Side::Sqlite(tx),
            Link::Postgres(lent) => Side::Postgres(lent.ask()),
        }
    }

    /// What was asked last is answered in full. After an error there may be more to come, or nothing ever.
    pub(crate) fn heard<T>(&mut self, outcome: &Result<T, sqlx::Error>) {
        if let (Link::Postgres(lent), Ok(_)) = (&mut self.link, outcome) {
            lent.answered();
        }
    }

    fn is_sqlite(&self) -> bool {
        matches!(self.link, Link::SqliteRead(_) | Link::SqliteTx(_))
    }

    fn seal(
        &self,
        table: &str,
        column: &str,
        row: Uuid,
        plain: &str,
    ) -> Result<Vec<u8>, StoreError> {
        self.key
            .seal(Place { table, column, row }, plain.as_bytes())
    }

    fn unseal(
        &self,
        table: &str,
        column: &str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<String, StoreError> {
        self.key.open_text(Place { table, column, row }, sealed)
    }
}

impl Tx {
    /// Makes the change durable. Only after this may it be acknowledged.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.commit_then(|| ()).await
    }

    /// Commits, and does something before the next change of the configuration begins.
    pub async fn commit_then(self, then: impl FnOnce()) -> Result<(), StoreError> {
        let Self { conn, turn } = self;
        match conn.link {
            Link::SqliteTx(tx) => tx.commit().await?,
            Link::Postgres(lent) => lent.commit().await?,
            // `begin` and `append` are the only doors to a `Tx`, and they open with a transaction.
            Link::SqliteRead(_) => {}
        }
        then();
        drop(turn);
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
