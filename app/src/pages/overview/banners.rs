//! What is wrong, worst first, each with its cause and one thing to do. At most three.

use leptos::prelude::*;

use crate::domain::health::{Health, Refusals};
use crate::domain::outbound::{HealthState, OutboundView};
use crate::domain::seen::Facts;
use crate::domain::system::{Disk, Room};
use crate::pages::troubleshooting::row_for;
use crate::text::text;
use crate::ui::feedback::{Banner, Tone};
use crate::ui::form::{Form, LinkButton, Submit};
use crate::ui::reader::reader;
use crate::ui::returned::FormState;

/// More would hide the worst.
const MOST: usize = 3;

pub(super) fn all(facts: &Facts, health: &Health, ways_out: &[OutboundView]) -> AnyView {
    let say = &text().overview;
    let mut found: Vec<AnyView> = Vec::new();
    found.extend(facts.listeners.iter().filter_map(|listener| {
        let error = listener.error.as_ref()?;
        let transport = listener.transport.to_string().to_uppercase();
        Some(silent((say.cannot_listen)(
            &listener.address,
            &transport,
            error,
        )))
    }));
    found.extend(health.disk.and_then(full));
    found.extend(
        health
            .refusals
            .iter()
            .filter(|refused| refused.is_a_streak())
            .map(streak),
    );
    found.extend(health.blocked.iter().map(|source| {
        let address = source.address.to_string();
        let said = (say.blocked_source)(&address);
        let hidden = vec![("address", address)];
        view! {
            <Banner tone=Tone::Bad>
                <p>{said}</p>
                <Form state=FormState::default().posting_to("/fn/unblock_source") hidden class="row"><Submit label=text().sip.unblock/></Form>
            </Banner>
        }
        .into_any()
    }));
    found.extend(ways_out.iter().filter_map(down));
    if health.heard.is_one_way() {
        let said = (say.not_heard)(
            &health.heard.silent.to_string(),
            &health.heard.calls.to_string(),
        );
        found.push(with_link(
            Tone::Warn,
            said,
            "/troubleshooting#guide-no-audio",
        ));
    }
    if facts.public_url.starts_with("http:") && !is_local(&facts.public_url) {
        let said = text().system.not_encrypted.to_owned();
        found.push(with_link(Tone::Warn, said, "/settings/system#console"));
    }
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let more = (more > 0).then(|| view! { <p class="muted">{(say.and_more)(&more.to_string())}" "<a href="/troubleshooting">{text().frame.help}</a></p> });
    view! { {found} {more} }.into_any()
}

fn is_local(url: &str) -> bool {
    ["://127.0.0.1", "://localhost", "://[::1]"]
        .iter()
        .any(|host| url.contains(host))
}

fn silent(said: String) -> AnyView {
    with_link(Tone::Bad, said, "/settings/system")
}

fn with_link(tone: Tone, said: String, to: &'static str) -> AnyView {
    let label = text().overview.what_to_do;
    view! { <Banner tone><p>{said}</p><LinkButton href=to label/></Banner> }.into_any()
}

fn full(disk: Disk) -> Option<AnyView> {
    let say = &text().overview;
    let (tone, said) = match disk.room() {
        Room::Gone => (Tone::Bad, say.disk_full.to_owned()),
        Room::Low => (
            Tone::Warn,
            (say.disk_low)(&(disk.free / 1_000_000).to_string()),
        ),
        Room::Enough => return None,
    };
    Some(with_link(tone, said, "/settings/system#storage"))
}

/// A way out that can't be used.
fn down(view: &OutboundView) -> Option<AnyView> {
    let health = &view.health;
    let (HealthState::Down, Some(trouble), Some(since)) =
        (health.state, &health.trouble, health.since)
    else {
        return None;
    };
    let name = &view.trunk.settings.name;
    let since = reader().short(since);
    let said = (text().overview.trunk_down)(name, &since, &text().trouble(trouble));
    let to = format!("/settings/sip/outbound/{}", view.trunk.id);
    let label = (text().ways_out.open)(name);
    Some(
        view! {
            <Banner tone=Tone::Bad><p class="wrap-anywhere">{said}</p><LinkButton href=to label/></Banner>
        }
        .into_any(),
    )
}

/// Many refusals alike, and the change shortly before the first.
fn streak(refused: &Refusals) -> AnyView {
    let say = &text().overview;
    let reason = text().refusal(refused.reason);
    let since = reader().short(refused.first_at);
    let said = (say.streak)(&refused.count.to_string(), &since, reason);
    let change = refused.change.as_ref().map(|entry| {
        let what = text().change(&entry.what, &entry.label);
        let said = (say.changed_before)(&reader().short(entry.at), &entry.who, &what);
        view! { <p class="wrap-anywhere">{said}</p> }
    });
    let calls = if refused.reason.peer_is_known() {
        "/inbox?view=refused"
    } else {
        "/inbox?view=strangers"
    };
    let guide = format!("/troubleshooting#guide-{}", row_for(refused.reason));
    view! {
        <Banner tone=Tone::Bad>
            <p>{said}</p>
            {change}
            <div class="row">
                <LinkButton href=calls label=say.show_calls/>
                <LinkButton href=guide label=say.what_to_do/>
            </div>
        </Banner>
    }
    .into_any()
}
