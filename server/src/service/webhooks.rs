//! Webhooks: addresses that are told what happens. `courier` tells them.

mod courier;

use app::domain::id::{EventId, WebhookId};
use app::domain::page::{Cursor, Limit, Page};
use app::domain::sip::Secret;
use app::domain::webhook::{Delivery, DeliveryState, Webhook, WebhookDraft};
use app::error::{AppError, Scope, Thing};
use app::ports::{Caller, Webhooks};
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub use courier::{Courier, Letter, Postman, Reply};

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::outward::Outward;
use crate::service::{fault, version};
use crate::store::{self, Conn};

/// What every secret begins with, as the libraries for Standard Webhooks expect it.
pub const SECRET_PREFIX: &str = "whsec_";
/// The setting that lets webhooks lead to this machine and its neighbours.
pub const ALLOW_PRIVATE: &str = "webhooks.allow_private";

/// The use cases of webhooks.
pub struct WebhookDesk {
    pub core: Core,
    /// Which addresses may be told.
    pub outward: Outward,
}

impl WebhookDesk {
    async fn stored(&self, conn: &mut Conn, id: WebhookId) -> Result<Webhook, AppError> {
        let webhook = store::webhooks::get(conn, id).await?;
        webhook.ok_or(AppError::NotFound(Thing::Webhook))
    }

    async fn delivery(
        &self,
        conn: &mut Conn,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, AppError> {
        self.stored(conn, id).await?;
        let delivery = store::deliveries::get(conn, id, event).await?;
        delivery.ok_or(AppError::NotFound(Thing::Delivery))
    }
}

fn new_secret() -> Result<Secret, AppError> {
    let random = BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
    let secret = format!("{SECRET_PREFIX}{random}").parse();
    secret.map_err(|error: app::domain::sip::InvalidSecret| fault::internal(&error))
}

fn record(action: &'static str, webhook: &Webhook) -> Record<'static> {
    Record {
        action,
        subject: webhook.id.to_string(),
        label: webhook.settings.url.host().to_string(),
    }
}

#[async_trait]
impl Webhooks for WebhookDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<Webhook>, AppError> {
        caller.may(Scope::Full)?;
        let mut conn = self.core.db.read().await?;
        Ok(store::webhooks::list(&mut conn).await?)
    }

    async fn get(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, AppError> {
        caller.may(Scope::Full)?;
        let mut conn = self.core.db.read().await?;
        self.stored(&mut conn, id).await
    }

    async fn create(
        &self,
        caller: &Caller,
        draft: WebhookDraft,
    ) -> Result<(Webhook, Secret), AppError> {
        caller.may(Scope::Full)?;
        let settings = draft.parse()?;
        self.outward.check("url", &settings.url).await?;
        let now = self.core.clock.now_ms();
        let webhook = Webhook {
            id: self.core.clock.new_id(),
            settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let secret = new_secret()?;
        let mut tx = self.core.db.begin().await?;
        store::webhooks::insert(&mut tx, &webhook, &secret).await?;
        record("create_webhook", &webhook)
            .write(&mut tx, &self.core, caller, None, Some(&webhook))
            .await?;
        tx.commit().await?;
        Ok((webhook, secret))
    }

    async fn update(
        &self,
        caller: &Caller,
        id: WebhookId,
        draft: WebhookDraft,
    ) -> Result<Webhook, AppError> {
        caller.may(Scope::Full)?;
        let now = {
            let mut conn = self.core.db.read().await?;
            self.stored(&mut conn, id).await?
        };
        // Before the transaction: a name server may be slow.
        let wanted = draft.over(&now.settings)?;
        if wanted.url != now.settings.url {
            self.outward.check("url", &wanted.url).await?;
        }
        let mut tx = self.core.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        if before.version != now.version {
            return Err(version::raced(now.version));
        }
        let after = Webhook {
            settings: wanted,
            version: before.version + 1,
            updated_at: self.core.clock.now_ms(),
            ..before.clone()
        };
        if !store::webhooks::update(&mut tx, &after).await? {
            return Err(version::raced(before.version));
        }
        record("update_webhook", &after)
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    async fn renew_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<(Webhook, Secret), AppError> {
        caller.may(Scope::Full)?;
        let secret = new_secret()?;
        let mut tx = self.core.db.begin().await?;
        let webhook = self.stored(&mut tx, id).await?;
        store::webhooks::put_secret(&mut tx, id, &secret).await?;
        record("renew_webhook_secret", &webhook)
            .write::<()>(&mut tx, &self.core, caller, None, None)
            .await?;
        tx.commit().await?;
        Ok((webhook, secret))
    }

    async fn delete(&self, caller: &Caller, id: WebhookId) -> Result<(), AppError> {
        caller.may(Scope::Full)?;
        let mut tx = self.core.db.begin().await?;
        let webhook = self.stored(&mut tx, id).await?;
        store::webhooks::delete(&mut tx, id).await?;
        record("delete_webhook", &webhook)
            .write(&mut tx, &self.core, caller, Some(&webhook), None)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        state: Option<DeliveryState>,
        limit: Option<Limit>,
        cursor: Option<Cursor>,
    ) -> Result<Page<Delivery>, AppError> {
        caller.may(Scope::Full)?;
        let limit = limit.unwrap_or_default();
        let mut conn = self.core.db.read().await?;
        self.stored(&mut conn, id).await?;
        let found = store::deliveries::list(&mut conn, id, state, limit, cursor).await?;
        Ok(Page::of(found, limit, |delivery| Cursor {
            at_ms: delivery.created_at,
            id: delivery.event.id.as_uuid(),
        }))
    }

    async fn delivery(
        &self,
        caller: &Caller,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, AppError> {
        caller.may(Scope::Full)?;
        let mut conn = self.core.db.read().await?;
        self.delivery(&mut conn, id, event).await
    }

    async fn redeliver(
        &self,
        caller: &Caller,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, AppError> {
        caller.may(Scope::Full)?;
        let mut tx = self.core.db.append().await?;
        self.delivery(&mut tx, id, event).await?;
        store::deliveries::again(&mut tx, id, event, self.core.clock.now_ms()).await?;
        let delivery = self.delivery(&mut tx, id, event).await?;
        tx.commit().await?;
        self.core.news.tell(app::ports::News::Webhooks);
        Ok(delivery)
    }
}
