//! What happened in a call, what was said, and the SIP messages. Rows are only ever added.
//!
//! What one commit adds to a call's events or messages is one row, an array: beside a row each has of its own (its
//! key, the check that its call is there, its place among the others) most of them are small.

use std::collections::HashMap;

use app::domain::call::{Happening, Said, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::CallId;
use serde::{Deserialize, Serialize};

use super::row::{At, clean, json};
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

/// At most so many in a row: of messages as long as there are, that is some megabytes.
const IN_A_ROW: usize = 64;

/// A row of some that belong together: their call, when the first was, and all of them as JSON.
type Bundle = (CallId, i64, String);

/// By call, each call's in their order.
fn bundles<T: Serialize>(
    rows: &[(CallId, &T)],
    at: impl Fn(&T) -> i64,
) -> Result<Vec<Bundle>, StoreError> {
    let mut bundles: Vec<(CallId, i64, Vec<&T>)> = Vec::new();
    let mut open: HashMap<CallId, usize> = HashMap::new();
    for (call, row) in rows {
        let bundle = open.get(call).and_then(|place| bundles.get_mut(*place));
        match bundle {
            Some((.., bundle)) if bundle.len() < IN_A_ROW => bundle.push(row),
            _ => {
                open.insert(*call, bundles.len());
                bundles.push((*call, at(row), vec![row]));
            }
        }
    }
    let written = bundles
        .into_iter()
        .map(|(call, first, bundle)| Ok((call, first, json::write(&bundle)?)));
    written.collect()
}

pub async fn add_events(
    tx: &mut Tx,
    events: &[(CallId, &TimelineEvent)],
) -> Result<(), StoreError> {
    let rows = bundles(events, |event| event.at)?;
    add!(tx, "call_events", "call_id, seq, at, what", &rows, row, query => query
        .bind(row.1)
        .bind(row.2.as_str()))
}

/// What a row of `call_events` holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Events {
    Several(Vec<TimelineEvent>),
    /// Of before, when each had a row and its time beside it.
    One(Happening),
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
    let mut events = Vec::new();
    for (at, what) in rows {
        match place.json("what", &what)? {
            Events::Several(several) => events.extend(several),
            Events::One(what) => events.push(TimelineEvent { at, what }),
        }
    }
    Ok(events)
}

pub async fn add_lines(tx: &mut Tx, lines: &[(CallId, &TranscriptLine)]) -> Result<(), StoreError> {
    let said = |line: &TranscriptLine| match &line.said {
        Said::Words(text) => ("words", Some(clean(text).into_owned())),
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

/// The messages must have lost their secrets before they come here. JSON escapes U+0000, which PostgreSQL's text refuses.
pub async fn add_messages(
    tx: &mut Tx,
    messages: &[(CallId, &SipMessageRecord)],
) -> Result<(), StoreError> {
    let rows = bundles(messages, |message| message.at)?;
    add!(tx, "call_traces", "call_id, seq, at, messages", &rows, row, query => query
        .bind(row.1)
        .bind(row.2.as_str()))
}

pub async fn messages(conn: &mut Conn, call: CallId) -> Result<Vec<SipMessageRecord>, StoreError> {
    const SQL: &str = "
        select messages
        from call_traces
        where call_id = $1
        order by seq";
    let mut messages = former_messages(conn, call).await?;
    let rows: Vec<String> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(call.as_uuid()).fetch_all(on).await)?;
    let at = At {
        table: "call_traces",
        row: call,
    };
    for row in rows {
        messages.extend(at.json::<Vec<SipMessageRecord>>("messages", &row)?);
    }
    Ok(messages)
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

/// Those kept when each had a row. They age.
async fn former_messages(
    conn: &mut Conn,
    call: CallId,
) -> Result<Vec<SipMessageRecord>, StoreError> {
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

#[cfg(test)]
mod tests {
    use app::domain::sip::Transport;

    use super::*;
    use crate::store::{DataKey, Db};

    #[tokio::test]
    async fn what_had_a_row_each_is_read_before_what_came_later() {
        const CALL: &str = "
            insert into calls (id, direction, state, caller_anonymous, caller_raw, sent_as, sip_call_id, repeats, late,
                               started_at, recording, receipt, offered, instance, refused)
            values ($1, 'inbound', 'answered', false, '', '', '', 0, false, 1, 'none', '{}', '[]', '', false)";
        const EVENT: &str = r#"
            insert into call_events (call_id, seq, at, what)
            values ($1, $2, $2, '{"event":"received"}')"#;
        const MESSAGE: &str = "
            insert into call_messages (call_id, seq, at, sent, peer, transport, summary, raw)
            values ($1, $2, $2, false, '203.0.113.1:5060', 'udp', 'ACK', cast('ACK' as blob))";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("rows.db").display());
        let db = Db::open(&url, DataKey::from_bytes([1; 32])).await.unwrap();
        let mut tx = db.append().await.unwrap();
        let call = CallId::from_uuid(uuid::Uuid::from_u128(7));
        sql!(&mut tx, on => sqlx::query(CALL).bind(call.as_uuid()).execute(on).await.map(drop))
            .unwrap();
        for text in [EVENT, MESSAGE] {
            for seq in [1, 2] {
                sql!(&mut tx, on => sqlx::query(text).bind(call.as_uuid()).bind(seq).execute(on).await.map(drop))
                    .unwrap();
            }
        }
        let event = |at| TimelineEvent {
            at,
            what: Happening::Received,
        };
        let message = |at| SipMessageRecord {
            at,
            sent: false,
            peer: "203.0.113.1:5060".to_owned(),
            transport: Transport::Udp,
            summary: "ACK".to_owned(),
            text: "ACK".to_owned(),
        };
        let (later, last) = (event(3), event(4));
        add_events(&mut tx, &[(call, &later), (call, &last)])
            .await
            .unwrap();
        let kept = message(3);
        add_messages(&mut tx, &[(call, &kept)]).await.unwrap();
        let all = events(&mut tx, call).await.unwrap();
        assert_eq!(all, [event(1), event(2), later, last]);
        let all = messages(&mut tx, call).await.unwrap();
        assert_eq!(all, [message(1), message(2), kept]);
    }
}
