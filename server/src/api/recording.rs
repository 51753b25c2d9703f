//! A call's audio, whole or in ranges, so that a player can jump.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use app::ports::{Audio, ReadSeek};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;

use super::Api;
use super::callers::Asking;
use super::calls::id_of;
use super::path::Path;
use super::problem::Problem;

/// So much is read and sent at a time.
const PIECE: u64 = 64 * 1024;

pub(super) async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let audio = api.services.calls.recording(&caller, id).await?;
    let wanted = asked(&headers, audio.bytes);
    let mut response = played(audio, wanted);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"{id}.wav\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What of a recording is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// From one byte to another, both included.
    Part(u64, u64),
    Nothing,
}

/// What `Range` says. We give no recording a validator, so that none which `If-Range` names can be
/// ours: whoever sends one has a part of something else.
fn asked(headers: &HeaderMap, bytes: u64) -> Wanted {
    let range = headers
        .get(header::RANGE)
        .filter(|_| !headers.contains_key(header::IF_RANGE))
        .and_then(|range| range.to_str().ok());
    range.map_or(Wanted::All, |range| wanted(range, bytes))
}

fn played(Audio { audio, bytes }: Audio, wanted: Wanted) -> Response {
    let (status, from, count) = match wanted {
        Wanted::All => (StatusCode::OK, 0, bytes),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = Response::new(pieces(audio, from, count));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, count.into());
    let part = match wanted {
        Wanted::All => None,
        Wanted::Part(first, last) => Some(format!("bytes {first}-{last}/{bytes}")),
        Wanted::Nothing => Some(format!("bytes */{bytes}")),
    };
    if let Some(part) = part.and_then(|part| HeaderValue::from_str(&part).ok()) {
        headers.insert(header::CONTENT_RANGE, part);
    }
    response
}

/// A single range (RFC 9110 §14.1.2); what can't be read as one asks for all.
fn wanted(range: &str, bytes: u64) -> Wanted {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|it| it.split_once('-'))
    else {
        return Wanted::All;
    };
    let (first, last) = (first.trim(), last.trim());
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => (first, last),
        (Ok(first), Err(_)) if last.is_empty() => (first, u64::MAX),
        // The last so many.
        (Err(_), Ok(0)) if first.is_empty() => return Wanted::Nothing,
        (Err(_), Ok(count)) if first.is_empty() => (bytes.saturating_sub(count), u64::MAX),
        _ => return Wanted::All,
    };
    if last < first {
        return Wanted::All;
    }
    match bytes.checked_sub(1) {
        Some(end) if first <= end => Wanted::Part(first, last.min(end)),
        _ => Wanted::Nothing,
    }
}

/// Read where nothing else waits for the disk.
fn pieces(audio: Box<dyn ReadSeek>, from: u64, count: u64) -> Body {
    let pieces = stream::try_unfold((audio, from, count), |(mut audio, from, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let count = left.min(PIECE);
            let mut piece = vec![0; usize::try_from(count).unwrap_or_default()];
            audio.seek(SeekFrom::Start(from))?;
            audio.read_exact(&mut piece)?;
            Ok((Bytes::from(piece), (audio, from + count, left - count)))
        });
        match read.await {
            Ok(read) => read.map(Some),
            Err(broken) => Err(io::Error::other(broken)),
        }
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_the_standard_says() {
        use Wanted::{All, Nothing, Part};
        for (range, expect) in [
            ("bytes=0-99", Part(0, 99)),
            ("bytes=40-", Part(40, 999)),
            ("bytes=900-5000", Part(900, 999)),
            ("bytes=-100", Part(900, 999)),
            ("bytes=-5000", Part(0, 999)),
            ("bytes=1000-", Nothing),
            ("bytes=-0", Nothing),
            ("bytes=9-3", All),
            ("bytes=0-1,5-6", All),
            ("bytes=a-b", All),
            ("lines=1-2", All),
            ("", All),
        ] {
            assert_eq!(wanted(range, 1_000), expect, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Nothing);
    }
}
