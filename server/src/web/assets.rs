//! The site's files: what `target/site` held when the server was built, or a folder on disk.
//!
//! Knows bytes, types and caching. Must not know who asks: these files are the same for everyone.
//!
//! Files of the package (`pkg/`) have fixed names and stand in a folder named after their content,
//! so they are cached for ever and a new build has new addresses. The others are asked about again.

use std::{borrow::Cow, path::Path as FilePath, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

/// One file as `build.rs` embedded it; the packed forms are there in a release only.
struct File {
    path: &'static str,
    hash: &'static str,
    raw: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The package's folder name where files come from disk: they may change under one address.
const LIVE: &str = "live";

const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Where the site's files come from.
#[derive(Clone, Debug)]
pub enum Assets {
    /// The binary itself.
    Embedded,
    /// `http.site_dir`: for a developer, who builds the site without the server.
    Disk(Arc<FilePath>),
}

impl Assets {
    /// The embedded files, or those of `site_dir` if the configuration names one.
    pub fn new(site_dir: Option<&FilePath>) -> Self {
        site_dir.map_or(Self::Embedded, |dir| Self::Disk(dir.into()))
    }

    /// What `LeptosOptions::site_pkg_dir` must say, so that pages ask for these files.
    pub fn package_dir(&self) -> String {
        format!("pkg/{}", self.package_hash())
    }

    fn package_hash(&self) -> &'static str {
        match self {
            Self::Embedded => SITE_HASH,
            Self::Disk(_) => LIVE,
        }
    }

    /// The routes of all files, to be merged into the server's router.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/pkg/{hash}/{*path}", get(package))
            .route("/fonts/{*path}", get(plain))
            .route("/favicon.svg", get(plain))
            .route("/robots.txt", get(plain))
            .with_state(self)
    }

    async fn find(&self, path: &str) -> Option<Found> {
        match self {
            Self::Embedded => FILES
                .iter()
                .find(|file| file.path == path)
                .map(Found::embedded),
            Self::Disk(dir) if is_plain(path) => {
                tokio::fs::read(dir.join(path)).await.ok().map(Found::read)
            }
            Self::Disk(_) => None,
        }
    }
}

/// A file that is there, in the forms it is there in.
struct Found {
    hash: Cow<'static, str>,
    raw: Cow<'static, [u8]>,
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

impl Found {
    fn embedded(file: &File) -> Self {
        Self {
            hash: file.hash.into(),
            raw: file.raw.into(),
            brotli: file.brotli,
            gzip: file.gzip,
        }
    }

    fn read(content: Vec<u8>) -> Self {
        Self {
            hash: hex::encode(&Sha256::digest(&content)[..8]).into(),
            raw: content.into(),
            brotli: None,
            gzip: None,
        }
    }

    fn answer(self, path: &str, caching: &'static str, asked: &HeaderMap) -> Response {
        let coding = Coding::best(asked, self.brotli.is_some(), self.gzip.is_some());
        // Each coding is a representation of its own and needs its own tag (RFC 9110 §8.8.3).
        let tag = format!("\"{}{}\"", self.hash, coding.suffix());
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if is_known(asked, &tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, content_type(path));
        if let Some(name) = coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        let body = match coding {
            Coding::Brotli => self.brotli.map_or(self.raw, Cow::from),
            Coding::Gzip => self.gzip.map_or(self.raw, Cow::from),
            Coding::Identity => self.raw,
        };
        (headers, body).into_response()
    }
}

/// `GET /pkg/{hash}/…`. Another hash is another build's page: its files are gone, and this build's
/// would not fit it.
async fn package(
    State(assets): State<Assets>,
    Path((hash, path)): Path<(String, String)>,
    asked: HeaderMap,
) -> Response {
    if hash != assets.package_hash() {
        return missing();
    }
    let caching = match assets {
        Assets::Embedded => FOREVER,
        Assets::Disk(_) => ASK_AGAIN,
    };
    let path = format!("pkg/{path}");
    match assets.find(&path).await {
        Some(found) => found.answer(&path, caching, &asked),
        None => missing(),
    }
}

async fn plain(State(assets): State<Assets>, uri: Uri, asked: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    match assets.find(path).await {
        Some(found) => found.answer(path, ASK_AGAIN, &asked),
        None => missing(),
    }
}

fn missing() -> Response {
    const HEADERS: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, HEADERS).into_response()
}

/// A path that stays inside its folder: no empty or hidden part, no way up, no other separator.
fn is_plain(path: &str) -> bool {
    !path.contains(['\\', '\0', ':'])
        && path
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
}

fn content_type(path: &str) -> HeaderValue {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text = kind.type_() == mime_guess::mime::TEXT;
    let name = if text {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    };
    HeaderValue::from_str(&name)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// Whether the browser says that it has this very representation (RFC 9110 §13.1.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Coding {
    /// The smallest form that is there and that the browser takes (RFC 9110 §12.5.3).
    fn best(asked: &HeaderMap, brotli: bool, gzip: bool) -> Self {
        if brotli && accepts(asked, "br") {
            Self::Brotli
        } else if gzip && accepts(asked, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// Whether `Accept-Encoding` names this coding (or `*`) with a weight that is not zero.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let mut by_star = false;
    for element in asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        let weight = parameters.trim().strip_prefix("q=");
        let wanted =
            weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|q| q > 0.0));
        let name = name.trim();
        if name.eq_ignore_ascii_case(coding) {
            return wanted;
        }
        by_star |= name == "*" && wanted;
    }
    by_star
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;

    fn asking(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn sends_the_smallest_form_the_browser_takes() {
        struct Case(&'static str, Coding);
        for Case(accept, expect) in [
            Case("gzip, deflate, br, zstd", Coding::Brotli),
            Case("gzip;q=1.0, br;q=0.5", Coding::Brotli),
            Case("br;q=0, gzip", Coding::Gzip),
            Case("GZIP", Coding::Gzip),
            Case("*", Coding::Brotli),
            Case("br;q=0, *", Coding::Gzip),
            Case("*;q=0", Coding::Identity),
            Case("br;q=nonsense", Coding::Identity),
            Case("", Coding::Identity),
        ] {
            let asked = asking(header::ACCEPT_ENCODING, accept);
            assert_eq!(Coding::best(&asked, true, true), expect, "{accept}");
        }
        assert_eq!(
            Coding::best(&asking(header::ACCEPT_ENCODING, "br, gzip"), false, false),
            Coding::Identity,
            "a form that is not there is not sent"
        );
    }

    #[test]
    fn each_form_has_its_own_tag_and_is_not_sent_twice() {
        let found = || Found {
            hash: "abc".into(),
            raw: b"long text"[..].into(),
            brotli: Some(b"short"),
            gzip: None,
        };
        let asked = asking(header::ACCEPT_ENCODING, "br");
        let sent = found().answer("pkg/patchbay.css", FOREVER, &asked);
        assert_eq!(sent.status(), StatusCode::OK);
        assert_eq!(sent.headers()[header::ETAG], "\"abc-br\"");
        assert_eq!(sent.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(
            sent.headers()[header::CONTENT_TYPE],
            "text/css; charset=utf-8"
        );
        assert_eq!(sent.headers()[header::CACHE_CONTROL], FOREVER);

        for (known, status) in [
            ("\"abc\"", StatusCode::NOT_MODIFIED),
            ("\"x\", W/\"abc\"", StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            ("\"abc-br\"", StatusCode::OK),
        ] {
            let asked = asking(header::IF_NONE_MATCH, known);
            assert_eq!(
                found().answer("a.css", ASK_AGAIN, &asked).status(),
                status,
                "{known}"
            );
        }
    }

    #[test]
    fn a_path_never_leaves_its_folder() {
        for path in ["pkg/patchbay.js", "fonts/a.woff2", "favicon.svg"] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "",
            "..",
            "pkg/../../secret",
            "/etc/passwd",
            "pkg//x",
            ".module",
            "a\\b",
            "c:x",
            "a\0",
        ] {
            assert!(!is_plain(path), "{path:?}");
        }
    }

    #[test]
    fn types_are_those_browsers_insist_on() {
        assert_eq!(content_type("pkg/patchbay.wasm"), "application/wasm");
        assert_eq!(
            content_type("pkg/patchbay.js"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(content_type("favicon.svg"), "image/svg+xml");
        assert_eq!(content_type("robots.txt"), "text/plain; charset=utf-8");
        assert_eq!(content_type("odd"), "application/octet-stream");
    }

    #[tokio::test]
    async fn serves_a_folder_without_its_hidden_files() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        std::fs::create_dir(dir.path().join("pkg"))?;
        std::fs::write(dir.path().join("pkg/patchbay.js"), "export {}")?;
        std::fs::write(dir.path().join(".module"), "stamp")?;
        let assets = Assets::new(Some(dir.path()));
        assert_eq!(assets.package_dir(), "pkg/live");
        let router: Router = assets.router();
        for (address, expect) in [
            ("/pkg/live/patchbay.js", StatusCode::OK),
            ("/pkg/live/patchbay.wasm", StatusCode::NOT_FOUND),
            ("/pkg/other/patchbay.js", StatusCode::NOT_FOUND),
            ("/pkg/live/../.module", StatusCode::NOT_FOUND),
            ("/pkg/live/%2e%2e/.module", StatusCode::NOT_FOUND),
            ("/favicon.svg", StatusCode::NOT_FOUND),
        ] {
            let answer = router
                .clone()
                .oneshot(Request::get(address).body(Body::empty())?)
                .await?;
            assert_eq!(answer.status(), expect, "{address}");
        }
        Ok(())
    }
}
