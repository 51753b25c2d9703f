//! Who asks: a key, which wins, or the person whose session the cookie names. And the
//! check that a change asked for with a cookie was asked for by our own pages.

use std::sync::Arc;

use app::error::{AppError, Need};
use app::ports::{Caller, Doorkeeper, Keys, SessionKeeper, SignedIn, Who};
use async_trait::async_trait;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use super::client::ClientAddress;
use crate::clock::Clock;
use crate::config;
use crate::service::SignIn;
use crate::store::sessions::Sessions;
use crate::telemetry::Asker;

/// The cookie.
const COOKIE: &str = "patchbay";
/// What a session holds.
const WHO: &str = "who";
/// A session is touched once in this time, not with every picture.
const TOUCH_EVERY_MS: i64 = 60_000;

/// What the layer needs to know.
pub struct SessionDesk {
    pub keys: Arc<dyn Keys>,
    pub sign_in: Arc<SignIn>,
    pub clock: Clock,
    /// Such as `https://console.example.com`.
    pub origin: String,
    pub idle_ms: i64,
    pub max_ms: i64,
}

/// When the session of a request ends, unix ms: in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionEnds(pub(super) i64);

/// In the session's data. The epoch ends it when the account's has moved on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    user: app::domain::id::UserId,
    epoch: i64,
    began_at: i64,
    touched_at: i64,
}

/// The cookie layer, over the sessions in the database.
pub fn layer(
    store: Sessions,
    limits: &config::SignIn,
    https: bool,
) -> SessionManagerLayer<Sessions> {
    let idle = time::Duration::minutes(i64::from(limits.idle_minutes));
    SessionManagerLayer::new(store)
        .with_name(COOKIE)
        .with_secure(https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(idle))
}

/// Puts a `Caller` and a `Doorkeeper` into every request, and refuses a change that
/// another site asked for.
pub async fn recognise(
    State(desk): State<Arc<SessionDesk>>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = request
        .extensions()
        .get::<ClientAddress>()
        .map(|client| client.0);
    let room = Room::of(request.uri().path());
    if room == Room::Api && request.headers().contains_key(header::AUTHORIZATION) {
        // The API knows keys by itself; all it wants of a cookie is who reads.
        return next.run(request).await;
    }
    let session = request.extensions().get::<Session>().cloned();
    let caller = match (bearer(request.headers()), room) {
        (Some(token), _) => desk.keys.recognise(token, address).await,
        (None, Room::Console) if !desk.is_own(request.method(), request.headers()) => {
            Err(AppError::Forbidden(Need::SameOrigin))
        }
        (None, _) => Ok(match &session {
            Some(session) => match desk.person(session).await {
                Some((person, ends)) => {
                    request.extensions_mut().insert(ends);
                    person
                }
                None => Caller::nobody(None),
            },
            None => Caller::nobody(None),
        }),
    };
    let mut caller = match caller {
        Ok(caller) => caller,
        Err(error) => return refused(&error),
    };
    caller.address = address;
    let asker = asker(&caller);
    if let Some(session) = session {
        let keeper = Keeper {
            desk: desk.clone(),
            session,
        };
        request
            .extensions_mut()
            .insert(Doorkeeper(Arc::new(keeper)));
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    // The API has said who its caller is.
    response.extensions_mut().get_or_insert(asker);
    response
}

/// Which door a request goes through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Console,
    Api,
}

impl Room {
    fn of(path: &str) -> Self {
        if path == "/api" || path.starts_with("/api/") {
            Self::Api
        } else {
            Self::Console
        }
    }
}

/// As JSON, because whoever meets this has not come by one of our forms.
fn refused(error: &AppError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
    (status, Json(error)).into_response()
}

fn asker(caller: &Caller) -> Asker {
    match caller.who {
        Who::User(_) => Asker::User,
        Who::Key { .. } | Who::Operator => Asker::Key,
        Who::Nobody => Asker::Nobody,
    }
}

/// The token of an `Authorization: Bearer`. Any other scheme counts as a token nobody has,
/// so that a header that is there never falls back to the cookie.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") {
        token.trim()
    } else {
        ""
    })
}

impl SessionDesk {
    /// Whether a request that changes something was made by a page of ours. Browsers always
    /// send `Origin` with such a request (Fetch §3.2); `Sec-Fetch-Site` says the same.
    fn is_own(&self, method: &Method, headers: &HeaderMap) -> bool {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return true;
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match (text("sec-fetch-site"), text("origin")) {
            (Some("same-origin"), None) => true,
            (Some(site), _) if site != "same-origin" && site != "none" => false,
            (_, Some(origin)) => origin == self.origin,
            (_, None) => false,
        }
    }

    async fn person(&self, session: &Session) -> Option<(Caller, SessionEnds)> {
        let mut remembered: Remembered = session.get(WHO).await.ok().flatten()?;
        let now = self.clock.now_ms();
        // The note of the last visit may be as old as a touch.
        let idle_ms = now - remembered.touched_at - TOUCH_EVERY_MS;
        if now - remembered.began_at > self.max_ms || idle_ms > self.idle_ms {
            drop(session.flush().await);
            return None;
        }
        let (user, epoch) = self.sign_in.account(remembered.user).await.ok().flatten()?;
        if epoch != remembered.epoch {
            drop(session.flush().await);
            return None;
        }
        if now - remembered.touched_at >= TOUCH_EVERY_MS {
            remembered.touched_at = now;
            drop(session.insert(WHO, &remembered).await);
            self.sign_in.seen(user.id).await;
        }
        let scopes = user.role.scopes();
        let caller = Caller {
            who: Who::User(user),
            scopes,
            address: None,
        };
        Some((caller, self.end_of(&remembered)))
    }

    fn end_of(&self, remembered: &Remembered) -> SessionEnds {
        let unused = remembered.touched_at + self.idle_ms;
        let in_any_case = remembered.began_at + self.max_ms;
        SessionEnds(unused.min(in_any_case))
    }
}

/// The session of one request.
struct Keeper {
    desk: Arc<SessionDesk>,
    session: Session,
}

impl Keeper {
    async fn remember(&self, person: &SignedIn) -> Result<(), AppError> {
        let account = self.desk.sign_in.account(person.id).await?;
        let (_, epoch) = account.ok_or(AppError::Unauthenticated)?;
        let now = self.desk.clock.now_ms();
        let remembered = Remembered {
            user: person.id,
            epoch,
            began_at: now,
            touched_at: now,
        };
        // A new id at each sign-in, so that one that was planted before is worth nothing.
        self.session
            .cycle_id()
            .await
            .map_err(|error| broken(&error))?;
        self.session
            .insert(WHO, remembered)
            .await
            .map_err(|error| broken(&error))?;
        self.desk.sign_in.seen(person.id).await;
        Ok(())
    }
}

fn broken(error: &tower_sessions::session::Error) -> AppError {
    tracing::error!(%error, "session.unavailable");
    AppError::Unavailable(app::error::Unavailable::Database)
}

#[async_trait]
impl SessionKeeper for Keeper {
    async fn begin(&self, person: &SignedIn) -> Result<(), AppError> {
        self.session.clear().await;
        self.remember(person).await
    }

    async fn renew(&self, person: &SignedIn) -> Result<(), AppError> {
        self.remember(person).await
    }

    async fn left_ms(&self) -> Result<i64, AppError> {
        let remembered = self.session.get::<Remembered>(WHO).await;
        let remembered = remembered.map_err(|error| broken(&error))?;
        let remembered = remembered.ok_or(AppError::Unauthenticated)?;
        Ok(self.desk.end_of(&remembered).0 - self.desk.clock.now_ms())
    }

    async fn end(&self) -> Result<(), AppError> {
        self.session.flush().await.map_err(|error| broken(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_bearer_token_is_read_and_anything_else_is_nobodys() {
        assert_eq!(bearer(&headers(&[])), None);
        assert_eq!(
            bearer(&headers(&[("authorization", "Bearer abc")])),
            Some("abc")
        );
        assert_eq!(
            bearer(&headers(&[("authorization", "bearer  abc ")])),
            Some("abc")
        );
        assert_eq!(
            bearer(&headers(&[("authorization", "Basic YTpi")])),
            Some("")
        );
    }
}
