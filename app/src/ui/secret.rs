//! A password that can be shown and copied. It is never in the page: it is fetched when
//! asked for, and without JavaScript the form posts and the page comes back with it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::text::text;
use crate::ui::copy::{Copied, CopyWords, copy_button};
use crate::ui::page::here;
use crate::ui::returned::{encode, pairs};

/// The door puts this into the context of the page after a plain "Reveal".
#[derive(Clone, Debug, PartialEq)]
pub struct Revealed {
    /// Which server function revealed it.
    pub function: String,
    /// What it was asked, form-encoded.
    pub body: String,
    /// The value.
    pub value: String,
}

/// What the form just sent made and tells once, with the value of one field that was sent.
pub fn told(function: &str, field: &str) -> Option<(String, String)> {
    let revealed = use_context::<Revealed>().filter(|told| told.function == function)?;
    let sent = pairs(&revealed.body)
        .into_iter()
        .find(|(name, _)| name == field)
        .map(|(_, value)| value);
    Some((revealed.value, sent.unwrap_or_default()))
}

/// The words of a secret row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretWords {
    reveal: String,
    hide: String,
    shown: String,
    failed: String,
    copy: CopyWords,
}

/// A hidden value with Reveal and Copy.
#[component]
pub fn SecretRow(
    #[prop(into)] label: String,
    /// The server function that gives it away, such as `/fn/reveal_inbound_password`.
    function: &'static str,
    /// Its one argument: name and value.
    about: (&'static str, String),
) -> impl IntoView {
    let text = text();
    let revealed = use_context::<Revealed>()
        .filter(|revealed| {
            revealed.function == function
                && pairs(&revealed.body)
                    .iter()
                    .any(|(name, value)| name == about.0 && *value == about.1)
        })
        .map(|revealed| revealed.value);
    let words = SecretWords {
        reveal: (text.common.reveal)(&label),
        hide: (text.common.hide)(&label),
        shown: (text.common.revealed)(&label),
        failed: text.common.reveal_failed.to_owned(),
        copy: CopyWords::of(&label),
    };
    let page = here();
    match revealed {
        // Asked for without JavaScript: shown once, gone with the next page.
        Some(value) => view! {
            <div class="copy-row">
                <span class="copy-row-label">{label}</span>
                <span class="copy-row-value">{value}</span>
                <span class="copy-row-actions"><a class="button" href=page>{words.hide}</a></span>
            </div>
        }
        .into_any(),
        None => view! { <SecretFields label function=function.to_owned() name=about.0.to_owned() value=about.1 page words/> }.into_any(),
    }
}

/// The reacting half of [`SecretRow`].
#[island]
fn SecretFields(
    label: String,
    function: String,
    name: String,
    value: String,
    page: String,
    words: SecretWords,
) -> impl IntoView {
    let secret = RwSignal::new(None::<String>);
    let failed = RwSignal::new(false);
    let copied = RwSignal::new(Copied::NotYet);
    let asked = format!("{name}={}", encode(&value));
    let on_submit = {
        let (function, asked) = (function.clone(), asked.clone());
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            if secret.get_untracked().is_some() {
                secret.set(None);
                return;
            }
            failed.set(false);
            #[cfg(feature = "hydrate")]
            crate::ui::browser::fetch_secret(function.clone(), asked.clone(), secret, failed);
            #[cfg(not(feature = "hydrate"))]
            let _ = (&function, &asked);
        }
    };
    let on_copy = {
        let function = function.clone();
        move || {
            #[cfg(feature = "hydrate")]
            crate::ui::browser::copy_secret(
                function.clone(),
                asked.clone(),
                "{}".to_owned(),
                secret,
                failed,
                copied,
            );
            #[cfg(not(feature = "hydrate"))]
            let _ = (&function, &asked);
        }
    };
    let SecretWords {
        reveal,
        hide,
        shown,
        failed: failed_words,
        copy,
    } = words;
    let button = move || {
        if secret.get().is_some() {
            hide.clone()
        } else {
            reveal.clone()
        }
    };
    let said = move || match (failed.get(), secret.get().is_some()) {
        (true, _) => failed_words.clone(),
        (false, true) => shown.clone(),
        (false, false) => String::new(),
    };
    view! {
        <div class="copy-row">
            <span class="copy-row-label">{label.clone()}</span>
            <span class="copy-row-value" class:copy-row-dots=move || secret.get().is_none() data-secret=label.clone()>
                {move || secret.get().unwrap_or_else(|| "••••••••••••••••".to_owned())}
            </span>
            <span class="copy-row-actions">
                <form method="post" action=function on:submit=on_submit data-island="">
                    <input type="hidden" name="page" value=page/>
                    <input type="hidden" name=name value=value/>
                    <button type="submit" class="button">{button}</button>
                </form>
                {copy_button(copy, label, copied, on_copy)}
            </span>
            <span role="status" class=move || if failed.get() { "copy-row-note" } else { "sr-only" }>{said}</span>
        </div>
    }
}

/// Copies a text with a secret in it, which stands in neither the page nor its memory.
#[island]
pub fn CopyWithSecret(
    label: String,
    /// Holds `{}` where the secret goes.
    whole: String,
    /// The server function that gives it away.
    function: String,
    /// What it is asked, form-encoded.
    asked: String,
    words: CopyWords,
) -> impl IntoView {
    let secret = RwSignal::new(None::<String>);
    let failed = RwSignal::new(false);
    let copied = RwSignal::new(Copied::NotYet);
    copy_button(words, label, copied, move || {
        #[cfg(feature = "hydrate")]
        crate::ui::browser::copy_secret(
            function.clone(),
            asked.clone(),
            whole.clone(),
            secret,
            failed,
            copied,
        );
        #[cfg(not(feature = "hydrate"))]
        let _ = (&function, &asked, &whole, secret, failed);
    })
}
