//! Deletes what has become older than `[retention]` allows, and what is used up anyway.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::config;
use crate::store::{Db, StoreError, aging, calls, idempotency};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Recordings in one transaction.
const AT_ONCE: i64 = 200;

/// Sweeps; whoever runs the server says when.
#[derive(Clone, Debug)]
pub struct Retention {
    pub db: Db,
    pub clock: Clock,
    pub limits: config::Retention,
    pub recordings: PathBuf,
}

impl Retention {
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let limits = &self.limits;
        if let Some(before) = self.before(limits.recordings_days) {
            self.delete_recordings(before).await?;
        }
        if let Some(before) = self.before(limits.calls_days) {
            // Its file first: without the row nobody would know of it.
            self.delete_recordings(before).await?;
            let mut tx = self.db.append().await?;
            calls::delete_before(&mut tx, before).await?;
            tx.commit().await?;
        }
        let mut tx = self.db.append().await?;
        if let Some(before) = self.before(limits.sip_messages_days) {
            aging::delete_messages(&mut tx, before).await?;
        }
        if let Some(before) = self.before(limits.audit_days) {
            aging::delete_audit(&mut tx, before).await?;
        }
        idempotency::forget_before(&mut tx, self.clock.now_ms() - DAY_MS).await?;
        tx.commit().await
    }

    /// Nothing is too old when nothing is deleted.
    fn before(&self, days: u32) -> Option<i64> {
        (days > 0).then(|| self.clock.now_ms() - i64::from(days) * DAY_MS)
    }

    async fn delete_recordings(&self, before: i64) -> Result<(), StoreError> {
        loop {
            let due = aging::recordings(&mut self.db.read().await?, before, AT_ONCE).await?;
            let mut gone = Vec::new();
            for (call, path) in &due {
                match tokio::fs::remove_file(self.recordings.join(path)).await {
                    Ok(()) => gone.push(*call),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => gone.push(*call),
                    Err(error) => tracing::warn!(call.id = %call, %error, "a recording stays"),
                }
            }
            let mut tx = self.db.append().await?;
            for call in &gone {
                aging::forget_recording(&mut tx, *call).await?;
            }
            tx.commit().await?;
            // A file that stays would be met again for ever.
            if gone.len() < due.len() || due.is_empty() {
                return Ok(());
            }
        }
    }
}
