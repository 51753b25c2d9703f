//! `/api/phone/sip/inbound-trunk/credentials`: who may come in.

use app::domain::id::AccessId;
use app::domain::inbound::{Access, AccessDraft, AccessKind, NumberSource, Srtp};
use app::error::{Scope, Thing};
use app::ports::Caller;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, Id, List, Time, Versioned, words};

const PATH: &str = "/api/phone/sip/inbound-trunk/credentials";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Inbound credentials", id, summary, scope);
    let one = format!("{PATH}/{{id}}");
    let credential = "The credential.";
    Routes::new()
        .on(&Method::GET, PATH, list, op("list_inbound_credentials", "Who may come in", Scope::SipRead)
            .note("Newest first, without passwords.").pages()
            .answers_list::<InboundCredential>("A page of credentials."))
        .on(&Method::POST, PATH, create, op("create_inbound_credential", "Let one more carrier or PBX in", Scope::SipWrite)
            .note("For `digest` a username and a password are made, for `network` an endpoint name.")
            .takes::<CreateInboundCredential>().answers::<InboundCredential>(credential).refuses(&[404]))
        .on(&Method::GET, &one, get, op("get_inbound_credential", "One credential", Scope::SipRead)
            .note("`auth_password` is there for keys with `sip:write`, and each time it is, the audit says so.")
            .answers::<InboundCredential>(credential))
        .on(&Method::PATCH, &one, update, op("update_inbound_credential", "Change one", Scope::SipWrite)
            .takes::<UpdateInboundCredential>().answers::<InboundCredential>(credential))
        .on(&Method::DELETE, &one, delete, op("delete_inbound_credential", "Remove one", Scope::SipWrite)
            .note("The last enabled one can't be removed.")
            .answers_nothing("It is gone.").refuses(&[409]))
}

/// One carrier's or PBX's right to come in.
#[derive(Serialize, ToSchema)]
pub(super) struct InboundCredential {
    id: Id,
    label: String,
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    /// The generated username; null for `network`.
    #[schema(required = true)]
    auth_username: Option<String>,
    /// The generated password; null in lists, for `network`, and for keys without `sip:write`.
    #[schema(required = true)]
    auth_password: Option<String>,
    /// For `network`: who is let in. For `digest`: the only addresses it may be used from; none means anywhere.
    networks: Vec<String>,
    /// The first label of the host name that is this credential's own.
    endpoint_name: String,
    /// For `network`: calls must be for that host name.
    own_endpoint_only: bool,
    /// ISO code; reads the national numbers it sends.
    #[schema(required = true)]
    country: Option<&'static str>,
    /// Whether its agent header counts.
    agent_header: bool,
    /// Where it puts the dialled number.
    #[schema(schema_with = number_source_words)]
    number_source: &'static str,
    /// Most calls at once; null: no limit of its own.
    #[schema(required = true)]
    max_channels: Option<u32>,
    /// Whether its audio is encrypted.
    #[schema(schema_with = srtp_words)]
    srtp: &'static str,
    /// For `digest`: MD5 is refused.
    sha256_only: bool,
    /// For `digest`: the sign-in must be for the very address that was called.
    strict_uri: bool,
    /// How its peer is asked (REFER) to call a number by itself, such as `sip:{number}@{host}`; null: it never is.
    #[schema(required = true)]
    refer_form: Option<String>,
    /// Which headers of its calls the agent's engine is told: `X-Account`, or `X-Account=customer` under another name.
    passed_headers: Vec<String>,
    enabled: bool,
    #[schema(required = true)]
    last_used_at: Option<Time>,
    #[schema(required = true)]
    last_used_from: Option<String>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// A new credential.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `AccessDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateInboundCredential {
    /// What you call it; unique.
    #[schema(max_length = 80)]
    label: String,
    /// Default: `digest`.
    #[schema(schema_with = kind_words, required = false)]
    kind: Option<String>,
    /// Required for `network`; no wider than /16 (IPv6: /32).
    networks: Option<Vec<String>>,
    own_endpoint_only: Option<bool>,
    country: Option<String>,
    /// Default: true for `digest`, false for `network`.
    agent_header: Option<bool>,
    #[schema(schema_with = number_source_words, required = false)]
    number_source: Option<String>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    #[schema(schema_with = srtp_words, required = false)]
    srtp: Option<String>,
    sha256_only: Option<bool>,
    strict_uri: Option<bool>,
    /// `{number}` stands for the number, `{host}` for the peer's own host.
    #[schema(max_length = 500)]
    refer_form: Option<String>,
    /// At most 20; none that SIP uses itself, and never the agent header.
    passed_headers: Option<Vec<String>>,
    /// Default: true.
    enabled: Option<bool>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `AccessDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateInboundCredential {
    #[schema(max_length = 80)]
    label: Option<String>,
    networks: Option<Vec<String>>,
    own_endpoint_only: Option<bool>,
    country: Option<String>,
    agent_header: Option<bool>,
    #[schema(schema_with = number_source_words, required = false)]
    number_source: Option<String>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    #[schema(schema_with = srtp_words, required = false)]
    srtp: Option<String>,
    sha256_only: Option<bool>,
    strict_uri: Option<bool>,
    #[schema(max_length = 500)]
    refer_form: Option<String>,
    passed_headers: Option<Vec<String>>,
    enabled: Option<bool>,
    /// The version the change is based on.
    version: Option<i64>,
}

impl Draft for AccessDraft {}

fn kind_words() -> utoipa::openapi::Object {
    words(AccessKind::ALL.iter().map(|kind| kind.as_str()))
}

fn number_source_words() -> utoipa::openapi::Object {
    words(NumberSource::ALL.iter().map(|source| source.as_str()))
}

fn srtp_words() -> utoipa::openapi::Object {
    words(Srtp::ALL.iter().map(|srtp| srtp.as_str()))
}

type Answer = Result<Versioned<InboundCredential>, Problem>;

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<InboundCredential>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.accesses.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, |access| {
        shown(access, None)
    })))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<AccessDraft>,
) -> Answer {
    let access = api.services.accesses.create(&caller, draft).await?;
    reveal(&api, &caller, access).await
}

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(id): Path<String>) -> Answer {
    let access = api.services.accesses.get(&caller, id_of(&id)?).await?;
    reveal(&api, &caller, access).await
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<AccessDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let access = api
        .services
        .accesses
        .update(&caller, id_of(&id)?, draft)
        .await?;
    reveal(&api, &caller, access).await
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services.accesses.delete(&caller, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn id_of(text: &str) -> Result<AccessId, Problem> {
    wire::id(text, Thing::Access)
}

async fn reveal(api: &Api, caller: &Caller, access: Access) -> Answer {
    let has_one = access.settings.kind == AccessKind::Digest && caller.can(Scope::SipWrite);
    let password = if has_one {
        let secret = api.services.accesses.reveal(caller, access.id).await?;
        Some(secret.expose().to_owned())
    } else {
        None
    };
    Ok(Versioned(access.version, shown(access, password)))
}

fn shown(access: Access, auth_password: Option<String>) -> InboundCredential {
    let settings = access.settings;
    InboundCredential {
        id: Id::of(access.id.as_uuid()),
        label: settings.label,
        kind: settings.kind.as_str(),
        auth_username: access.username,
        auth_password,
        networks: settings.networks.iter().map(ToString::to_string).collect(),
        endpoint_name: access.endpoint_name,
        own_endpoint_only: settings.own_endpoint_only,
        country: settings.country.map(app::domain::country::Country::iso),
        agent_header: settings.agent_header,
        number_source: settings.number_source.as_str(),
        max_channels: settings.max_channels,
        srtp: settings.srtp.as_str(),
        sha256_only: settings.sha256_only,
        strict_uri: settings.strict_uri,
        refer_form: settings.refer_form.map(Into::into),
        passed_headers: settings
            .passed_headers
            .iter()
            .map(ToString::to_string)
            .collect(),
        enabled: settings.enabled,
        last_used_at: access.last_used.as_ref().map(|used| Time(used.at)),
        last_used_from: access.last_used.map(|used| used.from.to_string()),
        version: access.version,
        created_at: Time(access.created_at),
        updated_at: Time(access.updated_at),
    }
}
