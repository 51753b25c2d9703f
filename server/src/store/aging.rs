//! What is deleted because it has become old. How old that is, the service says.

use app::domain::id::CallId;
use uuid::Uuid;

use super::{Conn, StoreError, Tx, sql};

/// SIP messages of calls; the calls stay.
pub async fn delete_messages(tx: &mut Tx, before: i64) -> Result<(), StoreError> {
    for table in ["call_traces", "call_messages"] {
        let text = format!("delete from {table} where at < $1");
        sql!(tx, on => sqlx::query(&text).bind(before).execute(on).await.map(drop))?;
    }
    Ok(())
}

pub async fn delete_audit(tx: &mut Tx, before: i64) -> Result<u64, StoreError> {
    const SQL: &str = "delete from audit where at < $1";
    let gone = sql!(tx, on => sqlx::query(SQL).bind(before).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(gone)
}

/// Recordings of calls that began before and have ended, oldest first, and where each is.
pub async fn recordings(
    conn: &mut Conn,
    before: i64,
    most: i64,
) -> Result<Vec<(CallId, String)>, StoreError> {
    const SQL: &str = "
        select id, recording_path
        from calls
        where started_at < $1 and state = 'ended' and recording_path is not null
        order by started_at, id
        limit $2";
    let rows: Vec<(Uuid, String)> =
        sql!(conn, on => sqlx::query_as(SQL).bind(before).bind(most).fetch_all(on).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, path)| (CallId::from_uuid(id), path))
        .collect())
}

/// The file is gone.
pub async fn forget_recording(tx: &mut Tx, call: CallId) -> Result<(), StoreError> {
    const SQL: &str = "
        update calls
        set recording = 'deleted', recording_path = null
        where id = $1";
    sql!(tx, on => sqlx::query(SQL).bind(call.as_uuid()).execute(on).await.map(drop))?;
    Ok(())
}
