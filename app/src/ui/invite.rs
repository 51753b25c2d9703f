//! The INVITE a trunk's form will send, while it is typed. Without JavaScript it is that of the page's making,
//! and a button looks again.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::outbound::Preview;

/// The words of the preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InviteWords {
    /// "Enter host and caller ID."
    pub why: String,
    /// "to {} over {}"
    pub over: String,
}

impl InviteWords {
    /// The lines as they are shown.
    pub fn shown(&self, preview: &Preview) -> String {
        let over = self.over.replacen("{}", &preview.target, 1);
        let over = over.replacen("{}", &preview.transport, 1);
        format!("{}\n{over}", preview.lines)
    }
}

/// Follows the form that posts to `function`.
#[island]
pub fn InvitePreview(
    /// Of what the page was made with; empty if there is nothing to show yet.
    initial: String,
    function: String,
    words: InviteWords,
) -> impl IntoView {
    let shown = RwSignal::new(initial);
    let why = words.why.clone();
    Effect::new(move |_| {
        #[cfg(feature = "hydrate")]
        follow(&function, words.clone(), shown);
        #[cfg(not(feature = "hydrate"))]
        let _ = (&function, &words);
    });
    let nothing = move || shown.get().is_empty();
    view! {
        <pre class="preview" tabindex="0" hidden=nothing>{move || shown.get()}</pre>
        <p class="muted" hidden=move || !nothing()>{why}</p>
    }
}

/// Each key that is pressed in it shows at once; the button that looks again has nothing left to do.
#[cfg(feature = "hydrate")]
fn follow(function: &str, words: InviteWords, shown: RwSignal<String>) {
    use crate::domain::outbound::preview;
    use crate::ui::browser::listen;
    use crate::ui::returned::input_name;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, FormData, HtmlElement, HtmlFormElement};

    let whose = format!("form.form[action='{function}']");
    if let Ok(Some(button)) = document().query_selector(&format!("{whose} [name='preview']"))
        && let Ok(button) = button.dyn_into::<HtmlElement>()
    {
        button.set_hidden(true);
    }
    for event in ["input", "change"] {
        let (whose, words) = (whose.clone(), words.clone());
        listen(event, move |event| {
            let at = event.target().and_then(|at| at.dyn_into::<Element>().ok());
            let form = at.and_then(|at| at.closest(&whose).ok().flatten());
            let form = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
            let Some(data) = form.and_then(|form| FormData::new_with_form(&form).ok()) else {
                return;
            };
            let field = |name: &str| data.get(&input_name(name)).as_string().unwrap_or_default();
            shown.set(preview(field).map_or(String::new(), |preview| words.shown(&preview)));
        });
    }
}
