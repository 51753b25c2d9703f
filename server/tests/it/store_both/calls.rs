//! Calls, their timeline, transcript and messages.

use app::domain::call::{
    Call, CallEnd, CallFilter, CallResult, CallSort, CallState, Direction, EndReason, Happening,
    Quality, Said, SipMessageRecord, Speaker, TimelineEvent, TranscriptLine,
};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::page::Limit;
use app::domain::routing::Refusal;
use app::domain::sip::Transport;
use server::store::{Conn, aging, calls, inbox, timeline};

use crate::databases::both;
use crate::samples::{NOW, call, papers, phone, uuid};

#[tokio::test]
async fn a_call_row_follows_the_call_to_its_end() {
    both(async |db| {
        let mut row = call(1, NOW);
        let mut papers = papers();
        let mut tx = db.append().await.unwrap();
        calls::save(&mut tx, &row, &papers).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            calls::get(&mut conn, row.id).await.unwrap().as_ref(),
            Some(&row)
        );
        assert_eq!(
            calls::unfinished(&mut conn).await.unwrap(),
            [(row.clone(), "one".to_owned())]
        );
        drop(conn);

        row.state = CallState::Ended;
        row.answered_at = Some(NOW + 10);
        row.ended_at = Some(NOW + 20);
        row.end = Some(CallEnd::because(EndReason::CallerHungUp));
        row.agent = Some(AgentId::from_uuid(uuid(50)));
        row.agent_name = Some("Front desk".to_owned());
        row.codec = Some("PCMU".to_owned());
        papers.quality = Some(Quality::default());
        papers.recording_path = Some("2025/11/x.wav".to_owned());
        let mut tx = db.append().await.unwrap();
        calls::save(&mut tx, &row, &papers).await.unwrap();
        calls::repeat(&mut tx, row.id, 3).await.unwrap();
        tx.commit().await.unwrap();
        row.repeats = 3;
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            calls::get(&mut conn, row.id).await.unwrap().as_ref(),
            Some(&row)
        );
        assert_eq!(
            calls::papers(&mut conn, row.id).await.unwrap(),
            Some(papers)
        );
        assert_eq!(
            calls::papers(&mut conn, CallId::from_uuid(uuid(404)))
                .await
                .unwrap(),
            None
        );
        assert_eq!(calls::unfinished(&mut conn).await.unwrap(), []);
        assert_eq!(
            calls::results_since(&mut conn, NOW).await.unwrap(),
            [("success".to_owned(), 3)]
        );
        assert_eq!(calls::results_since(&mut conn, NOW + 1).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_peers_send_is_kept_whatever_it_is() {
    both(async |db| {
        let mut row = call(1, NOW);
        row.sent_as = "\0'; drop table calls; --".to_owned();
        row.caller.raw_from = "\u{202e}\"<script>\" \0".to_owned();
        row.software = Some("x".repeat(4_000));
        let mut tx = db.append().await.unwrap();
        calls::save(&mut tx, &row, &papers()).await.unwrap();
        let message = SipMessageRecord {
            at: NOW,
            sent: false,
            peer: "203.0.113.10:5060".to_owned(),
            transport: Transport::Tcp,
            summary: "INVITE sip:\0@host SIP/2.0".to_owned(),
            text: "INVITE sip:\0@host SIP/2.0\r\n\r\n".to_owned(),
        };
        timeline::add_messages(&mut tx, &[(row.id, &message)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let stored = calls::get(&mut conn, row.id).await.unwrap().unwrap();
        assert_eq!(stored.sent_as, "\u{fffd}'; drop table calls; --");
        let messages = timeline::messages(&mut conn, row.id).await.unwrap();
        assert_eq!(messages, [message]);
        drop(conn);

        // They age; the call stays.
        let mut tx = db.append().await.unwrap();
        aging::delete_messages(&mut tx, NOW).await.unwrap();
        let messages = timeline::messages(&mut tx, row.id).await.unwrap();
        assert_eq!(messages.len(), 1);
        aging::delete_messages(&mut tx, NOW + 1).await.unwrap();
        let messages = timeline::messages(&mut tx, row.id).await.unwrap();
        assert_eq!(messages, []);
        assert!(calls::get(&mut tx, row.id).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn timeline_and_transcript_keep_their_order() {
    both(async |db| {
        let row = call(1, NOW);
        let events = [
            TimelineEvent {
                at: NOW,
                what: Happening::Received,
            },
            TimelineEvent {
                at: NOW,
                what: Happening::Ringing,
            },
            TimelineEvent {
                at: NOW + 4,
                what: Happening::Digit {
                    digit: "5".to_owned(),
                },
            },
        ];
        let said = [
            Said::Words("Hello?".to_owned()),
            Said::Digits("5".to_owned()),
            Said::Speech,
        ];
        let lines = said.map(|said| TranscriptLine {
            speaker: Speaker::Agent,
            said,
            start_ms: 0,
            end_ms: 900,
        });
        let mut tx = db.append().await.unwrap();
        calls::save(&mut tx, &row, &papers()).await.unwrap();
        for event in &events {
            let one = [(row.id, event)];
            timeline::add_events(&mut tx, &one).await.unwrap();
        }
        let all: Vec<_> = lines.iter().map(|line| (row.id, line)).collect();
        timeline::add_lines(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert_eq!(timeline::events(&mut conn, row.id).await.unwrap(), events);
        assert_eq!(
            timeline::transcript(&mut conn, row.id).await.unwrap(),
            lines
        );
        drop(conn);

        let mut tx = db.append().await.unwrap();
        assert_eq!(
            calls::delete_before(&mut tx, NOW + 1).await.unwrap(),
            0,
            "it has not ended"
        );
        let mut ended = row.clone();
        ended.state = CallState::Ended;
        ended.ended_at = Some(NOW);
        ended.end = Some(CallEnd::because(EndReason::Interrupted));
        calls::save(&mut tx, &ended, &papers()).await.unwrap();
        assert_eq!(calls::delete_before(&mut tx, NOW + 1).await.unwrap(), 1);
        assert_eq!(timeline::events(&mut tx, row.id).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_many_calls_leave_behind_is_written_together_and_keeps_its_order() {
    both(async |db| {
        let rows: Vec<_> = (0..70).map(|n| call(n, NOW)).collect();
        let papers = papers();
        let saved: Vec<_> = rows.iter().map(|row| (row, &papers)).collect();
        // More than go in a row.
        let messages: Vec<SipMessageRecord> = (0..150)
            .map(|n| SipMessageRecord {
                at: NOW + n,
                sent: n == 1,
                peer: "203.0.113.10:5060".to_owned(),
                transport: Transport::Udp,
                summary: format!("Message {n}"),
                text: format!("Message {n}\r\n\r\n"),
            })
            .collect();
        let mut tx = db.append().await.unwrap();
        calls::save_all(&mut tx, &saved).await.unwrap();
        // In two rounds, the messages of all calls among each other.
        for round in [&messages[..2], &messages[2..]] {
            let sent: Vec<_> = round
                .iter()
                .flat_map(|message| rows.iter().map(move |row| (row.id, message)))
                .collect();
            timeline::add_messages(&mut tx, &sent).await.unwrap();
        }
        calls::save_all(&mut tx, &saved).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        for row in &rows {
            assert_eq!(
                calls::get(&mut conn, row.id).await.unwrap().as_ref(),
                Some(row)
            );
            assert_eq!(
                timeline::messages(&mut conn, row.id).await.unwrap(),
                messages
            );
        }
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one list, asked in every way")]
async fn the_list_filters_and_pages_from_the_newest() {
    both(async |db| {
        let agent = AgentId::from_uuid(uuid(50));
        let access = AccessId::from_uuid(uuid(51));
        let mut tx = db.append().await.unwrap();
        for n in 0..7_u128 {
            // Three of them begin in the same millisecond.
            let at = NOW + if n < 3 { 0 } else { i64::try_from(n).unwrap() };
            let mut row = call(n, at);
            match n {
                1 => {
                    row.state = CallState::Ended;
                    row.ended_at = Some(at);
                    row.ringing_at = None;
                    row.end = Some(CallEnd::because(EndReason::Refused(Refusal::NumberUnknown)));
                    row.number = None;
                    row.sent_as = "+14155550199".to_owned();
                }
                2 => {
                    row.agent = Some(agent);
                    row.access = Some(access);
                }
                3 => row.direction = Direction::Outbound,
                4 => row.caller.number = Some(phone("+33123456789")),
                _ => {}
            }
            calls::save(&mut tx, &row, &papers()).await.unwrap();
        }
        tx.commit().await.unwrap();

        let all = CallFilter::default;
        let cases = [
            (all(), vec![6, 5, 4, 3, 2, 1, 0]),
            (
                CallFilter {
                    direction: Some(Direction::Outbound),
                    ..all()
                },
                vec![3],
            ),
            (
                CallFilter {
                    state: Some(CallState::Ended),
                    ..all()
                },
                vec![1],
            ),
            (
                CallFilter {
                    result: Some(CallResult::ClientError),
                    ..all()
                },
                vec![1],
            ),
            (
                CallFilter {
                    refused: Some(true),
                    ..all()
                },
                vec![1],
            ),
            (
                CallFilter {
                    refused: Some(false),
                    ..all()
                },
                vec![6, 5, 4, 3, 2, 0],
            ),
            (
                CallFilter {
                    agent: Some(agent),
                    ..all()
                },
                vec![2],
            ),
            (
                CallFilter {
                    access: Some(access),
                    ..all()
                },
                vec![2],
            ),
            (
                CallFilter {
                    number: Some("+33123456789".to_owned()),
                    ..all()
                },
                vec![4],
            ),
            (
                CallFilter {
                    number: Some("0199".to_owned()),
                    ..all()
                },
                vec![1],
            ),
            (
                CallFilter {
                    number: Some("_".to_owned()),
                    ..all()
                },
                vec![],
            ),
            (
                CallFilter {
                    number: Some("\0".to_owned()),
                    ..all()
                },
                vec![],
            ),
            (
                CallFilter {
                    since: Some(NOW + 5),
                    ..all()
                },
                vec![6, 5],
            ),
            (
                CallFilter {
                    until: Some(NOW + 4),
                    ..all()
                },
                vec![3, 2, 1, 0],
            ),
        ];
        let mut conn = db.read().await.unwrap();
        for (filter, expect) in cases {
            let found = inbox::page(&mut conn, &filter).await.unwrap();
            let ids: Vec<_> = found.items.iter().map(|call| call.id.as_uuid()).collect();
            let expect: Vec<_> = expect.into_iter().map(uuid).collect();
            assert_eq!(ids, expect, "{filter:?}");
        }

        let two = CallFilter {
            limit: Some(Limit::try_from(2).unwrap()),
            ..all()
        };
        let pages = pages(&mut conn, two, u32::MAX).await;
        assert_eq!(pages, [vec![6, 5], vec![4, 3], vec![2, 1], vec![0]]);
    })
    .await;
}

/// All pages of a list, each as the last digits of its calls' ids.
async fn pages(conn: &mut Conn, filter: CallFilter, reach: u32) -> Vec<Vec<u128>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let filter = CallFilter {
            cursor,
            ..filter.clone()
        };
        let page = inbox::page_within(conn, &filter, reach).await.unwrap();
        let number = |call: &Call| call.id.as_uuid().as_u128() ^ uuid(0).as_u128();
        pages.push(page.items.iter().map(number).collect());
        cursor = page.next;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_search_looks_through_so_many_calls_and_goes_on_from_there() {
    both(async |db| {
        let (agent, seldom) = (AgentId::from_uuid(uuid(50)), phone("+33123456789"));
        let mut tx = db.append().await.unwrap();
        for n in 0..10_u128 {
            // Two each begin in the same millisecond.
            let mut row = call(n, NOW + i64::try_from(n / 2).unwrap());
            row.agent = (n % 2 == 0).then_some(agent);
            if matches!(n, 1 | 2 | 8) {
                row.caller.number = Some(seldom.clone());
            }
            calls::save(&mut tx, &row, &papers()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let part = CallFilter {
            number: Some("33123".to_owned()),
            ..CallFilter::default()
        };
        let oldest = CallFilter {
            sort: CallSort::Oldest,
            ..part.clone()
        };
        let one = CallFilter {
            limit: Some(Limit::ONE),
            ..part.clone()
        };
        let of_agent = CallFilter {
            agent: Some(agent),
            ..part.clone()
        };
        let whole = CallFilter {
            number: Some(seldom.to_string()),
            refused: Some(false),
            ..CallFilter::default()
        };
        let nobody = CallFilter {
            number: Some("99999".to_owned()),
            ..CallFilter::default()
        };
        let none: Vec<u128> = Vec::new();
        let cases = [
            (&part, 100, vec![vec![8, 2, 1]]),
            (&part, 4, vec![vec![8], vec![2], vec![1]]),
            (
                &part,
                3,
                vec![vec![8], none.clone(), vec![2, 1], none.clone()],
            ),
            (&oldest, 4, vec![vec![1, 2], none.clone(), vec![8]]),
            // More than fit a page come before the end of what is looked at.
            (&one, 9, vec![vec![8], vec![2], vec![1]]),
            // The five of the agent are looked at, not all ten.
            (&of_agent, 4, vec![vec![8, 2], none.clone()]),
            (&whole, 2, vec![vec![8, 2], vec![1]]),
            (&nobody, 6, vec![none.clone(), none.clone()]),
        ];
        for (filter, reach, expect) in cases {
            let found = pages(&mut conn, filter.clone(), reach).await;
            assert_eq!(found, expect, "{filter:?} within {reach}");
        }
    })
    .await;
}
