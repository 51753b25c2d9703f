//! Signing in as a browser does it: over HTTP, with cookies, at the real binary. Only what
//! needs a moved clock runs inside the test.

mod headers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use reqwest::{Client, Response};
use serde_json::Value;
use server::clock::Clock;
use server::config::Config;
use server::lifecycle::Lifecycle;
use server::service::House;
use server::store::Db;
use server::store::sessions::Sessions;
use server::telemetry::Metrics;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tower::ServiceExt as _;

use crate::binary::Installation;
use crate::browser::Browser;
use crate::databases::{Sqlite, key};
use crate::samples::NOW;

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "another long password";

/// The value of the session cookie that an answer sets.
fn cookie(answer: &Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn with_ann() -> Installation {
    let house = Installation::serve().await;
    let added = house.run(&["user", "add", EMAIL, "--role", "admin"], PASSWORD);
    assert!(added.status.success(), "{}", added.stderr());
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_makes_one_administrator_and_works_once() {
    let mut house = Installation::serve().await;
    let first = house.set_up_token().await;
    let link = house.run(&["setup-link"], "");
    let second = link.stdout();
    let second = second
        .split("token=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let browser = Browser::at(&house);
    let set_up = async |token: &str| {
        let form = [
            ("setup_token", token),
            ("email", EMAIL),
            ("password", PASSWORD),
        ];
        browser.submit("set_up", &form).await
    };
    assert_eq!(
        set_up(&first).await.status(),
        404,
        "a newer link replaces the older one"
    );
    assert_eq!(set_up("").await.status(), 404);
    assert!(!browser.is_signed_in().await);
    let done = set_up(second).await;
    assert_eq!(done.status(), 200, "{}", done.text().await.unwrap());
    assert!(browser.is_signed_in().await);

    assert_eq!(set_up(second).await.status(), 409);
    house
        .run(&["setup-link"], "")
        .refused_naming(&["set-up is finished"]);
    house.end().await;
    house.start_again().await;
    let log = std::fs::read_to_string(house.folder().join("out")).unwrap();
    assert_eq!(
        log.matches("token=").count(),
        1,
        "no link is printed once there is a user"
    );
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_a_crash_and_its_cookie_is_guarded() {
    let mut house = with_ann().await;
    let browser = Browser::at(&house);
    let answer = browser.sign_in(EMAIL, PASSWORD).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{part} is missing from {set}");
    }
    assert!(!set.contains("Secure"), "public_url is plain http here");
    assert!(browser.is_signed_in().await);

    house.kill_nine();
    house.start_again().await;
    assert!(browser.is_signed_in().await);
    house.end().await;

    let mut https =
        Installation::serve_with(&[("PATCHBAY_HTTP__PUBLIC_URL", "https://phone.example.com")])
            .await;
    https.run(&["user", "add", EMAIL], PASSWORD);
    let browser = Browser::at(&https);
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let answer = browser
        .submit_from(Some("https://phone.example.com"), "sign_in", &form)
        .await;
    assert!(
        answer.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Secure")
    );
    assert!(answer.headers().contains_key("strict-transport-security"));
    https.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_has_a_new_id_and_signing_out_ends_it() {
    let mut house = with_ann().await;
    let browser = Browser::at(&house);
    let first = cookie(&browser.sign_in(EMAIL, PASSWORD).await);
    let second = cookie(&browser.sign_in(EMAIL, PASSWORD).await);
    assert_ne!(first, second);
    let planted = Client::new();
    let url = format!("{}/fn/get_facts", house.origin());
    let with = async |cookie: &str| {
        planted
            .get(&url)
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        with(&first).await,
        401,
        "the id before the sign-in is worth nothing"
    );
    assert_eq!(with(&second).await, 200);
    assert!(browser.submit("sign_out", &[]).await.status().is_success());
    assert_eq!(with(&second).await, 401);
    assert_eq!(with("patchbay=nonsense").await, 401);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_cannot_act_with_our_cookie() {
    let mut house = with_ann().await;
    let browser = Browser::at(&house);
    browser.sign_in(EMAIL, PASSWORD).await;
    for foreign in [
        Some("https://evil.example"),
        Some("null"),
        Some("http://127.0.0.1:1"),
        None,
    ] {
        let answer = browser
            .submit_from(foreign, "sign_out_everywhere", &[])
            .await;
        assert_eq!(answer.status(), 403, "{foreign:?}");
    }
    // A sign-in for somebody else is such an act too.
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let answer = Browser::at(&house)
        .submit_from(Some("https://evil.example"), "sign_in", &form)
        .await;
    assert_eq!(answer.status(), 403);
    let url = format!("{}/fn/sign_out", browser.origin);
    let answer = browser
        .client
        .post(url)
        .header("sec-fetch-site", "cross-site")
        .header("origin", &browser.origin);
    assert_eq!(answer.send().await.unwrap().status(), 403);
    assert!(browser.is_signed_in().await);

    // A key needs no Origin; and a wrong key is not saved by the cookie.
    let key = house.key(&["--scope", "sip:read"]);
    let facts = |token: String| {
        browser
            .client
            .get(format!("{}/fn/get_facts", browser.origin))
            .bearer_auth(token)
    };
    assert_eq!(facts(key).send().await.unwrap().status(), 200);
    assert_eq!(
        facts("pb_live_wrong".into()).send().await.unwrap().status(),
        401
    );
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions() {
    let mut house = with_ann().await;
    let (here, there) = (Browser::at(&house), Browser::at(&house));
    here.sign_in(EMAIL, PASSWORD).await;
    there.sign_in(EMAIL, PASSWORD).await;
    let wrong = here
        .submit(
            "change_password",
            &[("old_password", OTHER), ("new_password", OTHER)],
        )
        .await;
    assert_eq!(wrong.status(), 422);
    let done = here
        .submit(
            "change_password",
            &[("old_password", PASSWORD), ("new_password", OTHER)],
        )
        .await;
    assert!(done.status().is_success(), "{}", done.status());
    assert!(here.is_signed_in().await);
    assert!(!there.is_signed_in().await);

    assert!(there.sign_in(EMAIL, OTHER).await.status().is_success());
    assert!(
        here.submit("sign_out_everywhere", &[])
            .await
            .status()
            .is_success()
    );
    assert!(!here.is_signed_in().await);
    assert!(!there.is_signed_in().await);

    here.sign_in(EMAIL, OTHER).await;
    let key = house.key(&["--full-access"]);
    let audit = house.get(&key, "/api/audit").await.to_string();
    for change in ["create_user", "change_password", "sign_out_everywhere"] {
        assert!(
            audit.contains(change),
            "{change} is not in the audit: {audit}"
        );
    }
    assert!(
        !audit.contains("argon2") && !audit.contains(OTHER),
        "{audit}"
    );
    let replaced = house.run(&["user", "password", EMAIL], PASSWORD);
    assert!(replaced.status.success(), "{}", replaced.stderr());
    assert!(!here.is_signed_in().await);
    house.end().await;
}

/// How often each of them tries: enough for a median that no hiccup moves.
const TRIES: usize = 11;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Somebody who was invited and has not chosen a password yet is as unknown as somebody who is not there.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_people_get_the_same_answer_after_the_same_time() {
    const INVITED: &str = "bo@example.com";
    let patient = [("PATCHBAY_SIGN_IN__FREE_TRIES", "1000")];
    let mut house = Installation::serve_with(&patient).await;
    house.run(&["user", "add", EMAIL, "--role", "admin"], PASSWORD);
    let browser = Browser::at(&house);
    browser.sign_in(EMAIL, PASSWORD).await;
    let draft = [("draft[email]", INVITED), ("draft[role]", "viewer")];
    assert_eq!(browser.submit("create_user", &draft).await.status(), 200);

    let people = [EMAIL, INVITED, "nobody@example.com"];
    let mut answers = Vec::new();
    let mut times = people.map(|_| Vec::new());
    // By turns, so that whatever else the machine is at befalls all of them.
    for _ in 0..TRIES {
        for (email, times) in people.iter().zip(&mut times) {
            let began = Instant::now();
            let answer = browser.sign_in(email, "a wrong password").await;
            times.push(began.elapsed());
            let status = answer.status();
            let mut body: Value = answer.json().await.unwrap();
            body.as_object_mut().unwrap().remove("request_id");
            answers.push((status, body));
        }
    }
    let (first, rest) = answers.split_first().unwrap();
    assert_eq!(first.0, 422);
    assert!(rest.iter().all(|answer| answer == first), "{answers:?}");
    // The hash is most of it by far: without it the answer is there in a fifth of the time.
    let [known, others @ ..] = times.map(median);
    for other in others {
        let ratio = other.as_secs_f64() / known.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{known:?} {others:?}");
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_make_the_next_try_wait() {
    let limits = [
        ("PATCHBAY_SIGN_IN__FREE_TRIES", "3"),
        ("PATCHBAY_SIGN_IN__MAX_WAIT_S", "1"),
    ];
    let mut house = Installation::serve_with(&limits).await;
    house.run(&["user", "add", EMAIL], PASSWORD);
    let browser = Browser::at(&house);
    for _ in 0..3 {
        assert_eq!(browser.sign_in(EMAIL, "wrong").await.status(), 422);
    }
    let refused = browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(refused.status(), 429, "not even the right one");
    assert_eq!(refused.headers()["retry-after"], "1");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(browser.sign_in(EMAIL, PASSWORD).await.status().is_success());
    house.end().await;
}

/// The console's router on a clock that the test moves.
pub(crate) struct Inside {
    pub(crate) router: Router,
    pub(crate) db: Db,
    clock: Clock,
    sqlite: Sqlite,
}

impl Inside {
    pub(crate) async fn new() -> Self {
        Self::with(async |_| {}).await
    }

    /// With what is there before it starts.
    pub(crate) async fn with(fill: impl AsyncFnOnce(Db)) -> Self {
        let sqlite = Sqlite::fresh();
        let db = Db::open(&sqlite.url, key()).await.unwrap();
        fill(db.clone()).await;
        let clock = Clock::fixed(NOW);
        let mut config = Config::built_in().unwrap();
        config.data.dir = sqlite.folder.path().to_owned();
        let settings = server::serve::settings(&config);
        let (house, writer) = House::open(db.clone(), clock.clone(), settings)
            .await
            .unwrap();
        tokio::spawn(writer);
        let (email, password) = (EMAIL.into(), PASSWORD.into());
        let role = app::domain::account::Role::Admin;
        house
            .sign_in
            .add_user(&email, &password, role)
            .await
            .unwrap();
        let sessions = Sessions::open(&db).await.unwrap();
        let router = server::web::router(server::web::Parts {
            config,
            house,
            sessions,
            db: db.clone(),
            edge_is_well: Arc::new(|| true),
            clock: clock.clone(),
            metrics: Metrics::install().unwrap(),
            life: Lifecycle::new(),
        });
        Self {
            router,
            db,
            clock,
            sqlite,
        }
    }

    pub(crate) async fn sign_in(&self) -> String {
        let request = Request::post("/fn/sign_in")
            .header(header::ORIGIN, "http://127.0.0.1:3000")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(
                "email=ann%40example.com&password=correct+horse+battery",
            ))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    async fn status(&self, cookie: &str) -> StatusCode {
        let request = Request::get("/fn/get_facts").header(header::COOKIE, cookie);
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }
}

#[tokio::test]
async fn a_session_ends_after_half_a_day_of_rest_and_after_a_week_in_any_case() {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    let inside = Inside::new().await;
    let cookie = inside.sign_in().await;
    inside.clock.advance(11 * HOUR);
    assert_eq!(inside.status(&cookie).await, 200);
    inside.clock.advance(11 * HOUR);
    assert_eq!(
        inside.status(&cookie).await,
        200,
        "each visit begins the twelve hours anew"
    );
    inside.clock.advance(13 * HOUR);
    assert_eq!(inside.status(&cookie).await, 401);

    let cookie = inside.sign_in().await;
    for _ in 0..16 {
        inside.clock.advance(10 * HOUR);
        assert_eq!(inside.status(&cookie).await, 200);
    }
    inside.clock.advance(9 * HOUR);
    assert_eq!(inside.status(&cookie).await, 401, "169 hours");
}

#[tokio::test]
async fn a_visit_that_cannot_be_noted_costs_nobody_the_page() {
    let inside = Inside::new().await;
    let cookie = inside.sign_in().await;
    let mut other = SqliteConnection::connect(&inside.sqlite.url).await.unwrap();
    // As a full disk does it; that itself is in `faults`, where no clock can be moved.
    let refuse = "create trigger refuse before insert on tower_sessions
                  begin select raise(fail, 'no room'); end";
    other.execute(refuse).await.unwrap();
    inside.clock.advance(Duration::from_secs(120));
    assert_eq!(inside.status(&cookie).await, 200);
}

#[tokio::test]
async fn looking_at_a_page_writes_nothing() {
    let inside = Inside::new().await;
    let cookie = inside.sign_in().await;
    let mut other = SqliteConnection::connect(&inside.sqlite.url).await.unwrap();
    // Of this connection: the number moves with every commit of another one.
    let mut commits = async || -> i64 {
        let asked = sqlx::query_scalar("pragma data_version");
        asked.fetch_one(&mut other).await.unwrap()
    };
    let before = commits().await;
    for path in ["/", "/inbox", "/channels/phone/agents", "/settings/sip"] {
        let request = Request::get(path).header(header::COOKIE, &cookie);
        let request = request.body(Body::empty()).unwrap();
        let answer = inside.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert_eq!(commits().await, before);
    inside.clock.advance(Duration::from_secs(120));
    assert_eq!(inside.status(&cookie).await, 200);
    assert_ne!(commits().await, before, "a visit is noted once a minute");
}
