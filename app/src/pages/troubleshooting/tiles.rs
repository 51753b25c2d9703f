//! What is wrong? Three answers, each with what shows it.

use leptos::prelude::*;

use super::guide::row_for;
use crate::domain::health::{Health, Window};
use crate::domain::seen::Facts;
use crate::text::{sentence, text};
use crate::ui::form::Submit;
use crate::ui::page::Section;
use crate::ui::reader::reader;

pub(super) fn section(within: Window, facts: &Facts, health: &Health) -> impl IntoView + use<> {
    let say = &text().troubleshooting;
    let tiles = [nothing_arrives(facts), refused(health), connect_but(health)]
        .map(|(title, evidence, to)| {
            view! {
                <li class="tile">
                    <a href=to class="tile-link">{title}</a>
                    <p class="muted">{sentence(&evidence)}</p>
                </li>
            }
        })
        .collect_view();
    let as_of = (text().common.as_of)(&reader().clock_time(health.at));
    view! {
        <Section id="wrong" title=say.what_is_wrong>
            {window(within)}
            <p class="muted">{as_of}</p>
            <ul class="tiles" role="list">{tiles}</ul>
        </Section>
    }
}

fn window(within: Window) -> impl IntoView {
    let say = &text().troubleshooting;
    let options = [
        (Window::Hour, say.last_hour),
        (Window::Day, say.last_day),
        (Window::Week, say.last_week),
    ]
    .map(|(window, label)| view! { <option value=window.as_str() selected=window == within>{label}</option> })
    .collect_view();
    view! {
        <form method="get" action="/troubleshooting" class="filters">
            <div class="field">
                <label class="label" for="within">{say.within}</label>
                <select id="within" name="within" class="input" data-submits="">{options}</select>
            </div>
            <div class="without-script form-actions"><Submit label=text().calls.filter/></div>
        </form>
    }
}

fn nothing_arrives(facts: &Facts) -> (&'static str, String, String) {
    let say = &text().troubleshooting;
    let last = facts
        .listeners
        .iter()
        .filter_map(|listener| listener.last_packet_at)
        .max();
    let evidence = match last {
        Some(at) => (text().overview.last_packet)(&reader().ago(at)),
        None => text().overview.no_packet.to_owned(),
    };
    (
        say.nothing_arrives,
        evidence,
        "#guide-nothing-arrives".to_owned(),
    )
}

fn refused(health: &Health) -> (&'static str, String, String) {
    let say = &text().troubleshooting;
    let total: u64 = health.refusals.iter().map(|refused| refused.count).sum();
    match health.refusals.first() {
        Some(most) => (
            say.calls_refused,
            (say.refused_most)(&total.to_string(), text().refusal(most.reason)),
            format!("#guide-{}", row_for(most.reason)),
        ),
        None => (
            say.calls_refused,
            say.none_refused.to_owned(),
            "/inbox?view=refused".to_owned(),
        ),
    }
}

fn connect_but(health: &Health) -> (&'static str, String, String) {
    let say = &text().troubleshooting;
    let heard = health.heard;
    let evidence = match (heard.calls, heard.silent) {
        (0, _) => say.none_answered.to_owned(),
        (calls, 0) => (say.all_heard)(&calls.to_string()),
        (calls, silent) => (say.one_way)(&silent.to_string(), &calls.to_string()),
    };
    (say.connect_but, evidence, "#guide-no-audio".to_owned())
}
