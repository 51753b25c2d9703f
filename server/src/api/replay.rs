//! `Idempotency-Key`: the same POST twice is done once and answered twice.

use app::error::{AppError, Reason, Unavailable};
use app::ports::Caller;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use super::{Api, body};
use crate::service::replays::{Claim, Turn};
use crate::telemetry::request;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    etag: Option<String>,
    body: String,
}

/// Answers a request of whom [`super::callers::authenticate`] has let in.
pub(super) async fn answer(api: &Api, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    // Whoever hangs up meanwhile would leave a key that is taken and never answered: so the work
    // is a task of its own, which the shutdown waits for.
    let id = request::current();
    let (api, life) = (api.clone(), api.life.clone());
    let work = async move { answer_once(&api, request, next).await };
    let done = match id {
        Some(id) => life.spawn("api.once", request::answering(id, work)).await,
        None => life.spawn("api.once", work).await,
    };
    match (done, id) {
        (Ok(Ok(response)), _) => response,
        (Ok(Err(problem)), _) => problem.into_response(),
        (Err(_), Some(incident)) => Problem::App(AppError::Internal { incident }).into_response(),
        (Err(_), None) => {
            Problem::App(AppError::Unavailable(Unavailable::Draining)).into_response()
        }
    }
}

async fn answer_once(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().cloned();
    let caller = caller.ok_or(Problem::App(AppError::Unauthenticated))?;
    let name = name(request.headers())?;
    let (parts, body) = request.into_parts();
    let whole = body::bytes(Request::from_parts(parts.clone(), body), api.body_limit).await?;
    let mut hash = Sha256::new();
    for part in [parts.uri.path(), parts.uri.query().unwrap_or_default()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(&whole);
    match api.replays.claim(&caller, &name, &hash.finalize()).await? {
        Turn::Again { status, answer } => Ok(again(status, &answer)),
        Turn::First(claim) => {
            let work = next.run(Request::from_parts(parts, Body::from(whole)));
            let response = api.replays.work(&claim, work).await;
            keep(api, &claim, response).await
        }
    }
}

fn name(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers
        .get(KEY)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match text.trim() {
        "" => Err(Problem::field("Idempotency-Key", Reason::Required)),
        long if long.len() > 255 => {
            let found = u32::try_from(long.len()).unwrap_or(u32::MAX);
            Err(Problem::field(
                "Idempotency-Key",
                Reason::TooLong { max: 255, found },
            ))
        }
        name => Ok(name.to_owned()),
    }
}

/// A failure of ours changed nothing and may be tried again; any other answer is final.
async fn keep(api: &Api, claim: &Claim, response: Response) -> Result<Response, Problem> {
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        api.replays.release(claim).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let kept = Kept {
        etag: parts
            .headers
            .get(header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(str::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let kept = serde_json::to_vec(&kept).unwrap_or_default();
    // The thing is done: that its answer could not be kept must not look like a failure of it.
    if let Err(error) = api.replays.keep(claim, status.as_u16(), &kept).await {
        tracing::warn!(%error, "api.answer_not_kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(status: u16, kept: &[u8]) -> Response {
    let kept: Kept = serde_json::from_slice(kept).unwrap_or(Kept {
        etag: None,
        body: String::new(),
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, Bytes::from(kept.body)).into_response();
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(tag) = kept.etag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
    response
}
