//! Whoever hangs up in the middle leaves nothing behind for those who come next on PostgreSQL's connections.

use std::time::Duration;

use server::store::{Db, numbers, settings};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::{sleep, timeout};

use crate::databases::{Postgres, key};
use crate::samples::{NOW, number};

const MOMENT: Duration = Duration::from_millis(50);
/// Less than any lock is waited for.
const SOON: Duration = Duration::from_secs(3);

async fn with_postgres(scenario: impl AsyncFn(&Postgres, Db)) {
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let db = Db::open(&postgres.url, key()).await.unwrap();
    scenario(&postgres, db.clone()).await;
    db.close().await;
    postgres.drop_database().await;
}

async fn all_are_free(outside: &mut PgConnection) -> bool {
    const BUSY: &str = "select count(*) from pg_stat_activity
        where datname = current_database() and application_name = 'patchbay' and state <> 'idle'";
    for _ in 0..100 {
        let busy: i64 = sqlx::query_scalar(BUSY)
            .fetch_one(&mut *outside)
            .await
            .unwrap();
        if busy == 0 {
            return true;
        }
        sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn a_question_holds_up_nobody_else() {
    with_postgres(async |postgres, db| {
        let mut outside = postgres.connect().await;
        let mut lock = outside.begin().await.unwrap();
        lock.execute("lock table numbers in access exclusive mode")
            .await
            .unwrap();
        for _ in 0..3 {
            let mut conn = db.read().await.unwrap();
            let asked = timeout(MOMENT, numbers::list(&mut conn)).await;
            assert!(asked.is_err(), "it waits for the lock");
        }
        for _ in 0..20 {
            let mut conn = db.read().await.unwrap();
            let read = timeout(SOON, settings::secret(&mut conn, "absent")).await;
            assert_eq!(read.expect("nobody is before it").unwrap(), None);
        }
        lock.rollback().await.unwrap();
        assert!(all_are_free(&mut outside).await);
        let mut conn = db.read().await.unwrap();
        assert_eq!(numbers::list(&mut conn).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_change_keeps_no_lock() {
    with_postgres(async |postgres, db| {
        let other = Db::open(&postgres.url, key()).await.unwrap();
        let mut outside = postgres.connect().await;
        // While it waits for its turn among the instances.
        let turn = other.begin().await.unwrap();
        for _ in 0..3 {
            assert!(timeout(MOMENT, db.begin()).await.is_err());
        }
        drop(turn);
        // In the middle of a statement.
        let mut lock = outside.begin().await.unwrap();
        lock.execute("lock table numbers in access exclusive mode")
            .await
            .unwrap();
        let mut tx = db.begin().await.unwrap();
        settings::put_secret(&mut tx, "half", b"done")
            .await
            .unwrap();
        let row = number(1, "+14155550100");
        let asked = timeout(MOMENT, numbers::save(&mut tx, &row, NOW)).await;
        assert!(asked.is_err(), "it waits for the lock");
        drop(tx);
        lock.rollback().await.unwrap();
        // Between two.
        let mut tx = db.begin().await.unwrap();
        assert!(numbers::save(&mut tx, &row, NOW).await.unwrap());
        drop(tx);

        assert!(all_are_free(&mut outside).await);
        for db in [&db, &other] {
            timeout(SOON, db.begin()).await.unwrap().unwrap();
        }
        let mut conn = db.read().await.unwrap();
        assert_eq!(numbers::list(&mut conn).await.unwrap(), []);
        assert_eq!(settings::secret(&mut conn, "half").await.unwrap(), None);
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn one_whose_server_is_gone_is_not_handed_on() {
    with_postgres(async |postgres, db| {
        db.ping().await.unwrap();
        postgres.end_sessions().await;
        db.ping().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        postgres.end_sessions().await;
        let refused = settings::put_secret(&mut tx, "lost", b"one")
            .await
            .unwrap_err();
        assert!(refused.is_passing(), "{refused:?}");
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        settings::put_secret(&mut tx, "kept", b"two").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
}
