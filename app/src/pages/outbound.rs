//! Settings → SIP → outbound trunks: the ways out, a new one, and the page of each.

mod form;
mod functions;
mod parts;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

pub(in crate::pages) use form::{order, orders};
pub use functions::*;
pub(crate) use parts::{cant, section, state_word};

use crate::domain::outbound::{CheckStep, OutboundView};
use crate::domain::seen::Facts;
use crate::domain::test_call::TestCall;
use crate::error::AppError;
use crate::pages::inbox::live;
use crate::pages::notice::{Done, Notice};
use crate::pages::overview::get_facts;
use crate::pages::test_call;
use crate::text::text;
use crate::ui::copy::{CopyButton, CopyWords};
use crate::ui::feedback::{StatusLine, loaded};
use crate::ui::form::{Form, LinkButton, Look, Submit};
use crate::ui::page::{ByScript, PageHead, Question, Section, query, whole_page};
use crate::ui::returned::{FormState, Returned};

const CHECK: &str = "/fn/check_outbound_trunk";

/// `/settings/sip/outbound/new`
#[component]
pub fn NewOutboundPage() -> impl IntoView {
    let say = &text().ways_out;
    let facts = Resource::new(|| (), |()| get_facts());
    view! {
        <div class="page">
            <PageHead title=say.add up=("/settings/sip#outbound".to_owned(), text().sip.title.to_owned())/>
            {loaded(facts, |facts| new(&facts))}
        </div>
    }
}

fn new(facts: &Facts) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let state = FormState::of("/fn/create_outbound_trunk").or_stored(form::defaults());
    let form = form::form(&state, Vec::new(), None, facts);
    let preview = form::invite(&state);
    view! {
        <div class="two-columns">
            <div class="stack">{form}</div>
            <div class="stack">
                {preview}
                <p>{say.questions.lines().next()}</p>
                <ul class="ask-list">{say.questions.lines().skip(1).map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
                <p class="row"><CopyButton value=say.questions.to_owned() label=say.copy_questions.to_owned() words=CopyWords::of(say.copy_questions)/></p>
            </div>
        </div>
        <ByScript method="POST" path="/api/phone/sip/outbound-trunks"
            body="{\"name\": \"Acme Frankfurt\", \"host\": \"sip.acme.example\", \"username\": \"…\", \"password\": \"…\", \"caller_number\": \"+14155550100\"}"/>
    }
}

/// Everything the page of a trunk shows.
type Seen = (
    OutboundView,
    Facts,
    Option<Vec<CheckStep>>,
    Option<TestCall>,
);

async fn look(id: String, check: bool, test: Option<String>) -> Result<Seen, AppError> {
    let view = get_outbound_trunk(id.clone()).await?;
    let steps = if check {
        Some(check_outbound_trunk(id, String::new()).await?)
    } else {
        None
    };
    let test = test_call::named(test).await?;
    Ok((view, get_facts().await?, steps, test))
}

/// Whether the page's own button asked for a check.
fn check_asked() -> bool {
    use_context::<Returned>()
        .is_some_and(|returned| returned.function == CHECK && returned.error.is_none())
}

/// `/settings/sip/outbound/{id}`
#[component]
pub fn OutboundPage() -> impl IntoView {
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let (check, test) = (check_asked(), test_call::asked_for());
    let seen = Resource::new(|| (), move |()| look(id.clone(), check, test.clone()));
    whole_page(seen, |seen| one(&seen))
}

fn one((view, facts, steps, test): &Seen) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let (trunk, id) = (&view.trunk, view.trunk.id);
    let name = trunk.settings.name.clone();
    let state = FormState::of("/fn/update_outbound_trunk").or_stored(form::stored(&trunk.settings));
    let hidden = vec![
        ("id", id.to_string()),
        ("draft[version]", trunk.version.to_string()),
    ];
    let form = form::form(&state, hidden, Some(&trunk.settings), facts);
    let preview = form::invite(&state);
    let created = query("done").is_some_and(|done| done == Done::OutboundCreated.code())
        && use_context::<Returned>().is_none();
    let moved = query("moved").map(|_| {
        let transport = trunk.settings.transport.as_str().to_uppercase();
        (say.moved)(&trunk.settings.port.to_string(), &transport)
    });
    let notice = if created {
        let said = [Some((say.created)(&name)), moved];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let check = check_button(view);
        view! {
            <StatusLine said>{check}<LinkButton href="/channels/phone/agents" label=say.assign_to_agent look=Look::Link/></StatusLine>
        }
        .into_any()
    } else {
        view! { <Notice>{moved}</Notice> }.into_any()
    };
    let steps = steps.as_ref().map(|steps| parts::checked(&name, steps));
    let asked = (query("confirm").as_deref() == Some("delete-trunk")).then(|| question(view));
    let test = test_call::by_trunk(id, test.as_ref()).into_any();
    let beside = parts::beside(&view.health).into_any();
    let actions = check_button(view).into_any();
    let facts = parts::facts(view);
    let delete = format!("{HOME}/{id}?confirm=delete-trunk#question");
    view! {
        <PageHead title=name up=("/settings/sip#outbound".to_owned(), text().sip.title.to_owned()) beside actions/>
        {notice}
        {live("calls,routing")}
        {asked}
        {steps}
        <div class="two-columns">
            <div class="stack">{form}</div>
            <div class="stack">
                {preview}
                {test}
                <Section id="facts" title=say.facts>{facts}</Section>
            </div>
        </div>
        <p><a class=Look::LinkBad.class() href=delete>{say.delete}</a></p>
        <ByScript method="PATCH" path=format!("/api/phone/sip/outbound-trunks/{id}") body="{\"max_channels\": 10}"/>
    }
}

fn check_button(view: &OutboundView) -> impl IntoView + use<> {
    let hidden = vec![("id", view.trunk.id.to_string()), ("show", "on".to_owned())];
    view! {
        <Form state=FormState::default().posting_to(CHECK) hidden class="row">
            <Submit label=text().ways_out.check/>
        </Form>
    }
}

/// Asks, unless agents use it: then it names them.
fn question(view: &OutboundView) -> AnyView {
    let say = &text().ways_out;
    let name = &view.trunk.settings.name;
    let back = format!("{HOME}/{}", view.trunk.id);
    if view.agents.is_empty() {
        let hidden = vec![("id", view.trunk.id.to_string())];
        return view! {
            <Question title=(say.delete_q)(name) consequence=say.delete_why yes=say.delete no=text().common.keep
                back state=FormState::of("/fn/delete_outbound_trunk") hidden/>
        }
        .into_any();
    }
    parts::cant(
        (say.cant_delete)(name),
        (say.in_use)(&parts::names(&view.agents), say.give_another),
        &view.agents,
        back,
    )
    .into_any()
}
