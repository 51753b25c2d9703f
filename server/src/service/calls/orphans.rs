//! Calls that a dead process left open.

use app::domain::call::{Call, CallEnd, CallState, EndReason, RecordingState};
use app::domain::webhook::{Event, EventKind, Told};

use super::{CallDesk, recording_name, told};
use crate::store::{self, StoreError};

impl CallDesk {
    /// Ends calls whose process is gone, so that no row stays open for ever.
    pub async fn close_orphans(&self) -> Result<usize, StoreError> {
        let mut tx = self.db.append().await?;
        let open = store::calls::unfinished(&mut tx).await?;
        let mut closed = Vec::new();
        for (mut call, owner) in open {
            if owner != self.settings.instance || self.live.has(call.id) {
                continue;
            }
            let Some(mut papers) = store::calls::papers(&mut tx, call.id).await? else {
                continue;
            };
            let end = CallEnd::because(EndReason::Interrupted);
            call.state = CallState::Ended;
            call.end = Some(end);
            call.ended_at = Some(self.clock.now_ms().max(call.started_at));
            if call.recording == RecordingState::Running {
                call.recording = RecordingState::Kept;
                papers.recording_path = Some(recording_name(call.id));
            }
            store::calls::save(&mut tx, &call, &papers).await?;
            store::conversations::number(&mut tx, &[call.id]).await?;
            closed.push(call);
        }
        let told = |call: &Call| {
            let call = Box::new(call.clone());
            self.event(EventKind::CallEnded, Told::Call { call })
        };
        let events: Vec<Event> = closed.iter().map(told).collect();
        store::deliveries::queue(&mut tx, &events.iter().collect::<Vec<_>>()).await?;
        tx.commit().await?;
        closed.iter().for_each(told::ended);
        Ok(closed.len())
    }
}
