//! Pages: what each request gives Leptos, and who is shown the sign-in page instead.

use std::sync::Arc;

use app::error::AppError;
use app::ports::{Caller, Doorkeeper, Services, Who};
use app::shell::{App, is_door, shell};
use app::text::Language;
use app::ui::reader::{Reader, Theme};
use app::ui::returned::{Returned, encode};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::prelude::{provide_context, use_context};
use tower_sessions::Session;

use super::forms::WAITING;
use super::session::SessionEnds;
use crate::clock::Clock;

/// What pages are rendered with.
#[derive(Clone)]
pub(super) struct Pages {
    options: LeptosOptions,
    services: Services,
    clock: Clock,
    base_url: Arc<str>,
}

impl Pages {
    pub(super) fn new(package_dir: &str, services: Services, clock: Clock, base_url: &str) -> Self {
        // Starts Leptos' executor, which nothing else here does.
        drop(leptos_axum::generate_route_list(App));
        let options = LeptosOptions::builder()
            .output_name("patchbay")
            .site_pkg_dir(package_dir)
            .build();
        Self {
            options,
            services,
            clock,
            base_url: base_url.into(),
        }
    }

    /// The use cases, for answers that are no pages.
    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// What every page and every server function finds in its context.
    pub(super) fn context(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let pages = self.clone();
        move || {
            provide_context(pages.services.clone());
            let Some(parts) = use_context::<Parts>() else {
                return;
            };
            if let Some(keeper) = parts.extensions.get::<Doorkeeper>() {
                provide_context(keeper.clone());
            }
            let caller = parts.extensions.get::<Caller>().cloned();
            let ends = parts.extensions.get::<SessionEnds>();
            let reader = Reader {
                session_ends_ms: ends.map(|ends| ends.0),
                ..pages.reader(&parts.headers, caller.as_ref())
            };
            provide_context(reader.language.text());
            provide_context(reader);
            if let Some(caller) = caller {
                provide_context(caller);
            }
        }
    }

    /// Renders the page a request asks for, with something more in its context.
    pub(super) async fn render(
        &self,
        request: Request,
        more: impl Fn() + Clone + Send + Sync + 'static,
    ) -> Response {
        let (context, options) = (self.context(), self.options.clone());
        let render = leptos_axum::render_app_async_with_context(
            move || {
                context();
                more();
            },
            move || shell(options.clone()),
        );
        render(request).await.into_response()
    }

    /// How whoever asks wants to be told.
    pub(super) fn reader(&self, headers: &HeaderMap, caller: Option<&Caller>) -> Reader {
        let person = caller.and_then(|caller| match &caller.who {
            Who::User(user) => Some(user),
            _ => None,
        });
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let theme = person
            .and_then(|person| person.theme.clone())
            .or_else(|| cookie(headers, "theme"));
        let language = person
            .and_then(|person| person.language.as_deref())
            .and_then(Language::read)
            .or_else(|| accepted.and_then(Language::read));
        Reader {
            theme: Theme::read(theme.as_deref().unwrap_or_default()),
            language: language.unwrap_or_default(),
            zone: person
                .and_then(|person| person.zone.clone())
                .or_else(|| cookie(headers, "tz")),
            now_ms: self.clock.now_ms(),
            base_url: self.base_url.to_string(),
            shortcuts_off: cookie(headers, "shortcuts").as_deref() == Some("off"),
            name: person.map(|person| person.email.clone()),
            session_ends_ms: None,
        }
    }
}

/// One cookie, if it is there.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Every address that is no file and no function: a page, or the way to the sign-in.
pub(super) async fn page(State(pages): State<Pages>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let signed_in = request
        .extensions()
        .get::<Caller>()
        .is_some_and(|caller| matches!(caller.who, Who::User(_)));
    if !signed_in && !is_door(&path) {
        return to_sign_in(
            request
                .uri()
                .path_and_query()
                .map_or("/", |whole| whole.as_str()),
        );
    }
    let waiting = match request.extensions().get::<Session>() {
        Some(session) if signed_in => take_waiting(session).await,
        _ => None,
    };
    pages
        .render(request, move || {
            if let Some(waiting) = waiting.clone() {
                provide_context(waiting);
            }
        })
        .await
}

/// The form that waited for its sender to sign in. Taking what is not there would count as a change of the
/// session, and each page would write it to the database.
async fn take_waiting(session: &Session) -> Option<Returned> {
    session.get_value(WAITING).await.ok().flatten()?;
    session.remove(WAITING).await.ok().flatten()
}

fn to_sign_in(next: &str) -> Response {
    let to = format!("/sign-in?next={}", encode(next));
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/sign-in"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}

/// The id of the request that failed, for an error that has none yet.
pub(super) fn incident() -> AppError {
    let nil = || app::domain::id::IncidentId::from_uuid(uuid::Uuid::nil());
    AppError::Internal {
        incident: crate::telemetry::request::current().unwrap_or_else(nil),
    }
}
