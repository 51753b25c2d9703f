//! Several of a few, all in sight: boxes that are sent as a list. What is not checked is
//! not in the list, so none of them can look like a field that was left out.

use leptos::prelude::*;

use crate::text::text;
use crate::ui::form::Choice;
use crate::ui::icon::Icon;
use crate::ui::returned::{FormState, input_id, input_name};

/// A group of boxes for one list.
#[component]
pub fn CheckGroup(
    state: FormState,
    field: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    /// Sends that none is checked, where that is something else than not being asked.
    #[prop(optional)]
    even_none: bool,
) -> impl IntoView {
    let id = input_id(field);
    let name = format!("{}[]", input_name(field));
    let checked = state.values(field);
    let error = state.reason(field).map(|reason| text().reason(reason));
    let described = error.is_some().then(|| format!("{id}-error"));
    let boxes = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            let name = name.clone();
            let own = if at == 0 { id.clone() } else { format!("{id}-{at}") };
            let on = checked.contains(&choice.value);
            let hint_id = format!("{own}-hint");
            let hint = choice.help.map(|help| view! { <p class="help" id=hint_id.clone()>{help}</p> });
            let hinted = hint.is_some().then(|| hint_id.clone());
            view! {
                <div class="choice">
                    <input type="checkbox" id=own.clone() name=name value=choice.value checked=on aria-describedby=hinted/>
                    <label for=own>{choice.label}</label>
                    {hint}
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field" aria-describedby=described>
            <legend class="label">{label}</legend>
            {even_none.then(|| view! { <input type="hidden" name=name value=""/> })}
            <div class="choices">{boxes}</div>
            {error.map(|error| view! { <p class="error" id=format!("{id}-error")>{Icon::Alert.draw()}<span>{error}</span></p> })}
        </fieldset>
    }
}
