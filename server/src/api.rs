//! The SIP API: everything the console does, for scripts.
//!
//! Routes and their documentation are declared together ([`routes`]); handlers are a few lines
//! over the use cases of `app::ports`. It must not know SQL or SIP.
//!
//! # Layout
//!
//! ```text
//! callers   who asks, by Bearer key          body      JSON bodies into drafts
//! limits    requests a minute, per key       params    query filters
//! replay    Idempotency-Key                  wire      ids, times, pages, versions
//! problem   failures as JSON                 document  OpenAPI, and the page that shows it
//! needs     the scope, before all else
//! ```
//!
//! The other files are one resource each.

mod agent_numbers;
mod agents;
mod audit;
mod body;
mod callers;
mod calls;
mod credentials;
mod destinations;
pub mod document;
mod engines;
mod events;
mod examples;
mod history;
mod inbound_trunk;
mod keys;
mod limits;
mod live;
mod needs;
mod numbers;
mod outbound_call;
mod outbound_trunks;
mod params;
mod path;
mod problem;
mod receipt;
mod recording;
mod regions;
mod replay;
mod route_replay;
mod route_test;
mod routes;
mod said;
mod session_filter;
mod sessions;
mod sources;
mod test_call;
mod transfers;
mod voices;
mod webhook_event;
mod webhooks;
mod wire;

use std::ops::Deref;
use std::sync::Arc;

use app::error::{AppError, Thing};
use app::ports::{Caller, Services};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use crate::lifecycle::Lifecycle;
use crate::service::addresses::Addresses;
use crate::service::replays::Replays;
use crate::web::pointer::OnePointer;
use needs::Needs;
use problem::Problem;
use routes::Routes;

pub use limits::Limits;
pub use webhook_event::body as webhook_body;

/// What the API is made of.
pub struct Parts {
    pub services: Services,
    pub replays: Arc<Replays>,
    pub addresses: Addresses,
    /// Addresses our own SIP comes from, which carriers must allow.
    pub sources: Vec<String>,
    /// Of each key; the console's functions count by the same.
    pub limits: Arc<Limits>,
    /// The longest body, in bytes.
    pub body_limit: usize,
    pub life: Lifecycle,
}

/// What every handler has. One pointer, because each layer clones it for each request.
#[derive(Clone)]
pub struct Api(Arc<Means>);

/// What [`Api`] leads to.
pub struct Means {
    services: Services,
    replays: Arc<Replays>,
    addresses: Addresses,
    sources: Vec<String>,
    limits: Arc<Limits>,
    body_limit: usize,
    life: Lifecycle,
    needs: Needs,
}

impl Deref for Api {
    type Target = Means;

    fn deref(&self) -> &Means {
        &self.0
    }
}

/// Everything under `/api`.
pub fn router(parts: Parts) -> Router {
    let routes = all();
    let api = Api(Arc::new(Means {
        services: parts.services,
        replays: parts.replays,
        addresses: parts.addresses,
        sources: parts.sources,
        limits: parts.limits,
        body_limit: parts.body_limit,
        life: parts.life,
        needs: routes.needs,
    }));
    let document = document::of(routes.paths, routes.schemas);
    routes
        .router
        .route("/api", any(nothing_here))
        .route("/api/", any(nothing_here))
        .route("/api/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer((from_fn_with_state(api.clone(), gate), OnePointer))
        .merge(
            document::router(&document).layer(map_response(async |mut response: Response| {
                keep_private(&mut response);
                response
            })),
        )
        .with_state(api)
}

/// Every operation.
fn all() -> Routes {
    Routes::new()
        .and(inbound_trunk::routes())
        .and(credentials::routes())
        .and(agent_numbers::routes())
        .and(outbound_trunks::routes())
        .and(destinations::routes())
        .and(outbound_call::routes())
        .and(test_call::routes())
        .and(transfers::routes())
        .and(regions::routes())
        .and(sources::routes())
        .and(route_test::routes())
        .and(route_replay::routes())
        .and(agents::routes())
        .and(voices::routes())
        .and(numbers::routes())
        .and(calls::routes())
        .and(sessions::routes())
        .and(webhooks::routes())
        .and(keys::routes())
        .and(audit::routes())
}

/// A refusal of the console's functions, as a script knows refusals from here. What is refused before a function is
/// asked has no error of its own, only a status.
pub(crate) fn refused(status: StatusCode, error: AppError, body_limit: usize) -> Response {
    let problem = match status {
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge(body_limit),
        _ => Problem::App(error),
    };
    problem.into_response()
}

async fn nothing_here() -> Problem {
    Problem::App(AppError::NotFound(Thing::Page))
}

/// What a request passes on its way to its handler: who asks, how often, whether they may, and whether it was answered
/// before. One layer, because each is some allocations a request.
async fn gate(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let mut response = match callers::authenticate(&api, &mut request).await {
        Ok(asker) => {
            let within = api.limits.count(request.extensions().get::<Caller>());
            let left = within.as_ref().map_or(0, |left| *left);
            let mut response = match within.and_then(|_| api.needs.met(&request)) {
                Ok(()) => replay::answer(&api, request, next).await,
                Err(error) => Problem::App(error).into_response(),
            };
            api.limits.tell(response.headers_mut(), left);
            response.extensions_mut().insert(asker);
            response
        }
        Err(problem) => problem.into_response(),
    };
    keep_private(&mut response);
    response
}

/// Answers hold numbers and passwords; no cache may keep one that does not say so itself.
fn keep_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
