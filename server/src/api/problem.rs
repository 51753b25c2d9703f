//! A failure as a script reads it: the error body of the API, made in one place.

use app::error::{AppError, Conflict, FieldErrors, Reason};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::said;
use crate::telemetry::request;

/// What a handler answers when it can't do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    /// The use case refused.
    App(AppError),
    /// 400: what was sent can't be read; the sentence says where.
    Unreadable(String),
    /// 405.
    MethodNotAllowed,
    /// 413, with the limit in bytes.
    TooLarge(usize),
    /// 415: a body that is not JSON.
    NotJson,
}

/// The body of every answer that is no success.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the reference API names the fields"
)]
pub(super) struct Error {
    /// The HTTP status again.
    #[serde(rename = "statusCode")]
    pub(super) status_code: u16,
    /// Its name.
    pub(super) error: String,
    /// What went wrong, for people.
    pub(super) message: String,
    /// What went wrong, for scripts; stable.
    pub(super) code: &'static str,
    /// Every field that was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) errors: Vec<FieldError>,
    /// What a conflict is with: the facts that the message tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub(super) conflict: Option<Value>,
    /// Names the request in the server's log.
    pub(super) request_id: String,
}

/// Why one field was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// Where it stands in the body, such as `phone_numbers.0`, or the query parameter's name.
    pub(super) field: String,
    /// The reason, for scripts; stable.
    pub(super) code: &'static str,
    /// The reason, for people.
    pub(super) message: String,
}

impl FieldError {
    /// As the wire shows it.
    pub(super) fn of(field: &str, reason: &Reason) -> Self {
        Self {
            field: field.to_owned(),
            code: reason.code(),
            message: said::reason(reason),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::App(AppError::Invalid(errors))
    }
}

impl Problem {
    /// One field, one reason.
    pub(super) fn field(field: &str, reason: Reason) -> Self {
        Self::App(AppError::field(field, reason))
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::App(error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::App(error) => said::failure(error),
            Self::Unreadable(why) => format!("The request can't be read: {why}."),
            Self::MethodNotAllowed => "This address does not take this method.".to_owned(),
            Self::TooLarge(limit) => format!("The body is over {} KiB.", limit / 1024),
            Self::NotJson => "Send the body as application/json.".to_owned(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::App(AppError::Unreadable) | Self::Unreadable(_) => "unreadable",
            Self::App(AppError::Invalid(_)) => "invalid",
            Self::App(AppError::Unauthenticated) => "unauthenticated",
            Self::App(AppError::Forbidden(_)) => "forbidden",
            Self::App(AppError::NotFound(_)) => "not_found",
            Self::App(AppError::Conflict(conflict)) => conflict_code(conflict),
            Self::App(AppError::TooMany { .. }) => "too_many",
            Self::App(AppError::Unavailable(what)) => what.code(),
            Self::App(AppError::Offline) => "offline",
            Self::App(AppError::Internal { .. }) => "internal",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge(_) => "too_large",
            Self::NotJson => "not_json",
        }
    }

    fn body(&self) -> Error {
        let status = self.status();
        let (errors, conflict) = match self {
            Self::App(AppError::Invalid(errors)) => {
                let told = |(field, reason)| FieldError::of(field, reason);
                (errors.iter().map(told).collect(), None)
            }
            Self::App(AppError::Conflict(conflict)) => (Vec::new(), Some(facts(conflict))),
            _ => (Vec::new(), None),
        };
        Error {
            status_code: status.as_u16(),
            error: status.canonical_reason().unwrap_or_default().to_owned(),
            message: self.message(),
            code: self.code(),
            errors,
            conflict,
            request_id: self.request_id(),
        }
    }

    /// A fault of ours is logged under its own id, which is the request's.
    fn request_id(&self) -> String {
        match self {
            Self::App(AppError::Internal { incident }) => incident.to_string(),
            _ => request::current()
                .map(|id| id.to_string())
                .unwrap_or_default(),
        }
    }
}

fn conflict_code(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::TrunkExists => "trunk_exists",
        Conflict::NumberHeld { .. } => "number_held",
        Conflict::NumbersAssigned { .. } => "numbers_assigned",
        Conflict::LastAccess => "last_access",
        Conflict::LastAdmin => "last_admin",
        Conflict::AgentInUse { .. } => "agent_in_use",
        Conflict::Changed { .. } => "changed",
        Conflict::IdempotencyKey => "idempotency_key",
        Conflict::StillAnswering => "still_answering",
        Conflict::AnswerLost => "answer_lost",
        Conflict::SetupDone => "setup_done",
        Conflict::CallEnded => "call_ended",
        Conflict::RecordingSealed => "recording_sealed",
        Conflict::OutboundInUse { .. } => "outbound_trunk_in_use",
        Conflict::DestinationInUse { .. } => "destination_in_use",
        Conflict::NoOutboundTrunk => "no_outbound_trunk",
        Conflict::NotAssigned => "not_assigned",
        Conflict::NotNow => "not_now",
        Conflict::DigitTaken { .. } => "digit_taken",
        Conflict::MayNotDial { why } => why.code(),
    }
}

fn facts(conflict: &Conflict) -> Value {
    let mut facts = match conflict {
        Conflict::NumberHeld {
            number,
            agent,
            name,
        } => {
            json!({ "phone_number": number, "agent_id": agent, "agent_name": name })
        }
        Conflict::NumbersAssigned { numbers } | Conflict::AgentInUse { numbers } => {
            json!({ "phone_numbers": numbers })
        }
        Conflict::Changed { version, fields } => {
            let now = |(field, value): &(String, String)| json!({ "field": field, "now": value });
            json!({ "version": version, "fields": fields.iter().map(now).collect::<Vec<_>>() })
        }
        Conflict::OutboundInUse { agents } | Conflict::DestinationInUse { agents } => {
            let agent = |(id, name): &(app::domain::id::AgentId, String)| json!({ "agent_id": id, "agent_name": name });
            json!({ "agents": agents.iter().map(agent).collect::<Vec<_>>() })
        }
        Conflict::DigitTaken { digit, name } => json!({ "digit": digit, "destination_name": name }),
        // Tagged with `code`, which is written last, the same.
        Conflict::MayNotDial { why } => serde_json::to_value(why).unwrap_or_else(|_| json!({})),
        Conflict::TrunkExists
        | Conflict::NoOutboundTrunk
        | Conflict::NotAssigned
        | Conflict::NotNow
        | Conflict::LastAccess
        | Conflict::LastAdmin
        | Conflict::IdempotencyKey
        | Conflict::StillAnswering
        | Conflict::AnswerLost
        | Conflict::SetupDone
        | Conflict::CallEnded
        | Conflict::RecordingSealed => json!({}),
    };
    facts["code"] = conflict_code(conflict).into();
    facts
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), axum::Json(self.body())).into_response();
        let headers = response.headers_mut();
        match self {
            Self::App(AppError::TooMany { retry_after_s }) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            }
            Self::App(AppError::Unavailable(_)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(5));
            }
            Self::App(AppError::Conflict(Conflict::StillAnswering)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            Self::App(AppError::Unauthenticated) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}
