//! Patchbay's server.
//!
//! # Layout
//!
//! ```text
//! config      settings: defaults ← file ← environment, every problem at once
//! lifecycle   tasks, draining, stopping
//! telemetry   log lines and counters
//! sip         the edge towards carriers
//! ```

pub mod config;
pub mod lifecycle;
pub mod sip;
pub mod telemetry;
