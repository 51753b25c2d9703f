//! Throw-away databases of both kinds: `both` runs one scenario on each.
//!
//! PostgreSQL is the cluster at `PATCHBAY_TEST_POSTGRES_URL`, else one made for the test in a temporary
//! folder. Where neither can be had the scenario runs on SQLite alone and says so; under CI that is a failure.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use server::store::{DataKey, Db};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

/// `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

pub(crate) fn key() -> DataKey {
    DataKey::from_bytes([42; 32])
}

/// Runs the scenario on a fresh SQLite database and on a fresh PostgreSQL database.
pub(crate) async fn both(scenario: impl AsyncFn(Db)) {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    eprintln!("on SQLite");
    scenario(db.clone()).await;
    db.close().await;

    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let db = Db::open(&postgres.url, key()).await.unwrap();
    eprintln!("on PostgreSQL");
    scenario(db.clone()).await;
    db.close().await;
    postgres.drop_database().await;
}

pub(crate) struct Sqlite {
    pub(crate) url: String,
    pub(crate) path: PathBuf,
    pub(crate) folder: TempDir,
}

impl Sqlite {
    pub(crate) fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("patchbay.db");
        Self {
            url: format!("sqlite:{}", path.display()),
            path,
            folder,
        }
    }
}

/// A database of its own in a cluster that may be its own too.
pub(crate) struct Postgres {
    pub(crate) url: String,
    admin: PgConnectOptions,
    name: String,
    _cluster: Option<Cluster>,
}

impl Postgres {
    pub(crate) async fn fresh() -> Option<Self> {
        let (admin, cluster) = if let Ok(url) = std::env::var("PATCHBAY_TEST_POSTGRES_URL") {
            (PgConnectOptions::from_str(&url).unwrap(), None)
        } else {
            let cluster = Cluster::start()?;
            (cluster.options.clone(), Some(cluster))
        };
        let name = format!(
            "patchbay_{}",
            server::clock::Clock::system().new_uuid().simple()
        );
        let postgres = Self {
            url: admin.clone().database(&name).to_url_lossy().to_string(),
            admin,
            name,
            _cluster: cluster,
        };
        postgres
            .as_admin(&format!("create database {}", postgres.name))
            .await;
        Some(postgres)
    }

    pub(crate) async fn drop_database(&self) {
        self.as_admin(&format!("drop database {} with (force)", self.name))
            .await;
    }

    /// The database behind the server's back.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// As if the machines of all its users had gone.
    pub(crate) async fn end_sessions(&self) {
        let name = &self.name;
        self.as_admin(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        ))
        .await;
        // A connection that was in use within a second is not asked whether it is there still.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }

    /// As a standby answers, from now on or no more.
    pub(crate) async fn only_read(&self, only: bool) {
        let name = &self.name;
        self.as_admin(&format!(
            "alter database {name} set default_transaction_read_only = {only}"
        ))
        .await;
        self.end_sessions().await;
    }

    /// As while a backup is played in: it answers, and lets nobody in.
    pub(crate) async fn lets_in(&self, anybody: bool) {
        let name = &self.name;
        self.as_admin(&format!(
            "alter database {name} allow_connections {anybody}"
        ))
        .await;
        if !anybody {
            self.end_sessions().await;
        }
    }

    async fn as_admin(&self, statement: &str) {
        let mut patience = 100;
        let mut conn = loop {
            match self.admin.connect().await {
                Ok(conn) => break conn,
                Err(error) => {
                    patience -= 1;
                    assert!(patience > 0, "PostgreSQL does not answer: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        sqlx::query(statement).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}

/// A PostgreSQL that lives as long as the test.
struct Cluster {
    options: PgConnectOptions,
    server: Child,
    _folder: TempDir,
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(bin) = newest_bin() else {
            assert!(std::env::var_os("CI").is_none(), "CI must have PostgreSQL");
            eprintln!("PostgreSQL is not installed: this scenario ran on SQLite alone");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pb-pg").tempdir().unwrap();
        let root = is_root();
        if root {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.path().join("data");
        let program = |name: &str| {
            let mut command = Command::new(bin.join(name));
            command
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let made = program("initdb")
            .args([
                "--auth=trust",
                "--username=patchbay",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let server = program("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .spawn()
            .unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .socket(folder.path())
            .username("patchbay")
            .database("postgres");
        Some(Self {
            options,
            server,
            _folder: folder,
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its own children end with it; nothing here is worth a clean shutdown.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn newest_bin() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self")
        .metadata()
        .is_ok_and(|me| me.uid() == 0)
}
