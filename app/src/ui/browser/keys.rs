//! Keys of the whole page. Single ones do nothing in fields, and nothing at all where the
//! reader has switched them off (`<html data-shortcuts="off">`).

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::forms::{all, listen, target};
use super::palette;

thread_local! {
    /// `g` was pressed: the next key says where to.
    static GOING: Cell<bool> = const { Cell::new(false) };
}

/// Listens to the page's keys.
pub(crate) fn attend_keys() {
    listen("keydown", on_key);
    listen("click", |event| {
        let opener = target::<Element>(&event).and_then(|at| at.closest("[data-opens]").ok()?);
        if let Some(name) = opener.and_then(|opener| opener.get_attribute("data-opens"))
            && open(&name)
        {
            event.prevent_default();
        }
    });
    palette::attend();
    // From here on keys count; tests wait for it.
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-awake", "");
    }
}

fn on_key(event: Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
        return;
    };
    let name = key.key();
    if (key.ctrl_key() || key.meta_key()) && name.eq_ignore_ascii_case("k") {
        if open("palette") {
            event.prevent_default();
        }
        return;
    }
    let plain = !key.ctrl_key() && !key.meta_key() && !key.alt_key();
    if !plain || switched_off() || is_writing(&event) || a_dialog_is_open() {
        return;
    }
    let going = GOING.replace(name == "g");
    let done = match name.as_str() {
        "?" => open("shortcuts"),
        "/" => focus("main form[role='search'] input:not([type='hidden'])"),
        "j" => step(1),
        "k" => step(-1),
        key if going => go(key),
        _ => false,
    };
    if done {
        event.prevent_default();
    }
}

fn switched_off() -> bool {
    let root = document().document_element();
    root.and_then(|root| root.get_attribute("data-shortcuts"))
        .is_some_and(|set| set == "off")
}

fn is_writing(event: &Event) -> bool {
    target::<Element>(event).is_some_and(|at| {
        at.matches("input, textarea, select, [contenteditable]")
            .unwrap_or(false)
    })
}

fn a_dialog_is_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .is_ok_and(|open| open.is_some())
}

/// Opens one of the page's dialogs, if the browser has such a thing.
fn open(id: &str) -> bool {
    let dialog = document().get_element_by_id(id);
    let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) else {
        return false;
    };
    dialog.open() || dialog.show_modal().is_ok()
}

/// What is folded away unfolds first.
fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    let fold = found
        .as_ref()
        .and_then(|found| found.closest("details").ok()?);
    if let Some(fold) = fold {
        let _ = fold.set_attribute("open", "");
    }
    found
        .and_then(|found| found.dyn_into::<HtmlElement>().ok())
        .is_some_and(|found| found.focus().is_ok())
}

/// To the next or the previous row of the page's lists.
fn step(by: i32) -> bool {
    let links = all("main tbody td.lead a[href]");
    let focused = document().active_element();
    let here = focused.and_then(|at| links.iter().position(|link| *link == at));
    let last = i32::try_from(links.len()).unwrap_or(0) - 1;
    let next = match here.and_then(|here| i32::try_from(here).ok()) {
        Some(here) => (here + by).clamp(0, last),
        None => 0,
    };
    let link = usize::try_from(next).ok().and_then(|at| links.get(at));
    link.and_then(|link| link.dyn_ref::<HtmlElement>())
        .is_some_and(|link| link.focus().is_ok())
}

fn go(key: &str) -> bool {
    let to = match key {
        "o" => "/",
        "i" => "/inbox",
        "a" => "/channels/phone/agents",
        "n" => "/channels/phone/numbers",
        "d" => "/channels/phone/destinations",
        "s" => "/settings/sip",
        "t" => "/troubleshooting",
        _ => return false,
    };
    window().location().assign(to).is_ok()
}
