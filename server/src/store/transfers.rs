//! Attempts to hand a call on, and what became of them.

use app::domain::id::{CallId, DestinationId, TransferId};
use app::domain::transfer::{DestinationType, Place, Transfer, TransferTarget};
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

#[derive(sqlx::FromRow)]
struct TransferRow {
    id: Uuid,
    call_id: Uuid,
    destination_id: Option<Uuid>,
    name: String,
    r#type: String,
    value: String,
    mode: String,
    state: String,
    leg_id: Option<Uuid>,
    status: Option<i64>,
    reason: Option<String>,
    started_at: i64,
    ended_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, call_id, destination_id, name, type, value, mode, state, leg_id, status, reason, started_at, ended_at"
    };
}

/// Those of one call, oldest first.
pub async fn of_call(conn: &mut Conn, call: CallId) -> Result<Vec<Transfer>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from transfers where call_id = $1 order by started_at, id"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, TransferRow>(SQL).bind(call.as_uuid()).fetch_all(on).await)?;
    rows.into_iter().map(Transfer::try_from).collect()
}

pub async fn get(conn: &mut Conn, id: TransferId) -> Result<Option<Transfer>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from transfers where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, TransferRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Transfer::try_from).transpose()
}

/// Writes it as it is now. Only the process that has the call writes it.
pub async fn save(tx: &mut Tx, transfer: &Transfer) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into transfers (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (id) do update
        set mode = excluded.mode, state = excluded.state, leg_id = excluded.leg_id, status = excluded.status,
            reason = excluded.reason, ended_at = excluded.ended_at"
    );
    let target = &transfer.target;
    sql!(tx, on => sqlx::query(SQL)
        .bind(transfer.id.as_uuid())
        .bind(transfer.call.as_uuid())
        .bind(target.destination.map(|id| id.as_uuid()))
        .bind(target.name.as_str())
        .bind(target.place.kind().as_str())
        .bind(target.place.value())
        .bind(transfer.mode.as_str())
        .bind(transfer.state.as_str())
        .bind(transfer.leg.map(|id| id.as_uuid()))
        .bind(transfer.status.map(i64::from))
        .bind(transfer.reason.as_deref())
        .bind(transfer.started_at)
        .bind(transfer.ended_at)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

impl TryFrom<TransferRow> for Transfer {
    type Error = StoreError;

    fn try_from(row: TransferRow) -> Result<Self, StoreError> {
        let at = At {
            table: "transfers",
            row: row.id,
        };
        let place = match at.parse("type", &row.r#type)? {
            DestinationType::Phone => Place::Phone(at.parse("value", &row.value)?),
            DestinationType::Sip => Place::Sip(at.parse("value", &row.value)?, None),
            DestinationType::Hangup => Place::Hangup,
        };
        Ok(Self {
            id: TransferId::from_uuid(row.id),
            call: CallId::from_uuid(row.call_id),
            target: TransferTarget {
                destination: row.destination_id.map(DestinationId::from_uuid),
                name: row.name,
                place,
            },
            mode: at.parse("mode", &row.mode)?,
            state: at.parse("state", &row.state)?,
            leg: row.leg_id.map(CallId::from_uuid),
            status: row
                .status
                .map(|status| u16::try_from(status).map_err(|_| at.corrupt("status")))
                .transpose()?,
            reason: row.reason,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}
