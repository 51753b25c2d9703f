//! Telephony & Routing: the numbers an agent answers, and the one-step move of a number
//! that another one holds.

use leptos::prelude::*;

use crate::domain::agent::AgentView;
use crate::domain::number::NumberRow;
use crate::domain::page::{Limit, Page};
use crate::error::{AppError, Conflict, Thing};
use crate::pages::numbers::search_among;
use crate::text::text;
use crate::ui::form::{Actions, ErrorSummary, Form, Kind, LinkButton, Look, Submit, TextField};
use crate::ui::page::{Empty, Pager, counted, query};
use crate::ui::reader::Ago;
use crate::ui::returned::{FormState, encode};
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

const ASSIGN: &str = "/fn/assign_number";

pub(super) fn part(view: &AgentView, numbers: Page<NumberRow>) -> impl IntoView + use<> {
    let say = &text().agents;
    let numbers = if view.number_count == 0 {
        view! { <p class="muted">{say.no_number}</p> }.into_any()
    } else {
        list(view, numbers).into_any()
    };
    let state = FormState::of(ASSIGN);
    let number = state.value("=number");
    let id = view.agent.id.to_string();
    let ask = match state.failure() {
        Some(AppError::Conflict(Conflict::NumberHeld { number, name, .. })) => {
            let said = (say.held)(&number.grouped(), name);
            next_step(
                &id,
                number.to_string(),
                "moving",
                said,
                say.move_number,
                format!("{} {name}", say.keep),
            )
            .into_any()
        }
        Some(AppError::NotFound(Thing::Number)) => {
            let said = (say.new_number)(&number);
            next_step(
                &id,
                number,
                "adding",
                said,
                say.add_and_assign,
                text().common.cancel.to_owned(),
            )
            .into_any()
        }
        _ => view! { <ErrorSummary state=state.clone()/> }.into_any(),
    };
    view! {
        <h3>{say.inbound_numbers}</h3>
        <p class="help">{say.inbound_help}</p>
        {numbers}
        <Form state=state.clone() hidden=vec![("id", id)] class="inline-form">
            <TextField state field="=number" label=say.add_number kind=Kind::Tel mono=true width="input-medium"/>
            <Actions><Submit label=say.add/></Actions>
        </Form>
        {ask}
    }
}

/// The question in place, with its answer one click away.
fn next_step(
    id: &str,
    number: String,
    how: &'static str,
    said: String,
    yes: &'static str,
    no: String,
) -> impl IntoView + use<> {
    let back = format!("/channels/phone/agents/{id}#routing");
    let label = said.clone();
    let hidden = vec![
        ("id", id.to_owned()),
        ("number", number),
        (how, "on".to_owned()),
    ];
    view! {
        <section class="question" id="question" tabindex="-1" data-focus="question" aria-label=label>
            <p>{said}</p>
            <Form state=FormState::default().posting_to(ASSIGN) hidden class="stack">
                <div class="form-actions">
                    <Submit label=yes look=Look::Primary/>
                    <LinkButton href=back label=no/>
                </div>
            </Form>
        </section>
    }
}

/// A page of them; a search where there are more than one.
fn list(view: &AgentView, numbers: Page<NumberRow>) -> impl IntoView + use<> {
    let say = &text().numbers;
    let (q, cursor) = (query("q").unwrap_or_default(), query("cursor"));
    let home = format!("/channels/phone/agents/{}", view.agent.id);
    let stopped = numbers.stopped_looking(Limit::default());
    let is_first = cursor.is_none();
    let is_all = is_first && numbers.next.is_none();
    let kept = format!("{home}?q={}", encode(&q));
    let first = (!is_first).then(|| format!("{kept}#routing"));
    let next = numbers
        .next
        .map(|cursor| format!("{kept}&cursor={cursor}#routing"));
    let shown = numbers.items.len();
    let count = match q.as_str() {
        "" => (say.count)(&view.number_count.to_string()),
        _ => counted((say.count)(&shown.to_string()), is_all),
    };
    let rows = if shown == 0 {
        let why = if is_first {
            say.no_match
        } else {
            text().common.no_further
        };
        view! { <Empty why/> }.into_any()
    } else {
        table(view, numbers.items).into_any()
    };
    let is_long = !is_all || !q.is_empty();
    let search = is_long.then(|| search_among(format!("{home}#routing"), &q));
    let pager = is_long.then(|| {
        view! { <Pager count first=first.unwrap_or_default() next=next.unwrap_or_default() search=stopped/> }
    });
    view! { {search} {rows} {pager} }
}

fn table(view: &AgentView, numbers: Vec<NumberRow>) -> impl IntoView + use<> {
    let say = &text().agents;
    let id = view.agent.id.to_string();
    let rows = numbers
        .into_iter()
        .map(|NumberRow { number, .. }| {
            let shown = number.number.grouped();
            let about = shown.clone();
            let hidden = vec![("id", id.clone()), ("number", number.number.to_string())];
            let last = match number.last_call_at {
                Some(at) => view! { <Ago ms=at/> }.into_any(),
                None => "–".into_any(),
            };
            view! {
                <Row>
                    <Lead><span class="digits">{shown}</span></Lead>
                    <Cell head=text().sip.last_call>{last}</Cell>
                    <RowActions>
                        <Form state=FormState::of("/fn/release_number") hidden class="row">
                            <Submit label=say.remove look=Look::LinkBad about/>
                        </Form>
                    </RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.inbound_numbers columns=vec![Column(text().sip.number), Column(text().sip.last_call), Column("")]>{rows}</Table> }
}
