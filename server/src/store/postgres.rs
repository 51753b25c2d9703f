//! The connections to PostgreSQL.
//!
//! One that has answered all it was asked goes straight to whoever is next. One that was given up in mid-question is
//! first heard out, and a transaction that was given up is rolled back, before anybody else has it.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use super::lending::Lending;
use super::rows::STATEMENTS;
use super::{PATIENCE, StoreError};

const MOST: usize = 12;
/// What the sessions' library and the migrations have beside them.
const OTHERS: u32 = 4;
/// Lent so lately, it is taken to be there still; asking first is a round trip for each use.
const STILL_THERE: Duration = Duration::from_secs(1);
/// How long it may take to say that it is there. Another is opened sooner than that.
const SAYS_SO: Duration = Duration::from_secs(1);
/// Not lent for so long, a firewall may have forgotten it.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// After so long another takes its place: what the server keeps for a connection only grows.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// A server that is just starting refuses for a moment.
const STARTING: Duration = Duration::from_secs(4);
/// The first wait before it is asked again; each is twice the last.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// How long one that was given up may take: longer than a lock is waited for.
const HEARD_OUT: Duration = PATIENCE.saturating_mul(2);

pub(super) type Lenders = Lending<Door>;

/// Opens them.
#[derive(Clone)]
pub(super) struct Door(PgConnectOptions);

/// The options hold a password, and show it.
impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Manager for Door {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        let (began, mut pause) = (Instant::now(), TRY_AGAIN);
        let mut connection = loop {
            match self.0.connect().await {
                Err(error) if is_starting(&error) && began.elapsed() + pause < STARTING => {
                    sleep(pause).await;
                    pause *= 2;
                }
                outcome => break outcome?,
            }
        };
        set_up(&mut connection).await?;
        Ok(connection)
    }

    async fn recycle(
        &self,
        connection: &mut PgConnection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        let rested = metrics.last_used();
        if rested > IDLE || metrics.age() > LIFE {
            return Err(RecycleError::message("it is old"));
        }
        if rested > STILL_THERE {
            let says_so = timeout(SAYS_SO, connection.ping()).await;
            says_so.map_err(|_| RecycleError::message("it is silent"))??;
        }
        Ok(())
    }
}

fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::NotFound
        ),
        // cannot_connect_now, too_many_connections
        sqlx::Error::Database(error) => {
            matches!(error.code().as_deref(), Some("57P03" | "53300"))
        }
        _ => false,
    }
}

/// As long as SQLite's busy handler waits; without this a forgotten lock would hold us for ever.
async fn set_up(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lock_timeout = format!("set lock_timeout = {}", PATIENCE.as_millis());
    connection.execute(lock_timeout.as_str()).await?;
    Ok(())
}

/// Both kinds: ours, and those of libraries that want the driver's own.
pub(super) async fn open(options: PgConnectOptions) -> Result<(Lenders, PgPool), StoreError> {
    let options = options
        .application_name("patchbay")
        .statement_cache_capacity(STATEMENTS);
    let lenders = Lending::of(Door(options.clone()), MOST)?;
    // Whether it is there at all is told at the start.
    drop(lenders.get().await?);
    let others = PgPoolOptions::new()
        .max_connections(OTHERS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for > STILL_THERE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| Box::pin(set_up(connection)))
        .connect_lazy_with(options);
    Ok((lenders, others))
}

/// One of them, given back when dropped.
#[derive(Debug)]
pub(super) struct Lent {
    /// Until it is dropped.
    connection: Option<Object<Door>>,
    left: Left,
}

/// What the next one would find if it were given back now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Question,
    Transaction,
}

impl Lent {
    pub(super) async fn of(lenders: &Lenders) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Some(lenders.get().await?),
            left: Left::Nothing,
        })
    }

    /// What begins it may say more than that.
    pub(super) async fn begin(lenders: &Lenders, statement: &str) -> Result<Self, StoreError> {
        let mut lent = Self::of(lenders).await?;
        lent.left = Left::Transaction;
        lent.line().execute(statement).await?;
        Ok(lent)
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.line().execute("commit").await?;
        self.left = Left::Nothing;
        Ok(())
    }

    /// To ask something. Whoever has heard all of the answer says so.
    pub(super) fn ask(&mut self) -> &mut PgConnection {
        if self.left == Left::Nothing {
            self.left = Left::Question;
        }
        self.line()
    }

    pub(super) fn answered(&mut self) {
        if self.left == Left::Question {
            self.left = Left::Nothing;
        }
    }

    #[expect(clippy::expect_used, reason = "only `drop` takes it")]
    fn line(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is not dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if self.left == Left::Nothing {
            return drop(connection);
        }
        let left = LeftBehind {
            connection: Some(connection),
            in_transaction: self.left == Left::Transaction,
        };
        // No task of the server's own: `close` waits for it.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(left.put_right()));
        }
    }
}

/// One that was given up. Dropped before it has been put right it is closed, and not lent again.
struct LeftBehind {
    connection: Option<Object<Door>>,
    in_transaction: bool,
}

impl LeftBehind {
    async fn put_right(mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let heard = heard_out(connection, self.in_transaction);
        if let Ok(Ok(())) = timeout(HEARD_OUT, heard).await {
            drop(self.connection.take());
        }
    }
}

impl Drop for LeftBehind {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

async fn heard_out(connection: &mut PgConnection, in_transaction: bool) -> Result<(), sqlx::Error> {
    // What it hears first may be the answer to the question: that it was refused, such as for a lock.
    if let Err(sqlx::Error::Database(_)) = connection.ping().await {
        connection.ping().await?;
    }
    if in_transaction {
        connection.execute("rollback").await?;
    }
    Ok(())
}
