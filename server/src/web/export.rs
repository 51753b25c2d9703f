//! Lists for spreadsheets: calls and numbers as CSV (RFC 4180), page after page, so that a
//! million rows need no more memory than a hundred. A cell never begins what a spreadsheet
//! would take for a formula.

use app::domain::call::{Call, CallFilter};
use app::domain::number::{NumberFilter, NumberRow};
use app::domain::page::{Cursor, Limit, Page};
use app::domain::phone::PhoneNumber;
use app::error::AppError;
use app::ports::Services;
use app::text::Text;
use app::ui::reader::Reader;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;

use super::evidence::{caller, refused};
use super::pages::Pages;

/// Excel takes a file for UTF-8 only with this in front.
const BOM: &str = "\u{feff}";

/// The filters of the Inbox, as its address has them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallsAsked {
    view: String,
    number: String,
    agent: String,
}

/// `GET /inbox/export.csv`
pub(super) async fn calls(
    State(pages): State<Pages>,
    Query(asked): Query<CallsAsked>,
    request: Request,
) -> Response {
    let caller = caller(&request);
    let reader = pages.reader(request.headers(), Some(&caller));
    let filter = app::pages::inbox::filter_of(&asked.view, &asked.number, &asked.agent, "");
    let filter = match filter {
        Ok(filter) => CallFilter {
            limit: Some(Limit::MAX),
            ..filter
        },
        Err(error) => return refused(&error),
    };
    let services = pages.services().clone();
    let say = reader.language.text();
    let head = [
        say.calls.id,
        say.calls.time,
        say.calls.from,
        say.calls.to,
        say.calls.sent_as,
        say.calls.agent,
        say.calls.result,
        say.calls.seconds,
        say.calls.source,
        say.calls.access,
        say.calls.call_id,
    ];
    let next = move |cursor: Option<Cursor>| {
        let (services, caller) = (services.clone(), caller.clone());
        let filter = CallFilter {
            cursor,
            ..filter.clone()
        };
        async move { services.calls.list(&caller, filter).await }
    };
    stream_of("calls", &head, next, move |call| {
        call_row(call, say, &reader)
    })
    .await
}

fn call_row(call: &Call, say: &Text, reader: &Reader) -> Vec<String> {
    let number = |number: &Option<PhoneNumber>| number.as_ref().map(ToString::to_string);
    let caller = if call.caller.anonymous {
        say.calls.anonymous.to_owned()
    } else {
        number(&call.caller.number).unwrap_or_default()
    };
    let seconds = call.answered_at.zip(call.ended_at);
    let seconds = seconds.map(|(from, to)| ((to - from).max(0) / 1000).to_string());
    vec![
        call.id.to_string(),
        reader.machine(call.started_at),
        caller,
        number(&call.number).unwrap_or_default(),
        call.sent_as.clone(),
        call.agent_name.clone().unwrap_or_default(),
        call.end.map_or_else(
            || call.state.to_string(),
            |end| say.end(end.reason).to_owned(),
        ),
        seconds.unwrap_or_default(),
        call.source
            .map(|source| source.to_string())
            .unwrap_or_default(),
        call.access_label.clone().unwrap_or_default(),
        call.sip_call_id.clone(),
    ]
}

/// The filters of the numbers' page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NumbersAsked {
    q: String,
    show: String,
}

/// `GET /channels/phone/numbers/export.csv`
pub(super) async fn numbers(
    State(pages): State<Pages>,
    Query(asked): Query<NumbersAsked>,
    request: Request,
) -> Response {
    let caller = caller(&request);
    let reader = pages.reader(request.headers(), Some(&caller));
    let services: Services = pages.services().clone();
    let say = reader.language.text();
    let head = [
        say.sip.number,
        say.access.label,
        say.sip.agent,
        say.numbers.on_trunk,
        say.sip.verified,
        say.sip.last_call,
    ];
    let filter = NumberFilter {
        limit: Some(Limit::MAX),
        ..app::pages::numbers::filter_of(asked.q, &asked.show)
    };
    let next = move |cursor: Option<Cursor>| {
        let (services, caller) = (services.clone(), caller.clone());
        let filter = NumberFilter {
            cursor,
            ..filter.clone()
        };
        async move { services.numbers.list(&caller, filter).await }
    };
    let row = move |row: &NumberRow| number_row(row, say, &reader);
    stream_of("numbers", &head, next, row).await
}

fn number_row(row: &NumberRow, say: &Text, reader: &Reader) -> Vec<String> {
    let time = |at: Option<i64>| at.map(|at| reader.machine(at)).unwrap_or_default();
    let on_trunk = if row.number.on_trunk {
        say.numbers.yes
    } else {
        say.numbers.no
    };
    vec![
        row.number.number.to_string(),
        row.number.label.clone().unwrap_or_default(),
        row.agent_name.clone().unwrap_or_default(),
        on_trunk.to_owned(),
        time(row.number.verified_at),
        time(row.number.last_call_at),
    ]
}

/// The first page decides about the status; a later one that fails cuts the file off, so
/// that nobody takes a part for the whole.
async fn stream_of<T, F, N>(
    name: &str,
    head: &[&str],
    next: N,
    row: impl Fn(&T) -> Vec<String> + Send + 'static,
) -> Response
where
    T: Send + 'static,
    F: Future<Output = Result<Page<T>, AppError>> + Send,
    N: Fn(Option<Cursor>) -> F + Send + Sync + 'static,
{
    let first = match next(None).await {
        Ok(page) => page,
        Err(error) => return refused(&error),
    };
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let start = format!("{BOM}{}", line(head));
    let pages = stream::try_unfold(
        (Some(first), Some(start), next, row),
        |(page, start, next, row)| async move {
            let Some(page) = page else {
                return Ok::<_, AppError>(None);
            };
            let mut text = start.unwrap_or_default();
            text.extend(page.items.iter().map(|item| line(row(item))));
            let following = match page.next {
                Some(cursor) => Some(next(Some(cursor)).await?),
                None => None,
            };
            Ok(Some((text, (following, None, next, row))))
        },
    );
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn line(cells: Vec<String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(&text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// Quoted where it must be. Text that begins like a formula gets an apostrophe in front
/// (OWASP, CSV injection); a phone number in E.164 stays one, because digits after a plus
/// can do nothing.
fn cell(text: &str) -> String {
    let is_number = text
        .strip_prefix('+')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number;
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', ';', '\r', '\n', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_none_breaks_out() {
        for (text, written) in [
            ("Front desk", "Front desk"),
            ("+14155550100", "+14155550100"),
            ("+1+cmd", "'+1+cmd"),
            ("+", "'+"),
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=a\r\n=b", "\"'=a\r\n=b\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }
}
