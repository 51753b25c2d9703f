//! What the browser and the server both know.

pub mod domain;
pub mod error;
#[cfg(feature = "ssr")]
pub mod ports;
