//! What speaks for an agent, and who takes its callers when that is away.

use leptos::prelude::*;

use crate::domain::agent::AgentView;
use crate::domain::engine::{Engine, EngineType, Realtime, StreamAuth};
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
        Choice::with_help(
            EngineType::Realtime.as_str(),
            say.realtime,
            say.realtime_help,
        ),
        Choice::with_help(EngineType::Sip.as_str(), say.sip, say.sip_help),
    ];
    let elsewhere = elsewhere(&state, &view.agent.settings.engine);
    let failover = failover(&state, destinations);
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            <div class="by-kind stack">
                <RadioGroup state field="engine.type" label=say.help choices=kinds default=EngineType::Builtin.as_str()/>
                {elsewhere}
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
    match &settings.engine {
        Engine::Builtin => {}
        Engine::Stream(stream) => {
            stored.push(("engine.url", stream.url.to_string()));
            stored.push(("engine.auth", stream.auth.to_string()));
        }
        Engine::Realtime(realtime) => {
            stored.push(("engine.url", realtime.url.to_string()));
            stored.push(("engine.model", realtime.model.clone()));
            stored.push(("engine.voice", realtime.voice.clone()));
        }
        Engine::Sip(sip) => {
            let username = sip.username.as_ref().map(ToString::to_string);
            stored.push(("engine.uri", sip.uri.to_string()));
            stored.push(("engine.username", username.unwrap_or_default()));
        }
    }
    stored
}

/// What engines elsewhere need. The token is never shown: an empty field leaves the one that stands.
fn elsewhere(state: &FormState, engine: &Engine) -> impl IntoView + use<> {
    let say = &text().engines;
    let has_token = match engine {
        Engine::Builtin | Engine::Sip(_) => false,
        Engine::Stream(stream) => stream.auth != StreamAuth::None,
        Engine::Realtime(realtime) => realtime.has_key,
    };
    let placeholder = if has_token { say.unchanged } else { "" };
    let ways = vec![
        Choice::new(StreamAuth::None.as_str(), say.auth_none),
        Choice::new(StreamAuth::Bearer.as_str(), say.auth_bearer),
        Choice::new(StreamAuth::Signature.as_str(), say.auth_signature),
    ];
    let has_password = matches!(engine, Engine::Sip(sip) if sip.username.is_some());
    let kept = if has_password { say.unchanged } else { "" };
    let state = state.clone();
    view! {
        <div class="of-sip">
            <TextField state=state.clone() field="engine.uri" label=say.uri help=say.uri_help mono=true/>
            <TextField state=state.clone() field="engine.username" label=say.username mono=true optional=true width="input-medium" autocomplete="off"/>
            <TextField state=state.clone() field="engine.password" label=say.password help=say.password_help kind=Kind::Password autocomplete="new-password" placeholder=kept optional=true width="input-medium"/>
        </div>
        <div class="of-elsewhere">
            <TextField state=state.clone() field="engine.url" label=say.url help=say.url_help mono=true/>
        </div>
        <div class="of-stream">
            <RadioGroup state=state.clone() field="engine.auth" label=say.auth choices=ways default=StreamAuth::None.as_str()/>
        </div>
        <div class="of-realtime">
            <TextField state=state.clone() field="engine.model" label=say.model mono=true optional=true placeholder=Realtime::MODEL width="input-medium"/>
            <TextField state=state.clone() field="engine.voice" label=say.voice mono=true optional=true placeholder=Realtime::VOICE width="input-medium"/>
        </div>
        <div class="of-elsewhere">
            <TextField state field="engine.token" label=say.token help=say.token_help kind=Kind::Password autocomplete="new-password" placeholder optional=true width="input-medium"/>
        </div>
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
