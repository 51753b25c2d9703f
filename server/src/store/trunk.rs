//! The inbound trunk: one row or none.

use app::domain::id::TrunkId;
use app::domain::inbound::{InboundTrunk, TrunkSettings};
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, sql};

#[derive(sqlx::FromRow)]
struct TrunkRow {
    id: Uuid,
    region: String,
    krisp_enabled: bool,
    max_channels: Option<i64>,
    other_sources: String,
    country: Option<String>,
    agent_id_header: String,
    codecs: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

pub async fn get(conn: &mut Conn) -> Result<Option<InboundTrunk>, StoreError> {
    const SQL: &str = "
        select id, region, krisp_enabled, max_channels, other_sources, country, agent_id_header, codecs, version,
               created_at, updated_at
        from inbound_trunk";
    let row = sql!(conn, on => sqlx::query_as::<_, TrunkRow>(SQL).fetch_optional(on).await)?;
    row.map(InboundTrunk::try_from).transpose()
}

/// `Unique` means that there is a trunk already.
pub async fn insert(tx: &mut Tx, trunk: &InboundTrunk) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into inbound_trunk (id, region, krisp_enabled, max_channels, other_sources, country,
                                   agent_id_header, codecs, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let set = &trunk.settings;
    sql!(tx, on => sqlx::query(SQL)
        .bind(trunk.id.as_uuid())
        .bind(set.region.as_str())
        .bind(set.krisp_enabled)
        .bind(set.max_channels.map(i64::from))
        .bind(set.other_sources.as_str())
        .bind(set.country.map(|country| country.to_string()))
        .bind(set.agent_id_header.as_str())
        .bind(set.codecs.as_ref().map(ToString::to_string))
        .bind(trunk.version)
        .bind(trunk.created_at)
        .bind(trunk.updated_at)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Writes the next version; `false` if the stored one is not the one before it.
pub async fn update(tx: &mut Tx, trunk: &InboundTrunk) -> Result<bool, StoreError> {
    const SQL: &str = "
        update inbound_trunk
        set region = $2, krisp_enabled = $3, max_channels = $4, other_sources = $5, country = $6,
            agent_id_header = $7, codecs = $8, version = $9, updated_at = $10
        where id = $1 and version = $9 - 1";
    let set = &trunk.settings;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(trunk.id.as_uuid())
        .bind(set.region.as_str())
        .bind(set.krisp_enabled)
        .bind(set.max_channels.map(i64::from))
        .bind(set.other_sources.as_str())
        .bind(set.country.map(|country| country.to_string()))
        .bind(set.agent_id_header.as_str())
        .bind(set.codecs.as_ref().map(ToString::to_string))
        .bind(trunk.version)
        .bind(trunk.updated_at)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Takes its accesses with it.
pub async fn delete(tx: &mut Tx) -> Result<bool, StoreError> {
    const SQL: &str = "delete from inbound_trunk";
    let done = sql!(tx, on => sqlx::query(SQL).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

impl TryFrom<TrunkRow> for InboundTrunk {
    type Error = StoreError;

    fn try_from(row: TrunkRow) -> Result<Self, StoreError> {
        let at = At {
            table: "inbound_trunk",
            row: row.id,
        };
        Ok(Self {
            id: TrunkId::from_uuid(row.id),
            settings: TrunkSettings {
                region: at.parse("region", &row.region)?,
                krisp_enabled: row.krisp_enabled,
                max_channels: at.count_some("max_channels", row.max_channels)?,
                other_sources: at.parse("other_sources", &row.other_sources)?,
                country: at.parse_some("country", row.country.as_deref())?,
                agent_id_header: at.parse("agent_id_header", &row.agent_id_header)?,
                codecs: at.parse_some("codecs", row.codecs.as_deref())?,
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
