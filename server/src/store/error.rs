//! Why the database did not do as asked. Knows nothing of HTTP; the service turns these into `AppError`.

use std::path::PathBuf;

/// A statement, a connection or a stored value that failed.
///
/// `Unique`, `Foreign` and `Check` are what use cases branch on. SQLite gives no constraint's name, so each
/// statement knows for itself which of its constraints can fail.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("a row with this value is already there")]
    Unique,
    #[error("a row that this one names is not there, or another row still names this one")]
    Foreign,
    #[error("the value breaks a rule of the schema")]
    Check(#[source] sqlx::Error),
    /// Another process kept the write lock for longer than the busy timeout.
    #[error("the database is locked by another process")]
    Busy(#[source] sqlx::Error),
    #[error("the disk that holds the database is full")]
    Full(#[source] sqlx::Error),
    #[error("the database is read-only")]
    ReadOnly(#[source] sqlx::Error),
    /// The request's server was taken for dead, and the same request is being answered once more.
    #[error("another request holds this Idempotency-Key by now")]
    Overtaken,
    #[error("the database can't be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Somebody else wrote here, or the file is damaged.
    #[error("{table}.{column} of row {row} holds something that can't be read")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        row: String,
    },
    /// The data key is not the one this row was sealed with.
    #[error(
        "{place} can't be opened with the data key; is this the key file that belongs to the database?"
    )]
    Sealed { place: String },
    #[error(
        "the database has schema {found}, but this patchbay knows only up to {known}; \
         start the newer patchbay that made it, or restore a backup"
    )]
    Newer { found: i64, known: i64 },
    #[error("migration {version} was changed after it ran; the schema can't be trusted")]
    Altered { version: i64 },
    #[error("the schema could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("`{url}` is no database address: use sqlite:FILE or postgres://USER@HOST/NAME")]
    Address { url: String },
    #[error("the data key {} {problem}", path.display())]
    Key { path: PathBuf, problem: KeyProblem },
    #[error("a value could not be written as JSON")]
    Encode(#[source] serde_json::Error),
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
}

/// What is wrong with the file that holds the data key.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    #[error("can be read by others (mode {mode:o}); run: chmod 600 {path}")]
    TooOpen { mode: u32, path: String },
    #[error("does not hold 64 hexadecimal digits")]
    Malformed,
    #[error("can't be read: {0}")]
    Read(#[source] std::io::Error),
    #[error("can't be made: {0}")]
    Write(#[source] std::io::Error),
}

impl StoreError {
    /// Whether trying again later may help: the statement was right, the database was not there for it.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy(_) | Self::Full(_) | Self::ReadOnly(_) | Self::Unavailable(_)
        )
    }

    /// One line with every cause, for the log and for the person who starts the server.
    pub fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !line.ends_with(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            next = cause.source();
        }
        line
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match cause.kind() {
                sqlx::error::ErrorKind::UniqueViolation => Self::Unique,
                sqlx::error::ErrorKind::ForeignKeyViolation => Self::Foreign,
                sqlx::error::ErrorKind::CheckViolation
                | sqlx::error::ErrorKind::NotNullViolation => Self::Check(error),
                _ => by_code(error),
            },
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => Self::Unavailable(error),
            _ => Self::Statement(error),
        }
    }
}

/// SQLite's extended result codes carry the primary code in the low byte; PostgreSQL's are SQLSTATEs.
fn by_code(error: sqlx::Error) -> StoreError {
    let code = error
        .as_database_error()
        .and_then(|cause| cause.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some(code) if code.len() == 5 => match code {
            "53100" => StoreError::Full(error),
            "25006" => StoreError::ReadOnly(error),
            "55P03" | "40001" | "40P01" => StoreError::Busy(error),
            _ if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
                StoreError::Unavailable(error)
            }
            _ => StoreError::Statement(error),
        },
        Some(code) => match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => StoreError::Busy(error),
            Ok(8) => StoreError::ReadOnly(error),
            Ok(13) => StoreError::Full(error),
            Ok(10 | 14) => StoreError::Unavailable(error),
            _ => StoreError::Statement(error),
        },
        None => StoreError::Statement(error),
    }
}
