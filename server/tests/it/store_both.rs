//! Every store function on both databases, the same scenario.

mod at_once;
mod calls;
mod changes;
mod conversations;
mod given_up;
mod health;
mod inbound;
mod people;
mod sessions;

use app::domain::account::AuditFilter;
use app::domain::id::AuditId;
use app::domain::page::Limit;
use server::store::{DataKey, Db, StoreError, audit, numbers, settings};

use crate::databases::{Postgres, Sqlite, both, key};
use crate::samples;

#[tokio::test]
async fn a_committed_change_is_there_and_a_dropped_one_is_not() {
    both(async |db| {
        let mut tx = db.begin().await.unwrap();
        settings::put_secret(&mut tx, "kept", b"one").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        settings::put_secret(&mut tx, "kept", b"two").await.unwrap();
        drop(tx);
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            settings::secret(&mut conn, "kept").await.unwrap().unwrap(),
            b"one"
        );
        assert_eq!(settings::secret(&mut conn, "absent").await.unwrap(), None);
        db.ping().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn fifty_changes_that_read_and_then_write_all_succeed() {
    both(async |db| {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut tx = db.begin().await.unwrap();
                    let count = settings::secret(&mut tx, "count")
                        .await
                        .unwrap()
                        .map_or(0, |value| value[0]);
                    settings::put_secret(&mut tx, "count", &[count + 1])
                        .await
                        .unwrap();
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            settings::secret(&mut conn, "count").await.unwrap().unwrap(),
            [50]
        );
    })
    .await;
}

/// As the schema leaves what it cannot fold.
const UNFOLD: &str =
    "update numbers set folded = null; update audit set folded_actor = null, folded_label = null";

async fn keep_names(db: &Db) {
    let mut row = samples::number(1, "+14155550100");
    row.label = Some("ÄRZTE".to_owned());
    // More than one statement fills in.
    let entries = (0..70).map(|n| audit::Entry {
        id: AuditId::from_uuid(samples::uuid(100 + n)),
        at: samples::NOW,
        actor: audit::Actor::System,
        actor_name: "ÉMILIE".to_owned(),
        action: "update_agent".to_owned(),
        subject: "x".to_owned(),
        label: format!("ÄRZTE {n}"),
        before: None,
        after: None,
    });
    let entries: Vec<_> = entries.collect();
    let mut tx = db.begin().await.unwrap();
    numbers::save(&mut tx, &row, samples::NOW).await.unwrap();
    audit::add_all(&mut tx, &entries).await.unwrap();
    tx.commit().await.unwrap();
}

async fn are_found(db: &Db) {
    let search = numbers::Search {
        text: Some("ärzte".to_owned()),
        ..numbers::Search::default()
    };
    let mut conn = db.read().await.unwrap();
    let (found, _) = numbers::page(&mut conn, &search, Limit::ONE).await.unwrap();
    assert_eq!(found.len(), 1);
    let filter = AuditFilter {
        who: Some("émilie".to_owned()),
        thing: Some("ärzte".to_owned()),
        limit: Some(Limit::MAX),
        ..AuditFilter::default()
    };
    let found = audit::page(&mut conn, &filter).await.unwrap();
    assert_eq!(found.len(), 70);
}

#[tokio::test]
async fn names_from_before_are_found_too_once_the_binary_has_started() {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    keep_names(&db).await;
    db.close().await;
    let pool = sqlx::SqlitePool::connect(&lite.url).await.unwrap();
    sqlx::raw_sql(UNFOLD).execute(&pool).await.unwrap();
    pool.close().await;
    are_found(&Db::open(&lite.url, key()).await.unwrap()).await;

    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let db = Db::open(&postgres.url, key()).await.unwrap();
    keep_names(&db).await;
    let mut behind = postgres.connect().await;
    sqlx::raw_sql(UNFOLD).execute(&mut behind).await.unwrap();
    // Several instances start at once.
    let (one, other) = tokio::join!(
        Db::open(&postgres.url, key()),
        Db::open(&postgres.url, key())
    );
    are_found(&db).await;
    for db in [db, one.unwrap(), other.unwrap()] {
        db.close().await;
    }
    postgres.drop_database().await;
}

#[tokio::test]
async fn refuses_a_database_newer_than_the_binary() {
    let lite = Sqlite::fresh();
    Db::open(&lite.url, key()).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect(&lite.url).await.unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'from the future', true, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let refused = Db::open(&lite.url, key()).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Newer { found: 9999, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("schema 9999"), "{refused}");
}

#[tokio::test]
async fn refuses_a_data_key_that_belongs_to_another_database() {
    let lite = Sqlite::fresh();
    Db::open(&lite.url, key()).await.unwrap().close().await;
    let refused = Db::open(&lite.url, DataKey::from_bytes([1; 32]))
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Sealed { .. }), "{refused}");
}

#[tokio::test]
async fn a_locked_database_says_so_and_works_again_when_released() {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    let other = sqlx::SqlitePool::connect(&lite.url).await.unwrap();
    let lock = other.begin_with("begin immediate").await.unwrap();
    let refused = db.begin().await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy(_)), "{refused:?}");
    lock.rollback().await.unwrap();
    db.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_read_only_or_damaged_file_is_named_for_what_it_is() {
    let lite = Sqlite::fresh();
    std::fs::write(
        &lite.path,
        b"this is no database, whatever its name says: it is prose of some length",
    )
    .unwrap();
    let refused = Db::open(&lite.url, key()).await.unwrap_err();
    assert!(
        refused.chain().contains("not a database"),
        "{}",
        refused.chain()
    );

    let missing = format!(
        "sqlite:{}/no/such/folder/x.db",
        lite.folder.path().display()
    );
    let refused = Db::open(&missing, key()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}
