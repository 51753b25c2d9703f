//! Who asks: a Bearer key, or for reading the person signed in to the console.

use std::net::IpAddr;

use app::domain::sip::Secret;
use app::error::AppError;
use app::ports::{Caller, Who};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::Api;
use super::problem::Problem;
use crate::telemetry::Asker;
use crate::web::client::ClientAddress;

/// Lets in whoever has a key, and people who only read.
pub(super) async fn authenticate(api: &Api, request: &mut Request) -> Result<Asker, Problem> {
    let nobody = || Problem::App(AppError::Unauthenticated);
    let standing = asking(request).ok_or_else(nobody)?;
    let caller = standing.caller(api).await?;
    if matches!(caller.who, Who::Nobody) {
        return Err(nobody());
    }
    let asker = match &standing {
        Standing::Key { .. } => Asker::Key,
        Standing::Person(_) => Asker::User,
    };
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(standing);
    Ok(asker)
}

/// By what right a request is answered. Answers that go on for long ask again, because a key
/// may be revoked meanwhile; a session is ended by the console's own streams.
#[derive(Clone)]
pub(super) enum Standing {
    Key {
        secret: Secret,
        address: Option<IpAddr>,
    },
    Person(Caller),
}

impl Standing {
    /// Who it is, if it still is anybody.
    pub(super) async fn caller(&self, api: &Api) -> Result<Caller, AppError> {
        match self {
            Self::Key { secret, address } => {
                let keys = &api.services.keys;
                keys.recognise(secret.expose(), *address).await
            }
            Self::Person(caller) => Ok(caller.clone()),
        }
    }
}

impl FromRequestParts<Api> for Standing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let standing = parts.extensions.get::<Self>().cloned();
        standing.ok_or(Problem::App(AppError::Unauthenticated))
    }
}

/// A header that is there but names no key must not fall back to the cookie.
fn asking(request: &Request) -> Option<Standing> {
    let client = request.extensions().get::<ClientAddress>();
    let address = client.map(|client| client.0);
    if request.headers().contains_key(header::AUTHORIZATION) {
        let secret = bearer(request.headers())?.parse().ok()?;
        return Some(Standing::Key { secret, address });
    }
    reading(request).map(Standing::Person)
}

/// The person signed in to the console, who may read here so that the player and links
/// work. Not write: this door has no Origin check.
fn reading(request: &Request) -> Option<Caller> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let caller = request.extensions().get::<Caller>()?;
    (reads && matches!(caller.who, Who::User(_))).then(|| caller.clone())
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
