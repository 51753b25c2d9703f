//! Troubleshooting: what is wrong, which agent would answer a call, who did not get in, and the
//! guide by symptom.

mod guide;
mod tiles;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

pub(crate) use guide::{row_for, row_of_page};

use crate::domain::draft::Entry;
use crate::domain::health::{Health, Window};
use crate::domain::route_test::{RouteTestDraft, RouteTested};
use crate::domain::seen::{Facts, Source};
use crate::error::AppError;
use crate::pages::asked;
use crate::pages::calls::receipt;
use crate::pages::overview::{get_facts, get_health};
use crate::text::text;
use crate::ui::feedback::{Banner, Tone, loaded};
use crate::ui::form::Submit;
use crate::ui::page::{ByScript, PageHead, Section, query};

/// Decides about a call that is only supposed.
#[server(prefix = "/fn", endpoint = "test_route", input = GetUrl)]
pub async fn test_route(#[server(default)] draft: RouteTestDraft) -> Result<RouteTested, AppError> {
    let (services, caller) = asked()?;
    services.route_test.test(&caller, draft).await
}

/// `/troubleshooting`
#[component]
pub fn TroubleshootingPage() -> impl IntoView {
    let say = &text().troubleshooting;
    let within = Window::read(&query("within").unwrap_or_default()).unwrap_or_default();
    let sources = Resource::new(|| (), |()| crate::pages::sip::list_sources());
    let seen = Resource::new(
        || (),
        move |()| async move {
            let health = get_health(within.to_string()).await?;
            Ok((get_facts().await?, health))
        },
    );
    view! {
        <div class="page">
            <PageHead title=say.title/>
            {loaded(seen, move |(facts, health): (Facts, Health)| tiles::section(within, &facts, &health))}
            <Section id="route" title=say.test_a_route help=say.test_help>{route()}</Section>
            <Section id="others" title=text().sip.not_let_in>{loaded(sources, |sources: Vec<Source>| crate::pages::sip::source_list(sources))}</Section>
            {guide::section()}
            <ByScript method="POST" path="/api/phone/sip/route-test" body="{\"to\": \"+14155550100\"}"/>
        </div>
    }
}

/// A `+` that was not escaped arrives as a blank.
fn number_of_query() -> String {
    let to = query("to").unwrap_or_default();
    to.strip_prefix(' ')
        .map_or_else(|| to.clone(), |digits| format!("+{digits}"))
}

fn route() -> impl IntoView {
    let say = &text().troubleshooting;
    let (to, source, agent) = (
        number_of_query(),
        query("source").unwrap_or_default(),
        query("agent").unwrap_or_default(),
    );
    let entry = |text: &str| {
        if text.is_empty() {
            Entry::Absent
        } else {
            Entry::text(text)
        }
    };
    let draft = RouteTestDraft {
        to: entry(&to),
        source: entry(&source),
        agent: entry(&agent),
        ..RouteTestDraft::default()
    };
    let answer = (!to.is_empty()).then(|| {
        let tested = Resource::new(|| (), move |()| test_route(draft.clone()));
        loaded(tested, shown)
    });
    view! {
        <form method="get" action="/troubleshooting#route" class="filters">
            <div class="field"><label class="label" for="to">{text().calls.to}</label><input id="to" name="to" type="tel" class="input input-medium input-mono" value=to/></div>
            <div class="field"><label class="label" for="source">{say.source}</label><input id="source" name="source" class="input input-medium input-mono" value=source/></div>
            <div class="field"><label class="label" for="agent">{say.header}</label><input id="agent" name="agent" class="input input-medium input-mono" value=agent/></div>
            <div class="form-actions"><Submit label=say.test/></div>
        </form>
        {answer}
    }
}

fn shown(tested: RouteTested) -> impl IntoView {
    let say = &text().troubleshooting;
    let (tone, said) = match (&tested.agent, tested.refusal) {
        (Some((_, name)), _) => (Tone::Good, (say.would_answer)(name)),
        (None, Some(refusal)) => (Tone::Warn, (say.would_refuse)(text().refusal(refusal))),
        (None, None) => (Tone::Warn, say.nobody.to_owned()),
    };
    view! { <Banner tone><p>{said}</p></Banner>{receipt(&tested.receipt)} }
}
