//! What happens in a call: as a list, or live as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use app::domain::call::{CallDetail, CallState, Said, TranscriptLine};
use app::domain::id::CallId;
use app::domain::seen::News;
use app::ports::NewsStream;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Api;
use super::callers::{Asking, Standing};
use super::calls::id_of;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::wire::{Time, words};

/// Nothing happens for longer than this without a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happened in a call, and what was said.
#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    items: Vec<Event>,
    /// Always null: a call's events are one page.
    #[schema(required = true)]
    next: Option<String>,
}

/// One thing that happened.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Event {
    /// Its place among the call's events; the `id` of the live event.
    id: String,
    at: Time,
    /// What: `received`, `ringing`, `answered`, `said`, `digit`, `ended` and so on.
    r#type: String,
    /// More about it, by name.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
}

/// One line of the transcript.
#[derive(Serialize, ToSchema)]
pub(super) struct Line {
    #[schema(schema_with = speaker_words)]
    speaker: &'static str,
    /// Words, keys pressed, or speech that this engine does not understand.
    #[schema(schema_with = what_words)]
    what: &'static str,
    /// The words or keys.
    #[schema(required = true)]
    text: Option<String>,
    /// Milliseconds since the answer.
    start_ms: u32,
    end_ms: u32,
}

fn speaker_words() -> utoipa::openapi::Object {
    words(
        app::domain::call::Speaker::ALL
            .iter()
            .map(|speaker| speaker.as_str()),
    )
}

fn what_words() -> utoipa::openapi::Object {
    words(["words", "digits", "speech"])
}

pub(super) fn line(line: &TranscriptLine) -> Line {
    let (what, text) = match &line.said {
        Said::Words(text) => ("words", Some(text.clone())),
        Said::Digits(text) => ("digits", Some(text.clone())),
        Said::Speech => ("speech", None),
    };
    Line {
        speaker: line.speaker.as_str(),
        what,
        text,
        start_ms: line.start_ms,
        end_ms: line.end_ms,
    }
}

pub(super) async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    standing: Standing,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    params.done()?;
    let id = id_of(&id)?;
    let live = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if !live.is_some_and(|accept| accept.contains("text/event-stream")) {
        let detail = api.services.calls.get(&caller, id).await?;
        let items = Progress::default().news_in(&detail);
        return Ok(Json(Events { items, next: None }).into_response());
    }
    // Watching begins before the first look, so that nothing falls between the two.
    let news = api.services.calls.watch(&caller)?;
    let first = api.services.calls.get(&caller, id).await?;
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let progress = last.and_then(Progress::read).unwrap_or_default();
    let stopped = api.life.draining().cancelled_owned();
    let events = follow(api, standing, id, progress, &first, news).take_until(stopped);
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

/// How much of a call has been told. Both lists only grow, so that two counts say it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    happened: usize,
    said: usize,
}

impl Progress {
    fn read(text: &str) -> Option<Self> {
        let (happened, said) = text.split_once('.')?;
        Some(Self {
            happened: happened.parse().ok()?,
            said: said.parse().ok()?,
        })
    }

    fn name(self) -> String {
        format!("{}.{}", self.happened, self.said)
    }

    /// What has not been told yet, by time; from now on it has been.
    fn news_in(&mut self, detail: &CallDetail) -> Vec<Event> {
        let answered = detail.call.answered_at.unwrap_or(detail.call.started_at);
        let happened = detail.timeline.iter().skip(self.happened).map(|event| {
            let (kind, details) = tagged(&event.what);
            (event.at, true, kind, details)
        });
        let said = detail.transcript.iter().skip(self.said).map(|said| {
            let details = match serde_json::to_value(line(said)) {
                Ok(Value::Object(details)) => details,
                _ => Map::new(),
            };
            (
                answered + i64::from(said.start_ms),
                false,
                "said".to_owned(),
                details,
            )
        });
        let mut news: Vec<_> = happened.chain(said).collect();
        news.sort_by_key(|(at, ..)| *at);
        let told = |(at, is_event, kind, details): (i64, bool, String, Map<String, Value>)| {
            if is_event {
                self.happened += 1;
            } else {
                self.said += 1;
            }
            Event {
                id: self.name(),
                at: Time(at),
                r#type: kind,
                details,
            }
        };
        news.into_iter().map(told).collect()
    }
}

/// The domain's happenings are tagged with `event`; their other fields are the details.
fn tagged<T: Serialize>(what: &T) -> (String, Map<String, Value>) {
    let mut details = match serde_json::to_value(what) {
        Ok(Value::Object(details)) => details,
        _ => Map::new(),
    };
    match details.remove("event") {
        Some(Value::String(kind)) => (kind, details),
        _ => (String::new(), details),
    }
}

/// Each piece of news about the call is a reason to look at it again: what the database knows
/// is told once and in full, whatever a lagging reader missed.
fn follow(
    api: Api,
    standing: Standing,
    id: CallId,
    mut progress: Progress,
    first: &CallDetail,
    news: NewsStream,
) -> impl Stream<Item = Result<SseEvent, Infallible>> + use<> {
    let begun = progress.news_in(first);
    let over = first.call.state == CallState::Ended;
    let later = stream::unfold((api, standing, progress, news, over), move |state| {
        next(id, state)
    });
    stream::iter(begun)
        .chain(later.flat_map(stream::iter))
        .map(|event| Ok(sse(&event)))
}

type Following = (Api, Standing, Progress, NewsStream, bool);

async fn next(
    id: CallId,
    (api, standing, mut progress, mut news, over): Following,
) -> Option<(Vec<Event>, Following)> {
    if over {
        return None;
    }
    loop {
        let (_, item) = news.next().await?;
        let about = match item {
            News::Call { call } => call.id,
            News::Line { call, .. } => call,
            News::Routing | News::Sources | News::Webhooks => continue,
        };
        if about != id {
            continue;
        }
        // A key that was revoked meanwhile hears no more.
        let caller = standing.caller(&api).await.ok()?;
        let Ok(detail) = api.services.calls.get(&caller, id).await else {
            return None;
        };
        let told = progress.news_in(&detail);
        let over = detail.call.state == CallState::Ended;
        return Some((told, (api, standing, progress, news, over)));
    }
}

fn sse(event: &Event) -> SseEvent {
    let data = serde_json::to_string(event).unwrap_or_default();
    SseEvent::default()
        .id(&event.id)
        .event(&event.r#type)
        .data(data)
}
