//! Accounts as administrators see them, and the links by which people choose their passwords.
//! What signing in needs of an account is `users`'.

use app::domain::account::{Person, Role};
use app::domain::id::UserId;
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

/// Stands for the hash of a password that was never chosen; no password has it.
pub const NO_PASSWORD: &str = "none";

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    email: String,
    role: String,
    has_password: bool,
    link_until: Option<i64>,
    last_seen_at: Option<i64>,
    created_at: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select u.id, u.email, u.role, u.password_hash <> 'none' as has_password,
                    l.expires_at as link_until, u.last_seen_at, u.created_at
             from users u
             left join password_links l on l.user_id = u.id ",
            $rest
        )
    };
}

/// By e-mail address.
pub async fn list(conn: &mut Conn) -> Result<Vec<Person>, StoreError> {
    const SQL: &str = select!("order by u.email");
    let rows = sql!(conn, on => sqlx::query_as::<_, PersonRow>(SQL).fetch_all(on).await)?;
    rows.into_iter().map(Person::try_from).collect()
}

pub async fn get(conn: &mut Conn, id: UserId) -> Result<Option<Person>, StoreError> {
    const SQL: &str = select!("where u.id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, PersonRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Person::try_from).transpose()
}

/// How many administrators can sign in.
pub async fn admins(conn: &mut Conn) -> Result<i64, StoreError> {
    const SQL: &str = "
        select count(*)
        from users
        where role = 'admin' and password_hash <> 'none'";
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).fetch_one(on).await)?)
}

/// Another role ends every session, so that none goes on with the rights of before.
pub async fn set_role(
    tx: &mut Tx,
    id: UserId,
    role: Role,
    now_ms: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "
        update users
        set role = $2, session_epoch = session_epoch + 1, updated_at = $3
        where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(role.as_str())
        .bind(now_ms)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

pub async fn delete(tx: &mut Tx, id: UserId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from users where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// A new link; the one before no longer works.
pub async fn put_link(
    tx: &mut Tx,
    id: UserId,
    hash: &[u8],
    expires_at: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into password_links (user_id, token_hash, expires_at)
        values ($1, $2, $3)
        on conflict (user_id) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at";
    sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).bind(hash).bind(expires_at).execute(on).await.map(drop))?;
    Ok(())
}

/// Whose link this is, if it is still good.
pub async fn by_link(
    conn: &mut Conn,
    hash: &[u8],
    now_ms: i64,
) -> Result<Option<UserId>, StoreError> {
    const SQL: &str = "
        select user_id
        from password_links
        where token_hash = $1 and expires_at > $2";
    let id: Option<Uuid> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(hash).bind(now_ms).fetch_optional(on).await)?;
    Ok(id.map(UserId::from_uuid))
}

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        let at = At {
            table: "users",
            row: row.id,
        };
        Ok(Self {
            id: UserId::from_uuid(row.id),
            role: at.parse("role", &row.role)?,
            email: row.email,
            has_password: row.has_password,
            link_until: row.link_until,
            last_seen_at: row.last_seen_at,
            created_at: row.created_at,
        })
    }
}
