//! The use cases: authorise → parse → decide → write → announce. Implements `app::ports`.
//! Must not know HTTP or SIP.

pub mod calls;
pub mod facts;
mod fault;
pub mod news;
pub mod route_test;
pub mod routes;
pub mod signin;
pub mod sources;

pub use signin::SignIn;
