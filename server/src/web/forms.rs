//! The one door for everything under `/fn/`: forms, the browser's own calls and scripts.
//!
//! A server function always runs as if JSON were asked for. What becomes of its answer is
//! decided here: scripts get it as it is; a plain form that succeeded is sent on with 303;
//! one that failed gets its page back with what was typed. Knows nothing of what any
//! function does.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use app::error::{AppError, FieldErrors};
use app::ports::{Caller, Who};
use app::ui::returned::{ASKS, Returned, encode, pairs};
use app::ui::secret::Revealed;
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::prelude::provide_context;
use leptos::server_fn;
use tower_sessions::Session;

use super::pages::Pages;
use crate::api::Limits;

/// The largest body that is read.
const MOST_BYTES: usize = 256 * 1024;
/// An answer of ours is never larger than this; beyond it something is wrong.
const MOST_ANSWERED: usize = 8 * 1024 * 1024;
/// Leptos marks a refused call with this header.
const REFUSED: &str = "serverfnerror";
/// Where a form that met a sign-in waits for its reader.
pub(super) const WAITING: &str = "returned";

const SIGN_IN: &str = "/fn/sign_in";
/// Functions besides `reveal_…` whose answer holds what is told once: a key, a link, a
/// webhook's secret.
const TELL_ONCE: [&str; 5] = [
    "/fn/create_key",
    "/fn/create_user",
    "/fn/create_password_link",
    "/fn/create_webhook",
    "/fn/renew_webhook_secret",
];

/// Counts a script's calls with its requests to the API, and refuses as that does. People's are not: the console makes many
/// of its own accord, and must not run dry under somebody's hands.
pub(super) async fn metered(
    State(limits): State<Arc<Limits>>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    if !caller.is_some_and(|caller| matches!(caller.who, Who::Key { .. })) {
        return next.run(request).await;
    }
    let within = limits.count(caller);
    let mut response = match &within {
        Ok(_) => as_the_api_says(next.run(request).await).await,
        Err(error) => crate::api::refused(StatusCode::TOO_MANY_REQUESTS, error.clone(), MOST_BYTES),
    };
    limits.tell(response.headers_mut(), within.unwrap_or(0));
    response
}

/// A refusal as the console's own code reads it, in the words that scripts know. A page stays one.
async fn as_the_api_says(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (head, body) = response.into_parts();
    let mut told = crate::api::refused(status, read_error(body).await, MOST_BYTES);
    if let Some(methods) = head.headers.get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, methods.clone());
    }
    told
}

/// Answers one call.
pub(super) async fn door(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match functions().get(parts.uri.path()) {
        None => {
            return refused(
                StatusCode::NOT_FOUND,
                &AppError::NotFound(app::error::Thing::Page),
            );
        }
        Some(method) if *method != parts.method => {
            let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &AppError::Unreadable);
            if let Ok(allowed) = HeaderValue::from_str(method.as_str()) {
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            return response;
        }
        Some(_) => {}
    }
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, &AppError::Unreadable);
    };
    let call = Call {
        plain_form: is_plain_form(&parts),
        parts,
        body,
    };
    call.run(pages).await
}

/// Every server function and the method it takes.
fn functions() -> &'static BTreeMap<String, Method> {
    static FUNCTIONS: OnceLock<BTreeMap<String, Method>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        server_fn::axum::server_fn_paths()
            .map(|(path, method)| (path.to_owned(), method))
            .collect()
    })
}

/// A browser that sends a form itself asks for a page; code asks for JSON or anything.
fn is_plain_form(parts: &Parts) -> bool {
    let accepts = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    parts.method == Method::POST && accepts.contains("text/html")
}

fn refused(status: StatusCode, error: &AppError) -> Response {
    (status, Json(error)).into_response()
}

/// One call of a server function.
struct Call {
    parts: Parts,
    body: Bytes,
    plain_form: bool,
}

impl Call {
    async fn run(self, pages: Pages) -> Response {
        let answer = leptos_axum::handle_server_fns_with_context(pages.context(), self.as_json())
            .await
            .into_response();
        let failed = answer.headers().contains_key(REFUSED);
        match (failed, self.plain_form) {
            (false, false) => answer,
            (false, true) => self.succeeded(pages, answer).await,
            (true, plain) => {
                let (head, body) = answer.into_parts();
                let error = read_error(body).await;
                if plain {
                    self.failed(pages, error, &head.headers).await
                } else {
                    told(&error, &head.headers)
                }
            }
        }
    }

    fn as_json(&self) -> Request {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = self.parts.uri.clone();
        *request.headers_mut() = self.parts.headers.clone();
        *request.extensions_mut() = self.parts.extensions.clone();
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request
    }

    /// 303 to where the function says, else back to the page; but what is revealed is shown
    /// at once and stands in no address.
    async fn succeeded(self, pages: Pages, answer: Response) -> Response {
        let (head, body) = answer.into_parts();
        let function = self.parts.uri.path();
        if function.starts_with("/fn/reveal_") || TELL_ONCE.contains(&function) {
            let value = to_bytes(body, MOST_ANSWERED)
                .await
                .ok()
                .and_then(|body| secret_in(&body));
            let revealed = Revealed {
                function: function.to_owned(),
                body: self.form(),
                value: value.unwrap_or_default(),
            };
            return pages
                .render(self.page_request(&self.page()), move || {
                    provide_context(revealed.clone());
                })
                .await;
        }
        if function == SIGN_IN {
            self.leave_waiting().await;
        }
        if let Some(page) = head.headers.get(ASKS).and_then(|page| page.to_str().ok()) {
            let returned = Returned {
                function: function.to_owned(),
                body: self.without_secrets(),
                error: None,
            };
            return pages
                .render(self.page_request(page), move || {
                    provide_context(returned.clone());
                })
                .await;
        }
        let to = head.headers.get(header::LOCATION).cloned();
        let to = to
            .or_else(|| HeaderValue::from_str(&self.page()).ok())
            .unwrap_or(HeaderValue::from_static("/"));
        let mut response = StatusCode::SEE_OTHER.into_response();
        keep_cookies(&head.headers, response.headers_mut());
        response.headers_mut().insert(header::LOCATION, to);
        response
    }

    /// The page the form stands on, or the sign-in page, with what was typed.
    async fn failed(self, pages: Pages, error: AppError, headers: &HeaderMap) -> Response {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let function = self.parts.uri.path().to_owned();
        let page = self.page();
        let page = if matches!(error, AppError::Unauthenticated) && function != SIGN_IN {
            format!("/sign-in?next={}", encode(&page))
        } else {
            page
        };
        let returned = Returned {
            function,
            body: self.without_secrets(),
            error: Some(error),
        };
        let mut response = pages
            .render(self.page_request(&page), move || {
                provide_context(returned.clone());
            })
            .await;
        *response.status_mut() = status;
        keep_cookies(headers, response.headers_mut());
        response
    }

    /// A form that met a sign-in is kept in the new session, and the next page takes it.
    async fn leave_waiting(&self) {
        let sent = pairs(&self.form());
        let field = |wanted: &str| {
            sent.iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        let (Some(function), Some(body)) = (field("waiting_function"), field("waiting_body"))
        else {
            return;
        };
        if !functions().contains_key(&function) {
            return;
        }
        if let Some(session) = self.parts.extensions.get::<Session>() {
            let waiting = Returned {
                function,
                body,
                error: None,
            };
            if let Err(error) = session.insert(WAITING, waiting).await {
                tracing::warn!(%error, "a form that waited for the sign-in is lost");
            }
        }
    }

    fn form(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The page named in the form, if it is one of ours.
    fn page(&self) -> String {
        let sent = pairs(&self.form());
        let named = sent
            .iter()
            .find(|(name, _)| name == "page")
            .map(|(_, value)| value.as_str());
        named
            .filter(|page| is_own_page(page))
            .unwrap_or("/")
            .to_owned()
    }

    /// What was typed, but for passwords and the page's own bookkeeping.
    fn without_secrets(&self) -> String {
        pairs(&self.form())
            .into_iter()
            .filter(|(name, _)| name != "page" && !is_secret(name))
            .map(|(name, value)| format!("{}={}", encode(&name), encode(&value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// A request for `page` by the same person.
    fn page_request(&self, page: &str) -> Request {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = page.parse().unwrap_or(Uri::from_static("/"));
        *request.headers_mut() = self.parts.headers.clone();
        request.headers_mut().remove(header::CONTENT_LENGTH);
        request.headers_mut().remove(header::CONTENT_TYPE);
        *request.extensions_mut() = self.parts.extensions.clone();
        request
    }
}

/// What a function reveals: its whole answer, or the `secret` of what it made.
fn secret_in(answer: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    let secret = answer.as_str().or_else(|| answer["secret"].as_str())?;
    Some(secret.to_owned())
}

/// The error as the function gave it; one that came of the machinery gets the request's id.
async fn read_error(body: Body) -> AppError {
    let body = to_bytes(body, MOST_ANSWERED).await.unwrap_or_default();
    let incident = super::pages::incident;
    match serde_json::from_slice(&body) {
        Ok(AppError::Internal { incident: id }) if id.as_uuid().is_nil() => incident(),
        Ok(AppError::Invalid(errors)) if errors.is_empty() => AppError::Invalid(FieldErrors::new()),
        Ok(error) => error,
        Err(_) => incident(),
    }
}

fn told(error: &AppError, headers: &HeaderMap) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = refused(status, error);
    response
        .headers_mut()
        .insert(REFUSED, HeaderValue::from_static("true"));
    if let AppError::TooMany { retry_after_s } = error {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    keep_cookies(headers, response.headers_mut());
    response
}

fn keep_cookies(from: &HeaderMap, to: &mut HeaderMap) {
    for cookie in from.get_all(header::SET_COOKIE) {
        to.append(header::SET_COOKIE, cookie.clone());
    }
}

/// A path on this server that shows a page: never another host, never the door itself.
pub(super) fn is_own_page(page: &str) -> bool {
    let plain = page.starts_with('/')
        && !page.starts_with("//")
        && !page.contains(['\\', '\r', '\n', '\t']);
    let elsewhere = ["/fn/", "/api/", "/events", "/pkg/"]
        .iter()
        .any(|prefix| page.starts_with(prefix));
    plain && !elsewhere && page.parse::<Uri>().is_ok_and(|uri| uri.host().is_none())
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "token"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back_to_our_own_pages_only() {
        for page in [
            "/",
            "/settings/sip",
            "/settings/sip?confirm=remove&number=%2B1#numbers",
        ] {
            assert!(is_own_page(page), "{page}");
        }
        for page in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/fn/sign_in",
            "/api/keys",
            "/a\r\nb: c",
        ] {
            assert!(!is_own_page(page), "{page}");
        }
    }

    #[test]
    fn keeps_no_password_of_what_was_typed() {
        for name in [
            "password",
            "draft[password]",
            "new_password",
            "setup_token",
            "draft[Client_Secret]",
        ] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("draft[name]"));
    }
}
