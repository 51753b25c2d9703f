//! Rows of calls that are there already.

use app::domain::call::{CallEnd, CallFilter, CallState, EndReason, Quality, RecordingState};
use app::domain::id::CallId;
use app::domain::routing::Refusal;
use app::domain::sip::Transport;
use server::store::calls::{CallPapers, Later};
use server::store::{calls, inbox};

use crate::databases::both;
use crate::samples::{NOW, call, papers};

#[tokio::test]
async fn rows_that_are_there_take_what_changed_and_keep_the_rest() {
    both(async |db| {
        let papers = papers();
        let (mut answered, mut refused, gone) = (call(1, NOW), call(2, NOW), call(3, NOW));
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
        let later = Later {
            quality: Some(Quality::default()),
            recording_path: Some("x.wav".to_owned()),
        };
        let changed = [(&answered, &later), (&refused, &later), (&gone, &later)];
        calls::change_all(&mut tx, &changed).await.unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        let kept = CallPapers {
            quality: later.quality,
            recording_path: later.recording_path.clone(),
            ..papers
        };
        for mut row in [answered, refused.clone()] {
            row.phrase = Some("Bye\u{fffd}".to_owned());
            let found = calls::get(&mut conn, row.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&row));
            let papers = calls::papers(&mut conn, row.id).await.unwrap();
            assert_eq!(papers.as_ref(), Some(&kept));
        }
        assert_eq!(calls::get(&mut conn, gone.id).await.unwrap(), None);
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
