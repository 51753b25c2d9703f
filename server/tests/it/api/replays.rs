//! Kept answers, on both databases, and what a server that is killed leaves of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::domain::draft::Entry;
use app::domain::transfer::DestinationDraft;
use app::error::{AppError, Conflict};
use app::ports::{Caller, Destinations as _, Who};
use serde_json::{Value, json};
use server::clock::Clock;
use server::service::core::Core;
use server::service::destinations::DestinationDesk;
use server::service::news::NewsDesk;
use server::service::replays::{Claim, Replays, Turn};
use server::service::routes::RouteBook;
use server::store::Db;
use sqlx::Executor as _;

use crate::binary::Installation;
use crate::databases::{Postgres, both};
use crate::samples::NOW;

fn core(db: Db, clock: Clock) -> Core {
    Core {
        db,
        clock,
        book: Arc::new(RouteBook::default()),
        news: NewsDesk::default(),
    }
}

fn script(clock: &Clock) -> Caller {
    let who = Who::Key {
        id: clock.new_id(),
        name: "script".to_owned(),
    };
    Caller {
        who,
        ..Caller::operator()
    }
}

fn conflict(conflict: Conflict) -> Result<Turn, AppError> {
    Err(AppError::Conflict(conflict))
}

/// Takes the key, which must be free.
async fn first(desk: &Replays, caller: &Caller, name: &str, request: &[u8]) -> Claim {
    match desk.claim(caller, name, request).await {
        Ok(Turn::First(claim)) => claim,
        other => panic!("{name} is not free: {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_for_its_own_request() {
    both(async |db| {
        let clock = Clock::fixed(NOW);
        let desk = Replays::new(core(db, clock.clone()));
        let (one, two) = (script(&clock), script(&clock));
        let claim = first(&desk, &one, "a", b"hash").await;
        let meanwhile = desk.claim(&one, "a", b"hash").await;
        assert_eq!(meanwhile, conflict(Conflict::StillAnswering));
        desk.keep(&claim, 200, b"answer").await.unwrap();
        let again = Turn::Again {
            status: 200,
            answer: b"answer".to_vec(),
        };
        assert_eq!(desk.claim(&one, "a", b"hash").await, Ok(again.clone()));
        let other = desk.claim(&one, "a", b"other").await;
        assert_eq!(other, conflict(Conflict::IdempotencyKey));
        let claim = first(&desk, &two, "a", b"other").await;
        desk.release(&claim).await.unwrap();
        first(&desk, &two, "a", b"hash").await;
        clock.advance(Duration::from_secs(23 * 3600));
        assert_eq!(desk.claim(&one, "a", b"hash").await, Ok(again));
        clock.advance(Duration::from_secs(3601));
        first(&desk, &one, "a", b"other").await;
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first_and_one_takes_over_from_the_dead() {
    both(async |db| {
        let clock = Clock::fixed(NOW);
        let desk = Replays::new(core(db, clock.clone()));
        let caller = script(&clock);
        for _ in 0..2 {
            let claims = (0..20).map(|_| desk.claim(&caller, "a", b"hash"));
            let claims = futures_util::future::join_all(claims).await;
            let firsts = claims
                .iter()
                .filter(|claim| matches!(claim, Ok(Turn::First(_))));
            assert_eq!(firsts.count(), 1);
            // Nobody answers; the lease runs out.
            clock.advance(Duration::from_secs(11));
        }
    })
    .await;
}

#[tokio::test]
async fn who_was_overtaken_changes_nothing_and_answers_nobody() {
    both(async |db| {
        let clock = Clock::fixed(NOW);
        let core = core(db, clock.clone());
        let desk = Replays::new(core.clone());
        let places = DestinationDesk(core);
        let caller = script(&clock);
        let create = || {
            let draft = DestinationDraft {
                name: Entry::text("Night desk"),
                r#type: Entry::text("hangup"),
                ..DestinationDraft::default()
            };
            places.create(&caller, draft)
        };
        let stuck = first(&desk, &caller, "a", b"hash").await;
        clock.advance(Duration::from_secs(11));
        let quick = first(&desk, &caller, "a", b"hash").await;
        let late = desk.work(&stuck, create()).await;
        let expect = AppError::Conflict(Conflict::StillAnswering);
        assert_eq!(late.unwrap_err(), expect);
        desk.keep(&stuck, 200, b"late").await.unwrap();
        desk.release(&stuck).await.unwrap();

        desk.work(&quick, create()).await.unwrap();
        assert_eq!(places.list(&caller).await.unwrap().len(), 1);
        // Killed here, it has done its work: nobody may do that once more.
        clock.advance(Duration::from_secs(11));
        let lost = desk.claim(&caller, "a", b"hash").await;
        assert_eq!(lost, conflict(Conflict::AnswerLost));
        desk.release(&quick).await.unwrap();
        let lost = desk.claim(&caller, "a", b"hash").await;
        assert_eq!(lost, conflict(Conflict::AnswerLost));
    })
    .await;
}

/// Where in a request the server is killed.
#[derive(Clone, Copy)]
pub(crate) enum Killed {
    BeforeItsChange,
    BeforeItsAnswer,
}

impl Killed {
    /// What holds the request up in that place.
    fn table(self) -> &'static str {
        match self {
            Self::BeforeItsChange => "insert on agents",
            Self::BeforeItsAnswer => "update of answer on idempotency",
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_killed_before_its_change_is_done_once_by_whoever_asks_again() {
    let database = Installation::new();
    killed_before_its_change(Killable::sqlite(database)).await;
    if let Some(postgres) = Postgres::fresh().await {
        killed_before_its_change(Killable::postgres(postgres)).await;
    }
}

async fn killed_before_its_change(mut at: Killable) {
    let key = at.open().await;
    at.kill_in(&key, Killed::BeforeItsChange, async {}).await;
    let restarted = Instant::now();
    let mut told_to_wait = 0;
    let made = loop {
        let (status, body) = at.post(&key).await;
        match status {
            409 => {
                assert_eq!(body["code"], "still_answering", "{body}");
                told_to_wait += 1;
            }
            200 => break body,
            _ => panic!("{status} {body}"),
        }
        assert!(restarted.elapsed() < Duration::from_secs(20), "{body}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(told_to_wait > 0, "the lease of the dead counts for a while");
    let (status, again) = at.post(&key).await;
    assert_eq!((status, &again), (200, &made));
    assert_eq!(at.agents(&key).await, 1);
    at.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_killed_before_its_answer_is_not_done_again() {
    let database = Installation::new();
    killed_before_its_answer(Killable::sqlite(database)).await;
    if let Some(postgres) = Postgres::fresh().await {
        killed_before_its_answer(Killable::postgres(postgres)).await;
    }
}

async fn killed_before_its_answer(mut at: Killable) {
    let key = at.open().await;
    at.kill_in(&key, Killed::BeforeItsAnswer, async {}).await;
    at.has_lost_the_answer(&key).await;
    assert_eq!(at.agents(&key).await, 1);
    at.end().await;
}

/// The real binary on a database that can be made to stand still.
pub(crate) struct Killable {
    pub(crate) house: Installation,
    postgres: Option<Postgres>,
    /// What is asked for.
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

impl Killable {
    pub(crate) fn sqlite(house: Installation) -> Self {
        Self {
            house,
            postgres: None,
            path: "/api/phone",
            body: json!({ "name": "Front desk" }),
        }
    }

    pub(crate) fn postgres(postgres: Postgres) -> Self {
        let house = Installation::with(&[("PATCHBAY_DATABASE__URL", &postgres.url)]);
        Self {
            postgres: Some(postgres),
            ..Self::sqlite(house)
        }
    }

    async fn sql(&self, statement: &str) {
        match &self.postgres {
            Some(postgres) => postgres.connect().await.execute(statement).await.map(drop),
            None => self
                .house
                .database()
                .await
                .execute(statement)
                .await
                .map(drop),
        }
        .unwrap();
    }

    /// Starts the server; answers a key.
    pub(crate) async fn open(&mut self) -> String {
        self.house.start_again().await;
        self.house.key(&["--full-access"])
    }

    /// Sends the request, kills the server in the middle of it, not before `meanwhile` is over, and
    /// starts it again.
    pub(crate) async fn kill_in(
        &mut self,
        key: &str,
        place: Killed,
        meanwhile: impl Future<Output = ()>,
    ) {
        let table = place.table();
        if self.postgres.is_some() {
            self.sql(
                "create function stand_still() returns trigger language plpgsql as
                 $$ begin perform pg_sleep(600); return new; end $$",
            )
            .await;
            self.sql(&format!(
                "create trigger stand_still before {table} for each row execute function stand_still()"
            ))
            .await;
        } else {
            // A trigger may hold no such query itself.
            self.sql(
                "create view forever as
                 with recursive n(x) as (select 1 union all select x + 1 from n) select x from n",
            )
            .await;
            self.sql(&format!(
                "create trigger stand_still before {table} begin select count(*) from forever; end"
            ))
            .await;
        }
        let asking = tokio::spawn(self.asking(key, "killed").send());
        self.stands_still(place).await;
        meanwhile.await;
        self.house.kill_nine();
        assert!(asking.await.unwrap().is_err(), "the server is dead");
        if let Some(postgres) = &self.postgres {
            postgres.end_sessions().await;
            self.sql("drop function stand_still() cascade").await;
        } else {
            self.sql("drop trigger stand_still").await;
        }
        self.house.start_again().await;
    }

    /// The request, under this Idempotency-Key.
    pub(crate) fn asking(&self, key: &str, name: &str) -> reqwest::RequestBuilder {
        let request = self.house.request(key, self.path);
        request.header("idempotency-key", name).json(&self.body)
    }

    /// Asks again until the lease of the dead has run out; it is never done once more.
    pub(crate) async fn has_lost_the_answer(&self, key: &str) {
        let restarted = Instant::now();
        loop {
            let (status, body) = self.post(key).await;
            assert_eq!(status, 409, "{body}");
            if body["code"] == "answer_lost" {
                break;
            }
            assert_eq!(body["code"], "still_answering", "{body}");
            assert!(restarted.elapsed() < Duration::from_secs(20), "{body}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until the request hangs where it was meant to.
    async fn stands_still(&self, place: Killed) {
        let claimed = match place {
            Killed::BeforeItsChange => "not done",
            Killed::BeforeItsAnswer => "done",
        };
        let statement = format!("select count(*) from idempotency where {claimed}");
        let began = Instant::now();
        while self.count(&statement).await == 0 {
            assert!(began.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // From the claim or the change to what hangs is a step without a wait in it.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    async fn count(&self, statement: &str) -> i64 {
        if let Some(postgres) = &self.postgres {
            let count = sqlx::query_scalar(statement);
            count.fetch_one(&mut postgres.connect().await).await
        } else {
            let count = sqlx::query_scalar(statement);
            count.fetch_one(&mut self.house.database().await).await
        }
        .unwrap()
    }

    async fn post(&self, key: &str) -> (u16, Value) {
        let answer = self.asking(key, "killed").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn agents(&self, key: &str) -> usize {
        let agents = self.house.get(key, "/api/phone").await;
        agents.as_array().unwrap().len()
    }

    pub(crate) async fn end(mut self) {
        self.house.end().await;
        if let Some(postgres) = &self.postgres {
            postgres.drop_database().await;
        }
    }
}
