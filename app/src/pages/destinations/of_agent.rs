//! The agent's section *Transfers*: where it may hand calls on to.

use leptos::prelude::*;

use super::{leads_to, list_agent_destinations, list_destinations};
use crate::domain::id::AgentId;
use crate::domain::transfer::{Assigned, DestinationView};
use crate::error::AppError;
use crate::text::text;
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, LinkButton, Look, Select, Submit, TextField,
};
use crate::ui::page::Empty;
use crate::ui::returned::FormState;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

/// What the section shows: what the agent has, and all there is.
pub(crate) type Transfers = (Vec<Assigned>, Vec<DestinationView>);

/// Both, for one agent.
pub(crate) async fn transfers(agent: String) -> Result<Transfers, AppError> {
    Ok((
        list_agent_destinations(agent).await?,
        list_destinations().await?,
    ))
}

pub(crate) fn part(agent: AgentId, (assigned, all): Transfers) -> impl IntoView {
    let say = &text().handed_on;
    let others: Vec<Choice> = all
        .iter()
        .map(|view| &view.destination)
        .filter(|other| assigned.iter().all(|one| one.destination.id != other.id))
        .map(|other| Choice::new(other.id.to_string(), other.settings.name.clone()))
        .collect();
    let list = if assigned.is_empty() {
        view! { <Empty why=say.of_agent_none/> }.into_any()
    } else {
        table(agent, assigned).into_any()
    };
    let state = FormState::of("/fn/assign_destination");
    let assign = (!others.is_empty()).then(|| {
        let hidden = vec![("id", agent.to_string())];
        let state = state.clone();
        view! {
            <Form state=state.clone() hidden class="inline-form">
                <Select state=state.clone() field="destination_id" label=say.existing choices=others/>
                <TextField state field="digit" label=say.key help=say.key_help optional=true mono=true width="input-short"/>
                <Actions><Submit label=say.assign/></Actions>
            </Form>
        }
    });
    let new = format!("/channels/phone/destinations/new?agent={agent}");
    view! {
        <p class="help">{say.transfers_help}</p>
        <ErrorSummary state/>
        {list}
        {assign}
        <p><LinkButton href=new label=say.add_new/></p>
    }
}

fn table(agent: AgentId, assigned: Vec<Assigned>) -> impl IntoView {
    let say = &text().handed_on;
    let columns = vec![
        Column(say.name),
        Column(say.key),
        Column(say.leads_to),
        Column(""),
    ];
    let rows = assigned
        .into_iter()
        .map(|one| {
            let id = one.destination.id.to_string();
            let settings = one.destination.settings;
            let place = leads_to(&settings.place);
            let key = one
                .digit
                .map_or_else(|| say.no_key.to_owned(), String::from);
            let to = format!("/channels/phone/destinations/{id}");
            let about = settings.name.clone();
            let hidden = vec![("id", agent.to_string()), ("destination", id)];
            view! {
                <Row>
                    <Lead><a href=to>{settings.name}</a></Lead>
                    <Cell head=say.key><span class="digits">{key}</span></Cell>
                    <Cell head=say.leads_to><span class="digits wrap-anywhere">{place}</span></Cell>
                    <RowActions>
                        <Form state=FormState::of("/fn/release_destination") hidden class="row">
                            <Submit label=say.remove look=Look::LinkBad about/>
                        </Form>
                    </RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.transfers columns>{rows}</Table> }
}
