//! What happened in a call, what was said, and the SIP messages. Lines are only ever added.

use app::domain::call::{Happening, Said, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::CallId;

use super::row::{At, json};
use super::{Conn, StoreError, Tx, sql};

pub async fn add_event(tx: &mut Tx, call: CallId, event: &TimelineEvent) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into call_events (call_id, seq, at, what)
        select $1, coalesce(max(seq), 0) + 1, $2, $3
        from call_events
        where call_id = $1";
    let what = json::write(&event.what)?;
    sql!(tx, on => sqlx::query(SQL)
        .bind(call.as_uuid())
        .bind(event.at)
        .bind(what)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
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

pub async fn add_line(tx: &mut Tx, call: CallId, line: &TranscriptLine) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into transcript_lines (call_id, seq, speaker, what, text, start_ms, end_ms)
        select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6
        from transcript_lines
        where call_id = $1";
    let (what, text) = match &line.said {
        Said::Words(text) => ("words", Some(text.replace('\0', "\u{fffd}"))),
        Said::Digits(digits) => ("digits", Some(digits.clone())),
        Said::Speech => ("speech", None),
    };
    sql!(tx, on => sqlx::query(SQL)
        .bind(call.as_uuid())
        .bind(line.speaker.as_str())
        .bind(what)
        .bind(text)
        .bind(i64::from(line.start_ms))
        .bind(i64::from(line.end_ms))
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
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

/// The message must have lost its secrets before it comes here.
pub async fn add_message(
    tx: &mut Tx,
    call: CallId,
    message: &SipMessageRecord,
) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into call_messages (call_id, seq, at, sent, peer, transport, summary, raw)
        select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7
        from call_messages
        where call_id = $1";
    let summary = message.summary.replace('\0', "\u{fffd}");
    sql!(tx, on => sqlx::query(SQL)
        .bind(call.as_uuid())
        .bind(message.at)
        .bind(message.sent)
        .bind(message.peer.as_str())
        .bind(message.transport.to_string())
        .bind(summary)
        .bind(message.text.as_bytes())
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
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
