//! Browsers that are signed in, in the library's own table.

use serde_json::json;
use server::store::sessions::Sessions;
use time::{Duration, OffsetDateTime};
use tower_sessions::SessionStore as _;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::ExpiredDeletion as _;

use crate::databases::both;

fn record(id: i128, ends: OffsetDateTime) -> Record {
    Record {
        id: Id(id),
        data: [("user".to_owned(), json!("anna"))].into(),
        expiry_date: ends,
    }
}

#[tokio::test]
async fn a_session_is_kept_changed_and_ended_for_good() {
    both(async |db| {
        let sessions = Sessions::open(&db).await.unwrap();
        let later = OffsetDateTime::now_utc() + Duration::hours(1);
        let mut session = record(7, later);
        sessions.create(&mut session).await.unwrap();
        session.data.insert("seen".to_owned(), json!(2));
        sessions.save(&session).await.unwrap();
        // As after a restart.
        let again = Sessions::open(&db).await.unwrap();
        let found = again.load(&session.id).await.unwrap().unwrap();
        assert_eq!(found.data, session.data);
        assert_eq!(again.load(&Id(8)).await.unwrap(), None);

        sessions.delete(&session.id).await.unwrap();
        // A request that was under way does not bring it back.
        sessions.save(&session).await.unwrap();
        assert_eq!(again.load(&session.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn sessions_that_are_over_are_forgotten() {
    both(async |db| {
        let sessions = Sessions::open(&db).await.unwrap();
        let now = OffsetDateTime::now_utc();
        let (mut over, mut open) = (
            record(1, now - Duration::hours(1)),
            record(2, now + Duration::hours(1)),
        );
        sessions.create(&mut over).await.unwrap();
        sessions.create(&mut open).await.unwrap();
        assert_eq!(sessions.load(&over.id).await.unwrap(), None);
        sessions.delete_expired().await.unwrap();
        assert_eq!(sessions.load(&open.id).await.unwrap().unwrap().id, open.id);
    })
    .await;
}
