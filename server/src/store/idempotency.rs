//! First answers to requests that carried an Idempotency-Key. An answer may hold a fresh password: sealed.
//!
//! A request holds its key under a claim with a lease. Each change it makes is noted under the claim in the
//! change's own transaction ([`note`], which `Db::begin` calls, or [`note_all`]): so a request that was overtaken changes
//! nothing, and one whose server died after its change is not done a second time. What is done outside the
//! database, such as dialling, is noted before it is done.

use uuid::Uuid;

use super::rows::{places, portions};
use super::{Conn, Place, StoreError, Tx, sql};

/// One request's hold of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose names these are.
    pub owner: Uuid,
    /// The Idempotency-Key.
    pub name: String,
    /// The request's own, told from any other's.
    pub id: Uuid,
}

/// What is known of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Hash of method, path and body: the same key with another one is a conflict.
    pub request: Vec<u8>,
    /// Status and body of the first answer; none while it is still being worked out.
    pub answer: Option<(u16, Vec<u8>)>,
    /// Whether the request changed anything.
    pub done: bool,
    /// Until when its holder must be taken for alive.
    pub lease_until: i64,
}

tokio::task_local! {
    /// The claim under which this task changes things.
    static WORKING: Claim;
}

/// Does the work of a request: its changes are noted under its claim.
pub async fn working<F: Future>(claim: Claim, work: F) -> F::Output {
    WORKING.scope(claim, work).await
}

/// Takes the key for this request: it is free, or whoever held it is gone and has changed nothing.
pub async fn claim(
    tx: &mut Tx,
    claim: &Claim,
    request: &[u8],
    now: i64,
    lease_until: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "
        insert into idempotency (owner, name, claim, request, created_at, lease_until)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (owner, name) do update
        set claim = excluded.claim,
            lease_until = excluded.lease_until
        where idempotency.request = excluded.request
            and idempotency.status is null
            and not idempotency.done
            and idempotency.lease_until < $5";
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(claim.owner)
        .bind(&claim.name)
        .bind(claim.id)
        .bind(request)
        .bind(now)
        .bind(lease_until)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Moves the lease on; nothing happens if the key has another holder by now.
pub async fn renew(tx: &mut Tx, claim: &Claim, lease_until: i64) -> Result<(), StoreError> {
    const SQL: &str = "
        update idempotency
        set lease_until = $4
        where owner = $1 and name = $2 and claim = $3";
    sql!(tx, on => sqlx::query(SQL)
        .bind(claim.owner)
        .bind(&claim.name)
        .bind(claim.id)
        .bind(lease_until)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// The claim under which this task works, for those who leave the work to another task.
pub fn held() -> Option<Claim> {
    WORKING.try_with(Claim::clone).ok()
}

/// Notes in a change's transaction that the request of this task makes it. One that was overtaken may not.
pub async fn note(tx: &mut Tx) -> Result<(), StoreError> {
    match held() {
        Some(claim) => note_all(tx, &[&claim]).await,
        None => Ok(()),
    }
}

/// The same of several requests whose changes are made at once; none of them may have been overtaken.
pub async fn note_all(tx: &mut Tx, claims: &[&Claim]) -> Result<(), StoreError> {
    for portion in portions(claims) {
        let places = places(tx, portion.len(), 3);
        let text = format!(
            "update idempotency
             set done = true
             from (values {places}) as held
             where owner = held.column1 and name = held.column2 and claim = held.column3"
        );
        let noted = sql!(tx, on => {
            let mut query = sqlx::query(&text);
            for claim in portion {
                query = query.bind(claim.owner).bind(&claim.name).bind(claim.id);
            }
            query.execute(on).await.map(|done| done.rows_affected())
        })?;
        if usize::try_from(noted) != Ok(portion.len()) {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}

pub async fn answer(
    tx: &mut Tx,
    claim: &Claim,
    status: u16,
    body: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "
        update idempotency
        set status = $4,
            answer = $5
        where owner = $1 and name = $2 and claim = $3";
    let sealed = tx.key.seal(place(claim.owner, &claim.name), body)?;
    sql!(tx, on => sqlx::query(SQL)
        .bind(claim.owner)
        .bind(&claim.name)
        .bind(claim.id)
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
    const SQL: &str = "
        select request, status, answer, done, lease_until
        from idempotency
        where owner = $1 and name = $2";
    type Row = (Vec<u8>, Option<i64>, Option<Vec<u8>>, bool, i64);
    let row: Option<Row> =
        sql!(conn, on => sqlx::query_as(SQL).bind(owner).bind(name).fetch_optional(on).await)?;
    let Some((request, status, sealed, done, lease_until)) = row else {
        return Ok(None);
    };
    let answer = match (status.and_then(|status| u16::try_from(status).ok()), sealed) {
        (Some(status), Some(sealed)) => Some((status, conn.key.open(place(owner, name), &sealed)?)),
        _ => None,
    };
    Ok(Some(Remembered {
        request,
        answer,
        done,
        lease_until,
    }))
}

/// Gives a key back, unless its request has changed something.
pub async fn release(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    const SQL: &str = "
        delete from idempotency
        where owner = $1 and name = $2 and claim = $3 and not done";
    sql!(tx, on => sqlx::query(SQL)
        .bind(claim.owner)
        .bind(&claim.name)
        .bind(claim.id)
        .execute(on)
        .await
        .map(drop))?;
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
