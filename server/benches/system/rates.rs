//! Reads and writes of the API over 50 kept connections, on both databases, beside a bare handler that does
//! one query on the same kind of database: what everything around the query costs. Both databases commit durably.

use std::net::SocketAddr;
use std::sync::mpsc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, SqlitePool};

use crate::Outcome;
use crate::readers::{Connection, Credential, Load, hammer};
use crate::table::Table;
use crate::world::World;

/// So many numbers, one for each connection: writers to one row would wait for each other.
const NUMBERS: usize = 50;
/// How often each is measured, and for how long.
const TURNS: usize = 7;
const SECONDS: u64 = 2;
/// What a cluster for tests is named by.
const CLUSTER: &str = "PATCHBAY_TEST_POSTGRES_URL";

pub(crate) fn run(_: &mut World, table: &mut Table) -> Outcome<()> {
    compare("SQLite", None, table)?;
    let Ok(cluster) = std::env::var(CLUSTER) else {
        let why = format!("no {CLUSTER}; .ci/tools/with-postgres sets it");
        table.row("API beside a bare handler, PostgreSQL", why, ">= 0.7", None);
        return Ok(());
    };
    let database = Database::fresh(&cluster)?;
    compare("PostgreSQL", Some(&database.url), table)
}

fn compare(kind: &str, url: Option<&str>, table: &mut Table) -> Outcome<()> {
    let world = World::start_on(url)?;
    let mut api = Connection::open(world.http, &world.key)?;
    let numbers: Vec<String> = (0..NUMBERS).map(number).collect();
    api.post("/api/phone/numbers", &json!({ "phone_numbers": numbers }))?;
    let bare = Bare::start(&world, url)?;
    let path = |at: usize| format!("/api/phone/numbers/{}", number(at % NUMBERS));
    let get_ours = || {
        hammer(world.http, &world.key, SECONDS, |api, at, _| {
            api.get(&path(at)).map(drop)
        })
    };
    let get_theirs = || {
        hammer(bare.http, &Credential::None, SECONDS, |bare, at, _| {
            bare.get(&format!("/{}", number(at % NUMBERS))).map(drop)
        })
    };
    report(
        &format!("GET one number, {kind}"),
        get_ours,
        get_theirs,
        table,
    )?;
    let label = |turn: usize| json!({ "label": format!("Label {turn}") });
    let patch_ours = || {
        hammer(world.http, &world.key, SECONDS, |api, at, turn| {
            api.patch(&path(at), &label(turn)).map(drop)
        })
    };
    let patch_theirs = || {
        hammer(bare.http, &Credential::None, SECONDS, |bare, at, turn| {
            bare.patch(&format!("/{}", number(at % NUMBERS)), &label(turn))
                .map(drop)
        })
    };
    report(
        &format!("PATCH one number, {kind}"),
        patch_ours,
        patch_theirs,
        table,
    )
}

/// By turns, and the middle one counts: a machine that others share is quicker at one moment than at the next.
fn report(
    what: &str,
    ours: impl Fn() -> Outcome<Load>,
    theirs: impl Fn() -> Outcome<Load>,
    table: &mut Table,
) -> Outcome<()> {
    let mut turns = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        let (ours, theirs) = (ours()?, theirs()?);
        turns.push((ours.per_second / theirs.per_second, ours, theirs));
    }
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    let [(least, ..), .., (most, ..)] = turns.as_slice() else {
        return Err("there were no turns".into());
    };
    let (share, ours, theirs) = turns.get(TURNS / 2).ok_or("there is no middle")?;
    table.row(
        &format!("{what}, 50 connections"),
        format!(
            "{:.0}/s, p99 {:.1} ms; bare handler {:.0}/s, p99 {:.1} ms: {share:.2} of it ({least:.2} to {most:.2})",
            ours.per_second, ours.p99, theirs.per_second, theirs.p99
        ),
        ">= 0.7 of it",
        Some(*share >= 0.7),
    );
    Ok(())
}

fn number(at: usize) -> String {
    format!("+1415777{at:04}")
}

/// A database of its own in the cluster, gone afterwards.
struct Database {
    url: String,
    cluster: String,
    name: String,
}

impl Database {
    fn fresh(cluster: &str) -> Outcome<Self> {
        let name = format!("bench_{}", std::process::id());
        let (before, after) = cluster.rsplit_once('/').unwrap_or((cluster, ""));
        let options = after.split_once('?').map_or("", |(_, options)| options);
        let url = format!("{before}/{name}?{options}");
        statement(cluster, &format!("create database {name}"))?;
        Ok(Self {
            url,
            cluster: cluster.to_owned(),
            name,
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop_it = format!("drop database if exists {} with (force)", self.name);
        if let Err(error) = statement(&self.cluster, &drop_it) {
            println!("{} stays: {error}", self.name);
        }
    }
}

fn statement(url: &str, sql: &str) -> Outcome<()> {
    runtime()?.block_on(async {
        let mut conn = PgConnection::connect(url).await?;
        conn.execute(sql).await?;
        Ok(())
    })
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// The handler that does one query and nothing else.
struct Bare {
    http: SocketAddr,
    // Dropped, it ends the server.
    _runtime: tokio::runtime::Runtime,
}

/// As many connections as the server has, set up alike.
#[derive(Clone)]
enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

impl Pools {
    async fn open(url: Option<String>, file: std::path::PathBuf) -> Outcome<Self> {
        if let Some(url) = url {
            let options: PgConnectOptions = url.parse()?;
            let pool = PgPoolOptions::new().max_connections(20);
            return Ok(Self::Postgres(pool.connect_with(options).await?));
        }
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let write = SqlitePoolOptions::new().max_connections(1);
        let write = write.connect_with(options.clone()).await?;
        let read = SqlitePoolOptions::new().max_connections(8);
        let read = read.connect_with(options).await?;
        Ok(Self::Sqlite { read, write })
    }
}

const CREATE: &str = "create table if not exists bare
    (number text primary key, label text, version bigint not null)";
const INSERT: &str = "insert into bare (number, version) values ($1, 1)";
const READ: &str = "select number, label, version from bare where number = $1";
const WRITE: &str = "update bare set label = $2, version = version + 1
    where number = $1 returning number, label, version";

type Row = (String, Option<String>, i64);

macro_rules! on {
    ($pool:expr, $sql:expr $(, $value:expr)*) => {
        sqlx::query_as::<_, Row>($sql)$(.bind($value))*.fetch_one($pool).await
    };
}

impl Bare {
    fn start(world: &World, url: Option<&str>) -> Outcome<Self> {
        let runtime = runtime()?;
        let file = world.folder.path().join("bare.db");
        let url = url.map(str::to_owned);
        let (told, heard) = mpsc::channel();
        runtime.spawn(async move {
            let ready = serve(url, file).await.map_err(|error| error.to_string());
            match ready {
                Ok((http, work)) => {
                    drop(told.send(Ok(http)));
                    drop(work.await);
                }
                Err(error) => drop(told.send(Err(error))),
            }
        });
        let http = heard.recv()??;
        Ok(Self {
            http,
            _runtime: runtime,
        })
    }
}

/// The address, and the work that is to be polled.
async fn serve(
    url: Option<String>,
    file: std::path::PathBuf,
) -> Outcome<(SocketAddr, impl Future<Output = std::io::Result<()>>)> {
    let pools = Pools::open(url, file).await?;
    let numbers = (0..NUMBERS).map(number);
    match &pools {
        Pools::Sqlite { write, .. } => {
            write.execute(CREATE).await?;
            for number in numbers {
                sqlx::query(INSERT).bind(number).execute(write).await?;
            }
        }
        Pools::Postgres(pool) => {
            pool.execute(CREATE).await?;
            for number in numbers {
                sqlx::query(INSERT).bind(number).execute(pool).await?;
            }
        }
    }
    let router = Router::new()
        .route("/{number}", get(read).patch(write))
        .with_state(pools);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let http = listener.local_addr()?;
    let work = async move { axum::serve(listener, router).await };
    Ok((http, work))
}

async fn read(
    State(pools): State<Pools>,
    Path(number): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    shown(match &pools {
        Pools::Sqlite { read, .. } => on!(read, READ, number),
        Pools::Postgres(pool) => on!(pool, READ, number),
    })
}

async fn write(
    State(pools): State<Pools>,
    Path(number): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let label = body["label"].as_str().map(str::to_owned);
    shown(match &pools {
        Pools::Sqlite { write, .. } => on!(write, WRITE, number, label),
        Pools::Postgres(pool) => on!(pool, WRITE, number, label),
    })
}

fn shown(row: Result<Row, sqlx::Error>) -> Result<Json<Value>, StatusCode> {
    let (number, label, version) = row.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(
        json!({ "phone_number": number, "label": label, "version": version }),
    ))
}
