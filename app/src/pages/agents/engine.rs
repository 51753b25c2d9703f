//! What speaks for an agent, and who takes its callers when that is away.

use leptos::prelude::*;

use crate::domain::agent::AgentView;
use crate::domain::engine::{Engine, EngineType, StreamAuth};
use crate::domain::transfer::DestinationView;
use crate::text::text;
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, Look, RadioGroup, Select, Submit, TextField,
};
use crate::ui::returned::FormState;

const SET: &str = "/fn/set_agent_engine";

pub(super) fn part(view: &AgentView, destinations: &[DestinationView]) -> impl IntoView + use<> {
    let say = &text().engines;
    let state = FormState::of(SET).or_stored(stored(view));
    let hidden = vec![
        ("id", view.agent.id.to_string()),
        ("draft[version]", view.agent.version.to_string()),
    ];
    let kinds = vec![
        Choice::with_help(EngineType::Builtin.as_str(), say.builtin, say.builtin_help),
        Choice::with_help(EngineType::Stream.as_str(), say.stream, say.stream_help),
    ];
    let stream = stream(&state, &view.agent.settings.engine);
    let failover = failover(&state, destinations);
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            <div class="by-kind stack">
                <RadioGroup state field="engine.type" label=say.help choices=kinds default=EngineType::Builtin.as_str()/>
                <div class="of-stream">{stream}</div>
            </div>
            {failover}
            <Actions><Submit label=say.save look=Look::Primary/></Actions>
        </Form>
    }
}

fn stored(view: &AgentView) -> Vec<(&'static str, String)> {
    let settings = &view.agent.settings;
    let failover = settings.failover.map(|id| id.to_string());
    let mut stored = vec![
        ("engine.type", settings.engine.kind().to_string()),
        (
            "failover_transfer_destination_id",
            failover.unwrap_or_default(),
        ),
    ];
    if let Engine::Stream(stream) = &settings.engine {
        stored.push(("engine.url", stream.url.to_string()));
        stored.push(("engine.auth", stream.auth.to_string()));
    }
    stored
}

/// The token is never shown: an empty field leaves the one that stands.
fn stream(state: &FormState, engine: &Engine) -> impl IntoView + use<> {
    let say = &text().engines;
    let has_token = matches!(engine, Engine::Stream(stream) if stream.auth != StreamAuth::None);
    let placeholder = if has_token { say.unchanged } else { "" };
    let ways = vec![
        Choice::new(StreamAuth::None.as_str(), say.auth_none),
        Choice::new(StreamAuth::Bearer.as_str(), say.auth_bearer),
        Choice::new(StreamAuth::Signature.as_str(), say.auth_signature),
    ];
    let state = state.clone();
    view! {
        <TextField state=state.clone() field="engine.url" label=say.url help=say.url_help mono=true/>
        <RadioGroup state=state.clone() field="engine.auth" label=say.auth choices=ways default=StreamAuth::None.as_str()/>
        <TextField state field="engine.token" label=say.token help=say.token_help kind=Kind::Password autocomplete="new-password" placeholder optional=true width="input-medium"/>
    }
}

fn failover(state: &FormState, destinations: &[DestinationView]) -> impl IntoView + use<> {
    let say = &text().engines;
    let named = destinations.iter().map(|view| &view.destination);
    let named = named.map(|place| Choice::new(place.id.to_string(), place.settings.name.clone()));
    let nobody = Choice::new("", say.no_failover);
    let choices: Vec<Choice> = std::iter::once(nobody).chain(named).collect();
    let state = state.clone();
    view! { <Select state field="failover_transfer_destination_id" label=say.failover help=say.failover_help choices/> }
}
