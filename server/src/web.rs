//! What a browser talks to: pages, the one door of their forms, events and the site's files.
//!
//! # Layout
//! `requests` one line each · `pointer` cheap layers · `client` from where · `security` headers · `session` who asks ·
//! `listen` the socket · `health` · `pages` · `forms` the one door under /fn · `events` ·
//! `evidence` calls for their carriers · `export` lists for spreadsheets · `assets` the site's files

pub mod assets;
pub mod client;
pub mod events;
mod evidence;
mod export;
mod forms;
pub mod health;
pub mod listen;
mod pages;
pub mod pointer;
pub mod requests;
pub mod security;
pub mod session;

use std::sync::Arc;

use axum::handler::Handler as _;
use axum::routing::{any, get};
use axum::{Router, middleware};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::api::Limits;
use crate::clock::Clock;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::service::House;
use crate::store::Db;
use crate::store::sessions::Sessions;
use crate::telemetry::Metrics;
use pointer::OnePointer;

/// What the routes work with.
pub struct Parts {
    pub config: Config,
    pub house: House,
    pub sessions: Sessions,
    pub db: Db,
    /// Whether SIP answers itself.
    pub edge_is_well: Arc<dyn Fn() -> bool + Send + Sync>,
    pub clock: Clock,
    pub metrics: Metrics,
    pub life: Lifecycle,
}

/// Pages are four fifths repetition, and rendered anew for each reader, so the quickest level is
/// the right one. No page holds a secret that stays the same beside something a stranger may
/// choose (BREACH): tokens are in cookies and headers, nonces are new each time.
fn squeezed() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// Everything under the console's address.
pub fn router(parts: Parts) -> Router {
    let Parts {
        config,
        house,
        sessions,
        db,
        edge_is_well,
        clock,
        metrics,
        life,
    } = parts;
    let https = config.http.public_url.is_https();
    let desk = Arc::new(session::SessionDesk {
        keys: house.services.keys.clone(),
        sign_in: house.sign_in.clone(),
        clock: clock.clone(),
        origin: config.http.public_url.origin().to_owned(),
        idle_ms: i64::from(config.sign_in.idle_minutes) * 60_000,
        max_ms: i64::from(config.sign_in.max_hours) * 3_600_000,
    });
    let health = health::Health::new(life.clone(), metrics, config.http.metrics_from.clone())
        .with("database", move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|_| "no answer".to_owned()) }
        })
        .with("sip", move || {
            let well = edge_is_well();
            async move {
                if well {
                    Ok(())
                } else {
                    Err("does not answer itself".to_owned())
                }
            }
        });
    let sip = &config.sip;
    // Bound to every address and told of none: which one carriers see cannot be known here.
    let own = Some(sip.addr.ip()).filter(|ip| !ip.is_unspecified());
    let advertised = sip.external_ip.get().copied().or(own);
    let limits = Arc::new(Limits::per_minute(config.limits.api_per_minute));
    let api = crate::api::router(crate::api::Parts {
        services: house.services.clone(),
        replays: house.replays.clone(),
        addresses: crate::serve::settings(&config).addresses,
        sources: advertised.iter().map(ToString::to_string).collect(),
        limits: limits.clone(),
        body_limit: usize::try_from(config.limits.body_kib).unwrap_or(256) * 1024,
        life: life.clone(),
    });
    let files = assets::Assets::new(config.http.site_dir());
    let pages = pages::Pages::new(
        &files.package_dir(),
        house.services.clone(),
        clock.clone(),
        config.http.public_url.origin(),
    );
    let gate = Arc::new(requests::Gate {
        clock,
        https,
        proxies: config.http.trusted_proxies.clone(),
    });
    let live = events::Live {
        calls: house.services.calls.clone(),
        life,
    };
    Router::new()
        .route(
            "/fn/{*name}",
            any(forms::door.layer(middleware::from_fn_with_state(limits, forms::metered))),
        )
        .route("/inbox/export.csv", get(export::calls))
        .route("/inbox/{id}/report.txt", get(evidence::report))
        .route("/inbox/{id}/signalling.pcap", get(evidence::signalling))
        .route("/channels/phone/numbers/export.csv", get(export::numbers))
        .fallback(get(pages::page))
        .with_state(pages)
        .layer(squeezed())
        .merge(
            Router::new()
                .route("/events", get(events::stream))
                .with_state(live),
        )
        .merge(api)
        .layer((
            session::layer(sessions, &config.sign_in, https),
            middleware::from_fn_with_state(desk, session::recognise),
            OnePointer,
        ))
        .merge(files.router())
        .merge(health.router())
        .layer((
            middleware::from_fn_with_state(gate, requests::receive),
            OnePointer,
        ))
}
