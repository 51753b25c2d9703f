//! `POST /api/phone/outbound-call`: an agent calls somebody.

use app::domain::outbound::CallDraft;
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::calls::{PhoneCall, shown};
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{E164, Id};

pub(super) fn routes() -> Routes {
    Routes::new().on(
        &Method::POST,
        "/api/phone/outbound-call",
        call,
        Op::new("Calls", "make_outbound_call", "Let an agent call a number", Scope::PhoneWrite)
            .note("By the agent's outbound trunk; a number of yours stays inside. The call is `queued` when this answers; what becomes of it is at its own address.")
            .takes::<MakeOutboundCall>()
            .answers::<PhoneCall>("The call.")
            .refuses(&[404, 409, 503]),
    )
}

/// Who calls whom. Exactly one of `to` and `contact`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `CallDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct MakeOutboundCall {
    phone_agent_id: Id,
    #[schema(required = false)]
    to: E164,
    contact: Option<CalledContact>,
    /// Facts for the agent's engine, handed through as they are.
    #[schema(value_type = Object, required = false)]
    metadata: Option<serde_json::Value>,
    /// Default: 60.
    #[schema(minimum = 5, maximum = 300)]
    ring_timeout_s: Option<u32>,
    /// Agent and trunk may allow less.
    #[schema(minimum = 10, maximum = 86400)]
    max_duration_s: Option<u32>,
}

/// Who is called, by number.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents `ContactDraft`")]
pub(super) struct CalledContact {
    phone_number: E164,
}

impl Draft for CallDraft {}

async fn call(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<CallDraft>,
) -> Result<Json<PhoneCall>, Problem> {
    Ok(Json(shown(
        api.services.dialling.call(&caller, draft).await?,
    )))
}
