//! Webhooks: who is told, of what. Their secrets are sealed.

use std::collections::HashMap;

use app::domain::id::WebhookId;
use app::domain::sip::Secret;
use app::domain::webhook::{EventKind, Webhook, WebhookSettings};
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: Uuid,
    url: String,
    description: Option<String>,
    enabled: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

macro_rules! columns {
    () => {
        "id, url, description, enabled, version, created_at, updated_at"
    };
}

/// Newest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Webhook>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from webhooks order by created_at desc, id desc"
    );
    const KINDS: &str = "select webhook_id, kind from webhook_kinds";
    let rows = sql!(conn, on => sqlx::query_as::<_, WebhookRow>(SQL).fetch_all(on).await)?;
    let kinds: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(KINDS).fetch_all(on).await)?;
    let mut of: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (webhook, kind) in kinds {
        of.entry(webhook).or_default().push(kind);
    }
    rows.into_iter()
        .map(|row| {
            let kinds = of.remove(&row.id).unwrap_or_default();
            row.webhook(&kinds)
        })
        .collect()
}

pub async fn get(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from webhooks where id = $1");
    const KINDS: &str = "select kind from webhook_kinds where webhook_id = $1";
    let id = id.as_uuid();
    let row =
        sql!(conn, on => sqlx::query_as::<_, WebhookRow>(SQL).bind(id).fetch_optional(on).await)?;
    let Some(row) = row else { return Ok(None) };
    let kinds: Vec<String> =
        sql!(conn, on => sqlx::query_scalar(KINDS).bind(id).fetch_all(on).await)?;
    row.webhook(&kinds).map(Some)
}

/// What its requests are signed with, opened.
pub async fn secret(conn: &mut Conn, id: WebhookId) -> Result<Option<Secret>, StoreError> {
    const SQL: &str = "select secret from webhooks where id = $1";
    let id = id.as_uuid();
    let sealed: Option<Vec<u8>> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(id).fetch_optional(on).await)?;
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    let plain = conn.unseal("webhooks", "secret", id, &sealed)?;
    let at = At {
        table: "webhooks",
        row: id,
    };
    at.parse("secret", &plain).map(Some)
}

pub async fn insert(tx: &mut Tx, webhook: &Webhook, secret: &Secret) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into webhooks (",
        columns!(),
        ", secret) values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    let id = webhook.id.as_uuid();
    let sealed = tx.seal("webhooks", "secret", id, secret.expose())?;
    let set = &webhook.settings;
    sql!(tx, on => sqlx::query(SQL)
        .bind(id)
        .bind(set.url.as_str())
        .bind(set.description.as_deref())
        .bind(set.enabled)
        .bind(webhook.version)
        .bind(webhook.created_at)
        .bind(webhook.updated_at)
        .bind(sealed)
        .execute(on)
        .await
        .map(drop))?;
    put_kinds(tx, id, &set.events).await
}

/// Writes the next version; `false` if the stored one is not the one before it.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<bool, StoreError> {
    const SQL: &str = "
        update webhooks
        set url = $2, description = $3, enabled = $4, version = $5, updated_at = $6
        where id = $1 and version = $5 - 1";
    const FORGET: &str = "delete from webhook_kinds where webhook_id = $1";
    let id = webhook.id.as_uuid();
    let set = &webhook.settings;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(id)
        .bind(set.url.as_str())
        .bind(set.description.as_deref())
        .bind(set.enabled)
        .bind(webhook.version)
        .bind(webhook.updated_at)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    if done == 0 {
        return Ok(false);
    }
    sql!(tx, on => sqlx::query(FORGET).bind(id).execute(on).await.map(drop))?;
    put_kinds(tx, id, &set.events).await?;
    Ok(true)
}

/// From the next request on it is signed with this.
pub async fn put_secret(tx: &mut Tx, id: WebhookId, secret: &Secret) -> Result<(), StoreError> {
    const SQL: &str = "update webhooks set secret = $2 where id = $1";
    let id = id.as_uuid();
    let sealed = tx.seal("webhooks", "secret", id, secret.expose())?;
    sql!(tx, on => sqlx::query(SQL).bind(id).bind(sealed).execute(on).await.map(drop))?;
    Ok(())
}

/// With all its deliveries.
pub async fn delete(tx: &mut Tx, id: WebhookId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from webhooks where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

async fn put_kinds(tx: &mut Tx, id: Uuid, kinds: &[EventKind]) -> Result<(), StoreError> {
    const SQL: &str = "insert into webhook_kinds (webhook_id, kind) values ($1, $2)";
    for kind in kinds {
        sql!(tx, on => sqlx::query(SQL).bind(id).bind(kind.as_str()).execute(on).await.map(drop))?;
    }
    Ok(())
}

impl WebhookRow {
    /// A kind that this binary does not know is one that it does not tell.
    fn webhook(self, kinds: &[String]) -> Result<Webhook, StoreError> {
        let at = At {
            table: "webhooks",
            row: self.id,
        };
        let mut events: Vec<EventKind> =
            kinds.iter().filter_map(|kind| kind.parse().ok()).collect();
        events.sort();
        Ok(Webhook {
            id: WebhookId::from_uuid(self.id),
            settings: WebhookSettings {
                url: at.parse("url", &self.url)?,
                description: self.description,
                events,
                enabled: self.enabled,
            },
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
