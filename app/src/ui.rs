//! The parts every page is built of: accessible once, used everywhere. Server-only
//! components, except the few islands in `copy`, `secret`, `invite`, `session` and `browser`. Knows
//! words and domain types, never where data come from.

pub mod browser;
pub mod checks;
pub mod chips;
mod conflict;
pub mod copy;
pub mod feedback;
pub mod filters;
pub mod form;
pub mod icon;
pub mod invite;
pub mod page;
pub mod palette;
pub mod reader;
pub mod returned;
pub mod secret;
pub mod session;
pub mod steps;
pub mod table;
