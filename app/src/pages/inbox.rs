//! The Inbox: calls, those that run, those refused, and who did not get in.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::call::{Call, CallFilter, CallSort, CallState};
use crate::domain::id::AgentId;
use crate::domain::page::{Limit, Page};
use crate::error::{AppError, Reason};
use crate::pages::asked;
use crate::pages::calls::{badge, caller_name, dialled, result_words};
use crate::pages::notice::Notice;
use crate::text::text;
use crate::ui::browser::{Live, LiveWords};
use crate::ui::chips::{Chips, Filtered};
use crate::ui::feedback::{Badge, loaded};
use crate::ui::filters::Filters;
use crate::ui::form::{LinkButton, Submit};
use crate::ui::page::{ByScript, Empty, PageHead, Pager, counted, here, query};
use crate::ui::reader::{Moment, duration, reader};
use crate::ui::returned::encode;
use crate::ui::table::{Cell, Column, Lead, Row, Sorting, Table};

const HOME: &str = "/inbox";
/// More agents than that are no list to choose from.
const MOST_CHOICES: usize = 50;

/// Calls, newest first unless `sort` is `started_at`. `view` is `calls`, `live` or `refused`.
#[server(prefix = "/fn", endpoint = "list_calls", input = GetUrl)]
pub async fn list_calls(
    #[server(default)] view: String,
    #[server(default)] number: String,
    #[server(default)] agent: String,
    #[server(default)] cursor: String,
    #[server(default)] sort: String,
) -> Result<Page<Call>, AppError> {
    let (services, caller) = asked()?;
    caller.may(crate::error::Scope::CallsRead)?;
    let agent = agent_of(agent).await?;
    let filter = CallFilter {
        sort: sort_of(&sort)?,
        ..filter_of(&view, &number, &agent, &cursor)?
    };
    services.calls.list(&caller, filter).await
}

/// The order that an address means; without a word, newest first.
fn sort_of(word: &str) -> Result<CallSort, AppError> {
    match word {
        "" => Ok(CallSort::default()),
        word => word
            .parse()
            .map_err(|reason| AppError::field("sort", reason)),
    }
}

/// The filter that an address of the Inbox means.
pub fn filter_of(
    view: &str,
    number: &str,
    agent: &str,
    cursor: &str,
) -> Result<CallFilter, AppError> {
    // A `+` that was not escaped arrives as a blank.
    let number = match number.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => number.to_owned(),
    };
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let id = |field: &'static str| {
        move |found: String| AppError::field(field, Reason::NotAnId { found })
    };
    Ok(CallFilter {
        refused: match view {
            "refused" => Some(true),
            "live" => None,
            _ => Some(false),
        },
        live: view == "live",
        number: filled(&number.trim().replace(' ', "")),
        agent: filled(agent)
            .map(|text| text.parse().map_err(|_| id("agent")(text)))
            .transpose()?,
        cursor: filled(cursor)
            .map(|text| text.parse().map_err(|_| id("cursor")(text)))
            .transpose()?,
        ..CallFilter::default()
    })
}

/// By id, or by name as one types it; the id of either.
async fn agent_of(said: String) -> Result<String, AppError> {
    if said.is_empty() || said.parse::<AgentId>().is_ok() {
        return Ok(said);
    }
    let (services, caller) = asked()?;
    let wanted = said.trim().to_lowercase();
    let names = services.agents.names(&caller).await?;
    let found = names
        .into_iter()
        .find(|(_, name)| name.to_lowercase() == wanted);
    let found = found.map(|(id, _)| id.to_string());
    found.ok_or_else(|| AppError::field("agent", Reason::NoSuch { found: said }))
}

/// `/inbox`
#[component]
pub fn InboxPage() -> impl IntoView {
    let say = &text().calls;
    let view = query("view").unwrap_or_else(|| "calls".to_owned());
    let body = if view == "strangers" {
        strangers().into_any()
    } else {
        calls(view.clone()).into_any()
    };
    view! {
        <div class="page">
            <PageHead title=say.title/>
            <Notice/>
            {tabs(&view)}
            {body}
        </div>
    }
}

fn tabs(view: &str) -> impl IntoView + use<> {
    let say = &text().calls;
    let tab = |name: &'static str, label: &'static str| {
        let to = if name == "calls" {
            HOME.to_owned()
        } else {
            format!("{HOME}?view={name}")
        };
        view! { <li><a href=to aria-current=(name == view).then_some("page")>{label}</a></li> }
    };
    view! {
        <nav aria-label=say.view_label>
            <ul class="tabs">
                {tab("calls", say.calls)}
                {tab("live", say.live)}
                {tab("refused", say.refused)}
                {tab("strangers", say.strangers)}
            </ul>
        </nav>
    }
}

fn strangers() -> impl IntoView {
    let sources = Resource::new(|| (), |()| crate::pages::sip::list_sources());
    loaded(sources, crate::pages::sip::source_list)
}

/// No call has come, and nobody looks for one.
fn nothing_yet() -> impl IntoView {
    let say = &text().calls;
    let overview = &text().overview;
    view! {
        <Empty why=say.none>
            <LinkButton href="/settings/sip#test-call" label=overview.step_call/>
            <LinkButton href="/settings/sip#connection" label=overview.show_values/>
        </Empty>
    }
}

fn calls(view: String) -> impl IntoView {
    let say = &text().calls;
    let number = query("number").unwrap_or_default();
    let agent = query("agent").unwrap_or_default();
    let cursor = query("cursor").unwrap_or_default();
    let sort = query("sort").unwrap_or_default();
    let filtered = !number.is_empty() || !agent.is_empty();
    let narrowed = format!(
        "view={view}&number={}&agent={}",
        encode(&number),
        encode(&agent)
    );
    let sorting = Sorting {
        home: format!("{HOME}?{narrowed}&"),
        now: sort.parse::<CallSort>().unwrap_or_default().to_string(),
        by: vec![(say.time, "started_at", true)],
    };
    let kept = format!("{narrowed}&sort={}", encode(&sort));
    let export = format!("{HOME}/export.csv?{kept}");
    let first = if cursor.is_empty() {
        String::new()
    } else {
        format!("{HOME}?{kept}")
    };
    let newest_first = sorting.now == CallSort::Newest.as_str();
    let asked = (view.clone(), number.clone(), agent.clone(), cursor, sort);
    let page = Resource::new(
        || (),
        move |()| {
            let (view, number, agent, cursor, sort) = asked.clone();
            async move {
                let (services, caller) = crate::pages::asked()?;
                let agents = services.agents.names(&caller).await?;
                Ok((list_calls(view, number, agent, cursor, sort).await?, agents))
            }
        },
    );
    loaded(
        page,
        move |(page, agents): (Page<Call>, Vec<(AgentId, String)>)| {
            let count = page.items.len();
            let said = if count == 1 {
                (say.one_count)("")
            } else {
                (say.many_count)(&count.to_string())
            };
            let said = counted(said, first.is_empty() && page.next.is_none());
            let stopped = page.stopped_looking(Limit::default());
            let searched = page.next.filter(|_| stopped).map(|place| {
                let time = reader().date_time(place.at_ms);
                (text().common.searched_to)(&time)
            });
            // On an empty page the sentence about it says so.
            let said = match &searched {
                _ if count == 0 => String::new(),
                Some(searched) => format!("{said}. {searched}"),
                None => said,
            };
            let next = page
                .next
                .map(|cursor| format!("{HOME}?{kept}&cursor={cursor}"))
                .unwrap_or_default();
            let empty = (count == 0).then(|| {
                let none = match (filtered, first.is_empty()) {
                    (false, _) => return nothing_yet().into_any(),
                    (true, true) => say.no_match,
                    (true, false) => text().common.no_further,
                };
                let why = searched.map_or(none.to_owned(), |searched| format!("{none} {searched}"));
                let clear = format!("{HOME}?view={view}");
                view! { <Empty why><LinkButton href=clear label=say.clear/></Empty> }.into_any()
            });
            let name = agents
                .iter()
                .find(|(id, _)| id.to_string() == agent)
                .map(|(_, name)| name.clone());
            let filters = vec![
                Filtered::new("number", say.number_filter, number.clone()),
                Filtered {
                    shown: name,
                    ..Filtered::new("agent", say.agent, agent.clone())
                },
            ];
            let filter = filter(&view, &number, &agent, &agents, filters.clone());
            // What was not looked at yet may be in the file.
            let export = (count > 0 || stopped).then(|| {
                let to = export.clone();
                view! { <p><a href=to download="" class="button button-link">{say.export}</a></p> }
            });
            view! {
                {filter}
                <Chips home=HOME filters always=format!("view={view}")/>
                {newest_first.then(|| live("calls"))}
                {table(page.items, sorting.clone())}
                {empty}
                <Pager count=said first=first.clone() next search=stopped/>
                {export}
                <ByScript method="GET" path="/api/phone/calls"/>
            }
        },
    )
}

/// The line that keeps the marked places of a page current.
pub(crate) fn live(topics: &'static str) -> impl IntoView {
    let text = text();
    let reader = reader();
    let words = LiveWords {
        live: text.common.live.to_owned(),
        as_of: (text.common.as_of)(&reader.clock_time(reader.now_ms)),
        new_one: text.common.one_new.to_owned(),
        new_many: text.common.many_new.to_owned(),
        show: text.common.show_new.to_owned(),
        stopped: text.common.stopped.to_owned(),
        reload: text.common.reload.to_owned(),
    };
    view! { <Live topics=topics.to_owned() page=here() words/> }
}

/// A list to choose from, as long as one can; beyond that the name is typed.
fn agent_field(agent: &str, agents: &[(AgentId, String)]) -> impl IntoView + use<> {
    let say = &text().calls;
    if agents.len() > MOST_CHOICES {
        let agent = agent.to_owned();
        return view! { <input id="agent" name="agent" class="input input-medium" value=agent/> }
            .into_any();
    }
    let options = agents
        .iter()
        .map(|(id, name)| {
            let id = id.to_string();
            let selected = id == agent;
            view! { <option value=id selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    view! { <select id="agent" name="agent" class="input input-medium"><option value="">{say.any_agent}</option>{options}</select> }
        .into_any()
}

fn filter(
    view: &str,
    number: &str,
    agent: &str,
    agents: &[(AgentId, String)],
    filters: Vec<Filtered>,
) -> impl IntoView + use<> {
    let say = &text().calls;
    let agent = agent_field(agent, agents);
    let (view, number) = (view.to_owned(), number.to_owned());
    view! {
        <Filters action=HOME filters>
            <input type="hidden" name="view" value=view/>
            <div class="field"><label class="label" for="number">{say.number_filter}</label><input id="number" name="number" type="tel" class="input input-medium" value=number/></div>
            <div class="field">
                <label class="label" for="agent">{say.agent}</label>
                {agent}
            </div>
            <div class="form-actions"><Submit label=say.filter/></div>
        </Filters>
    }
}

fn table(calls: Vec<Call>, sorting: Sorting) -> impl IntoView {
    let say = &text().calls;
    let columns = vec![
        Column(say.from),
        Column(say.to),
        Column(say.agent),
        Column(say.result),
        Column(say.length),
        Column(say.time),
    ];
    let rows = calls.into_iter().map(row).collect_view();
    view! { <Table caption=say.calls columns id="calls" sorting>{rows}</Table> }
}

fn row(call: Call) -> impl IntoView {
    let say = &text().calls;
    let (tone, word) = badge(&call);
    let to = dialled(&call);
    let length = match (call.state, call.answered_at, call.ended_at) {
        (CallState::Ended, Some(from), Some(to)) => duration(to - from),
        _ => "–".to_owned(),
    };
    let repeats = (call.repeats > 1)
        .then(|| view! { <p class="help">{(say.repeats)(&call.repeats.to_string())}</p> });
    let words = result_words(&call);
    let words = (!words.is_empty()).then(|| view! { <p class="help">{words}</p> });
    view! {
        <Row id=format!("call-{}", call.id)>
            <Lead><a href=format!("{HOME}/{}", call.id)>{caller_name(&call.caller)}</a></Lead>
            <Cell head=say.to><span class="digits wrap-anywhere">{to}</span></Cell>
            <Cell head=say.agent>{call.agent_name.clone().unwrap_or_else(|| "–".to_owned())}</Cell>
            <Cell head=say.result><Badge tone word/>{words}{repeats}</Cell>
            <Cell head=say.length><span class="nowrap">{length}</span></Cell>
            <Cell head=say.time><Moment ms=call.started_at/></Cell>
        </Row>
    }
}
