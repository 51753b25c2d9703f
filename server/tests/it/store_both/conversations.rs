//! Calls as conversations: ticket numbers and lists.

use app::domain::call::{CallEnd, CallState, EndReason};
use app::domain::conversation::{ConversationFilter, ConversationStatus, Part, SortBy, SortOrder};
use app::domain::id::CallId;
use app::domain::page::Limit;
use app::domain::routing::Refusal;
use server::store::{Db, calls, conversations};

use crate::databases::both;
use crate::samples::{NOW, call, papers, uuid};

async fn saved(db: &Db, numbers: &[u128]) {
    let mut tx = db.append().await.unwrap();
    for n in numbers {
        let begun = NOW + i64::try_from(*n).unwrap() * 1_000;
        calls::save(&mut tx, &call(*n, begun), &papers())
            .await
            .unwrap();
    }
    let ids: Vec<_> = numbers
        .iter()
        .map(|n| CallId::from_uuid(uuid(*n)))
        .collect();
    conversations::number(&mut tx, &ids).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ended(db: &Db, n: u128, reason: EndReason, at: i64) {
    let mut row = call(n, NOW + i64::try_from(n).unwrap() * 1_000);
    row.state = CallState::Ended;
    row.end = Some(CallEnd::because(reason));
    row.ended_at = Some(at);
    let mut tx = db.append().await.unwrap();
    calls::save(&mut tx, &row, &papers()).await.unwrap();
    conversations::number(&mut tx, &[row.id]).await.unwrap();
    tx.commit().await.unwrap();
}

fn first(limit: u32) -> Part {
    Part::From {
        limit: Limit::try_from(limit).unwrap(),
        cursor: None,
    }
}

async fn tickets(db: &Db, filter: ConversationFilter, part: Part) -> Vec<i64> {
    let mut conn = db.read().await.unwrap();
    let found = conversations::list(&mut conn, &filter, part).await.unwrap();
    found.iter().map(|found| found.ticket).collect()
}

#[tokio::test]
async fn a_call_that_began_and_ended_in_one_batch_has_one_ticket_number() {
    both(async |db| {
        saved(&db, &[1, 2, 1, 1, 2]).await;
        let all = ConversationFilter::default();
        assert_eq!(tickets(&db, all, first(10)).await, [2, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_number_stays_and_never_comes_twice() {
    both(async |db| {
        saved(&db, &[3, 1, 2]).await;
        let all = ConversationFilter::default;
        assert_eq!(tickets(&db, all(), first(10)).await, [3, 2, 1]);
        // Saved again, as a call is at each step.
        saved(&db, &[1, 2]).await;
        ended(&db, 3, EndReason::CallerHungUp, NOW + 9_000).await;
        assert_eq!(tickets(&db, all(), first(10)).await, [3, 2, 1]);
        let mut tx = db.append().await.unwrap();
        calls::delete_before(&mut tx, NOW + 60_000).await.unwrap();
        tx.commit().await.unwrap();
        saved(&db, &[4]).await;
        assert_eq!(tickets(&db, all(), first(10)).await, [4, 2, 1]);
        let mut conn = db.read().await.unwrap();
        let one = conversations::get(&mut conn, CallId::from_uuid(uuid(2)))
            .await
            .unwrap();
        assert_eq!(one.unwrap().ticket, 2);
        let none = conversations::get(&mut conn, CallId::from_uuid(uuid(3)))
            .await
            .unwrap();
        assert_eq!(none, None);
    })
    .await;
}

#[tokio::test]
async fn writers_at_once_give_different_numbers() {
    both(async |db| {
        let writers: Vec<_> = (0..20)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move { saved(&db, &[n * 10 + 1, n * 10 + 2]).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let mut given = tickets(&db, ConversationFilter::default(), first(100)).await;
        given.sort_unstable();
        assert_eq!(given, (1..=40).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn conversations_are_filtered_sorted_and_paged() {
    both(async |db| {
        saved(&db, &[1, 2, 3, 4]).await;
        ended(&db, 1, EndReason::AgentHungUp, NOW + 60_000).await;
        ended(
            &db,
            2,
            EndReason::Refused(Refusal::NumberUnknown),
            NOW + 2_000,
        )
        .await;
        let of = |status| ConversationFilter {
            status: Some(status),
            ..ConversationFilter::default()
        };
        let all = ConversationFilter::default;
        for (filter, expect) in [
            (of(ConversationStatus::Open), vec![4, 3]),
            (of(ConversationStatus::ClosedResolved), vec![1]),
            (of(ConversationStatus::ClosedUnresolved), vec![2]),
            (
                ConversationFilter {
                    handed_off: Some(false),
                    ..all()
                },
                vec![4, 3, 2, 1],
            ),
            (
                ConversationFilter {
                    created_after: Some(NOW + 2_000),
                    ..all()
                },
                vec![4, 3],
            ),
            (
                ConversationFilter {
                    created_before: Some(NOW + 2_000),
                    ..all()
                },
                vec![1],
            ),
            (
                ConversationFilter {
                    updated_after: Some(NOW + 5_000),
                    ..all()
                },
                vec![1],
            ),
            (
                ConversationFilter {
                    updated_before: Some(NOW + 2_001),
                    ..all()
                },
                vec![2],
            ),
        ] {
            assert_eq!(
                tickets(&db, filter.clone(), first(10)).await,
                expect,
                "{filter:?}"
            );
        }
        let page = |by, order, page| Part::Page {
            by,
            order,
            page,
            limit: Limit::try_from(2).unwrap(),
        };
        // One more than the limit, so that one sees whether there are more.
        for (part, expect) in [
            (
                page(SortBy::LastMessageAt, SortOrder::Desc, 1),
                vec![1, 4, 3],
            ),
            (page(SortBy::LastMessageAt, SortOrder::Desc, 2), vec![3, 2]),
            (page(SortBy::CreatedAt, SortOrder::Asc, 1), vec![1, 2, 3]),
            (page(SortBy::CreatedAt, SortOrder::Desc, 3), vec![]),
        ] {
            assert_eq!(tickets(&db, all(), part).await, expect, "{part:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_changed_since_is_found_among_many_as_among_few() {
    both(async |db| {
        let many: Vec<u128> = (1..=2_010).collect();
        saved(&db, &many).await;
        ended(&db, 1, EndReason::HandedOn, NOW + 3_000_000).await;
        let since = |updated_after, handed_off| ConversationFilter {
            updated_after: Some(updated_after),
            handed_off,
            ..ConversationFilter::default()
        };
        // Few: the last two to begin, and the one that has ended since.
        let few = NOW + 2_008_500;
        assert_eq!(
            tickets(&db, since(few, None), first(10)).await,
            [2_010, 2_009, 1]
        );
        assert_eq!(
            tickets(&db, since(few, None), first(1)).await,
            [2_010, 2_009]
        );
        assert_eq!(tickets(&db, since(few, Some(true)), first(10)).await, [1]);
        assert_eq!(
            tickets(&db, since(few, Some(false)), first(10)).await,
            [2_010, 2_009]
        );
        // Many: all of them.
        assert_eq!(
            tickets(&db, since(NOW, None), first(2)).await,
            [2_010, 2_009, 2_008]
        );
        assert_eq!(tickets(&db, since(NOW, Some(true)), first(10)).await, [1]);
    })
    .await;
}
