//! The way to the first real call. A step is done when something shows that it is, and
//! what shows it stands beside it.

use std::net::IpAddr;

use leptos::prelude::*;

use crate::domain::endpoint::{Reach, TrunkView};
use crate::domain::seen::Facts;
use crate::text::text;
use crate::ui::feedback::Tone;
use crate::ui::form::{Form, LinkButton, Submit};
use crate::ui::page::Section;
use crate::ui::reader::reader;
use crate::ui::returned::FormState;
use crate::ui::steps::{Step, Steps};

/// Exists only in this installation: 555-0100 is set aside for examples.
const TEST_NUMBER: &str = "+12025550100";

/// One step: how it stands, what it is, what shows it, and what to do.
struct Item {
    tone: Tone,
    title: &'static str,
    note: String,
    action: AnyView,
}

pub(super) fn section(facts: &Facts, trunk: Option<&TrunkView>) -> Option<AnyView> {
    let say = &text().overview;
    let items = [
        create(trunk),
        number(facts, trunk),
        agent(facts),
        call(facts),
        reach(facts, trunk),
        carrier(facts),
        real_call(facts),
    ];
    let done = items.iter().filter(|item| item.tone == Tone::Good).count();
    if done == items.len() {
        return None;
    }
    let progress = (say.done_of)(&done.to_string(), &items.len().to_string());
    let steps = items.into_iter().map(step).collect_view();
    Some(
        view! {
            <Section id="set-up" title=say.set_up_list help=progress>
                <Steps label=say.set_up_list with_actions=true>{steps}</Steps>
            </Section>
        }
        .into_any(),
    )
}

fn step(item: Item) -> AnyView {
    let say = &text().overview;
    let Item {
        tone,
        title,
        note,
        action,
    } = item;
    match tone {
        Tone::Good => view! { <Step tone title word=say.done note/> }.into_any(),
        Tone::Warn => view! { <Step tone title word=say.needs_attention note action/> }.into_any(),
        _ => view! { <Step tone title word=say.to_do note action/> }.into_any(),
    }
}

/// Done with its evidence, or still to do with what it is for.
fn item(
    title: &'static str,
    evidence: Option<String>,
    help: &str,
    to: &'static str,
    label: &'static str,
) -> Item {
    Item {
        tone: if evidence.is_some() {
            Tone::Good
        } else {
            Tone::Neutral
        },
        title,
        note: evidence.unwrap_or_else(|| help.to_owned()),
        action: view! { <LinkButton href=to label about=title/> }.into_any(),
    }
}

fn create(trunk: Option<&TrunkView>) -> Item {
    let say = &text().overview;
    let endpoint = trunk.map(|trunk| format!("{}:{}", trunk.endpoint.host, trunk.endpoint.port));
    item(
        say.step_trunk,
        endpoint,
        say.step_trunk_help,
        "/settings/sip",
        say.open,
    )
}

fn number(facts: &Facts, trunk: Option<&TrunkView>) -> Item {
    let say = &text().overview;
    let some = (facts.numbers_on_trunk > 0)
        .then(|| (say.numbers_on_trunk)(&facts.numbers_on_trunk.to_string()));
    let mut step = item(
        say.step_number,
        some,
        say.step_number_help,
        "/settings/sip#numbers",
        say.open,
    );
    if trunk.is_some() {
        let hidden = vec![("draft[lines]", TEST_NUMBER.to_owned())];
        step.action = view! {
            <Form state=FormState::default().posting_to("/fn/add_numbers") hidden class="row"><Submit label=say.use_test_number/></Form>
        }
        .into_any();
    }
    step
}

fn agent(facts: &Facts) -> Item {
    let say = &text().overview;
    let answers =
        facts.agents_enabled > 0 && (facts.numbers_with_agent > 0 || facts.has_default_agent);
    let some = answers.then(|| (say.agents_on)(&facts.agents_enabled.to_string()));
    item(
        say.step_agent,
        some,
        say.step_agent_help,
        "/channels/phone/agents",
        say.open,
    )
}

fn call(facts: &Facts) -> Item {
    let say = &text().overview;
    let answered = facts
        .answered_at
        .map(|at| (say.answered_at)(&reader().date_time(at)));
    let mut step = item(
        say.step_call,
        answered,
        say.step_call_help,
        "/settings/sip#test-call",
        say.open,
    );
    if facts.numbers_on_trunk > 0 {
        step.action = view! {
            <Form state=FormState::default().posting_to("/fn/place_test_call") hidden=Vec::new() class="row"><Submit label=say.step_call/></Form>
        }
        .into_any();
    }
    step
}

/// A public address is reached; a private one is when somebody on this network did.
fn reach(facts: &Facts, trunk: Option<&TrunkView>) -> Item {
    let say = &text().overview;
    let (tone, note) = match trunk.map(|trunk| trunk.endpoint.reach) {
        Some(Reach::Internet) => (Tone::Good, say.reach_internet.to_owned()),
        Some(Reach::ThisNetwork) => match facts.outside_from.filter(is_private) {
            Some(from) => (Tone::Good, (say.reached_from)(&from.to_string())),
            None => (Tone::Warn, say.reach_network.to_owned()),
        },
        Some(Reach::ThisComputer) => (Tone::Warn, say.reach_local.to_owned()),
        None => (Tone::Neutral, say.step_reach_help.to_owned()),
    };
    let action = view! { <LinkButton href="/settings/system" label=say.fix about=say.step_reach/> };
    Item {
        tone,
        title: say.step_reach,
        note,
        action: action.into_any(),
    }
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn carrier(facts: &Facts) -> Item {
    let say = &text().overview;
    let seen = facts.signed_in_at.zip(facts.signed_in_from);
    let seen = seen.map(|(at, from)| (say.signed_in)(&from.to_string(), &reader().ago(at)));
    item(
        say.step_carrier,
        seen,
        say.step_carrier_help,
        "/settings/sip#connection",
        say.show_values,
    )
}

fn real_call(facts: &Facts) -> Item {
    let say = &text().overview;
    let seen = facts.outside_at.zip(facts.outside_from);
    let seen = seen.map(|(at, from)| (say.real_call)(&from.to_string(), &reader().date_time(at)));
    item(say.step_real, seen, say.step_real_help, "/inbox", say.open)
}
