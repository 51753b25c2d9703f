//! Users: who they are, what they may do, and the link by which they choose a password.

use leptos::prelude::*;

use super::HOME;
use crate::domain::account::{Person, Role};
use crate::ports::Caller;
use crate::text::text;
use crate::ui::copy::CopyRow;
use crate::ui::feedback::{Badge, Banner, Tone};
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, Look, RadioGroup, Submit, TextField,
};
use crate::ui::page::{Disclosure, Question, Section, query};
use crate::ui::reader::{Ago, reader};
use crate::ui::returned::FormState;
use crate::ui::secret::told;
use crate::ui::table::{Cell, Column, Lead, Row, RowActions, Table};

pub(super) fn section(people: Vec<Person>) -> impl IntoView {
    let say = &text().people;
    let link = new_link(&people);
    let question = question(&people);
    view! {
        <Section id="users" title=say.users help=say.users_help>
            {link}
            {question}
            {table(people)}
            {add()}
        </Section>
    }
}

/// The link that was just made, told this once.
fn new_link(people: &[Person]) -> Option<impl IntoView + use<>> {
    let say = &text().people;
    let (link, person) = told("/fn/create_user", "draft[email]")
        .map(|(link, email)| (link, by_email(people, &email)))
        .or_else(|| {
            told("/fn/create_password_link", "id").map(|(link, id)| (link, by_id(people, &id)))
        })?;
    let person = person?;
    let until = reader().date_time(person.link_until.unwrap_or_default());
    let said = (say.link_made)(&person.email, &until);
    Some(view! {
        <div id="told" tabindex="-1" data-focus="told">
            <Banner tone=Tone::Good><p>{said}</p></Banner>
            <div class="copy-rows"><CopyRow label=say.link value=link/></div>
        </div>
    })
}

fn by_email<'a>(people: &'a [Person], email: &str) -> Option<&'a Person> {
    let email = email.trim().to_lowercase();
    people.iter().find(|person| person.email == email)
}

fn by_id<'a>(people: &'a [Person], id: &str) -> Option<&'a Person> {
    people.iter().find(|person| person.id.to_string() == id)
}

fn question(people: &[Person]) -> Option<AnyView> {
    let say = &text().people;
    let asked = query("confirm")?;
    let person = by_id(people, &query("user")?)?;
    let hidden = vec![("id", person.id.to_string())];
    match asked.as_str() {
        "remove-user" => Some(
            view! {
                <Question title=(say.remove_q)(&person.email) consequence=say.remove_why yes=say.remove no=say.keep
                    back=format!("{HOME}#users") state=FormState::of("/fn/delete_user") hidden/>
            }
            .into_any(),
        ),
        "change-role" => {
            let state = FormState::of("/fn/update_user")
                .or_stored(vec![("role", person.role.to_string())]);
            Some(
                view! {
                    <Question title=(say.change_role_q)(&person.email) consequence=say.change_role_why yes=say.change_role no=say.keep
                        back=format!("{HOME}#users") state=state.clone() hidden look=Look::Primary>
                        <RadioGroup state field="role#change" label=say.role choices=roles()/>
                    </Question>
                }
                .into_any(),
            )
        }
        _ => None,
    }
}

fn roles() -> Vec<Choice> {
    let say = &text().people;
    [
        (Role::Admin, say.role_admin_help),
        (Role::Operator, say.role_operator_help),
        (Role::Viewer, say.role_viewer_help),
    ]
    .map(|(role, help)| Choice::with_help(role.as_str(), text().role(role), help))
    .to_vec()
}

fn table(people: Vec<Person>) -> impl IntoView {
    let say = &text().people;
    let own = use_context::<Caller>().and_then(|caller| caller.user().ok().map(|user| user.id));
    let columns = vec![
        Column(say.email),
        Column(say.role),
        Column(say.last_here),
        Column(""),
    ];
    let rows = people
        .into_iter()
        .map(|person| row(&person, Some(person.id) == own))
        .collect_view();
    view! { <Table caption=say.users columns>{rows}</Table> }
}

fn row(person: &Person, is_own: bool) -> impl IntoView + use<> {
    let say = &text().people;
    let email = person.email.clone();
    let you = is_own.then(|| view! { " "<Badge tone=Tone::Accent word=say.you/> });
    let last = match person.last_seen_at {
        Some(at) => view! { <Ago ms=at/> }.into_any(),
        None => "–".into_any(),
    };
    let ask = |what: &str| format!("{HOME}?confirm={what}&user={}#question", person.id);
    let hidden = vec![("id", person.id.to_string())];
    let (change, remove) = (ask("change-role"), ask("remove-user"));
    let (shown, of_change, of_link) = (email.clone(), email.clone(), email.clone());
    let (waiting, role) = (waiting(person), text().role(person.role));
    view! {
        <Row>
            <Lead><span class="wrap-anywhere">{shown}</span>{you}{waiting}</Lead>
            <Cell head=say.role>{role}</Cell>
            <Cell head=say.last_here>{last}</Cell>
            <RowActions>
                <a class=Look::Link.class() href=change>{say.change_role}<span class="sr-only">" "{of_change}</span></a>
                <Form state=FormState::default().posting_to("/fn/create_password_link") hidden class="row">
                    <Submit label=say.new_link look=Look::Link about=of_link/>
                </Form>
                <a class=Look::LinkBad.class() href=remove>{text().sip.remove}<span class="sr-only">" "{email}</span></a>
            </RowActions>
        </Row>
    }
}

/// Somebody who has not chosen a password yet.
fn waiting(person: &Person) -> Option<AnyView> {
    let say = &text().people;
    if person.has_password {
        return None;
    }
    let until = person.link_until.filter(|until| *until > reader().now_ms);
    Some(match until {
        Some(until) => {
            let help = (say.invited_until)(&reader().short(until));
            view! { " "<Badge tone=Tone::Neutral word=say.invited/><p class="help">{help}</p> }
                .into_any()
        }
        None => view! { " "<Badge tone=Tone::Warn word=say.link_expired/> }.into_any(),
    })
}

fn add() -> impl IntoView {
    let say = &text().people;
    let state = FormState::of("/fn/create_user").or_stored(vec![("role", "viewer".to_owned())]);
    let open = state.came_back();
    view! {
        <Disclosure title=say.add_user open>
            <p class="help">{say.add_user_help}</p>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone()>
                <TextField state=state.clone() field="email" label=say.email kind=Kind::Email width="input-medium"/>
                <RadioGroup state field="role" label=say.role choices=roles()/>
                <Actions><Submit label=say.add_user look=Look::Primary/></Actions>
            </Form>
        </Disclosure>
    }
}
