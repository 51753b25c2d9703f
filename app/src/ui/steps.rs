//! Ordered lists of what was checked or is to be done: the set-up list, receipts, test
//! calls. Each step has its mark, its word, a sentence and perhaps an action.

use leptos::prelude::*;

use crate::ui::feedback::{Badge, Tone};
use crate::ui::icon::Icon;

/// The list around the steps.
#[component]
pub fn Steps(
    #[prop(into)] label: String,
    #[prop(optional)] with_actions: bool,
    children: Children,
) -> impl IntoView {
    let class = if with_actions {
        "steps steps-with-actions"
    } else {
        "steps"
    };
    view! { <ol class=class role="list" aria-label=label>{children()}</ol> }
}

/// One step.
#[component]
pub fn Step(
    tone: Tone,
    #[prop(into)] title: String,
    /// Its state in a word.
    #[prop(into)]
    word: String,
    /// What was seen, or what it is for.
    #[prop(optional, into)]
    note: Option<String>,
    /// What nearly was.
    #[prop(optional)]
    near_miss: Option<AnyView>,
    #[prop(optional)] action: Option<AnyView>,
) -> impl IntoView {
    let (class, icon) = match tone {
        Tone::Good => ("step-good", Icon::Check),
        Tone::Warn => ("step-warn", Icon::Alert),
        Tone::Bad => ("step-bad", Icon::Cross),
        Tone::Accent | Tone::Neutral => ("", Icon::Dash),
    };
    view! {
        <li class=class>
            <span class="step-mark">{icon.draw()}</span>
            <div class="step-body">
                <span class="step-title">{title}<Badge tone word/></span>
                {note.map(|note| view! { <p class="step-note">{note}</p> })}
                {near_miss.map(|near| view! { <div class="near-miss">{near}</div> })}
            </div>
            {action.map(|action| view! { <div class="step-action">{action}</div> })}
        </li>
    }
}
