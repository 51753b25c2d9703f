//! `/api/phone/sip/inbound-trunk`: the way in and its numbers.

use app::domain::codec::CodecOrder;
use app::domain::draft::EntryList;
use app::domain::endpoint::{Synced, TrunkView};
use app::domain::inbound::{OtherSources, Region, TrunkDraft};
use app::error::{AppError, Scope, Thing};
use app::ports::Caller;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, E164, Id, Time, Versioned, words};

const TAG: &str = "Inbound trunk";
const PATH: &str = "/api/phone/sip/inbound-trunk";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new(TAG, id, summary, scope);
    let trunk = "The inbound trunk.";
    let numbers = format!("{PATH}/phone-numbers");
    Routes::new()
        .on(&Method::GET, PATH, get, op("get_inbound_trunk", "The trunk", Scope::SipRead)
            .note("`auth_password` is there for keys with `sip:write`, and each time it is, the audit says so.")
            .answers::<InboundTrunk>(trunk).refuses(&[404]))
        .on(&Method::POST, PATH, create, op("create_inbound_trunk", "Create the trunk", Scope::SipWrite)
            .note("With its first digest credential. There is one trunk an installation.")
            .takes::<CreateInboundTrunk>().answers::<InboundTrunk>(trunk))
        .on(&Method::PATCH, PATH, update, op("update_inbound_trunk", "Change the trunk", Scope::SipWrite)
            .takes::<UpdateInboundTrunk>().answers::<InboundTrunk>(trunk).refuses(&[404]))
        .on(&Method::DELETE, PATH, delete, op("delete_inbound_trunk", "Remove the trunk", Scope::SipWrite)
            .note("With its credentials. Its numbers stay in the inventory.")
            .answers_nothing("It is gone.").refuses(&[404]))
        .on(&Method::POST, &format!("{PATH}/sync"), sync, op("sync_inbound_trunk", "Put all verified numbers on the trunk, and no others", Scope::SipWrite)
            .note("Refused with 409 if that would remove numbers that agents answer; it names them.")
            .answers::<SyncedInboundTrunk>("The trunk, and what was added and removed.").refuses(&[404]))
        .on(&Method::POST, &numbers, add_numbers, op("add_inbound_trunk_phone_numbers", "Put numbers on the trunk", Scope::SipWrite)
            .note("All or nothing.")
            .takes::<AddPhoneNumbers>().answers::<InboundTrunk>(trunk).refuses(&[404]))
        .on(&Method::DELETE, &format!("{numbers}/{{phone_number}}"), remove_number, op("remove_inbound_trunk_phone_number", "Take a number off the trunk", Scope::SipWrite)
            .answers::<InboundTrunk>("The trunk without it."))
}

/// The way in.
#[derive(Serialize, ToSchema)]
pub(super) struct InboundTrunk {
    id: Id,
    /// SIP server address the PBX or carrier must be pointed at; with its port unless that is 5060.
    sip_endpoint: String,
    /// Username of the newest digest credential.
    #[schema(required = true)]
    auth_username: Option<String>,
    /// Its password; null for keys without `sip:write`.
    #[schema(required = true)]
    auth_password: Option<String>,
    /// Numbers this trunk answers on.
    phone_numbers: Vec<E164>,
    /// Whether noise suppression is active.
    krisp_enabled: bool,
    /// Name of the SIP header that addresses a particular agent.
    agent_id_header: String,
    #[schema(required = true, schema_with = wire::codecs)]
    codecs: Option<CodecOrder>,
    #[schema(schema_with = region_words)]
    region: &'static str,
    /// Most calls at once; null: no limit of its own.
    #[schema(required = true)]
    max_channels: Option<u32>,
    /// What becomes of callers that no credential lets in: asked for a password, or refused.
    #[schema(schema_with = other_sources_words)]
    other_sources: &'static str,
    /// ISO code; reads national numbers where a credential has no country of its own.
    #[schema(required = true)]
    country: Option<&'static str>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// What a sync did.
#[derive(Serialize, ToSchema)]
pub(super) struct SyncedInboundTrunk {
    #[serde(flatten)]
    trunk: InboundTrunk,
    /// Numbers that came.
    added: Vec<E164>,
    /// Numbers that went.
    removed: Vec<E164>,
}

/// A new trunk. Nothing is required.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `TrunkDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateInboundTrunk {
    /// Default: all verified numbers.
    phone_numbers: Option<Vec<String>>,
    /// Default: true.
    krisp_enabled: Option<bool>,
    #[schema(schema_with = region_words, required = false)]
    region: Option<String>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    #[schema(schema_with = other_sources_words, required = false)]
    other_sources: Option<String>,
    country: Option<String>,
    agent_id_header: Option<String>,
    #[schema(schema_with = wire::codecs, required = false)]
    codecs: Option<Vec<String>>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `TrunkDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateInboundTrunk {
    krisp_enabled: Option<bool>,
    #[schema(schema_with = region_words, required = false)]
    region: Option<String>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    #[schema(schema_with = other_sources_words, required = false)]
    other_sources: Option<String>,
    country: Option<String>,
    agent_id_header: Option<String>,
    #[schema(schema_with = wire::codecs, required = false)]
    codecs: Option<Vec<String>>,
    /// The version the change is based on.
    version: Option<i64>,
}

/// Numbers by themselves.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct AddPhoneNumbers {
    #[schema(value_type = Vec<String>)]
    phone_numbers: EntryList,
}

impl Draft for TrunkDraft {}
impl Draft for AddPhoneNumbers {}

fn region_words() -> utoipa::openapi::Object {
    words(Region::ALL.iter().map(|region| region.as_str()))
}

fn other_sources_words() -> utoipa::openapi::Object {
    words(OtherSources::ALL.iter().map(|sources| sources.as_str()))
}

type Answer = Result<Versioned<InboundTrunk>, Problem>;

async fn get(State(api): State<Api>, Asking(caller): Asking) -> Answer {
    let view = api.services.trunks.get(&caller).await?;
    let view = view.ok_or(AppError::NotFound(Thing::InboundTrunk))?;
    show(&api, &caller, view).await
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<TrunkDraft>,
) -> Answer {
    let view = api.services.trunks.create(&caller, draft).await?;
    show(&api, &caller, view).await
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    headers: HeaderMap,
    Body(mut draft): Body<TrunkDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let view = api.services.trunks.update(&caller, draft).await?;
    show(&api, &caller, view).await
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
) -> Result<axum::http::StatusCode, Problem> {
    api.services.trunks.delete(&caller).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

async fn sync(
    State(api): State<Api>,
    Asking(caller): Asking,
) -> Result<Json<SyncedInboundTrunk>, Problem> {
    let Synced {
        trunk,
        added,
        removed,
    } = api.services.trunks.sync(&caller).await?;
    let Versioned(_, trunk) = show(&api, &caller, trunk).await?;
    let numbers = |numbers: Vec<_>| numbers.into_iter().map(E164).collect();
    Ok(Json(SyncedInboundTrunk {
        trunk,
        added: numbers(added),
        removed: numbers(removed),
    }))
}

async fn add_numbers(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(body): Body<AddPhoneNumbers>,
) -> Answer {
    let view = api
        .services
        .trunks
        .add_numbers(&caller, body.phone_numbers)
        .await?;
    show(&api, &caller, view).await
}

async fn remove_number(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(number): Path<String>,
) -> Answer {
    let number = wire::number(&number)?;
    let view = api.services.trunks.remove_number(&caller, number).await?;
    show(&api, &caller, view).await
}

/// With the password for those who may have it; asking for it is what the audit notes.
async fn show(api: &Api, caller: &Caller, view: TrunkView) -> Answer {
    let password = match view.newest {
        Some(newest) if caller.can(Scope::SipWrite) => {
            let secret = api.services.accesses.reveal(caller, newest).await?;
            Some(secret.expose().to_owned())
        }
        _ => None,
    };
    let numbers = api.services.trunks.numbers(caller).await?;
    let settings = view.trunk.settings;
    let shown = InboundTrunk {
        id: Id::of(view.trunk.id.as_uuid()),
        sip_endpoint: wire::endpoint(&view.endpoint),
        auth_username: view.username,
        auth_password: password,
        phone_numbers: numbers.into_iter().map(E164).collect(),
        krisp_enabled: settings.krisp_enabled,
        agent_id_header: settings.agent_id_header.to_string(),
        codecs: settings.codecs,
        region: settings.region.as_str(),
        max_channels: settings.max_channels,
        other_sources: settings.other_sources.as_str(),
        country: settings.country.map(app::domain::country::Country::iso),
        version: view.trunk.version,
        created_at: Time(view.trunk.created_at),
        updated_at: Time(view.trunk.updated_at),
    };
    Ok(Versioned(view.trunk.version, shown))
}
