//! Who asks: a Bearer key. A console session is not taken here, because this door has no Origin
//! check; pages have their own.

use std::net::IpAddr;

use app::domain::sip::Secret;
use app::error::AppError;
use app::ports::{Caller, Who};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::problem::Problem;
use crate::telemetry::Asker;
use crate::web::client::ClientAddress;

/// Lets in whoever has a key.
pub(super) async fn authenticate(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = request
        .extensions()
        .get::<ClientAddress>()
        .map(|client| client.0);
    let token = bearer(request.headers()).and_then(|token| token.parse().ok());
    let token = token.map(|secret| Token { secret, address });
    let caller = match &token {
        Some(token) => token.caller(&api).await,
        None => Err(AppError::Unauthenticated),
    };
    let caller = match caller {
        Ok(caller) if !matches!(caller.who, Who::Nobody) => caller,
        Ok(_) => return Problem::App(AppError::Unauthenticated).into_response(),
        Err(error) => return Problem::App(error).into_response(),
    };
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(token);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Asker::Key);
    response
}

/// The person signed in to the console, who may read here so that the player and links
/// work. Not write: this door has no Origin check.
fn reading(request: &Request) -> Option<Caller> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let caller = request.extensions().get::<Caller>()?;
    (reads && matches!(caller.who, Who::User(_))).then(|| caller.clone())
}

/// The key of a request, for answers that go on long enough for it to be revoked meanwhile.
#[derive(Clone)]
pub(super) struct Token {
    secret: Secret,
    address: Option<IpAddr>,
}

impl Token {
    /// Who it is, if it still is anybody.
    pub(super) async fn caller(&self, api: &Api) -> Result<Caller, AppError> {
        let keys = &api.services.keys;
        keys.recognise(self.secret.expose(), self.address).await
    }
}

impl FromRequestParts<Api> for Token {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let token = parts.extensions.get::<Option<Self>>().cloned().flatten();
        token.ok_or(Problem::App(AppError::Unauthenticated))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The caller, for handlers. Without [`authenticate`] in front there is none.
pub(super) struct Asking(pub(super) Caller);

impl FromRequestParts<Api> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller
            .map(Self)
            .ok_or(Problem::App(AppError::Unauthenticated))
    }
}
