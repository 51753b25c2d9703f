//! The use cases: authorise → parse → decide → write → announce. Implements `app::ports`.
//! Must not know HTTP or SIP.

pub mod accesses;
pub mod addresses;
pub mod agents;
pub mod audit;
pub mod calls;
pub mod conversations;
pub mod core;
pub mod destinations;
pub mod dialling;
mod entered;
pub mod facts;
mod fault;
mod generated;
mod health;
mod hearing;
pub mod house;
pub mod keys;
pub mod news;
pub mod numbers;
pub mod outbound;
pub mod outward;
pub mod people;
pub mod replays;
pub mod retention;
mod route_replay;
pub mod route_test;
pub mod routes;
pub mod signin;
pub mod sources;
mod together;
pub mod trunks;
mod version;
pub mod webhooks;

pub use house::{House, HouseError, HouseSettings};
pub use signin::SignIn;
