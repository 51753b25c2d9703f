//! One file or folder for each place in the console: server functions first, then the
//! page, then its parts. Compiled for the server only; what reacts in the browser are the
//! islands of `ui`, so no page can reach them with more than small values.

pub mod access;
pub mod account;
pub mod agents;
pub mod audit;
pub mod calls;
pub mod destinations;
pub mod inbox;
pub mod notice;
pub mod numbers;
pub mod outbound;
pub mod overview;
pub mod password;
pub mod search;
pub mod set_up;
pub mod sign_in;
pub mod sip;
pub mod system;
pub mod test_call;
pub mod troubleshooting;
pub mod webhooks;

use leptos::prelude::use_context;

use crate::domain::draft::Entry;
use crate::domain::id::IncidentId;
use crate::error::{AppError, Reason};
use crate::ports::{Caller, Services};

/// The ports and who asks, as the server gave them to this request.
pub(crate) fn asked() -> Result<(Services, Caller), AppError> {
    let services = use_context::<Services>().ok_or(AppError::Internal {
        incident: IncidentId::from_uuid(uuid::Uuid::nil()),
    })?;
    Ok((
        services,
        use_context::<Caller>().unwrap_or_else(|| Caller::nobody(None)),
    ))
}

/// The console's form sends what its reader typed; a script, which meant it, sends nothing.
pub(crate) fn typed_right(typed: &Entry, wanted: &str) -> Result<(), AppError> {
    if typed.is_absent() || typed.shown().trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let wanted = wanted.to_owned();
    Err(AppError::field("typed", Reason::NotConfirmed { wanted }))
}
