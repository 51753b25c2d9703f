//! Somebody saved the same page meanwhile: each field that differs, as it is now and as
//! it was typed, and one button that saves the choice. Nothing typed is lost.

use leptos::prelude::*;

use crate::error::{AppError, Conflict};
use crate::text::text;
use crate::ui::form::{Actions, Form, LinkButton, Look, Submit};
use crate::ui::icon::Icon;
use crate::ui::page::here;
use crate::ui::returned::{FormState, input_id, input_name};

/// The question, if that is why the form came back.
pub(super) fn question(state: &FormState) -> Option<AnyView> {
    let Some(AppError::Conflict(Conflict::Changed { version, fields })) = state.failure() else {
        return None;
    };
    let say = &text().form;
    let chosen: Vec<String> = fields.iter().map(|(field, _)| input_name(field)).collect();
    let rows = fields
        .iter()
        .map(|(field, now)| choice(field, now, &state.value(field)))
        .collect_view();
    // Whatever was typed besides goes along, on top of the version that is stored now.
    let rest = state
        .typed()
        .iter()
        .filter(|(name, _)| name != "draft[version]" && name != "page" && !chosen.contains(name))
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> })
        .collect_view();
    let hidden = vec![("draft[version]", version.to_string())];
    let form = FormState::default().posting_to(state.function());
    Some(
        view! {
            <section class="question conflict" id="problems" aria-labelledby="conflict-title" tabindex="-1" data-focus="problems">
                <h2 id="conflict-title">{Icon::Alert.draw()}" "{say.conflict_title}</h2>
                <p>{say.conflict_why}</p>
                <Form state=form hidden class="stack">
                    {rest}
                    {rows}
                    <Actions>
                        <Submit label=say.save_choices look=Look::Primary/>
                        <LinkButton href=here() label=say.discard/>
                    </Actions>
                </Form>
            </section>
        }
        .into_any(),
    )
}

/// One field: as it is now, or as it was typed.
fn choice(field: &str, now: &str, yours: &str) -> impl IntoView + use<> {
    let say = &text().form;
    let label = text()
        .field(field)
        .map_or_else(|| field.to_owned(), str::to_owned);
    let id = format!("choose-{}", input_id(field));
    let radio = |which: &str, word: &'static str, value: &str, checked: bool| {
        let own = format!("{id}-{which}");
        let shown = if value.is_empty() {
            say.empty.to_owned()
        } else {
            value.to_owned()
        };
        let value = value.to_owned();
        view! {
            <div class="choice">
                <input type="radio" id=own.clone() name=input_name(field) value=value checked=checked/>
                <label for=own>{word}": "<span class="wrap-anywhere">{shown}</span></label>
            </div>
        }
    };
    view! {
        <fieldset class="field">
            <legend class="label">{label}</legend>
            <div class="choices">
                {radio("now", say.now, now, false)}
                {radio("yours", say.yours, yours, true)}
            </div>
        </fieldset>
    }
}
