//! Settings → Webhooks: which addresses are told what happens, and the page of each with what became of
//! every event.

mod deliveries;
mod functions;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

pub use functions::*;

use crate::domain::webhook::{EventKind, Webhook};
use crate::pages::notice::Notice;
use crate::text::text;
use crate::ui::checks::CheckGroup;
use crate::ui::copy::CopyRow;
use crate::ui::feedback::{Badge, Banner, Tone, loaded};
use crate::ui::form::{Actions, Choice, ErrorSummary, Form, Look, Submit, Switch, TextField};
use crate::ui::page::{
    ByScript, Disclosure, Empty, PageHead, Question, Section, query, whole_page,
};
use crate::ui::reader::Moment;
use crate::ui::returned::FormState;
use crate::ui::secret::told;
use crate::ui::table::{Cell, Column, Lead, Row, Table};

/// `/settings/webhooks`
#[component]
pub fn WebhooksPage() -> impl IntoView {
    let say = &text().hooks;
    let all = Resource::new(|| (), |()| list_webhooks());
    view! {
        <div class="page">
            <PageHead title=say.title below=view! { <p class="muted">{say.help}</p> }.into_any()/>
            <Notice/>
            {loaded(all, |all: Vec<Webhook>| view! {
                {secret("/fn/create_webhook", say.made)}
                {list(all)}
                {create()}
            })}
            <ByScript method="POST" path="/api/webhooks" body="{\"url\": \"https://example.com/patchbay\", \"events\": [\"call.ended\"]}"/>
        </div>
    }
}

/// What its requests are signed with, told once.
fn secret(function: &str, said: &'static str) -> Option<impl IntoView + use<>> {
    let say = &text().hooks;
    let (secret, _) = told(function, "id")?;
    Some(view! {
        <div class="stack" id="told" tabindex="-1" data-focus="told">
            <Banner tone=Tone::Good><p>{said}</p></Banner>
            <div class="copy-rows"><CopyRow label=say.secret value=secret/></div>
            <p class="help">{say.secret_help}</p>
        </div>
    })
}

fn list(all: Vec<Webhook>) -> impl IntoView {
    let say = &text().hooks;
    if all.is_empty() {
        return view! { <Empty why=say.none/> }.into_any();
    }
    let columns = vec![
        Column(say.url),
        Column(say.events),
        Column(say.state),
        Column(say.made_at),
    ];
    let rows = all
        .into_iter()
        .map(|webhook| {
            let to = format!("{HOME}/{}", webhook.id);
            let settings = webhook.settings;
            let events = told_of(&settings.events);
            view! {
                <Row>
                    <Lead>
                        <a class="wrap-anywhere" href=to>{settings.url.to_string()}</a>
                        {settings.description.map(|text| view! { <p class="help wrap-anywhere">{text}</p> })}
                    </Lead>
                    <Cell head=say.events>{events}</Cell>
                    <Cell head=say.state>{state(settings.enabled)}</Cell>
                    <Cell head=say.made_at><Moment ms=webhook.created_at/></Cell>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.title columns>{rows}</Table> }.into_any()
}

fn state(enabled: bool) -> impl IntoView {
    let form = &text().form;
    let (tone, word) = if enabled {
        (Tone::Good, form.on)
    } else {
        (Tone::Neutral, form.off)
    };
    view! { <Badge tone word/> }
}

fn told_of(events: &[EventKind]) -> String {
    if events.len() == EventKind::ALL.len() {
        return text().hooks.all_events.to_owned();
    }
    let names = events.iter().map(|kind| kind.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn create() -> impl IntoView {
    let say = &text().hooks;
    let all = EventKind::ALL
        .iter()
        .map(|kind| ("events", kind.as_str().to_owned()));
    let state = FormState::of("/fn/create_webhook").or_stored(all.collect());
    let open = state.came_back();
    view! {
        <Disclosure title=say.add open>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone()>
                {fields(&state)}
                <Actions><Submit label=say.add look=Look::Primary/></Actions>
            </Form>
        </Disclosure>
    }
}

fn fields(state: &FormState) -> impl IntoView + use<> {
    let say = &text().hooks;
    let state = state.clone();
    let kinds = EventKind::ALL.iter();
    let kinds = kinds
        .map(|kind| Choice::with_help(kind.as_str(), kind.as_str(), about(*kind)))
        .collect();
    view! {
        <TextField state=state.clone() field="url" label=say.url help=say.url_help mono=true/>
        <TextField state=state.clone() field="description" label=say.description help=say.description_help optional=true/>
        <CheckGroup state field="events" label=say.events choices=kinds even_none=true/>
    }
}

fn about(kind: EventKind) -> &'static str {
    let say = &text().hooks;
    match kind {
        EventKind::CallStarted => say.call_started,
        EventKind::CallAnswered => say.call_answered,
        EventKind::CallEnded => say.call_ended,
        EventKind::CallRefused => say.call_refused,
        EventKind::TransferCompleted => say.transfer_completed,
        EventKind::TrunkHealth => say.trunk_health,
    }
}

/// `/settings/webhooks/{id}`
#[component]
pub fn WebhookPage() -> impl IntoView {
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let asked = deliveries::asked();
    let (which, state, cursor) = (id, asked.state.clone(), asked.cursor.clone());
    let seen = Resource::new(
        || (),
        move |()| {
            let (id, state, cursor) = (which.clone(), state.clone(), cursor.clone());
            async move {
                let webhook = get_webhook(id.clone()).await?;
                Ok((webhook, list_deliveries(id, state, cursor).await?))
            }
        },
    );
    whole_page(seen, move |(webhook, page)| {
        view! {
            {one(&webhook)}
            {deliveries::section(&webhook, page, &asked)}
            {secret_section(&webhook)}
            <p><a class=Look::LinkBad.class() href=format!("{HOME}/{}?confirm=delete#question", webhook.id)>{text().hooks.delete}</a></p>
            <ByScript method="PATCH" path=format!("/api/webhooks/{}", webhook.id) body="{\"enabled\": false}"/>
        }
    })
}

fn one(webhook: &Webhook) -> impl IntoView + use<> {
    let say = &text().hooks;
    let settings = &webhook.settings;
    let title = settings.url.host().to_string();
    let state_form = FormState::of("/fn/update_webhook").or_stored(stored(webhook));
    let hidden = vec![
        ("id", webhook.id.to_string()),
        ("draft[version]", webhook.version.to_string()),
    ];
    let asked = (query("confirm").as_deref() == Some("delete")).then(|| question(webhook));
    let beside = view! { {state(settings.enabled)} }.into_any();
    view! {
        <PageHead title up=(HOME.to_owned(), say.title.to_owned()) beside/>
        <Notice/>
        {secret("/fn/renew_webhook_secret", say.renewed)}
        {asked}
        <ErrorSummary state=state_form.clone()/>
        <Form state=state_form.clone() hidden>
            {fields(&state_form)}
            <Switch state=state_form field="enabled" label=say.enabled help=say.enabled_help/>
            <Actions><Submit label=text().form.save look=Look::Primary/></Actions>
        </Form>
    }
}

fn stored(webhook: &Webhook) -> Vec<(&'static str, String)> {
    let settings = &webhook.settings;
    let enabled = if settings.enabled { "on" } else { "off" };
    let events = settings.events.iter();
    let events = events.map(|kind| ("events", kind.as_str().to_owned()));
    let rest = [
        ("url", settings.url.to_string()),
        (
            "description",
            settings.description.clone().unwrap_or_default(),
        ),
        ("enabled", enabled.to_owned()),
    ];
    rest.into_iter().chain(events).collect()
}

/// Its name is the host it leads to, which has to be typed: what waits for it is lost.
fn question(webhook: &Webhook) -> impl IntoView + use<> {
    let say = &text().hooks;
    let host = webhook.settings.url.host().to_string();
    let state = FormState::of("/fn/delete_webhook");
    let label = (text().sip.type_to_confirm)(&host);
    let hidden = vec![("id", webhook.id.to_string())];
    view! {
        <Question title=(say.delete_q)(&host) consequence=say.delete_why yes=say.delete no=text().common.keep
            back=format!("{HOME}/{}", webhook.id) state=state.clone() hidden>
            <TextField state field="=typed" label width="input-medium"/>
        </Question>
    }
}

fn secret_section(webhook: &Webhook) -> impl IntoView + use<> {
    let say = &text().hooks;
    let hidden = vec![("id", webhook.id.to_string())];
    view! {
        <Section id="secret" title=say.secret help=say.renew_help>
            <Form state=FormState::of("/fn/renew_webhook_secret") hidden class="inline-form">
                <Submit label=say.renew/>
            </Form>
        </Section>
    }
}
