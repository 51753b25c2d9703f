//! Plain forms, made kinder: sent once, "Saving…" after 300 ms, focus on what is wrong,
//! Ctrl+Enter sends. And the reader's time zone, remembered in a cookie.

use std::time::Duration;

use js_sys::{Intl, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Document, Element, Event, HtmlElement, HtmlFormElement, HtmlMediaElement, KeyboardEvent,
};

/// Looks after every form of the page.
pub(crate) fn attend_forms() {
    listen("submit", |event| {
        let Some(form) = target::<HtmlFormElement>(&event) else {
            return;
        };
        if form.has_attribute("data-island") || event.default_prevented() {
            return;
        }
        if form.has_attribute("data-sent") {
            event.prevent_default();
            return;
        }
        if form.method() == "post" {
            let _ = form.set_attribute("data-sent", "");
            say_busy(form);
        }
    });
    // A page shown again from the browser's memory may be sent again.
    listen_window("pageshow", |_| {
        for form in all("form[data-sent]") {
            let _ = form.remove_attribute("data-sent");
        }
        for button in all("[aria-disabled='true']") {
            let _ = button.remove_attribute("aria-disabled");
        }
    });
    listen("keydown", |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        if key.key() == "Enter" && (key.ctrl_key() || key.meta_key()) {
            let form = target::<Element>(&event).and_then(|at| at.closest("form").ok().flatten());
            if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
                let _ = form.request_submit();
            }
        }
    });
    // A choice that saves itself: the region changes the endpoint at once.
    listen("change", |event| {
        let Some(chosen) =
            target::<Element>(&event).filter(|chosen| chosen.has_attribute("data-submits"))
        else {
            return;
        };
        if let Some(form) = chosen
            .closest("form")
            .ok()
            .flatten()
            .and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
        {
            let _ = form.request_submit();
        }
    });
    listen("click", play_from_here);
    focus_what_matters();
}

/// A transcript line plays the recording from its moment, in the player of this page.
fn play_from_here(event: Event) {
    let Some(link) =
        target::<Element>(&event).and_then(|at| at.closest("[data-plays]").ok().flatten())
    else {
        return;
    };
    let seconds = link
        .get_attribute("data-plays")
        .and_then(|at| at.parse::<f64>().ok());
    let player = document()
        .get_element_by_id("recording")
        .and_then(|player| player.dyn_into::<HtmlMediaElement>().ok());
    if let (Some(seconds), Some(player)) = (seconds, player) {
        event.prevent_default();
        player.set_current_time(seconds);
        let _ = player.play();
    }
}

fn say_busy(form: HtmlFormElement) {
    set_timeout(
        move || {
            if !form.has_attribute("data-sent") {
                return;
            }
            if let Ok(Some(status)) = form.query_selector("[data-status]") {
                status.set_text_content(status.get_attribute("data-status").as_deref());
            }
            if let Ok(Some(button)) = form.query_selector("button[type='submit']") {
                let _ = button.set_attribute("aria-disabled", "true");
            }
        },
        Duration::from_millis(300),
    );
}

/// To the first field in error, or to the question the page asks.
fn focus_what_matters() {
    let page = document();
    let found = [
        "[aria-invalid='true']",
        "#question [data-safe]",
        "[data-focus]",
    ]
    .into_iter()
    .find_map(|what| page.query_selector(what).ok().flatten())
    .and_then(|found| found.dyn_into::<HtmlElement>().ok());
    if let Some(found) = found {
        let _ = found.focus();
    }
}

/// Writes the browser's time zone into the cookie `tz`; the next page speaks in it.
pub(crate) fn remember_zone() {
    let options = Intl::DateTimeFormat::default().resolved_options();
    let Some(zone) = Reflect::get(&options, &"timeZone".into())
        .ok()
        .and_then(|zone| zone.as_string())
    else {
        return;
    };
    let safe = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    if zone.chars().all(safe) {
        let cookie = format!("tz={zone}; path=/; max-age=31536000; samesite=lax");
        let _ = Reflect::set(&document(), &"cookie".into(), &cookie.into());
    }
}

pub(super) fn all(selector: &str) -> Vec<Element> {
    all_of(&document(), selector)
}

/// The same of another page.
pub(super) fn all_of(page: &Document, selector: &str) -> Vec<Element> {
    let Ok(list) = page.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|at| list.get(at)?.dyn_into().ok())
        .collect()
}

pub(super) fn target<T: JsCast>(event: &Event) -> Option<T> {
    event.target()?.dyn_into().ok()
}

pub(crate) fn listen(name: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard);
    let _ = document().add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    // Lives as long as the page.
    heard.forget();
}

pub(super) fn listen_window(name: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard);
    let _ = window().add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    heard.forget();
}
