//! Who changed what. Entries are only ever added, in the transaction of the change itself.

use app::domain::account::AuditFilter;
use app::domain::id::AuditId;
use sqlx::{PgConnection, SqliteConnection};
use uuid::Uuid;

use super::filter::{Filter, bind_all, containing, folded};
use super::rows::{column, places, portions, unnamed};
use super::{Conn, Side, StoreError, Tx, sql};

/// One change, ready to be kept. `before` and `after` are JSON and hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: AuditId,
    pub at: i64,
    pub actor: Actor,
    pub actor_name: String,
    /// Verb and thing, such as `create_access`.
    pub action: String,
    /// Id or number of the thing.
    pub subject: String,
    /// What it is called.
    pub label: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Who it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    User(Uuid),
    Key(Uuid),
    System,
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    at: i64,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    action: String,
    subject: Option<String>,
    label: String,
    before: Option<String>,
    after: Option<String>,
}

macro_rules! columns {
    () => {
        "id, at, actor_kind, actor_id, actor_name, action, subject, label, before, after"
    };
}

pub async fn add(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    add_all(tx, std::slice::from_ref(entry)).await
}

/// As [`add`], many a statement.
pub async fn add_all(tx: &mut Tx, entries: &[Entry]) -> Result<(), StoreError> {
    match Conn::side(tx) {
        Side::Sqlite(on) => by_places(on, entries).await,
        Side::Postgres(on) => by_arrays(on, entries).await,
    }
}

async fn by_places(on: &mut SqliteConnection, entries: &[Entry]) -> Result<(), StoreError> {
    for portion in portions(entries) {
        let text = format!(
            concat!(
                "insert into audit (",
                columns!(),
                ", folded_actor, folded_label) values {}"
            ),
            unnamed(portion.len(), 12)
        );
        let mut query = sqlx::query(&text);
        for entry in portion {
            let (kind, actor) = stored(entry.actor);
            query = query
                .bind(entry.id.as_uuid())
                .bind(entry.at)
                .bind(kind)
                .bind(actor)
                .bind(entry.actor_name.as_str())
                .bind(entry.action.as_str())
                .bind(entry.subject.as_str())
                .bind(entry.label.as_str())
                .bind(entry.before.as_deref())
                .bind(entry.after.as_deref())
                .bind(folded(&entry.actor_name))
                .bind(folded(&entry.label));
        }
        query.execute(&mut *on).await?;
    }
    Ok(())
}

async fn by_arrays(on: &mut PgConnection, entries: &[Entry]) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into audit (",
        columns!(),
        ", folded_actor, folded_label)
         select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                              $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])"
    );
    sqlx::query(SQL)
        .bind(column(entries, |entry| entry.id.as_uuid()))
        .bind(column(entries, |entry| entry.at))
        .bind(column(entries, |entry| stored(entry.actor).0))
        .bind(column(entries, |entry| stored(entry.actor).1))
        .bind(column(entries, |entry| entry.actor_name.as_str()))
        .bind(column(entries, |entry| entry.action.as_str()))
        .bind(column(entries, |entry| entry.subject.as_str()))
        .bind(column(entries, |entry| entry.label.as_str()))
        .bind(column(entries, |entry| entry.before.as_deref()))
        .bind(column(entries, |entry| entry.after.as_deref()))
        .bind(column(entries, |entry| folded(&entry.actor_name)))
        .bind(column(entries, |entry| folded(&entry.label)))
        .execute(on)
        .await?;
    Ok(())
}

fn stored(actor: Actor) -> (&'static str, Option<Uuid>) {
    match actor {
        Actor::User(id) => ("user", Some(id)),
        Actor::Key(id) => ("key", Some(id)),
        Actor::System => ("system", None),
    }
}

/// Fills in what the schema could not: names from before, with letters that no database folds. Answers how many there
/// were.
pub(super) async fn fold_some(tx: &mut Tx, most: i64) -> Result<usize, StoreError> {
    const LEFT: &str =
        "select id, actor_name, label from audit where folded_label is null limit $1";
    let left: Vec<(Uuid, String, String)> =
        sql!(tx, on => sqlx::query_as(LEFT).bind(most).fetch_all(on).await)?;
    for portion in portions(&left) {
        let places = places(tx, portion.len(), 3);
        let text = format!(
            "update audit
             set folded_actor = names.column2, folded_label = names.column3
             from (values {places}) as names
             where id = names.column1"
        );
        sql!(tx, on => {
            let mut query = sqlx::query(&text);
            for (id, actor, label) in portion {
                query = query.bind(id).bind(folded(actor)).bind(folded(label));
            }
            query.execute(on).await.map(drop)
        })?;
    }
    Ok(left.len())
}

/// Whether any is left to fill in.
pub(super) async fn are_unfolded(conn: &mut Conn) -> Result<bool, StoreError> {
    const SQL: &str = "select exists (select 1 from audit where folded_label is null)";
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).fetch_one(on).await)?)
}

/// Newest first; one more than the limit, so that the caller sees whether there are more.
pub async fn page(conn: &mut Conn, filter: &AuditFilter) -> Result<Vec<Entry>, StoreError> {
    let part = |text: &Option<String>| {
        let text = text.as_deref()?;
        Some(containing(&folded(text)))
    };
    let mut query = Filter::of(concat!("select ", columns!(), " from audit"));
    query
        .and_some(r"folded_actor like ? escape '\'", part(&filter.who))
        .and_some(
            r"(folded_label like ? escape '\' or subject like ? escape '\' or action like ? escape '\')",
            part(&filter.thing),
        )
        .and_some("at >= ?", filter.since)
        .and_some("at < ?", filter.until);
    if let Some(cursor) = filter.cursor {
        query.after("at", cursor.at_ms, cursor.id);
    }
    let limit = filter.limit.unwrap_or_default();
    query.order("at desc, id desc", limit.as_i64() + 1);
    let rows = sql!(conn, on => bind_all!(sqlx::query_as::<_, AuditRow>(query.text()), query).fetch_all(on).await)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        let actor = match (row.actor_kind.as_str(), row.actor_id) {
            ("user", Some(id)) => Actor::User(id),
            ("key", Some(id)) => Actor::Key(id),
            _ => Actor::System,
        };
        Self {
            id: AuditId::from_uuid(row.id),
            at: row.at,
            actor,
            actor_name: row.actor_name,
            action: row.action,
            subject: row.subject.unwrap_or_default(),
            label: row.label,
            before: row.before,
            after: row.after,
        }
    }
}
