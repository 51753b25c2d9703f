//! API keys. Only a hash is kept; the key itself is told once, when it is made.

use std::collections::HashMap;

use app::domain::id::{KeyId, UserId};
use uuid::Uuid;

use super::{Conn, StoreError, Tx, sql};

/// A key as stored. Scopes are words; the service knows what they allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub id: KeyId,
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// Sorted.
    pub scopes: Vec<String>,
    pub made_by: Option<UserId>,
    pub last_used_at: Option<i64>,
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    name: String,
    prefix: String,
    made_by: Option<Uuid>,
    last_used_at: Option<i64>,
    created_at: i64,
}

macro_rules! columns {
    () => {
        "id, name, prefix, made_by, last_used_at, created_at"
    };
}

/// A row for each scope of a key, or one for a key without any.
#[derive(sqlx::FromRow)]
struct ScopeRow {
    #[sqlx(flatten)]
    key: KeyRow,
    scope: Option<String>,
}

macro_rules! with_scopes {
    () => {
        concat!(
            "select ",
            columns!(),
            ", scope from api_keys left join api_key_scopes on key_id = id"
        )
    };
}

/// Newest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<StoredKey>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from api_keys order by created_at desc, id desc"
    );
    const SCOPES: &str = "select key_id, scope from api_key_scopes order by key_id, scope";
    let rows = sql!(conn, on => sqlx::query_as::<_, KeyRow>(SQL).fetch_all(on).await)?;
    let scopes: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(SCOPES).fetch_all(on).await)?;
    let mut of: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (key, scope) in scopes {
        of.entry(key).or_default().push(scope);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let scopes = of.remove(&row.id).unwrap_or_default();
            row.key(scopes)
        })
        .collect())
}

pub async fn get(conn: &mut Conn, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
    const SQL: &str = concat!(with_scopes!(), " where id = $1 order by scope");
    let rows = sql!(conn, on => sqlx::query_as::<_, ScopeRow>(SQL).bind(id.as_uuid()).fetch_all(on).await)?;
    Ok(one_key(rows))
}

/// In one statement: each request that carries a key asks for it.
pub async fn by_hash(conn: &mut Conn, hash: &[u8]) -> Result<Option<StoredKey>, StoreError> {
    const SQL: &str = concat!(with_scopes!(), " where key_hash = $1 order by scope");
    let rows = sql!(conn, on => sqlx::query_as::<_, ScopeRow>(SQL).bind(hash).fetch_all(on).await)?;
    Ok(one_key(rows))
}

fn one_key(rows: Vec<ScopeRow>) -> Option<StoredKey> {
    let mut rows = rows.into_iter();
    let first = rows.next()?;
    let others = rows.filter_map(|row| row.scope);
    let scopes = first.scope.into_iter().chain(others).collect();
    Some(first.key.key(scopes))
}

pub async fn insert(tx: &mut Tx, key: &StoredKey, hash: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into api_keys (",
        columns!(),
        ", key_hash) values ($1, $2, $3, $4, $5, $6, $7)"
    );
    const SCOPE: &str = "insert into api_key_scopes (key_id, scope) values ($1, $2)";
    let id = key.id.as_uuid();
    sql!(tx, on => sqlx::query(SQL)
        .bind(id)
        .bind(key.name.as_str())
        .bind(key.prefix.as_str())
        .bind(key.made_by.map(|user| user.as_uuid()))
        .bind(key.last_used_at)
        .bind(key.created_at)
        .bind(hash)
        .execute(on)
        .await
        .map(drop))?;
    for scope in &key.scopes {
        sql!(tx, on => sqlx::query(SCOPE).bind(id).bind(scope.as_str()).execute(on).await.map(drop))?;
    }
    Ok(())
}

pub async fn delete(tx: &mut Tx, id: KeyId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from api_keys where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Notes that it was used; the caller sees to it that this is not once a request.
pub async fn used(tx: &mut Tx, id: KeyId, at: i64, from: Option<&str>) -> Result<(), StoreError> {
    const SQL: &str = "update api_keys set last_used_at = $2, last_used_ip = $3 where id = $1";
    sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).bind(at).bind(from).execute(on).await.map(drop))?;
    Ok(())
}

impl KeyRow {
    fn key(self, scopes: Vec<String>) -> StoredKey {
        StoredKey {
            id: KeyId::from_uuid(self.id),
            name: self.name,
            prefix: self.prefix,
            scopes,
            made_by: self.made_by.map(UserId::from_uuid),
            last_used_at: self.last_used_at,
            created_at: self.created_at,
        }
    }
}
