//! What the pages of transfer destinations ask and do, at fixed addresses for scripts too.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::draft::Entry;
use crate::domain::id::{AgentId, CallId, DestinationId};
use crate::domain::transfer::{
    AssignDraft, Assigned, DestinationDraft, DestinationView, Transfer, TransferDraft,
};
use crate::error::{AppError, FieldErrors, Scope, Thing};
use crate::pages::asked;
use crate::pages::notice::{Done, done_at};

pub(super) const HOME: &str = "/channels/phone/destinations";

/// All transfer destinations, by name.
#[server(prefix = "/fn", endpoint = "list_destinations", input = GetUrl)]
pub async fn list_destinations() -> Result<Vec<DestinationView>, AppError> {
    let (services, caller) = asked()?;
    services.destinations.list(&caller).await
}

/// One transfer destination.
#[server(prefix = "/fn", endpoint = "get_destination", input = GetUrl)]
pub async fn get_destination(#[server(default)] id: String) -> Result<DestinationView, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipRead)?;
    services
        .destinations
        .get(&caller, destination_of(&id)?)
        .await
}

/// A new transfer destination; with `agent`, one that this agent may use at once, chosen by `digit`.
#[server(prefix = "/fn", endpoint = "create_destination")]
pub async fn create_destination(
    #[server(default)] draft: DestinationDraft,
    #[server(default)] agent: String,
    #[server(default)] digit: Entry,
) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    if agent.is_empty() {
        let made = services.destinations.create(&caller, draft).await?;
        let to = format!("{HOME}/{}", made.destination.id);
        leptos_axum::redirect(&done_at(&to, Done::DestinationCreated, None));
        return Ok(());
    }
    let agent = agent_of(&agent)?;
    let draft = AssignDraft {
        create: Some(draft),
        digit,
        ..AssignDraft::default()
    };
    let assigned = services.destinations.assign(&caller, agent, draft).await;
    assigned.map_err(outside_create)?;
    leptos_axum::redirect(&transfers_of(agent, Done::DestinationAssigned));
    Ok(())
}

/// Changes a transfer destination.
#[server(prefix = "/fn", endpoint = "update_destination")]
pub async fn update_destination(
    #[server(default)] id: String,
    #[server(default)] draft: DestinationDraft,
) -> Result<DestinationView, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let id = destination_of(&id)?;
    let changed = services.destinations.update(&caller, id, draft).await?;
    let to = format!("{HOME}/{id}");
    leptos_axum::redirect(&done_at(&to, Done::DestinationSaved, None));
    Ok(changed)
}

/// Deletes a transfer destination that no agent uses.
#[server(prefix = "/fn", endpoint = "delete_destination")]
pub async fn delete_destination(#[server(default)] id: String) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    services
        .destinations
        .delete(&caller, destination_of(&id)?)
        .await?;
    leptos_axum::redirect(&done_at(HOME, Done::DestinationRemoved, None));
    Ok(())
}

/// Where an agent may hand calls on to, in the order of its menu.
#[server(prefix = "/fn", endpoint = "list_agent_destinations", input = GetUrl)]
pub async fn list_agent_destinations(
    #[server(default)] id: String,
) -> Result<Vec<Assigned>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipRead)?;
    services
        .destinations
        .of_agent(&caller, agent_of(&id)?)
        .await
}

/// Lets an agent use a transfer destination.
#[server(prefix = "/fn", endpoint = "assign_destination")]
pub async fn assign_destination(
    #[server(default)] id: String,
    #[server(default)] draft: AssignDraft,
) -> Result<Assigned, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let agent = agent_of(&id)?;
    let assigned = services.destinations.assign(&caller, agent, draft).await?;
    leptos_axum::redirect(&transfers_of(agent, Done::DestinationAssigned));
    Ok(assigned)
}

/// Takes a transfer destination from an agent; it stays for others.
#[server(prefix = "/fn", endpoint = "release_destination")]
pub async fn release_destination(
    #[server(default)] id: String,
    #[server(default)] destination: String,
) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let agent = agent_of(&id)?;
    let destination = destination_of(&destination)?;
    services
        .destinations
        .release(&caller, agent, destination)
        .await?;
    leptos_axum::redirect(&transfers_of(agent, Done::DestinationReleased));
    Ok(())
}

/// Hands a live call on to a destination of its agent.
#[server(prefix = "/fn", endpoint = "transfer_call")]
pub async fn transfer_call(
    #[server(default)] id: String,
    #[server(default)] draft: TransferDraft,
) -> Result<Transfer, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::PhoneWrite)?;
    let call: CallId = id.parse().map_err(|_| AppError::NotFound(Thing::Call))?;
    let transfer = services.dialling.transfer(&caller, call, draft).await?;
    leptos_axum::redirect(&done_at(
        &format!("/inbox/{call}"),
        Done::TransferAsked,
        None,
    ));
    Ok(transfer)
}

fn transfers_of(agent: AgentId, done: Done) -> String {
    let page = done_at(&format!("/channels/phone/agents/{agent}"), done, None);
    format!("{page}#transfers")
}

/// An id that is none names no destination.
fn destination_of(id: &str) -> Result<DestinationId, AppError> {
    id.parse()
        .map_err(|_| AppError::NotFound(Thing::Destination))
}

fn agent_of(id: &str) -> Result<AgentId, AppError> {
    id.parse().map_err(|_| AppError::NotFound(Thing::Agent))
}

/// The form's fields are those of the destination itself: `create.name` is its `name`.
fn outside_create(error: AppError) -> AppError {
    let AppError::Invalid(errors) = error else {
        return error;
    };
    let mut outside = FieldErrors::new();
    for (field, reason) in errors.iter() {
        let field = field.strip_prefix("create.").unwrap_or(field);
        outside.add(field, reason.clone());
    }
    AppError::Invalid(outside)
}
