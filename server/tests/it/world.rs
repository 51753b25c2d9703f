//! The whole house without sockets: a temporary database, a clock that stands still, and the
//! routers as requests reach them. `on_both!` makes two tests of each scenario, one on each kind
//! of database.

use std::path::Path;
use std::sync::Arc;

use app::domain::account::{KeyDraft, Role, SignedIn};
use app::domain::draft::{Entry, EntryList};
use app::error::Scope;
use app::ports::{Caller, Services, Who};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use serde_json::{Value, json};
use server::clock::Clock;
use server::config::{Config, List};
use server::lifecycle::Lifecycle;
use server::service::addresses::Addresses;
use server::service::calls::DeskSettings;
use server::service::facts::Fixed;
use server::service::outward::Outward;
use server::service::{House, HouseSettings};
use server::store::Db;
use server::web::requests::{self, Gate};
use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::databases::{Postgres, Sqlite, key};
use crate::samples::NOW;

/// Two tests of each scenario, an `async fn(&World)` beside it: one on each kind of database.
macro_rules! on_both {
    ($($scenario:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(&$crate::world::World::new().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $scenario() {
                if let Some(world) = $crate::world::World::on_postgres().await {
                    super::$scenario(&world).await;
                    world.end().await;
                }
            })*
        }
    };
}
pub(crate) use on_both;

/// One installation.
pub(crate) struct World {
    pub(crate) house: House,
    pub(crate) clock: Clock,
    pub(crate) life: Lifecycle,
    /// The database, unless that is PostgreSQL; its folder is the data folder in any case.
    pub(crate) sqlite: Sqlite,
    postgres: Option<Postgres>,
    pub(crate) db: Db,
    router: Router,
    writer: JoinHandle<()>,
}

/// Who asks the API: a key, or nobody.
pub(crate) struct Script<'a> {
    world: &'a World,
    token: Option<String>,
    person: Option<Caller>,
    headers: Vec<(&'static str, String)>,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(600).await
    }

    /// With so many API requests a minute.
    pub(crate) async fn with(per_minute: u32) -> Self {
        Self::build(per_minute, None, |settings| settings).await
    }

    /// On PostgreSQL, where there is one.
    pub(crate) async fn on_postgres() -> Option<Self> {
        let postgres = Postgres::fresh().await?;
        Some(Self::build(600, Some(postgres), |settings| settings).await)
    }

    /// With other settings.
    pub(crate) async fn made(otherwise: impl FnOnce(HouseSettings) -> HouseSettings) -> Self {
        Self::build(600, None, otherwise).await
    }

    async fn build(
        per_minute: u32,
        postgres: Option<Postgres>,
        otherwise: impl FnOnce(HouseSettings) -> HouseSettings,
    ) -> Self {
        let sqlite = Sqlite::fresh();
        let url = postgres.as_ref().map_or(&sqlite.url, |there| &there.url);
        let db = Db::open(url, key()).await.unwrap();
        let clock = Clock::fixed(NOW);
        let life = Lifecycle::new();
        let settings = otherwise(settings(sqlite.folder.path()));
        let addresses = settings.addresses.clone();
        let (house, writer) = House::open(db.clone(), clock.clone(), settings)
            .await
            .unwrap();
        let writer = tokio::spawn(writer);
        let api = server::api::router(server::api::Parts {
            services: house.services.clone(),
            replays: house.replays.clone(),
            addresses,
            sources: vec!["203.0.113.7".to_owned()],
            limits: Arc::new(server::api::Limits::per_minute(per_minute)),
            body_limit: 256 * 1024,
            life: life.clone(),
        });
        let gate = Arc::new(Gate {
            clock: clock.clone(),
            https: false,
            proxies: List(Vec::new()),
        });
        let router = api.layer(from_fn_with_state(gate, requests::receive));
        Self {
            house,
            clock,
            life,
            sqlite,
            postgres,
            db,
            router,
            writer,
        }
    }

    pub(crate) fn services(&self) -> &Services {
        &self.house.services
    }

    /// A script with a key that may do everything.
    pub(crate) async fn api(&self) -> Script<'_> {
        self.script(&[Scope::Full]).await
    }

    /// A script with a key of these scopes.
    pub(crate) async fn script(&self, scopes: &[Scope]) -> Script<'_> {
        // A key must have some scope; one without any is what is left of scopes nobody knows.
        let asked = if scopes.is_empty() {
            &[Scope::SipRead][..]
        } else {
            scopes
        };
        let draft = KeyDraft {
            name: Entry::text("script"),
            scopes: EntryList::of(asked.iter().map(|scope| scope.as_str())),
        };
        let (key, secret) = self
            .services()
            .keys
            .create(&Caller::operator(), draft)
            .await
            .unwrap();
        if scopes.is_empty() {
            self.take_scopes(key.id.as_uuid()).await;
        }
        Script {
            world: self,
            token: Some(secret.expose().to_owned()),
            person: None,
            headers: Vec::new(),
        }
    }

    async fn take_scopes(&self, key: uuid::Uuid) {
        const SQL: &str = "delete from api_key_scopes where key_id = $1";
        if let Some(postgres) = &self.postgres {
            let delete = sqlx::query(SQL).bind(key);
            delete.execute(&mut postgres.connect().await).await.unwrap();
        } else {
            let mut conn = SqliteConnection::connect(&self.sqlite.url).await.unwrap();
            let delete = sqlx::query(SQL).bind(key);
            delete.execute(&mut conn).await.unwrap();
        }
    }

    /// Leaves nothing behind in a cluster that others use too.
    pub(crate) async fn end(self) {
        self.db.close().await;
        if let Some(postgres) = &self.postgres {
            postgres.drop_database().await;
        }
    }

    /// Somebody signed in to the console, as its session layer leaves them in the request.
    pub(crate) fn person(&self, role: Role) -> Script<'_> {
        let signed_in = SignedIn {
            id: self.clock.new_id(),
            email: "ada@example.com".to_owned(),
            role,
            zone: None,
            language: None,
            theme: None,
        };
        let caller = Caller {
            who: Who::User(signed_in),
            scopes: role.scopes(),
            address: None,
        };
        Script {
            person: Some(caller),
            ..self.stranger()
        }
    }

    /// A script without a key.
    pub(crate) fn stranger(&self) -> Script<'_> {
        Script {
            world: self,
            token: None,
            person: None,
            headers: Vec::new(),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

impl Script<'_> {
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same script, with one more header from now on.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name, value.to_owned()));
        Self {
            world: self.world,
            token: self.token.clone(),
            person: self.person.clone(),
            headers,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.send("PUT", path, None).await
    }

    /// The id of a new agent that answers this number of the trunk.
    pub(crate) async fn agent_with(&self, name: &str, number: &str) -> String {
        let made = self.post("/api/phone", json!({ "name": name })).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        let assigned = format!("/api/phone/sip/agents/{id}/phone-numbers/{number}");
        self.put(&assigned).await.ok();
        id
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body.to_string())).await
    }

    /// Any request; a body is said to be JSON.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let bytes = body.map(String::into_bytes);
        self.send_bytes(method, path, bytes).await
    }

    /// The same, whether or not the body is text.
    pub(crate) async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Answer {
        let response = self.ask(method, path, body).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            text,
        }
    }

    /// The answer with its body still to be read, for streams.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let typed = self.headers.iter().any(|(name, _)| *name == "content-type");
        if body.is_some() && !typed {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(person) = &self.person {
            request = request.extension(person.clone());
        }
        let request = request
            .body(body.map_or(Body::empty(), Body::from))
            .unwrap();
        self.world.router.clone().oneshot(request).await.unwrap()
    }
}

impl Answer {
    /// The body, if all went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.body
    }

    /// The refusal's code, if it has this status.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.body["statusCode"], status, "{}", self.text);
        assert!(
            self.body["request_id"]
                .as_str()
                .is_some_and(|id| id.len() == 36),
            "{}",
            self.text
        );
        self.body["code"].as_str().unwrap()
    }

    /// `field code` of every refused field, if fields were refused.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<String> {
        assert_eq!(self.refused(422), "invalid");
        let errors = self.body["errors"].as_array().unwrap();
        let shown = |error: &Value| {
            format!(
                "{} {}",
                error["field"].as_str().unwrap(),
                error["code"].as_str().unwrap()
            )
        };
        errors.iter().map(shown).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// An installation that keeps its files in `folder`.
pub(crate) fn settings(folder: &Path) -> HouseSettings {
    HouseSettings {
        desk: DeskSettings {
            max_calls: 10,
            recordings: folder.join("recordings"),
            spool: folder.join("calls.spool"),
            instance: "here".to_owned(),
        },
        addresses: Addresses {
            host: "sip.example.com".to_owned(),
            port: 5060,
            tls_port: Some(5063),
            us: None,
            eu: Some("eu.sip.example.com".to_owned()),
            apac: None,
        },
        agent_id_header: "X-Agent-ID".parse().unwrap(),
        fixed: Fixed {
            public_url: "http://127.0.0.1:3000".to_owned(),
            external_host: "sip.example.com".to_owned(),
            rtp_first: 20_000,
            rtp_last: 20_999,
            host_setting: Some("sip.external_host"),
            data_dir: folder.to_owned(),
            recordings: folder.join("recordings"),
            low_disk: 0,
            keeps: app::domain::system::Keeps::default(),
            voices: [voice()].into(),
        },
        sign_in: Config::built_in().unwrap().sign_in,
        private_webhooks: false,
        engines: Outward {
            allow_private: false,
            setting: "engines.allow_private",
        },
    }
}

fn voice() -> app::domain::agent::Voice {
    app::domain::agent::Voice {
        id: "gmw/en".to_owned(),
        name: "English".to_owned(),
        language: "en-gb".to_owned(),
        engine: "builtin".to_owned(),
    }
}
