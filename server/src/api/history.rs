//! What was said in a session, line by line, and how it ended.

use app::domain::call::{CallDetail, CallState, Said, Speaker, TranscriptLine};
use app::ports::Caller;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::callers::Asking;
use super::calls::id_of;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::wire::{Id, List, Time, words};
use super::{Api, said};

/// One thing that happened in a session.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryItem {
    id: Id,
    created_at: Time,
    event: HistoryEvent,
}

/// What happened.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryEvent {
    #[schema(schema_with = kind_words)]
    r#type: &'static str,
    sender: Sender,
    content: Content,
    attachments: Vec<Attachment>,
    /// Always null here.
    #[schema(value_type = Object, nullable, required = true)]
    context: Value,
}

/// Who said it.
#[derive(Serialize, ToSchema)]
pub(super) struct Sender {
    #[schema(schema_with = sender_words)]
    r#type: &'static str,
    #[schema(required = true)]
    name: Option<String>,
}

/// What was said.
#[derive(Serialize, ToSchema)]
pub(super) struct Content {
    /// Words, keys that were pressed, or speech that this engine does not understand.
    #[schema(schema_with = content_words)]
    r#type: &'static str,
    #[schema(required = true)]
    text: Option<String>,
}

/// The recording.
#[derive(Serialize, ToSchema)]
pub(super) struct Attachment {
    id: Id,
    name: String,
    /// Bytes.
    size: u64,
    r#type: String,
    /// Below this server's address; takes the same key.
    url: String,
}

fn kind_words() -> Object {
    words(["message", "status_change"])
}

fn sender_words() -> Object {
    words(["contact", "ai", "system"])
}

fn content_words() -> Object {
    words(["text", "digits", "speech"])
}

pub(super) async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<List<HistoryItem>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let detail = api.services.calls.get(&caller, id_of(&id)?).await?;
    let mut items: Vec<_> = detail
        .transcript
        .iter()
        .enumerate()
        .map(|(place, line)| spoken(&detail, place, line))
        .collect();
    items.sort_by_key(|item| item.created_at.0);
    if detail.call.state == CallState::Ended {
        items.push(ended(&api, &caller, &detail).await);
    }
    Ok(Json(List::cut(items, limit, cursor, |item| item)))
}

fn spoken(detail: &CallDetail, place: usize, line: &TranscriptLine) -> HistoryItem {
    let call = &detail.call;
    let answered = call.answered_at.unwrap_or(call.started_at);
    let caller = call.caller.name.clone();
    let sender = match line.speaker {
        Speaker::Agent => Sender {
            r#type: "ai",
            name: call.agent_name.clone(),
        },
        Speaker::Caller => Sender {
            r#type: "contact",
            name: caller.filter(|_| !call.caller.anonymous),
        },
    };
    let (kind, text) = match &line.said {
        Said::Words(text) => ("text", Some(text.clone())),
        Said::Digits(digits) => ("digits", Some(digits.clone())),
        Said::Speech => ("speech", None),
    };
    HistoryItem {
        id: Id::derived("line", &format!("{} {place}", call.id)),
        created_at: Time(answered + i64::from(line.start_ms)),
        event: HistoryEvent {
            r#type: "message",
            sender,
            content: Content { r#type: kind, text },
            attachments: Vec::new(),
            context: Value::Null,
        },
    }
}

async fn ended(api: &Api, caller: &Caller, detail: &CallDetail) -> HistoryItem {
    let call = &detail.call;
    HistoryItem {
        id: Id::derived("end", &call.id.to_string()),
        created_at: Time(call.ended_at.unwrap_or(call.started_at)),
        event: HistoryEvent {
            r#type: "status_change",
            sender: Sender {
                r#type: "system",
                name: None,
            },
            content: Content {
                r#type: "text",
                text: call.end.map(|end| said::end(end.reason)),
            },
            attachments: recording(api, caller, detail).await.into_iter().collect(),
            context: Value::Null,
        },
    }
}

/// None if there is none, or if its file is not there any more.
async fn recording(api: &Api, caller: &Caller, detail: &CallDetail) -> Option<Attachment> {
    let id = detail.call.id;
    let recording = api.services.calls.recording(caller, id).await.ok()?;
    Some(Attachment {
        id: Id::derived("recording", &id.to_string()),
        name: format!("{id}.wav"),
        size: recording.bytes,
        r#type: "audio/wav".to_owned(),
        url: format!("/api/phone/calls/{id}/recording"),
    })
}
