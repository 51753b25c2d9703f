//! The SIP API as scripts meet it.

mod agents;
mod calls;
mod compat;
mod dialled_once;
mod document;
mod errors;
mod numbers;
mod outbound;
mod replays;
mod route_replay;
mod schema;
mod sessions;
mod sorting;
mod trunk;
mod writers;
