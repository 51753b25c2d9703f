//! Overview: is it working, what is missing, what to do next. Every claim has its evidence.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::endpoint::{Reach, TrunkView};
use crate::domain::seen::Facts;
use crate::error::AppError;
use crate::pages::asked;
use crate::pages::notice::Notice;
use crate::text::text;
use crate::ui::feedback::{Tone, loaded};
use crate::ui::form::LinkButton;
use crate::ui::page::{PageHead, Section};
use crate::ui::reader::reader;
use crate::ui::steps::{Step, Steps};

/// Listeners, counts, evidence.
#[server(prefix = "/fn", endpoint = "get_facts", input = GetUrl)]
pub async fn get_facts() -> Result<Facts, AppError> {
    let (services, caller) = asked()?;
    services.system.facts(&caller).await
}

/// `/`
#[component]
pub fn OverviewPage() -> impl IntoView {
    let seen = Resource::new(
        || (),
        |()| async move {
            Ok((
                get_facts().await?,
                crate::pages::sip::get_inbound_trunk().await?,
            ))
        },
    );
    view! {
        <div class="page">
            <PageHead title=text().overview.title/>
            <Notice/>
            {loaded(seen, |(facts, trunk): (Facts, Option<TrunkView>)| view! { {listening(&facts)} {figures(&facts)} {set_up(&facts, trunk.as_ref())} })}
        </div>
    }
}

fn listening(facts: &Facts) -> impl IntoView + use<> {
    let say = &text().overview;
    let rows = facts
        .listeners
        .iter()
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
        <div class="figures">
            <div><p class="figure-label">{say.now}</p><p class="figure-value"><a href="/inbox?view=live">{facts.live_calls.to_string()}</a></p></div>
            <div><p class="figure-label">{say.today}</p><p>{counts}</p></div>
        </div>
    }
}

fn set_up(facts: &Facts, trunk: Option<&TrunkView>) -> impl IntoView + use<> {
    let say = &text().overview;
    let reach = trunk.map(|trunk| trunk.endpoint.reach);
    let answerable =
        facts.agents_enabled > 0 && (facts.numbers_with_agent > 0 || facts.has_default_agent);
    let answered = facts
        .answered_at
        .map(|at| (say.answered_at)(&reader().date_time(at)));
    let reach_note = match reach {
        Some(Reach::ThisComputer) => say.reach_local,
        Some(Reach::ThisNetwork) => say.reach_network,
        Some(Reach::Internet) => say.reach_internet,
        None => say.step_reach_help,
    };
    let reach_tone = match reach {
        Some(Reach::Internet) => Tone::Good,
        Some(_) => Tone::Warn,
        None => Tone::Neutral,
    };
    let done = |is: bool| if is { Tone::Good } else { Tone::Neutral };
    let steps = vec![
        (
            done(trunk.is_some()),
            say.step_trunk,
            say.step_trunk_help.to_owned(),
            "/settings/sip",
        ),
        (
            done(facts.numbers_on_trunk > 0),
            say.step_number,
            if facts.numbers_on_trunk > 0 {
                (say.numbers_on_trunk)(&facts.numbers_on_trunk.to_string())
            } else {
                say.step_number_help.to_owned()
            },
            "/settings/sip#numbers",
        ),
        (
            done(answerable),
            say.step_agent,
            if answerable {
                (say.agents_on)(&facts.agents_enabled.to_string())
            } else {
                say.step_agent_help.to_owned()
            },
            "/channels/phone/agents",
        ),
        (
            reach_tone,
            say.step_reach,
            reach_note.to_owned(),
            "/settings/sip",
        ),
        (
            done(answered.is_some()),
            say.step_call,
            answered.unwrap_or_else(|| say.step_call_help.to_owned()),
            "/inbox",
        ),
    ];
    let steps = steps
        .into_iter()
        .map(|(tone, title, note, to)| {
            let word = match tone {
                Tone::Good => say.done,
                Tone::Warn => say.needs_attention,
                _ => say.to_do,
            };
            let action = (tone != Tone::Good)
                .then(|| view! { <LinkButton href=to label=say.open about=title/> }.into_any());
            match action {
                Some(action) => view! { <Step tone title word note action/> }.into_any(),
                None => view! { <Step tone title word note/> }.into_any(),
            }
        })
        .collect_view();
    view! { <Section id="set-up" title=say.set_up_list><Steps label=say.set_up_list with_actions=true>{steps}</Steps></Section> }
}
