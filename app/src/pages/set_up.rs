//! The one-time link makes the first administrator and signs them in.

use leptos::prelude::*;

use crate::domain::draft::Entry;
use crate::error::{AppError, Conflict};
use crate::pages::asked;
use crate::ports::{Doorkeeper, SignedIn};
use crate::shell::Brand;
use crate::text::text;
use crate::ui::feedback::{Banner, Tone, loaded};
use crate::ui::form::{Actions, ErrorSummary, Form, Kind, Look, Submit, TextField};
use crate::ui::page::{PageTitle, query};
use crate::ui::returned::FormState;

/// Makes the first administrator.
#[server(prefix = "/fn", endpoint = "set_up")]
pub async fn set_up(
    #[server(default)] setup_token: String,
    #[server(default)] email: Entry,
    #[server(default)] password: Entry,
) -> Result<SignedIn, AppError> {
    let (services, _) = asked()?;
    let keeper = use_context::<Doorkeeper>();
    let person = services
        .doors
        .set_up(&setup_token, &email, &password)
        .await?;
    if let Some(keeper) = keeper {
        keeper.0.begin(&person).await?;
    }
    leptos_axum::redirect("/");
    Ok(person)
}

/// Whether the first administrator is still to come.
#[server(prefix = "/fn", endpoint = "get_set_up", input = leptos::server_fn::codec::GetUrl)]
pub async fn get_set_up() -> Result<bool, AppError> {
    asked()?.0.doors.needs_set_up().await
}

/// `/setup?token=…`
#[component]
pub fn SetUpPage() -> impl IntoView {
    let needed = Resource::new(|| (), |()| get_set_up());
    view! { <Brand/><div class="card stack">{loaded(needed, |needed| if needed { fields().into_any() } else { finished().into_any() })}</div> }
}

fn fields() -> impl IntoView {
    let text = &text().door;
    let state = FormState::of("/fn/set_up");
    // The link's token is a secret: it comes from this page's own address, never back from the door.
    let token = query("token").unwrap_or_default();
    let missing = token
        .is_empty()
        .then(|| view! { <Banner tone=Tone::Warn><p>{text.link_missing}</p></Banner> });
    view! {
        <PageTitle title=text.set_up_title/>
        <h1>{text.set_up_title}</h1>
        <p class="muted">{text.set_up_why}</p>
        {missing}
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden=vec![("setup_token", token)]>
            <TextField state=state.clone() field="=email" label=text.email help=text.email_help kind=Kind::Email autocomplete="username"/>
            <TextField state field="=password" label=text.password help=text.password_help kind=Kind::Password autocomplete="new-password"/>
            <Actions><Submit label=text.create_admin look=Look::Primary/></Actions>
        </Form>
    }
}

fn finished() -> impl IntoView {
    let text = text();
    view! {
        <PageTitle title=text.door.set_up_title/>
        <h1>{text.door.set_up_title}</h1>
        <p>{text.failure(&AppError::Conflict(Conflict::SetupDone))}</p>
        <a class="button button-primary" href="/sign-in">{text.frame.sign_in}</a>
    }
}
