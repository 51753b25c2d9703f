//! Webhooks: addresses that are told what happens. `courier` tells them.

mod courier;

use std::time::Duration;

use app::domain::id::{EventId, WebhookId};
use app::domain::page::{Cursor, Limit, Page};
use app::domain::sip::Secret;
use app::domain::webhook::{
    Delivery, DeliveryState, InvalidWebhookUrl, Webhook, WebhookDraft, WebhookUrl, is_public,
};
use app::error::{AppError, Reason, Scope, Thing};
use app::ports::{Caller, Webhooks};
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub use courier::{Courier, Letter, Postman, Reply};

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::{fault, version};
use crate::store::{self, Conn};

/// What every secret begins with, as the libraries for Standard Webhooks expect it.
pub const SECRET_PREFIX: &str = "whsec_";
/// The setting that lets webhooks lead to this machine and its neighbours.
pub const ALLOW_PRIVATE: &str = "webhooks.allow_private";
/// A name server that takes longer is as good as none.
const RESOLVED_WITHIN: Duration = Duration::from_secs(3);

/// The use cases of webhooks.
pub struct WebhookDesk {
    pub core: Core,
    /// Whether addresses that are not the public's may be told.
    pub allow_private: bool,
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

    /// Where it leads now. The postman looks again before each request: a name may lead
    /// elsewhere by then.
    async fn check(&self, url: &WebhookUrl) -> Result<(), AppError> {
        if self.allow_private {
            return Ok(());
        }
        let refused = |reason| AppError::field("url", reason);
        if !url.is_secure() {
            return Err(refused(Reason::WebhookUrl {
                found: url.to_string(),
                why: InvalidWebhookUrl::Insecure,
            }));
        }
        let found = url.host().to_string();
        let addresses = match (url.host().ip(), url.host().name()) {
            (Some(address), _) => vec![address],
            (None, name) => {
                let asked = tokio::net::lookup_host((name.unwrap_or_default(), url.port()));
                match tokio::time::timeout(RESOLVED_WITHIN, asked).await {
                    Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                    _ => Vec::new(),
                }
            }
        };
        if addresses.is_empty() {
            return Err(refused(Reason::Unresolvable { found }));
        }
        if !addresses.into_iter().all(is_public) {
            return Err(refused(Reason::PrivateAddress {
                found,
                setting: ALLOW_PRIVATE.to_owned(),
            }));
        }
        Ok(())
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
        self.check(&settings.url).await?;
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
            self.check(&wanted.url).await?;
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
