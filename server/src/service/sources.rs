//! Who did not get in: the edge's table, for those who may see it.

use std::net::IpAddr;
use std::sync::Arc;

use app::domain::seen::News;
use app::error::{AppError, Scope, Thing};
use app::ports::{Caller, Source, Sources};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::calls::CallDesk;
use crate::service::core::Core;

/// Asks the edge through the desk.
pub struct SourceDesk {
    desk: Arc<CallDesk>,
    core: Core,
}

impl SourceDesk {
    pub fn new(desk: Arc<CallDesk>, core: Core) -> Self {
        Self { desk, core }
    }
}

#[async_trait]
impl Sources for SourceDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<Source>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut sources = self
            .desk
            .switchboard()
            .map(|edge| edge.sources())
            .unwrap_or_default();
        for source in &mut sources {
            source.dialled_ours = source
                .dialled
                .as_deref()
                .is_some_and(|dialled| self.desk.is_ours(dialled));
        }
        sources.sort_by_key(|source| (!source.dialled_ours, std::cmp::Reverse(source.last_at)));
        Ok(sources)
    }

    async fn unblock(&self, caller: &Caller, address: IpAddr) -> Result<Source, AppError> {
        caller.may(Scope::SipWrite)?;
        let source = self
            .desk
            .switchboard()
            .and_then(|edge| edge.unblock(address));
        let source = source.ok_or(AppError::NotFound(Thing::Source))?;
        let record = Record {
            action: "unblock_source",
            subject: address.to_string(),
            label: address.to_string(),
        };
        let mut tx = self.core.db.begin().await?;
        record
            .write::<()>(&mut tx, &self.core, caller, None, None)
            .await?;
        tx.commit().await?;
        self.core.news.tell(News::Sources);
        Ok(source)
    }
}
