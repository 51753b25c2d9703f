//! Changes that are not saved yet: counted beside the button, and asked about before the
//! page is left. A field is changed when it is no longer what the server sent.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, HtmlTextAreaElement};

use super::forms::{all, listen, listen_window, target};

const FORMS: &str = "form.form[method='post']:not([data-sent])";

/// Looks after every form that edits or makes something.
pub(crate) fn attend_changes() {
    for event in ["input", "change"] {
        listen(event, |event| {
            let form = target::<Element>(&event).and_then(|at| at.closest(FORMS).ok().flatten());
            if let Some(form) = form {
                tell(&form);
            }
        });
    }
    listen_window("beforeunload", |event: Event| {
        if all(FORMS).iter().any(|form| changes(form) > 0) {
            event.prevent_default();
        }
    });
}

/// Whether a form inside holds what is not sent yet.
pub(super) fn is_unsaved(place: &Element) -> bool {
    let Ok(forms) = place.query_selector_all("form") else {
        return false;
    };
    (0..forms.length())
        .filter_map(|at| forms.get(at)?.dyn_into().ok())
        .any(|form| changes(&form) > 0)
}

fn tell(form: &Element) {
    let Ok(Some(status)) = form.query_selector("[data-unsaved]") else {
        return;
    };
    let word = |name: &str| status.get_attribute(name).unwrap_or_default();
    let said = match changes(form) {
        0 => String::new(),
        1 => word("data-unsaved"),
        many => word("data-unsaved-many").replace("{}", &many.to_string()),
    };
    if status.text_content().as_deref() != Some(said.as_str()) {
        status.set_text_content(Some(&said));
    }
}

/// A form that came back with errors holds what was typed as its own values.
fn changes(form: &Element) -> usize {
    let Ok(fields) = form.query_selector_all("input:not([type=hidden]), textarea, option") else {
        return 0;
    };
    let changed = (0..fields.length())
        .filter_map(|at| fields.get(at)?.dyn_into::<Element>().ok())
        .filter(is_changed)
        .count();
    // Choosing another radio button or option changes two of them.
    let returned = usize::from(form.has_attribute("data-returned"));
    changed + returned
}

fn is_changed(field: &Element) -> bool {
    if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
        return match input.type_().as_str() {
            // Of a group only the one that is on now counts.
            "radio" => input.checked() && !input.default_checked(),
            "checkbox" => input.checked() != input.default_checked(),
            _ => input.value() != input.default_value(),
        };
    }
    if let Some(area) = field.dyn_ref::<HtmlTextAreaElement>() {
        return area.default_value() != Ok(area.value());
    }
    let selected = Reflect::get(field, &"selected".into())
        .ok()
        .and_then(|selected| selected.as_bool())
        .unwrap_or(false);
    // An option is chosen where another, or none, was marked.
    selected && !field.has_attribute("selected") && has_marked_sibling(field)
}

/// Without a marked option the first one is what the server sent.
fn has_marked_sibling(option: &Element) -> bool {
    let Some(list) = option.parent_element() else {
        return false;
    };
    let marked = list.query_selector("option[selected]").ok().flatten();
    marked.is_some() || list.first_element_child().as_ref() != Some(option)
}
