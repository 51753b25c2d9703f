//! A call's audio, whole or in ranges, so that a player can jump.

use std::convert::Infallible;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::Api;
use super::callers::Asking;
use super::calls::id_of;
use super::problem::Problem;

pub(super) async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let path = api.services.calls.recording(&caller, id).await?;
    let served: Result<_, Infallible> = ServeFile::new(path).oneshot(request).await;
    let mut response = match served {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"{id}.wav\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
