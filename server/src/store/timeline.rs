//! What happened in a call, what was said, and the SIP messages. Lines are only ever added.

use app::domain::call::{Happening, Said, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::CallId;

use super::row::{At, json};
use super::rows::{places, portions};
use super::{Conn, StoreError, Tx, sql};

/// Goes on after what there is of its call: `column2` is the place in this statement.
macro_rules! add {
    ($tx:expr, $table:literal, $columns:literal, $rows:expr, $row:ident, $query:ident => $bound:expr) => {{
        let width = $columns.split(',').count();
        for portion in portions($rows) {
            let others: String = (3..=width).map(|at| format!(", column{at}")).collect();
            let text = format!(
                "insert into {table} ({columns})
                 select column1,
                        column2 + coalesce((select max(seq) from {table} where call_id = column1), 0){others}
                 from (values {places}) as added",
                table = $table,
                columns = $columns,
                places = places($tx, portion.len(), width)
            );
            sql!($tx, on => {
                let mut $query = sqlx::query(&text);
                for (place, $row) in (1_i64..).zip(portion) {
                    $query = $query.bind($row.0.as_uuid()).bind(place);
                    $query = $bound;
                }
                $query.execute(on).await.map(drop)
            })?;
        }
        Ok(())
    }};
}

pub async fn add_events(
    tx: &mut Tx,
    events: &[(CallId, &TimelineEvent)],
) -> Result<(), StoreError> {
    let rows = events
        .iter()
        .map(|(call, event)| Ok((*call, event.at, json::write(&event.what)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    add!(tx, "call_events", "call_id, seq, at, what", &rows, row, query => query
        .bind(row.1)
        .bind(row.2.as_str()))
}

pub async fn events(conn: &mut Conn, call: CallId) -> Result<Vec<TimelineEvent>, StoreError> {
    const SQL: &str = "
        select at, what
        from call_events
        where call_id = $1
        order by seq";
    let rows: Vec<(i64, String)> =
        sql!(conn, on => sqlx::query_as(SQL).bind(call.as_uuid()).fetch_all(on).await)?;
    let place = At {
        table: "call_events",
        row: call,
    };
    rows.into_iter()
        .map(|(at, what)| {
            Ok(TimelineEvent {
                at,
                what: place.json::<Happening>("what", &what)?,
            })
        })
        .collect()
}

pub async fn add_lines(tx: &mut Tx, lines: &[(CallId, &TranscriptLine)]) -> Result<(), StoreError> {
    let said = |line: &TranscriptLine| match &line.said {
        Said::Words(text) => ("words", Some(text.replace('\0', "\u{fffd}"))),
        Said::Digits(digits) => ("digits", Some(digits.clone())),
        Said::Speech => ("speech", None),
    };
    add!(tx, "transcript_lines", "call_id, seq, speaker, what, text, start_ms, end_ms", lines, row, query => {
        let (what, text) = said(row.1);
        query
            .bind(row.1.speaker.as_str())
            .bind(what)
            .bind(text)
            .bind(i64::from(row.1.start_ms))
            .bind(i64::from(row.1.end_ms))
    })
}

#[derive(sqlx::FromRow)]
struct LineRow {
    speaker: String,
    what: String,
    text: Option<String>,
    start_ms: i64,
    end_ms: i64,
}

pub async fn transcript(conn: &mut Conn, call: CallId) -> Result<Vec<TranscriptLine>, StoreError> {
    const SQL: &str = "
        select speaker, what, text, start_ms, end_ms
        from transcript_lines
        where call_id = $1
        order by seq";
    let rows: Vec<LineRow> =
        sql!(conn, on => sqlx::query_as(SQL).bind(call.as_uuid()).fetch_all(on).await)?;
    let at = At {
        table: "transcript_lines",
        row: call,
    };
    rows.into_iter()
        .map(|row| {
            let said = match (row.what.as_str(), row.text) {
                ("words", Some(text)) => Said::Words(text),
                ("digits", Some(digits)) => Said::Digits(digits),
                ("speech", _) => Said::Speech,
                _ => return Err(at.corrupt("what")),
            };
            Ok(TranscriptLine {
                speaker: at.parse("speaker", &row.speaker)?,
                said,
                start_ms: at.count("start_ms", row.start_ms)?,
                end_ms: at.count("end_ms", row.end_ms)?,
            })
        })
        .collect()
}

/// The messages must have lost their secrets before they come here.
pub async fn add_messages(
    tx: &mut Tx,
    messages: &[(CallId, &SipMessageRecord)],
) -> Result<(), StoreError> {
    add!(tx, "call_messages", "call_id, seq, at, sent, peer, transport, summary, raw", messages, row, query => query
        .bind(row.1.at)
        .bind(row.1.sent)
        .bind(row.1.peer.as_str())
        .bind(row.1.transport.to_string())
        .bind(row.1.summary.replace('\0', "\u{fffd}"))
        .bind(row.1.text.as_bytes()))
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    at: i64,
    sent: bool,
    peer: String,
    transport: String,
    summary: String,
    raw: Vec<u8>,
}

pub async fn messages(conn: &mut Conn, call: CallId) -> Result<Vec<SipMessageRecord>, StoreError> {
    const SQL: &str = "
        select at, sent, peer, transport, summary, raw
        from call_messages
        where call_id = $1
        order by seq";
    let rows: Vec<MessageRow> =
        sql!(conn, on => sqlx::query_as(SQL).bind(call.as_uuid()).fetch_all(on).await)?;
    let at = At {
        table: "call_messages",
        row: call,
    };
    rows.into_iter()
        .map(|row| {
            Ok(SipMessageRecord {
                at: row.at,
                sent: row.sent,
                peer: row.peer,
                transport: at.parse("transport", &row.transport)?,
                summary: row.summary,
                text: String::from_utf8_lossy(&row.raw).into_owned(),
            })
        })
        .collect()
}
