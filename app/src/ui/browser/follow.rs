//! A list that follows events: fetch the page again, change visible rows in place, count
//! the rows that are new. One stream per tab, closed while the tab is hidden.

use std::cell::RefCell;
use std::time::Duration;

use gloo_net::http::Request;
use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, DomParser, Element, Event, EventSource, SupportedType};

use super::Liveness;

thread_local! {
    /// The page as it was last fetched, for "Show".
    static LATEST: RefCell<Option<Document>> = const { RefCell::new(None) };
    static STREAM: RefCell<Option<EventSource>> = const { RefCell::new(None) };
    static WAITING: RefCell<bool> = const { RefCell::new(false) };
}

/// Opens the stream and keeps `target` current until the page goes.
pub(crate) fn follow(
    topics: &str,
    target: String,
    page: String,
    state: RwSignal<Liveness>,
    fresh: RwSignal<u32>,
) {
    let address = format!("/events?topics={topics}");
    let open = move || open(&address, &target, &page, state, fresh);
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

fn open(address: &str, target: &str, page: &str, state: RwSignal<Liveness>, fresh: RwSignal<u32>) {
    let Ok(stream) = EventSource::new(address) else {
        return;
    };
    {
        // Something may have happened since the page was made, or while the stream was down.
        let (target, page) = (target.to_owned(), page.to_owned());
        listen(&stream, "open", move |_| {
            state.set(Liveness::Live);
            renew_soon(&target, &page, fresh);
        });
    }
    // The browser tries again by itself, unless it was told to stop.
    listen(&stream, "error", move |_| state.set(Liveness::Stopped));
    for name in ["changed", "reset", "message"] {
        let (target, page) = (target.to_owned(), page.to_owned());
        listen(&stream, name, move |_| renew_soon(&target, &page, fresh));
    }
    STREAM.with_borrow_mut(|held| held.replace(stream).inspect(EventSource::close));
}

fn listen(stream: &EventSource, name: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard);
    let _ = stream.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    heard.forget();
}

/// Many events, one fetch.
fn renew_soon(target: &str, page: &str, fresh: RwSignal<u32>) {
    if WAITING.replace(true) {
        return;
    }
    let (target, page) = (target.to_owned(), page.to_owned());
    set_timeout(
        move || {
            WAITING.replace(false);
            spawn_local(async move {
                if let Some(latest) = fetch(&page).await {
                    fresh.set(renew(&latest, &target));
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

/// Changes the rows both have, and counts those only the latest has.
fn renew(latest: &Document, target: &str) -> u32 {
    let Some(coming) = latest.get_element_by_id(target) else {
        return 0;
    };
    // An empty list has no rows to keep still: show what came.
    let Some(standing) = document().get_element_by_id(target) else {
        return count(&coming);
    };
    if standing.child_element_count() == 0 {
        standing.set_inner_html(&coming.inner_html());
        return 0;
    }
    let mut fresh = 0;
    let mut row = coming.first_element_child();
    while let Some(new) = row {
        match document().get_element_by_id(&new.id()) {
            Some(old) if old.inner_html() != new.inner_html() => {
                old.set_inner_html(&new.inner_html());
            }
            Some(_) => {}
            // What has no name stays as it is.
            None if new.id().is_empty() => {}
            None => fresh += 1,
        }
        row = new.next_element_sibling();
    }
    fresh
}

fn count(list: &Element) -> u32 {
    list.child_element_count()
}

/// Puts the latest rows in place of the old ones.
pub(crate) fn show_all(target: String, fresh: RwSignal<u32>) {
    let shown = LATEST.with_borrow(|latest| {
        let coming = latest.as_ref()?.get_element_by_id(&target)?;
        document()
            .get_element_by_id(&target)?
            .set_inner_html(&coming.inner_html());
        Some(())
    });
    match shown {
        Some(()) => fresh.set(0),
        None => {
            let _ = window().location().reload();
        }
    }
}
