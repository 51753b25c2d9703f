//! The use cases: authorise → parse → decide → write → announce. Implements `app::ports`.
//! Must not know HTTP or SIP.

mod fault;
pub mod signin;

pub use signin::SignIn;
