//! One's own account: password, time zone, theme, signing out everywhere.

use leptos::prelude::*;

use crate::domain::draft::Entry;
use crate::error::{AppError, Reason};
use crate::pages::asked;
use crate::pages::notice::{Done, Notice, done_at};
use crate::ports::{Caller, Doorkeeper, SignedIn};
use crate::text::{Language, text};
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, Look, RadioGroup, Select, Submit, Switch, TextField,
};
use crate::ui::page::{PageHead, Section};
use crate::ui::reader::{Theme, reader};
use crate::ui::returned::FormState;

/// A new password; ends every other session.
#[server(prefix = "/fn", endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] old_password: Entry,
    #[server(default)] new_password: Entry,
) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    let keeper = use_context::<Doorkeeper>();
    services
        .doors
        .change_password(&caller, &old_password, &new_password)
        .await?;
    if let Some(keeper) = keeper {
        keeper.0.renew(caller.user()?).await?;
    }
    leptos_axum::redirect(&done_at("/account", Done::PasswordChanged, None));
    Ok(())
}

/// Zone, language, theme.
#[server(prefix = "/fn", endpoint = "change_preferences")]
pub async fn change_preferences(
    #[server(default)] zone: Entry,
    #[server(default)] language: Entry,
    #[server(default)] theme: Entry,
    #[server(default)] shortcuts: Entry,
) -> Result<SignedIn, AppError> {
    let (services, caller) = asked()?;
    caller.user()?;
    let shortcuts = match shortcuts.shown() {
        "" => None,
        chosen @ ("on" | "off") => Some(chosen.to_owned()),
        other => {
            let why = Reason::not_a_choice(other, ["on", "off"]);
            return Err(AppError::field("shortcuts", why));
        }
    };
    let response = use_context::<leptos_axum::ResponseOptions>();
    let person = services
        .doors
        .change_preferences(&caller, &zone, &language, &theme)
        .await?;
    let theme = Theme::read(person.theme.as_deref().unwrap_or_default());
    // What belongs to the browser rather than to the person.
    let kept = [
        Some(("theme", theme.as_str().to_owned())),
        shortcuts.map(|on| ("shortcuts", on)),
    ];
    for (name, value) in kept.into_iter().flatten() {
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let (Some(response), Ok(cookie)) = (&response, http::HeaderValue::from_str(&cookie)) {
            response.append_header(http::header::SET_COOKIE, cookie);
        }
    }
    leptos_axum::redirect(&done_at("/account", Done::PreferencesSaved, None));
    Ok(person)
}

/// Says that somebody is still there: the session goes on. Answers for how many more milliseconds.
#[server(prefix = "/fn", endpoint = "stay_signed_in")]
pub async fn stay_signed_in() -> Result<i64, AppError> {
    let (_, caller) = asked()?;
    caller.user()?;
    let keeper = use_context::<Doorkeeper>().ok_or(AppError::Unauthenticated)?;
    keeper.0.left_ms().await
}

/// Ends every session of the account, this one too.
#[server(prefix = "/fn", endpoint = "sign_out_everywhere")]
pub async fn sign_out_everywhere() -> Result<(), AppError> {
    let (services, caller) = asked()?;
    let keeper = use_context::<Doorkeeper>();
    services.doors.sign_out_everywhere(&caller).await?;
    if let Some(keeper) = keeper {
        keeper.0.end().await?;
    }
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// `/account`
#[component]
pub fn AccountPage() -> impl IntoView {
    let text = &text().account;
    let person = use_context::<Caller>().and_then(|caller| caller.user().ok().cloned());
    let email = person
        .as_ref()
        .map(|person| person.email.clone())
        .unwrap_or_default();
    view! {
        <div class="page">
            <PageHead title=text.title below=view! { <p class="muted">{email}</p> }.into_any() actions=sign_out_button().into_any()/>
            <Notice/>
            <Section id="preferences" title=text.preferences>{preferences(person)}</Section>
            <Section id="password" title=text.password help=text.password_help>{password()}</Section>
            <Section id="sessions" title=text.sessions help=text.sessions_help>
                <Form state=FormState::of("/fn/sign_out_everywhere") class="row">
                    <Submit label=text.sign_out_everywhere look=Look::Danger/>
                </Form>
            </Section>
        </div>
    }
}

fn sign_out_button() -> impl IntoView {
    view! { <Form state=FormState::of("/fn/sign_out") class="row"><Submit label=text().account.sign_out/></Form> }
}

fn preferences(person: Option<SignedIn>) -> impl IntoView {
    let keys = &text().keys;
    let text = &text().account;
    let reader = reader();
    let mut languages = vec![Choice::new("", text.language_browser)];
    let own_names = Language::ALL.map(|(language, name)| Choice::new(language.code(), name));
    languages.extend(own_names);
    let language = person.as_ref().and_then(|person| person.language.clone());
    let stored = vec![
        ("=language", language.unwrap_or_default()),
        ("=theme", reader.theme.as_str().to_owned()),
        (
            "=shortcuts",
            if reader.shortcuts_off { "off" } else { "on" }.to_owned(),
        ),
        (
            "=zone",
            person.and_then(|person| person.zone).unwrap_or_default(),
        ),
    ];
    let state = FormState::of("/fn/change_preferences").or_stored(stored);
    let themes = [text.theme_system, text.theme_light, text.theme_dark];
    let choices = Theme::ALL
        .into_iter()
        .zip(themes)
        .map(|(theme, name)| Choice::new(theme.as_str(), name))
        .collect();
    let zone = reader.zone.clone().unwrap_or_else(|| "UTC".to_owned());
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone()>
            <RadioGroup state=state.clone() field="=theme" label=text.theme choices inline=true/>
            <Select state=state.clone() field="=language" label=text.language choices=languages/>
            <TextField state=state.clone() field="=zone" label=text.zone help=(text.zone_help)(&zone) optional=true mono=true width="input-medium" placeholder=zone/>
            <Switch state=state.clone() field="=shortcuts" label=keys.shortcuts help=keys.shortcuts_help on=true/>
            <Actions><Submit label=crate::text::text().form.save look=Look::Primary/></Actions>
        </Form>
    }
}

fn password() -> impl IntoView {
    let text = &text().account;
    let state = FormState::of("/fn/change_password");
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone()>
            <TextField state=state.clone() field="=old_password" label=text.old_password kind=Kind::Password width="input-medium" autocomplete="current-password"/>
            <TextField state=state.clone() field="=new_password" label=text.new_password help=crate::text::text().door.password_help kind=Kind::Password width="input-medium" autocomplete="new-password"/>
            <Actions><Submit label=text.change_password/></Actions>
        </Form>
    }
}
