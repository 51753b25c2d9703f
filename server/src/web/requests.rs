//! One id and one log line for each HTTP request.
//!
//! The id is ours, never the client's: it stands in the log, in the answer's header
//! and in error bodies, so that "Request 0198…" in a report finds its line.

use std::sync::Arc;
use std::time::Instant;

use app::domain::id::RequestId;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::{client, security};
use crate::clock::Clock;
use crate::config::{List, Network};
use crate::telemetry::request::answering;
use crate::telemetry::{Asker, Event};

/// Where the id travels.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What the outermost layer knows.
pub struct Gate {
    pub clock: Clock,
    pub https: bool,
    pub proxies: List<Network>,
}

/// The outermost layer. One for all that is done to every request, because a layer is some allocations a request.
pub async fn receive(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    client::locate(&gate.proxies, &mut request);
    let mut response = observe(&gate.clock, request, next).await;
    security::complete(response.headers_mut(), gate.https);
    response
}

async fn observe(clock: &Clock, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::from_uuid(clock.new_uuid());
    let method = method_name(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "page".into(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(id);
    let id_text = id.to_string();

    let span = tracing::info_span!("request", request.id = id_text.as_str());
    let mut response = answering(id, next.run(request).instrument(span)).await;

    if let Ok(value) = HeaderValue::from_str(id_text.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    let asker = response
        .extensions()
        .get::<Asker>()
        .copied()
        .unwrap_or(Asker::Nobody);
    Event::Request {
        method,
        route: &route,
        status: response.status().as_u16(),
        duration: started.elapsed(),
        asker,
        request: id_text.as_str(),
    }
    .emit();
    response
}

/// Anyone may invent methods; a counter's label may not grow with them.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
