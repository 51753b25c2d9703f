//! Outbound trunks: the ways out, who uses them, and whether they can be reached.

use std::sync::Arc;

use app::domain::id::OutboundTrunkId;
use app::domain::outbound::{
    CheckStep, Health, OutboundDraft, OutboundSettings, OutboundTrunk, OutboundView,
};
use app::domain::sip::Host;
use app::error::{AppError, Conflict, Reason, Scope, Thing, Unavailable};
use app::ports::{Caller, OutboundTrunks};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::calls::CallDesk;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::version;
use crate::store::{self, Conn};

/// The use cases of outbound trunks.
pub struct OutboundDesk {
    core: Core,
    desk: Arc<CallDesk>,
}

impl OutboundDesk {
    pub fn new(core: Core, desk: Arc<CallDesk>) -> Self {
        Self { core, desk }
    }

    async fn stored(
        &self,
        conn: &mut Conn,
        id: OutboundTrunkId,
    ) -> Result<OutboundTrunk, AppError> {
        let trunk = store::outbound::get(conn, id).await?;
        trunk.ok_or(AppError::NotFound(Thing::OutboundTrunk))
    }

    async fn view(&self, conn: &mut Conn, trunk: OutboundTrunk) -> Result<OutboundView, AppError> {
        let agents = store::outbound::agents(conn, trunk.id).await?;
        let (mut health, registration) = match self.desk.switchboard() {
            Some(switchboard) => switchboard.health(trunk.id),
            None => (Health::default(), None),
        };
        health.last_answered_at = store::outbound::last_answered(conn, trunk.id).await?;
        Ok(OutboundView {
            trunk,
            agents,
            health,
            registration,
        })
    }

    /// A trunk must lead somewhere else: its calls would come back in, and go out again.
    async fn leads_out(&self, settings: &OutboundSettings) -> Result<(), AppError> {
        leads_out(&self.desk, "host", &settings.host).await?;
        match &settings.outbound_proxy {
            Some(proxy) => leads_out(&self.desk, "outbound_proxy", &proxy.host).await,
            None => Ok(()),
        }
    }
}

/// Whether calls to this host go anywhere but to this server.
pub(super) async fn leads_out(desk: &CallDesk, field: &str, host: &Host) -> Result<(), AppError> {
    let Some(switchboard) = desk.switchboard() else {
        return Ok(());
    };
    match switchboard.own_address(host).await {
        None => Ok(()),
        Some(address) => Err(AppError::field(
            field,
            Reason::OwnAddress {
                found: host.to_string(),
                address: address.to_string(),
            },
        )),
    }
}

fn record(action: &'static str, trunk: &OutboundTrunk) -> Record<'static> {
    Record {
        action,
        subject: trunk.id.to_string(),
        label: trunk.settings.name.clone(),
    }
}

#[async_trait]
impl OutboundTrunks for OutboundDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<OutboundView>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.core.db.read().await?;
        let mut views = Vec::new();
        for trunk in store::outbound::list(&mut conn).await? {
            views.push(self.view(&mut conn, trunk).await?);
        }
        Ok(views)
    }

    async fn get(&self, caller: &Caller, id: OutboundTrunkId) -> Result<OutboundView, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.core.db.read().await?;
        let trunk = self.stored(&mut conn, id).await?;
        self.view(&mut conn, trunk).await
    }

    async fn create(
        &self,
        caller: &Caller,
        draft: OutboundDraft,
    ) -> Result<OutboundView, AppError> {
        caller.may(Scope::SipWrite)?;
        let new = draft.parse()?;
        self.leads_out(&new.settings).await?;
        let now = self.core.clock.now_ms();
        let trunk = OutboundTrunk {
            id: self.core.clock.new_id::<OutboundTrunkId>(),
            settings: new.settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.core.db.begin().await?;
        store::outbound::insert(&mut tx, &trunk, new.password.set()).await?;
        record("create_outbound_trunk", &trunk)
            .write(&mut tx, &self.core, caller, None, Some(&trunk))
            .await?;
        let view = self.view(&mut tx, trunk.clone()).await?;
        self.core
            .commit(tx, [RouteChange::Outbound(trunk, new.password)])
            .await?;
        Ok(view)
    }

    async fn update(
        &self,
        caller: &Caller,
        id: OutboundTrunkId,
        draft: OutboundDraft,
    ) -> Result<OutboundView, AppError> {
        caller.may(Scope::SipWrite)?;
        let standing = {
            let mut conn = self.core.db.read().await?;
            self.stored(&mut conn, id).await?
        };
        // Names are looked up before the one writing connection is taken.
        self.leads_out(&draft.over(&standing.settings)?.settings)
            .await?;
        let mut tx = self.core.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        let new = draft.over(&before.settings)?;
        let after = OutboundTrunk {
            settings: new.settings,
            version: before.version + 1,
            updated_at: self.core.clock.now_ms(),
            ..before.clone()
        };
        if !store::outbound::update(&mut tx, &after, &new.password).await? {
            return Err(version::raced(before.version));
        }
        record("update_outbound_trunk", &after)
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, after.clone()).await?;
        self.core
            .commit(tx, [RouteChange::Outbound(after, new.password)])
            .await?;
        Ok(view)
    }

    async fn delete(&self, caller: &Caller, id: OutboundTrunkId) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let trunk = self.stored(&mut tx, id).await?;
        let agents = store::outbound::agents(&mut tx, id).await?;
        if !agents.is_empty() {
            return Err(AppError::Conflict(Conflict::OutboundInUse { agents }));
        }
        store::outbound::delete(&mut tx, id).await?;
        record("delete_outbound_trunk", &trunk)
            .write(&mut tx, &self.core, caller, Some(&trunk), None)
            .await?;
        self.core.commit(tx, [RouteChange::OutboundGone(id)]).await
    }

    async fn check(
        &self,
        caller: &Caller,
        id: OutboundTrunkId,
    ) -> Result<Vec<CheckStep>, AppError> {
        caller.may(Scope::SipWrite)?;
        let trunk = {
            let mut conn = self.core.db.read().await?;
            self.stored(&mut conn, id).await?
        };
        match self.desk.switchboard() {
            Some(switchboard) => Ok(switchboard.check(&trunk).await),
            None => Err(AppError::Unavailable(Unavailable::Draining)),
        }
    }
}
