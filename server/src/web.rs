//! What a browser talks to: pages, the one door of their forms, events and the site's files.

pub mod assets;
pub mod client;
pub mod health;
pub mod requests;
pub mod security;
