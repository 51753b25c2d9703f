//! Places of a page that follow events: fetch the page again, change what both have where it
//! stands, count the rows that are new. One stream per tab, closed while the tab is hidden.

use std::cell::RefCell;
use std::time::Duration;

use gloo_net::http::Request;
use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, DomParser, Element, Event, EventSource, SupportedType};

use super::Liveness;
use super::forms::{all, all_of};
use super::unsaved::is_unsaved;

/// What is kept current: whatever says so of itself, and each named child of what says so of
/// its parts. A list is such a thing with a name of its own.
const PLACES: &str = "[data-live=whole], [data-live=parts] > [id]";
const LISTS: &str = "[data-live=parts][id]";

thread_local! {
    /// The page as it was last fetched, for "Show".
    static LATEST: RefCell<Option<Document>> = const { RefCell::new(None) };
    static STREAM: RefCell<Option<EventSource>> = const { RefCell::new(None) };
    static WAITING: RefCell<bool> = const { RefCell::new(false) };
}

/// Opens the stream and keeps the places current until the page goes.
pub(crate) fn follow(topics: &str, page: String, state: RwSignal<Liveness>, fresh: RwSignal<u32>) {
    let address = format!("/events?topics={topics}");
    let open = move || open(&address, &page, state, fresh);
    open();
    let on_visibility = Closure::<dyn Fn(Event)>::new(move |_| {
        if hidden() {
            STREAM.with_borrow_mut(|stream| stream.take().inspect(EventSource::close));
            state.set(Liveness::NotYet);
        } else {
            open();
        }
    });
    let _ = document().add_event_listener_with_callback(
        "visibilitychange",
        on_visibility.as_ref().unchecked_ref(),
    );
    on_visibility.forget();
}

fn hidden() -> bool {
    Reflect::get(&document(), &"hidden".into())
        .ok()
        .and_then(|hidden| hidden.as_bool())
        .unwrap_or(false)
}

fn open(address: &str, page: &str, state: RwSignal<Liveness>, fresh: RwSignal<u32>) {
    let Ok(stream) = EventSource::new(address) else {
        return;
    };
    {
        // Something may have happened since the page was made, or while the stream was down.
        let page = page.to_owned();
        listen(&stream, "open", move |_| {
            state.set(Liveness::Live);
            renew_soon(&page, fresh);
        });
    }
    // The browser tries again by itself, unless it was told to stop.
    listen(&stream, "error", move |_| state.set(Liveness::Stopped));
    for name in ["changed", "reset", "message"] {
        let page = page.to_owned();
        listen(&stream, name, move |_| renew_soon(&page, fresh));
    }
    STREAM.with_borrow_mut(|held| held.replace(stream).inspect(EventSource::close));
}

fn listen(stream: &EventSource, name: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard);
    let _ = stream.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    heard.forget();
}

/// Many events, one fetch.
fn renew_soon(page: &str, fresh: RwSignal<u32>) {
    if WAITING.replace(true) {
        return;
    }
    let page = page.to_owned();
    set_timeout(
        move || {
            WAITING.replace(false);
            spawn_local(async move {
                if let Some(latest) = fetch(&page).await {
                    fresh.set(held_still(|| renew(&latest)));
                    LATEST.replace(Some(latest));
                }
            });
        },
        Duration::from_millis(250),
    );
}

async fn fetch(page: &str) -> Option<Document> {
    let response = Request::get(page)
        .header("Accept", "text/html")
        .send()
        .await
        .ok()?;
    let html = response.text().await.ok()?;
    DomParser::new()
        .ok()?
        .parse_from_string(&html, SupportedType::TextHtml)
        .ok()
}

/// Changes the places both have, and counts the rows that only the latest has.
fn renew(latest: &Document) -> u32 {
    let places = all_of(latest, PLACES);
    let new = places.iter().filter(|coming| is_new_row(coming)).count();
    u32::try_from(new).unwrap_or(u32::MAX)
}

/// Puts what is coming in its place. What has none is a row to be shown, if it is of a list.
fn is_new_row(coming: &Element) -> bool {
    if let Some(standing) = twin(coming) {
        replace(&standing, coming);
        return false;
    }
    let list = coming.closest(LISTS).ok().flatten();
    let Some((standing, list)) = list.and_then(|list| Some((twin(&list)?, list))) else {
        return false;
    };
    // An empty list has no rows to keep still: show what came.
    let is_empty = standing.child_element_count() == 0;
    if is_empty {
        replace(&standing, &list);
    }
    !is_empty
}

/// The same thing on the page as it stands.
fn twin(coming: &Element) -> Option<Element> {
    document().get_element_by_id(&coming.id())
}

/// What somebody is filling in stays as it is.
fn replace(standing: &Element, coming: &Element) {
    let coming = coming.inner_html();
    if standing.inner_html() != coming && !is_unsaved(standing) {
        standing.set_inner_html(&coming);
    }
}

/// Makes a change, and scrolls by as much as it moved what the pointer is on.
fn held_still<T>(change: impl FnOnce() -> T) -> T {
    let top = |element: &Element| element.get_bounding_client_rect().top();
    // From the page down to the innermost.
    let pointed = all(":hover");
    let before: Vec<f64> = pointed.iter().map(top).collect();
    let made = change();
    let innermost = pointed.iter().zip(before);
    if let Some((element, before)) = innermost.rev().find(|(element, _)| element.is_connected()) {
        let moved = top(element) - before;
        if moved.abs() >= 1.0 {
            window().scroll_by_with_x_and_y(0.0, moved);
        }
    }
    made
}

/// Puts the latest rows in place of the old ones.
pub(crate) fn show_all(fresh: RwSignal<u32>) {
    LATEST.with_borrow(|latest| {
        for list in latest.iter().flat_map(|latest| all_of(latest, LISTS)) {
            if let Some(standing) = twin(&list) {
                replace(&standing, &list);
            }
        }
    });
    fresh.set(0);
}
