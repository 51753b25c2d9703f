//! What a failing store means to whoever asked: the cause goes to the log, once, and
//! a reason without details to the client.

use app::domain::id::IncidentId;
use app::error::{AppError, Conflict, Unavailable};

use crate::store::StoreError;
use crate::telemetry::{Event, request};

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for AppError {
    fn from(error: &StoreError) -> Self {
        let unavailable = match error {
            StoreError::Overtaken => return Self::Conflict(Conflict::StillAnswering),
            StoreError::Busy(_) | StoreError::Unavailable(_) => Some(Unavailable::Database),
            StoreError::Full(_) => Some(Unavailable::DiskFull),
            StoreError::ReadOnly(_) => Some(Unavailable::ReadOnly),
            _ => None,
        };
        match unavailable {
            Some(what) => {
                Event::StoreUnavailable {
                    cause: &chain(error),
                }
                .emit();
                Self::Unavailable(what)
            }
            None => internal(error),
        }
    }
}

/// A fault of ours, noted under the id of the request in which it happened.
#[expect(
    clippy::disallowed_methods,
    reason = "an incident's number is for people to quote; no test reads time from it"
)]
pub(crate) fn internal(error: &dyn std::error::Error) -> AppError {
    let incident =
        request::current().unwrap_or_else(|| IncidentId::from_uuid(uuid::Uuid::now_v7()));
    Event::Incident {
        incident: &incident,
        cause: &chain(error),
    }
    .emit();
    AppError::Internal { incident }
}

/// An error with what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
