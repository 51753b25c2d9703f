//! First answers to requests that carried an Idempotency-Key. An answer may hold a fresh password: sealed.

use uuid::Uuid;

use super::{Conn, Place, StoreError, Tx, sql};

/// What is known of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Hash of method, path and body: the same key with another one is a conflict.
    pub request: Vec<u8>,
    /// Status and body of the first answer; none while it is still being worked out.
    pub answer: Option<(u16, Vec<u8>)>,
}

/// Takes the key for this request; `false` if somebody has it.
pub async fn claim(
    tx: &mut Tx,
    owner: Uuid,
    name: &str,
    request: &[u8],
    now: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "
        insert into idempotency (owner, name, request, created_at)
        values ($1, $2, $3, $4)
        on conflict (owner, name) do nothing";
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(owner)
        .bind(name)
        .bind(request)
        .bind(now)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

pub async fn answer(
    tx: &mut Tx,
    owner: Uuid,
    name: &str,
    status: u16,
    body: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str =
        "update idempotency set status = $3, answer = $4 where owner = $1 and name = $2";
    let sealed = tx.key.seal(place(owner, name), body)?;
    sql!(tx, on => sqlx::query(SQL)
        .bind(owner)
        .bind(name)
        .bind(i64::from(status))
        .bind(sealed)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

pub async fn get(
    conn: &mut Conn,
    owner: Uuid,
    name: &str,
) -> Result<Option<Remembered>, StoreError> {
    const SQL: &str =
        "select request, status, answer from idempotency where owner = $1 and name = $2";
    type Row = (Vec<u8>, Option<i64>, Option<Vec<u8>>);
    let row: Option<Row> =
        sql!(conn, on => sqlx::query_as(SQL).bind(owner).bind(name).fetch_optional(on).await)?;
    let Some((request, status, sealed)) = row else {
        return Ok(None);
    };
    let answer = match (status.and_then(|status| u16::try_from(status).ok()), sealed) {
        (Some(status), Some(sealed)) => Some((status, conn.key.open(place(owner, name), &sealed)?)),
        _ => None,
    };
    Ok(Some(Remembered { request, answer }))
}

/// Gives a key back: its request failed before it did anything.
pub async fn release(tx: &mut Tx, owner: Uuid, name: &str) -> Result<(), StoreError> {
    const SQL: &str = "delete from idempotency where owner = $1 and name = $2";
    sql!(tx, on => sqlx::query(SQL).bind(owner).bind(name).execute(on).await.map(drop))?;
    Ok(())
}

/// Forgets those made before a moment.
pub async fn forget_before(tx: &mut Tx, before: i64) -> Result<(), StoreError> {
    const SQL: &str = "delete from idempotency where created_at < $1";
    sql!(tx, on => sqlx::query(SQL).bind(before).execute(on).await.map(drop))?;
    Ok(())
}

fn place(owner: Uuid, name: &str) -> Place<'_> {
    Place {
        table: "idempotency",
        column: name,
        row: owner,
    }
}
