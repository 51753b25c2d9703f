//! The console's sentences, in English, for error bodies and receipts.

use app::domain::call::EndReason;
use app::domain::routing::{Near, Note};
use app::error::{AppError, Reason};

pub(super) fn failure(error: &AppError) -> String {
    error.to_string()
}

pub(super) fn reason(reason: &Reason) -> String {
    reason.code().to_owned()
}

pub(super) fn note(note: &Note) -> String {
    format!("{note:?}")
}

pub(super) fn near(near: &Near) -> String {
    format!("{near:?}")
}

pub(super) fn end(reason: EndReason) -> String {
    reason.code().to_owned()
}
