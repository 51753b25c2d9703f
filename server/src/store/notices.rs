//! What instances on one PostgreSQL database tell each other: which row of the routing changed, never what is in
//! it. On SQLite there is nobody to tell.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use app::domain::id::{AccessId, AgentId};
use app::domain::phone::PhoneNumber;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Conn, Db, PATIENCE, Pools, Side, StoreError, Tx};

const CHANNEL: &str = "patchbay_routing";

/// After so long without a word the connection is asked whether it is still there: one that a firewall has
/// forgotten stays silent for ever.
const QUIET: Duration = Duration::from_secs(10);

/// Changes of one transaction that are told one by one; of more only that there were many.
const MANY: usize = 64;

/// What to read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Trunk,
    Access(AccessId),
    Number(PhoneNumber),
    Agent(AgentId),
    Everything,
}

/// Tells the other instances as part of the change: they hear of it when it is committed, and only then.
/// `from` names this process, so that it need not listen to itself.
pub async fn announce(
    tx: &mut Tx,
    from: Uuid,
    notices: impl IntoIterator<Item = Notice>,
) -> Result<(), StoreError> {
    let Side::Postgres(conn) = Conn::side(tx) else {
        return Ok(());
    };
    let mut notices: Vec<Notice> = notices.into_iter().collect();
    if notices.len() > MANY {
        notices = vec![Notice::Everything];
    }
    for notice in notices {
        sqlx::query("select pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(format!("{} {notice}", from.simple()))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// A connection that only listens.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Db {
    /// Begins to listen, on a connection of its own: one of the pool's would be missed there. `None` on SQLite.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let Pools::Postgres(pool) = &self.pools else {
            return Ok(None);
        };
        let options = (*pool.connect_options()).clone();
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.application_name("patchbay listener"))
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Listener(listener)))
    }
}

impl Listener {
    /// The next word and who said it; `Everything` if it cannot be read, as from a newer version. An error means
    /// that the connection is gone, and with it perhaps some words.
    pub async fn next(&mut self) -> Result<(Uuid, Notice), StoreError> {
        loop {
            // Reading keeps half a message when it is interrupted.
            match timeout(QUIET, self.0.try_recv()).await {
                Ok(Ok(Some(heard))) => return Ok(read(heard.payload())),
                Ok(Ok(None)) => return Err(gone()),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => self.ping().await?,
            }
        }
    }

    async fn ping(&mut self) -> Result<(), StoreError> {
        let ping = sqlx::query("select 1").execute(&mut self.0);
        timeout(PATIENCE, ping).await.map_err(|_| gone())??;
        Ok(())
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

fn read(payload: &str) -> (Uuid, Notice) {
    let (from, notice) = payload.split_once(' ').unwrap_or_default();
    let from = from.parse().unwrap_or_default();
    (from, notice.parse().unwrap_or(Notice::Everything))
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trunk => f.write_str("trunk"),
            Self::Access(id) => write!(f, "access {id}"),
            Self::Number(number) => write!(f, "number {number}"),
            Self::Agent(id) => write!(f, "agent {id}"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

/// No word of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNotice;

impl FromStr for Notice {
    type Err = UnknownNotice;

    fn from_str(text: &str) -> Result<Self, UnknownNotice> {
        let (kind, id) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match kind {
            "trunk" => Self::Trunk,
            "access" => Self::Access(id.parse().map_err(|_| UnknownNotice)?),
            "number" => Self::Number(id.parse().map_err(|_| UnknownNotice)?),
            "agent" => Self::Agent(id.parse().map_err(|_| UnknownNotice)?),
            "everything" => Self::Everything,
            _ => return Err(UnknownNotice),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let from = Uuid::from_u128(9);
        for notice in [
            Notice::Trunk,
            Notice::Access(AccessId::from(id)),
            Notice::Number("+14155550100".parse().unwrap()),
            Notice::Agent(AgentId::from(id)),
            Notice::Everything,
        ] {
            let payload = format!("{} {notice}", from.simple());
            assert_eq!(read(&payload), (from, notice));
        }
        for unknown in ["", "x", "number", "agent x", "a b c"] {
            assert_eq!(read(unknown).1, Notice::Everything, "{unknown}");
        }
    }
}
