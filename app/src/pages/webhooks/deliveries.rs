//! What became of each event that a webhook was to be told.

use leptos::prelude::*;

use super::HOME;
use crate::domain::page::Page;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::{Form, LinkButton, Look, Submit};
use crate::ui::page::{Empty, Pager, Section, counted, query};
use crate::ui::reader::{Ago, Moment};
use crate::ui::returned::FormState;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

/// Which of them the address asks for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) state: String,
    pub(super) cursor: String,
}

pub(super) fn asked() -> Asked {
    let state = query("state").and_then(|word| word.parse::<DeliveryState>().ok());
    Asked {
        state: state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        cursor: query("cursor").unwrap_or_default(),
    }
}

pub(super) fn section(
    webhook: &Webhook,
    page: Page<Delivery>,
    asked: &Asked,
) -> impl IntoView + use<> {
    let say = &text().hooks;
    let home = format!("{HOME}/{}", webhook.id);
    let shown = if page.items.is_empty() {
        let all = (!asked.state.is_empty()).then(|| {
            view! { <LinkButton href=format!("{home}#deliveries") label=text().calls.clear/> }
        });
        let why = if all.is_some() {
            say.none_match
        } else {
            say.nothing_told
        };
        view! { <Empty why>{all}</Empty> }.into_any()
    } else {
        table(page, &home, asked).into_any()
    };
    let views = views(&home, &asked.state);
    view! {
        <Section id="deliveries" title=say.deliveries help=say.deliveries_help>
            {views}
            {shown}
        </Section>
    }
}

/// All, or those of one state.
fn views(home: &str, state: &str) -> impl IntoView + use<> {
    let say = &text().hooks;
    let each = DeliveryState::ALL.iter();
    let each = each.map(|state| (state.as_str(), word(*state).1));
    let links = std::iter::once(("", say.all))
        .chain(each)
        .map(|(code, name)| {
            let to = match code {
                "" => format!("{home}#deliveries"),
                code => format!("{home}?state={code}#deliveries"),
            };
            let here = (code == state).then_some("page");
            view! { <li><a href=to aria-current=here>{name}</a></li> }
        })
        .collect_view();
    view! { <nav aria-label=say.deliveries><ul class="tabs">{links}</ul></nav> }
}

fn word(state: DeliveryState) -> (Tone, &'static str) {
    let say = &text().hooks;
    match state {
        DeliveryState::Waiting => (Tone::Neutral, say.waiting),
        DeliveryState::Delivered => (Tone::Good, say.delivered),
        DeliveryState::Failed => (Tone::Bad, say.failed),
    }
}

fn table(page: Page<Delivery>, home: &str, asked: &Asked) -> impl IntoView + use<> {
    let say = &text().hooks;
    let columns = vec![
        Column(say.event),
        Column(say.state),
        Column(say.answer),
        Column(say.tries),
        Column(say.tried),
        Column(""),
    ];
    let filter = match asked.state.as_str() {
        "" => String::new(),
        state => format!("state={state}&"),
    };
    let next = page
        .next
        .map(|cursor| format!("{home}?{filter}cursor={cursor}#deliveries"));
    let first = (!asked.cursor.is_empty()).then(|| format!("{home}?{filter}#deliveries"));
    let count = match page.items.len() {
        1 => say.one_event.to_owned(),
        many => (say.events_count)(&many.to_string()),
    };
    let count = counted(count, first.is_none() && next.is_none());
    let rows = page.items.into_iter().map(row).collect_view();
    view! {
        <Table caption=say.deliveries columns>{rows}</Table>
        <Pager count first=first.unwrap_or_default() next=next.unwrap_or_default()/>
    }
}

fn row(delivery: Delivery) -> impl IntoView {
    let say = &text().hooks;
    let (tone, state) = word(delivery.state);
    let answer = match (delivery.status, delivery.error) {
        (Some(status), _) => status.to_string(),
        (None, Some(error)) => error,
        (None, None) => "–".to_owned(),
    };
    let took = delivery
        .took_ms
        .map(|took| view! { <p class="help">{(say.took)(&took.to_string())}</p> });
    let tried = match delivery.last_at {
        Some(at) => view! { <Ago ms=at/> }.into_any(),
        None => "–".into_any(),
    };
    let next = delivery
        .next_at
        .filter(|_| delivery.state == DeliveryState::Waiting && delivery.tries > 0)
        .map(|at| view! { <p class="help">{say.next_try}" "<Moment ms=at/></p> });
    let again = FormState::of("/fn/redeliver_event");
    let hidden = vec![
        ("id", delivery.webhook.to_string()),
        ("event", delivery.event.id.to_string()),
    ];
    let about = delivery.event.kind.as_str();
    view! {
        <Row>
            <Lead>{about}<p class="help"><Ago ms=delivery.event.at/></p></Lead>
            <Cell head=say.state><Badge tone word=state/>{next}</Cell>
            <Cell head=say.answer><span class="wrap-anywhere">{answer}</span>{took}</Cell>
            <Cell head=say.tries>{delivery.tries}</Cell>
            <Cell head=say.tried>{tried}</Cell>
            <RowActions>
                <Form state=again hidden class=""><Submit label=say.redeliver look=Look::Link about/></Form>
            </RowActions>
        </Row>
    }
}
