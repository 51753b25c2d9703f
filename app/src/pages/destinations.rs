//! Channels → Phone → Transfer destinations: the list, a new one, and the page of each.

mod functions;
mod of_agent;
mod of_call;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

pub use functions::*;
pub(crate) use of_agent::{Transfers, part as of_agent, transfers};
pub(crate) use of_call::{attempts, form as transfer_form};

use crate::domain::transfer::{
    DestinationSettings, DestinationType, DestinationView, Place, TransferMode,
};
use crate::pages::notice::Notice;
use crate::pages::outbound::cant;
use crate::text::text;
use crate::ui::feedback::loaded;
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, LinkButton, Look, RadioGroup, Select, Submit,
    Switch, TextField,
};
use crate::ui::page::{ByScript, Disclosure, Empty, PageHead, Question, query, whole_page};
use crate::ui::returned::FormState;
use crate::ui::table::{Cell, Column, Lead, Row, Table};

/// `/channels/phone/destinations`
#[component]
pub fn DestinationsPage() -> impl IntoView {
    let say = &text().handed_on;
    let all = Resource::new(|| (), |()| list_destinations());
    let new = view! { <LinkButton href="/channels/phone/destinations/new" label=say.new look=Look::Primary/> }.into_any();
    view! {
        <div class="page">
            <PageHead title=say.title actions=new/>
            <Notice/>
            {loaded(all, |all| if all.is_empty() { view! { <Empty why=say.none/> }.into_any() } else { list(all).into_any() })}
            <ByScript method="GET" path="/api/phone/sip/transfer-destinations"/>
        </div>
    }
}

fn list(all: Vec<DestinationView>) -> impl IntoView {
    let say = &text().handed_on;
    let columns = vec![
        Column(say.name),
        Column(say.kind),
        Column(say.leads_to),
        Column(say.agents),
    ];
    let rows = all
        .into_iter()
        .map(|view| {
            let to = format!("{HOME}/{}", view.destination.id);
            let agents = view.agents.iter().map(|(_, name)| name.as_str());
            let agents = agents.collect::<Vec<_>>().join(", ");
            let agents = if agents.is_empty() {
                say.no_agents.to_owned()
            } else {
                agents
            };
            let settings = view.destination.settings;
            let (kind, place) = (kind_word(settings.place.kind()), leads_to(&settings.place));
            view! {
                <Row>
                    <Lead><a href=to>{settings.name}</a></Lead>
                    <Cell head=say.kind>{kind}</Cell>
                    <Cell head=say.leads_to><span class="digits wrap-anywhere">{place}</span></Cell>
                    <Cell head=say.agents>{agents}</Cell>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.title columns>{rows}</Table> }
}

fn kind_word(kind: DestinationType) -> &'static str {
    let say = &text().handed_on;
    match kind {
        DestinationType::Phone => say.to_phone,
        DestinationType::Sip => say.to_sip,
        DestinationType::Hangup => say.to_hangup,
    }
}

/// As people read it.
fn leads_to(place: &Place) -> String {
    match place {
        Place::Phone(number) => number.grouped(),
        Place::Sip(uri, _) => uri.to_string(),
        Place::Hangup => "–".to_owned(),
    }
}

/// `/channels/phone/destinations/new`, with `?agent=…` for one that is assigned at once.
#[component]
pub fn NewDestinationPage() -> impl IntoView {
    let say = &text().handed_on;
    let state = FormState::of("/fn/create_destination");
    let agent = query("agent").filter(|agent| agent.parse::<crate::domain::id::AgentId>().is_ok());
    let back = agent.as_ref().map_or_else(
        || HOME.to_owned(),
        |agent| format!("/channels/phone/agents/{agent}#transfers"),
    );
    let digit = agent.as_ref().map(|_| {
        let state = state.clone();
        view! { <TextField state field="=digit" label=say.key help=say.key_help optional=true mono=true width="input-short"/> }
    });
    let hidden = agent.map(|agent| ("agent", agent)).into_iter().collect();
    view! {
        <div class="page">
            <PageHead title=say.new up=(HOME.to_owned(), say.title.to_owned())/>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden>
                {fields(&state, true)}
                {digit}
                <Actions>
                    <Submit label=say.create look=Look::Primary/>
                    <LinkButton href=back label=text().common.cancel/>
                </Actions>
            </Form>
            <ByScript method="POST" path="/api/phone/sip/transfer-destinations" body="{\"name\": \"Sales\", \"type\": \"phone\", \"value\": \"+14155550100\"}"/>
        </div>
    }
}

fn fields(state: &FormState, is_new: bool) -> impl IntoView + use<> {
    let say = &text().handed_on;
    let state = state.clone();
    let kinds = DestinationType::ALL
        .iter()
        .map(|kind| Choice::new(kind.as_str(), kind_word(*kind)))
        .collect();
    let modes = vec![
        Choice::new(TransferMode::Bridge.as_str(), say.mode_bridge),
        Choice::new(TransferMode::Refer.as_str(), say.mode_refer),
        Choice::new(TransferMode::Auto.as_str(), say.mode_auto),
    ];
    let placeholder = if is_new { "" } else { say.unchanged };
    let open = ["username", "password"]
        .iter()
        .any(|field| state.reason(field).is_some());
    let credentials = state.clone();
    view! {
        <TextField state=state.clone() field="name" label=say.name help=say.name_help width="input-medium"/>
        <RadioGroup state=state.clone() field="type" label=say.kind choices=kinds default=DestinationType::Phone.as_str() inline=true/>
        <TextField state=state.clone() field="value" label=say.value help=say.value_help mono=true/>
        <Disclosure title=say.credentials open>
            <div class="stack">
                <p class="help">{say.credentials_help}</p>
                <TextField state=credentials.clone() field="username" label=say.username optional=true mono=true width="input-medium"/>
                <TextField state=credentials field="password" label=say.password kind=Kind::Password autocomplete="new-password" placeholder optional=true width="input-medium"/>
            </div>
        </Disclosure>
        <Select state=state.clone() field="mode" label=say.mode choices=modes width=""/>
        <Switch state field="keep_recording" label=say.keep_recording help=say.keep_recording_help/>
    }
}

fn stored(settings: &DestinationSettings) -> Vec<(&'static str, String)> {
    let username = match &settings.place {
        Place::Sip(_, Some(username)) => username.to_string(),
        Place::Sip(..) | Place::Phone(_) | Place::Hangup => String::new(),
    };
    let keep = if settings.keep_recording { "on" } else { "off" };
    vec![
        ("name", settings.name.clone()),
        ("type", settings.place.kind().as_str().to_owned()),
        ("value", settings.place.value()),
        ("username", username),
        ("mode", settings.mode.as_str().to_owned()),
        ("keep_recording", keep.to_owned()),
    ]
}

/// `/channels/phone/destinations/{id}`
#[component]
pub fn DestinationPage() -> impl IntoView {
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let view = Resource::new(move || id.clone(), get_destination);
    whole_page(view, |view| one(&view))
}

fn one(view: &DestinationView) -> impl IntoView + use<> {
    let say = &text().handed_on;
    let (id, settings) = (view.destination.id, &view.destination.settings);
    let state = FormState::of("/fn/update_destination").or_stored(stored(settings));
    let hidden = vec![
        ("id", id.to_string()),
        ("draft[version]", view.destination.version.to_string()),
    ];
    let name = settings.name.clone();
    let asked = (query("confirm").as_deref() == Some("delete")).then(|| question(view));
    let delete = format!("{HOME}/{id}?confirm=delete#question");
    view! {
        <PageHead title=name up=(HOME.to_owned(), say.title.to_owned())/>
        <Notice/>
        {asked}
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            {fields(&state, false)}
            <Actions><Submit label=text().form.save look=Look::Primary/></Actions>
        </Form>
        <p><a class=Look::LinkBad.class() href=delete>{say.delete}</a></p>
        <ByScript method="PUT" path=format!("/api/phone/sip/transfer-destinations/{id}") body="{\"name\": \"Sales\"}"/>
    }
}

/// Asks, unless agents use it: then it names them.
fn question(view: &DestinationView) -> AnyView {
    let say = &text().handed_on;
    let name = &view.destination.settings.name;
    let back = format!("{HOME}/{}", view.destination.id);
    if view.agents.is_empty() {
        let hidden = vec![("id", view.destination.id.to_string())];
        return view! {
            <Question title=(say.delete_q)(name) consequence=say.delete_why yes=say.delete no=text().common.keep
                back state=FormState::of("/fn/delete_destination") hidden/>
        }
        .into_any();
    }
    let agents = view.agents.iter().map(|(_, name)| name.as_str());
    let agents = agents.collect::<Vec<_>>().join(", ");
    cant(
        (say.cant_delete)(name),
        (say.in_use)(&agents, say.take_first),
        &view.agents,
        back,
    )
    .into_any()
}
