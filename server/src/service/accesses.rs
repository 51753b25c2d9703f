//! Who may come in. In the API: credentials.

use app::domain::id::AccessId;
use app::domain::inbound::{Access, AccessDraft, AccessKind, AccessSettings};
use app::domain::sip::Secret;
use app::error::{AppError, Conflict, Reason, Scope, Thing};
use app::ports::{Accesses, Caller};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::{fault, generated, version};
use crate::store::{self, Conn, StoreError, Tx};

/// The use cases of accesses.
pub struct AccessDesk(pub Core);

impl AccessDesk {
    async fn stored(&self, conn: &mut Conn, id: AccessId) -> Result<Access, AppError> {
        let access = store::accesses::get(conn, id).await?;
        access.ok_or(AppError::NotFound(Thing::Access))
    }

    /// A new one with these settings; with username and password where its kind has them.
    async fn make(
        &self,
        mut tx: Tx,
        caller: &Caller,
        settings: AccessSettings,
    ) -> Result<Access, AppError> {
        let is_digest = settings.kind == AccessKind::Digest;
        let password = is_digest
            .then(generated::password)
            .transpose()
            .map_err(|error| fault::internal(&error))?;
        let now = self.0.clock.now_ms();
        let access = Access {
            id: self.0.clock.new_id::<AccessId>(),
            settings,
            username: is_digest.then(generated::username),
            endpoint_name: generated::endpoint_name(),
            last_used: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let trunk = store::trunk::get(&mut tx).await?;
        let trunk = trunk.ok_or(AppError::NotFound(Thing::InboundTrunk))?;
        store::accesses::insert(&mut tx, trunk.id, &access, password.as_ref())
            .await
            .map_err(|error| label_taken(error, &access))?;
        record("create_access", &access)
            .write(&mut tx, &self.0, caller, None, Some(&access))
            .await?;
        self.0
            .commit(tx, [RouteChange::Access(access.clone(), password)])
            .await?;
        Ok(access)
    }
}

fn record(action: &'static str, access: &Access) -> Record<'static> {
    Record {
        action,
        subject: access.id.to_string(),
        label: access.settings.label.clone(),
    }
}

/// The label is the only thing about an access that two could share.
fn label_taken(error: StoreError, access: &Access) -> AppError {
    match error {
        StoreError::Unique => {
            let found = access.settings.label.clone();
            AppError::field("label", Reason::Taken { found })
        }
        other => other.into(),
    }
}

/// Whether somebody else could still come in.
fn another_enabled(accesses: &[Access], id: AccessId) -> bool {
    accesses
        .iter()
        .any(|access| access.id != id && access.settings.enabled)
}

#[async_trait]
impl Accesses for AccessDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<Access>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.0.db.read().await?;
        let mut accesses = store::accesses::list(&mut conn).await?;
        accesses.reverse();
        Ok(accesses)
    }

    async fn get(&self, caller: &Caller, id: AccessId) -> Result<Access, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.0.db.read().await?;
        self.stored(&mut conn, id).await
    }

    async fn create(&self, caller: &Caller, draft: AccessDraft) -> Result<Access, AppError> {
        caller.may(Scope::SipWrite)?;
        let settings = draft.parse()?;
        self.make(self.0.db.begin().await?, caller, settings).await
    }

    async fn rotate(&self, caller: &Caller, id: AccessId) -> Result<Access, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        if before.settings.kind != AccessKind::Digest {
            return Err(AppError::field("id", Reason::NotForThisKind));
        }
        let all = store::accesses::list(&mut tx).await?;
        let taken: Vec<&str> = all
            .iter()
            .map(|access| access.settings.label.as_str())
            .collect();
        let settings = before.settings.successor(&taken);
        self.make(tx, caller, settings).await
    }

    async fn update(
        &self,
        caller: &Caller,
        id: AccessId,
        draft: AccessDraft,
    ) -> Result<Access, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        let after = Access {
            settings: draft.over(&before.settings)?,
            version: before.version + 1,
            updated_at: self.0.clock.now_ms(),
            ..before.clone()
        };
        let closes = before.settings.enabled && !after.settings.enabled;
        if closes && !another_enabled(&store::accesses::list(&mut tx).await?, id) {
            return Err(AppError::Conflict(Conflict::LastAccess));
        }
        let written = store::accesses::update(&mut tx, &after).await;
        if !written.map_err(|error| label_taken(error, &after))? {
            return Err(version::raced(before.version));
        }
        record("update_access", &after)
            .write(&mut tx, &self.0, caller, Some(&before), Some(&after))
            .await?;
        self.0
            .commit(tx, [RouteChange::Access(after.clone(), None)])
            .await?;
        Ok(after)
    }

    async fn delete(&self, caller: &Caller, id: AccessId) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let access = self.stored(&mut tx, id).await?;
        if access.settings.enabled && !another_enabled(&store::accesses::list(&mut tx).await?, id) {
            return Err(AppError::Conflict(Conflict::LastAccess));
        }
        store::accesses::delete(&mut tx, id).await?;
        record("delete_access", &access)
            .write(&mut tx, &self.0, caller, Some(&access), None)
            .await?;
        self.0.commit(tx, [RouteChange::AccessGone(id)]).await?;
        Ok(())
    }

    async fn reveal(&self, caller: &Caller, id: AccessId) -> Result<Secret, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let access = self.stored(&mut tx, id).await?;
        let password = store::accesses::password(&mut tx, id).await?;
        let password = password.ok_or(AppError::NotFound(Thing::Access))?;
        record("reveal_password", &access)
            .write::<()>(&mut tx, &self.0, caller, None, None)
            .await?;
        tx.commit().await?;
        Ok(password)
    }
}
