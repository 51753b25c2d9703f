//! Kept answers, on both databases.

use std::sync::Arc;
use std::time::Duration;

use app::error::{AppError, Conflict};
use app::ports::{Caller, Who};
use server::clock::Clock;
use server::service::core::Core;
use server::service::news::NewsDesk;
use server::service::replays::{Claim, Replays};
use server::service::routes::RouteBook;
use server::store::Db;

use crate::databases::both;
use crate::samples::NOW;

fn desk(db: Db, clock: Clock) -> Replays {
    Replays::new(Core {
        db,
        origin: clock.new_uuid(),
        clock,
        book: Arc::new(RouteBook::default()),
        news: NewsDesk::default(),
    })
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

const TAKEN: Result<Claim, AppError> = Err(AppError::Conflict(Conflict::IdempotencyKey));

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_for_its_own_request() {
    both(async |db| {
        let clock = Clock::fixed(NOW);
        let desk = desk(db, clock.clone());
        let (one, two) = (script(&clock), script(&clock));
        assert_eq!(desk.claim(&one, "a", b"hash").await, Ok(Claim::First));
        assert_eq!(desk.claim(&one, "a", b"hash").await, TAKEN);
        desk.keep(&one, "a", 200, b"answer").await.unwrap();
        let again = Claim::Again {
            status: 200,
            answer: b"answer".to_vec(),
        };
        assert_eq!(desk.claim(&one, "a", b"hash").await, Ok(again));
        assert_eq!(desk.claim(&one, "a", b"other").await, TAKEN);
        assert_eq!(desk.claim(&two, "a", b"other").await, Ok(Claim::First));
        desk.release(&two, "a").await.unwrap();
        assert_eq!(desk.claim(&two, "a", b"hash").await, Ok(Claim::First));
        clock.advance(Duration::from_secs(24 * 3600 + 1));
        assert_eq!(desk.claim(&one, "a", b"other").await, Ok(Claim::First));
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_one_is_the_first() {
    both(async |db| {
        let clock = Clock::fixed(NOW);
        let desk = desk(db, clock.clone());
        let caller = script(&clock);
        let claims = (0..20).map(|_| desk.claim(&caller, "a", b"hash"));
        let claims = futures_util::future::join_all(claims).await;
        assert_eq!(
            claims
                .iter()
                .filter(|claim| **claim == Ok(Claim::First))
                .count(),
            1
        );
    })
    .await;
}
