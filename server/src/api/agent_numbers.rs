//! `/api/phone/sip/agents/{agent}`: which numbers an agent answers, and how a PBX names it.

use app::domain::draft::{Entry, EntryList};
use app::error::{Reason, Scope};
use app::ports::{AgentView, Assign};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::agents::id_of;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, E164, Id};

const PATH: &str = "/api/phone/sip/agents/{agent}";

pub(super) fn routes() -> Routes {
    use utoipa::PartialSchema as _;
    let op = |id, summary, scope| Op::new("Agent SIP config", id, summary, scope);
    let config = "The agent's SIP configuration.";
    let number = format!("{PATH}/phone-numbers/{{phone_number}}");
    Routes::new()
        .on(&Method::GET, PATH, get, op("get_agent_sip_config", "An agent's numbers and header", Scope::PhoneRead)
            .answers::<AgentSipConfig>(config))
        .on(&Method::PATCH, PATH, update, op("update_agent_sip_config", "Say which numbers an agent answers", Scope::SipWrite)
            .note("All of them; those left out are released. A number held by another agent is a 409 that names it.")
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
    /// Outbound trunks come in a later version.
    #[schema(required = true)]
    outbound_trunk_id: Option<Id>,
    /// Transfer destinations come in a later version.
    transfer_destinations: Vec<Id>,
    /// Name of the SIP header that addresses an agent; null while there is no trunk.
    #[schema(required = true)]
    agent_id_header: Option<String>,
    /// The value that addresses this one.
    agent_id_header_value: Id,
}

/// What is to be different.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct UpdateAgentSipConfig {
    #[schema(value_type = Vec<String>, required = false)]
    phone_numbers: EntryList,
    /// Only null: outbound trunks come in a later version.
    #[schema(value_type = Option<String>, required = false)]
    outbound_trunk_id: Entry,
}

impl Draft for UpdateAgentSipConfig {}

type Answer = Result<Json<AgentSipConfig>, Problem>;

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(agent): Path<String>) -> Answer {
    Ok(shown(
        api.services.agents.get(&caller, id_of(&agent)?).await?,
    ))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(agent): Path<String>,
    Body(body): Body<UpdateAgentSipConfig>,
) -> Answer {
    let agent = id_of(&agent)?;
    if !body.outbound_trunk_id.is_blank() {
        let found = body.outbound_trunk_id.shown().to_owned();
        return Err(Problem::field(
            "outbound_trunk_id",
            Reason::NoSuch { found },
        ));
    }
    Ok(shown(
        api.services
            .agents
            .set_numbers(&caller, agent, body.phone_numbers)
            .await?,
    ))
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
    Ok(shown(
        api.services
            .agents
            .assign(&caller, id_of(&agent)?, number, how)
            .await?,
    ))
}

async fn release(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path((agent, number)): Path<(String, String)>,
) -> Answer {
    let number = wire::number(&number)?;
    Ok(shown(
        api.services
            .agents
            .release(&caller, id_of(&agent)?, number)
            .await?,
    ))
}

fn shown(view: AgentView) -> Json<AgentSipConfig> {
    let id = Id::of(view.agent.id.as_uuid());
    Json(AgentSipConfig {
        agent_id: id,
        phone_numbers: view
            .numbers
            .into_iter()
            .map(|number| E164(number.number))
            .collect(),
        outbound_trunk_id: None,
        transfer_destinations: Vec::new(),
        agent_id_header: view.header,
        agent_id_header_value: id,
    })
}
