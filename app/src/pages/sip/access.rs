//! Who may call in: credentials and addresses.

use leptos::prelude::*;

use super::recipes;
use crate::domain::endpoint::TrunkView;
use crate::domain::inbound::{Access, AccessKind};
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, Look, RadioGroup, Submit, Switch, TextField,
};
use crate::ui::page::{Disclosure, Question, Section, query};
use crate::ui::reader::reader;
use crate::ui::returned::FormState;
use crate::ui::secret::SecretRow;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

pub(super) fn section(
    trunk: &TrunkView,
    accesses: Vec<Access>,
    host: &str,
) -> impl IntoView + use<> {
    let say = &text().access;
    let asked = query("access").filter(|_| query("confirm").as_deref() == Some("remove-access"));
    let enabled = accesses
        .iter()
        .filter(|access| access.settings.enabled)
        .count();
    let question = asked.and_then(|id| {
        accesses
            .iter()
            .find(|access| access.id.to_string() == id)
            .map(|access| question(access, enabled))
    });
    let referring = query("edit")
        .filter(|what| what == "refer")
        .and(query("access"));
    let referring = referring.and_then(|id| {
        accesses
            .iter()
            .find(|access| access.id.to_string() == id)
            .map(refer_form)
    });
    let (digest, network): (Vec<Access>, Vec<Access>) = accesses
        .into_iter()
        .partition(|access| access.settings.kind == AccessKind::Digest);
    let by_address = if network.is_empty() {
        ().into_any()
    } else {
        table(say.by_address, network, host).into_any()
    };
    let by_password = table(say.by_password, digest, host);
    let everyone = everyone_else(trunk);
    view! {
        <Section id="who" title=text().sip.who help=say.help>
            {question}
            {referring}
            <h3>{say.by_password}</h3>
            {by_password}
            {add_credential()}
            <h3>{say.by_address}</h3>
            <p class="help">{say.by_address_help}</p>
            {by_address}
            {add_address()}
            {everyone}
        </Section>
    }
}

/// One that was used within a day is removed only by typing its label.
fn question(access: &Access, enabled: usize) -> AnyView {
    const DAY_MS: i64 = 86_400_000;
    let say = &text().access;
    if access.settings.enabled && enabled == 1 {
        let title = (say.remove_q)(&access.settings.label);
        return view! {
            <section class="question" id="question" aria-labelledby="question-title" tabindex="-1" data-focus="question">
                <h2 id="question-title">{title}</h2>
                <p>{say.only_one}</p>
                <p><a class="button" href="/settings/sip#who" data-safe="">{text().common.keep}</a></p>
            </section>
        }
        .into_any();
    }
    let state = FormState::of("/fn/delete_access");
    let recent = access
        .last_used
        .as_ref()
        .is_some_and(|used| reader().now_ms - used.at < DAY_MS);
    let typed = recent.then(|| {
        let label = (text().sip.type_to_confirm)(&access.settings.label);
        view! { <TextField state=state.clone() field="=typed" label width="input-medium"/> }
    });
    let used = access
        .last_used
        .as_ref()
        .map(|used| (say.last_use)(&reader().ago(used.at)));
    let consequence = used.map_or_else(
        || (say.remove_why_never)(""),
        |used| (say.remove_why)(&used),
    );
    let hidden = vec![("id", access.id.to_string())];
    view! {
        <Question title=(say.remove_q)(&access.settings.label) consequence yes=say.remove no=text().common.keep
            back="/settings/sip#who" state hidden>{typed}</Question>
    }
    .into_any()
}

fn table(caption: &'static str, accesses: Vec<Access>, host: &str) -> impl IntoView + use<> {
    let say = &text().access;
    let host = host.to_owned();
    let columns = vec![
        Column(say.label),
        Column(say.details),
        Column(say.used),
        Column(""),
    ];
    let rows = accesses
        .into_iter()
        .map(|access| {
            let label = access.settings.label.clone();
            let off = (!access.settings.enabled).then(|| view! { " "<Badge tone=Tone::Neutral word=say.disabled/> });
            let used = match &access.last_used {
                Some(used) => format!("{}, {}", reader().ago(used.at), used.from),
                None => text().sip.last_used_never.to_owned(),
            };
            let details = if let Some(username) = &access.username {
                    let id = access.id.to_string();
                    let title = format!("{} {}", text().sip.password, label);
                    view! {
                        <span class="mono wrap-anywhere">{username.clone()}</span>
                        <SecretRow label=title function="/fn/reveal_inbound_password" about=("id", id)/>
                    }
                    .into_any()
            } else {
                    let networks = access.settings.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    let own = access.settings.own_endpoint_only.then(|| (say.own_name)(&own_name(&access.endpoint_name, &host)));
                    view! { <span class="mono wrap-anywhere">{networks}</span>{own.map(|own| view! { <p class="help wrap-anywhere">{own}</p> })} }.into_any()
            };
            let rotate = (access.settings.kind == AccessKind::Digest).then(|| {
                let hidden = vec![("id", access.id.to_string())];
                let about = label.clone();
                view! {
                    <Form state=FormState::of("/fn/rotate_access") hidden class="row">
                        <Submit label=say.rotate look=Look::Link about/>
                    </Form>
                }
            });
            let refer = format!("/settings/sip?edit=refer&access={}#refer", access.id);
            let takes_refer = access.settings.refer_form.as_ref().map(|_| view! { " "<Badge tone=Tone::Neutral word=say.refer_on/> });
            let remove = format!("/settings/sip?confirm=remove-access&access={}#question", access.id);
            let (about, whose) = (label.clone(), label.clone());
            view! {
                <Row>
                    <Lead>{label}{off}{takes_refer}</Lead>
                    <Cell head=say.details>{details}</Cell>
                    <Cell head=say.used>{used}</Cell>
                    <RowActions>{rotate}<a class=Look::Link.class() href=refer>{say.refer}<span class="sr-only">" "{whose}</span></a><a class=Look::LinkBad.class() href=remove>{text().sip.remove}<span class="sr-only">" "{about}</span></a></RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption columns>{rows}</Table> }
}

/// How its peer is asked to take a call elsewhere by itself.
fn refer_form(access: &Access) -> impl IntoView + use<> {
    let say = &text().access;
    let form = access.settings.refer_form.as_ref();
    let passed = access.settings.passed_headers.iter();
    let passed: Vec<_> = passed.map(ToString::to_string).collect();
    let stored = vec![
        (
            "refer_form",
            form.map(ToString::to_string).unwrap_or_default(),
        ),
        ("passed_headers", passed.join("\n")),
    ];
    let state = FormState::of("/fn/update_access").or_stored(stored);
    let hidden = vec![
        ("id", access.id.to_string()),
        ("draft[version]", access.version.to_string()),
    ];
    view! {
        <section class="question" id="refer" aria-labelledby="refer-title" tabindex="-1" data-focus="refer">
            <h3 id="refer-title">{(say.refer_of)(&access.settings.label)}</h3>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden>
                <TextField state=state.clone() field="refer_form" label=say.refer_form help=say.refer_help mono=true width="input-medium" placeholder="sip:{number}@{host}"/>
                <TextField state=state.clone() field="passed_headers" label=say.passed_headers help=say.passed_headers_help kind=Kind::Area mono=true optional=true rows=3/>
                <Actions>
                    <Submit label=text().form.save/>
                    <a class="button" href="/settings/sip#who" data-safe="">{text().form.discard}</a>
                </Actions>
            </Form>
        </section>
    }
}

/// An address has no names below it; a host has.
fn own_name(name: &str, host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        format!("{name}.…")
    } else {
        format!("{name}.{host}")
    }
}

fn add_credential() -> impl IntoView {
    let say = &text().access;
    let state = FormState::of_one("/fn/create_access", "draft[kind]", "digest");
    let open = state.came_back();
    view! {
        <Disclosure title=say.add_credential open>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden=vec![("draft[kind]", "digest".to_owned())]>
                <TextField state=state.clone() field="label" label=say.label width="input-medium"/>
                <Actions><Submit label=say.add_credential/></Actions>
            </Form>
        </Disclosure>
    }
}

fn add_address() -> impl IntoView {
    let say = &text().access;
    let carrier = query("recipe").unwrap_or_default();
    let prefilled = recipes::prefilled(&carrier);
    let asked = !prefilled.is_empty();
    let state =
        FormState::of_one("/fn/create_access", "draft[kind]", "network").or_stored(prefilled);
    let open = state.came_back() || asked;
    // The ids of this form's fields stand beside those of the one above.
    view! {
        <Disclosure title=say.add_address open>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden=vec![("draft[kind]", "network".to_owned())]>
                <TextField state=state.clone() field="label#address" label=say.label width="input-medium"/>
                <TextField state=state.clone() field="networks" label=say.networks help=say.networks_help kind=Kind::Area mono=true rows=if asked { 8 } else { 3 }/>
                <Switch state=state.clone() field="own_endpoint_only" label=say.own_endpoint help=say.own_endpoint_help on=true/>
                <Actions><Submit label=say.allow/></Actions>
            </Form>
        </Disclosure>
    }
}

fn everyone_else(trunk: &TrunkView) -> impl IntoView + use<> {
    let say = &text().sip;
    let stored = vec![(
        "other_sources",
        trunk.trunk.settings.other_sources.to_string(),
    )];
    let state = FormState::of_one("/fn/update_inbound_trunk", "part", "others").or_stored(stored);
    let choices = vec![
        Choice::new("digest", say.everyone_digest),
        Choice::new("refuse", say.everyone_refuse),
    ];
    view! {
        <Form state=state.clone() hidden=vec![("part", "others".to_owned())]>
            <RadioGroup state field="other_sources" label=say.everyone_else choices inline=true/>
            <Actions><Submit label=text().form.save/></Actions>
        </Form>
    }
}
