//! The palette's list: asks the server while one types, moves with the arrows, opens with
//! Enter. A combobox with a listbox, as ARIA describes it.

use std::cell::Cell;
use std::time::Duration;

use gloo_net::http::Request;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlInputElement, KeyboardEvent};

use super::forms::{all, listen, target};
use crate::domain::search::Found;
use crate::ui::returned::encode;

const PAUSE: Duration = Duration::from_millis(120);

thread_local! {
    /// The newest question; answers to older ones are too late.
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// Looks after the palette of this page.
pub(super) fn attend() {
    listen("input", |event| {
        if let Some(input) = target::<HtmlInputElement>(&event).filter(is_ours) {
            ask(input.value());
        }
    });
    listen("focusin", |event| {
        if let Some(input) = target::<HtmlInputElement>(&event).filter(is_ours) {
            ask(input.value());
        }
    });
    listen("keydown", |event| {
        let ours = target::<HtmlInputElement>(&event).is_some_and(|input| is_ours(&input));
        let Some(key) = event.dyn_ref::<KeyboardEvent>().filter(|_| ours) else {
            return;
        };
        let done = match key.key().as_str() {
            "ArrowDown" => choose(1),
            "ArrowUp" => choose(-1),
            "Enter" => open_chosen(),
            _ => false,
        };
        if done {
            event.prevent_default();
        }
    });
    listen("click", close_outside);
}

fn is_ours(input: &HtmlInputElement) -> bool {
    input.id() == "palette-input"
}

/// A click beside the dialog falls on the dialog itself.
fn close_outside(event: Event) {
    if let Some(dialog) = target::<web_sys::HtmlDialogElement>(&event) {
        dialog.close();
    }
}

fn ask(words: String) {
    let number = ASKED.get().wrapping_add(1);
    ASKED.set(number);
    set_timeout(
        move || {
            if ASKED.get() != number {
                return;
            }
            spawn_local(async move {
                let found = fetch(&words).await.unwrap_or_default();
                if ASKED.get() == number {
                    show(&found);
                }
            });
        },
        PAUSE,
    );
}

async fn fetch(words: &str) -> Option<Vec<Found>> {
    let answer = Request::get(&format!("/fn/search?q={}", encode(words)))
        .header("Accept", "application/json")
        .send()
        .await
        .ok()?;
    answer.json().await.ok()
}

fn show(found: &[Found]) {
    let page = document();
    let Some(list) = page.get_element_by_id("palette-list") else {
        return;
    };
    list.set_inner_html("");
    for (at, one) in found.iter().enumerate() {
        let Ok(row) = page.create_element("li") else {
            return;
        };
        let selected = if at == 0 { "true" } else { "false" };
        for (name, value) in [
            ("role", "option"),
            ("id", &format!("palette-{at}")),
            ("aria-selected", selected),
        ] {
            let _ = row.set_attribute(name, value);
        }
        // Text, never markup: names come from people.
        let link = page.create_element("a").ok();
        if let Some(link) = link {
            let _ = link.set_attribute("href", &one.to);
            let _ = link.set_attribute("tabindex", "-1");
            link.set_text_content(Some(&one.label));
            let _ = row.append_child(&link);
        }
        if let Ok(kind) = page.create_element("span") {
            kind.set_class_name("muted small");
            kind.set_text_content(Some(&one.kind));
            let _ = row.append_child(&kind);
        }
        let _ = list.append_child(&row);
    }
    if let Some(status) = page.get_element_by_id("palette-status") {
        let none = status
            .get_attribute("data-none")
            .filter(|_| found.is_empty());
        status.set_text_content(Some(none.as_deref().unwrap_or_default()));
    }
    mark();
}

fn rows() -> Vec<Element> {
    all("#palette-list [role='option']")
}

fn chosen(rows: &[Element]) -> Option<usize> {
    rows.iter()
        .position(|row| row.get_attribute("aria-selected").as_deref() == Some("true"))
}

fn choose(by: isize) -> bool {
    let rows = rows();
    let Some(last) = rows.len().checked_sub(1) else {
        return false;
    };
    let next = chosen(&rows).map_or(0, |at| at.saturating_add_signed(by).min(last));
    for (at, row) in rows.iter().enumerate() {
        let _ = row.set_attribute("aria-selected", if at == next { "true" } else { "false" });
    }
    mark();
    true
}

/// Tells the field which row is meant.
fn mark() {
    let rows = rows();
    let Some(input) = document().get_element_by_id("palette-input") else {
        return;
    };
    let open = if rows.is_empty() { "false" } else { "true" };
    let _ = input.set_attribute("aria-expanded", open);
    let _ = match chosen(&rows).and_then(|at| rows.get(at)) {
        Some(row) => {
            row.scroll_into_view_with_bool(false);
            input.set_attribute("aria-activedescendant", &row.id())
        }
        None => input.remove_attribute("aria-activedescendant"),
    };
}

fn open_chosen() -> bool {
    let rows = rows();
    let link = chosen(&rows)
        .and_then(|at| rows.get(at))
        .and_then(|row| row.query_selector("a").ok().flatten());
    let to = link.and_then(|link| link.get_attribute("href"));
    to.is_some_and(|to| window().location().assign(&to).is_ok())
}
