//! What instances on one PostgreSQL database tell each other: which row changed, never what is in it, and what is
//! asked of whoever carries a call. On SQLite there is nobody to tell.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use app::domain::id::{AccessId, AgentId, CallId, DestinationId};
use app::domain::phone::PhoneNumber;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Conn, Db, PATIENCE, Pools, Side, StoreError, Tx};

const CHANNEL: &str = "patchbay";

/// After so long without a word the connection is asked whether it is still there: one that a firewall has
/// forgotten stays silent for ever.
const QUIET: Duration = Duration::from_secs(10);

/// Changes of one transaction that are told one by one; of more only that there were many.
const MANY: usize = 64;

/// One word between instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Routing(Changed),
    Call(CallNotice),
}

/// What of the routing to read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    Trunk,
    Access(AccessId),
    Number(PhoneNumber),
    Agent(AgentId),
    Everything,
}

/// About one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallNotice {
    /// Its row changed.
    Row(CallId),
    /// A line was said, which began at so many milliseconds.
    Line(CallId, u32),
    /// Whoever carries it is to end it.
    HangUp(CallId),
    /// Whoever carries it is to hand it on.
    HandOn(CallId, DestinationId),
}

/// Tells the other instances of changes of the routing, as part of the change. Many at once are one notice.
pub async fn announce(
    tx: &mut Tx,
    changes: impl IntoIterator<Item = Changed>,
) -> Result<(), StoreError> {
    let mut changes: Vec<Changed> = changes.into_iter().collect();
    if changes.len() > MANY {
        changes = vec![Changed::Everything];
    }
    say(tx, changes).await
}

/// Tells the other instances about calls, or asks them.
pub async fn tell(
    tx: &mut Tx,
    notices: impl IntoIterator<Item = CallNotice>,
) -> Result<(), StoreError> {
    say(tx, notices).await
}

/// They hear of it when the transaction is committed, and only then.
async fn say(
    tx: &mut Tx,
    notices: impl IntoIterator<Item = impl fmt::Display>,
) -> Result<(), StoreError> {
    const SQL: &str = "select pg_notify($1, word) from unnest($2::text[]) as word";
    let from = tx.origin.simple();
    let Side::Postgres(conn) = Conn::side(tx) else {
        return Ok(());
    };
    let notices = notices.into_iter();
    let words: Vec<String> = notices.map(|notice| format!("{from} {notice}")).collect();
    if words.is_empty() {
        return Ok(());
    }
    sqlx::query(SQL)
        .bind(CHANNEL)
        .bind(words)
        .execute(conn)
        .await?;
    Ok(())
}

/// A connection that only listens.
#[derive(Debug)]
pub struct Listener {
    words: PgListener,
    own: Uuid,
}

impl Db {
    /// Begins to listen, on a connection of its own: one of the pool's would be missed there. `None` on SQLite.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let Pools::Postgres { others, .. } = &self.pools else {
            return Ok(None);
        };
        let options = (*others.connect_options()).clone();
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.application_name("patchbay listener"))
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Listener {
            words: listener,
            own: self.origin,
        }))
    }
}

impl Listener {
    /// The next word of another instance; that everything changed, if it cannot be read, as from a newer version. An error means
    /// that the connection is gone, and with it perhaps some words.
    pub async fn next(&mut self) -> Result<Notice, StoreError> {
        loop {
            // Reading keeps half a message when it is interrupted.
            match timeout(QUIET, self.words.try_recv()).await {
                Ok(Ok(Some(heard))) => {
                    let (from, notice) = read(heard.payload());
                    if from != self.own {
                        return Ok(notice);
                    }
                }
                Ok(Ok(None)) => return Err(gone()),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => self.ping().await?,
            }
        }
    }

    async fn ping(&mut self) -> Result<(), StoreError> {
        let ping = sqlx::query("select 1").execute(&mut self.words);
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
    let unreadable = Notice::Routing(Changed::Everything);
    (from, notice.parse().unwrap_or(unreadable))
}

impl fmt::Display for Changed {
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

impl fmt::Display for CallNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(id) => write!(f, "call {id}"),
            Self::Line(id, start_ms) => write!(f, "line {id} {start_ms}"),
            Self::HangUp(id) => write!(f, "hang_up {id}"),
            Self::HandOn(id, to) => write!(f, "hand_on {id} {to}"),
        }
    }
}

/// No word of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNotice;

impl FromStr for Notice {
    type Err = UnknownNotice;

    fn from_str(text: &str) -> Result<Self, UnknownNotice> {
        let words: Vec<&str> = text.split(' ').collect();
        Ok(match words.as_slice() {
            ["trunk"] => Self::Routing(Changed::Trunk),
            ["access", id] => Self::Routing(Changed::Access(part(id)?)),
            ["number", number] => Self::Routing(Changed::Number(part(number)?)),
            ["agent", id] => Self::Routing(Changed::Agent(part(id)?)),
            ["everything"] => Self::Routing(Changed::Everything),
            ["call", id] => Self::Call(CallNotice::Row(part(id)?)),
            ["line", id, start_ms] => Self::Call(CallNotice::Line(part(id)?, part(start_ms)?)),
            ["hang_up", id] => Self::Call(CallNotice::HangUp(part(id)?)),
            ["hand_on", id, to] => Self::Call(CallNotice::HandOn(part(id)?, part(to)?)),
            _ => return Err(UnknownNotice),
        })
    }
}

fn part<T: FromStr>(word: &str) -> Result<T, UnknownNotice> {
    word.parse().map_err(|_| UnknownNotice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let from = Uuid::from_u128(9);
        for changed in [
            Changed::Trunk,
            Changed::Access(AccessId::from(id)),
            Changed::Number("+14155550100".parse().unwrap()),
            Changed::Agent(AgentId::from(id)),
            Changed::Everything,
        ] {
            let payload = format!("{} {changed}", from.simple());
            assert_eq!(read(&payload), (from, Notice::Routing(changed)));
        }
        let (call, to) = (CallId::from(id), DestinationId::from(id));
        for notice in [
            CallNotice::Row(call),
            CallNotice::Line(call, 1_250),
            CallNotice::HangUp(call),
            CallNotice::HandOn(call, to),
        ] {
            let payload = format!("{} {notice}", from.simple());
            assert_eq!(read(&payload), (from, Notice::Call(notice)));
        }
        for unknown in ["", "x", "number", "agent x", "a b c", "line 1", "trunk 2"] {
            let everything = Notice::Routing(Changed::Everything);
            assert_eq!(read(unknown).1, everything, "{unknown}");
        }
    }
}
