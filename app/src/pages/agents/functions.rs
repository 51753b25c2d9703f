//! What the agents' pages ask and do, at fixed addresses for scripts too.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::agent::{AgentDraft, AgentView, Assign, RoutingDraft};
use crate::domain::call::Call;
use crate::domain::draft::Entry;
use crate::domain::id::AgentId;
use crate::domain::number::{NumberFilter, NumberRow};
use crate::domain::outbound::CallDraft;
use crate::domain::page::Page;
use crate::error::{AppError, Scope, Thing};
use crate::pages::asked;
use crate::pages::notice::{Done, done_at};
use crate::pages::numbers::{cursor_of, filter_of};
use crate::pages::sip::number_of;

const HOME: &str = "/channels/phone/agents";

/// All agents, by name.
#[server(prefix = "/fn", endpoint = "list_agents", input = GetUrl)]
pub async fn list_agents() -> Result<Vec<AgentView>, AppError> {
    let (services, caller) = asked()?;
    services.agents.list(&caller).await
}

/// One agent with its numbers.
#[server(prefix = "/fn", endpoint = "get_agent", input = GetUrl)]
pub async fn get_agent(#[server(default)] id: String) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    services.agents.get(&caller, agent_of(&id)?).await
}

/// The numbers of one, a page at a time; with `q`, those with it in number or label.
#[server(prefix = "/fn", endpoint = "list_agent_numbers", input = GetUrl)]
pub async fn list_agent_numbers(
    #[server(default)] id: String,
    #[server(default)] q: String,
    #[server(default)] cursor: String,
) -> Result<Page<NumberRow>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipRead)?;
    let filter = NumberFilter {
        agent: Some(agent_of(&id)?),
        cursor: cursor_of(cursor)?,
        ..filter_of(q, "")
    };
    services.numbers.list(&caller, filter).await
}

/// A new agent.
#[server(prefix = "/fn", endpoint = "create_agent")]
pub async fn create_agent(#[server(default)] draft: AgentDraft) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    // Keeping people's voices is a choice, so a form must make it.
    caller.may(crate::error::Scope::PhoneWrite)?;
    if draft.recording_enabled.is_blank() {
        let mut errors = crate::error::FieldErrors::new();
        if let Err(more) = draft.parse() {
            errors.extend(more);
        }
        errors.add("recording_enabled", crate::error::Reason::Required);
        return Err(errors.into());
    }
    let made = services.agents.create(&caller, draft).await?;
    leptos_axum::redirect(&done_at(
        &format!("{HOME}/{}", made.agent.id),
        Done::AgentCreated,
        None,
    ));
    Ok(made)
}

/// Changes an agent.
#[server(prefix = "/fn", endpoint = "update_agent")]
pub async fn update_agent(
    #[server(default)] id: String,
    #[server(default)] draft: AgentDraft,
) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    let changed = services
        .agents
        .update(&caller, agent_of(&id)?, draft)
        .await?;
    leptos_axum::redirect(&done_at(
        &format!("{HOME}/{}", changed.agent.id),
        Done::AgentSaved,
        None,
    ));
    Ok(changed)
}

/// Says what speaks for an agent, and who takes its callers when that is away.
#[server(prefix = "/fn", endpoint = "set_agent_engine")]
pub async fn set_agent_engine(
    #[server(default)] id: String,
    #[server(default)] draft: AgentDraft,
) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    let draft = AgentDraft {
        engine: draft.engine.of_its_type(),
        failover_transfer_destination_id: draft.failover_transfer_destination_id,
        version: draft.version,
        ..AgentDraft::default()
    };
    let changed = services
        .agents
        .update(&caller, agent_of(&id)?, draft)
        .await?;
    let home = format!("{HOME}/{}", changed.agent.id);
    let home = done_at(&home, Done::AgentEngineSaved, None);
    leptos_axum::redirect(&format!("{home}#engine"));
    Ok(changed)
}

/// Deletes an agent; its numbers stay.
#[server(prefix = "/fn", endpoint = "delete_agent")]
pub async fn delete_agent(#[server(default)] id: String) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    services.agents.delete(&caller, agent_of(&id)?).await?;
    leptos_axum::redirect(&done_at(HOME, Done::AgentDeleted, None));
    Ok(())
}

/// Gives a number to an agent; `moving` takes it from its holder, `adding` puts a new one
/// on the trunk first.
#[server(prefix = "/fn", endpoint = "assign_number")]
pub async fn assign_number(
    #[server(default)] id: String,
    #[server(default)] number: Entry,
    #[server(default)] moving: String,
    #[server(default)] adding: String,
) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    let number = number_of(&number)?;
    let how = Assign {
        moving: moving == "on",
        adding: adding == "on",
    };
    let view = services
        .agents
        .assign(&caller, agent_of(&id)?, number.clone(), how)
        .await?;
    leptos_axum::redirect(&done_at(
        &format!("{HOME}/{}", view.agent.id),
        Done::NumberAssigned,
        Some(&number),
    ));
    Ok(view)
}

/// Takes a number from an agent.
#[server(prefix = "/fn", endpoint = "release_number")]
pub async fn release_number(
    #[server(default)] id: String,
    #[server(default)] number: Entry,
) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    let number = number_of(&number)?;
    let view = services
        .agents
        .release(&caller, agent_of(&id)?, number.clone())
        .await?;
    leptos_axum::redirect(&done_at(
        &format!("{HOME}/{}", view.agent.id),
        Done::NumberReleased,
        Some(&number),
    ));
    Ok(view)
}

/// Says by which outbound trunk an agent places calls; an empty one takes it away.
#[server(prefix = "/fn", endpoint = "set_agent_outbound_trunk")]
pub async fn set_agent_outbound_trunk(
    #[server(default)] id: String,
    #[server(default)] draft: RoutingDraft,
) -> Result<AgentView, AppError> {
    let (services, caller) = asked()?;
    let draft = RoutingDraft {
        outbound_trunk_id: draft.outbound_trunk_id,
        ..RoutingDraft::default()
    };
    let view = services
        .agents
        .set_routing(&caller, agent_of(&id)?, draft)
        .await?;
    let home = done_at(
        &format!("{HOME}/{}", view.agent.id),
        Done::AgentTrunkSaved,
        None,
    );
    leptos_axum::redirect(&format!("{home}#routing"));
    Ok(view)
}

/// Calls a number by the agent's outbound trunk.
#[server(prefix = "/fn", endpoint = "place_call")]
pub async fn place_call(#[server(default)] draft: CallDraft) -> Result<Call, AppError> {
    let (services, caller) = asked()?;
    caller.may(crate::error::Scope::PhoneWrite)?;
    let call = services.dialling.call(&caller, draft).await?;
    leptos_axum::redirect(&format!("/inbox/{}", call.id));
    Ok(call)
}

/// An id that is none names no agent.
fn agent_of(id: &str) -> Result<AgentId, AppError> {
    id.parse().map_err(|_| AppError::NotFound(Thing::Agent))
}
