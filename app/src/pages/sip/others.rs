//! Who did not get in: the last sources that were turned away.

use leptos::prelude::*;

use crate::domain::seen::Source;
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::{ErrorSummary, Form, Look, Submit};
use crate::ui::page::{Empty, Section};
use crate::ui::reader::{Ago, reader};
use crate::ui::returned::FormState;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

pub(super) fn section(sources: Vec<Source>) -> impl IntoView {
    let say = &text().sip;
    view! {
        <Section id="others" title=say.not_let_in>
            <ErrorSummary state=FormState::of("/fn/unblock_source")/>
            {list(sources)}
        </Section>
    }
}

/// The table, here and in the Inbox.
pub(crate) fn list(sources: Vec<Source>) -> impl IntoView {
    let say = &text().sip;
    if sources.is_empty() {
        return view! { <Empty why=say.nobody_missed/> }.into_any();
    }
    let columns = vec![
        Column(say.source),
        Column(say.software),
        Column(say.dialled),
        Column(say.reason),
        Column(say.tries),
        Column(say.last),
        Column(""),
    ];
    let rows = sources
        .into_iter()
        .map(|source| {
            let address = source.address.to_string();
            let reason = source.reason.map_or(say.sends_no_password, |reason| text().refusal(reason));
            let blocked = source.blocked_until.map(|until| {
                view! { " "<Badge tone=Tone::Bad word=(say.blocked_until)(&reader().clock_time(until))/> }
            });
            let unblock = source.blocked_until.map(|_| {
                let about = address.clone();
                let hidden = vec![("address", address.clone())];
                view! {
                    <Form state=FormState::of("/fn/unblock_source") hidden class="row">
                        <Submit label=say.unblock look=Look::Link about/>
                    </Form>
                }
            });
            let software = source.software.unwrap_or_else(|| "–".to_owned());
            let dialled = source.dialled.unwrap_or_else(|| "–".to_owned());
            let tries = source.tries.to_string();
            view! {
                <Row>
                    <Lead><span class="mono wrap-anywhere">{address}</span>{blocked}</Lead>
                    <Cell head=say.software><span class="wrap-anywhere">{software}</span></Cell>
                    <Cell head=say.dialled><span class="wrap-anywhere">{dialled}</span></Cell>
                    <Cell head=say.reason>{reason}</Cell>
                    <Cell head=say.tries>{tries}</Cell>
                    <Cell head=say.last><Ago ms=source.last_at/></Cell>
                    <RowActions>{unblock}</RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.not_let_in columns>{rows}</Table> }.into_any()
}
