//! Changes of numbers that come at once share a transaction, and nobody notices but by how soon they are made.

use std::pin::pin;
use std::time::Duration;

use app::domain::account::AuditFilter;
use app::domain::draft::Entry;
use app::domain::number::{NumberDraft, NumberRow, NumbersDraft};
use app::domain::page::Limit;
use app::error::{AppError, Conflict, Need, Scope, Thing, Unavailable};
use app::ports::{Caller, News, Who};
use futures_util::future::join_all;
use futures_util::poll;
use serde_json::Value;
use server::clock::Clock;
use server::service::House;
use server::service::replays::{Claim, Turn};
use server::store::Db;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{agent_named, boss, with};
use crate::databases::{Postgres, Sqlite, key};
use crate::samples::{NOW, phone};
use crate::world::settings;

/// A house with numbers, and the database behind its back.
struct Desk {
    url: String,
    db: Db,
    house: House,
    _folder: tempfile::TempDir,
}

type Outcome = Result<NumberRow, AppError>;

fn number(at: usize) -> String {
    format!("+1415555{at:04}")
}

fn label(text: &str) -> NumberDraft {
    NumberDraft {
        label: Entry::text(text),
        ..NumberDraft::default()
    }
}

fn script(name: &str) -> Caller {
    let who = Who::Key {
        id: Clock::system().new_id(),
        name: name.to_owned(),
    };
    Caller { who, ..boss() }
}

fn still() -> Clock {
    Clock::fixed(NOW)
}

/// On both kinds of database, with so many numbers.
async fn on_both(numbers: usize, clock: impl Fn() -> Clock, scenario: impl AsyncFn(&Desk, &Clock)) {
    let lite = Sqlite::fresh();
    eprintln!("on SQLite");
    let at = clock();
    scenario(&Desk::open(&lite.url, numbers, &at).await, &at).await;
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    eprintln!("on PostgreSQL");
    let at = clock();
    scenario(&Desk::open(&postgres.url, numbers, &at).await, &at).await;
    postgres.drop_database().await;
}

impl Desk {
    async fn open(url: &str, numbers: usize, clock: &Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(url, key()).await.unwrap();
        let (house, _) = House::open(db.clone(), clock.clone(), settings(folder.path()))
            .await
            .unwrap();
        let lines: Vec<_> = (0..numbers).map(number).collect();
        let draft = NumbersDraft {
            lines: Entry::text(lines.join("\n")),
            on_trunk: Entry::text("off"),
            ..NumbersDraft::default()
        };
        house.services.numbers.add(&boss(), draft).await.unwrap();
        Self {
            url: url.to_owned(),
            db,
            house,
            _folder: folder,
        }
    }

    async fn update(&self, caller: Caller, at: usize, draft: NumberDraft) -> Outcome {
        let numbers = &self.house.services.numbers;
        numbers.update(&caller, phone(&number(at)), draft).await
    }

    /// All of them wait before the first is made.
    async fn at_once(&self, changes: Vec<impl Future<Output = Outcome>>) -> Vec<Outcome> {
        let turn = self.db.turn().await.unwrap();
        let mut all = pin!(join_all(changes));
        assert!(poll!(&mut all).is_pending());
        drop(turn);
        all.await
    }

    async fn stored(&self, at: usize) -> NumberRow {
        let numbers = &self.house.services.numbers;
        numbers.get(&boss(), phone(&number(at))).await.unwrap()
    }

    /// What the log says of changes, oldest first: who, of which number, and the labels before and after.
    async fn log(&self) -> Vec<(String, String, Value, Value)> {
        let filter = AuditFilter {
            thing: Some("update_number".to_owned()),
            limit: Some(Limit::try_from(100).unwrap()),
            ..AuditFilter::default()
        };
        let log = self.house.services.audit.list(&boss(), filter).await;
        let label = |json: Option<String>| {
            let json: Value = serde_json::from_str(&json.unwrap()).unwrap();
            json["label"].clone()
        };
        let entries = log.unwrap().items.into_iter().rev();
        entries
            .map(|entry| {
                (
                    entry.who,
                    entry.subject,
                    label(entry.before),
                    label(entry.after),
                )
            })
            .collect()
    }

    /// Does something to the database that the house knows nothing of.
    async fn behind(&self, on_sqlite: &str, on_postgres: &[&str]) -> Behind {
        if self.url.starts_with("sqlite") {
            let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
            conn.execute(on_sqlite).await.unwrap();
            return Behind::Sqlite(conn);
        }
        let mut conn = PgConnection::connect(&self.url).await.unwrap();
        for statement in on_postgres {
            conn.execute(*statement).await.unwrap();
        }
        Behind::Postgres(conn)
    }
}

/// A connection of somebody else's.
enum Behind {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Behind {
    async fn roll_back(self) {
        match self {
            Self::Sqlite(mut conn) => drop(conn.execute("rollback").await.unwrap()),
            Self::Postgres(mut conn) => drop(conn.execute("rollback").await.unwrap()),
        }
    }
}

#[tokio::test]
async fn what_comes_at_once_is_made_at_once_and_noted_in_its_order() {
    on_both(70, Clock::system, async |desk, _| {
        let mut news = desk.house.news.watch();
        let changes = (0..70).map(|at| {
            // Not in the order of the digits, nor by one person.
            let at = at * 29 % 70;
            desk.update(script(&format!("{at}")), at, label(&format!("Label {at}")))
        });
        for (at, outcome) in desk.at_once(changes.collect()).await.iter().enumerate() {
            let row = &outcome.as_ref().unwrap().number;
            assert_eq!(row.number.as_str(), number(at * 29 % 70));
            assert_eq!(row.version, 2);
        }
        // So many find room in one transaction, and the others in the next; a page of the log holds no more either.
        for _ in 0..2 {
            assert!(matches!(news.try_recv(), Ok((_, News::Routing))));
        }
        assert!(news.try_recv().is_err(), "more than two transactions");
        let noted = |at: usize| {
            let at = at * 29 % 70;
            let after = format!("Label {at}");
            (format!("key {at}"), number(at), Value::Null, after.into())
        };
        assert_eq!(desk.log().await, (0..70).map(noted).collect::<Vec<_>>());
        assert_eq!(desk.stored(69).await.number.label.unwrap(), "Label 69");
    })
    .await;
}

#[tokio::test]
async fn each_has_an_outcome_of_its_own() {
    on_both(7, Clock::system, async |desk, _| {
        let front = agent_named(&desk.house.services, "Front desk").await;
        let night = agent_named(&desk.house.services, "Night desk").await;
        let nobody = Clock::system().new_id::<app::domain::id::AgentId>();
        let answered_by = |agent: &dyn std::fmt::Display| NumberDraft {
            agent: Entry::text(agent.to_string()),
            ..NumberDraft::default()
        };
        let first = desk.update(boss(), 0, answered_by(&front)).await.unwrap();
        assert_eq!(first.agent_name.as_deref(), Some("Front desk"));

        let stale = NumberDraft {
            version: Entry::text("1"),
            ..label("Late")
        };
        let refused = NumberDraft {
            label: Entry::text("x".repeat(121)),
            verified: Entry::text("perhaps"),
            ..NumberDraft::default()
        };
        let reader = with(&[Scope::SipRead]);
        let outcomes = desk
            .at_once(vec![
                desk.update(boss(), 1, answered_by(&night)),
                desk.update(boss(), 999, label("Nowhere")),
                desk.update(boss(), 0, answered_by(&night)),
                desk.update(boss(), 2, answered_by(&nobody)),
                desk.update(boss(), 3, refused),
                desk.update(reader, 4, label("Reader")),
                desk.update(boss(), 5, label("Hotline")),
            ])
            .await;
        let [moved, gone, held, orphan, invalid, forbidden, made] = outcomes.try_into().unwrap();
        assert_eq!(moved.unwrap().agent_name.as_deref(), Some("Night desk"));
        assert_eq!(gone, Err(AppError::NotFound(Thing::Number)));
        let expect = Conflict::NumberHeld {
            number: phone(&number(0)),
            agent: front,
            name: "Front desk".to_owned(),
        };
        assert_eq!(held, Err(AppError::Conflict(expect)));
        assert_eq!(super::refused_fields(orphan), ["agent no_such"]);
        let fields = super::refused_fields(invalid);
        assert_eq!(fields, ["label too_long", "verified not_a_choice"]);
        let expect = AppError::Forbidden(Need::Scope(Scope::SipWrite));
        assert_eq!(forbidden, Err(expect));
        assert_eq!(made.unwrap().number.label.as_deref(), Some("Hotline"));

        let keeps = desk.update(boss(), 0, label("Front")).await.unwrap();
        assert_eq!(keeps.agent_name.as_deref(), Some("Front desk"));
        let outcomes = desk
            .at_once(vec![
                desk.update(boss(), 0, stale),
                desk.update(boss(), 6, label("Fax")),
            ])
            .await;
        let expect = Conflict::Changed {
            version: 3,
            fields: vec![("label".to_owned(), "Front".to_owned())],
        };
        assert_eq!(outcomes[0], Err(AppError::Conflict(expect)));
        assert!(outcomes[1].is_ok());

        let changed: Vec<String> = desk.log().await.into_iter().map(|entry| entry.1).collect();
        let expect = [0, 1, 5, 0, 6].map(number);
        assert_eq!(changed, expect, "only what was done is in the log");
    })
    .await;
}

#[tokio::test]
async fn each_change_of_one_number_sees_the_one_before() {
    on_both(2, still, async |desk, _| {
        let changes = (0..10).map(|turn| desk.update(boss(), 0, label(&format!("{turn}"))));
        for (turn, outcome) in desk.at_once(changes.collect()).await.iter().enumerate() {
            let row = &outcome.as_ref().unwrap().number;
            assert_eq!(row.label.as_deref(), Some(format!("{turn}").as_str()));
            assert_eq!(usize::try_from(row.version).unwrap(), turn + 2);
        }
        let mut before = Value::Null;
        for (turn, entry) in desk.log().await.into_iter().enumerate() {
            let after: Value = turn.to_string().into();
            assert_eq!((entry.2, &entry.3), (before, &after));
            before = after;
        }
        assert_eq!(before, "9");
    })
    .await;
}

#[tokio::test]
async fn who_hangs_up_while_waiting_changes_nothing_and_holds_up_nobody() {
    on_both(3, Clock::system, async |desk, _| {
        let turn = desk.db.turn().await.unwrap();
        {
            let mut first = pin!(desk.update(boss(), 0, label("Given up")));
            assert!(poll!(&mut first).is_pending());
        }
        let mut second = pin!(desk.update(boss(), 1, label("Kept")));
        {
            let mut third = pin!(desk.update(boss(), 2, label("Given up")));
            assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        }
        drop(turn);
        second.await.unwrap();
        for at in [0, 2] {
            assert_eq!(desk.stored(at).await.number.label, None);
        }
        assert_eq!(desk.log().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_in_the_middle_leaves_a_whole_change_or_none() {
    const NUMBERS: usize = 8;
    on_both(NUMBERS, still, async |desk, clock| {
        for round in 0..40_u64 {
            let changes = (0..NUMBERS).map(|at| {
                // One of them stays.
                let patience = match at {
                    0 => Duration::from_secs(60),
                    _ => Duration::from_micros(round * 100),
                };
                let change = desk.update(boss(), at, label(&format!("Round {round}")));
                tokio::time::timeout(patience, change)
            });
            let outcomes = join_all(changes).await;
            let stayed = outcomes[0].as_ref().unwrap().as_ref().unwrap();
            assert_eq!(stayed.number.label, Some(format!("Round {round}")));
        }
        // Behind whatever was left under way.
        desk.update(boss(), 0, label("Last")).await.unwrap();
        clock.advance(Duration::from_secs(1));
        for at in 0..NUMBERS {
            let filter = AuditFilter {
                thing: Some(number(at)),
                limit: Some(Limit::try_from(100).unwrap()),
                ..AuditFilter::default()
            };
            let log = desk.house.services.audit.list(&boss(), filter).await;
            let log = log.unwrap().items;
            let stored = desk.stored(at).await.number;
            assert_eq!(log.len(), usize::try_from(stored.version).unwrap() - 1);
            if let Some(newest) = log.first() {
                let after = newest.after.as_deref().unwrap();
                assert_eq!(
                    serde_json::from_str::<app::domain::number::Number>(after).unwrap(),
                    stored
                );
            }
        }
    })
    .await;
}

async fn first(desk: &Desk, caller: &Caller, name: &str) -> Claim {
    match desk.house.replays.claim(caller, name, b"hash").await {
        Ok(Turn::First(claim)) => claim,
        other => panic!("{name} is not free: {other:?}"),
    }
}

#[tokio::test]
async fn each_is_noted_under_the_key_of_its_own_request() {
    on_both(5, still, async |desk, clock| {
        let caller = script("script");
        let replays = &desk.house.replays;
        let change = async |claim: &Claim, at: usize| {
            let change = desk.update(caller.clone(), at, label("Changed"));
            replays.work(claim, change).await
        };
        let stuck = first(desk, &caller, "stuck").await;
        clock.advance(Duration::from_secs(11));
        let quick = first(desk, &caller, "stuck").await;
        let (fine, refused) = (
            first(desk, &caller, "fine").await,
            first(desk, &caller, "refused").await,
        );
        let mut news = desk.house.news.watch();
        let outcomes = desk
            .at_once(vec![
                change(&fine, 0),
                change(&refused, 999),
                change(&quick, 1),
            ])
            .await;
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
        assert_eq!(outcomes[1], Err(AppError::NotFound(Thing::Number)));
        assert!(
            news.try_recv().is_ok() && news.try_recv().is_err(),
            "made at once"
        );

        let (other, more) = (
            first(desk, &caller, "other").await,
            first(desk, &caller, "more").await,
        );
        let outcomes = desk
            .at_once(vec![change(&other, 2), change(&stuck, 3), change(&more, 4)])
            .await;
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
        let overtaken = AppError::Conflict(Conflict::StillAnswering);
        assert_eq!(outcomes[1], Err(overtaken));
        assert_eq!(desk.stored(3).await.number.version, 1);
        assert_eq!(desk.log().await.len(), 4);

        // All die before they answer.
        clock.advance(Duration::from_secs(11));
        let lost = Err(AppError::Conflict(Conflict::AnswerLost));
        for name in ["fine", "stuck", "other", "more"] {
            assert_eq!(replays.claim(&caller, name, b"hash").await, lost, "{name}");
        }
        first(desk, &caller, "refused").await;
    })
    .await;
}

#[tokio::test]
async fn one_that_the_database_refuses_takes_nobody_with_it() {
    on_both(5, Clock::system, async |desk, _| {
        desk.behind(
            "create trigger poison before update on numbers when new.label = 'Poison'
             begin select raise(abort, 'poison'); end",
            &[
                "create function poison() returns trigger language plpgsql as
                 $$ begin raise exception 'poison'; end $$",
                "create trigger poison before update on numbers for each row
                 when (new.label = 'Poison') execute function poison()",
            ],
        )
        .await;
        let changes = (0..5).map(|at| {
            let text = if at == 2 { "Poison" } else { "Label" };
            desk.update(boss(), at, label(text))
        });
        let outcomes = desk.at_once(changes.collect()).await;
        for (at, outcome) in outcomes.iter().enumerate() {
            match (at, outcome) {
                (2, Err(AppError::Internal { .. })) => {}
                (2, other) => panic!("{other:?}"),
                (_, made) => assert_eq!(made.as_ref().unwrap().number.version, 2),
            }
        }
        assert_eq!(desk.stored(2).await.number.label, None);
        assert_eq!(desk.log().await.len(), 4);
    })
    .await;
}

/// One after the other they would wait longer than any test may take.
#[tokio::test]
async fn where_the_database_does_not_answer_all_hear_so_at_once() {
    on_both(100, Clock::system, async |desk, _| {
        let lock = ["begin", "lock table numbers in exclusive mode"];
        let other = desk.behind("begin immediate", &lock).await;
        let changes = (0..100).map(|at| desk.update(boss(), at, label("In vain")));
        for outcome in desk.at_once(changes.collect()).await {
            let away = AppError::Unavailable(Unavailable::Database);
            assert_eq!(outcome, Err(away));
        }
        other.roll_back().await;
        let changes = (0..100).map(|at| desk.update(boss(), at, label("Label")));
        for outcome in desk.at_once(changes.collect()).await {
            assert_eq!(outcome.unwrap().number.version, 2);
        }
        desk.db.close().await;
        let changes = (0..100).map(|at| desk.update(boss(), at, label("Too late")));
        for outcome in join_all(changes).await {
            let away = AppError::Unavailable(Unavailable::Database);
            assert_eq!(outcome, Err(away));
        }
    })
    .await;
}
