//! The SIP API as scripts meet it.

mod agents;
mod calls;
mod compat;
mod conformance;
mod dialled_once;
mod document;
mod errors;
mod filters;
mod installed;
mod limits;
mod numbers;
mod operations;
mod outbound;
mod permission;
mod recording;
mod replays;
mod route_replay;
mod schema;
mod sessions;
mod sorting;
mod trunk;
mod versions;
mod writers;
