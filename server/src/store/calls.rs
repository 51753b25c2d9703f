//! Calls: the row that lists show, and its receipt. What was said and what happened is in `timeline`, lists are in `inbox`.

use std::net::IpAddr;

use app::domain::call::{Call, CallEnd, CallerId, EndReason, Quality};
use app::domain::id::{AccessId, AgentId, CallId, OutboundTrunkId};
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Came, Receipt};
use uuid::Uuid;

use super::row::{At, clean, json};
use super::rows::{places, portions};
use super::{Conn, StoreError, Tx, sql};

/// What the call page shows beside the row.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CallPapers {
    pub receipt: Receipt,
    /// Codecs the peer offered.
    pub offered: Vec<String>,
    pub quality: Option<Quality>,
    /// Relative to the folder of recordings.
    pub recording_path: Option<String>,
    /// Which server process answered.
    pub instance: String,
}

#[derive(sqlx::FromRow)]
pub(super) struct CallRow {
    id: Uuid,
    direction: String,
    state: String,
    reason: Option<String>,
    result: Option<String>,
    status: Option<i64>,
    caller_number: Option<String>,
    caller_name: Option<String>,
    caller_anonymous: bool,
    caller_raw: String,
    caller_asserted: Option<String>,
    diverted_from: Option<String>,
    number: Option<String>,
    sent_as: String,
    access_id: Option<Uuid>,
    access_label: Option<String>,
    agent_id: Option<Uuid>,
    agent_name: Option<String>,
    source: Option<String>,
    transport: Option<String>,
    software: Option<String>,
    sip_call_id: String,
    repeats: i64,
    late: bool,
    started_at: i64,
    ringing_at: Option<i64>,
    answered_at: Option<i64>,
    first_audio_at: Option<i64>,
    ended_at: Option<i64>,
    codec: Option<String>,
    recording: String,
    trunk_id: Option<Uuid>,
    trunk_label: Option<String>,
    parent_id: Option<Uuid>,
    phrase: Option<String>,
}

macro_rules! columns {
    () => {
        "id, direction, state, reason, result, status, caller_number, caller_name, caller_anonymous, caller_raw,
         caller_asserted, diverted_from, number, sent_as, access_id, access_label, agent_id, agent_name, source,
         transport, software, sip_call_id, repeats, late, started_at, ringing_at, answered_at, first_audio_at,
         ended_at, codec, recording, trunk_id, trunk_label, parent_id, phrase"
    };
}
pub(super) use columns;

pub async fn get(conn: &mut Conn, id: CallId) -> Result<Option<Call>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from calls where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, CallRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Call::try_from).transpose()
}

/// Calls that have not ended: what runs, and what a crash left open.
pub async fn unfinished(conn: &mut Conn) -> Result<Vec<(Call, String)>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from calls where state <> 'ended' order by started_at desc, id desc"
    );
    const OWNERS: &str = "select id, instance from calls where state <> 'ended'";
    let rows = sql!(conn, on => sqlx::query_as::<_, CallRow>(SQL).fetch_all(on).await)?;
    let owners: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(OWNERS).fetch_all(on).await)?;
    let owners: std::collections::HashMap<_, _> = owners.into_iter().collect();
    rows.into_iter()
        .map(|row| {
            let owner = owners.get(&row.id).cloned().unwrap_or_default();
            Ok((Call::try_from(row)?, owner))
        })
        .collect()
}

pub async fn papers(conn: &mut Conn, id: CallId) -> Result<Option<CallPapers>, StoreError> {
    const SQL: &str = "
        select receipt, offered, quality, recording_path, instance
        from calls
        where id = $1";
    type Papers = (String, String, Option<String>, Option<String>, String);
    let row: Option<Papers> =
        sql!(conn, on => sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    let Some((receipt, offered, quality, recording_path, instance)) = row else {
        return Ok(None);
    };
    let at = At {
        table: "calls",
        row: id,
    };
    Ok(Some(CallPapers {
        receipt: at.json("receipt", &receipt)?,
        offered: at.json("offered", &offered)?,
        quality: quality
            .map(|quality| at.json("quality", &quality))
            .transpose()?,
        recording_path,
        instance,
    }))
}

/// Writes the row as it is now, new or not. Only the process that owns a call writes it, so there is no
/// version to mind.
pub async fn save(tx: &mut Tx, call: &Call, papers: &CallPapers) -> Result<(), StoreError> {
    save_all(tx, &[(call, papers)]).await
}

/// The same for several, each of them once.
pub async fn save_all(tx: &mut Tx, calls: &[(&Call, &CallPapers)]) -> Result<(), StoreError> {
    const COLUMNS: &str = concat!(
        columns!(),
        ", receipt, offered, quality, recording_path, instance, refused, searched"
    );
    // The rest is known from the beginning. SQLite writes anew each index of a column that is named here, changed or not.
    const UPDATE: &str = "
        on conflict (id) do update
        set state = excluded.state, reason = excluded.reason, result = excluded.result, status = excluded.status,
            agent_id = excluded.agent_id, agent_name = excluded.agent_name, repeats = excluded.repeats,
            late = excluded.late, ringing_at = excluded.ringing_at,
            answered_at = excluded.answered_at, first_audio_at = excluded.first_audio_at,
            ended_at = excluded.ended_at, codec = excluded.codec, recording = excluded.recording,
            receipt = excluded.receipt, offered = excluded.offered, quality = excluded.quality,
            recording_path = excluded.recording_path, instance = excluded.instance, phrase = excluded.phrase,
            source = excluded.source, transport = excluded.transport, software = excluded.software,
            sip_call_id = excluded.sip_call_id";
    let width = COLUMNS.split(',').count();
    let (refused, others) = refused_apart(calls);
    let refused = portions(&refused).map(|portion| (portion, ", refused = excluded.refused"));
    let others = portions(&others).map(|portion| (portion, ""));
    for (portion, also) in refused.chain(others) {
        let places = places(tx, portion.len(), width);
        let text = format!("insert into calls ({COLUMNS}) values {places} {UPDATE}{also}");
        let papers = portion
            .iter()
            .map(|(_, papers)| {
                let quality = papers.quality.as_ref().map(json::write).transpose()?;
                Ok((
                    json::write(&papers.receipt)?,
                    json::write(&papers.offered)?,
                    quality,
                ))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        sql!(tx, on => {
            let mut query = sqlx::query(&text);
            for ((call, paper), (receipt, offered, quality)) in portion.iter().zip(&papers) {
                query = query
                .bind(call.id.as_uuid())
                .bind(call.direction.as_str())
                .bind(call.state.as_str())
                .bind(call.end.map(|end| end.reason.code()))
                .bind(call.end.map(|end| end.result.as_str()))
                .bind(call.end.and_then(|end| end.status).map(i64::from))
                .bind(call.caller.number.as_ref().map(PhoneNumber::as_str))
                .bind(call.caller.name.as_deref())
                .bind(call.caller.anonymous)
                .bind(clean(&call.caller.raw_from))
                .bind(call.caller.asserted.as_deref().map(clean))
                .bind(call.caller.diverted_from.as_deref().map(clean))
                .bind(call.number.as_ref().map(PhoneNumber::as_str))
                .bind(clean(&call.sent_as))
                .bind(call.access.map(|id| id.as_uuid()))
                .bind(call.access_label.as_deref())
                .bind(call.agent.map(|id| id.as_uuid()))
                .bind(call.agent_name.as_deref())
                .bind(call.source.map(|source| source.to_string()))
                .bind(call.transport.map(|transport| transport.to_string()))
                .bind(call.software.as_deref().map(clean))
                .bind(clean(&call.sip_call_id))
                .bind(i64::from(call.repeats))
                .bind(call.late)
                .bind(call.started_at)
                .bind(call.ringing_at)
                .bind(call.answered_at)
                .bind(call.first_audio_at)
                .bind(call.ended_at)
                .bind(call.codec.as_deref())
                .bind(call.recording.as_str())
                .bind(call.trunk.map(|id| id.as_uuid()))
                .bind(call.trunk_label.as_deref())
                .bind(call.parent.map(|id| id.as_uuid()))
                .bind(call.phrase.as_deref().map(clean))
                .bind(receipt.as_str())
                .bind(offered.as_str())
                .bind(quality.as_deref())
                .bind(paper.recording_path.as_deref())
                .bind(paper.instance.as_str())
                .bind(is_refused(call))
                .bind(searched(call));
            }
            query.execute(on).await.map(drop)
        })?;
    }
    Ok(())
}

/// Rows that are there already, as they are now, each of them once. The half of it that never changes, and with it
/// most of its indexes, is not written again. One that was lost, as neither database nor file had room for it, is made
/// anew; answers which may have been.
pub async fn change_all(
    tx: &mut Tx,
    calls: &[(&Call, &CallPapers)],
) -> Result<Vec<CallId>, StoreError> {
    const UPDATE: &str = "
        update calls
        set state = column2, reason = column3, result = column4, status = column5, phrase = column6,
            source = column7, transport = column8, software = column9, sip_call_id = column10,
            late = column11, ringing_at = column12, answered_at = column13, first_audio_at = column14,
            ended_at = column15, codec = column16, recording = column17, quality = column18,
            recording_path = column19";
    const WIDTH: usize = 19;
    let (refused, others) = refused_apart(calls);
    let refused = portions(&refused).map(|portion| (portion, ", refused = true"));
    let others = portions(&others).map(|portion| (portion, ""));
    let mut lost = Vec::new();
    for (portion, also) in refused.chain(others) {
        let places = places(tx, portion.len(), WIDTH);
        let text = format!("{UPDATE}{also} from (values {places}) as changed where id = column1");
        let qualities = portion
            .iter()
            .map(|(_, papers)| papers.quality.as_ref().map(json::write).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let found = sql!(tx, on => {
            let mut query = sqlx::query(&text);
            for ((call, papers), quality) in portion.iter().zip(&qualities) {
                query = query
                    .bind(call.id.as_uuid())
                    .bind(call.state.as_str())
                    .bind(call.end.map(|end| end.reason.code()))
                    .bind(call.end.map(|end| end.result.as_str()))
                    .bind(call.end.and_then(|end| end.status).map(i64::from))
                    .bind(call.phrase.as_deref().map(clean))
                    .bind(call.source.map(|source| source.to_string()))
                    .bind(call.transport.map(|transport| transport.to_string()))
                    .bind(call.software.as_deref().map(clean))
                    .bind(clean(&call.sip_call_id))
                    .bind(call.late)
                    .bind(call.ringing_at)
                    .bind(call.answered_at)
                    .bind(call.first_audio_at)
                    .bind(call.ended_at)
                    .bind(call.codec.as_deref())
                    .bind(call.recording.as_str())
                    .bind(quality.as_deref())
                    .bind(papers.recording_path.as_deref());
            }
            query.execute(on).await.map(|done| done.rows_affected())
        })?;
        if usize::try_from(found) != Ok(portion.len()) {
            save_all(tx, portion).await?;
            lost.extend(portion.iter().map(|(call, _)| call.id));
        }
    }
    Ok(lost)
}

/// Whether a row is a refusal is in an index, which is written anew if it is named: only those that are name it.
fn refused_apart<'a, T>(calls: &[(&'a Call, &'a T)]) -> (Rows<'a, T>, Rows<'a, T>) {
    calls.iter().partition(|(call, _)| is_refused(call))
}

type Rows<'a, T> = Vec<(&'a Call, &'a T)>;

fn is_refused(call: &Call) -> bool {
    call.end
        .is_some_and(|end| matches!(end.reason, EndReason::Refused(_)))
}

/// What a search for part of a number looks at. Of a number that never changes, so it is written once.
fn searched(call: &Call) -> String {
    const MOST: usize = 200;
    let number = |number: &Option<PhoneNumber>| number.as_ref().map(ToString::to_string);
    let (to, from) = (number(&call.number), number(&call.caller.number));
    let whole = [
        to.unwrap_or_default().into(),
        from.unwrap_or_default().into(),
        clean(&call.sent_as),
    ]
    .join(" ");
    whole.to_lowercase().chars().take(MOST).collect()
}

/// The further legs of one call, oldest first.
pub async fn legs(conn: &mut Conn, parent: CallId) -> Result<Vec<Call>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from calls where parent_id = $1 order by started_at, id"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, CallRow>(SQL).bind(parent.as_uuid()).fetch_all(on).await)?;
    rows.into_iter().map(Call::try_from).collect()
}

/// The call at the other end, where both ends are ours: it came in under the same Call-ID at about the same time.
pub async fn other_side(conn: &mut Conn, call: &Call) -> Result<Option<Call>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from calls
        where sip_call_id = $1 and direction = 'inbound' and id <> $2 and started_at between $3 and $4
        order by started_at desc
        limit 1"
    );
    // Far more than a call takes to come in again, and far less than looking through all calls when none did.
    const SOON_MS: i64 = 3_600_000;
    let row = sql!(conn, on => sqlx::query_as::<_, CallRow>(SQL)
        .bind(call.sip_call_id.as_str())
        .bind(call.id.as_uuid())
        .bind(call.started_at - SOON_MS)
        .bind(call.started_at + SOON_MS)
        .fetch_optional(on)
        .await)?;
    row.map(Call::try_from).transpose()
}

/// One more of the same refusal.
pub async fn repeat(tx: &mut Tx, id: CallId, repeats: u32) -> Result<(), StoreError> {
    const SQL: &str = "update calls set repeats = $2 where id = $1";
    let repeats = i64::from(repeats);
    sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).bind(repeats).execute(on).await.map(drop))?;
    Ok(())
}

/// The calls since a moment that an access or a registration let in, with their receipts, newest first.
pub async fn let_in_since(conn: &mut Conn, since: i64, most: u32) -> Result<Vec<Came>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct CameRow {
        #[sqlx(flatten)]
        row: CallRow,
        receipt: String,
        offered: String,
    }
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", receipt, offered
        from calls
        where started_at >= $1 and direction = 'inbound' and (access_id is not null or trunk_id is not null)
        order by started_at desc, id desc
        limit $2"
    );
    let rows: Vec<CameRow> = sql!(conn, on => sqlx::query_as(SQL)
        .bind(since)
        .bind(i64::from(most))
        .fetch_all(on)
        .await)?;
    let read = |found: CameRow| {
        let at = At {
            table: "calls",
            row: found.row.id,
        };
        Ok(Came {
            receipt: at.json("receipt", &found.receipt)?,
            offered: at.json("offered", &found.offered)?,
            call: Call::try_from(found.row)?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// What became of the calls since a moment: result and how many. Not grouped by the column itself:
/// SQLite would read all calls in the order of its index.
pub async fn results_since(conn: &mut Conn, since: i64) -> Result<Vec<(String, i64)>, StoreError> {
    const SQL: &str = "
        select ended_as, cast(sum(repeats) as bigint)
        from (select coalesce(result, '') as ended_as, repeats from calls where started_at >= $1) as recent
        where ended_as <> ''
        group by ended_as
        order by ended_as";
    Ok(sql!(conn, on => sqlx::query_as(SQL).bind(since).fetch_all(on).await)?)
}

/// Takes calls out that started before a moment, with all that hangs on them; says how many went.
/// One that still has a recording stays: without its row nobody would know of the file.
pub async fn delete_before(tx: &mut Tx, before: i64) -> Result<u64, StoreError> {
    const SQL: &str = "
        delete from calls
        where started_at < $1 and state = 'ended' and recording_path is null";
    Ok(
        sql!(tx, on => sqlx::query(SQL).bind(before).execute(on).await.map(|done| done.rows_affected()))?,
    )
}

impl TryFrom<CallRow> for Call {
    type Error = StoreError;

    fn try_from(row: CallRow) -> Result<Self, StoreError> {
        let at = At {
            table: "calls",
            row: row.id,
        };
        let end = match (row.reason.as_deref(), row.result.as_deref()) {
            (Some(reason), Some(result)) => Some(CallEnd {
                reason: EndReason::from_code(reason).ok_or_else(|| at.corrupt("reason"))?,
                result: at.parse("result", result)?,
                status: row
                    .status
                    .map(|status| u16::try_from(status).map_err(|_| at.corrupt("status")))
                    .transpose()?,
            }),
            _ => None,
        };
        Ok(Self {
            id: CallId::from_uuid(row.id),
            direction: at.parse("direction", &row.direction)?,
            state: at.parse("state", &row.state)?,
            end,
            phrase: row.phrase,
            caller: CallerId {
                number: at.parse_some("caller_number", row.caller_number.as_deref())?,
                name: row.caller_name,
                anonymous: row.caller_anonymous,
                raw_from: row.caller_raw,
                asserted: row.caller_asserted,
                diverted_from: row.diverted_from,
            },
            number: at.parse_some("number", row.number.as_deref())?,
            sent_as: row.sent_as,
            trunk: row.trunk_id.map(OutboundTrunkId::from_uuid),
            trunk_label: row.trunk_label,
            parent: row.parent_id.map(CallId::from_uuid),
            access: row.access_id.map(AccessId::from_uuid),
            access_label: row.access_label,
            agent: row.agent_id.map(AgentId::from_uuid),
            agent_name: row.agent_name,
            source: at.parse_some::<IpAddr>("source", row.source.as_deref())?,
            transport: at.parse_some("transport", row.transport.as_deref())?,
            software: row.software,
            sip_call_id: row.sip_call_id,
            repeats: at.count("repeats", row.repeats)?,
            late: row.late,
            started_at: row.started_at,
            ringing_at: row.ringing_at,
            answered_at: row.answered_at,
            first_audio_at: row.first_audio_at,
            ended_at: row.ended_at,
            codec: row.codec,
            recording: at.parse("recording", &row.recording)?,
        })
    }
}
