//! Channels → Phone → Numbers: the whole inventory, searched and paged.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::draft::Entry;
use crate::domain::number::{NumberFilter, NumberRow, NumberSort};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::phone::PhoneNumber;
use crate::error::{AppError, Reason, Scope};
use crate::pages::asked;
use crate::pages::notice::{Done, Notice, done_at, number_of_query};
use crate::pages::sip::number_of;
use crate::text::text;
use crate::ui::chips::{Chips, Filtered};
use crate::ui::feedback::loaded;
use crate::ui::filters::Filters;
use crate::ui::form::{LinkButton, Look, Submit};
use crate::ui::page::{ByScript, Empty, PageHead, Pager, Question, Section, counted, query};
use crate::ui::reader::Ago;
use crate::ui::returned::{FormState, encode};
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Sorting, Table};

const HOME: &str = "/channels/phone/numbers";

/// Numbers of the inventory, by number unless `sort` says otherwise.
#[server(prefix = "/fn", endpoint = "list_numbers", input = GetUrl)]
pub async fn list_numbers(
    #[server(default)] q: String,
    #[server(default)] show: String,
    #[server(default)] cursor: String,
    #[server(default)] sort: String,
) -> Result<Page<NumberRow>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipRead)?;
    let sort = match sort.as_str() {
        "" => NumberSort::default(),
        word => word
            .parse()
            .map_err(|reason| AppError::field("sort", reason))?,
    };
    let filter = NumberFilter {
        cursor: cursor_of(cursor)?,
        sort,
        ..filter_of(q, &show)
    };
    services.numbers.list(&caller, filter).await
}

/// Where a page of numbers begins.
pub(super) fn cursor_of(found: String) -> Result<Option<Cursor>, AppError> {
    if found.is_empty() {
        return Ok(None);
    }
    let cursor = found.parse();
    let cursor = cursor.map_err(|_| AppError::field("cursor", Reason::NotAnId { found }))?;
    Ok(Some(cursor))
}

/// What the page's own filters ask for, here and in the file for spreadsheets.
pub fn filter_of(q: String, show: &str) -> NumberFilter {
    NumberFilter {
        query: Some(q).filter(|q| !q.is_empty()),
        unassigned: show == "unassigned",
        on_trunk: (show == "trunk").then_some(true),
        ..NumberFilter::default()
    }
}

/// Takes a number out of the inventory.
#[server(prefix = "/fn", endpoint = "delete_number")]
pub async fn delete_number(#[server(default)] number: Entry) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    let number = number_of(&number)?;
    services.numbers.delete(&caller, number.clone()).await?;
    leptos_axum::redirect(&done_at(HOME, Done::NumberDeleted, Some(&number)));
    Ok(())
}

/// `/channels/phone/numbers`
#[component]
pub fn NumbersPage() -> impl IntoView {
    let say = &text().numbers;
    let (q, show, cursor) = (
        query("q").unwrap_or_default(),
        query("show").unwrap_or_default(),
        query("cursor").unwrap_or_default(),
    );
    let filtered = !q.is_empty() || !show.is_empty();
    let sort = query("sort").unwrap_or_default();
    let narrowed = format!("q={}&show={}", encode(&q), encode(&show));
    let sorting = Sorting {
        home: format!("{HOME}?{narrowed}&"),
        now: sort.parse::<NumberSort>().unwrap_or_default().to_string(),
        by: vec![
            (text().sip.number, "phone_number", false),
            (text().sip.last_call, "last_call_at", true),
        ],
    };
    let kept = format!("{narrowed}&sort={}", encode(&sort));
    let first = (!cursor.is_empty()).then(|| format!("{HOME}?{kept}"));
    let chosen = match show.as_str() {
        "unassigned" => Some(say.unassigned.to_owned()),
        "trunk" => Some(say.on_trunk.to_owned()),
        _ => None,
    };
    let filters = vec![
        Filtered::new("q", say.search, q.clone()),
        Filtered {
            shown: chosen,
            ..Filtered::new("show", say.show, show.clone())
        },
    ];
    let filter = filter(&q, &show, filters.clone());
    let export = format!("{HOME}/export.csv?{kept}");
    let page = Resource::new(
        || (),
        move |()| list_numbers(q.clone(), show.clone(), cursor.clone(), sort.clone()),
    );
    let question = (query("confirm").as_deref() == Some("delete-number"))
        .then(|| number_of_query("number"))
        .flatten()
        .map(question);
    view! {
        <div class="page">
            <PageHead title=say.title/>
            <Notice/>
            <p class="help">{say.help}</p>
            {question}
            {filter}
            <Chips home=HOME filters/>
            {loaded(page, move |page| {
                let stopped = page.stopped_looking(Limit::default());
                let next = page.next.map(|cursor| format!("{HOME}?{kept}&cursor={cursor}"));
                if page.items.is_empty() {
                    let why = match (filtered, &first) {
                        (true, Some(_)) => text().common.no_further,
                        (true, None) => say.no_match,
                        (false, _) => say.none,
                    };
                    let why = if stopped { format!("{why} {}", text().common.more_to_search) } else { why.to_owned() };
                    let back = first.clone().map(|to| view! { <LinkButton href=to label=text().common.first_page/> });
                    let on = next.map(|to| view! { <LinkButton href=to label=text().common.search_on/> });
                    return view! { <Empty why>{back}{on}</Empty> }.into_any();
                }
                let count = (say.count)(&page.items.len().to_string());
                let count = counted(count, first.is_none() && next.is_none());
                let export = export.clone();
                view! {
                    {table(page.items, sorting.clone())}
                    <Pager count first=first.clone().unwrap_or_default() next=next.unwrap_or_default() search=stopped/>
                    <p><a href=export download="" class="button button-link">{text().calls.export}</a></p>
                }
                .into_any()
            })}
            <Section id="add" title=text().sip.add_numbers help=text().sip.numbers_help>{crate::pages::sip::add_numbers_form()}</Section>
            <ByScript method="GET" path="/api/phone/numbers"/>
        </div>
    }
}

fn question(number: PhoneNumber) -> impl IntoView {
    let say = &text().numbers;
    view! {
        <Question title=(say.delete_q)(&number.grouped()) consequence=say.delete_why yes=say.delete no=text().common.keep
            back=HOME state=FormState::of("/fn/delete_number") hidden=vec![("number", number.to_string())]/>
    }
}

/// The search of a longer list of numbers on another page, and how to leave it.
pub(super) fn search_among(action: String, q: &str) -> impl IntoView + use<> {
    let say = &text().numbers;
    let q = q.to_owned();
    let clear = (!q.is_empty()).then(|| {
        let to = action.clone();
        view! { <LinkButton href=to label=text().calls.clear look=Look::Link/> }
    });
    view! {
        <form method="get" action=action class="filters" role="search" aria-label=say.search>
            <div class="field"><label class="label" for="q">{say.search}</label><input id="q" name="q" class="input input-medium" value=q/></div>
            <div class="form-actions"><Submit label=say.find/>{clear}</div>
        </form>
    }
}

fn filter(q: &str, show: &str, filters: Vec<Filtered>) -> impl IntoView + use<> {
    let say = &text().numbers;
    let q = q.to_owned();
    let (unassigned, on_trunk) = (show == "unassigned", show == "trunk");
    view! {
        <Filters action=HOME filters>
            <div class="field"><label class="label" for="q">{say.search}</label><input id="q" name="q" class="input input-medium" value=q/></div>
            <div class="field">
                <label class="label" for="show">{say.show}</label>
                <select id="show" name="show" class="input input-medium">
                    <option value="">{say.all}</option>
                    <option value="unassigned" selected=unassigned>{say.unassigned}</option>
                    <option value="trunk" selected=on_trunk>{say.on_trunk}</option>
                </select>
            </div>
            <div class="form-actions"><Submit label=say.find/></div>
        </Filters>
    }
}

fn table(rows: Vec<NumberRow>, sorting: Sorting) -> impl IntoView {
    let say = &text().numbers;
    let sip = &text().sip;
    let columns = vec![
        Column(sip.number),
        Column(sip.agent),
        Column(say.on_trunk),
        Column(sip.last_call),
        Column(""),
    ];
    let rows = rows
        .into_iter()
        .map(|row| {
            let number = row.number.number;
            let shown = number.grouped();
            let agent = match (row.number.agent, row.agent_name) {
                (Some(id), Some(name)) => view! { <a href=format!("/channels/phone/agents/{id}")>{name}</a> }.into_any(),
                _ => view! { <span class="muted">{sip.no_agent}</span> }.into_any(),
            };
            let last = match row.number.last_call_at {
                Some(at) => view! { <Ago ms=at/> }.into_any(),
                None => "–".into_any(),
            };
            let label = row.number.label.map(|label| view! { <p class="help">{label}</p> });
            let delete = format!("{HOME}?confirm=delete-number&number=%2B{}#question", number.digits());
            let about = shown.clone();
            let on_trunk = if row.number.on_trunk { say.yes } else { say.no };
            view! {
                <Row>
                    <Lead><span class="digits">{shown}</span>{label}</Lead>
                    <Cell head=sip.agent>{agent}</Cell>
                    <Cell head=say.on_trunk>{on_trunk}</Cell>
                    <Cell head=sip.last_call>{last}</Cell>
                    <RowActions><a class=Look::LinkBad.class() href=delete>{say.delete}<span class="sr-only">" "{about}</span></a></RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.title columns sorting>{rows}</Table> }
}
