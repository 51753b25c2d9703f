//! What the last calls say about how things are.

use std::net::IpAddr;

use app::domain::call::{Call, CallEnd, CallState, EndReason, Flow, Quality};
use app::domain::health::{Heard, Unanswered};
use app::domain::page::Limit;
use app::domain::routing::Refusal;
use server::store::{Db, calls, health};

use crate::databases::both;
use crate::samples::{NOW, call, papers, phone};

const MINUTE: i64 = 60_000;

fn refused(n: u128, at: i64, reason: Refusal, repeats: u32) -> Call {
    Call {
        state: CallState::Ended,
        end: Some(CallEnd::because(EndReason::Refused(reason))),
        ended_at: Some(at),
        repeats,
        ..call(n, at)
    }
}

fn answered(n: u128, at: i64, lasted: i64, source: &str) -> Call {
    Call {
        state: CallState::Ended,
        end: Some(CallEnd::because(EndReason::CallerHungUp)),
        answered_at: Some(at + 10),
        ended_at: Some(at + 10 + lasted),
        source: source.parse().ok(),
        ..call(n, at)
    }
}

async fn keep(db: &Db, call: &Call, heard: Option<u64>) {
    let mut papers = papers();
    papers.quality = heard.map(|packets| Quality {
        from_caller: Flow {
            packets,
            ..Flow::default()
        },
        ..Quality::default()
    });
    let mut tx = db.append().await.unwrap();
    calls::save(&mut tx, call, &papers).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn refusals_are_counted_by_reason_with_repeats_the_most_first() {
    both(async |db| {
        let old = NOW - 50 * MINUTE;
        keep(
            &db,
            &refused(1, old - 20 * MINUTE, Refusal::NoCodec, 9),
            None,
        )
        .await;
        keep(&db, &refused(2, old, Refusal::WrongPassword, 4), None).await;
        keep(
            &db,
            &refused(3, NOW - MINUTE, Refusal::WrongPassword, 5),
            None,
        )
        .await;
        let mut unassigned = refused(4, NOW, Refusal::NumberUnassigned, 1);
        keep(&db, &unassigned, None).await;
        unassigned = refused(5, NOW + 1, Refusal::NumberUnassigned, 2);
        unassigned.number = Some(phone("+41446681800"));
        unassigned.source = "198.51.100.9".parse().ok();
        keep(&db, &unassigned, None).await;

        let mut conn = db.read().await.unwrap();
        let found = health::refusals(&mut conn, NOW - 60 * MINUTE, NOW - 10 * MINUTE)
            .await
            .unwrap();
        let counts: Vec<_> = found
            .iter()
            .map(|of| (of.reason, of.count, of.recent, of.first_at, of.last_at))
            .collect();
        assert_eq!(
            counts,
            [
                (Refusal::WrongPassword, 9, 5, old, NOW - MINUTE),
                (Refusal::NumberUnassigned, 3, 3, NOW, NOW + 1),
            ]
        );
        assert!(found[0].is_a_streak() && !found[1].is_a_streak());
        let source: Option<IpAddr> = "198.51.100.9".parse().ok();
        assert_eq!(found[1].source, source);

        let numbers = health::unanswered(&mut conn, NOW - MINUTE).await.unwrap();
        let expect = [("+41446681800", 2, NOW + 1), ("+14155550100", 1, NOW)];
        assert_eq!(
            numbers,
            expect.map(|(number, count, last_at)| Unanswered {
                number: phone(number),
                count,
                last_at
            })
        );
    })
    .await;
}

#[tokio::test]
async fn callers_are_judged_by_calls_that_lasted_and_loopback_proves_nothing() {
    both(async |db| {
        let none = Heard::default();
        let mut conn = db.read().await.unwrap();
        let five = Limit::try_from(5).unwrap();
        assert_eq!(health::heard(&mut conn, 0, five).await.unwrap(), none);
        assert_eq!(
            health::answered_from_outside(&mut conn).await.unwrap(),
            None
        );
        drop(conn);

        keep(&db, &answered(1, NOW, 9_000, "203.0.113.10"), Some(0)).await;
        keep(&db, &answered(2, NOW + 1, 9_000, "127.0.0.1"), Some(0)).await;
        keep(&db, &answered(3, NOW + 2, 9_000, "::1"), Some(400)).await;
        // Too short to tell, and one that nobody measured.
        keep(&db, &answered(4, NOW + 3, 900, "127.0.0.1"), Some(0)).await;
        keep(&db, &answered(5, NOW + 4, 9_000, "127.0.0.1"), None).await;
        let mut conn = db.read().await.unwrap();
        let heard = health::heard(&mut conn, NOW, five).await.unwrap();
        assert_eq!(
            heard,
            Heard {
                calls: 3,
                silent: 2
            }
        );
        assert!(heard.is_one_way());
        let one = Limit::ONE;
        let newest = health::heard(&mut conn, NOW, one).await.unwrap();
        assert!(!newest.is_one_way());
        assert_eq!(
            health::answered_from_outside(&mut conn).await.unwrap(),
            Some((NOW + 10, Some("203.0.113.10".to_owned())))
        );
    })
    .await;
}
