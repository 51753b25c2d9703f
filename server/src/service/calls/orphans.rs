//! Calls that a dead process left open.

use std::sync::Arc;

use app::domain::call::{CallEnd, CallState, EndReason, RecordingState};
use app::domain::id::CallId;
use app::domain::transfer::{Transfer, TransferState};
use app::domain::webhook::{EventKind, Told};

use super::telling::over;
use super::{CallDesk, recording_name, told};
use crate::store::notices::{self, CallNotice};
use crate::store::{self, StoreError, Tx};

impl CallDesk {
    /// Ends the calls that a former life of this process left open, so that no row stays open for ever.
    pub async fn close_orphans(&self) -> Result<usize, StoreError> {
        let tx = self.db.append().await?;
        self.close(tx, |owner| owner == self.settings.instance)
            .await
    }

    /// Ends the calls of instances that are dead.
    pub(super) async fn close_lapsed(&self) -> Result<usize, StoreError> {
        let mut tx = self.db.append().await?;
        if !store::instances::may_sweep(&mut tx).await? {
            return Ok(0);
        }
        let alive = store::instances::alive(&mut tx).await?;
        let dead = |owner: &str| !alive.iter().any(|name| name == owner);
        let closed = self.close(tx, dead).await?;
        if closed > 0 {
            tracing::warn!(calls = closed, "calls.of_the_dead.closed");
        }
        Ok(closed)
    }

    async fn close(&self, mut tx: Tx, is_gone: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
        let open = store::calls::unfinished(&mut tx).await?;
        let mut closed = Vec::new();
        let mut events = Vec::new();
        for (mut call, owner) in open {
            if !is_gone(&owner) || self.live.has(call.id) {
                continue;
            }
            let Some(mut papers) = store::calls::papers(&mut tx, call.id).await? else {
                continue;
            };
            let end = CallEnd::because(EndReason::Interrupted);
            let now = self.clock.now_ms().max(call.started_at);
            call.state = CallState::Ended;
            call.end = Some(end);
            call.ended_at = Some(now);
            if call.recording == RecordingState::Running {
                call.recording = RecordingState::Kept;
                papers.recording_path = Some(recording_name(call.id));
            }
            store::calls::save(&mut tx, &call, &papers).await?;
            for transfer in close_transfers(&mut tx, call.id, now).await? {
                events.extend(
                    over(&transfer).map(|told| self.event(EventKind::TransferCompleted, told)),
                );
            }
            events.push(self.event(
                EventKind::CallEnded,
                Told::Call {
                    call: Arc::new(call.clone()),
                },
            ));
            closed.push(call);
        }
        store::deliveries::queue(&mut tx, &events.iter().collect::<Vec<_>>()).await?;
        let ids: Vec<CallId> = closed.iter().map(|call| call.id).collect();
        notices::tell(&mut tx, ids.iter().copied().map(CallNotice::Row)).await?;
        store::conversations::number(&mut tx, &ids).await?;
        tx.commit().await?;
        for call in &closed {
            told::ended(call, None);
            self.tell_row(call);
        }
        Ok(closed.len())
    }
}

/// What became of those that were under way nobody can tell any more.
async fn close_transfers(tx: &mut Tx, call: CallId, now: i64) -> Result<Vec<Transfer>, StoreError> {
    let mut closed = Vec::new();
    for mut transfer in store::transfers::of_call(tx, call).await? {
        if transfer.ended_at.is_some() {
            continue;
        }
        transfer.state = TransferState::Unknown;
        transfer.reason = Some(EndReason::Interrupted.code().to_owned());
        transfer.ended_at = Some(now);
        store::transfers::save(tx, &transfer).await?;
        closed.push(transfer);
    }
    Ok(closed)
}
