//! Patchbay's server.
//!
//! # Layout
//!
//! ```text
//! config      settings: defaults ← file ← environment, every problem at once
//! clock       what time it is, and ids made from it
//! lifecycle   tasks, draining, stopping
//! telemetry   log lines and counters
//! store       what is kept, in SQLite or PostgreSQL
//! service     the use cases, between what is kept and who asks
//! api         the SIP API, for scripts
//! web         pages, their forms, sessions, health and the site's files
//! sip         the edge towards carriers
//! media       audio: RTP, codecs, digits, recordings
//! instance    what this process is called among several
//! trust       TLS when we call
//! vault       recordings as they lie on disk, sealed or not
//! postman     carries webhook deliveries over HTTP
//! serve       the parts put together, and their end
//! cli         the command line
//! agent       what answers: hands a call to the agent's engine
//! ```

pub mod agent;
pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod instance;
pub mod lifecycle;
pub mod media;
pub mod postman;
pub mod serve;
pub mod service;
pub mod sip;
pub mod store;
pub mod telemetry;
pub mod trust;
pub mod vault;
pub mod web;
