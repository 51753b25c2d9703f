//! What the last calls say about how things are. Each question reads one index backwards
//! and stops early.

use app::domain::call::Quality;
use app::domain::health::{Heard, Refusals, Unanswered};
use app::domain::id::CallId;
use app::domain::page::Limit;
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, sql};

/// Numbers shown at most.
const NUMBERS: i64 = 5;

#[derive(sqlx::FromRow)]
struct RefusalRow {
    reason: String,
    count: i64,
    recent: i64,
    first_at: i64,
    last_at: i64,
}

/// Refused calls since a moment by reason, and how many of them since `recent`.
pub async fn refusals(
    conn: &mut Conn,
    since: i64,
    recent: i64,
) -> Result<Vec<Refusals>, StoreError> {
    const SQL: &str = "
        select reason, cast(sum(repeats) as bigint) as count,
               cast(sum(case when started_at >= $2 then repeats else 0 end) as bigint) as recent,
               min(started_at) as first_at, max(started_at) as last_at
        from calls
        where refused and started_at >= $1 and reason is not null
        group by reason
        order by count desc, reason";
    const SOURCE: &str = "
        select source
        from calls
        where refused and started_at >= $1 and reason = $2
        order by started_at desc, id desc
        limit 1";
    let rows = sql!(conn, on => sqlx::query_as::<_, RefusalRow>(SQL).bind(since).bind(recent).fetch_all(on).await)?;
    let mut found = Vec::new();
    for row in rows {
        // A reason of a newer binary says nothing here.
        let Some(reason) = known(&row.reason) else {
            continue;
        };
        let source: Option<Option<String>> = sql!(conn, on => sqlx::query_scalar(SOURCE)
            .bind(row.last_at)
            .bind(row.reason.as_str())
            .fetch_optional(on)
            .await)?;
        found.push(Refusals {
            reason,
            count: u64::try_from(row.count).unwrap_or(0),
            recent: u64::try_from(row.recent).unwrap_or(0),
            first_at: row.first_at,
            last_at: row.last_at,
            source: source.flatten().and_then(|source| source.parse().ok()),
            change: None,
        });
    }
    Ok(found)
}

fn known(code: &str) -> Option<app::domain::routing::Refusal> {
    use app::domain::routing::Refusal;
    Refusal::ALL
        .into_iter()
        .find(|refusal| refusal.code() == code)
}

/// Numbers on the trunk that were called since a moment while nobody answered them. Not grouped by the column itself:
/// SQLite would read all calls in the order of its index.
pub async fn unanswered(conn: &mut Conn, since: i64) -> Result<Vec<Unanswered>, StoreError> {
    const SQL: &str = "
        select called, cast(sum(repeats) as bigint) as count, max(started_at) as last_at
        from (select coalesce(number, '') as called, repeats, started_at
              from calls
              where refused and started_at >= $1 and reason = 'number_unassigned') as lately
        where called <> ''
        group by called
        order by count desc, called
        limit $2";
    let rows: Vec<(String, i64, i64)> =
        sql!(conn, on => sqlx::query_as(SQL).bind(since).bind(NUMBERS).fetch_all(on).await)?;
    let at = At {
        table: "calls",
        row: Uuid::nil(),
    };
    rows.into_iter()
        .map(|(number, count, last_at)| {
            Ok(Unanswered {
                number: at.parse("number", &number)?,
                count: u64::try_from(count).unwrap_or(0),
                last_at,
            })
        })
        .collect()
}

/// The newest answered calls since a moment that lasted long enough to be heard.
pub async fn heard(conn: &mut Conn, since: i64, newest: Limit) -> Result<Heard, StoreError> {
    const LEAST_MS: i64 = 3_000;
    const SQL: &str = "
        select id, quality
        from calls
        where started_at >= $1 and not refused and answered_at is not null and ended_at - answered_at >= $2
              and quality is not null
        order by started_at desc, id desc
        limit $3";
    let rows: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(SQL)
        .bind(since)
        .bind(LEAST_MS)
        .bind(newest.as_i64())
        .fetch_all(on)
        .await)?;
    let mut heard = Heard::default();
    for (id, quality) in rows {
        let at = At {
            table: "calls",
            row: CallId::from_uuid(id),
        };
        let quality: Quality = at.json("quality", &quality)?;
        heard.calls += 1;
        heard.silent += u32::from(quality.from_caller.packets == 0);
    }
    Ok(heard)
}

/// When a call that came from another machine was last answered. Loopback proves nothing.
pub async fn answered_from_outside(
    conn: &mut Conn,
) -> Result<Option<(i64, Option<String>)>, StoreError> {
    const SQL: &str = "
        select answered_at, source
        from calls
        where direction = 'inbound' and answered_at is not null
              and source not like '127.%' and source <> '::1'
        order by started_at desc, id desc
        limit 1";
    let row: Option<(Option<i64>, Option<String>)> =
        sql!(conn, on => sqlx::query_as(SQL).fetch_optional(on).await)?;
    Ok(row.and_then(|(at, source)| Some((at?, source))))
}
