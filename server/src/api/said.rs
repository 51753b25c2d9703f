//! The console's sentences, in English, for error bodies and receipts.

use app::domain::call::EndReason;
use app::domain::outbound::{Registration, Trouble};
use app::domain::routing::{Near, Note};
use app::error::{AppError, Reason};
use app::text::{Language, Text};

fn text() -> &'static Text {
    Language::English.text()
}

pub(super) fn failure(error: &AppError) -> String {
    match error {
        // A script has no form to sign in with.
        AppError::Unauthenticated => {
            "Send a key that is known as Authorization: Bearer.".to_owned()
        }
        AppError::Invalid(errors) if errors.len() > 1 => {
            format!("{} fields are wrong; errors names each.", errors.len())
        }
        error => text().failure(error),
    }
}

pub(super) fn reason(reason: &Reason) -> String {
    text().reason(reason)
}

pub(super) fn trouble(trouble: &Trouble) -> String {
    text().trouble(trouble)
}

pub(super) fn registration(shown: &Registration) -> Option<String> {
    text().registration(shown)
}

pub(super) fn note(note: &Note) -> String {
    text().note(note)
}

pub(super) fn near(near: &Near) -> String {
    text().near(near)
}

pub(super) fn end(reason: EndReason) -> String {
    text().end(reason).to_owned()
}
