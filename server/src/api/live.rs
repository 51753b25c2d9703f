//! All calls as they happen, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use app::domain::seen::News;
use app::ports::{Caller, NewsStream};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _, stream};

use super::Api;
use super::callers::Standing;
use super::calls::shown;
use super::problem::Problem;

/// Nothing happens for longer than this without a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Whether a stream is wanted instead of a page.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Each call whenever something about it changes, until the server stops.
pub(super) fn follow(api: Api, caller: &Caller, standing: Standing) -> Result<Response, Problem> {
    let news = api.services.calls.watch(caller)?;
    let stopped = api.life.stopped();
    let calls = calls(api, standing, news);
    let over = Box::pin(async move { stopped.cancelled().await });
    let keep_alive = KeepAlive::default().interval(KEEP_ALIVE);
    Ok(Sse::new(calls.take_until(over))
        .keep_alive(keep_alive)
        .into_response())
}

fn calls(
    api: Api,
    standing: Standing,
    news: NewsStream,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((api, standing, news), async |(api, standing, mut news)| {
        loop {
            let (_, item) = news.next().await?;
            let News::Call { call } = item else { continue };
            // A key that was revoked meanwhile hears no more.
            standing.caller(&api).await.ok()?;
            let data = serde_json::to_string(&shown(*call)).unwrap_or_default();
            let event = Event::default().event("call").data(data);
            return Some((Ok(event), (api, standing, news)));
        }
    })
}
