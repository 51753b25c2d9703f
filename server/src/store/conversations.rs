//! Calls as conversations: their ticket numbers, and lists in the order in which something last happened.

use app::domain::call::{Call, CallResult};
use app::domain::conversation::{
    Conversation, ConversationFilter, ConversationStatus, Part, SortBy, SortOrder,
};
use app::domain::id::CallId;
use uuid::Uuid;

use super::calls::{CallRow, columns};
use super::filter::{Filter, bind_all};
use super::rows::{places, portions};
use super::{Conn, StoreError, Tx, sql};

/// The index `calls_by_change` is of this very expression; `Conversation::updated_at` is the same.
macro_rules! changed {
    () => {
        "coalesce(ended_at, answered_at, ringing_at, started_at)"
    };
}

/// The index `calls_handed_on` is of this very condition.
const HANDED_OFF: &str = "reason = 'handed_on'";

/// So many calls that changed of late are looked up one by one; where there are more, a page is found sooner by
/// going through all in the order of the list.
const FEW: i64 = 2_000;

#[derive(sqlx::FromRow)]
struct ConversationRow {
    #[sqlx(flatten)]
    call: CallRow,
    ticket: i64,
}

macro_rules! select {
    () => {
        concat!(
            "select ",
            columns!(),
            ", ticket from calls join tickets on tickets.call_id = calls.id"
        )
    };
}

/// Gives a ticket number to those of these calls that have none. To be the last thing in its transaction: on
/// PostgreSQL the counter's row is locked until the commit, and a lock taken last never stands in a circle.
pub async fn number(tx: &mut Tx, calls: &[CallId]) -> Result<(), StoreError> {
    const COUNT: &str = "update ticket_counter set last = last + $1 returning last";
    let new = unnumbered(tx, calls).await?;
    let Some(count) = i64::try_from(new.len()).ok().filter(|count| *count > 0) else {
        return Ok(());
    };
    let last: i64 = sql!(tx, on => sqlx::query_scalar(COUNT).bind(count).fetch_one(on).await)?;
    let new: Vec<(i64, Uuid)> = (last - count + 1..).zip(new).collect();
    for portion in portions(&new) {
        let places = places(tx, portion.len(), 2);
        let text = format!("insert into tickets (ticket, call_id) values {places}");
        sql!(tx, on => {
            let mut query = sqlx::query(&text);
            for (ticket, call) in portion {
                query = query.bind(*ticket).bind(*call);
            }
            query.execute(on).await.map(drop)
        })?;
    }
    Ok(())
}

async fn unnumbered(conn: &mut Conn, calls: &[CallId]) -> Result<Vec<Uuid>, StoreError> {
    let mut found: Vec<(i64, Uuid)> = Vec::new();
    for portion in portions(calls) {
        let mut query = Filter::of(
            "select started_at, id from calls left join tickets on tickets.call_id = calls.id",
        );
        query
            .also("ticket is null")
            .any_of("id", portion.iter().map(CallId::as_uuid));
        let new: Vec<(i64, Uuid)> =
            sql!(conn, on => bind_all!(sqlx::query_as(query.text()), query).fetch_all(on).await)?;
        found.extend(new);
    }
    found.sort_unstable();
    // A call is in a batch as often as its row was saved.
    found.dedup();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// One more than the part's limit, so that the caller sees whether there are more.
pub async fn list(
    conn: &mut Conn,
    filter: &ConversationFilter,
    part: Part,
) -> Result<Vec<Conversation>, StoreError> {
    let few = match filter.updated_after {
        Some(after) => are_few(conn, after).await?,
        None => false,
    };
    let query = asked(filter, part, few);
    let rows = sql!(conn, on => bind_all!(sqlx::query_as::<_, ConversationRow>(query.text()), query).fetch_all(on).await)?;
    rows.into_iter().map(Conversation::try_from).collect()
}

/// Whether few calls changed since: what a script asks that keeps up with us.
async fn are_few(conn: &mut Conn, since: i64) -> Result<bool, StoreError> {
    const SQL: &str = concat!(
        "select count(*) from (select 1 from calls where ",
        changed!(),
        " > $1 limit $2) as changed"
    );
    let found: i64 =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(since).bind(FEW + 1).fetch_one(on).await)?;
    Ok(found <= FEW)
}

/// The calls come first, out of the indexes: pages may be skipped by the thousand.
fn asked(filter: &ConversationFilter, part: Part, few: bool) -> Filter {
    let mut query = Filter::of(select!());
    query
        .also("id in (select * from (")
        .start("select id from calls");
    if let (Some(after), true) = (filter.updated_after, few) {
        let changed = concat!(
            "id in (select * from (select id from calls where ",
            changed!(),
            " > ? order by ",
            changed!(),
            " desc, id desc) as changed)"
        );
        query.and(changed, after);
    }
    meeting(&mut query, filter);
    let (order, limit, skipped) = match part {
        Part::From { limit, cursor } => {
            if let Some(cursor) = cursor {
                query.after("started_at", cursor.at_ms, cursor.id);
            }
            ("started_at desc, id desc", limit, 0)
        }
        Part::Page {
            by,
            order,
            page,
            limit,
        } => {
            let order = match (by, order) {
                (SortBy::LastMessageAt, SortOrder::Desc) => concat!(changed!(), " desc, id desc"),
                (SortBy::LastMessageAt, SortOrder::Asc) => concat!(changed!(), ", id"),
                (SortBy::CreatedAt, SortOrder::Desc) => "started_at desc, id desc",
                (SortBy::CreatedAt, SortOrder::Asc) => "started_at, id",
            };
            (
                order,
                limit,
                i64::from(page.saturating_sub(1)) * limit.as_i64(),
            )
        }
    };
    let most = limit.as_i64() + 1;
    query
        .order(order, most)
        .skip(skipped)
        .raw(") as found)")
        .order(order, most);
    query
}

/// What is asked of each. Said so that no index leads but that of the order: sorting what another one finds would take
/// long where that is most calls.
fn meeting(query: &mut Filter, filter: &ConversationFilter) {
    match filter.status {
        // Few, and with an index of their own.
        Some(ConversationStatus::Open) => query.also("state <> 'ended'"),
        Some(ConversationStatus::ClosedResolved) => {
            query.and("(result = ?) is true", CallResult::Success.as_str())
        }
        Some(ConversationStatus::ClosedUnresolved) => {
            query.and("result <> ?", CallResult::Success.as_str())
        }
        None => query,
    };
    match filter.handed_off {
        Some(true) => query.also(HANDED_OFF),
        Some(false) => query.also(&format!("({HANDED_OFF}) is not true")),
        None => query,
    };
    query
        .and_some("started_at > ?", filter.created_after)
        .and_some("started_at < ?", filter.created_before)
        // What has changed before has begun before: so far the index of the order need not be gone through.
        .and_some("started_at < ?", filter.updated_before)
        .and_some(concat!(changed!(), " > ?"), filter.updated_after)
        .and_some(concat!(changed!(), " < ?"), filter.updated_before);
}

pub async fn get(conn: &mut Conn, id: CallId) -> Result<Option<Conversation>, StoreError> {
    const SQL: &str = concat!(select!(), " where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, ConversationRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Conversation::try_from).transpose()
}

impl TryFrom<ConversationRow> for Conversation {
    type Error = StoreError;

    fn try_from(row: ConversationRow) -> Result<Self, StoreError> {
        Ok(Self {
            call: Call::try_from(row.call)?,
            ticket: row.ticket,
        })
    }
}

#[cfg(test)]
mod tests {
    use app::domain::call::EndReason;
    use app::domain::conversation::Closure;

    use super::HANDED_OFF;

    #[test]
    fn the_index_of_what_was_handed_off_has_all_of_it() {
        let reasons: Vec<_> = EndReason::all()
            .filter(|reason| Closure::of(*reason) == Some(Closure::HandedOff))
            .map(|reason| format!("reason = '{}'", reason.code()))
            .collect();
        assert_eq!(reasons, [HANDED_OFF]);
    }
}
