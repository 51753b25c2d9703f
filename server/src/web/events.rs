//! Live parts: one stream of events a page. An event says only that something changed; the
//! page asks again for what it shows, under the rights of whoever reads it.

use std::convert::Infallible;
use std::time::Duration;

use app::domain::seen::News;
use app::ports::{Caller, Calls};
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use tokio_stream::StreamExt as _;

use crate::lifecycle::Lifecycle;

/// A stream ends by itself after this long; the browser opens the next one, under rights
/// that may have changed.
const LONGEST: Duration = Duration::from_secs(600);

/// What the stream is made of.
#[derive(Clone)]
pub struct Live {
    pub calls: Arc<dyn Calls>,
    pub life: Lifecycle,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    topics: String,
}

/// `/events?topics=calls,routing,sources`
pub(super) async fn stream(
    State(live): State<Live>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let news = match live.calls.watch(&caller) {
        Ok(news) => news,
        Err(error) => {
            return StatusCode::from_u16(error.status())
                .unwrap_or(StatusCode::FORBIDDEN)
                .into_response();
        }
    };
    let mut before: Option<u64> = None;
    let changes = news.filter_map(move |(serial, news)| {
        // A gap means that this reader was too slow: tell it to look at everything.
        let missed = before.is_some_and(|before| serial > before + 1);
        before = Some(serial);
        let wanted = missed
            || asked
                .topics
                .split(',')
                .any(|topic| topic == topic_of(&news));
        let name = if missed { "reset" } else { "changed" };
        wanted.then(|| {
            Ok::<_, Infallible>(
                Event::default()
                    .event(name)
                    .id(serial.to_string())
                    .data("{}"),
            )
        })
    });
    let stopped = live.life.stopped();
    let over = async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
    };
    let changes = futures_util::StreamExt::take_until(changes, Box::pin(over));
    Sse::new(changes)
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn topic_of(news: &News) -> &'static str {
    match news {
        News::Call { .. } | News::Line { .. } => "calls",
        News::Routing => "routing",
        News::Sources => "sources",
        News::Webhooks => "webhooks",
    }
}
