//! `/api/phone/sip/transfer-destinations`, and which agent may use which.

use app::domain::id::DestinationId;
use app::domain::transfer::{
    AssignDraft, Assigned, Destination, DestinationDraft, DestinationType, DestinationView, Place,
    TransferMode,
};
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::Api;
use super::agents::id_of as agent_of;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, Id, List, Time, Versioned, words};

const PATH: &str = "/api/phone/sip/transfer-destinations";
const OF_AGENT: &str = "/api/phone/sip/agents/{agent}/transfer-destinations";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Transfer destinations", id, summary, scope);
    let one = format!("{PATH}/{{id}}");
    let destination = "The destination.";
    Routes::new()
        .on(
            &Method::GET,
            PATH,
            list,
            op(
                "list_transfer_destinations",
                "Where calls may be handed on to, by name",
                Scope::SipRead,
            )
            .pages()
            .answers_list::<TransferDestination>("A page of destinations."),
        )
        .on(
            &Method::POST,
            PATH,
            create,
            op(
                "create_transfer_destination",
                "Add a destination",
                Scope::SipWrite,
            )
            .takes::<CreateTransferDestination>()
            .answers::<TransferDestination>(destination),
        )
        .on(
            &Method::GET,
            &one,
            get,
            op(
                "get_transfer_destination",
                "One destination",
                Scope::SipRead,
            )
            .answers::<TransferDestination>(destination),
        )
        .on(
            &Method::PUT,
            &one,
            update,
            op(
                "update_transfer_destination",
                "Change a destination",
                Scope::SipWrite,
            )
            .note("What is not sent stays.")
            .takes::<UpdateTransferDestination>()
            .answers::<TransferDestination>(destination),
        )
        .on(
            &Method::DELETE,
            &one,
            delete,
            op(
                "delete_transfer_destination",
                "Delete a destination",
                Scope::SipWrite,
            )
            .note("One that agents use is a 409 that names them.")
            .answers_nothing("It is gone.")
            .refuses(&[409]),
        )
        .and(of_agents())
}

/// What agents have of them.
fn of_agents() -> Routes {
    let op = |id, summary, scope| Op::new("Transfer destinations", id, summary, scope);
    Routes::new()
        .on(
            &Method::GET,
            OF_AGENT,
            of_agent,
            op(
                "list_agent_transfer_destinations",
                "Where an agent may hand calls on to",
                Scope::SipRead,
            )
            .pages()
            .answers_list::<AgentDestination>("In the order of its menu."),
        )
        .on(
            &Method::POST,
            OF_AGENT,
            assign,
            op(
                "assign_agent_transfer_destination",
                "Let an agent use a destination",
                Scope::SipWrite,
            )
            .note("One that stands, or a new one: exactly one of `destination_id` and `create`.")
            .takes::<AssignTransferDestination>()
            .answers::<AssignedDestination>("Which one it is.")
            .refuses(&[409]),
        )
        .on(
            &Method::DELETE,
            &format!("{OF_AGENT}/{{id}}"),
            release,
            op(
                "unassign_agent_transfer_destination",
                "Take a destination from an agent",
                Scope::SipWrite,
            )
            .note("It stays for others.")
            .answers_nothing("The agent has it no more."),
        )
}

/// Where calls may be handed on to.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferDestination {
    id: Id,
    name: String,
    #[schema(schema_with = type_words)]
    r#type: &'static str,
    /// A number or a SIP URI; empty for `hangup`.
    value: String,
    /// What its host may ask for; null if it has none.
    #[schema(required = true)]
    username: Option<String>,
    #[schema(schema_with = mode_words)]
    mode: &'static str,
    /// Whether the recording goes on when a person has taken the call.
    keep_recording: bool,
    /// The agents that may use it.
    agent_ids: Vec<Id>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// A destination as an agent has it.
#[derive(Serialize, ToSchema)]
pub(super) struct AgentDestination {
    id: Id,
    name: String,
    #[schema(schema_with = type_words)]
    r#type: &'static str,
    value: String,
    #[schema(schema_with = mode_words)]
    mode: &'static str,
    /// The key that chooses it in the built-in agent's menu.
    #[schema(required = true)]
    digit: Option<String>,
}

/// A new destination.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `DestinationDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateTransferDestination {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    #[schema(schema_with = type_words)]
    r#type: String,
    /// A number with its country code, or a SIP URI; not needed for `hangup`.
    #[schema(min_length = 1, max_length = 500)]
    value: Option<String>,
    /// For `sip`: sent to its own host alone, and only if that asks.
    #[schema(max_length = 128)]
    username: Option<String>,
    #[schema(max_length = 512)]
    password: Option<String>,
    /// Default: `bridge`, the only one with a username.
    #[schema(schema_with = mode_words, required = false)]
    mode: Option<String>,
    keep_recording: Option<bool>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `DestinationDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateTransferDestination {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    #[schema(schema_with = type_words, required = false)]
    r#type: Option<String>,
    #[schema(min_length = 1, max_length = 500)]
    value: Option<String>,
    #[schema(max_length = 128)]
    username: Option<String>,
    #[schema(max_length = 512)]
    password: Option<String>,
    #[schema(schema_with = mode_words, required = false)]
    mode: Option<String>,
    keep_recording: Option<bool>,
    /// The version the change is based on.
    version: Option<i64>,
}

/// One that stands, or a new one.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `AssignDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct AssignTransferDestination {
    destination_id: Option<Id>,
    create: Option<CreateTransferDestination>,
    /// `0` to `9`, `*` or `#`: the key that chooses it in the built-in agent's menu.
    digit: Option<String>,
}

/// Which destination was assigned.
#[derive(Serialize, ToSchema)]
pub(super) struct AssignedDestination {
    destination_id: Id,
}

impl Draft for DestinationDraft {}
impl Draft for AssignDraft {}

fn type_words() -> Object {
    words(DestinationType::ALL.iter().map(|word| word.as_str()))
}

fn mode_words() -> Object {
    words(TransferMode::ALL.iter().map(|word| word.as_str()))
}

type Answer = Result<Versioned<TransferDestination>, Problem>;

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<TransferDestination>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.destinations.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, shown)))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<DestinationDraft>,
) -> Answer {
    let view = api.services.destinations.create(&caller, draft).await?;
    Ok(versioned(view))
}

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(id): Path<String>) -> Answer {
    let view = api.services.destinations.get(&caller, id_of(&id)?).await?;
    Ok(versioned(view))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<DestinationDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let id = id_of(&id)?;
    let view = api.services.destinations.update(&caller, id, draft).await?;
    Ok(versioned(view))
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services
        .destinations
        .delete(&caller, id_of(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn of_agent(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(agent): Path<String>,
    mut params: Params,
) -> Result<Json<List<AgentDestination>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let agent = agent_of(&agent)?;
    let all = api.services.destinations.of_agent(&caller, agent).await?;
    Ok(Json(List::cut(all, limit, cursor, as_assigned)))
}

async fn assign(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(agent): Path<String>,
    Body(draft): Body<AssignDraft>,
) -> Result<Json<AssignedDestination>, Problem> {
    let agent = agent_of(&agent)?;
    let assigned = api
        .services
        .destinations
        .assign(&caller, agent, draft)
        .await?;
    Ok(Json(AssignedDestination {
        destination_id: Id::of(assigned.destination.id.as_uuid()),
    }))
}

async fn release(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((agent, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (agent, id) = (agent_of(&agent)?, id_of(&id)?);
    api.services
        .destinations
        .release(&caller, agent, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn id_of(text: &str) -> Result<DestinationId, Problem> {
    wire::id(text, Thing::Destination)
}

fn versioned(view: DestinationView) -> Versioned<TransferDestination> {
    Versioned(view.destination.version, shown(view))
}

fn shown(view: DestinationView) -> TransferDestination {
    let DestinationView {
        destination,
        agents,
    } = view;
    let Destination { id, settings, .. } = destination;
    TransferDestination {
        id: Id::of(id.as_uuid()),
        r#type: settings.place.kind().as_str(),
        value: settings.place.value(),
        username: match &settings.place {
            Place::Sip(_, username) => username.as_ref().map(ToString::to_string),
            Place::Phone(_) | Place::Hangup => None,
        },
        name: settings.name,
        mode: settings.mode.as_str(),
        keep_recording: settings.keep_recording,
        agent_ids: agents
            .into_iter()
            .map(|(id, _)| Id::of(id.as_uuid()))
            .collect(),
        version: destination.version,
        created_at: Time(destination.created_at),
        updated_at: Time(destination.updated_at),
    }
}

fn as_assigned(assigned: Assigned) -> AgentDestination {
    let Assigned { destination, digit } = assigned;
    AgentDestination {
        id: Id::of(destination.id.as_uuid()),
        r#type: destination.settings.place.kind().as_str(),
        value: destination.settings.place.value(),
        name: destination.settings.name,
        mode: destination.settings.mode.as_str(),
        digit: digit.map(String::from),
    }
}
