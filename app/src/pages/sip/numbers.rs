//! The numbers on the trunk.

use leptos::prelude::*;

use crate::domain::number::{Added, AddedAs, NumberRow};
use crate::domain::page::Page;
use crate::domain::phone::PhoneNumber;
use crate::pages::notice::number_of_query;
use crate::pages::numbers::search_among;
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::{Actions, Choice, ErrorSummary, Form, Kind, Look, Select, Submit, TextField};
use crate::ui::page::{Empty, Question, Section, query};
use crate::ui::reader::{Ago, Moment};
use crate::ui::returned::{FormState, Returned, encode};
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

const ADD: &str = "/fn/add_numbers";
/// Lines of a paste that are shown before it is added.
const LINES_SHOWN: usize = 60;

/// The number that the page is to ask about.
pub(super) fn asked_about() -> Option<PhoneNumber> {
    let asks = query("confirm").as_deref() == Some("remove-number");
    asks.then(|| number_of_query("number")).flatten()
}

pub(super) fn section(
    count: u64,
    numbers: Page<NumberRow>,
    leaving: Option<NumberRow>,
    pasted: &[Added],
) -> impl IntoView + use<> {
    let say = &text().sip;
    let question = leaving.map(question);
    let list = list(count, numbers);
    let form = if pasted.is_empty() {
        add_form().into_any()
    } else {
        add_form_with(faulty(pasted)).into_any()
    };
    let preview = preview(pasted);
    view! {
        <Section id="numbers" title=say.numbers help=say.numbers_help>
            {question}
            {list}
            {preview}
            {form}
            <Form state=FormState::of("/fn/sync_inbound_trunk") class="row"><Submit label=say.sync/></Form>
            <ErrorSummary state=FormState::of("/fn/sync_inbound_trunk")/>
        </Section>
    }
}

/// The first few, a search among all of them, and the way to the others.
fn list(count: u64, numbers: Page<NumberRow>) -> AnyView {
    let say = &text().numbers;
    let q = query("q").unwrap_or_default();
    if count == 0 {
        return view! { <Empty why=text().sip.no_numbers/> }.into_any();
    }
    let shown = numbers.items.len();
    let is_all = numbers.next.is_none();
    if is_all && q.is_empty() {
        return table(numbers.items).into_any();
    }
    let all = format!("/channels/phone/numbers?show=trunk&q={}", encode(&q));
    let (said, label) = match (q.is_empty(), is_all) {
        (true, _) => {
            let count = count.to_string();
            let said = (text().common.first_of)(&shown.to_string(), &count);
            (said, (text().common.show_all)(&count))
        }
        (false, true) => ((say.count)(&shown.to_string()), String::new()),
        (false, false) => (say.first_matches.to_owned(), say.all_matches.to_owned()),
    };
    let more = (!label.is_empty()).then(|| view! { <a class="button" href=all>{label}</a> });
    let rows = if shown == 0 && is_all {
        view! { <Empty why=say.no_match/> }.into_any()
    } else {
        view! {
            {table(numbers.items)}
            <div class="pager"><p class="muted">{said}</p>{more}</div>
        }
        .into_any()
    };
    view! { {search_among("/settings/sip#numbers".to_owned(), &q)} {rows} }.into_any()
}

fn question(leaving: NumberRow) -> impl IntoView {
    let say = &text().sip;
    let number = leaving.number.number;
    let consequence = match leaving.agent_name {
        Some(agent) => (say.remove_number_why)(&agent),
        None => (say.remove_free_why)(""),
    };
    view! {
        <Question title=(say.remove_number_q)(&number.grouped()) consequence yes=say.remove_number no=text().common.keep
            back="/settings/sip#numbers" state=FormState::of("/fn/remove_number") hidden=vec![("number", number.to_string())]/>
    }
}

fn table(rows: Vec<NumberRow>) -> impl IntoView {
    let say = &text().sip;
    let columns = vec![
        Column(say.number),
        Column(say.agent),
        Column(say.verified),
        Column(say.last_call),
        Column(""),
    ];
    let rows = rows
        .into_iter()
        .map(|row| {
            let number = row.number.number.clone();
            let shown = number.grouped();
            let remove = format!("/settings/sip?confirm=remove-number&number=%2B{}#question", number.digits());
            let agent = match (row.number.agent, row.agent_name) {
                (Some(id), Some(name)) => view! { <a href=format!("/channels/phone/agents/{id}")>{name}</a> }.into_any(),
                _ => view! { <span class="muted">{say.no_agent}" "</span><a href="/channels/phone/agents">{say.assign}</a> }.into_any(),
            };
            let verified = match row.number.verified_at {
                Some(at) => view! { {say.verified_yes}", "<Moment ms=at/> }.into_any(),
                None => say.verified_not_yet.into_any(),
            };
            let last = match row.number.last_call_at {
                Some(at) => view! { <Ago ms=at/> }.into_any(),
                None => "–".into_any(),
            };
            let about = shown.clone();
            view! {
                <Row>
                    <Lead><span class="digits">{shown}</span></Lead>
                    <Cell head=say.agent>{agent}</Cell>
                    <Cell head=say.verified>{verified}</Cell>
                    <Cell head=say.last_call>{last}</Cell>
                    <RowActions><a class=Look::LinkBad.class() href=remove>{say.remove}<span class="sr-only">" "{about}</span></a></RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.numbers columns>{rows}</Table> }
}

/// What adding the pasted lines would do, line by line.
fn preview(pasted: &[Added]) -> impl IntoView + use<> {
    let say = &text().sip;
    if pasted.is_empty() {
        return ().into_any();
    }
    let good = pasted
        .iter()
        .filter(|line| line.what == AddedAs::New)
        .filter_map(|line| line.number.as_ref().ok())
        .map(PhoneNumber::to_string)
        .collect::<Vec<_>>();
    let button = match good.len() {
        0 => None,
        1 => Some(say.add_one.to_owned()),
        many => Some((say.add_many)(&many.to_string())),
    };
    let hidden = vec![("draft[lines]", good.join("\n"))];
    let form = button.map(|label| {
        view! {
            <Form state=FormState::of("/fn/add_numbers") hidden class="form-actions">
                <Submit label look=Look::Primary/>
                <a class="button" href="/settings/sip#numbers">{text().common.cancel}</a>
            </Form>
        }
    });
    let columns = vec![Column(say.line), Column(say.read_as), Column(say.outcome)];
    let (shown, hidden_lines) = worth_showing(pasted);
    let rows = shown.into_iter().map(preview_row).collect_view();
    let more = (hidden_lines > 0)
        .then(|| view! { <p class="help">{(say.more_lines)(&hidden_lines.to_string())}</p> });
    view! {
        <div class="section" id="preview" tabindex="-1" data-focus="preview">
            <h3>{say.preview}</h3>
            <p>{counted(pasted)}</p>
            <Table caption=say.preview columns>{rows}</Table>
            {more}
            {form}
        </div>
    }
    .into_any()
}

/// A long paste is not read line by line: what is wrong comes first. And how many are left out.
fn worth_showing(pasted: &[Added]) -> (Vec<&Added>, usize) {
    if pasted.len() <= LINES_SHOWN {
        return (pasted.iter().collect(), 0);
    }
    let (faulty, good): (Vec<&Added>, Vec<&Added>) = pasted
        .iter()
        .partition(|line| line.what == AddedAs::Refused);
    let shown: Vec<&Added> = faulty.into_iter().chain(good).take(LINES_SHOWN).collect();
    (shown, pasted.len() - LINES_SHOWN)
}

/// "Will be added: 9000 · Stays in the box: 1000".
fn counted(pasted: &[Added]) -> String {
    let outcomes = [
        AddedAs::New,
        AddedAs::AlreadyHere,
        AddedAs::Twice,
        AddedAs::Refused,
    ];
    let counts = outcomes.into_iter().filter_map(|what| {
        let count = pasted.iter().filter(|line| line.what == what).count();
        (count > 0).then(|| format!("{}: {count}", outcome(what).1))
    });
    counts.collect::<Vec<_>>().join(" · ")
}

fn outcome(what: AddedAs) -> (Tone, &'static str) {
    let say = &text().sip;
    match what {
        AddedAs::New => (Tone::Good, say.will_be_added),
        AddedAs::AlreadyHere => (Tone::Neutral, say.already_here),
        AddedAs::Twice => (Tone::Neutral, say.twice),
        AddedAs::Refused => (Tone::Bad, say.stays_out),
    }
}

fn preview_row(line: &Added) -> impl IntoView + use<> {
    let say = &text().sip;
    let read = match &line.number {
        Ok(number) => number.grouped(),
        Err(_) => "–".to_owned(),
    };
    let (tone, word) = outcome(line.what);
    let why = line
        .number
        .as_ref()
        .err()
        .map(|reason| text().reason(reason));
    let sent = line.sent.clone();
    view! {
        <Row>
            <Lead><span class="mono wrap-anywhere">{sent}</span></Lead>
            <Cell head=say.read_as><span class="digits">{read}</span></Cell>
            <Cell head=say.outcome><Badge tone word/>{why.map(|why| view! { <p class="help">{why}</p> })}</Cell>
        </Row>
    }
}

/// The faulty lines stay in the box, with the country they were read by.
fn faulty(pasted: &[Added]) -> Vec<(&'static str, String)> {
    let lines = pasted
        .iter()
        .filter(|line| line.what == AddedAs::Refused)
        .map(|line| line.sent.as_str())
        .collect::<Vec<_>>();
    vec![
        ("lines", lines.join("\n")),
        (
            "country",
            Returned::asked(ADD, "country").unwrap_or_default(),
        ),
    ]
}

/// A box to paste into, and the country of what has no plus.
pub(crate) fn add_form() -> impl IntoView {
    add_form_of(FormState::of(ADD))
}

/// After a look at what was pasted, the box holds only what is wrong.
fn add_form_with(stored: Vec<(&'static str, String)>) -> impl IntoView {
    add_form_of(FormState::default().posting_to(ADD).or_stored(stored))
}

fn add_form_of(state: FormState) -> impl IntoView {
    let say = &text().sip;
    let hidden = vec![("ask", "many".to_owned())];
    let none = Choice::new("", say.no_country);
    let countries = text().countries().into_iter().map(|(country, name)| {
        Choice::new(
            country.iso(),
            format!("{name} (+{})", country.calling_code()),
        )
    });
    let countries: Vec<Choice> = std::iter::once(none).chain(countries).collect();
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            <TextField state=state.clone() field="lines" label=say.one_per_line kind=Kind::Area mono=true rows=3/>
            <Select state=state.clone() field="country" label=say.country_without choices=countries/>
            <Actions><Submit label=say.add_numbers/></Actions>
        </Form>
    }
}
