//! The parts of outbound trunks that several pages show.

use leptos::prelude::*;

use super::functions::HOME;
use crate::domain::id::AgentId;
use crate::domain::outbound::{
    CheckStep, CheckVerdict, CheckedStep, Health, HealthState, OutboundView, RegistrationState,
};
use crate::pages::inbox::live;
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::{LinkButton, Look};
use crate::ui::page::{Empty, Section};
use crate::ui::reader::reader;
use crate::ui::steps::{Step, Steps};
use crate::ui::table::{Cell, Column, Lead, Row, Table};

/// The list, on Settings → SIP.
pub(crate) fn section(trunks: Vec<OutboundView>) -> impl IntoView {
    let say = &text().ways_out;
    let body = if trunks.is_empty() {
        view! { <Empty why=say.none><LinkButton href="/settings/sip/outbound/new" label=say.add/></Empty> }.into_any()
    } else {
        table(trunks).into_any()
    };
    view! { <Section id="outbound" title=say.trunks>{body}</Section> }
}

fn table(trunks: Vec<OutboundView>) -> impl IntoView {
    let say = &text().ways_out;
    let columns = vec![
        Column(text().agents.name),
        Column(say.host),
        Column(say.transport),
        Column(say.caller_number),
        Column(say.agents),
        Column(say.health),
    ];
    let rows = trunks
        .into_iter()
        .map(|view| {
            let to = format!("{HOME}/{}", view.trunk.id);
            let place = format!("health-{}", view.trunk.id);
            let health = health_said(&view.health);
            let registration = view.registration.as_ref().map(|registration| {
                let word = registration_word(registration.state);
                view! { <p class="help">{word}</p> }
            });
            let agents = match view.agents.len() {
                0 => "–".to_owned(),
                _ => names(&view.agents),
            };
            let settings = view.trunk.settings;
            let host = settings.host.to_string();
            let transport = settings.transport.as_str().to_uppercase();
            let number = settings.caller_number.grouped();
            view! {
                <Row>
                    <Lead><a href=to>{settings.name}</a></Lead>
                    <Cell head=say.host><span class="mono wrap-anywhere">{host}</span></Cell>
                    <Cell head=say.transport>{transport}</Cell>
                    <Cell head=say.caller_number><span class="digits">{number}</span></Cell>
                    <Cell head=say.agents>{agents}</Cell>
                    <Cell head=say.health><div id=place data-live="whole">{health}{registration}</div></Cell>
                </Row>
            }
        })
        .collect_view();
    view! {
        {live("routing")}
        <Table caption=say.trunks columns>{rows}</Table>
    }
}

/// "Front desk, Sales".
pub(super) fn names(agents: &[(AgentId, String)]) -> String {
    let names = agents.iter().map(|(_, name)| name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// How a trunk is, in a word.
pub(crate) fn state_word(state: HealthState) -> &'static str {
    let say = &text().ways_out;
    match state {
        HealthState::Up => say.up,
        HealthState::Degraded => say.degraded,
        HealthState::Down => say.down,
        HealthState::Unknown => say.unknown,
    }
}

fn registration_word(state: RegistrationState) -> &'static str {
    let say = &text().ways_out;
    match state {
        RegistrationState::Registered => say.registered,
        RegistrationState::Trying => say.registering,
        RegistrationState::Failed => say.not_registered,
    }
}

/// The badge beside the trunk's name.
pub(super) fn beside(health: &Health) -> impl IntoView + use<> {
    view! { <span id="health" data-live="whole">{badge(health)}</span> }
}

fn badge(health: &Health) -> impl IntoView + use<> {
    let tone = match health.state {
        HealthState::Up => Tone::Good,
        HealthState::Degraded => Tone::Warn,
        HealthState::Down => Tone::Bad,
        HealthState::Unknown => Tone::Neutral,
    };
    view! { <Badge tone word=state_word(health.state)/> }
}

/// The badge, since when, and why.
fn health_said(health: &Health) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let since = health.since.map(|at| (say.since)(&reader().short(at)));
    let answered = health
        .last_answered_at
        .map(|at| (say.answered)(&reader().short(at)));
    let when: Vec<String> = since.into_iter().chain(answered).collect();
    let when = (!when.is_empty()).then(|| view! { <p class="help">{when.join(": ")}</p> });
    let why = health
        .trouble
        .as_ref()
        .map(|trouble| view! { <p class="help">{text().trouble(trouble)}</p> });
    let badge = badge(health);
    view! { {badge}{when}{why} }
}

/// Who uses it, how it is, when it was made.
pub(super) fn facts(view: &OutboundView) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let agents = if view.agents.is_empty() {
        say.no_agents.into_any()
    } else {
        let links = view.agents.iter().map(|(id, name)| {
            let to = format!("/channels/phone/agents/{id}");
            view! { <li><a href=to>{name.clone()}</a></li> }
        });
        view! { <ul role="list">{links.collect_view()}</ul> }.into_any()
    };
    let registration = view.registration.as_ref().map(|registration| {
        let word = registration_word(registration.state);
        let since = (say.since)(&reader().short(registration.since));
        let until = registration
            .expires_at
            .map(|at| (say.expires)(&reader().short(at)));
        let next = registration.next_at.map(|at| {
            let at = reader().short(at);
            match registration.state {
                RegistrationState::Failed => (say.tried_at)(&at),
                _ => (say.renewed_at)(&at),
            }
        });
        let when: Vec<String> = until.into_iter().chain(next).collect();
        let when = (!when.is_empty()).then(|| view! { <p class="help">{when.join(", ")}</p> });
        let why = text().registration(registration);
        let why = why.map(|why| view! { <p class="help">{why}</p> });
        view! { <div id="facts-registration"><dt>{say.registration}</dt><dd>{word}" "{since}{when}{why}</dd></div> }
    });
    let health = health_said(&view.health);
    let (created, changed) = (
        reader().date_time(view.trunk.created_at),
        reader().date_time(view.trunk.updated_at),
    );
    view! {
        <dl class="facts" data-live="parts">
            <div id="facts-health"><dt>{say.health}</dt><dd>{health}</dd></div>
            {registration}
            <div id="facts-agents"><dt>{say.agents}</dt><dd>{agents}</dd></div>
            <div><dt>{say.created_at}</dt><dd>{created}</dd></div>
            <div id="facts-changed"><dt>{say.changed_at}</dt><dd>{changed}</dd></div>
        </dl>
    }
}

/// What *Check connection* found, step by step.
pub(super) fn checked(name: &str, steps: &[CheckStep]) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let rows = steps
        .iter()
        .map(|step| {
            let title = match step.what {
                CheckedStep::Name => say.check_name,
                CheckedStep::Connection => say.check_connection,
                CheckedStep::Encryption => say.check_encryption,
                CheckedStep::Answer => say.check_answer,
            };
            let (tone, word) = match step.verdict {
                CheckVerdict::Passed => (Tone::Good, say.passed),
                CheckVerdict::Failed => (Tone::Bad, say.failed),
                CheckVerdict::Unknown => (Tone::Warn, say.unknown),
                CheckVerdict::Skipped => (Tone::Neutral, say.skipped),
            };
            let unheard = step.what == CheckedStep::Answer && step.verdict == CheckVerdict::Unknown;
            let note = if unheard {
                (say.not_answered)(name)
            } else {
                step.found.clone()
            };
            view! { <Step tone title word note/> }
        })
        .collect_view();
    view! {
        <Section id="check" title=say.check>
            <Steps label=say.check>{rows}</Steps>
            <p class="help">{say.password_later}</p>
        </Section>
    }
}

/// What can't be taken away, why, and where to go first.
pub(crate) fn cant(
    title: String,
    why: String,
    agents: &[(AgentId, String)],
    back: String,
) -> impl IntoView + use<> {
    let links = agents
        .iter()
        .map(|(id, name)| {
            let to = format!("/channels/phone/agents/{id}#routing");
            view! { <LinkButton href=to label=(text().ways_out.open)(name) look=Look::Secondary/> }
        })
        .collect_view();
    view! {
        <section class="question" id="question" aria-labelledby="question-title" tabindex="-1" data-focus="question">
            <h2 id="question-title">{title}</h2>
            <p>{why}</p>
            <p class="row">{links}<a class="button" href=back data-safe="">{text().common.keep}</a></p>
        </section>
    }
}
