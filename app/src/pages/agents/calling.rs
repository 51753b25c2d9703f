//! By which trunk an agent places calls, and placing one.

use leptos::prelude::*;

use crate::domain::agent::AgentView;
use crate::domain::outbound::OutboundView;
use crate::pages::outbound::state_word;
use crate::text::text;
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, LinkButton, Look, Select, Submit, TextField,
};
use crate::ui::returned::FormState;

/// The trunk, and the form that calls a number by it.
pub(super) fn part(view: &AgentView, trunks: &[OutboundView]) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let id = view.agent.id.to_string();
    let chosen = view.agent.outbound_trunk.map(|trunk| trunk.to_string());
    let state = FormState::of("/fn/set_agent_outbound_trunk")
        .or_stored(vec![("outbound_trunk_id", chosen.unwrap_or_default())]);
    let mut choices = vec![Choice::new("", say.no_trunk)];
    choices.extend(trunks.iter().map(|view| {
        let word = state_word(view.health.state);
        let label = format!("{} ({word})", view.trunk.settings.name);
        Choice::new(view.trunk.id.to_string(), label)
    }));
    let calling = calling(view, trunks);
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden=vec![("id", id)]>
            <Select state field="outbound_trunk_id" label=say.of_agent help=say.of_agent_help choices/>
            <Actions>
                <Submit label=say.save_trunk/>
                <LinkButton href="/settings/sip/outbound/new" label=say.add look=Look::Link/>
            </Actions>
        </Form>
        <h3 id="call" tabindex="-1">{say.call}</h3>
        {calling}
    }
}

/// Without a trunk there is nothing to call by.
fn calling(view: &AgentView, trunks: &[OutboundView]) -> AnyView {
    let say = &text().ways_out;
    let chosen = view.agent.outbound_trunk;
    let trunk = trunks.iter().find(|view| Some(view.trunk.id) == chosen);
    let Some(trunk) = trunk.map(|view| &view.trunk.settings) else {
        return view! { <p class="muted">{say.choose_trunk}</p> }.into_any();
    };
    let help = (say.by_way)(&trunk.caller_number.grouped(), &trunk.name);
    let state = FormState::of("/fn/place_call");
    let hidden = vec![("draft[phone_agent_id]", view.agent.id.to_string())];
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden class="inline-form">
            <TextField state field="to" label=say.call_number help kind=Kind::Tel mono=true width="input-medium"/>
            <Actions><Submit label=say.call_now/></Actions>
        </Form>
    }
    .into_any()
}
