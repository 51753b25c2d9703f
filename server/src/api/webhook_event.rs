//! What a webhook's receiver reads: the event in the API's own words.

use std::sync::Arc;

use app::domain::webhook::{Event, EventKind, Told};
use serde::Serialize;
use utoipa::ToSchema;

use super::calls::{self, PhoneCall};
use super::wire::{Id, Time, words};

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookEvent {
    /// The same whenever it is told.
    id: Id,
    #[schema(schema_with = kind)]
    r#type: &'static str,
    created_at: Time,
    data: WebhookData,
}

/// What it happened to: one of these, by the event's type.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct WebhookData {
    /// Of `call.…`: the call as it was then.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<PhoneCall>,
    /// Of `transfer.completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<WebhookTransfer>,
    /// Of `trunk.health`.
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk: Option<WebhookTrunk>,
}

/// A transfer that is over.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookTransfer {
    call_id: Id,
    /// Where to: the destination's name, or what stands in its place.
    to: String,
    /// Whether the other side took it.
    succeeded: bool,
    /// Why not, for scripts.
    #[schema(required = true)]
    reason: Option<String>,
}

/// A trunk that became usable, or ceased to be.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookTrunk {
    /// Which way out; null is the way in.
    #[schema(required = true)]
    outbound_trunk_id: Option<Id>,
    name: String,
    healthy: bool,
    /// Why not, for scripts.
    #[schema(required = true)]
    reason: Option<String>,
}

fn kind() -> utoipa::openapi::Object {
    words(EventKind::ALL.iter().map(|word| word.as_str()))
}

/// The body of a request to a webhook.
pub fn body(event: &Event) -> String {
    serde_json::to_string(&shown(event)).unwrap_or_default()
}

pub(super) fn shown(event: &Event) -> WebhookEvent {
    let nothing = WebhookData::default();
    let data = match event.what.clone() {
        Told::Call { call } => WebhookData {
            call: Some(calls::shown(Arc::unwrap_or_clone(call))),
            ..nothing
        },
        Told::Transfer {
            call,
            to,
            succeeded,
            reason,
        } => WebhookData {
            transfer: Some(WebhookTransfer {
                call_id: Id::of(call.as_uuid()),
                to,
                succeeded,
                reason,
            }),
            ..nothing
        },
        Told::Trunk {
            trunk,
            name,
            healthy,
            reason,
        } => WebhookData {
            trunk: Some(WebhookTrunk {
                outbound_trunk_id: trunk.map(|trunk| Id::of(trunk.as_uuid())),
                name,
                healthy,
                reason,
            }),
            ..nothing
        },
    };
    WebhookEvent {
        id: Id::of(event.id.as_uuid()),
        r#type: event.kind.as_str(),
        created_at: Time(event.at),
        data,
    }
}
