//! Browsers that are signed in: the session table of tower-sessions, in the same
//! database. Session data are blobs here; what they mean is `web::session`'s.

use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, ExpiredDeletion};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use super::{Db, Pools, StoreError};

/// Reads do not queue behind SQLite's one writer.
#[derive(Clone, Debug)]
pub enum Sessions {
    Sqlite {
        write: SqliteStore,
        read: SqliteStore,
    },
    Postgres(PostgresStore),
}

impl Sessions {
    /// Makes the table if it is not there: it is the library's, not one of our migrations.
    pub async fn open(db: &Db) -> Result<Self, StoreError> {
        match &db.pools {
            Pools::Sqlite {
                write, sessions, ..
            } => {
                let write = SqliteStore::new(write.clone());
                write.migrate().await?;
                Ok(Self::Sqlite {
                    write,
                    read: SqliteStore::new(sessions.clone()),
                })
            }
            Pools::Postgres { others, .. } => {
                let store = PostgresStore::new(others.clone());
                store.migrate().await?;
                Ok(Self::Postgres(store))
            }
        }
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        match self {
            Self::Sqlite { write, .. } => write.create(record).await,
            Self::Postgres(store) => store.create(record).await,
        }
    }

    /// Saving is an upsert: a request that was under way when its session was ended
    /// must not bring it back. And it notes a visit, no more: a disk that is full must not
    /// cost the reader the page.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        if self.load(&record.id).await?.is_none() {
            return Ok(());
        }
        let saved = match self {
            Self::Sqlite { write, .. } => write.save(record).await,
            Self::Postgres(store) => store.save(record).await,
        };
        if let Err(error) = saved {
            tracing::warn!(%error, "session.visit_not_noted");
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        match self {
            Self::Sqlite { read, .. } => read.load(id).await,
            Self::Postgres(store) => store.load(id).await,
        }
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        match self {
            Self::Sqlite { write, .. } => write.delete(id).await,
            Self::Postgres(store) => store.delete(id).await,
        }
    }
}

#[async_trait]
impl ExpiredDeletion for Sessions {
    async fn delete_expired(&self) -> session_store::Result<()> {
        match self {
            Self::Sqlite { write, .. } => write.delete_expired().await,
            Self::Postgres(store) => store.delete_expired().await,
        }
    }
}
