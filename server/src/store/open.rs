//! Connecting: addresses, pools, the schema and the check that key and database belong together.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgPool, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::rows::STATEMENTS;
use super::{
    Conn, DataKey, Db, PATIENCE, Pools, StoreError, audit, numbers, postgres, readers, settings,
    sql,
};

/// The schema, inside the binary. One text serves both databases.
static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

const SESSION_READERS: u32 = 4;

impl Db {
    /// Connects, brings the schema up to date and checks that `key` opens what is sealed here.
    pub async fn open(url: &str, key: DataKey) -> Result<Self, StoreError> {
        let pools = connect(url).await?;
        let db = Self {
            pools,
            key,
            origin: Uuid::from_u128(rand::random()),
            turn: Arc::default(),
        };
        db.migrate().await?;
        db.fold().await?;
        db.check_key().await?;
        Ok(db)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let outcome = match &self.pools {
            Pools::Sqlite { write, .. } => in_little_memory(write).await,
            Pools::Postgres { others, .. } => patiently(others).await,
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(_)) => {
                let mut conn = self.read().await?;
                let found = newest_applied(&mut conn).await?;
                let known = MIGRATOR
                    .iter()
                    .map(|migration| migration.version)
                    .max()
                    .unwrap_or(0);
                Err(StoreError::Newer { found, known })
            }
            Err(MigrateError::VersionMismatch(version)) => Err(StoreError::Altered { version }),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                match StoreError::from(error) {
                    StoreError::Statement(error) => Err(StoreError::Migration(error.into())),
                    clearer => Err(clearer),
                }
            }
            Err(other) => Err(StoreError::Migration(other)),
        }
    }

    /// What the schema could not: it knows no letters beyond a to z. In portions, because a million rows take their time
    /// and other instances want to change something meanwhile; only one of those that start does it.
    async fn fold(&self) -> Result<(), StoreError> {
        const PORTION: i64 = 1_000;
        let mut conn = self.read().await?;
        let are_left =
            numbers::are_unfolded(&mut conn).await? || audit::are_unfolded(&mut conn).await?;
        drop(conn);
        let mut left = usize::from(are_left);
        while left > 0 {
            let mut tx = self.begin().await?;
            left = numbers::fold_some(&mut tx, PORTION).await?
                + audit::fold_some(&mut tx, PORTION).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// A sealed sentinel tells a foreign key file at the start, not at the first call of the night.
    async fn check_key(&self) -> Result<(), StoreError> {
        const SENTINEL: &str = "data_key_check";
        let mut conn = self.read().await?;
        if settings::secret(&mut conn, SENTINEL).await?.is_some() {
            return Ok(());
        }
        drop(conn);
        let mut tx = self.begin().await?;
        // Another instance may have been first.
        if settings::secret(&mut tx, SENTINEL).await?.is_none() {
            settings::put_secret(&mut tx, SENTINEL, b"patchbay").await?;
        }
        tx.commit().await
    }
}

/// An index over a million rows is sorted in files, as SQLite does by itself, not in memory as what calls leave behind.
async fn in_little_memory(pool: &SqlitePool) -> Result<(), MigrateError> {
    let mut conn = pool.acquire().await?;
    conn.execute("pragma temp_store = default").await?;
    MIGRATOR.run(&mut *conn).await?;
    conn.execute("pragma temp_store = memory").await?;
    Ok(())
}

/// Another instance may be at it, which with many rows takes longer than anything else is waited for.
async fn patiently(pool: &PgPool) -> Result<(), MigrateError> {
    let mut conn = pool.acquire().await?;
    conn.execute("set lock_timeout = 0").await?;
    let migrated = MIGRATOR.run(&mut *conn).await;
    // It is not like the others of the pool.
    drop(conn.detach());
    migrated
}

async fn newest_applied(conn: &mut Conn) -> Result<i64, StoreError> {
    const NEWEST: &str = "select max(version) from _sqlx_migrations";
    Ok(sql!(conn, on => sqlx::query_scalar::<_, i64>(NEWEST).fetch_one(on).await)?)
}

async fn connect(url: &str) -> Result<Pools, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", file))
            if !file.contains(":memory:") && !file.trim_matches('/').is_empty() =>
        {
            sqlite(url).await
        }
        Some(("postgres" | "postgresql", _)) => postgres(url).await,
        _ => Err(StoreError::Address { url: shown(url) }),
    }
}

async fn sqlite(url: &str) -> Result<Pools, StoreError> {
    let base = SqliteConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address { url: shown(url) })?
        .busy_timeout(PATIENCE)
        .foreign_keys(true);
    // FULL: with NORMAL a power cut may take commits that were already acknowledged. Calls are written in
    // groups off the SIP path, so one more fsync a commit is not on anybody's way.
    let writing = base
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(STATEMENTS)
        // What a statement of many rows would take back if one is refused: not worth a file for each.
        .pragma("temp_store", "memory")
        // In pages of 4 KiB. Most of what is written soon is written over, and need not go into the database each time.
        .pragma("wal_autocheckpoint", "4000");
    // A file does not go away as a server does: asking first whether it is there would be a round to SQLite's
    // thread for each use.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(has_let_go(conn)))
        .connect_with(writing)
        .await?;
    let reading = base.read_only(true);
    let sessions = SqlitePoolOptions::new()
        .max_connections(SESSION_READERS)
        .acquire_timeout(PATIENCE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(reading.clone());
    Ok(Pools::Sqlite {
        write,
        read: readers::of(reading)?,
        sessions,
    })
}

/// Whether a connection may be used again. On a full disk SQLite rolls back by itself, and the
/// driver's own rollback fails: it would take the connection to be in a transaction for ever.
async fn has_let_go(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Behind the rollback that a dropped transaction has left to be done.
    conn.ping().await?;
    Ok(!conn.is_in_transaction())
}

async fn postgres(url: &str) -> Result<Pools, StoreError> {
    let options =
        PgConnectOptions::from_str(url).map_err(|_| StoreError::Address { url: shown(url) })?;
    let (lend, others) = postgres::open(options).await?;
    Ok(Pools::Postgres { lend, others })
}

/// The address without what may be a password in it.
fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}…{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let cases = [
            (
                "postgres://anna:geheim@db/patchbay",
                "postgres://…@db/patchbay",
            ),
            ("sqlite:data/patchbay.db", "sqlite:data/patchbay.db"),
            ("mysql", "mysql"),
        ];
        for (given, expect) in cases {
            assert_eq!(shown(given), expect);
        }
    }

    #[tokio::test]
    async fn refuses_addresses_of_neither_kind() {
        for url in ["", "mysql://x", "sqlite::memory:", "sqlite:", "data.db"] {
            let refused = connect(url).await.unwrap_err();
            assert!(
                matches!(refused, StoreError::Address { .. }),
                "{url}: {refused}"
            );
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("full.db").display());
        let db = Db::open(&url, DataKey::from_bytes([1; 32])).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        // What SQLite does at this limit is what it does at the end of the disk.
        sql!(&mut tx, on => sqlx::query("pragma max_page_count = 80").execute(on).await.map(drop))
            .unwrap();
        let refused = settings::put_secret(&mut tx, "large", &vec![1; 4_000_000])
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Full(_)), "{refused:?}");
        drop(tx);
        let mut conn = db.read().await.unwrap();
        assert_eq!(settings::secret(&mut conn, "large").await.unwrap(), None);
        assert!(
            settings::secret(&mut conn, "data_key_check")
                .await
                .unwrap()
                .is_some()
        );
    }
}
