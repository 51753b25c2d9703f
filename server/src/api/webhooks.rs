//! `/api/webhooks`: addresses that are told what happens, and what became of each telling.

use app::domain::id::{EventId, WebhookId};
use app::domain::webhook::{Delivery, DeliveryState, EventKind, Webhook, WebhookDraft};
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Array, ArrayBuilder, Object};

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes, one_of};
use super::webhook_event::{self, WebhookEvent};
use super::wire::{self, Id, List, Time, Versioned, words};

const PATH: &str = "/api/webhooks";
const ONE: &str = "/api/webhooks/{id}";
const DELIVERIES: &str = "/api/webhooks/{id}/deliveries";
const DELIVERY: &str = "/api/webhooks/{id}/deliveries/{event}";

const SIGNED: &str = "Each event is a POST with `webhook-id`, `webhook-timestamp` and `webhook-signature`, as \
Standard Webhooks has it: `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`, with the Base64 behind `whsec_` \
as key. Any answer of 2xx is taken as heard; else it is tried again after 5 s, 30 s, 2 min, 10 min, 1 h and more, for two \
and a half days. An event may come twice: its id says so. Events of one call come in their order.";

pub(super) fn routes() -> Routes {
    let op = |id, summary| Op::new("Webhooks", id, summary, Scope::Full);
    let states = one_of(DeliveryState::ALL.iter().map(|word| word.as_str()));
    Routes::new()
        .on(
            &Method::GET,
            PATH,
            list,
            op("list_webhooks", "All webhooks, newest first")
                .pages()
                .answers_list::<WebhookShown>("A page of webhooks."),
        )
        .on(
            &Method::POST,
            PATH,
            create,
            op("create_webhook", "Make a webhook")
                .note(SIGNED)
                .takes::<CreateWebhook>()
                .answers::<WebhookWithSecret>(
                    "The webhook. Its secret is in this answer and nowhere else.",
                ),
        )
        .on(
            &Method::GET,
            ONE,
            get,
            op("get_webhook", "One webhook").answers::<WebhookShown>("The webhook."),
        )
        .on(
            &Method::PATCH,
            ONE,
            update,
            op("update_webhook", "Change a webhook")
                .takes::<UpdateWebhook>()
                .answers::<WebhookShown>("The webhook."),
        )
        .on(
            &Method::DELETE,
            ONE,
            delete,
            op("delete_webhook", "Remove a webhook")
                .note("What waits for it is not sent any more.")
                .answers_nothing("It is gone."),
        )
        .on(
            &Method::POST,
            "/api/webhooks/{id}/secret",
            renew,
            op("renew_webhook_secret", "Give a webhook a new secret")
                .note("From the next request on the new one signs.")
                .answers::<WebhookWithSecret>(
                    "The webhook. Its secret is in this answer and nowhere else.",
                ),
        )
        .on(
            &Method::GET,
            DELIVERIES,
            deliveries,
            op(
                "list_webhook_deliveries",
                "What became of each event, newest first",
            )
            .query("state", states, "Only those that stand like this.")
            .pages()
            .answers_list::<DeliveryShown>("A page of deliveries."),
        )
        .on(
            &Method::GET,
            DELIVERY,
            delivery,
            op("get_webhook_delivery", "One delivery, with what was told")
                .answers::<DeliveryDetail>("The delivery."),
        )
        .on(
            &Method::POST,
            "/api/webhooks/{id}/deliveries/{event}/redeliver",
            redeliver,
            op("redeliver_webhook_event", "Tell an event again")
                .note("At once, and from the first try on, whatever became of it before.")
                .answers::<DeliveryShown>("The delivery."),
        )
}

/// An address that is told what happens.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookShown {
    id: Id,
    url: String,
    #[schema(required = true)]
    description: Option<String>,
    /// Which events it is told of.
    #[schema(schema_with = kinds)]
    events: Vec<&'static str>,
    /// Off: nothing is sent. What waits goes out when it is on again.
    enabled: bool,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// A webhook with what its requests are signed with.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookShown,
    /// Copy it now; it is not shown again.
    secret: String,
}

/// A new webhook.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `WebhookDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateWebhook {
    /// `https`, to a public address; the setting `webhooks.allow_private` allows any.
    #[schema(
        max_length = 2000,
        pattern = "^[hH][tT][tT][pP][sS]?://",
        example = "https://example.com/patchbay"
    )]
    url: String,
    #[schema(max_length = 200)]
    description: Option<String>,
    /// Default: all.
    #[schema(schema_with = some_kinds, required = false)]
    events: Option<Vec<String>>,
    /// Default: true.
    enabled: Option<bool>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `WebhookDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateWebhook {
    #[schema(
        max_length = 2000,
        pattern = "^[hH][tT][tT][pP][sS]?://",
        example = "https://example.com/patchbay"
    )]
    url: Option<String>,
    #[schema(max_length = 200)]
    description: Option<String>,
    #[schema(schema_with = some_kinds, required = false)]
    events: Option<Vec<String>>,
    enabled: Option<bool>,
    /// The version the change is based on.
    version: Option<i64>,
}

/// One event on its way to one webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryShown {
    /// The event's; the same in `webhook-id`.
    id: Id,
    #[schema(schema_with = kind)]
    r#type: &'static str,
    #[schema(schema_with = states)]
    state: &'static str,
    /// How often it was tried.
    tries: u32,
    created_at: Time,
    /// When it is to be tried next.
    #[schema(required = true)]
    next_at: Option<Time>,
    #[schema(required = true)]
    last_at: Option<Time>,
    /// The HTTP status of the last answer.
    #[schema(required = true)]
    status: Option<u16>,
    /// Why there was no answer.
    #[schema(required = true)]
    error: Option<String>,
    #[schema(required = true)]
    took_ms: Option<u32>,
}

/// A delivery with what was told.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryDetail)]
pub(super) struct DeliveryDetail {
    #[serde(flatten)]
    delivery: DeliveryShown,
    event: WebhookEvent,
}

impl Draft for WebhookDraft {}

fn kind() -> Object {
    words(EventKind::ALL.iter().map(|word| word.as_str()))
}

fn kinds() -> Array {
    ArrayBuilder::new().items(kind()).build()
}

fn some_kinds() -> Array {
    ArrayBuilder::new().items(kind()).min_items(Some(1)).build()
}

fn states() -> Object {
    words(DeliveryState::ALL.iter().map(|word| word.as_str()))
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<WebhookShown>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.webhooks.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, shown)))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<WebhookDraft>,
) -> Result<Json<WebhookWithSecret>, Problem> {
    let (webhook, secret) = api.services.webhooks.create(&caller, draft).await?;
    Ok(Json(WebhookWithSecret {
        webhook: shown(webhook),
        secret: secret.expose().to_owned(),
    }))
}

async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Versioned<WebhookShown>, Problem> {
    let webhook = api.services.webhooks.get(&caller, id_of(&id)?).await?;
    Ok(Versioned(webhook.version, shown(webhook)))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<WebhookDraft>,
) -> Result<Versioned<WebhookShown>, Problem> {
    draft.version = wire::version(&headers, draft.version)?;
    let webhooks = &api.services.webhooks;
    let webhook = webhooks.update(&caller, id_of(&id)?, draft).await?;
    Ok(Versioned(webhook.version, shown(webhook)))
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services.webhooks.delete(&caller, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn renew(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Json<WebhookWithSecret>, Problem> {
    let webhooks = &api.services.webhooks;
    let (webhook, secret) = webhooks.renew_secret(&caller, id_of(&id)?).await?;
    Ok(Json(WebhookWithSecret {
        webhook: shown(webhook),
        secret: secret.expose().to_owned(),
    }))
}

async fn deliveries(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<List<DeliveryShown>>, Problem> {
    let state = params.word("state");
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let webhooks = &api.services.webhooks;
    let page = webhooks
        .deliveries(&caller, id_of(&id)?, state, limit, cursor)
        .await?;
    Ok(Json(List::of(page, |delivery| delivered(&delivery))))
}

async fn delivery(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((id, event)): Path<(String, String)>,
) -> Result<Json<DeliveryDetail>, Problem> {
    let webhooks = &api.services.webhooks;
    let delivery = webhooks
        .delivery(&caller, id_of(&id)?, event_of(&event)?)
        .await?;
    Ok(Json(DeliveryDetail {
        delivery: delivered(&delivery),
        event: webhook_event::shown(&delivery.event),
    }))
}

async fn redeliver(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((id, event)): Path<(String, String)>,
) -> Result<Json<DeliveryShown>, Problem> {
    let webhooks = &api.services.webhooks;
    let delivery = webhooks
        .redeliver(&caller, id_of(&id)?, event_of(&event)?)
        .await?;
    Ok(Json(delivered(&delivery)))
}

fn id_of(text: &str) -> Result<WebhookId, Problem> {
    wire::id(text, Thing::Webhook)
}

fn event_of(text: &str) -> Result<EventId, Problem> {
    wire::id(text, Thing::Delivery)
}

fn shown(webhook: Webhook) -> WebhookShown {
    let set = webhook.settings;
    WebhookShown {
        id: Id::of(webhook.id.as_uuid()),
        url: set.url.to_string(),
        description: set.description,
        events: set.events.into_iter().map(EventKind::as_str).collect(),
        enabled: set.enabled,
        version: webhook.version,
        created_at: Time(webhook.created_at),
        updated_at: Time(webhook.updated_at),
    }
}

fn delivered(delivery: &Delivery) -> DeliveryShown {
    DeliveryShown {
        id: Id::of(delivery.event.id.as_uuid()),
        r#type: delivery.event.kind.as_str(),
        state: delivery.state.as_str(),
        tries: delivery.tries,
        created_at: Time(delivery.created_at),
        next_at: delivery.next_at.map(Time),
        last_at: delivery.last_at.map(Time),
        status: delivery.status,
        error: delivery.error.clone(),
        took_ms: delivery.took_ms,
    }
}
