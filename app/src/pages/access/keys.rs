//! Keys for scripts: made with scopes, told once, revoked after a question.

use leptos::prelude::*;

use super::HOME;
use crate::domain::account::ApiKey;
use crate::error::Scope;
use crate::text::text;
use crate::ui::checks::CheckGroup;
use crate::ui::copy::CopyRow;
use crate::ui::feedback::{Banner, Tone};
use crate::ui::form::{Actions, Choice, ErrorSummary, Form, Look, Submit, TextField};
use crate::ui::page::{Disclosure, Empty, Question, Section, query};
use crate::ui::reader::{Ago, Moment, reader};
use crate::ui::returned::FormState;
use crate::ui::secret::told;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

pub(super) fn section(keys: Vec<ApiKey>) -> impl IntoView {
    let say = &text().people;
    let none = keys.is_empty();
    let question = question(&keys);
    let list = if none {
        view! { <Empty why=say.no_keys/> }.into_any()
    } else {
        table(keys).into_any()
    };
    view! {
        <Section id="keys" title=say.keys help=say.keys_help>
            {new_key()}
            {question}
            {list}
            {create()}
        </Section>
    }
}

/// The key that was just made, with a call that proves it.
fn new_key() -> Option<impl IntoView> {
    let say = &text().people;
    let (key, scope) = told("/fn/create_key", "draft[scopes][]")?;
    let path = match scope.split_once(':') {
        Some(("phone", _)) => "/api/phone",
        Some(("calls", _)) => "/api/phone/calls",
        _ => "/api/phone/sip/regions",
    };
    let curl = format!(
        "curl {}{path} \\\n  -H \"Authorization: Bearer {key}\"",
        reader().base_url
    );
    Some(view! {
        <div class="stack" id="told" tabindex="-1" data-focus="told">
            <Banner tone=Tone::Good><p>{say.key_made}</p></Banner>
            <div class="copy-rows"><CopyRow label=say.key value=key/></div>
            <p>{say.first_call}</p>
            <pre tabindex="0">{curl}</pre>
        </div>
    })
}

fn question(keys: &[ApiKey]) -> Option<impl IntoView + use<>> {
    let say = &text().people;
    query("confirm").filter(|asked| asked == "revoke-key")?;
    let id = query("key")?;
    let key = keys.iter().find(|key| key.id.to_string() == id)?;
    let consequence = match key.last_used_at {
        Some(at) => (say.revoke_why)(&reader().ago(at)),
        None => (say.revoke_why_never)(""),
    };
    Some(view! {
        <Question title=(say.revoke_q)(&key.name) consequence yes=say.revoke no=say.keep
            back=format!("{HOME}#keys") state=FormState::of("/fn/revoke_key") hidden=vec![("id", id)]/>
    })
}

fn table(keys: Vec<ApiKey>) -> impl IntoView {
    let say = &text().people;
    let columns = vec![
        Column(say.key_name),
        Column(say.scopes),
        Column(say.made),
        Column(say.last_used),
        Column(""),
    ];
    let rows = keys
        .into_iter()
        .map(|key| {
            let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
            let used = match key.last_used_at {
                Some(at) => view! { <Ago ms=at/> }.into_any(),
                None => text().common.never.into_any(),
            };
            let ask = format!("{HOME}?confirm=revoke-key&key={}#question", key.id);
            let about = key.name.clone();
            view! {
                <Row>
                    <Lead><span class="wrap-anywhere">{key.name}</span><p class="help mono">{key.prefix}"…"</p></Lead>
                    <Cell head=say.scopes><span class="mono">{scopes}</span></Cell>
                    <Cell head=say.made><Moment ms=key.created_at/></Cell>
                    <Cell head=say.last_used>{used}</Cell>
                    <RowActions><a class=Look::LinkBad.class() href=ask>{say.revoke}<span class="sr-only">" "{about}</span></a></RowActions>
                </Row>
            }
        })
        .collect_view();
    view! { <Table caption=say.keys columns>{rows}</Table> }
}

fn create() -> impl IntoView {
    let say = &text().people;
    let state = FormState::of("/fn/create_key");
    let open = state.came_back();
    let choices = Scope::ALL
        .map(|scope| Choice::with_help(scope.as_str(), scope.as_str(), text().scope(scope)))
        .to_vec();
    view! {
        <Disclosure title=say.create_key open>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone()>
                <TextField state=state.clone() field="name" label=say.key_name help=say.key_name_help width="input-medium"/>
                <CheckGroup state field="scopes" label=say.scopes choices/>
                <Actions><Submit label=say.create_key look=Look::Primary/></Actions>
            </Form>
        </Disclosure>
    }
}
