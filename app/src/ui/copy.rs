//! Values to take away: a label, the value, and a button that copies it. Without
//! JavaScript one click selects the whole value (`user-select: all`).

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::text::text;

/// What the island says; it carries no catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CopyWords {
    copy: String,
    copied: String,
    announced: String,
    press: String,
}

impl CopyWords {
    /// In the reader's language, for the value called `label`.
    pub fn of(label: &str) -> Self {
        let text = text();
        Self {
            copy: text.common.copy.to_owned(),
            copied: text.common.copied.to_owned(),
            announced: (text.common.announce_copied)(label),
            press: text.common.press_ctrl_c.to_owned(),
        }
    }
}

/// How a copy went, as the button shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Copied {
    #[default]
    NotYet,
    Done,
    /// No clipboard here: the value is selected, the reader presses the keys.
    ByHand,
}

/// The button itself, for every island that copies.
pub(crate) fn copy_button(
    words: CopyWords,
    label: String,
    state: RwSignal<Copied>,
    on_click: impl Fn() + 'static,
) -> impl IntoView {
    let CopyWords {
        copy,
        copied,
        announced,
        press,
    } = words;
    let shown = {
        let copy = copy.clone();
        move || {
            if state.get() == Copied::Done {
                copied.clone()
            } else {
                copy.clone()
            }
        }
    };
    let said = move || match state.get() {
        Copied::NotYet => String::new(),
        Copied::Done => announced.clone(),
        Copied::ByHand => press.clone(),
    };
    view! {
        <button type="button" class="button needs-script" on:click=move |_| on_click()>{shown}<span class="sr-only">" "{label}</span></button>
        <span role="status" class=move || if state.get() == Copied::ByHand { "small muted" } else { "sr-only" }>{said}</span>
    }
}

/// A label, a value, and Copy.
#[component]
pub fn CopyRow(
    #[prop(into)] label: String,
    #[prop(into)] value: String,
    /// Said below the value.
    #[prop(optional)]
    note: Option<AnyView>,
) -> impl IntoView {
    let words = CopyWords::of(&label);
    view! {
        <div class="copy-row">
            <span class="copy-row-label">{label.clone()}</span>
            <span class="copy-row-value" data-value=label.clone()>{value.clone()}</span>
            <span class="copy-row-actions"><CopyButton value label words/></span>
            {note.map(|note| view! { <div class="copy-row-note">{note}</div> })}
        </div>
    }
}

/// Copy alone, for a value that stands elsewhere.
#[island]
pub fn CopyButton(value: String, label: String, words: CopyWords) -> impl IntoView {
    let state = RwSignal::new(Copied::NotYet);
    copy_button(words, label, state, move || {
        #[cfg(feature = "hydrate")]
        crate::ui::browser::copy_text(value.clone(), state);
        #[cfg(not(feature = "hydrate"))]
        let _ = &value;
    })
}
