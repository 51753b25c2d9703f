//! Several numbers in one statement: changes that come together, and ten thousand pasted ones.
//!
//! SQLite gets a place for each value, in statements of few sizes, for each is one to prepare. PostgreSQL gets an array
//! for each column: one statement and one round trip, however many there are.

use app::domain::number::Number;
use app::domain::phone::PhoneNumber;
use sqlx::{PgConnection, SqliteConnection};

use super::{AT_ONCE, NAMED, NamedRow, named_number};
use crate::store::filter::folded;
use crate::store::rows::{column, portions, unnamed};
use crate::store::{Conn, Side, StoreError, Tx};

/// A new number, or the next version of one that nobody else has changed meanwhile.
macro_rules! save {
    ($values:literal) => {
        concat!(
            "insert into numbers (id, number, label, verified_at, on_trunk, agent_id, last_call_at, version, created_at,
                                  updated_at, folded) ",
            $values,
            " on conflict (id) do update
            set label = excluded.label, folded = excluded.folded, verified_at = excluded.verified_at,
                on_trunk = excluded.on_trunk, agent_id = excluded.agent_id, version = excluded.version,
                updated_at = excluded.updated_at
            where numbers.version = excluded.version - 1"
        )
    };
}

/// Those of these that are in the inventory, with the names of their agents.
pub async fn named(
    conn: &mut Conn,
    numbers: &[&PhoneNumber],
) -> Result<Vec<(Number, Option<String>)>, StoreError> {
    let rows = named_rows(Conn::side(conn), numbers).await;
    conn.heard(&rows);
    rows?.into_iter().map(named_number).collect()
}

async fn named_rows(
    side: Side<'_>,
    numbers: &[&PhoneNumber],
) -> Result<Vec<NamedRow>, sqlx::Error> {
    match side {
        Side::Sqlite(on) => {
            let mut rows = Vec::with_capacity(numbers.len());
            for portion in portions(numbers) {
                let text = format!("{NAMED} where n.number in {}", unnamed(1, portion.len()));
                let mut query = sqlx::query_as::<_, NamedRow>(&text);
                for number in portion {
                    query = query.bind(number.as_str());
                }
                rows.extend(query.fetch_all(&mut *on).await?);
            }
            Ok(rows)
        }
        Side::Postgres(on) => {
            // An array is planned anew each time, which costs more than looking up one.
            let text = match numbers {
                [_] => format!("{NAMED} where n.number = $1"),
                _ => format!("{NAMED} where n.number = any($1)"),
            };
            let query = sqlx::query_as::<_, NamedRow>(&text);
            let query = match numbers {
                [number] => query.bind(number.as_str()),
                numbers => query.bind(column(numbers, |number| number.as_str())),
            };
            query.fetch_all(on).await
        }
    }
}

/// Writes a new number, or the next version of one; `false` if the stored version is not the one before it.
/// `Unique`: the number is in the inventory under another id.
pub async fn save(tx: &mut Tx, number: &Number, now: i64) -> Result<bool, StoreError> {
    Ok(save_all(tx, std::slice::from_ref(number), now).await? == 1)
}

/// As [`save`], in the order of their digits, as calls note themselves with theirs: two who lock the same rows in two
/// orders would wait for each other. Answers how many were written.
pub async fn save_all(tx: &mut Tx, numbers: &[Number], now: i64) -> Result<u64, StoreError> {
    let mut numbers: Vec<&Number> = numbers.iter().collect();
    numbers.sort_unstable_by(|one, other| one.number.cmp(&other.number));
    match Conn::side(tx) {
        Side::Sqlite(on) => by_places(on, &numbers, now).await,
        Side::Postgres(on) => by_arrays(on, &numbers, now).await,
    }
}

/// Ten thousand pasted numbers are twenty statements.
async fn by_places(
    on: &mut SqliteConnection,
    numbers: &[&Number],
    now: i64,
) -> Result<u64, StoreError> {
    let mut written = 0;
    let whole = numbers.chunks_exact(AT_ONCE);
    let rest = portions(whole.remainder());
    for chunk in whole.chain(rest) {
        let text = format!(save!("values {}"), unnamed(chunk.len(), 11));
        let mut query = sqlx::query(&text);
        for number in chunk {
            query = query
                .bind(number.id.as_uuid())
                .bind(number.number.as_str())
                .bind(number.label.as_deref())
                .bind(number.verified_at)
                .bind(number.on_trunk)
                .bind(number.agent.map(|agent| agent.as_uuid()))
                .bind(number.last_call_at)
                .bind(number.version)
                .bind(number.created_at)
                .bind(now)
                .bind(number.label.as_deref().map(folded));
        }
        written += query.execute(&mut *on).await?.rows_affected();
    }
    Ok(written)
}

async fn by_arrays(
    on: &mut PgConnection,
    numbers: &[&Number],
    now: i64,
) -> Result<u64, StoreError> {
    const SQL: &str = save!(
        "select new.id, new.number, new.label, new.verified_at, new.on_trunk, new.agent, new.last_call_at, new.version,
                new.created_at, $10::bigint, new.folded
         from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::uuid[], $7::bigint[],
                     $8::bigint[], $9::bigint[], $11::text[])
              as new(id, number, label, verified_at, on_trunk, agent, last_call_at, version, created_at, folded)"
    );
    let done = sqlx::query(SQL)
        .bind(column(numbers, |number| number.id.as_uuid()))
        .bind(column(numbers, |number| number.number.as_str()))
        .bind(column(numbers, |number| number.label.as_deref()))
        .bind(column(numbers, |number| number.verified_at))
        .bind(column(numbers, |number| number.on_trunk))
        .bind(column(numbers, |number| {
            number.agent.map(|it| it.as_uuid())
        }))
        .bind(column(numbers, |number| number.last_call_at))
        .bind(column(numbers, |number| number.version))
        .bind(column(numbers, |number| number.created_at))
        .bind(now)
        .bind(column(numbers, |number| {
            number.label.as_deref().map(folded)
        }))
        .execute(on)
        .await?;
    Ok(done.rows_affected())
}
