//! Headers that narrow what a browser may do with our answers.
//!
//! A page brings its own Content-Security-Policy with a nonce; every other answer
//! (JSON, recordings, errors) gets one that allows nothing at all.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

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

/// Adds what an answer does not say itself.
pub(super) fn complete(headers: &mut HeaderMap, https: bool) {
    headers.reserve(ALWAYS.len() + 2);
    for (name, value) in ALWAYS {
        put(headers, name, value);
    }
    put(headers, header::CONTENT_SECURITY_POLICY, NOTHING);
    if https {
        put(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_page_allows_nothing() {
        let mut headers = HeaderMap::new();
        complete(&mut headers, false);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], NOTHING);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_page_keeps_its_own_policy_and_https_is_remembered() {
        let own = HeaderValue::from_static("script-src 'nonce-x'");
        let mut headers = HeaderMap::from_iter([(header::CONTENT_SECURITY_POLICY, own.clone())]);
        complete(&mut headers, true);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], own);
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], HSTS);
    }
}
