//! `/api/phone/sip/route-replay`: which calls of late would be answered by somebody else.

use app::domain::call::EndReason;
use app::domain::replay::{Answer, Outcome, ReplayDraft, ReplayedCall as Changed};
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::credentials::UpdateInboundCredential;
use super::inbound_trunk::UpdateInboundTrunk;
use super::problem::Problem;
use super::receipt::{self, CallReceipt};
use super::routes::{Op, Routes};
use super::said;
use super::wire::{E164, Id, Time};

pub(super) fn routes() -> Routes {
    let op = Op::new(
        "Routing",
        "replay_calls",
        "Say which calls of late would be answered by somebody else",
        Scope::CallsRead,
    )
    .note("The calls that a credential or a registration let in are decided once more, as things are and as they are supposed to be, on an idle line, their passwords taken for right. Changes nothing.")
    .takes::<SupposedRouting>()
    .answers::<ReplayedCalls>("The calls that differ, newest first.");
    Routes::new().on(&Method::POST, "/api/phone/sip/route-replay", replay, op)
}

/// What would be different. What is not named stays as it is.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `ReplayDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct SupposedRouting {
    /// How far back. Default: 7.
    #[schema(minimum = 1, maximum = 90)]
    days: Option<u32>,
    #[schema(required = false)]
    trunk: UpdateInboundTrunk,
    #[schema(required = false)]
    credentials: Vec<SupposedCredential>,
    #[schema(required = false)]
    agents: Vec<SupposedAgent>,
    #[schema(required = false)]
    numbers: Vec<SupposedNumbers>,
}

/// A credential that would be different, or gone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents `SupposedAccess`")]
pub(super) struct SupposedCredential {
    id: Id,
    #[schema(required = false)]
    change: UpdateInboundCredential,
    gone: Option<bool>,
}

/// An agent that would be different or gone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the domain's own")]
pub(super) struct SupposedAgent {
    /// Its id; a new one goes by any other word.
    #[schema(min_length = 1, max_length = 255)]
    agent: String,
    #[schema(min_length = 1, max_length = 120, required = false)]
    name: String,
    enabled: Option<bool>,
    is_default: Option<bool>,
    gone: Option<bool>,
}

/// Numbers that would all be like this, or gone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the domain's own")]
pub(super) struct SupposedNumbers {
    phone_numbers: Vec<E164>,
    /// Who would answer, by id or the word of a new agent; null: nobody.
    agent: Option<String>,
    on_trunk: Option<bool>,
    gone: Option<bool>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct ReplayedCalls {
    /// Calls that were decided again.
    replayed: u32,
    /// Of these, how many would be answered by somebody else.
    changed: u32,
    /// Whether these were all calls of those days, or the newest of too many.
    complete: bool,
    /// The newest that differ, at most 100.
    items: Vec<ReplayedCall>,
}

/// A call with another answer than as things are.
#[derive(Serialize, ToSchema)]
pub(super) struct ReplayedCall {
    call_id: Id,
    started_at: Time,
    #[schema(required = true)]
    from: Option<E164>,
    /// The dialled number as it was sent.
    to_sent: String,
    /// As things are.
    now: SupposedAnswer,
    /// As they would be.
    then: SupposedAnswer,
}

/// Who answers, or why nobody does.
#[derive(Serialize, ToSchema)]
pub(super) struct SupposedAnswer {
    /// Null for an agent that is not there yet.
    #[schema(required = true)]
    agent_id: Option<Id>,
    #[schema(required = true)]
    agent_name: Option<String>,
    /// For scripts; stable.
    #[schema(required = true)]
    refusal: Option<&'static str>,
    /// The same for people.
    #[schema(required = true)]
    refusal_message: Option<String>,
    /// Every check, as a call has them.
    receipt: CallReceipt,
}

impl Draft for ReplayDraft {}

async fn replay(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<ReplayDraft>,
) -> Result<Json<ReplayedCalls>, Problem> {
    let replayed = api.services.route_test.replay(&caller, draft).await?;
    Ok(Json(ReplayedCalls {
        replayed: replayed.replayed,
        changed: replayed.changed,
        complete: replayed.complete,
        items: replayed.items.into_iter().map(shown).collect(),
    }))
}

fn shown(call: Changed) -> ReplayedCall {
    ReplayedCall {
        call_id: Id::of(call.call.as_uuid()),
        started_at: Time(call.started_at),
        from: call.from.map(E164),
        to_sent: call.sent_as,
        now: answer(call.now),
        then: answer(call.then),
    }
}

fn answer(outcome: Outcome) -> SupposedAnswer {
    let receipt = receipt::shown(&outcome.receipt);
    match outcome.answer {
        Answer::Agent(id, name) => SupposedAnswer {
            agent_id: id.map(|id| Id::of(id.as_uuid())),
            agent_name: Some(name),
            refusal: None,
            refusal_message: None,
            receipt,
        },
        Answer::Refused(refusal) => SupposedAnswer {
            agent_id: None,
            agent_name: None,
            refusal: Some(refusal.code()),
            refusal_message: Some(said::end(EndReason::Refused(refusal))),
            receipt,
        },
    }
}
