//! Headers that narrow what a browser may do with our answers.
//!
//! A page brings its own Content-Security-Policy with a nonce; every other answer
//! (JSON, recordings, errors) gets one that allows nothing at all.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// For answers that are no pages.
const NOTHING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Two years, the least that browsers' preload lists take.
const HSTS: &str = "max-age=63072000";

/// Whether the console is served over https.
#[derive(Clone, Copy, Debug)]
pub struct Https(pub bool);

/// Adds what the answer does not say itself.
pub async fn headers(State(Https(https)): State<Https>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        put(headers, name, value);
    }
    put(headers, header::CONTENT_SECURITY_POLICY, NOTHING);
    if https {
        put(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(https: bool) -> Response {
        let page = || async {
            (
                [(header::CONTENT_SECURITY_POLICY, "script-src 'nonce-x'")],
                "page",
            )
        };
        let router = Router::new()
            .route("/page", get(page))
            .layer(from_fn_with_state(Https(https), headers));
        let path = if https { "/page" } else { "/none" };
        router
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_answer_that_is_no_page_allows_nothing() {
        let answer = answer(false).await;
        assert_eq!(answer.headers()[header::CONTENT_SECURITY_POLICY], NOTHING);
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(
            !answer
                .headers()
                .contains_key(header::STRICT_TRANSPORT_SECURITY)
        );
    }

    #[tokio::test]
    async fn a_page_keeps_its_own_policy_and_https_is_remembered() {
        let answer = answer(true).await;
        assert_eq!(
            answer.headers()[header::CONTENT_SECURITY_POLICY],
            "script-src 'nonce-x'"
        );
        assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], HSTS);
    }
}
