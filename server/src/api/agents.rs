//! `/api/phone`: agents, with the fields of the reference API and ours.

use app::domain::agent::{AgentDraft, AgentType, HoldMusic};
use app::domain::id::AgentId;
use app::error::{FieldErrors, Scope, Thing};
use app::ports::AgentView;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::engines::{ChosenEngine, Engine};
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, E164, Id, Time, Versioned, words};

const PATH: &str = "/api/phone";

/// What the reference API calls the installation, where it has several.
const ORGANISATION: &str = "00000000-0000-0000-0000-000000000000";

/// Fields that scripts for the reference API send and that change nothing here yet. They are
/// taken so that such a script runs; the answer shows what is true.
const WITHOUT_EFFECT: [&str; 15] = [
    "accent",
    "actionIds",
    "custom_llm",
    "data_collection_fields",
    "data_collection_webhook_url",
    "flow",
    "handoff_phone_number",
    "manual_mode",
    "model",
    "phone_number",
    "provider_external_id",
    "speed",
    "stt_keyterms",
    "tts_speed_pct",
    "use_org_knowledgebase",
];

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Agents", id, summary, scope);
    let one = "/api/phone/{agent}";
    let without = format!(
        "Taken for scripts written for the reference API, without effect in this version: `{}`.",
        WITHOUT_EFFECT.join("`, `"),
    );
    Routes::new()
        .on(
            &Method::GET,
            PATH,
            list,
            op("list_agents", "All agents, by name", Scope::PhoneRead)
                .answers_array::<PhoneAgent>("The agents, as a bare list.")
                .refuses(&[422]),
        )
        .on(
            &Method::POST,
            PATH,
            create,
            op("create_agent", "Create an agent", Scope::PhoneWrite)
                .note(&without)
                .takes::<CreatePhoneAgent>()
                .answers::<PhoneAgent>("The agent."),
        )
        .on(
            &Method::GET,
            one,
            get,
            op("get_agent", "One agent", Scope::PhoneRead).answers::<PhoneAgent>("The agent."),
        )
        .on(
            &Method::PATCH,
            one,
            update,
            op("update_agent", "Change an agent", Scope::PhoneWrite)
                .note(&without)
                .takes::<UpdatePhoneAgent>()
                .answers::<PhoneAgent>("The agent."),
        )
        .on(
            &Method::DELETE,
            one,
            delete,
            op("delete_agent", "Remove an agent", Scope::PhoneWrite)
                .note("Its numbers stay, unassigned.")
                .answers_nothing("It is gone.")
                .refuses(&[409]),
        )
}

/// What answers calls.
#[derive(Serialize, ToSchema)]
pub(super) struct PhoneAgent {
    /// Goes into the agent header.
    id: Id,
    org_id: &'static str,
    /// The first of its numbers.
    #[schema(required = true)]
    phone_number: Option<E164>,
    #[schema(required = true)]
    name: Option<String>,
    #[schema(schema_with = type_words)]
    r#type: &'static str,
    /// One entry: the language it speaks.
    language: Vec<String>,
    #[schema(required = true)]
    accent: Option<String>,
    #[schema(required = true)]
    handoff_phone_number: Option<String>,
    #[schema(required = true)]
    speed: Option<f64>,
    interruptible: bool,
    #[serde(rename = "actionIds")]
    #[schema(required = true)]
    action_ids: Option<Vec<String>>,
    #[schema(required = true)]
    instructions: Option<Vec<String>>,
    #[schema(required = true)]
    data_collection_fields: Option<Vec<String>>,
    #[schema(required = true)]
    data_collection_webhook_url: Option<String>,
    model: &'static str,
    /// One of `/api/phone/voices`; null lets the language choose.
    #[schema(required = true)]
    voice_id: Option<String>,
    /// Null: `Hello?`.
    #[schema(required = true)]
    first_message: Option<String>,
    created_at: Time,
    updated_at: Time,
    #[schema(required = true)]
    provider_external_id: Option<String>,
    #[schema(value_type = Object, nullable, required = true)]
    flow: Value,
    manual_mode: bool,
    #[schema(required = true)]
    custom_llm: Option<String>,
    use_org_knowledgebase: bool,
    recording_enabled: bool,
    stt_keyterms: Vec<String>,
    tts_speed_pct: f64,
    #[schema(required = true)]
    failover_transfer_destination_id: Option<Id>,
    engine: Engine,
    enabled: bool,
    /// Answers any number on the trunk that has no agent.
    is_default: bool,
    /// Spoken before audio is kept.
    #[schema(required = true)]
    recording_notice: Option<String>,
    /// Digits stand in transcript and audio instead of being masked.
    keep_digits: bool,
    /// What callers hear who wait for somebody, or are on hold: `none` (that it rings) or a `melody`.
    #[schema(schema_with = music_words)]
    hold_music: &'static str,
    silence_seconds: u32,
    max_duration_s: u32,
    /// Most calls at once; null: no limit of its own.
    #[schema(required = true)]
    max_channels: Option<u32>,
    version: i64,
}

/// A new agent.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `AgentDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreatePhoneAgent {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Default: `inbound`.
    #[schema(schema_with = type_words, required = false)]
    r#type: Option<String>,
    /// A language tag, or a list of one. Default: `en`.
    #[schema(schema_with = text_or_list, required = false)]
    language: Option<String>,
    /// One of `/api/phone/voices`.
    #[schema(max_length = 100)]
    voice_id: Option<String>,
    #[schema(max_length = 1000)]
    first_message: Option<String>,
    /// One text, or a list of them.
    #[schema(schema_with = text_or_list, required = false)]
    instructions: Option<Vec<String>>,
    engine: Option<ChosenEngine>,
    interruptible: Option<bool>,
    enabled: Option<bool>,
    is_default: Option<bool>,
    /// Default: false.
    recording_enabled: Option<bool>,
    #[schema(max_length = 500)]
    recording_notice: Option<String>,
    keep_digits: Option<bool>,
    #[schema(schema_with = music_words, required = false)]
    hold_music: Option<String>,
    #[schema(minimum = 1, maximum = 600)]
    silence_seconds: Option<u32>,
    #[schema(minimum = 10, maximum = 86400)]
    max_duration_s: Option<u32>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    /// Where callers go when the engine is away or a transfer fails.
    failover_transfer_destination_id: Option<Id>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `AgentDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdatePhoneAgent {
    #[schema(min_length = 1, max_length = 120)]
    name: Option<String>,
    #[schema(schema_with = type_words, required = false)]
    r#type: Option<String>,
    #[schema(schema_with = text_or_list, required = false)]
    language: Option<String>,
    #[schema(max_length = 100)]
    voice_id: Option<String>,
    #[schema(max_length = 1000)]
    first_message: Option<String>,
    #[schema(schema_with = text_or_list, required = false)]
    instructions: Option<Vec<String>>,
    engine: Option<ChosenEngine>,
    interruptible: Option<bool>,
    enabled: Option<bool>,
    is_default: Option<bool>,
    recording_enabled: Option<bool>,
    #[schema(max_length = 500)]
    recording_notice: Option<String>,
    keep_digits: Option<bool>,
    #[schema(schema_with = music_words, required = false)]
    hold_music: Option<String>,
    #[schema(minimum = 1, maximum = 600)]
    silence_seconds: Option<u32>,
    #[schema(minimum = 10, maximum = 86400)]
    max_duration_s: Option<u32>,
    #[schema(minimum = 1)]
    max_channels: Option<u32>,
    failover_transfer_destination_id: Option<Id>,
    /// The version the change is based on.
    version: Option<i64>,
}

impl Draft for AgentDraft {
    fn prepare(body: &mut Map<String, Value>, _: &mut FieldErrors) {
        for name in WITHOUT_EFFECT {
            body.remove(name);
        }
        if let Some(list) = body.get("language").and_then(Value::as_array)
            && let [one] = list.as_slice()
        {
            let one = one.clone();
            body.insert("language".to_owned(), one);
        }
        // A text is one instruction, whatever lines and commas it has.
        if let Some(text) = body.get("instructions").filter(|value| value.is_string()) {
            let list = Value::Array(vec![text.clone()]);
            body.insert("instructions".to_owned(), list);
        }
        // The word alone stands for an engine of that type.
        if let Some(word) = body.get("engine").filter(|value| !value.is_object()) {
            let object = Value::Object(Map::from_iter([("type".to_owned(), word.clone())]));
            body.insert("engine".to_owned(), object);
        }
    }
}

fn type_words() -> utoipa::openapi::Object {
    words(AgentType::ALL.iter().map(|kind| kind.as_str()))
}

fn music_words() -> utoipa::openapi::Object {
    words(HoldMusic::ALL.iter().map(|music| music.as_str()))
}

fn text_or_list() -> Schema {
    let either = OneOfBuilder::new()
        .item(String::schema())
        .item(Vec::<String>::schema());
    Schema::OneOf(either.build())
}

type Answer = Result<Versioned<PhoneAgent>, Problem>;

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    params: Params,
) -> Result<Json<Vec<PhoneAgent>>, Problem> {
    params.done()?;
    let agents = api.services.agents.list(&caller).await?;
    Ok(Json(agents.into_iter().map(shown).collect()))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<AgentDraft>,
) -> Answer {
    Ok(versioned(api.services.agents.create(&caller, draft).await?))
}

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(id): Path<String>) -> Answer {
    Ok(versioned(
        api.services.agents.get(&caller, id_of(&id)?).await?,
    ))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<AgentDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    Ok(versioned(
        api.services
            .agents
            .update(&caller, id_of(&id)?, draft)
            .await?,
    ))
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services.agents.delete(&caller, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn id_of(text: &str) -> Result<AgentId, Problem> {
    wire::id(text, Thing::Agent)
}

fn versioned(view: AgentView) -> Versioned<PhoneAgent> {
    Versioned(view.agent.version, shown(view))
}

fn shown(view: AgentView) -> PhoneAgent {
    let AgentView { agent, numbers, .. } = view;
    let settings = agent.settings;
    PhoneAgent {
        id: Id::of(agent.id.as_uuid()),
        org_id: ORGANISATION,
        phone_number: numbers.into_iter().next().map(E164),
        name: Some(settings.name),
        r#type: settings.r#type.as_str(),
        language: vec![settings.language],
        accent: None,
        handoff_phone_number: None,
        speed: None,
        interruptible: settings.interruptible,
        action_ids: None,
        instructions: Some(settings.instructions),
        data_collection_fields: None,
        data_collection_webhook_url: None,
        model: "oppie-vox",
        voice_id: settings.voice_id,
        first_message: settings.first_message,
        created_at: Time(agent.created_at),
        updated_at: Time(agent.updated_at),
        provider_external_id: None,
        flow: Value::Null,
        manual_mode: false,
        custom_llm: None,
        use_org_knowledgebase: false,
        recording_enabled: settings.recording_enabled,
        stt_keyterms: Vec::new(),
        tts_speed_pct: 0.0,
        failover_transfer_destination_id: settings.failover.map(|id| Id::of(id.as_uuid())),
        engine: Engine::of(settings.engine),
        enabled: settings.enabled,
        is_default: settings.is_default,
        recording_notice: settings.recording_notice,
        keep_digits: settings.keep_digits,
        hold_music: settings.hold_music.as_str(),
        silence_seconds: settings.silence_seconds,
        max_duration_s: settings.max_duration_s,
        max_channels: settings.max_channels,
        version: agent.version,
    }
}
