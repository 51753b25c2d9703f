//! The SIP edge: what comes in from the network, judged, answered and kept apart from the rest.
//!
//! It knows no SQL and no HTTP; what it must ask or tell goes through the desk.

pub mod desk;
pub mod dialog;
pub mod digest;
pub mod guard;
pub mod identity;
pub mod ladder;
pub mod message;
pub mod options;
pub mod sources;
pub mod stack;
pub mod timer;
