//! Signing in and out. A form that met the sign-in waits here and is back as it was
//! afterwards.

use leptos::prelude::*;

use crate::domain::draft::Entry;
use crate::error::AppError;
use crate::pages::asked;
use crate::ports::{Doorkeeper, SignedIn};
use crate::shell::Brand;
use crate::text::text;
use crate::ui::feedback::{Banner, Tone};
use crate::ui::form::{Actions, Form, Kind, Look, Submit, TextField};
use crate::ui::page::{PageTitle, query};
use crate::ui::returned::{FormState, Returned};

/// Begins a session.
#[server(prefix = "/fn", endpoint = "sign_in")]
pub async fn sign_in(
    #[server(default)] email: Entry,
    #[server(default)] password: Entry,
    #[server(default)] next: String,
) -> Result<SignedIn, AppError> {
    let (services, caller) = asked()?;
    let keeper = use_context::<Doorkeeper>();
    let next = own_page(&next).to_owned();
    let person = services
        .doors
        .sign_in(&email, &password, caller.address)
        .await?;
    if let Some(keeper) = keeper {
        keeper.0.begin(&person).await?;
    }
    leptos_axum::redirect(&next);
    Ok(person)
}

/// Ends this session.
#[server(prefix = "/fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), AppError> {
    if let Some(keeper) = use_context::<Doorkeeper>() {
        keeper.0.end().await?;
    }
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// A page of this console, else the Overview.
fn own_page(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n'])
        && next.is_ascii();
    if own { next } else { "/" }
}

/// `/sign-in`
#[component]
pub fn SignInPage() -> impl IntoView {
    let text = &text().door;
    let state = FormState::of("/fn/sign_in");
    let waiting = use_context::<Returned>().filter(|returned| returned.function != "/fn/sign_in");
    let next = query("next").unwrap_or_else(|| "/".to_owned());
    let mut hidden = vec![("next", next)];
    let note = waiting.map(|returned| {
        hidden.push(("waiting_function", returned.function));
        hidden.push(("waiting_body", returned.body));
        view! { <Banner tone=Tone::Accent><p>{text.form_waits}</p></Banner> }
    });
    let refused = state.came_back().then(|| {
        let said = match state.failure() {
            Some(error @ (AppError::TooMany { .. } | AppError::Internal { .. } | AppError::Unavailable(_))) => crate::text::text().failure(error),
            _ => text.wrong.to_owned(),
        };
        view! { <div id="problems" role="alert" tabindex="-1" data-focus=""><Banner tone=Tone::Bad><p>{said}</p></Banner></div> }
    });
    let fields = FormState::default();
    let email = state.value("=email");
    let shown = fields.or_stored(vec![("=email", email)]);
    view! {
        <PageTitle title=text.sign_in_title/>
        <Brand/>
        <div class="card stack">
            <h1>{text.sign_in_title}</h1>
            {note}
            {refused}
            <Form state hidden>
                <TextField state=shown.clone() field="=email" label=text.email kind=Kind::Email autocomplete="username"/>
                <TextField state=shown field="=password" label=text.password kind=Kind::Password autocomplete="current-password"/>
                <Actions><Submit label=text.sign_in look=Look::Primary/></Actions>
            </Form>
            <p class="help">{text.forgot}" "<code>"patchbay user password EMAIL"</code></p>
        </div>
    }
}
