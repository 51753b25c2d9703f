//! What becomes old, on both databases: deleted by its own limit, never before it, and no
//! recording is left that no call knows of.

use std::path::Path;

use app::domain::call::{Call, CallEnd, CallState, EndReason, RecordingState};
use server::clock::Clock;
use server::config;
use server::service::retention::Retention;
use server::store::{Db, calls};

use crate::databases::both;
use crate::samples::{self, NOW};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const LIMITS: config::Retention = config::Retention {
    calls_days: 90,
    recordings_days: 30,
    sip_messages_days: 7,
    audit_days: 365,
};

fn keeper(db: &Db, folder: &Path, limits: config::Retention) -> Retention {
    Retention {
        db: db.clone(),
        clock: Clock::fixed(NOW),
        limits,
        recordings: folder.to_owned(),
    }
}

fn ended(n: u128, days_ago: i64) -> Call {
    let mut call = samples::call(n, NOW - days_ago * DAY_MS);
    call.state = CallState::Ended;
    call.ended_at = Some(call.started_at + 1000);
    call.end = Some(CallEnd::because(EndReason::CallerHungUp));
    call.recording = RecordingState::Kept;
    call
}

/// Keeps the call with a recording of that name.
async fn keep(db: &Db, call: &Call, recording: &str) {
    let mut papers = samples::papers();
    papers.recording_path = Some(recording.to_owned());
    let mut tx = db.append().await.unwrap();
    calls::save(&mut tx, call, &papers).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(db: &Db, call: &Call) -> Option<RecordingState> {
    let mut conn = db.read().await.unwrap();
    let row = calls::get(&mut conn, call.id).await.unwrap();
    row.map(|row| row.recording)
}

#[tokio::test]
async fn each_thing_goes_at_its_own_age() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let [recent, month, quarter] = [ended(1, 29), ended(2, 31), ended(3, 91)];
        let mut going = samples::call(4, NOW - 91 * DAY_MS);
        going.recording = RecordingState::Running;
        for (call, name) in [
            (&recent, "recent.wav"),
            (&month, "month.wav"),
            (&quarter, "quarter.wav"),
            (&going, "going.wav"),
        ] {
            std::fs::write(folder.path().join(name), "RIFF").unwrap();
            keep(&db, call, name).await;
        }
        keeper(&db, folder.path(), LIMITS).sweep().await.unwrap();

        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!(found(&db, &recent).await, Some(RecordingState::Kept));
        assert!(left("recent.wav"));
        assert_eq!(found(&db, &month).await, Some(RecordingState::Deleted));
        assert!(!left("month.wav"));
        assert_eq!(found(&db, &quarter).await, None);
        assert!(!left("quarter.wav"));
        assert_eq!(found(&db, &going).await, Some(RecordingState::Running));
        assert!(left("going.wav"), "its call has not ended");
    })
    .await;
}

#[tokio::test]
async fn zero_days_keep_everything() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let old = ended(1, 4000);
        std::fs::write(folder.path().join("old.wav"), "RIFF").unwrap();
        keep(&db, &old, "old.wav").await;
        let limits = config::Retention {
            calls_days: 0,
            recordings_days: 0,
            sip_messages_days: 0,
            audit_days: 0,
        };
        keeper(&db, folder.path(), limits).sweep().await.unwrap();
        assert_eq!(found(&db, &old).await, Some(RecordingState::Kept));
        assert!(folder.path().join("old.wav").exists());
    })
    .await;
}

#[tokio::test]
async fn a_recording_that_can_not_be_deleted_keeps_its_call() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let (stuck, gone) = (ended(1, 91), ended(2, 91));
        // A folder where the file should be: nobody can remove that as a file.
        std::fs::create_dir(folder.path().join("stuck.wav")).unwrap();
        keep(&db, &stuck, "stuck.wav").await;
        keep(&db, &gone, "gone.wav").await;
        keeper(&db, folder.path(), LIMITS).sweep().await.unwrap();
        assert_eq!(found(&db, &stuck).await, Some(RecordingState::Kept));
        assert_eq!(found(&db, &gone).await, None, "its file was gone already");
    })
    .await;
}
