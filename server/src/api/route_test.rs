//! `/api/phone/sip/route-test`: which agent would answer, without a call.

use app::domain::route_test::RouteTestDraft;
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::problem::Problem;
use super::receipt::{self, CallReceipt};
use super::routes::{Op, Routes};
use super::said;
use super::wire::{E164, Id};

pub(super) fn routes() -> Routes {
    let op = Op::new(
        "Routing",
        "test_route",
        "Say which agent would answer a call",
        Scope::SipRead,
    )
    .note("Changes nothing.")
    .takes::<SupposedCall>()
    .answers::<RouteDecision>("The decision and its receipt.");
    Routes::new().on(&Method::POST, "/api/phone/sip/route-test", test, op)
}

/// A call that is only supposed.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `RouteTestDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct SupposedCall {
    /// The dialled number, in the form the carrier sends.
    to: String,
    /// The caller's number.
    from: Option<String>,
    /// The address it comes from.
    source: Option<String>,
    /// The username it signs in with; the password is supposed to be right.
    username: Option<String>,
    /// The value of the agent header.
    agent: Option<String>,
    /// The host of the Request-URI.
    host: Option<String>,
    /// Other headers, by name.
    #[schema(value_type = Object, required = false)]
    headers: std::collections::BTreeMap<String, String>,
}

/// What would become of it.
#[derive(Serialize, ToSchema)]
pub(super) struct RouteDecision {
    /// Who would answer.
    #[schema(required = true)]
    agent_id: Option<Id>,
    #[schema(required = true)]
    agent_name: Option<String>,
    /// Or why nobody would, for scripts; stable.
    #[schema(required = true)]
    refusal: Option<&'static str>,
    /// The same for people.
    #[schema(required = true)]
    refusal_message: Option<String>,
    /// The SIP status it would be refused with.
    #[schema(required = true)]
    sip_status: Option<u16>,
    /// The number it was read as.
    #[schema(required = true)]
    phone_number: Option<E164>,
    receipt: CallReceipt,
}

impl Draft for RouteTestDraft {}

async fn test(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<RouteTestDraft>,
) -> Result<Json<RouteDecision>, Problem> {
    let tested = api.services.route_test.test(&caller, draft).await?;
    let refused = tested.refusal.map(app::domain::call::EndReason::Refused);
    let (agent, name) = tested.agent.unzip();
    Ok(Json(RouteDecision {
        agent_id: agent.map(|agent| Id::of(agent.as_uuid())),
        agent_name: name,
        refusal: tested.refusal.map(app::domain::routing::Refusal::code),
        refusal_message: refused.map(said::end),
        sip_status: tested
            .refusal
            .and_then(app::domain::routing::Refusal::status),
        phone_number: tested.number.map(E164),
        receipt: receipt::shown(&tested.receipt),
    }))
}
