//! Who changed what: one entry a change, written in the change's own transaction.

use app::domain::account::{AuditEntry, AuditFilter};
use app::domain::id::AuditId;
use app::domain::page::{Cursor, Page};
use app::error::{AppError, Scope};
use app::ports::{AuditLog, Caller, Who};
use async_trait::async_trait;
use serde::Serialize;

use crate::clock::Clock;
use crate::service::core::Core;
use crate::store::audit::{self, Actor, Entry};
use crate::store::{StoreError, Tx};

/// A change, before it is written.
pub(super) struct Record<'a> {
    /// Verb and thing, such as `create_access`.
    pub action: &'a str,
    /// Id or number of the thing.
    pub subject: String,
    /// What it is called.
    pub label: String,
}

impl Record<'_> {
    /// Something came to be, changed or went. Values without secrets, so that none is kept.
    pub(super) async fn write<T: Serialize>(
        self,
        tx: &mut Tx,
        core: &Core,
        caller: &Caller,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        self.write_at(tx, &core.clock, caller, before, after).await
    }

    /// The same for those who have no core: people are known before there is one.
    pub(super) async fn write_at<T: Serialize>(
        self,
        tx: &mut Tx,
        clock: &Clock,
        caller: &Caller,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        audit::add(tx, &self.entry(clock, caller, before, after)?).await
    }

    /// The entry, for those who write many at once.
    pub(super) fn entry<T: Serialize>(
        self,
        clock: &Clock,
        caller: &Caller,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<Entry, StoreError> {
        let json = |value: Option<&T>| {
            value
                .map(serde_json::to_string)
                .transpose()
                .map_err(StoreError::Encode)
        };
        Ok(Entry {
            id: clock.new_id::<AuditId>(),
            at: clock.now_ms(),
            actor: match &caller.who {
                Who::User(user) => Actor::User(user.id.as_uuid()),
                Who::Key { id, .. } => Actor::Key(id.as_uuid()),
                Who::Operator | Who::Nobody => Actor::System,
            },
            actor_name: caller.name(),
            action: self.action.to_owned(),
            subject: self.subject,
            label: self.label,
            before: json(before)?,
            after: json(after)?,
        })
    }
}

/// The log, for those who may read it.
pub struct Audit(pub Core);

#[async_trait]
impl AuditLog for Audit {
    async fn list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
    ) -> Result<Page<AuditEntry>, AppError> {
        caller.may(Scope::Full)?;
        let limit = filter.limit.unwrap_or_default();
        let mut conn = self.0.db.read().await?;
        let entries = audit::page(&mut conn, &filter).await?;
        let page = Page::of(entries, limit, |entry| Cursor {
            at_ms: entry.at,
            id: entry.id.as_uuid(),
        });
        Ok(page.map(shown))
    }
}

/// As readers of the log see it.
pub(super) fn shown(entry: Entry) -> AuditEntry {
    AuditEntry {
        id: entry.id,
        at: entry.at,
        who: entry.actor_name,
        what: entry.action,
        subject: entry.subject,
        label: entry.label,
        before: entry.before,
        after: entry.after,
    }
}
