//! People who sign in. Knows the hash of a password, never a password.

use app::domain::account::SignedIn;
use app::domain::id::UserId;
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

/// An account with what only signing in needs.
#[derive(Clone)]
pub struct Account {
    pub user: SignedIn,
    /// argon2id in PHC form.
    pub password_hash: String,
    /// Sessions that began under an older one are over.
    pub session_epoch: i64,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    password_hash: String,
    role: String,
    session_epoch: i64,
    zone: Option<String>,
    language: Option<String>,
    theme: Option<String>,
}

macro_rules! columns {
    () => {
        "id, email, password_hash, role, session_epoch, zone, language, theme"
    };
}

pub async fn get(conn: &mut Conn, id: UserId) -> Result<Option<Account>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from users where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, UserRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Account::try_from).transpose()
}

/// `email` in lower case.
pub async fn by_email(conn: &mut Conn, email: &str) -> Result<Option<Account>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from users where email = $1");
    let row =
        sql!(conn, on => sqlx::query_as::<_, UserRow>(SQL).bind(email).fetch_optional(on).await)?;
    row.map(Account::try_from).transpose()
}

/// Whether anybody can sign in at all.
pub async fn any(conn: &mut Conn) -> Result<bool, StoreError> {
    const SQL: &str = "select count(*) from (select id from users limit 1) as first";
    let count: i64 = sql!(conn, on => sqlx::query_scalar(SQL).fetch_one(on).await)?;
    Ok(count > 0)
}

/// `Unique` means that the e-mail address has an account.
pub async fn insert(tx: &mut Tx, account: &Account, now_ms: i64) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into users (id, email, password_hash, role, session_epoch, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $6)";
    sql!(tx, on => sqlx::query(SQL)
        .bind(account.user.id.as_uuid())
        .bind(account.user.email.as_str())
        .bind(account.password_hash.as_str())
        .bind(account.user.role.as_str())
        .bind(account.session_epoch)
        .bind(now_ms)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// A new password ends every session and the link that is out; answers the epoch that begins.
pub async fn set_password(
    tx: &mut Tx,
    id: UserId,
    hash: &str,
    now_ms: i64,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "
        update users
        set password_hash = $2, session_epoch = session_epoch + 1, updated_at = $3
        where id = $1
        returning session_epoch";
    const LINK: &str = "delete from password_links where user_id = $1";
    sql!(tx, on => sqlx::query(LINK).bind(id.as_uuid()).execute(on).await.map(drop))?;
    let epoch = sql!(tx, on => sqlx::query_scalar(SQL)
        .bind(id.as_uuid())
        .bind(hash)
        .bind(now_ms)
        .fetch_optional(on)
        .await)?;
    Ok(epoch)
}

/// Ends every session; answers the epoch that begins.
pub async fn end_sessions(tx: &mut Tx, id: UserId, now_ms: i64) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "
        update users
        set session_epoch = session_epoch + 1, updated_at = $2
        where id = $1
        returning session_epoch";
    let epoch = sql!(tx, on => sqlx::query_scalar(SQL).bind(id.as_uuid()).bind(now_ms).fetch_optional(on).await)?;
    Ok(epoch)
}

/// Zone, language and theme, as `user` has them.
pub async fn set_preferences(tx: &mut Tx, user: &SignedIn, now_ms: i64) -> Result<(), StoreError> {
    const SQL: &str = "
        update users
        set zone = $2, language = $3, theme = $4, updated_at = $5
        where id = $1";
    sql!(tx, on => sqlx::query(SQL)
        .bind(user.id.as_uuid())
        .bind(user.zone.as_deref())
        .bind(user.language.as_deref())
        .bind(user.theme.as_deref())
        .bind(now_ms)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Signed in, or still at work.
pub async fn seen(tx: &mut Tx, id: UserId, now_ms: i64) -> Result<(), StoreError> {
    const SQL: &str = "update users set last_seen_at = $2 where id = $1";
    sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).bind(now_ms).execute(on).await.map(drop))?;
    Ok(())
}

/// The hash of the set-up link's token, if a link is out.
pub async fn setup_token(conn: &mut Conn) -> Result<Option<Vec<u8>>, StoreError> {
    const SQL: &str = "select token_hash from setup";
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).fetch_optional(on).await)?)
}

/// A new link; the one before no longer works.
pub async fn put_setup_token(tx: &mut Tx, hash: &[u8], now_ms: i64) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into setup (token_hash, made_at)
        values ($1, $2)
        on conflict (one_row) do update set token_hash = excluded.token_hash, made_at = excluded.made_at";
    sql!(tx, on => sqlx::query(SQL).bind(hash).bind(now_ms).execute(on).await.map(drop))?;
    Ok(())
}

pub async fn delete_setup_token(tx: &mut Tx) -> Result<(), StoreError> {
    const SQL: &str = "delete from setup";
    sql!(tx, on => sqlx::query(SQL).execute(on).await.map(drop))?;
    Ok(())
}

impl TryFrom<UserRow> for Account {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let at = At {
            table: "users",
            row: row.id,
        };
        Ok(Self {
            user: SignedIn {
                id: UserId::from_uuid(row.id),
                role: at.parse("role", &row.role)?,
                email: row.email,
                zone: row.zone,
                language: row.language,
                theme: row.theme,
            },
            password_hash: row.password_hash,
            session_epoch: row.session_epoch,
        })
    }
}
