//! What the server is and has seen, for the Overview and the System page.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::domain::call::CallFilter;
use app::domain::health::{Health, Window};
use app::domain::page::Limit;
use app::domain::system::{Disk, Keeps, SystemView};
use app::error::{AppError, Scope};
use app::ports::{Caller, Facts, Listener, SystemFacts, Voice};
use async_trait::async_trait;

use crate::clock::Clock;
use crate::service::addresses::Addresses;
use crate::service::calls::CallDesk;
use crate::service::health;
use crate::service::routes::RouteBook;
use crate::store::{self, Db};

const DAY_MS: i64 = 86_400_000;

/// What is fixed once the server runs.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub public_url: String,
    pub external_host: String,
    /// The setting that gave it, if one did.
    pub host_setting: Option<&'static str>,
    pub rtp_first: u16,
    pub rtp_last: u16,
    pub data_dir: PathBuf,
    /// Whose disk fills up.
    pub recordings: PathBuf,
    /// Bytes left on it that are worth a warning.
    pub low_disk: u64,
    pub keeps: Keeps,
    /// What agents can speak with.
    pub voices: Arc<[Voice]>,
}

/// Gathers them.
pub struct FactDesk {
    desk: Arc<CallDesk>,
    book: Arc<RouteBook>,
    db: Db,
    clock: Clock,
    addresses: Arc<Addresses>,
    fixed: Fixed,
    started_at: i64,
}

impl FactDesk {
    pub fn new(
        desk: Arc<CallDesk>,
        book: Arc<RouteBook>,
        db: Db,
        clock: Clock,
        addresses: Arc<Addresses>,
        fixed: Fixed,
    ) -> Self {
        Self {
            desk,
            book,
            db,
            started_at: clock.now_ms(),
            clock,
            addresses,
            fixed,
        }
    }

    fn listeners(&self) -> Vec<Listener> {
        let edge = self.desk.switchboard();
        edge.map(|edge| edge.listeners()).unwrap_or_default()
    }
}

/// Room on the disk of a folder. One that is not there yet is made where its parent is.
fn disk(folder: &Path, low: u64) -> Option<Disk> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let room = rustix::fs::statvfs(there).ok()?;
    Some(Disk {
        free: room.f_bavail.saturating_mul(room.f_frsize),
        total: room.f_blocks.saturating_mul(room.f_frsize),
        low,
    })
}

#[async_trait]
impl SystemFacts for FactDesk {
    async fn facts(&self, caller: &Caller) -> Result<Facts, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.db.read().await?;
        let midnight = self.clock.now_ms().div_euclid(DAY_MS) * DAY_MS;
        let results = store::calls::results_since(&mut conn, midnight).await?;
        let count = |wanted: &str| {
            let found = results.iter().find(|(result, _)| result == wanted);
            found
                .and_then(|(_, count)| u64::try_from(*count).ok())
                .unwrap_or(0)
        };
        let newest = CallFilter {
            limit: Some(Limit::ONE),
            ..CallFilter::default()
        };
        let last = store::inbox::page(&mut conn, &newest).await?;
        let answered = CallFilter {
            result: Some(app::domain::call::CallResult::Success),
            limit: Some(Limit::ONE),
            ..CallFilter::default()
        };
        let answered = store::inbox::page(&mut conn, &answered).await?;
        let outside = store::health::answered_from_outside(&mut conn).await?;
        let from = |source: Option<&str>| source.and_then(|source| source.parse().ok());
        let used = store::accesses::list(&mut conn).await?.into_iter();
        let signed_in = used
            .filter_map(|access| access.last_used)
            .filter(|used| !used.from.is_loopback())
            .max_by_key(|used| used.at);
        let (tally, agents, default) = self.book.read(|routes| {
            (
                routes.tally(),
                routes.enabled_agents(),
                routes.default_agent().is_some_and(|agent| agent.enabled),
            )
        });
        Ok(Facts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: self.fixed.public_url.clone(),
            listeners: self.listeners(),
            external_host: self.fixed.external_host.clone(),
            rtp_first: self.fixed.rtp_first,
            rtp_last: self.fixed.rtp_last,
            live_calls: self.desk.live_calls(),
            answered_today: count("success"),
            refused_today: count("client_error"),
            failed_today: count("server_error") + count("indeterminate"),
            last_call_at: last.items.first().map(|call| call.started_at),
            numbers_on_trunk: tally.on_trunk,
            agents_enabled: agents as u64,
            numbers_with_agent: tally.with_agent,
            has_default_agent: default,
            answered_at: answered.items.first().and_then(|call| call.answered_at),
            signed_in_at: signed_in.as_ref().map(|used| used.at),
            signed_in_from: signed_in.map(|used| used.from),
            outside_at: outside.as_ref().map(|(at, _)| *at),
            outside_from: outside.and_then(|(_, source)| from(source.as_deref())),
        })
    }

    async fn health(&self, caller: &Caller, window: Window) -> Result<Health, AppError> {
        caller.may(Scope::CallsRead)?;
        caller.may(Scope::SipRead)?;
        let edge = self.desk.switchboard();
        let sources = edge.map(|edge| edge.sources()).unwrap_or_default();
        let now = self.clock.now_ms();
        let mut health = health::look(&self.db, caller, window, now, sources).await?;
        health.disk = disk(&self.fixed.recordings, self.fixed.low_disk);
        Ok(health)
    }

    async fn system(&self, caller: &Caller) -> Result<SystemView, AppError> {
        caller.may(Scope::SipRead)?;
        let fixed = &self.fixed;
        Ok(SystemView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            listeners: self.listeners(),
            external_host: fixed.external_host.clone(),
            host_setting: fixed.host_setting.map(str::to_owned),
            regions: self.addresses.regions(),
            rtp_first: fixed.rtp_first,
            rtp_last: fixed.rtp_last,
            public_url: fixed.public_url.clone(),
            database: self.db.kind().to_owned(),
            data_dir: fixed.data_dir.display().to_string(),
            disk: disk(&fixed.recordings, fixed.low_disk),
            keeps: fixed.keeps,
        })
    }

    fn voices(&self, caller: &Caller) -> Result<Vec<Voice>, AppError> {
        caller.may(Scope::PhoneRead)?;
        Ok(self.fixed.voices.to_vec())
    }
}
