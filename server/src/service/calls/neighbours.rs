//! The other instances on the same database: this one says that it is alive, counts what runs there against every
//! limit, gives an end to the calls of those that are dead, and asks who carries a call to do something with it.

use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{Call, CallState};
use app::domain::id::{CallId, DestinationId};
use app::domain::transfer::Transfer;
use app::error::AppError;
use app::ports::News;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::CallDesk;
use crate::store::notices::{self, CallNotice};
use crate::store::{self, StoreError};

/// How often.
const TICK: Duration = Duration::from_secs(1);
/// An instance not heard of for so long is dead.
pub const LEASE: Duration = Duration::from_secs(10);
/// How long whoever carries a call has to do what it is asked.
const WITHIN: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl CallDesk {
    /// Keeps up with the others as long as it is polled; on SQLite there are none.
    pub async fn keep_up(self: Arc<Self>) {
        if !self.db.is_shared() {
            return;
        }
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held_since = None;
        loop {
            tick.tick().await;
            if let Err(error) = self.look_around(&mut held_since).await {
                tracing::warn!(%error, "calls.others.unknown");
            }
        }
    }

    /// One round. `held_since` is since when this instance's own lease has held without a gap: after an outage of the
    /// database all leases have lapsed, and each instance first has its time to say that it is there.
    async fn look_around(&self, held_since: &mut Option<Instant>) -> Result<(), StoreError> {
        let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.db.append().await?;
        let held = store::instances::renew(&mut tx, &self.settings.instance, lease).await?;
        tx.commit().await?;
        if !held {
            *held_since = None;
            self.reclaim();
        }
        let since = *held_since.get_or_insert_with(Instant::now);
        let mut conn = self.db.read().await?;
        let now = self.clock.now_ms();
        let elsewhere =
            store::instances::elsewhere(&mut conn, &self.settings.instance, now).await?;
        drop(conn);
        self.live.count_elsewhere(elsewhere);
        if since.elapsed() >= LEASE {
            self.close_lapsed().await?;
        }
        Ok(())
    }

    /// Others may have taken this instance for dead and its calls for over: their rows are written once more.
    fn reclaim(&self) {
        for call in self.live.ids() {
            self.writer.write_row(call);
        }
    }

    /// Ends a call that another instance carries: asks it to, and waits until the row says so.
    pub(super) async fn hang_up_elsewhere(&self, call: Call) -> Result<Call, AppError> {
        self.ask(CallNotice::HangUp(call.id)).await?;
        let begun = Instant::now();
        let mut call = call;
        while call.state != CallState::Ended && begun.elapsed() < WITHIN {
            sleep(LOOK_AGAIN).await;
            let mut conn = self.db.read().await?;
            call = store::calls::get(&mut conn, call.id).await?.unwrap_or(call);
        }
        Ok(call)
    }

    /// Hands on a call that another instance carries; none if that could not be done.
    pub(crate) async fn hand_on_elsewhere(
        &self,
        call: CallId,
        to: DestinationId,
    ) -> Result<Option<Transfer>, AppError> {
        let before = self.transfers(call).await?.len();
        self.ask(CallNotice::HandOn(call, to)).await?;
        let begun = Instant::now();
        while begun.elapsed() < WITHIN {
            sleep(LOOK_AGAIN).await;
            let since = self.transfers(call).await?.into_iter().skip(before);
            let asked = since
                .into_iter()
                .find(|transfer| transfer.target.destination == Some(to));
            if asked.is_some() {
                return Ok(asked);
            }
        }
        Ok(None)
    }

    async fn transfers(&self, call: CallId) -> Result<Vec<Transfer>, StoreError> {
        let mut conn = self.db.read().await?;
        store::transfers::of_call(&mut conn, call).await
    }

    async fn ask(&self, notice: CallNotice) -> Result<(), StoreError> {
        let mut tx = self.db.append().await?;
        notices::tell(&mut tx, [notice]).await?;
        tx.commit().await
    }

    /// Another instance asks for this, or tells it.
    pub(in crate::service) async fn heard(&self, notice: CallNotice) -> Result<(), StoreError> {
        match notice {
            CallNotice::Row(id) if self.news.has_readers() => {
                let mut conn = self.db.read().await?;
                if let Some(call) = store::calls::get(&mut conn, id).await? {
                    self.tell_row(&call);
                }
            }
            CallNotice::Line(call, start_ms) if self.news.has_readers() => {
                let mut conn = self.db.read().await?;
                let lines = store::timeline::transcript(&mut conn, call).await?;
                for line in lines.into_iter().filter(|line| line.start_ms == start_ms) {
                    self.news.tell(News::Line { call, line });
                }
            }
            CallNotice::Row(_) | CallNotice::Line(..) => {}
            CallNotice::HangUp(id) => {
                if let Some(switchboard) = self.switchboard().filter(|_| self.live.has(id)) {
                    switchboard.hang_up(id).await;
                }
            }
            CallNotice::HandOn(id, to) => {
                let switchboard = self.switchboard().filter(|_| self.live.has(id));
                if let (Some(switchboard), Some(to)) = (switchboard, self.destination(to)) {
                    switchboard.hand_on(id, to).await;
                }
            }
        }
        Ok(())
    }
}
