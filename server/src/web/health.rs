//! For those who watch: `/healthz` alive, `/readyz` able to work, `/metrics`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};

use crate::config::{List, Network};
use crate::lifecycle::Lifecycle;
use crate::telemetry::Metrics;
use crate::web::client::ClientAddress;

/// A check that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(2);

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// One thing without which no call can be taken.
#[derive(Clone)]
struct Check {
    name: &'static str,
    ask: Arc<dyn Fn() -> Answer + Send + Sync>,
}

/// What these routes need to know.
#[derive(Clone)]
pub struct Health {
    lifecycle: Lifecycle,
    metrics: Metrics,
    metrics_from: List<Network>,
    checks: Vec<Check>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.checks.iter().map(|check| check.name))
            .finish()
    }
}

impl Health {
    /// `metrics_from`: who may read the counters.
    pub fn new(lifecycle: Lifecycle, metrics: Metrics, metrics_from: List<Network>) -> Self {
        Self {
            lifecycle,
            metrics,
            metrics_from,
            checks: Vec::new(),
        }
    }

    /// Adds a condition of being ready. The error is shown to whoever asks: a few
    /// words, no address and no secret.
    #[must_use]
    pub fn with<F, A>(mut self, name: &'static str, ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push(Check {
            name,
            ask: Arc::new(move || Box::pin(ask())),
        });
        self
    }

    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let mut told = serde_json::Map::new();
    let mut status = StatusCode::OK;
    if health.lifecycle.is_draining() {
        status = StatusCode::SERVICE_UNAVAILABLE;
        told.insert("lifecycle".into(), "draining".into());
    }
    for check in &health.checks {
        let answer = tokio::time::timeout(PATIENCE, (check.ask)()).await;
        let text = match answer {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(cause)) => cause,
            Err(_) => "no answer".to_owned(),
        };
        if text != "ok" {
            status = StatusCode::SERVICE_UNAVAILABLE;
        }
        told.insert(check.name.into(), text.into());
    }
    (status, Json(told)).into_response()
}

async fn metrics(
    State(health): State<Health>,
    client: Option<Extension<ClientAddress>>,
) -> Response {
    let may = |address| health.metrics_from.iter().any(|net| net.contains(address));
    if client.is_some_and(|Extension(ClientAddress(address))| !may(address)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, health.metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn get_path(health: &Health, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = health.clone().router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn says_what_is_missing_and_stays_alive() {
        let life = Lifecycle::new();
        let health = Health::new(life.clone(), Metrics::install().unwrap(), List(Vec::new()))
            .with("sip", || async { Ok(()) });
        assert_eq!(
            get_path(&health, "/readyz").await,
            (StatusCode::OK, "{\"sip\":\"ok\"}".into())
        );
        assert_eq!(get_path(&health, "/metrics").await.0, StatusCode::OK);

        let broken = health
            .clone()
            .with("database", || async { Err("locked".to_owned()) });
        let (status, told) = get_path(&broken, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(told.contains("\"database\":\"locked\""), "{told}");
        assert_eq!(get_path(&broken, "/healthz").await.0, StatusCode::OK);

        life.drain();
        assert_eq!(
            get_path(&health, "/readyz").await.0,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
}
