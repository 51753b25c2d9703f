//! The console's server functions as scripts call them: fixed addresses, all of them in the
//! README, none of them open.

use std::net::SocketAddr;
use std::time::Duration;

use app::domain::account::KeyDraft;
use app::domain::draft::{Entry, EntryList};
use app::ports::Caller;
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, StatusCode};
use server::clock::Clock;
use server::config::Config;
use server::lifecycle::Lifecycle;
use server::serve::{Running, open_store, start};
use server::telemetry::Metrics;
use tempfile::TempDir;

/// Those that answer whoever asks: they are the doors.
const DOORS: [&str; 4] = [
    "/fn/sign_in",
    "/fn/set_up",
    "/fn/get_set_up",
    "/fn/choose_password",
];
/// Those about one's own session, which a key does not have.
const OWN: [&str; 1] = ["/fn/sign_out"];
/// What every function needs, so that none fails before it has asked who asks.
const EVERYTHING: &str = "id=0197c1d2-0000-7000-8000-000000000001&number=%2B14155550100&address=192.0.2.1&draft%5Bto%5D=1&old_password=x&new_password=y";

struct Site {
    running: Running,
    config: Config,
    _folder: TempDir,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::built_in().unwrap();
        config.data.dir = folder.path().to_path_buf();
        config.http.addr = SocketAddr::from(([127, 0, 0, 1], 0));
        config.sip.addr = SocketAddr::from(([127, 0, 0, 1], 0));
        let db = open_store(&config).await.unwrap();
        let running = start(
            &config,
            db,
            Clock::system(),
            Metrics::install().unwrap(),
            Lifecycle::new(),
        )
        .await
        .unwrap();
        Self {
            running,
            config,
            _folder: folder,
        }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.http)
    }

    async fn key(&self, scopes: &[&str]) -> String {
        let draft = KeyDraft {
            name: Entry::text("script"),
            scopes: EntryList::of(scopes.iter().copied()),
        };
        let (_, key) = self
            .running
            .house
            .services
            .keys
            .create(&Caller::operator(), draft)
            .await
            .unwrap();
        key.expose().to_owned()
    }

    async fn call(&self, method: &Method, path: &str, key: Option<&str>) -> reqwest::Response {
        let client = reqwest::Client::new();
        let request = match *method {
            Method::GET => client.get(self.at(&format!("{path}?{EVERYTHING}"))),
            _ => client
                .post(self.at(path))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(EVERYTHING),
        };
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request
            .timeout(Duration::from_secs(10))
            .send()
            .await
            .unwrap()
    }
}

fn functions() -> Vec<(String, Method)> {
    let mut all: Vec<_> = server_fn_paths()
        .map(|(path, method)| (path.to_owned(), method))
        .collect();
    all.sort_by(|one, two| one.0.cmp(&two.0));
    assert!(all.len() > 25, "{all:?}");
    all
}

#[tokio::test]
async fn no_function_is_open() {
    let site = Site::open().await;
    let poor = site.key(&["calls:read"]).await;
    let reads_calls = [
        "/fn/get_call",
        "/fn/get_test_call",
        "/fn/get_waveform",
        "/fn/list_calls",
    ];
    for (path, method) in functions() {
        let unknown = site
            .call(&method, &path, Some("pb_live_nobody"))
            .await
            .status();
        assert_eq!(
            unknown,
            StatusCode::UNAUTHORIZED,
            "{path} with a key that is none"
        );
        if DOORS.contains(&path.as_str()) || OWN.contains(&path.as_str()) {
            continue;
        }
        let nobody = site.call(&method, &path, None).await.status();
        let expected = if method == Method::GET {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(nobody, expected, "{path} without a key");
        if !reads_calls.contains(&path.as_str()) {
            let refused = site.call(&method, &path, Some(&poor)).await;
            assert_eq!(
                refused.status(),
                StatusCode::FORBIDDEN,
                "{path} with calls:read alone"
            );
        }
    }
}

#[tokio::test]
async fn a_script_with_a_key_does_what_the_console_does() {
    let site = Site::open().await;
    let key = site.key(&["sip:write", "phone:write"]).await;
    let post = async |path: &str, body: &str| {
        let request = reqwest::Client::new().post(site.at(path)).bearer_auth(&key);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        (
            answer.status(),
            answer.json::<serde_json::Value>().await.unwrap_or_default(),
        )
    };
    let (status, trunk) = post("/fn/create_inbound_trunk", "").await;
    assert_eq!(
        (status, trunk["trunk"]["version"].as_i64()),
        (StatusCode::OK, Some(1))
    );
    let (status, error) = post(
        "/fn/create_agent",
        "draft%5Bname%5D=&draft%5Brecording_enabled%5D=off",
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
    assert_eq!(error["detail"][0][0], "name");
    let (status, error) = post(
        "/fn/create_agent",
        &format!("draft%5Bname%5D={}", "x".repeat(300_000)),
    )
    .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{error}");
    let (status, agent) = post(
        "/fn/create_agent",
        "draft%5Bname%5D=Front+desk&draft%5Brecording_enabled%5D=off",
    )
    .await;
    assert_eq!(
        (status, agent["agent"]["settings"]["name"].as_str()),
        (StatusCode::OK, Some("Front desk"))
    );
    let (status, _) = post("/fn/no_such_function", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_by_cookie_must_come_from_our_own_pages() {
    let site = Site::open().await;
    let token = site
        .running
        .house
        .sign_in
        .new_set_up_token()
        .await
        .unwrap()
        .unwrap();
    let client = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let origin = site.config.http.public_url.origin().to_owned();
    let set_up = |origin: &str| {
        let body =
            format!("setup_token={token}&email=ada%40example.com&password=correct+horse+battery");
        let request = client.post(site.at("/fn/set_up")).header("origin", origin);
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    assert_eq!(
        set_up("https://evil.example")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        set_up(&origin).send().await.unwrap().status(),
        StatusCode::OK
    );
    let used = set_up(&origin).send().await.unwrap().status();
    assert_eq!(used, StatusCode::CONFLICT, "the link works once");

    let create = |headers: &[(&'static str, &str)]| {
        let mut request = client.post(site.at("/fn/create_inbound_trunk"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .send()
    };
    for foreign in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(
            create(foreign).await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{foreign:?}"
        );
    }
    assert_eq!(
        create(&[("origin", &origin), ("sec-fetch-site", "same-origin")])
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[test]
fn the_readme_lists_every_function() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let missing: Vec<String> = functions()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| {
            !readme.contains(&format!("{path}`"))
                && !readme.contains(&format!("{path} "))
                && !readme.contains(&format!("{path}?"))
        })
        .collect();
    assert!(missing.is_empty(), "not in the README: {missing:?}");
}
