//! The link an administrator gave: its holder chooses a password and is signed in.

use leptos::prelude::*;

use crate::domain::draft::Entry;
use crate::error::AppError;
use crate::pages::asked;
use crate::ports::{Doorkeeper, SignedIn};
use crate::shell::Brand;
use crate::text::text;
use crate::ui::feedback::{Banner, Tone};
use crate::ui::form::{Actions, ErrorSummary, Form, Kind, Look, Submit, TextField};
use crate::ui::page::{PageTitle, query};
use crate::ui::returned::FormState;

/// Chooses a password by a link, which works once.
#[server(prefix = "/fn", endpoint = "choose_password")]
pub async fn choose_password(
    #[server(default)] link_token: String,
    #[server(default)] password: Entry,
) -> Result<SignedIn, AppError> {
    let (services, _) = asked()?;
    let keeper = use_context::<Doorkeeper>();
    let person = services
        .doors
        .choose_password(&link_token, &password)
        .await?;
    if let Some(keeper) = keeper {
        keeper.0.begin(&person).await?;
    }
    leptos_axum::redirect("/");
    Ok(person)
}

/// `/password?token=…`
#[component]
pub fn PasswordPage() -> impl IntoView {
    let say = &text().people;
    let state = FormState::of("/fn/choose_password");
    // As at set-up: the token comes from this page's own address, never back from the door.
    let token = query("token").unwrap_or_default();
    let missing = token
        .is_empty()
        .then(|| view! { <Banner tone=Tone::Warn><p>{say.link_missing}</p></Banner> });
    view! {
        <PageTitle title=say.choose_title/>
        <Brand/>
        <div class="card stack">
            <h1>{say.choose_title}</h1>
            <p class="muted">{say.choose_why}</p>
            {missing}
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden=vec![("link_token", token)]>
                <TextField state field="=password" label=text().door.password help=text().door.password_help kind=Kind::Password autocomplete="new-password"/>
                <Actions><Submit label=say.choose look=Look::Primary/></Actions>
            </Form>
        </div>
    }
}
