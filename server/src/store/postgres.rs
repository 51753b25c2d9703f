//! The connections to PostgreSQL.
//!
//! One that has answered all it was asked goes straight to whoever is next. One that was given up in mid-question is
//! first heard out, and a transaction that was given up is rolled back, before anybody else has it.

use std::io::ErrorKind;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::lending::Lending;
use super::{PATIENCE, StoreError};

const MOST: usize = 16;
/// What the sessions' library and the migrations have beside them.
const OTHERS: u32 = 4;
/// Idle for less, it is taken to be there still; asking first is a round trip for each use.
const STILL_THERE: Duration = Duration::from_secs(1);
/// After so long another takes its place: what the server keeps for a connection only grows.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// A server that is just starting refuses for a moment.
const STARTING: Duration = Duration::from_secs(4);
const TRY_AGAIN: Duration = Duration::from_millis(100);

pub(super) type Lenders = Lending<Door>;

/// Opens them.
#[derive(Clone, Debug)]
pub(super) struct Door(PgConnectOptions);

impl Manager for Door {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        let began = Instant::now();
        let mut connection = loop {
            match self.0.connect().await {
                Err(error) if is_starting(&error) && began.elapsed() < STARTING => {
                    sleep(TRY_AGAIN).await;
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
        if metrics.age() > LIFE {
            return Err(RecycleError::message("it is old"));
        }
        if metrics.last_used() > STILL_THERE {
            connection.ping().await?;
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
    let options = options.application_name("patchbay");
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
        match (self.left, Handle::try_current()) {
            (Left::Nothing, _) => drop(connection),
            (left, Ok(runtime)) => drop(runtime.spawn(put_right(connection, left))),
            (_, Err(_)) => drop(Object::take(connection)),
        }
    }
}

async fn put_right(mut connection: Object<Door>, left: Left) {
    let line: &mut PgConnection = &mut connection;
    let outcome = match left {
        Left::Transaction => line.execute("rollback").await.map(drop),
        Left::Question | Left::Nothing => line.ping().await,
    };
    if outcome.is_err() {
        drop(Object::take(connection));
    }
}
