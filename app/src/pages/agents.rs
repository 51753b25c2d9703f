//! Channels → Phone → Agents: the list, a new one, and the page of each.

mod calling;
mod engine;
mod functions;
mod routing;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

pub use functions::*;

use crate::domain::agent::{AgentSettings, AgentView, HoldMusic};
use crate::domain::number::NumberRow;
use crate::domain::outbound::OutboundView;
use crate::domain::page::{Page, part};
use crate::domain::phone::PhoneNumber;
use crate::error::AppError;
use crate::pages::destinations::{Transfers, of_agent, transfers};
use crate::pages::notice::Notice;
use crate::pages::outbound::list_outbound_trunks;
use crate::text::text;
use crate::ui::copy::CopyRow;
use crate::ui::feedback::{Badge, Tone, loaded};
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, LinkButton, Look, RadioGroup, Submit, Switch,
    TextField,
};
use crate::ui::page::{
    ByScript, Empty, Jump, PageHead, Pager, Question, Section, query, whole_page,
};
use crate::ui::returned::FormState;
use crate::ui::table::{Cell, Column, Lead, Row, Sorting, Table};

const HOME: &str = "/channels/phone/agents";
/// Agents on a page.
const PAGE: usize = 50;

/// `/channels/phone/agents`
#[component]
pub fn AgentsPage() -> impl IntoView {
    let say = &text().agents;
    let agents = Resource::new(|| (), |()| list_agents());
    let new =
        view! { <LinkButton href="/channels/phone/agents/new" label=say.new look=Look::Primary/> }
            .into_any();
    view! {
        <div class="page">
            <PageHead title=say.title actions=new/>
            <Notice/>
            {loaded(agents, |agents| if agents.is_empty() { empty().into_any() } else { list(agents).into_any() })}
            <ByScript method="GET" path="/api/phone"/>
        </div>
    }
}

fn empty() -> impl IntoView {
    let say = &text().agents;
    view! { <Empty why=say.none><LinkButton href="/channels/phone/agents/new" label=say.new/></Empty> }
}

fn list(mut agents: Vec<AgentView>) -> impl IntoView {
    let say = &text().agents;
    let after = query("after").unwrap_or_default();
    let count = (say.count)(&agents.len().to_string());
    let now = sort(&mut agents, &query("sort").unwrap_or_default());
    let sorting = Sorting {
        home: format!("{HOME}?"),
        now: now.clone(),
        by: vec![
            (say.name, "name", false),
            (say.numbers, "numbers", true),
            (say.state, "state", false),
            (say.recording, "recording", true),
        ],
    };
    let first = (!after.is_empty()).then(|| format!("{HOME}?sort={now}"));
    let (agents, next) = part(agents, |view| view.agent.id.to_string(), &after, PAGE);
    let next = next.map(|id| format!("{HOME}?sort={now}&after={id}"));
    view! {
        {table(agents, sorting)}
        <Pager count first=first.unwrap_or_default() next=next.unwrap_or_default()/>
    }
}

/// Into the order that the address names; answers which it is. They come by name, which stays the order of equals.
fn sort(agents: &mut [AgentView], asked: &str) -> String {
    let (down, name) = match asked.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, asked),
    };
    match name {
        "numbers" => agents.sort_by_key(|view| view.number_count),
        "state" => agents.sort_by_key(|view| !view.agent.settings.enabled),
        "recording" => agents.sort_by_key(|view| view.agent.settings.recording_enabled),
        _ => {
            if down && name == "name" {
                agents.reverse();
                return "-name".to_owned();
            }
            return "name".to_owned();
        }
    }
    if down {
        agents.reverse();
    }
    asked.to_owned()
}

/// The first few, and how many there are beside them.
fn few(view: &AgentView) -> String {
    let shown: Vec<_> = view.numbers.iter().map(PhoneNumber::grouped).collect();
    match view.number_count.saturating_sub(shown.len() as u64) {
        0 if shown.is_empty() => "–".to_owned(),
        0 => shown.join(", "),
        more => {
            let more = (text().common.and_more)(&more.to_string());
            format!("{} {more}", shown.join(", "))
        }
    }
}

fn table(agents: Vec<AgentView>, sorting: Sorting) -> impl IntoView {
    let say = &text().agents;
    let columns = vec![
        Column(say.name),
        Column(say.numbers),
        Column(say.state),
        Column(say.recording),
    ];
    let rows = agents
        .into_iter()
        .map(|view| {
            let numbers = few(&view);
            let settings = view.agent.settings;
            let to = format!("{HOME}/{}", view.agent.id);
            let state = on_off(&settings);
            let name = settings.name;
            let default = settings
                .is_default
                .then(|| view! { " "<Badge tone=Tone::Accent word=say.default/> });
            let recorded = if settings.recording_enabled {
                say.recorded
            } else {
                say.not_recorded
            };
            view! {
                <Row>
                    <Lead><a href=to>{name}</a></Lead>
                    <Cell head=say.numbers><span class="digits">{numbers}</span></Cell>
                    <Cell head=say.state>{state}{default}</Cell>
                    <Cell head=say.recording>{recorded}</Cell>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.title columns sorting>{rows}</Table> }
}

fn on_off(settings: &AgentSettings) -> impl IntoView + use<> {
    let say = &text().agents;
    if settings.enabled {
        view! { <Badge tone=Tone::Good word=say.on/> }
    } else {
        view! { <Badge tone=Tone::Neutral word=say.off/> }
    }
}

/// `/channels/phone/agents/new`
#[component]
pub fn NewAgentPage() -> impl IntoView {
    let say = &text().agents;
    let state = FormState::of("/fn/create_agent").or_stored(vec![("language", "en".to_owned())]);
    view! {
        <div class="page">
            <PageHead title=say.new up=(HOME.to_owned(), say.title.to_owned())/>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone()>
                <TextField state=state.clone() field="name" label=say.name help=say.name_help width="input-medium"/>
                {words(&state)}
                {recording(&state)}
                <Actions>
                    <Submit label=say.create look=Look::Primary/>
                    <LinkButton href=HOME label=text().common.cancel/>
                </Actions>
            </Form>
            <ByScript method="POST" path="/api/phone" body="{\"name\": \"Front desk\", \"first_message\": \"Hello, how can I help?\", \"recording_enabled\": false}"/>
        </div>
    }
}

fn words(state: &FormState) -> impl IntoView + use<> {
    let say = &text().agents;
    let state = state.clone();
    view! {
        <TextField state=state.clone() field="language" label=say.language help=say.language_help width="input-short" mono=true/>
        <TextField state field="first_message" label=say.first_message help=say.first_message_help kind=Kind::Area optional=true rows=2/>
    }
}

/// The operator must choose: nothing is preselected on a new agent.
fn recording(state: &FormState) -> impl IntoView + use<> {
    let say = &text().agents;
    let choices = vec![
        Choice::new("on", text().form.on),
        Choice::new("off", text().form.off),
    ];
    let state = state.clone();
    view! {
        <div class="when-on stack">
            <RadioGroup state=state.clone() field="recording_enabled" label=say.recording help=say.recording_help choices inline=true/>
            <div class="depends">
                <TextField state field="recording_notice" label=say.notice help=say.notice_help optional=true/>
            </div>
        </div>
    }
}

fn waiting(state: &FormState) -> impl IntoView + use<> {
    let say = &text().agents;
    let choices = vec![
        Choice::new(HoldMusic::None.as_str(), say.music_none),
        Choice::new(HoldMusic::Melody.as_str(), say.music_melody),
    ];
    let state = state.clone();
    view! { <RadioGroup state field="hold_music" label=say.music help=say.music_help choices default=HoldMusic::None.as_str() inline=true/> }
}

/// `/channels/phone/agents/{id}`
#[component]
pub fn AgentPage() -> impl IntoView {
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let (q, cursor) = (
        query("q").unwrap_or_default(),
        query("cursor").unwrap_or_default(),
    );
    let agent = Resource::new(|| (), move |()| look(id.clone(), q.clone(), cursor.clone()));
    whole_page(agent, one)
}

/// Everything the page of an agent shows.
type Seen = (AgentView, Page<NumberRow>, Vec<OutboundView>, Transfers);

async fn look(id: String, q: String, cursor: String) -> Result<Seen, AppError> {
    let view = get_agent(id.clone()).await?;
    let numbers = list_agent_numbers(id.clone(), q, cursor).await?;
    let trunks = list_outbound_trunks().await?;
    Ok((view, numbers, trunks, transfers(id).await?))
}

fn one((view, numbers, trunks, transfers): Seen) -> impl IntoView {
    let say = &text().agents;
    let settings = view.agent.settings.clone();
    let id = view.agent.id;
    let parts = vec![
        ("identity", say.identity),
        ("behaviour", say.behaviour),
        ("engine", text().engines.title),
        ("routing", say.routing),
        ("transfers", text().handed_on.transfers),
    ];
    let beside = on_off(&settings).into_any();
    let below =
        view! { <p class="muted">{(say.answers)(&view.number_count.to_string())}</p> }.into_any();
    let header = match &view.header {
        Some(header) => {
            view! { <CopyRow label=say.copy_header value=format!("{header}: {id}")/> }.into_any()
        }
        None => view! { <p class="help">{say.no_header}</p> }.into_any(),
    };
    let asked = (query("confirm").as_deref() == Some("delete-agent")).then(|| {
        view! {
            <Question title=(say.delete_q)(&settings.name) consequence=say.delete_why yes=say.delete no=text().common.keep
                back=format!("{HOME}/{id}") state=FormState::of("/fn/delete_agent") hidden=vec![("id", id.to_string())]/>
        }
    });
    let (behaviour, routing) = (behaviour(&view), routing::part(&view, numbers));
    let calling = calling::part(&view, &trunks);
    let engine = engine::part(&view, &transfers.1);
    let transfers = of_agent(id, transfers);
    let call = view
        .agent
        .outbound_trunk
        .map(|_| view! { <LinkButton href="#call" label=text().ways_out.call/> });
    let actions = view! { {call} }.into_any();
    let delete = format!("{HOME}/{id}?confirm=delete-agent#question");
    let id_text = id.to_string();
    view! {
        <PageHead title=settings.name up=(HOME.to_owned(), say.title.to_owned()) beside below actions/>
        <Notice/>
        {asked}
        <Jump parts/>
        <Section id="identity" title=say.identity>
            <div class="copy-rows"><CopyRow label=say.agent_id value=id_text/>{header}</div>
        </Section>
        <Section id="behaviour" title=say.behaviour>{behaviour}</Section>
        <Section id="engine" title=text().engines.title>{engine}</Section>
        <Section id="routing" title=say.routing>{routing}{calling}</Section>
        <Section id="transfers" title=text().handed_on.transfers>{transfers}</Section>
        <p><a class="button button-link button-link-bad" href=delete>{say.delete}</a></p>
        <ByScript method="PATCH" path=format!("/api/phone/{id}") body="{\"first_message\": \"Hello, how can I help?\"}"/>
    }
}

fn behaviour(view: &AgentView) -> impl IntoView + use<> {
    let say = &text().agents;
    let settings = &view.agent.settings;
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    let stored = vec![
        ("name", settings.name.clone()),
        ("language", settings.language.clone()),
        (
            "first_message",
            settings.first_message.clone().unwrap_or_default(),
        ),
        ("recording_enabled", switch(settings.recording_enabled)),
        (
            "recording_notice",
            settings.recording_notice.clone().unwrap_or_default(),
        ),
        ("interruptible", switch(settings.interruptible)),
        ("keep_digits", switch(settings.keep_digits)),
        ("hold_music", settings.hold_music.to_string()),
        ("enabled", switch(settings.enabled)),
        ("is_default", switch(settings.is_default)),
        ("silence_seconds", settings.silence_seconds.to_string()),
        ("max_duration_s", settings.max_duration_s.to_string()),
    ];
    let state = FormState::of("/fn/update_agent").or_stored(stored);
    let hidden = vec![
        ("id", view.agent.id.to_string()),
        ("draft[version]", view.agent.version.to_string()),
    ];
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            <TextField state=state.clone() field="name" label=say.name width="input-medium"/>
            {words(&state)}
            {recording(&state)}
            <Switch state=state.clone() field="interruptible" label=say.interruptible on=true/>
            <Switch state=state.clone() field="keep_digits" label=say.keep_digits/>
            {waiting(&state)}
            <TextField state=state.clone() field="silence_seconds" label=say.silence help=say.silence_help kind=Kind::Number width="input-short"/>
            <TextField state=state.clone() field="max_duration_s" label=say.longest kind=Kind::Number width="input-short"/>
            <Switch state=state.clone() field="enabled" label=say.enabled on=true/>
            <Switch state=state.clone() field="is_default" label=say.default_agent help=say.default_help/>
            <Actions><Submit label=text().form.save look=Look::Primary/></Actions>
        </Form>
    }
}
