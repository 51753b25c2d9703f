//! `/api/phone/sip/outbound-trunks`: the ways out.

use app::domain::codec::CodecOrder;
use app::domain::country::Country;
use app::domain::id::OutboundTrunkId;
use app::domain::inbound::Srtp;
use app::domain::outbound::{
    Assert, CheckStep, CheckVerdict, CheckedStep, HealthState, OutboundAuth, OutboundDraft,
    OutboundView, RegistrationState, Trouble,
};
use app::domain::phone::NumberFormat;
use app::domain::sip::Transport;
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, E164, Id, List, Time, Versioned, words, words_or_null};
use super::{Api, said};

const PATH: &str = "/api/phone/sip/outbound-trunks";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Outbound trunks", id, summary, scope);
    let one = format!("{PATH}/{{id}}");
    let trunk = "The trunk.";
    Routes::new()
        .on(&Method::GET, PATH, list, op("list_outbound_trunks", "The ways out, by name", Scope::SipRead)
            .pages().answers_list::<PhoneOutboundTrunk>("A page of trunks."))
        .on(&Method::POST, PATH, create, op("create_outbound_trunk", "Add a carrier's trunk", Scope::SipWrite)
            .note("The password is kept sealed and never shown again. A host that leads back to this server is refused.")
            .takes::<CreateOutboundTrunk>().answers::<PhoneOutboundTrunk>(trunk))
        .on(&Method::GET, &one, get, op("get_outbound_trunk", "One trunk", Scope::SipRead)
            .answers::<PhoneOutboundTrunk>(trunk))
        .on(&Method::PATCH, &one, update, op("update_outbound_trunk", "Change a trunk", Scope::SipWrite)
            .note("A password that is not sent stays.")
            .takes::<UpdateOutboundTrunk>().answers::<PhoneOutboundTrunk>(trunk))
        .on(&Method::DELETE, &one, delete, op("delete_outbound_trunk", "Delete a trunk", Scope::SipWrite)
            .note("One that agents use is a 409 that names them.")
            .answers_nothing("It is gone.").refuses(&[409]))
        .on(&Method::POST, &format!("{one}/check"), check, op("check_outbound_trunk", "Look whether a trunk can be reached", Scope::SipWrite)
            .note("Name, connection, certificate, OPTIONS. Many carriers never answer OPTIONS, so silence is `unknown`; a call is the proof.")
            .answers::<TrunkCheck>("Each step with its verdict.").refuses(&[503]))
}

/// A carrier's trunk.
#[derive(Serialize, ToSchema)]
pub(super) struct PhoneOutboundTrunk {
    id: Id,
    name: String,
    host: String,
    port: u16,
    #[schema(schema_with = transport_words)]
    transport: &'static str,
    /// Whether the carrier knows us by a username and password; else by our address.
    digest: bool,
    /// Null without digest.
    #[schema(required = true)]
    username: Option<String>,
    /// The number people see.
    caller_number: E164,
    /// Where the carrier is at home, ISO code; reads national formats.
    #[schema(required = true)]
    country: Option<&'static str>,
    #[schema(schema_with = format_words)]
    number_format: &'static str,
    #[schema(schema_with = format_words)]
    caller_format: &'static str,
    #[schema(required = true)]
    from_user: Option<String>,
    #[schema(required = true)]
    from_host: Option<String>,
    #[schema(required = true)]
    auth_realm: Option<String>,
    #[schema(schema_with = assert_words)]
    assert: &'static str,
    user_phone: bool,
    #[schema(required = true)]
    prefix: Option<String>,
    #[schema(required = true)]
    outbound_proxy: Option<String>,
    register: bool,
    #[schema(schema_with = srtp_words)]
    srtp: &'static str,
    #[schema(required = true, schema_with = wire::codecs)]
    codecs: Option<CodecOrder>,
    /// Most calls at once.
    max_channels: u32,
    /// Most calls begun in one second.
    max_cps: u32,
    max_duration_s: u32,
    /// ISO codes of the countries it may call.
    allowed_regions: Vec<&'static str>,
    /// Null: as many minutes a day as it takes.
    #[schema(required = true)]
    daily_cap_minutes: Option<u32>,
    /// The agents that place calls by it.
    agent_ids: Vec<Id>,
    health: TrunkHealth,
    /// Null where we do not register.
    #[schema(required = true)]
    registration: Option<TrunkRegistration>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// How a trunk is, as far as packets showed.
#[derive(Serialize, ToSchema)]
pub(super) struct TrunkHealth {
    #[schema(schema_with = health_words)]
    state: &'static str,
    #[schema(required = true)]
    since: Option<Time>,
    /// What is the matter, for scripts.
    #[schema(required = true)]
    reason: Option<&'static str>,
    /// The same for people.
    #[schema(required = true)]
    message: Option<String>,
    #[schema(required = true)]
    last_answered_at: Option<Time>,
}

/// Whether the carrier has us registered.
#[derive(Serialize, ToSchema)]
pub(super) struct TrunkRegistration {
    #[schema(schema_with = registration_words)]
    state: &'static str,
    since: Time,
    #[schema(required = true)]
    expires_at: Option<Time>,
    #[schema(required = true)]
    next_at: Option<Time>,
    #[schema(required = true)]
    sip_status: Option<u16>,
    /// Why it is not registered, for people.
    #[schema(required = true)]
    message: Option<String>,
}

/// A new trunk.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `OutboundDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateOutboundTrunk {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// A name or an address; a whole SIP URI is taken apart.
    #[schema(min_length = 1)]
    host: String,
    /// Default: 5060, with TLS 5061.
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// Default: `udp`.
    #[schema(schema_with = transport_words, required = false)]
    transport: Option<String>,
    /// Default: true. False: the carrier knows us by our address, and no password is ever sent.
    digest: Option<bool>,
    /// Required unless `digest` is false.
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// Required unless `digest` is false.
    #[schema(min_length = 1, max_length = 512)]
    password: Option<String>,
    caller_number: E164,
    country: Option<String>,
    #[schema(schema_with = format_words, required = false)]
    number_format: Option<String>,
    #[schema(schema_with = format_words, required = false)]
    caller_format: Option<String>,
    from_user: Option<String>,
    from_host: Option<String>,
    #[schema(max_length = 255)]
    auth_realm: Option<String>,
    #[schema(schema_with = assert_words, required = false)]
    assert: Option<String>,
    user_phone: Option<bool>,
    #[schema(max_length = 10)]
    prefix: Option<String>,
    outbound_proxy: Option<String>,
    register: Option<bool>,
    #[schema(schema_with = srtp_words, required = false)]
    srtp: Option<String>,
    #[schema(schema_with = wire::codecs, required = false)]
    codecs: Option<Vec<String>>,
    /// Default: 10.
    #[schema(minimum = 1, maximum = 100_000)]
    max_channels: Option<u32>,
    /// Default: 1.
    #[schema(minimum = 1, maximum = 1000)]
    max_cps: Option<u32>,
    /// Default: 3600.
    #[schema(minimum = 10, maximum = 86400)]
    max_duration_s: Option<u32>,
    /// Default: the country of the caller number.
    allowed_regions: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 1_440_000)]
    daily_cap_minutes: Option<u32>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `OutboundDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateOutboundTrunk {
    #[schema(min_length = 1, max_length = 120)]
    name: Option<String>,
    #[schema(min_length = 1)]
    host: Option<String>,
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    #[schema(schema_with = transport_words, required = false)]
    transport: Option<String>,
    digest: Option<bool>,
    #[schema(max_length = 128)]
    username: Option<String>,
    #[schema(max_length = 512)]
    password: Option<String>,
    #[schema(required = false)]
    caller_number: E164,
    country: Option<String>,
    #[schema(schema_with = format_words, required = false)]
    number_format: Option<String>,
    #[schema(schema_with = format_words, required = false)]
    caller_format: Option<String>,
    from_user: Option<String>,
    from_host: Option<String>,
    #[schema(max_length = 255)]
    auth_realm: Option<String>,
    #[schema(schema_with = assert_words, required = false)]
    assert: Option<String>,
    user_phone: Option<bool>,
    #[schema(max_length = 10)]
    prefix: Option<String>,
    outbound_proxy: Option<String>,
    register: Option<bool>,
    #[schema(schema_with = srtp_words, required = false)]
    srtp: Option<String>,
    #[schema(schema_with = wire::codecs, required = false)]
    codecs: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 100_000)]
    max_channels: Option<u32>,
    #[schema(minimum = 1, maximum = 1000)]
    max_cps: Option<u32>,
    #[schema(minimum = 10, maximum = 86400)]
    max_duration_s: Option<u32>,
    allowed_regions: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 1_440_000)]
    daily_cap_minutes: Option<u32>,
    /// The version the change is based on.
    version: Option<i64>,
}

impl Draft for OutboundDraft {}

/// What a check of the connection showed.
#[derive(Serialize, ToSchema)]
pub(super) struct TrunkCheck {
    steps: Vec<TrunkCheckStep>,
}

/// One step of it.
#[derive(Serialize, ToSchema)]
pub(super) struct TrunkCheckStep {
    #[schema(schema_with = step_words)]
    step: &'static str,
    #[schema(schema_with = verdict_words)]
    verdict: &'static str,
    took_ms: u32,
    /// Addresses, a status, the certificate's fault.
    found: String,
}

fn transport_words() -> Object {
    words(Transport::ALL.map(Transport::as_str))
}

fn format_words() -> Object {
    words(NumberFormat::ALL.map(NumberFormat::as_str))
}

fn assert_words() -> Object {
    words(Assert::ALL.iter().map(|word| word.as_str()))
}

fn srtp_words() -> Object {
    words(Srtp::ALL.iter().map(|word| word.as_str()))
}

fn health_words() -> Object {
    words(HealthState::ALL.iter().map(|word| word.as_str()))
}

fn registration_words() -> Object {
    words_or_null(RegistrationState::ALL.iter().map(|word| word.as_str()))
}

fn step_words() -> Object {
    words(CheckedStep::ALL.iter().map(|word| word.as_str()))
}

fn verdict_words() -> Object {
    words(CheckVerdict::ALL.iter().map(|word| word.as_str()))
}

type Answer = Result<Versioned<PhoneOutboundTrunk>, Problem>;

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<PhoneOutboundTrunk>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.outbound.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, shown)))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<OutboundDraft>,
) -> Answer {
    Ok(versioned(
        api.services.outbound.create(&caller, draft).await?,
    ))
}

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(id): Path<String>) -> Answer {
    let view = api.services.outbound.get(&caller, id_of(&id)?).await?;
    Ok(versioned(view))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<OutboundDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let id = id_of(&id)?;
    Ok(versioned(
        api.services.outbound.update(&caller, id, draft).await?,
    ))
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services.outbound.delete(&caller, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn check(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Json<TrunkCheck>, Problem> {
    let steps = api.services.outbound.check(&caller, id_of(&id)?).await?;
    let step = |step: CheckStep| TrunkCheckStep {
        step: step.what.as_str(),
        verdict: step.verdict.as_str(),
        took_ms: step.took_ms,
        found: step.found,
    };
    Ok(Json(TrunkCheck {
        steps: steps.into_iter().map(step).collect(),
    }))
}

fn id_of(text: &str) -> Result<OutboundTrunkId, Problem> {
    wire::id(text, Thing::OutboundTrunk)
}

fn versioned(view: OutboundView) -> Versioned<PhoneOutboundTrunk> {
    Versioned(view.trunk.version, shown(view))
}

fn shown(view: OutboundView) -> PhoneOutboundTrunk {
    let OutboundView {
        trunk,
        agents,
        health,
        registration,
    } = view;
    let (set, identity) = (trunk.settings, |id: app::domain::id::AgentId| {
        Id::of(id.as_uuid())
    });
    let username = match set.auth {
        OutboundAuth::Digest { username } => Some(username.to_string()),
        OutboundAuth::SourceIp => None,
    };
    PhoneOutboundTrunk {
        id: Id::of(trunk.id.as_uuid()),
        name: set.name,
        host: set.host.to_string(),
        port: set.port,
        transport: set.transport.as_str(),
        digest: username.is_some(),
        username,
        caller_number: E164(set.caller_number),
        country: set.identity.country.map(Country::iso),
        number_format: set.identity.number_format.as_str(),
        caller_format: set.identity.caller_format.as_str(),
        from_user: set.identity.from_user,
        from_host: set.identity.from_host.map(|host| host.to_string()),
        auth_realm: set.identity.auth_realm,
        assert: set.identity.assert.as_str(),
        user_phone: set.identity.user_phone,
        prefix: set.identity.prefix,
        outbound_proxy: set.outbound_proxy.map(|proxy| proxy.to_string()),
        register: set.register,
        srtp: set.srtp.as_str(),
        codecs: set.codecs,
        max_channels: set.limits.max_channels,
        max_cps: set.limits.max_cps,
        max_duration_s: set.limits.max_duration_s,
        allowed_regions: set
            .limits
            .allowed_regions
            .into_iter()
            .map(Country::iso)
            .collect(),
        daily_cap_minutes: set.limits.daily_cap_minutes,
        agent_ids: agents.into_iter().map(|(id, _)| identity(id)).collect(),
        health: TrunkHealth {
            state: health.state.as_str(),
            since: health.since.map(Time),
            reason: health.trouble.as_ref().map(Trouble::code),
            message: health.trouble.as_ref().map(said::trouble),
            last_answered_at: health.last_answered_at.map(Time),
        },
        registration: registration.map(|registration| TrunkRegistration {
            state: registration.state.as_str(),
            since: Time(registration.since),
            expires_at: registration.expires_at.map(Time),
            next_at: registration.next_at.map(Time),
            sip_status: registration.status,
            message: said::registration(&registration),
        }),
        version: trunk.version,
        created_at: Time(trunk.created_at),
        updated_at: Time(trunk.updated_at),
    }
}
