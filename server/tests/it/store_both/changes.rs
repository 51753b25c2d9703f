//! Rows of calls that are there already.

use app::domain::call::{CallEnd, CallFilter, CallState, EndReason, Quality, RecordingState};
use app::domain::id::CallId;
use app::domain::routing::{Check, Note, Outcome, Receipt, Refusal, Step};
use app::domain::sip::Transport;
use server::store::calls::CallPapers;
use server::store::{calls, inbox};

use crate::databases::both;
use crate::samples::{NOW, call, papers};

#[tokio::test]
async fn rows_that_are_there_take_what_changed_and_keep_the_rest() {
    both(async |db| {
        let papers = papers();
        let (mut answered, mut refused) = (call(1, NOW), call(2, NOW));
        let mut tx = db.append().await.unwrap();
        calls::save_all(&mut tx, &[(&answered, &papers), (&refused, &papers)])
            .await
            .unwrap();
        for (row, reason) in [
            (&mut answered, EndReason::CallerHungUp),
            (&mut refused, EndReason::Refused(Refusal::NoCodec)),
        ] {
            row.state = CallState::Ended;
            row.end = Some(CallEnd::because(reason));
            row.phrase = Some("Bye\0".to_owned());
            row.source = Some("2001:db8::1".parse().unwrap());
            row.transport = Some(Transport::Tls);
            row.software = None;
            row.sip_call_id = "another".to_owned();
            row.late = true;
            row.ringing_at = Some(NOW + 1);
            row.answered_at = Some(NOW + 2);
            row.first_audio_at = Some(NOW + 3);
            row.ended_at = Some(NOW + 4);
            row.codec = Some("PCMA".to_owned());
            row.recording = RecordingState::Kept;
        }
        let kept = CallPapers {
            quality: Some(Quality::default()),
            recording_path: Some("x.wav".to_owned()),
            ..papers.clone()
        };
        let new = CallPapers {
            receipt: looked_at(Step::Carrier),
            instance: "another".to_owned(),
            ..kept.clone()
        };
        let changed = [(&answered, &new), (&refused, &new)];
        let lost = calls::change_all(&mut tx, &changed).await.unwrap();
        assert_eq!(lost, []);
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        for mut row in [answered, refused.clone()] {
            row.phrase = Some("Bye\u{fffd}".to_owned());
            let found = calls::get(&mut conn, row.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&row));
            let papers = calls::papers(&mut conn, row.id).await.unwrap();
            assert_eq!(papers.as_ref(), Some(&kept));
        }
        let turned_away = CallFilter {
            refused: Some(true),
            ..CallFilter::default()
        };
        let found = inbox::page(&mut conn, &turned_away).await.unwrap();
        let found: Vec<CallId> = found.items.iter().map(|call| call.id).collect();
        assert_eq!(found, [refused.id]);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_was_lost_is_made_of_what_is_known_now() {
    both(async |db| {
        let papers = CallPapers {
            receipt: looked_at(Step::Room),
            ..papers()
        };
        let (there, mut lost) = (call(1, NOW), call(2, NOW));
        let mut tx = db.append().await.unwrap();
        calls::save_all(&mut tx, &[(&there, &papers)])
            .await
            .unwrap();
        lost.state = CallState::Ended;
        lost.end = Some(CallEnd::because(EndReason::CallerHungUp));
        lost.ended_at = Some(NOW + 4);
        let changed = [(&there, &papers), (&lost, &papers)];
        let made = calls::change_all(&mut tx, &changed).await.unwrap();
        assert!(made.contains(&lost.id), "{made:?}");
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        for row in [there, lost] {
            let found = calls::get(&mut conn, row.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&row));
            let found = calls::papers(&mut conn, row.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&papers));
        }
    })
    .await;
}

fn looked_at(step: Step) -> Receipt {
    let outcome = Outcome::Passed;
    let note = Note::Draining;
    let checks = vec![Check {
        step,
        outcome,
        note,
    }];
    Receipt { checks, near: None }
}
