//! The console's server functions as scripts call them: fixed addresses, all of them in the
//! README, none of them open.

use std::net::SocketAddr;
use std::time::Duration;

use app::domain::account::{KeyDraft, Role};
use app::domain::draft::{Entry, EntryList};
use app::ports::Caller;
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, RequestBuilder, StatusCode};
use server::clock::Clock;
use server::config::Config;
use server::lifecycle::Lifecycle;
use server::serve::{Running, open_store, start};
use server::telemetry::Metrics;
use tempfile::TempDir;
use tokio::process::Command;

/// Those that answer whoever asks: they are the doors.
const DOORS: [&str; 4] = [
    "/fn/sign_in",
    "/fn/set_up",
    "/fn/get_set_up",
    "/fn/choose_password",
];
/// Those about one's own session, which a key does not have.
const OWN: [&str; 1] = ["/fn/sign_out"];
/// In [`EVERYTHING`].
const NO_ID: &str = "0197c1d2-0000-7000-8000-000000000001";
/// What every function needs, so that none fails before it has asked who asks.
const EVERYTHING: &str = "id=0197c1d2-0000-7000-8000-000000000001&number=%2B14155550100&address=192.0.2.1&draft%5Bto%5D=1&old_password=x&new_password=y";

struct Site {
    running: Running,
    config: Config,
    _folder: TempDir,
}

impl Site {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(otherwise: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::built_in().unwrap();
        config.data.dir = folder.path().to_path_buf();
        config.http.addr = SocketAddr::from(([127, 0, 0, 1], 0));
        config.sip.addr = SocketAddr::from(([127, 0, 0, 1], 0));
        otherwise(&mut config);
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

    /// The session cookie of an administrator.
    async fn cookie(&self) -> String {
        let (email, password) = ("ann@example.com", "correct horse battery");
        let sign_in = &self.running.house.sign_in;
        sign_in
            .add_user(&email.into(), &password.into(), Role::Admin)
            .await
            .unwrap();
        let request = reqwest::Client::new().post(self.at("/fn/sign_in"));
        let answer = request
            .header("origin", self.config.http.public_url.origin())
            .form(&[("email", email), ("password", password)])
            .send()
            .await
            .unwrap();
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    async fn call(&self, method: &Method, path: &str, key: Option<&str>) -> reqwest::Response {
        self.call_with(method, path, key, EVERYTHING.to_owned())
            .await
    }

    async fn call_with(
        &self,
        method: &Method,
        path: &str,
        key: Option<&str>,
        form: String,
    ) -> reqwest::Response {
        let client = reqwest::Client::new();
        let request = match *method {
            Method::GET => client.get(self.at(&format!("{path}?{form}"))),
            _ => client
                .post(self.at(path))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
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
    let reads_calls = site.key(&["calls:read"]).await;
    let reads_no_calls = site.key(&["sip:read", "phone:read"]).await;
    let of_calls = [
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
        let (poor, has) = if of_calls.contains(&path.as_str()) {
            (&reads_no_calls, "no calls:read")
        } else {
            (&reads_calls, "calls:read alone")
        };
        let refused = site.call(&method, &path, Some(poor)).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path} with {has}");
    }
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let site = Site::open().await;
    let reader = site.key(&["sip:read", "phone:read", "calls:read"]).await;
    let full = site.key(&["full"]).await;
    let made = site
        .call(&Method::POST, "/fn/create_inbound_trunk", Some(&full))
        .await;
    assert_eq!(made.status(), StatusCode::OK);
    // Of something that is there: a reader may be told that it is not.
    let accesses = &site.running.house.services.accesses;
    let before = accesses.list(&Caller::operator()).await.unwrap();
    let form = EVERYTHING.replace(NO_ID, &before[0].id.to_string());
    for (path, method) in functions() {
        if method == Method::GET || DOORS.contains(&path.as_str()) || OWN.contains(&path.as_str()) {
            continue;
        }
        let refused = site.call_with(&method, &path, Some(&reader), form.clone());
        assert_eq!(refused.await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(accesses.list(&Caller::operator()).await.unwrap(), before);
}

#[tokio::test]
async fn a_keys_calls_are_counted_with_its_requests_to_the_api() {
    let site = Site::with(|config| config.limits.api_per_minute = 3).await;
    let (busy, idle) = (site.key(&["full"]).await, site.key(&["full"]).await);
    let send = async |request: RequestBuilder| request.send().await.unwrap();
    let get = |path: &str| reqwest::Client::new().get(site.at(path));
    for left in ["2", "1"] {
        let answer = send(get("/fn/get_facts").bearer_auth(&busy)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["ratelimit-remaining"], left);
    }
    let answer = send(get("/api/phone").bearer_auth(&busy)).await;
    assert_eq!(answer.headers()["ratelimit-remaining"], "0");
    for (method, path) in [
        (Method::GET, "/fn/get_facts"),
        (Method::POST, "/fn/create_inbound_trunk"),
    ] {
        let refused = site.call(&method, path, Some(&busy)).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        let wait = refused.headers()["retry-after"].to_str().unwrap();
        let wait: u32 = wait.parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        let error: serde_json::Value = refused.json().await.unwrap();
        assert_eq!(
            (&error["statusCode"], &error["code"]),
            (&429.into(), &"too_many".into())
        );
        assert!(error["request_id"].is_string(), "{error}");
    }
    let refused = send(get("/api/phone").bearer_auth(&busy)).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = send(get("/fn/get_facts").bearer_auth(&idle)).await;
    assert_eq!(other.status(), StatusCode::OK, "each key has its own");

    let cookie = site.cookie().await;
    for _ in 0..5 {
        let answer = send(get("/fn/get_facts").header("cookie", &cookie)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(!answer.headers().contains_key("ratelimit-limit"));
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
    assert_eq!(error["errors"][0]["field"], "name", "{error}");
    let (status, error) = post("/fn/create_agent", "draft%5Bname%5D=Front+desk").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
    assert_eq!(error["errors"][0]["field"], "recording_enabled", "{error}");
    let (status, error) = post(
        "/fn/create_agent",
        &format!("draft%5Bname%5D={}", "x".repeat(300_000)),
    )
    .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{error}");
    assert_eq!(error["code"], "too_large");
    let (status, agent) = post(
        "/fn/create_agent",
        "draft%5Bname%5D=Front+desk&draft%5Brecording_enabled%5D=off",
    )
    .await;
    assert_eq!(
        (status, agent["agent"]["settings"]["name"].as_str()),
        (StatusCode::OK, Some("Front desk"))
    );
    let (status, error) = post("/fn/no_such_function", "").await;
    assert_eq!(
        (status, &error["code"]),
        (StatusCode::NOT_FOUND, &"not_found".into())
    );
    let (status, error) = post("/fn/get_facts", "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{error}");
    assert_eq!(error["code"], "method_not_allowed");
}

#[tokio::test]
async fn a_key_that_asks_for_a_page_is_refused_on_a_page() {
    let site = Site::open().await;
    let key = site.key(&["full"]).await;
    let request = reqwest::Client::new()
        .post(site.at("/fn/delete_agent"))
        .bearer_auth(&key)
        .header("accept", "text/html")
        .form(&[("id", NO_ID)]);
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    let kind = refused.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/html"), "{kind}");
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

/// The README's `curl` lines by the function they call.
fn lines() -> Vec<(String, String)> {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let function = |line: &str| {
        let (_, after) = line.strip_prefix("curl ")?.split_once("$PATCHBAY/fn/")?;
        Some(format!("/fn/{}", after.split_whitespace().next()?))
    };
    let lines = readme.lines();
    lines
        .filter_map(|line| Some((function(line)?, line.to_owned())))
        .collect()
}

/// As `curl` chooses it: POST if there is something to send, unless it is told otherwise.
fn method_of(line: &str) -> Method {
    let (command, _) = line.split_once("   # ").unwrap();
    let has = |option: &str| command.split(' ').any(|word| word == option);
    let sends = has("-X") || has("-d") || has("--data-urlencode");
    if sends && !has("-G") {
        Method::POST
    } else {
        Method::GET
    }
}

#[test]
fn the_readme_has_one_line_for_each_function() {
    let told: Vec<_> = lines()
        .into_iter()
        .map(|(path, line)| (path, method_of(&line)))
        .collect();
    let there = functions();
    let lines_of =
        |function: &(String, Method)| told.iter().filter(|line| *line == function).count();
    let without: Vec<_> = there.iter().filter(|one| lines_of(one) != 1).collect();
    assert!(without.is_empty(), "not once in the README: {without:?}");
    let of_none: Vec<_> = told.iter().filter(|line| !there.contains(line)).collect();
    assert!(of_none.is_empty(), "no such function: {of_none:?}");
}

impl Site {
    /// Runs a line of the README as it stands there, and answers what came back as JSON.
    async fn runs(&self, function: &str, auth: &str, more: &str) -> serde_json::Value {
        let (_, line) = lines()
            .into_iter()
            .find(|(path, _)| path == function)
            .unwrap();
        let (command, _) = line.split_once("   # ").unwrap();
        let done = Command::new("sh")
            .args(["-c", &format!("{command} --silent --fail-with-body {more}")])
            .env("PATCHBAY", self.at(""))
            .env("AUTH", auth)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{command}: {said}");
        serde_json::from_str(&said).unwrap()
    }
}

#[tokio::test]
async fn the_readmes_lines_do_what_they_say() {
    let site = Site::open().await;
    let key = format!("Authorization: Bearer {}", site.key(&["full"]).await);
    let made = site.runs("/fn/create_inbound_trunk", &key, "").await;
    assert_eq!(made["trunk"]["version"], 1);
    let added = site.runs("/fn/add_numbers", &key, "").await;
    assert!(added.to_string().contains("+14155550100"), "{added}");
    let made = site.runs("/fn/create_agent", &key, "").await;
    assert_eq!(made["agent"]["settings"]["name"], "Front desk");
    let found = site.runs("/fn/list_agents", &key, "").await;
    assert!(found.to_string().contains("Front desk"), "{found}");

    let cookie = format!("Cookie: {}", site.cookie().await);
    let found = site.runs("/fn/list_trunk_numbers", &cookie, "").await;
    assert!(found.to_string().contains("+14155550100"), "{found}");
    let ours = format!("-H 'Origin: {}'", site.config.http.public_url.origin());
    let made = site.runs("/fn/create_access", &cookie, &ours).await;
    assert!(made.to_string().contains("Office"), "{made}");
}
