//! Many rows in few statements: each is written and read as it would be by itself.

use std::time::{Duration, Instant};

use app::domain::account::AuditFilter;
use app::domain::id::{AgentId, AuditId};
use app::domain::page::Limit;
use server::store::audit::{self, Actor, Entry};
use server::store::idempotency::{self, Claim};
use server::store::{Db, StoreError, agents, numbers};

use crate::databases::{Postgres, both, key};
use crate::samples::{NOW, agent, number, phone, uuid};

fn entry(n: u128) -> Entry {
    let actors = [Actor::System, Actor::Key(uuid(7)), Actor::User(uuid(8))];
    Entry {
        id: AuditId::from_uuid(uuid(100 + n)),
        at: NOW,
        actor: actors[n as usize % 3],
        actor_name: format!("actor {n}"),
        action: "update_number".to_owned(),
        subject: format!("subject {n}"),
        label: format!("label {n}"),
        before: n.is_multiple_of(2).then(|| format!("\"{n}\"")),
        after: (!n.is_multiple_of(5)).then(|| format!("\"{n}\"")),
    }
}

#[tokio::test]
async fn entries_of_the_log_are_kept_each_as_it_is() {
    both(async |db| {
        // Every size of a statement, and one of them twice.
        let entries: Vec<Entry> = (0..191).map(entry).collect();
        let mut tx = db.begin().await.unwrap();
        audit::add_all(&mut tx, &[]).await.unwrap();
        audit::add_all(&mut tx, &entries[..128]).await.unwrap();
        audit::add_all(&mut tx, &entries[128..]).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let mut seen = Vec::new();
        let mut filter = AuditFilter {
            limit: Some(Limit::MAX),
            ..AuditFilter::default()
        };
        loop {
            let mut page = audit::page(&mut conn, &filter).await.unwrap();
            let more = page.len() > usize::try_from(Limit::MAX.as_i64()).unwrap();
            if more {
                page.pop();
            }
            seen.extend(page);
            if !more {
                break;
            }
            let last = seen.last().unwrap();
            filter.cursor = Some(app::domain::page::Cursor {
                at_ms: last.at,
                id: last.id.as_uuid(),
            });
        }
        seen.reverse();
        assert_eq!(seen, entries);
    })
    .await;
}

#[tokio::test]
async fn numbers_come_with_the_names_of_their_agents() {
    both(async |db| {
        let (front, night) = (agent(10, "Front desk"), agent(11, "Night desk"));
        let rows: Vec<_> = (0..90_u32)
            .map(|at| {
                let mut row = number(1_000 + u128::from(at), &format!("+1415555{at:04}"));
                row.agent = [None, Some(front.id), Some(night.id)][at as usize % 3];
                row
            })
            .collect();
        let mut tx = db.begin().await.unwrap();
        for agent in [&front, &night] {
            agents::save(&mut tx, agent).await.unwrap();
        }
        assert_eq!(numbers::save_all(&mut tx, &rows, NOW).await.unwrap(), 90);
        assert_eq!(
            numbers::save_all(&mut tx, &rows, NOW).await.unwrap(),
            0,
            "the same versions twice"
        );
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        let unknown = phone("+14155559999");
        let asked: Vec<_> = rows
            .iter()
            .map(|row| &row.number)
            .chain([&unknown])
            .collect();
        let mut found = numbers::named(&mut conn, &asked).await.unwrap();
        found.sort_by(|one, other| one.0.number.cmp(&other.0.number));
        let names = [None, Some("Front desk"), Some("Night desk")];
        let expect = rows.iter().enumerate();
        let expect = expect.map(|(at, row)| (row.clone(), names[at % 3].map(str::to_owned)));
        assert_eq!(found, expect.collect::<Vec<_>>());

        let gone = AgentId::from_uuid(uuid(77));
        let asked = [night.id, gone, front.id, night.id];
        let names = agents::names_of(&mut conn, &asked).await.unwrap();
        assert_eq!(names.len(), 2);
        assert_eq!(names[&front.id], "Front desk");
        assert_eq!(names[&night.id], "Night desk");
        assert!(agents::names_of(&mut conn, &[]).await.unwrap().is_empty());
    })
    .await;
}

async fn is_done(db: &Db, claim: &Claim) -> bool {
    let mut conn = db.read().await.unwrap();
    let known = idempotency::get(&mut conn, claim.owner, &claim.name).await;
    known.unwrap().unwrap().done
}

#[tokio::test]
async fn claims_are_noted_together_or_not_at_all() {
    both(async |db| {
        let claims: Vec<Claim> = (0..5)
            .map(|n| Claim {
                owner: uuid(9),
                name: format!("name {n}"),
                id: uuid(200 + n),
            })
            .collect();
        let mut tx = db.begin().await.unwrap();
        for claim in &claims {
            let first = idempotency::claim(&mut tx, claim, b"hash", NOW, NOW + 10_000).await;
            assert!(first.unwrap());
        }
        tx.commit().await.unwrap();

        let overtaken = Claim {
            id: uuid(300),
            ..claims[4].clone()
        };
        let mut tx = db.begin().await.unwrap();
        let noted = idempotency::note_all(&mut tx, &[&claims[0], &overtaken, &claims[1]]).await;
        assert!(matches!(noted, Err(StoreError::Overtaken)), "{noted:?}");
        drop(tx);
        assert!(!is_done(&db, &claims[0]).await);

        let mut tx = db.begin().await.unwrap();
        idempotency::note_all(&mut tx, &[]).await.unwrap();
        let four: Vec<_> = claims[..4].iter().collect();
        idempotency::note_all(&mut tx, &four[..3]).await.unwrap();
        idempotency::note_all(&mut tx, &four[3..]).await.unwrap();
        tx.commit().await.unwrap();
        for claim in four {
            assert!(is_done(&db, claim).await);
        }
        assert!(!is_done(&db, &claims[4]).await);
    })
    .await;
}

/// Calls note themselves with their numbers meanwhile, in the order of the digits.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_locked_in_one_order_whoever_writes_them() {
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let db = Db::open(&postgres.url, key()).await.unwrap();
    let mut rows = [number(1, "+14155550100"), number(2, "+14155550101")];
    let mut tx = db.begin().await.unwrap();
    numbers::save_all(&mut tx, &rows, NOW).await.unwrap();
    tx.commit().await.unwrap();

    let mut calls = db.append().await.unwrap();
    numbers::called(&mut calls, &rows[0].number, NOW)
        .await
        .unwrap();
    let change = tokio::spawn({
        let db = db.clone();
        rows.reverse();
        for row in &mut rows {
            row.version += 1;
        }
        let rows = rows.clone();
        async move {
            let mut tx = db.begin().await?;
            let written = numbers::save_all(&mut tx, &rows, NOW).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(written)
        }
    });
    wait_for_a_lock(&postgres).await;
    let last = numbers::called(&mut calls, &rows[0].number, NOW).await;
    last.unwrap();
    calls.commit().await.unwrap();
    assert_eq!(change.await.unwrap().unwrap(), 2);
    db.close().await;
    postgres.drop_database().await;
}

async fn wait_for_a_lock(postgres: &Postgres) {
    let mut conn = postgres.connect().await;
    let began = Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        if waiting > 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
