//! The server processes that share this database: who is alive, and what runs at the others.
//!
//! Leases are reckoned by the database's clock, because the machines' own may differ.

use app::domain::call::Direction;
use app::domain::id::{AccessId, AgentId, OutboundTrunkId};
use uuid::Uuid;

use super::row::At;
use super::{Conn, Side, StoreError, Tx, sql};

/// Any number that nobody else locks by.
const SWEEP_LOCK: i64 = 0x5057_4545_5000;

/// Calls of one kind that run at other instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub direction: Direction,
    pub access: Option<AccessId>,
    pub agent: Option<AgentId>,
    pub trunk: Option<OutboundTrunkId>,
    pub calls: u32,
    /// Seconds they have talked, together.
    pub talked_s: u64,
}

#[derive(sqlx::FromRow)]
struct ElsewhereRow {
    direction: String,
    access_id: Option<Uuid>,
    agent_id: Option<Uuid>,
    trunk_id: Option<Uuid>,
    calls: i64,
    talked_ms: i64,
}

/// Unix milliseconds by the database's clock.
pub async fn now(conn: &mut Conn) -> Result<i64, StoreError> {
    const SQLITE: &str = "select cast(unixepoch('subsec') * 1000 as integer)";
    const POSTGRES: &str = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
    let text = if conn.is_sqlite() { SQLITE } else { POSTGRES };
    Ok(sql!(conn, on => sqlx::query_scalar(text).fetch_one(on).await)?)
}

/// Says that this instance is alive. Answers whether its lease held until now: if not, others may have taken it for
/// dead meanwhile.
pub async fn renew(tx: &mut Tx, name: &str, lease_ms: i64) -> Result<bool, StoreError> {
    const HELD: &str = "select lease_until from instances where name = $1";
    const SQL: &str = "
        insert into instances (name, lease_until)
        values ($1, $2)
        on conflict (name) do update set lease_until = excluded.lease_until";
    let now = now(tx).await?;
    let held: Option<i64> =
        sql!(tx, on => sqlx::query_scalar(HELD).bind(name).fetch_optional(on).await)?;
    sql!(tx, on => sqlx::query(SQL).bind(name).bind(now + lease_ms).execute(on).await.map(drop))?;
    Ok(held.is_some_and(|until| until >= now))
}

/// Those whose lease holds.
pub async fn alive(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "select name from instances where lease_until >= $1";
    let now = now(conn).await?;
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).bind(now).fetch_all(on).await)?)
}

/// Whether this transaction may give ends to the calls of the dead: one instance at a time does.
pub async fn may_sweep(tx: &mut Tx) -> Result<bool, StoreError> {
    match Conn::side(tx) {
        Side::Sqlite(_) => Ok(true),
        Side::Postgres(on) => Ok(sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
            .bind(SWEEP_LOCK)
            .fetch_one(on)
            .await?),
    }
}

/// What runs at all instances but this one; `now` ends what they have talked so far.
pub async fn elsewhere(
    conn: &mut Conn,
    name: &str,
    now: i64,
) -> Result<Vec<Elsewhere>, StoreError> {
    const SQL: &str = "
        select direction, access_id, agent_id, trunk_id, count(*) as calls,
               cast(coalesce(sum($2 - answered_at), 0) as bigint) as talked_ms
        from calls
        where state <> 'ended' and instance <> $1
        group by direction, access_id, agent_id, trunk_id";
    let rows = sql!(conn, on => sqlx::query_as::<_, ElsewhereRow>(SQL).bind(name).bind(now).fetch_all(on).await)?;
    rows.into_iter().map(Elsewhere::try_from).collect()
}

impl TryFrom<ElsewhereRow> for Elsewhere {
    type Error = StoreError;

    fn try_from(row: ElsewhereRow) -> Result<Self, StoreError> {
        let at = At {
            table: "calls",
            row: "elsewhere",
        };
        Ok(Self {
            direction: at.parse("direction", &row.direction)?,
            access: row.access_id.map(AccessId::from_uuid),
            agent: row.agent_id.map(AgentId::from_uuid),
            trunk: row.trunk_id.map(OutboundTrunkId::from_uuid),
            calls: at.count("calls", row.calls)?,
            talked_s: u64::try_from(row.talked_ms / 1000).unwrap_or(0),
        })
    }
}
