//! What only a browser can do: the clipboard, the cookie with its time zone, fetching a
//! secret, forms that are sent once and say so. Everything here adds to a page that works
//! without it; on the server this module is empty but for the live line's markup.

#[cfg(feature = "hydrate")]
mod clipboard;
#[cfg(feature = "hydrate")]
mod follow;
#[cfg(feature = "hydrate")]
mod forms;
#[cfg(feature = "hydrate")]
mod keys;
#[cfg(feature = "hydrate")]
mod palette;
#[cfg(feature = "hydrate")]
mod player;
#[cfg(feature = "hydrate")]
mod post;
#[cfg(feature = "hydrate")]
mod unsaved;

#[cfg(feature = "hydrate")]
pub(crate) use {
    clipboard::{copy_secret, copy_text, fetch_secret},
    forms::{attend_forms, listen, remember_zone},
    keys::attend_keys,
    player::attend_player,
    post::post,
    unsaved::attend_changes,
};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the live line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveWords {
    /// "Live"
    pub live: String,
    /// "As of 02:14:05"
    pub as_of: String,
    /// "{} new calls."
    pub new_one: String,
    /// With `{}` for how many.
    pub new_many: String,
    /// "Show"
    pub show: String,
    /// "Live updates stopped. Reconnecting…"
    pub stopped: String,
    /// "Reload"
    pub reload: String,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser sees a stream begin and end")
)]
pub(crate) enum Liveness {
    #[default]
    NotYet,
    Live,
    Stopped,
}

/// Keeps the marked places of the page current: `data-live="whole"` marks one, `"parts"` each
/// of its children with an id. Changes happen in place; new rows of a list, which is such a
/// thing with an id of its own, wait behind "3 new calls. Show". Without JavaScript it says when
/// the page was made.
#[island]
pub fn Live(topics: String, page: String, words: LiveWords) -> impl IntoView {
    let state = RwSignal::new(Liveness::NotYet);
    let fresh = RwSignal::new(0_u32);
    Effect::new({
        let page = page.clone();
        move |_| {
            #[cfg(feature = "hydrate")]
            follow::follow(&topics, page.clone(), state, fresh);
            #[cfg(not(feature = "hydrate"))]
            let _ = (&topics, &page);
        }
    });
    let LiveWords {
        live,
        as_of,
        new_one,
        new_many,
        show,
        stopped,
        reload,
    } = words;
    let said = move || match state.get() {
        Liveness::NotYet => as_of.clone(),
        Liveness::Live => live.clone(),
        Liveness::Stopped => stopped.clone(),
    };
    let news = move || match fresh.get() {
        0 => String::new(),
        1 => new_one.clone(),
        many => new_many.replace("{}", &many.to_string()),
    };
    let on_show = move |event: leptos::ev::MouseEvent| {
        #[cfg(feature = "hydrate")]
        {
            event.prevent_default();
            follow::show_all(fresh);
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = &event;
    };
    view! {
        <div class="live" class:live-on=move || state.get() == Liveness::Live>
            <span class="live-dot" aria-hidden="true"></span>
            <span>{said}</span>
            <a class="button button-link" class:sr-only=move || state.get() == Liveness::Live href=page.clone()>{reload}</a>
            <span role="status">{news}</span>
            <a class="button button-link" href=page hidden=move || fresh.get() == 0 on:click=on_show>{show}</a>
        </div>
    }
}
