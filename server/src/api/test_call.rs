//! `POST /api/phone/sip/test-call`: trying the way, without a carrier or with one.

use app::domain::outbound::CheckVerdict;
use app::domain::test_call::{TestCallDraft, TestStep, TestedStep};
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::calls::{PhoneCall, shown};
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{E164, Id, words};

pub(super) fn routes() -> Routes {
    Routes::new().on(
        &Method::POST,
        "/api/phone/sip/test-call",
        call,
        Op::new("Calls", "place_test_call", "Try the way with a call", Scope::PhoneWrite)
            .note("Calls a number of yours through the server's own SIP port with its own credential, as a carrier would, or a number by an outbound trunk; listens for some seconds, hangs up and answers then. The call's recording is what the caller heard.")
            .takes::<PlaceTestCall>()
            .answers::<PlacedTestCall>("What it showed.")
            .refuses(&[404, 409, 503]),
    )
}

/// Whom to call. Nothing: the first number of the inbound trunk.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `TestCallDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct PlaceTestCall {
    /// Required with a trunk.
    #[schema(required = false)]
    to: Option<E164>,
    /// Its carrier may charge for the call.
    outbound_trunk_id: Option<Id>,
}

/// A test call that is over.
#[derive(Serialize, ToSchema)]
pub(super) struct PlacedTestCall {
    /// Whether every step went well.
    passed: bool,
    call: PhoneCall,
    /// The side that answered, if it is yours.
    #[schema(required = true)]
    answered_by: Option<PhoneCall>,
    steps: Vec<TestCallStep>,
}

/// One step of it.
#[derive(Serialize, ToSchema)]
pub(super) struct TestCallStep {
    #[schema(schema_with = step_words)]
    step: &'static str,
    #[schema(schema_with = verdict_words)]
    verdict: &'static str,
    /// Milliseconds since the call was placed.
    #[schema(required = true)]
    at_ms: Option<u32>,
    /// Where it went, who took it, or the reason it ended.
    found: String,
}

fn step_words() -> utoipa::openapi::Object {
    words(TestStep::ALL.iter().map(|step| step.as_str()))
}

fn verdict_words() -> utoipa::openapi::Object {
    words(CheckVerdict::ALL.iter().map(|verdict| verdict.as_str()))
}

impl Draft for TestCallDraft {}

async fn call(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<TestCallDraft>,
) -> Result<Json<PlacedTestCall>, Problem> {
    let test = api.services.dialling.test(&caller, draft).await?;
    let step = |step: TestedStep| TestCallStep {
        step: step.what.as_str(),
        verdict: step.verdict.as_str(),
        at_ms: step.at_ms,
        found: step.found,
    };
    Ok(Json(PlacedTestCall {
        passed: test.passed(),
        steps: test.steps.into_iter().map(step).collect(),
        call: shown(test.call),
        answered_by: test.answered_by.map(shown),
    }))
}
