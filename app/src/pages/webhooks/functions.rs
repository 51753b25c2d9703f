//! What the pages of webhooks ask and do, at fixed addresses for scripts too.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::account::ToldOnce;
use crate::domain::draft::Entry;
use crate::domain::id::{EventId, WebhookId};
use crate::domain::page::{Cursor, Page};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook, WebhookDraft};
use crate::error::{AppError, Reason, Scope, Thing};
use crate::pages::notice::{Done, done_at};
use crate::pages::{asked, typed_right};

pub(super) const HOME: &str = "/settings/webhooks";

/// All webhooks, newest first.
#[server(prefix = "/fn", endpoint = "list_webhooks", input = GetUrl)]
pub async fn list_webhooks() -> Result<Vec<Webhook>, AppError> {
    let (services, caller) = asked()?;
    services.webhooks.list(&caller).await
}

/// One webhook.
#[server(prefix = "/fn", endpoint = "get_webhook", input = GetUrl)]
pub async fn get_webhook(#[server(default)] id: String) -> Result<Webhook, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    services.webhooks.get(&caller, webhook_of(&id)?).await
}

/// A new webhook; what its requests are signed with is told once.
#[server(prefix = "/fn", endpoint = "create_webhook")]
pub async fn create_webhook(
    #[server(default)] draft: WebhookDraft,
) -> Result<ToldOnce<Webhook>, AppError> {
    let (services, caller) = asked()?;
    let (made, secret) = services.webhooks.create(&caller, draft).await?;
    Ok(ToldOnce {
        made,
        secret: secret.expose().to_owned(),
    })
}

/// Changes a webhook.
#[server(prefix = "/fn", endpoint = "update_webhook")]
pub async fn update_webhook(
    #[server(default)] id: String,
    #[server(default)] draft: WebhookDraft,
) -> Result<Webhook, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    let id = webhook_of(&id)?;
    let changed = services.webhooks.update(&caller, id, draft).await?;
    leptos_axum::redirect(&done_at(&format!("{HOME}/{id}"), Done::WebhookSaved, None));
    Ok(changed)
}

/// Signs with another secret from now on; told once.
#[server(prefix = "/fn", endpoint = "renew_webhook_secret")]
pub async fn renew_webhook_secret(
    #[server(default)] id: String,
) -> Result<ToldOnce<Webhook>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    let id = webhook_of(&id)?;
    let (made, secret) = services.webhooks.renew_secret(&caller, id).await?;
    Ok(ToldOnce {
        made,
        secret: secret.expose().to_owned(),
    })
}

/// Removes a webhook, and what waits for it.
#[server(prefix = "/fn", endpoint = "delete_webhook")]
pub async fn delete_webhook(
    #[server(default)] id: String,
    #[server(default)] typed: Entry,
) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    let id = webhook_of(&id)?;
    let webhook = services.webhooks.get(&caller, id).await?;
    typed_right(&typed, &webhook.settings.url.host().to_string())?;
    services.webhooks.delete(&caller, id).await?;
    leptos_axum::redirect(&done_at(HOME, Done::WebhookRemoved, None));
    Ok(())
}

/// What became of each event, newest first.
#[server(prefix = "/fn", endpoint = "list_deliveries", input = GetUrl)]
pub async fn list_deliveries(
    #[server(default)] id: String,
    #[server(default)] state: String,
    #[server(default)] cursor: String,
) -> Result<Page<Delivery>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    let state: Option<DeliveryState> = match state.as_str() {
        "" => None,
        word => Some(
            word.parse()
                .map_err(|reason: Reason| AppError::field("state", reason))?,
        ),
    };
    // A place that is none is the beginning, as in every list of the console.
    let cursor = cursor.parse::<Cursor>().ok();
    let id = webhook_of(&id)?;
    let webhooks = &services.webhooks;
    webhooks.deliveries(&caller, id, state, None, cursor).await
}

/// Tells one event again.
#[server(prefix = "/fn", endpoint = "redeliver_event")]
pub async fn redeliver_event(
    #[server(default)] id: String,
    #[server(default)] event: String,
) -> Result<Delivery, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::Full)?;
    let id = webhook_of(&id)?;
    let event = event
        .parse::<EventId>()
        .map_err(|_| AppError::NotFound(Thing::Delivery))?;
    let delivery = services.webhooks.redeliver(&caller, id, event).await?;
    let to = done_at(&format!("{HOME}/{id}"), Done::EventRedelivered, None);
    leptos_axum::redirect(&format!("{to}#deliveries"));
    Ok(delivery)
}

/// An id that is none names nothing.
fn webhook_of(id: &str) -> Result<WebhookId, AppError> {
    id.parse().map_err(|_| AppError::NotFound(Thing::Webhook))
}
