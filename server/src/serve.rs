//! Serving: the house on its database, the edge on its sockets, the console on its port,
//! and their end.

use std::fs::{DirBuilder, File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::domain::sip::Host;
use app::domain::system::Keeps;
use app::domain::webhook::{EventKind, Told};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tower_sessions::ExpiredDeletion as _;

use crate::agent::Voice;
use crate::clock::Clock;
use crate::config::Config;
use crate::instance;
use crate::lifecycle::{Ending, Lifecycle, Signal};
use crate::media::{self, Media};
use crate::postman::HttpPostman;
use crate::service::addresses::Addresses;
use crate::service::calls::{CallDesk, DeskSettings};
use crate::service::facts::Fixed;
use crate::service::outward::Outward;
use crate::service::retention::Retention;
use crate::service::webhooks::Courier;
use crate::service::{House, HouseError, HouseSettings};
use crate::sip::{self, Edge, EdgeConfig, EdgeError};
use crate::store::sessions::Sessions;
use crate::store::{DataKey, Db, StoreError};
use crate::telemetry::{Event, Metrics};
use crate::web;

/// Why the server cannot start; each names the setting to look at.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the data folder {path} can't be used (setting data.dir): {source}")]
    Folder {
        path: String,
        source: std::io::Error,
    },
    #[error("another patchbay is at work on the data folder {path} (setting data.dir)")]
    InUse { path: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    House(#[from] HouseError),
    #[error("{0} (setting sip.addr)")]
    Edge(#[from] EdgeError),
    #[error("the thread for SIP can't be started: {0}")]
    Thread(std::io::Error),
    #[error("audio can't be carried: {0} (settings sip.rtp_ports, media)")]
    Media(std::io::Error),
    #[error("webhooks can't be sent: {0}")]
    Webhooks(reqwest::Error),
    #[error("cannot listen for the console on {addr} (setting http.addr): {source}")]
    Http {
        addr: SocketAddr,
        source: std::io::Error,
    },
}

/// Opens the database that the configuration names, with its key.
pub async fn open_store(config: &Config) -> Result<Db, ServeError> {
    make_folder(&config.data.dir)?;
    let key = DataKey::load_or_make(&config.key_file())?;
    Ok(Db::open(config.database_url().expose(), key).await?)
}

/// A server that runs. Tests ask it where it listens.
pub struct Running {
    pub http: SocketAddr,
    pub sip: SocketAddr,
    pub house: House,
    pub edge: Arc<Edge>,
    pub life: Lifecycle,
    /// Held to the end: connections to the database may have been made on it.
    _signalling: sip::Thread,
    /// The same, so that no second server works on the same calls.
    _lock: File,
}

/// Starts everything. What it needs is passed in, so that tests can stop the clock and
/// bind port 0.
pub async fn start(
    config: &Config,
    db: Db,
    clock: Clock,
    metrics: Metrics,
    life: Lifecycle,
) -> Result<Running, ServeError> {
    let lock = lock_folder(&config.data.dir)?;
    make_folder(&config.recordings_dir())?;
    let listener = TcpListener::bind(config.http.addr)
        .await
        .map_err(|source| ServeError::Http {
            addr: config.http.addr,
            source,
        })?;
    let http = listener.local_addr().map_err(|source| ServeError::Http {
        addr: config.http.addr,
        source,
    })?;

    let mut settings = settings(config);
    settings.desk.instance =
        instance::name(config, &clock).map_err(|source| no_folder(&config.data.dir, source))?;
    let (house, writer) = House::open(db.clone(), clock.clone(), settings).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the writer outlives every other task: what they leave behind is its work"
    )]
    tokio::spawn(writer);
    let closed = house.desk.close_orphans().await?;
    if let Some(calls) = u64::try_from(closed).ok().filter(|calls| *calls > 0) {
        Event::CallsRecovered { calls }.emit();
    }

    let vault = config.media.encrypt_recordings.then(|| db.vault_key());
    let media = Media::start_sealing(&media_settings(config), vault).map_err(ServeError::Media)?;
    let (edge, signalling) = start_edge(config, &house, media, &clock, &life).await?;
    house.desk.connect(edge.clone());

    let courier = Courier {
        db: db.clone(),
        clock: clock.clone(),
        news: house.news.clone(),
        postman: HttpPostman::new(config.webhooks.allow_private).map_err(ServeError::Webhooks)?,
        render: crate::api::webhook_body,
        keep_days: config.webhooks.keep_days,
    };
    life.spawn("webhooks", courier.run(life.stopped()));

    let health = tell_health(edge.clone(), house.desk.clone());
    life.spawn(
        "trunk.health",
        life.stopped().run_until_cancelled_owned(health),
    );

    let sessions = Sessions::open(&db).await?;
    let retention = Retention {
        db: db.clone(),
        clock: clock.clone(),
        limits: config.retention.clone(),
        recordings: config.recordings_dir(),
    };
    let stopped = life.stopped();
    life.spawn(
        "others",
        stopped.clone().run_until_cancelled_owned(house.listen()),
    );
    let upkeep = keep_house(retention, sessions.clone());
    life.spawn("upkeep", stopped.run_until_cancelled_owned(upkeep));
    let app = web::router(web::Parts {
        config: config.clone(),
        house: house.clone(),
        sessions,
        db,
        edge_is_well: {
            let edge = edge.clone();
            Arc::new(move || edge.is_healthy())
        },
        clock,
        metrics,
        life: life.clone(),
    });
    let http_work = web::listen::serve(listener, app, life.clone(), web::listen::HEAD_WITHIN);
    life.spawn("http", http_work);
    let desk = house.desk.clone();
    let draining = life.draining();
    life.spawn("calls.drain", async move {
        draining.cancelled().await;
        desk.drain();
    });
    Ok(Running {
        sip: edge.local_addr(),
        http,
        house,
        edge,
        life,
        _signalling: signalling,
        _lock: lock,
    })
}

/// The edge and its thread.
async fn start_edge(
    config: &Config,
    house: &House,
    media: Media,
    clock: &Clock,
    life: &Lifecycle,
) -> Result<(Arc<Edge>, sip::Thread), ServeError> {
    let parts = sip::Parts {
        config: EdgeConfig::of(config),
        desk: house.desk.clone(),
        media: Arc::new(media),
        voice: Arc::new(Voice::find(&config.media.espeak)),
        outward: engines(config),
        clock: clock.clone(),
        life: life.clone(),
        workers: Handle::current(),
    };
    let thread = sip::Thread::start().map_err(ServeError::Thread)?;
    let edge = thread.run(Edge::start(parts)).await;
    Ok((edge.map_err(ServeError::Thread)??, thread))
}

impl Running {
    /// Until told to end: drains, waits for the calls, stops. The database is closed before this is dropped.
    pub async fn until(&self, signal: impl Signal, config: &Config) -> Ending {
        let desk = self.house.desk.clone();
        let idle = async move { desk.idle().await };
        let ending = self.life.run(signal, idle, config.shutdown.drain()).await;
        self.house.desk.flush().await;
        ending
    }
}

/// Tells whoever wants to know when the way in ceases to answer, and when it does again.
async fn tell_health(edge: Arc<Edge>, desk: Arc<CallDesk>) {
    let mut was = true;
    let mut often = tokio::time::interval(Duration::from_secs(5));
    loop {
        often.tick().await;
        let healthy = edge.is_healthy();
        if healthy == was {
            continue;
        }
        was = healthy;
        let trunk = Told::Trunk {
            trunk: None,
            name: "inbound".to_owned(),
            healthy,
            reason: (!healthy).then(|| "no_answer".to_owned()),
        };
        desk.announce(EventKind::TrunkHealth, trunk);
    }
}

/// Deletes what is old, every hour.
async fn keep_house(retention: Retention, sessions: Sessions) {
    let mut hourly = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        hourly.tick().await;
        if let Err(error) = retention.sweep().await {
            tracing::warn!(%error, "what is old could not be deleted");
        }
        if let Err(error) = sessions.delete_expired().await {
            tracing::warn!(%error, "sessions that are over could not be deleted");
        }
    }
}

/// For its owner alone: there are transcripts, sessions and recordings in it.
fn make_folder(path: &Path) -> Result<(), ServeError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| no_folder(path, source))
}

fn no_folder(path: &Path, source: std::io::Error) -> ServeError {
    let path = path.display().to_string();
    ServeError::Folder { path, source }
}

/// The lock goes with the process, however that ends.
fn lock_folder(folder: &Path) -> Result<File, ServeError> {
    make_folder(folder)?;
    let file =
        File::create(folder.join("serve.lock")).map_err(|source| no_folder(folder, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::InUse {
            path: folder.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(no_folder(folder, source)),
    }
}

/// What the house needs of the configuration.
pub fn settings(config: &Config) -> HouseSettings {
    let sip = &config.sip;
    let region = |host: &crate::config::Optional<Host>| host.get().map(ToString::to_string);
    let ip = sip.addr.ip();
    let own = if ip.is_unspecified() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        ip
    };
    let host_setting = match (sip.external_host.get(), sip.external_ip.get()) {
        (Some(_), _) => Some("sip.external_host"),
        (None, Some(_)) => Some("sip.external_ip"),
        (None, None) => None,
    };
    let address = || Host::from(sip.external_ip.get().copied().unwrap_or(own));
    let host = sip.external_host.get().cloned().unwrap_or_else(address);
    let host = host.to_string();
    HouseSettings {
        desk: DeskSettings {
            max_calls: sip.max_calls,
            recordings: config.recordings_dir(),
            spool: config.data.dir.join("calls.spool"),
            // A name for whoever carries calls: `start`.
            instance: String::new(),
        },
        addresses: Addresses {
            host: host.clone(),
            port: sip.addr.port(),
            tls_port: EdgeConfig::of(config).tls.map(|(addr, _)| addr.port()),
            us: region(&sip.regions.us),
            eu: region(&sip.regions.eu),
            apac: region(&sip.regions.apac),
        },
        agent_id_header: sip.agent_id_header.clone(),
        fixed: Fixed {
            public_url: config.http.public_url.origin().to_owned(),
            external_host: host,
            rtp_first: sip.rtp_ports.first,
            rtp_last: sip.rtp_ports.last,
            host_setting,
            data_dir: config.data.dir.clone(),
            recordings: config.recordings_dir(),
            low_disk: u64::from(config.media.low_disk_mb) * 1_000_000,
            keeps: Keeps {
                calls_days: config.retention.calls_days,
                recordings_days: config.retention.recordings_days,
                sip_messages_days: config.retention.sip_messages_days,
                audit_days: config.retention.audit_days,
            },
            voices: Voice::find(&config.media.espeak).list().into(),
        },
        sign_in: config.sign_in.clone(),
        private_webhooks: config.webhooks.allow_private,
        engines: engines(config),
    }
}

/// Which engines agents may have.
fn engines(config: &Config) -> Outward {
    Outward {
        allow_private: config.engines.allow_private,
        setting: "engines.allow_private",
    }
}

fn media_settings(config: &Config) -> media::Settings {
    media::Settings {
        ports: config.sip.rtp_ports.first..=config.sip.rtp_ports.last,
        timeout: Duration::from_secs(config.media.timeout_s.into()),
        jitter_ms: u64::from(config.media.jitter_min_ms)..=u64::from(config.media.jitter_max_ms),
        // One core takes noise out of some hundred calls; where there are more it would be left in.
        threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
    }
}
