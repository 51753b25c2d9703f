//! `/api/phone/calls/{id}/transfer`: handing a live call on, and what becomes of it.

use app::domain::id::TransferId;
use app::domain::transfer::{
    DestinationType, Transfer, TransferDraft, TransferMode, TransferState,
};
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::calls::id_of;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, Id, Time, words};

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Calls", id, summary, scope);
    Routes::new()
        .on(
            &Method::POST,
            "/api/phone/calls/{id}/transfer",
            transfer,
            op("transfer_call", "Hand a live call on", Scope::PhoneWrite)
                .note("To a destination assigned to its agent. The caller stays with the agent until somebody there has answered, and comes back if nobody does.")
                .takes::<TransferCall>()
                .answers::<CallTransfer>("The attempt, as it begins.")
                .refuses(&[409]),
        )
        .on(
            &Method::GET,
            "/api/phone/calls/{id}/transfers/{transfer}",
            get,
            op("get_call_transfer", "How far a transfer has come", Scope::CallsRead)
                .answers::<CallTransfer>("The attempt."),
        )
}

/// Where to.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `TransferDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct TransferCall {
    destination_id: Id,
}

/// One attempt to hand a call on.
#[derive(Serialize, ToSchema)]
pub(super) struct CallTransfer {
    id: Id,
    call_id: Id,
    #[schema(required = true)]
    destination_id: Option<Id>,
    destination_name: String,
    #[schema(schema_with = type_words)]
    destination_type: &'static str,
    destination_value: String,
    /// The way that was really used.
    #[schema(schema_with = mode_words)]
    mode: &'static str,
    #[schema(schema_with = state_words)]
    state: &'static str,
    /// The second leg, a call of its own.
    #[schema(required = true)]
    leg_id: Option<Id>,
    #[schema(required = true)]
    sip_status: Option<u16>,
    /// Why it failed, for scripts.
    #[schema(required = true)]
    reason: Option<String>,
    started_at: Time,
    #[schema(required = true)]
    ended_at: Option<Time>,
}

impl Draft for TransferDraft {}

fn type_words() -> Object {
    words(DestinationType::ALL.iter().map(|word| word.as_str()))
}

fn mode_words() -> Object {
    words(TransferMode::ALL.iter().map(|word| word.as_str()))
}

fn state_words() -> Object {
    words(TransferState::ALL.iter().map(|word| word.as_str()))
}

async fn transfer(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    Body(draft): Body<TransferDraft>,
) -> Result<Json<CallTransfer>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(shown(
        api.services.dialling.transfer(&caller, id, draft).await?,
    )))
}

async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((call, id)): Path<(String, String)>,
) -> Result<Json<CallTransfer>, Problem> {
    let call = id_of(&call)?;
    let id: TransferId = wire::id(&id, Thing::Transfer)?;
    Ok(Json(shown(
        api.services.dialling.transferred(&caller, call, id).await?,
    )))
}

pub(super) fn shown(transfer: Transfer) -> CallTransfer {
    let target = transfer.target;
    CallTransfer {
        id: Id::of(transfer.id.as_uuid()),
        call_id: Id::of(transfer.call.as_uuid()),
        destination_id: target.destination.map(|id| Id::of(id.as_uuid())),
        destination_name: target.name,
        destination_type: target.place.kind().as_str(),
        destination_value: target.place.value(),
        mode: transfer.mode.as_str(),
        state: transfer.state.as_str(),
        leg_id: transfer.leg.map(|id| Id::of(id.as_uuid())),
        sip_status: transfer.status,
        reason: transfer.reason,
        started_at: Time(transfer.started_at),
        ended_at: transfer.ended_at.map(Time),
    }
}
