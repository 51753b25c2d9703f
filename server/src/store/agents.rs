//! Agents: what answers. Knows nothing of which numbers they answer (`numbers`).

use std::collections::HashMap;

use app::domain::agent::{Agent, AgentSettings};
use app::domain::draft::Change;
use app::domain::id::{AgentId, DestinationId, OutboundTrunkId};
use app::domain::sip::Secret;
use uuid::Uuid;

use super::row::{At, json};
use super::rows::{places, portions};
use super::{Conn, StoreError, Tx, sql};

#[derive(sqlx::FromRow)]
struct AgentRow {
    id: Uuid,
    name: String,
    r#type: String,
    language: String,
    voice_id: Option<String>,
    first_message: Option<String>,
    instructions: String,
    engine: String,
    interruptible: bool,
    enabled: bool,
    is_default: bool,
    recording_enabled: bool,
    recording_notice: Option<String>,
    keep_digits: bool,
    hold_music: String,
    silence_seconds: i64,
    max_duration_s: i64,
    max_channels: Option<i64>,
    failover_id: Option<Uuid>,
    outbound_trunk_id: Option<Uuid>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

macro_rules! columns {
    () => {
        "id, name, type, language, first_message, instructions, engine, interruptible, enabled, is_default,
         recording_enabled, recording_notice, keep_digits, silence_seconds, max_duration_s, max_channels,
         failover_id, outbound_trunk_id, version, created_at, updated_at, voice_id, hold_music"
    };
}

/// What they are called, by name.
pub async fn names(conn: &mut Conn) -> Result<Vec<(AgentId, String)>, StoreError> {
    const SQL: &str = "select id, name from agents order by lower(name), id";
    let rows: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(SQL).fetch_all(on).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (AgentId::from_uuid(id), name))
        .collect())
}

/// What those of these that are there are called.
pub async fn names_of(
    conn: &mut Conn,
    agents: &[AgentId],
) -> Result<HashMap<AgentId, String>, StoreError> {
    let mut names = HashMap::with_capacity(agents.len());
    for portion in portions(agents) {
        let places = places(conn, 1, portion.len());
        let text = format!("select id, name from agents where id in {places}");
        let rows: Vec<(Uuid, String)> = sql!(conn, on => {
            let mut query = sqlx::query_as(&text);
            for agent in portion {
                query = query.bind(agent.as_uuid());
            }
            query.fetch_all(on).await
        })?;
        names.extend(
            rows.into_iter()
                .map(|(id, name)| (AgentId::from_uuid(id), name)),
        );
    }
    Ok(names)
}

/// All of them, by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<Agent>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from agents order by lower(name), id"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, AgentRow>(SQL).fetch_all(on).await)?;
    rows.into_iter().map(Agent::try_from).collect()
}

pub async fn get(conn: &mut Conn, id: AgentId) -> Result<Option<Agent>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from agents where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, AgentRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Agent::try_from).transpose()
}

/// Which agent answers what nobody else does.
pub async fn default(conn: &mut Conn) -> Result<Option<Agent>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from agents where is_default");
    let row = sql!(conn, on => sqlx::query_as::<_, AgentRow>(SQL).fetch_optional(on).await)?;
    row.map(Agent::try_from).transpose()
}

/// Writes a new agent, or the next version of one; `false` if the stored version is not the one before it.
/// `Unique` can only mean that another agent is the default one, `Foreign` that its trunk or failover
/// destination is gone.
pub async fn save(tx: &mut Tx, agent: &Agent) -> Result<bool, StoreError> {
    const SQL: &str = concat!(
        "insert into agents (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23)
        on conflict (id) do update
        set name = excluded.name, type = excluded.type, language = excluded.language,
            first_message = excluded.first_message, instructions = excluded.instructions,
            engine = excluded.engine, interruptible = excluded.interruptible, enabled = excluded.enabled,
            is_default = excluded.is_default, recording_enabled = excluded.recording_enabled,
            recording_notice = excluded.recording_notice, keep_digits = excluded.keep_digits,
            silence_seconds = excluded.silence_seconds, max_duration_s = excluded.max_duration_s,
            max_channels = excluded.max_channels, failover_id = excluded.failover_id,
            outbound_trunk_id = excluded.outbound_trunk_id, version = excluded.version,
            updated_at = excluded.updated_at, voice_id = excluded.voice_id,
            hold_music = excluded.hold_music
        where agents.version = excluded.version - 1"
    );
    let set = &agent.settings;
    let instructions = json::write(&set.instructions)?;
    let engine = json::write(&set.engine)?;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(agent.id.as_uuid())
        .bind(set.name.as_str())
        .bind(set.r#type.as_str())
        .bind(set.language.as_str())
        .bind(set.first_message.as_deref())
        .bind(instructions)
        .bind(engine)
        .bind(set.interruptible)
        .bind(set.enabled)
        .bind(set.is_default)
        .bind(set.recording_enabled)
        .bind(set.recording_notice.as_deref())
        .bind(set.keep_digits)
        .bind(i64::from(set.silence_seconds))
        .bind(i64::from(set.max_duration_s))
        .bind(set.max_channels.map(i64::from))
        .bind(set.failover.map(|id| id.as_uuid()))
        .bind(agent.outbound_trunk.map(|id| id.as_uuid()))
        .bind(agent.version)
        .bind(agent.created_at)
        .bind(agent.updated_at)
        .bind(set.voice_id.as_deref())
        .bind(set.hold_music.as_str())
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// What an engine knows us by, for those who call it: the SIP path never waits on SQL.
pub async fn secrets(conn: &mut Conn) -> Result<HashMap<AgentId, Secret>, StoreError> {
    const SQL: &str = "select id, engine_secret from agents where engine_secret is not null";
    let rows: Vec<(Uuid, Vec<u8>)> = sql!(conn, on => sqlx::query_as(SQL).fetch_all(on).await)?;
    rows.into_iter()
        .map(|(id, sealed)| Ok((AgentId::from_uuid(id), unsealed(conn, id, &sealed)?)))
        .collect()
}

/// The same of one agent.
pub async fn secret(conn: &mut Conn, id: AgentId) -> Result<Option<Secret>, StoreError> {
    const SQL: &str =
        "select engine_secret from agents where id = $1 and engine_secret is not null";
    let sealed: Option<Vec<u8>> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    sealed
        .map(|sealed| unsealed(conn, id.as_uuid(), &sealed))
        .transpose()
}

/// With the agent's own change, in its transaction.
pub async fn put_secret(
    tx: &mut Tx,
    id: AgentId,
    secret: &Change<Secret>,
) -> Result<(), StoreError> {
    const SQL: &str = "update agents set engine_secret = $2 where id = $1";
    let row = id.as_uuid();
    let sealed = match secret {
        Change::Leave => return Ok(()),
        Change::Clear => None,
        Change::Set(secret) => Some(tx.seal("agents", "engine_secret", row, secret.expose())?),
    };
    sql!(tx, on => sqlx::query(SQL).bind(row).bind(sealed).execute(on).await.map(drop))?;
    Ok(())
}

fn unsealed(conn: &Conn, row: Uuid, sealed: &[u8]) -> Result<Secret, StoreError> {
    let text = conn.unseal("agents", "engine_secret", row, sealed)?;
    let table = "agents";
    text.parse()
        .map_err(|_| At { table, row }.corrupt("engine_secret"))
}

/// Its numbers stay, without an agent.
pub async fn delete(tx: &mut Tx, id: AgentId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from agents where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

impl TryFrom<AgentRow> for Agent {
    type Error = StoreError;

    fn try_from(row: AgentRow) -> Result<Self, StoreError> {
        let at = At {
            table: "agents",
            row: row.id,
        };
        Ok(Self {
            id: AgentId::from_uuid(row.id),
            settings: AgentSettings {
                r#type: at.parse("type", &row.r#type)?,
                instructions: at.json("instructions", &row.instructions)?,
                engine: at.json("engine", &row.engine)?,
                hold_music: at.parse("hold_music", &row.hold_music)?,
                silence_seconds: at.count("silence_seconds", row.silence_seconds)?,
                max_duration_s: at.count("max_duration_s", row.max_duration_s)?,
                max_channels: at.count_some("max_channels", row.max_channels)?,
                name: row.name,
                language: row.language,
                voice_id: row.voice_id,
                first_message: row.first_message,
                interruptible: row.interruptible,
                enabled: row.enabled,
                is_default: row.is_default,
                recording_enabled: row.recording_enabled,
                recording_notice: row.recording_notice,
                keep_digits: row.keep_digits,
                failover: row.failover_id.map(DestinationId::from_uuid),
            },
            outbound_trunk: row.outbound_trunk_id.map(OutboundTrunkId::from_uuid),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
