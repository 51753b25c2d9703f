//! The queue of webhook deliveries, and their log: one row for each event and webhook.

use app::domain::id::{EventId, WebhookId};
use app::domain::page::{Cursor, Limit};
use app::domain::webhook::{Delivery, DeliveryState, Event};
use uuid::Uuid;

use super::filter::{Filter, bind_all};
use super::row::{At, json};
use super::{Conn, StoreError, Tx, sql};

/// A delivery that is due, and until when it was to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub webhook: WebhookId,
    pub event: EventId,
    next_at: i64,
}

/// How a try went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub state: DeliveryState,
    /// When it is to be tried again.
    pub next_at: Option<i64>,
    pub at: i64,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub took_ms: u32,
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    webhook_id: Uuid,
    event_id: Uuid,
    kind: String,
    at: i64,
    what: String,
    state: String,
    tries: i64,
    created_at: i64,
    next_at: Option<i64>,
    last_at: Option<i64>,
    status: Option<i64>,
    error: Option<String>,
    took_ms: Option<i64>,
}

macro_rules! select {
    () => {
        "select webhook_id, event_id, kind, at, what, state, tries, created_at, next_at, last_at, status, error,
                took_ms
         from webhook_deliveries join webhook_events on webhook_events.id = event_id"
    };
}

/// Queues these events for every webhook that wants them; says whether any does. The same event a second time is
/// nothing new: what waited in a file while the database was away may be written twice.
pub async fn queue(tx: &mut Tx, events: &[&Event]) -> Result<bool, StoreError> {
    const WANTED: &str = "
        select webhook_id, kind
        from webhook_kinds join webhooks on webhooks.id = webhook_id
        where enabled
        order by created_at, webhook_id";
    if events.is_empty() {
        return Ok(false);
    }
    let wanted: Vec<(Uuid, String)> = sql!(tx, on => sqlx::query_as(WANTED).fetch_all(on).await)?;
    let mut queued = false;
    for event in events {
        let hooks = wanted
            .iter()
            .filter(|(_, kind)| kind == event.kind.as_str());
        let hooks: Vec<Uuid> = hooks.map(|(webhook, _)| *webhook).collect();
        if hooks.is_empty() || !note(tx, event).await? {
            continue;
        }
        for webhook in hooks {
            add(tx, webhook, event).await?;
        }
        queued = true;
    }
    Ok(queued)
}

async fn note(tx: &mut Tx, event: &Event) -> Result<bool, StoreError> {
    const SQL: &str = "
        insert into webhook_events (id, kind, at, what, subject)
        values ($1, $2, $3, $4, $5)
        on conflict (id) do nothing";
    let what = json::write(&event.what)?;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(event.id.as_uuid())
        .bind(event.kind.as_str())
        .bind(event.at)
        .bind(what)
        .bind(event.subject())
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

async fn add(tx: &mut Tx, webhook: Uuid, event: &Event) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into webhook_deliveries (webhook_id, event_id, subject, seq, state, tries, created_at, next_at)
        select $1, $2, $3, coalesce(max(seq), 0) + 1, 'waiting', 0, $4, $4
        from webhook_deliveries
        where webhook_id = $1 and subject = $3";
    sql!(tx, on => sqlx::query(SQL)
        .bind(webhook)
        .bind(event.id.as_uuid())
        .bind(event.subject())
        .bind(event.at)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// What is due, oldest first: of each subject the first alone, because a receiver is to hear of a call's end after
/// its beginning; of each webhook a few, so that one that is slow does not keep the others waiting.
pub async fn due(
    conn: &mut Conn,
    now: i64,
    of_each: i64,
    most: i64,
) -> Result<Vec<Due>, StoreError> {
    const SQL: &str = "
        select webhook_id, event_id, next_at
        from (
            select webhook_id, event_id, next_at,
                   row_number() over (partition by webhook_id order by next_at, seq) as place
            from webhook_deliveries as one join webhooks on webhooks.id = webhook_id
            where state = 'waiting' and next_at <= $1 and enabled
              and not exists (
                  select 1
                  from webhook_deliveries as earlier
                  where earlier.webhook_id = one.webhook_id and earlier.subject = one.subject
                    and earlier.seq < one.seq and earlier.state = 'waiting')
        ) as ready
        where place <= $2
        order by next_at
        limit $3";
    let rows: Vec<(Uuid, Uuid, i64)> = sql!(conn, on => sqlx::query_as(SQL).bind(now).bind(of_each).bind(most).fetch_all(on).await)?;
    Ok(rows
        .into_iter()
        .map(|(webhook, event, next_at)| Due {
            webhook: WebhookId::from_uuid(webhook),
            event: EventId::from_uuid(event),
            next_at,
        })
        .collect())
}

/// Takes one, so that nobody else tries it until `until`; `false` if somebody was faster.
pub async fn claim(tx: &mut Tx, due: &Due, until: i64) -> Result<bool, StoreError> {
    const SQL: &str = "
        update webhook_deliveries
        set next_at = $4
        where webhook_id = $1 and event_id = $2 and state = 'waiting' and next_at = $3";
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(due.webhook.as_uuid())
        .bind(due.event.as_uuid())
        .bind(due.next_at)
        .bind(until)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Notes how a try went.
pub async fn tried(
    tx: &mut Tx,
    webhook: WebhookId,
    event: EventId,
    tried: &Tried,
) -> Result<(), StoreError> {
    const SQL: &str = "
        update webhook_deliveries
        set state = $3, tries = tries + 1, next_at = $4, last_at = $5, status = $6, error = $7, took_ms = $8
        where webhook_id = $1 and event_id = $2";
    sql!(tx, on => sqlx::query(SQL)
        .bind(webhook.as_uuid())
        .bind(event.as_uuid())
        .bind(tried.state.as_str())
        .bind(tried.next_at)
        .bind(tried.at)
        .bind(tried.status.map(i64::from))
        .bind(tried.error.as_deref())
        .bind(i64::from(tried.took_ms))
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Newest first; one more than the limit, so that the caller sees whether there are more.
pub async fn list(
    conn: &mut Conn,
    webhook: WebhookId,
    state: Option<DeliveryState>,
    limit: Limit,
    cursor: Option<Cursor>,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = Filter::of(select!());
    query
        .and("webhook_id = ?", webhook.as_uuid())
        .and_some("state = ?", state.map(DeliveryState::as_str));
    if let Some(cursor) = cursor {
        query.after("created_at", cursor.at_ms, cursor.id);
    }
    query.order("created_at desc, id desc", limit.as_i64() + 1);
    let rows = sql!(conn, on => bind_all!(sqlx::query_as::<_, DeliveryRow>(query.text()), query).fetch_all(on).await)?;
    rows.into_iter().map(Delivery::try_from).collect()
}

pub async fn get(
    conn: &mut Conn,
    webhook: WebhookId,
    event: EventId,
) -> Result<Option<Delivery>, StoreError> {
    const SQL: &str = concat!(select!(), " where webhook_id = $1 and event_id = $2");
    let row = sql!(conn, on => sqlx::query_as::<_, DeliveryRow>(SQL)
        .bind(webhook.as_uuid())
        .bind(event.as_uuid())
        .fetch_optional(on)
        .await)?;
    row.map(Delivery::try_from).transpose()
}

/// Queues one again, from the first try on.
pub async fn again(
    tx: &mut Tx,
    webhook: WebhookId,
    event: EventId,
    now: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "
        update webhook_deliveries
        set state = 'waiting', tries = 0, next_at = $3
        where webhook_id = $1 and event_id = $2";
    sql!(tx, on => sqlx::query(SQL)
        .bind(webhook.as_uuid())
        .bind(event.as_uuid())
        .bind(now)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Forgets events from before a moment that nobody waits for; says how many.
pub async fn delete_before(tx: &mut Tx, before: i64) -> Result<u64, StoreError> {
    const SQL: &str = "
        delete from webhook_events
        where at < $1
          and not exists (
              select 1
              from webhook_deliveries
              where event_id = webhook_events.id and state = 'waiting')";
    Ok(
        sql!(tx, on => sqlx::query(SQL).bind(before).execute(on).await.map(|done| done.rows_affected()))?,
    )
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let at = At {
            table: "webhook_deliveries",
            row: row.event_id,
        };
        let status = row.status.map(u16::try_from).transpose();
        Ok(Self {
            webhook: WebhookId::from_uuid(row.webhook_id),
            event: Event {
                id: EventId::from_uuid(row.event_id),
                kind: at.parse("kind", &row.kind)?,
                at: row.at,
                what: at.json("what", &row.what)?,
            },
            state: at.parse("state", &row.state)?,
            tries: at.count("tries", row.tries)?,
            created_at: row.created_at,
            next_at: row.next_at,
            last_at: row.last_at,
            status: status.map_err(|_| at.corrupt("status"))?,
            error: row.error,
            took_ms: at.count_some("took_ms", row.took_ms)?,
        })
    }
}
