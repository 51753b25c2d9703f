//! `/api/phone/sip/agents/{agent}`: which numbers an agent answers, and how a PBX names it.

use app::domain::agent::AgentRouting;
use app::error::Scope;
use app::ports::{AgentView, Assign, Caller, RoutingDraft};
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::agents::id_of;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, E164, Id, Versioned};

const PATH: &str = "/api/phone/sip/agents/{agent}";

pub(super) fn routes() -> Routes {
    use utoipa::PartialSchema as _;
    let op = |id, summary, scope| Op::new("Agent SIP config", id, summary, scope);
    let config = "The agent's SIP configuration.";
    let number = format!("{PATH}/phone-numbers/{{phone_number}}");
    Routes::new()
        .on(&Method::GET, PATH, get, op("get_agent_sip_config", "An agent's numbers, trunk, destinations and header", Scope::PhoneRead)
            .answers::<AgentSipConfig>(config))
        .on(&Method::PATCH, PATH, update, op("update_agent_sip_config", "Say which numbers an agent answers, and its outbound trunk", Scope::SipWrite)
            .note("Numbers: all of them; those left out are released. A number held by another agent is a 409 that names it.")
            .takes::<UpdateAgentSipConfig>().answers::<AgentSipConfig>(config))
        .on(&Method::PUT, &number, assign, op("assign_agent_phone_number", "Give an agent a number", Scope::SipWrite)
            .query("move", bool::schema(), "Take it from the agent that holds it, in one step.")
            .query("add", bool::schema(), "Put it into the inventory and on the trunk if it is not there.")
            .answers::<AgentSipConfig>(config).refuses(&[409]))
        .on(&Method::DELETE, &number, release, op("release_agent_phone_number", "Take a number from an agent", Scope::SipWrite)
            .answers::<AgentSipConfig>(config))
}

/// What of SIP concerns one agent.
#[derive(Serialize, ToSchema)]
pub(super) struct AgentSipConfig {
    agent_id: Id,
    /// The numbers it answers.
    phone_numbers: Vec<E164>,
    /// By which trunk it places calls.
    #[schema(required = true)]
    outbound_trunk_id: Option<Id>,
    /// Where it may hand calls on to, in the order of its menu; none for keys without `sip:read`.
    transfer_destinations: Vec<Id>,
    /// Name of the SIP header that addresses an agent; null while there is no trunk.
    #[schema(required = true)]
    agent_id_header: Option<String>,
    /// The value that addresses this one.
    agent_id_header_value: Id,
    /// Of its numbers and its trunk: another one after each change of these, not the next.
    version: i64,
}

/// What is to be different. Absent leaves.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `RoutingDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateAgentSipConfig {
    #[schema(required = false)]
    phone_numbers: Vec<String>,
    /// Null takes the trunk away.
    #[schema(required = false)]
    outbound_trunk_id: Option<Id>,
    /// The version the change is based on.
    version: Option<i64>,
}

impl Draft for RoutingDraft {}

type Answer = Result<Versioned<AgentSipConfig>, Problem>;

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(agent): Path<String>) -> Answer {
    let view = api.services.agents.get(&caller, id_of(&agent)?).await?;
    shown(&api, &caller, view).await
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(agent): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<RoutingDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let agent = id_of(&agent)?;
    shown(
        &api,
        &caller,
        api.services
            .agents
            .set_routing(&caller, agent, draft)
            .await?,
    )
    .await
}

async fn assign(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((agent, number)): Path<(String, String)>,
    mut params: Params,
) -> Answer {
    let how = Assign {
        moving: params.switch("move").unwrap_or_default(),
        adding: params.switch("add").unwrap_or_default(),
    };
    params.done()?;
    let number = wire::number(&number)?;
    let view = api
        .services
        .agents
        .assign(&caller, id_of(&agent)?, number, how)
        .await?;
    shown(&api, &caller, view).await
}

async fn release(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((agent, number)): Path<(String, String)>,
) -> Answer {
    let number = wire::number(&number)?;
    let view = api
        .services
        .agents
        .release(&caller, id_of(&agent)?, number)
        .await?;
    shown(&api, &caller, view).await
}

/// The destinations are told to those who may read trunks; a number's holder need not be one.
async fn shown(api: &Api, caller: &Caller, view: AgentView) -> Answer {
    let id = Id::of(view.agent.id.as_uuid());
    let routing = AgentRouting {
        phone_numbers: api.services.agents.numbers(caller, view.agent.id).await?,
        outbound_trunk_id: view.agent.outbound_trunk,
    };
    let version = routing.version();
    let assigned = if caller.can(Scope::SipRead) {
        api.services
            .destinations
            .of_agent(caller, view.agent.id)
            .await?
    } else {
        Vec::new()
    };
    let config = AgentSipConfig {
        agent_id: id,
        phone_numbers: routing.phone_numbers.into_iter().map(E164).collect(),
        outbound_trunk_id: routing.outbound_trunk_id.map(|id| Id::of(id.as_uuid())),
        transfer_destinations: assigned
            .into_iter()
            .map(|assigned| Id::of(assigned.destination.id.as_uuid()))
            .collect(),
        agent_id_header: view.header,
        agent_id_header_value: id,
        version,
    };
    Ok(Versioned(version, config))
}
