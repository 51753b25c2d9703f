//! Overview: is it working, what is wrong, what to do next. Every claim has its evidence.

mod banners;
mod checklist;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::account::AuditEntry;
use crate::domain::endpoint::TrunkView;
use crate::domain::health::{Health, Unanswered, Window};
use crate::domain::outbound::OutboundView;
use crate::domain::seen::Facts;
use crate::error::AppError;
use crate::pages::asked;
use crate::pages::inbox::live;
use crate::pages::notice::Notice;
use crate::pages::outbound::list_outbound_trunks;
use crate::text::text;
use crate::ui::feedback::loaded;
use crate::ui::form::LinkButton;
use crate::ui::page::{PageHead, Section};
use crate::ui::reader::{Ago, Moment, reader};

/// Listeners, counts, evidence.
#[server(prefix = "/fn", endpoint = "get_facts", input = GetUrl)]
pub async fn get_facts() -> Result<Facts, AppError> {
    let (services, caller) = asked()?;
    services.system.facts(&caller).await
}

/// What went wrong `within` the last `hour`, `day` or `week`.
#[server(prefix = "/fn", endpoint = "get_health", input = GetUrl)]
pub async fn get_health(#[server(default)] within: String) -> Result<Health, AppError> {
    let (services, caller) = asked()?;
    caller.may(crate::error::Scope::SipRead)?;
    let window = Window::read(&within).map_err(|reason| AppError::field("within", reason))?;
    services.system.health(&caller, window).await
}

/// `/`
#[component]
pub fn OverviewPage() -> impl IntoView {
    let seen = Resource::new(
        || (),
        |()| async move {
            Ok((
                get_facts().await?,
                get_health(String::new()).await?,
                crate::pages::sip::get_inbound_trunk().await?,
                list_outbound_trunks().await?,
            ))
        },
    );
    view! {
        <div class="page">
            <PageHead title=text().overview.title/>
            <Notice/>
            {live("calls,routing,sources")}
            {loaded(seen, |seen| whole(&seen))}
        </div>
    }
}

/// What the page speaks from: evidence, what went wrong, the way in, the ways out.
type Seen = (Facts, Health, Option<TrunkView>, Vec<OutboundView>);

/// Each part has an id, by which it is renewed in place.
fn whole((facts, health, trunk, ways_out): &Seen) -> impl IntoView + use<> {
    let (listening, banners, figures) = (
        listening(facts),
        banners::all(facts, health, ways_out),
        figures(facts),
    );
    let checklist = checklist::section(facts, trunk.as_ref());
    let (unanswered, changes) = (unanswered(&health.unanswered), changes(&health.changes));
    view! {
        <div class="page" data-live="parts">
            {listening}
            <div id="banners" class="stack">{banners}</div>
            {figures}
            <div id="checklist">{checklist}</div>
            <div id="unanswered">{unanswered}</div>
            <div id="changes">{changes}</div>
        </div>
    }
}

fn listening(facts: &Facts) -> impl IntoView + use<> {
    let say = &text().overview;
    let rows = facts
        .listeners
        .iter()
        .filter(|listener| listener.error.is_none())
        .map(|listener| {
            let name = listener.transport.to_string().to_uppercase();
            let packet = listener.last_packet_at.map_or_else(
                || say.no_packet.to_owned(),
                |at| (say.last_packet)(&reader().ago(at)),
            );
            view! { <li>{(say.listens_on)(&name, &listener.address)}" · "{packet}</li> }
        })
        .collect_view();
    let last = facts
        .last_call_at
        .map(|at| view! { <li>{(say.last_call)(&reader().ago(at))}</li> });
    view! { <Section id="listening" title=say.listening><ul class="stack-tight">{rows}{last}</ul></Section> }
}

fn figures(facts: &Facts) -> impl IntoView + use<> {
    let say = &text().overview;
    let counts = (say.counts)(
        &facts.answered_today.to_string(),
        &facts.refused_today.to_string(),
        &facts.failed_today.to_string(),
    );
    view! {
        <div class="figures" id="figures">
            <div><p class="figure-label">{say.now}</p><p class="figure-value"><a href="/inbox?view=live">{facts.live_calls.to_string()}</a></p></div>
            <div><p class="figure-label">{say.today}</p><p>{counts}</p></div>
        </div>
    }
}

/// Numbers that were called in the last hour and that nobody answers.
fn unanswered(numbers: &[Unanswered]) -> Option<impl IntoView + use<>> {
    let say = &text().overview;
    let rows = numbers
        .iter()
        .map(|called| {
            let number = called.number.grouped();
            let count = match called.count {
                1 => (text().calls.one_count)(""),
                many => (text().calls.many_count)(&many.to_string()),
            };
            view! {
                <li class="row">
                    <span class="digits">{number.clone()}</span>
                    <span class="muted">{count}", "<Ago ms=called.last_at/></span>
                    <LinkButton href="/channels/phone/agents" label=text().sip.assign about=number/>
                </li>
            }
        })
        .collect_view();
    (!numbers.is_empty()).then(|| view! { <Section id="nobody" title=say.nobody_answers><ul class="stack-tight">{rows}</ul></Section> })
}

fn changes(entries: &[AuditEntry]) -> Option<impl IntoView + use<>> {
    let say = &text().overview;
    let rows = entries
        .iter()
        .map(|entry| {
            let said = text().change(&entry.what, &entry.label);
            let who = entry.who.clone();
            view! { <li><Moment ms=entry.at/>" · "<span class="wrap-anywhere">{said}</span>" · "<span class="muted wrap-anywhere">{who}</span></li> }
        })
        .collect_view();
    (!entries.is_empty()).then(|| {
        view! {
            <Section id="last-changes" title=say.last_changes>
                <ul class="stack-tight">{rows}</ul>
                <p><a href="/settings/audit">{say.all_changes}</a></p>
            </Section>
        }
    })
}
