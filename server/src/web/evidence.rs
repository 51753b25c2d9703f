//! A call as its carrier wants to see it: a report to read, and the signalling for
//! Wireshark. Both hold what was kept, with the secrets already taken out.

mod pcap;
mod report;

use app::error::{AppError, Thing};
use app::ports::{Caller, Services};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::pages::Pages;

/// `GET /inbox/{id}/report.txt`
pub(super) async fn report(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let caller = caller(&request);
    let found = detail(pages.services(), &caller, &id).await;
    let reader = pages.reader(request.headers(), Some(&caller));
    match found {
        Ok(detail) => {
            let text = report::write(&detail, &reader);
            file(&id, "txt", "text/plain; charset=utf-8", text.into_bytes())
        }
        Err(error) => refused(&error),
    }
}

/// `GET /inbox/{id}/signalling.pcap`
pub(super) async fn signalling(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let caller = caller(&request);
    match detail(pages.services(), &caller, &id).await {
        Ok(detail) => {
            let packets = pcap::write(&detail.messages);
            file(&id, "pcap", "application/vnd.tcpdump.pcap", packets)
        }
        Err(error) => refused(&error),
    }
}

async fn detail(
    services: &Services,
    caller: &Caller,
    id: &str,
) -> Result<app::domain::call::CallDetail, AppError> {
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Call));
    // Who may not read calls learns nothing of which ids there are.
    caller.may(app::error::Scope::CallsRead)?;
    services.calls.get(caller, id?).await
}

pub(super) fn caller(request: &Request) -> Caller {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.unwrap_or_else(|| Caller::nobody(None))
}

pub(super) fn refused(error: &AppError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

fn file(id: &str, ending: &str, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The id was read as one, so it holds nothing that a header could not.
    let name = format!("attachment; filename=\"call-{id}.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
