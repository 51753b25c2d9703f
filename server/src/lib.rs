//! Patchbay's server.
//!
//! # Layout
//!
//! ```text
//! config      settings: defaults ← file ← environment, every problem at once
//! lifecycle   tasks, draining, stopping
//! ```

pub mod config;
pub mod lifecycle;
