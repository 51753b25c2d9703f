//! What the browser and the server both know.
//!
//! # Layout
//!
//! ```text
//! domain   words and rules of telephony, pure
//! error    everything that can go wrong, and its HTTP status
//! ports    [ssr] what pages and API ask of a server
//! text     every sentence the console says
//! ui       the parts pages are built of; islands react in the browser
//! pages    [ssr] one place of the console each: server functions, then the page
//! shell    [ssr] the document around every page, the table of routes
//! ```

// A page is one type as deep as its markup.
#![recursion_limit = "256"]

pub mod domain;
pub mod error;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod ports;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod text;
pub mod ui;

/// Wakes the islands of the page, and looks after its forms.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    ui::browser::attend_forms();
    ui::browser::attend_player();
    ui::browser::attend_changes();
    ui::browser::attend_keys();
    ui::browser::remember_zone();
    leptos::mount::hydrate_islands();
}
