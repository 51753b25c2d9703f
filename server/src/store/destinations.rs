//! Transfer destinations, and which agent may use which. Passwords are sealed.

use std::collections::HashMap;

use app::domain::draft::Change;
use app::domain::id::{AgentId, DestinationId};
use app::domain::sip::Secret;
use app::domain::transfer::{Assigned, Destination, DestinationSettings, DestinationType, Place};
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, passwords, sql};

const TABLE: &str = "destinations";

#[derive(sqlx::FromRow)]
struct DestinationRow {
    id: Uuid,
    name: String,
    r#type: String,
    value: String,
    username: Option<String>,
    mode: String,
    keep_recording: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

#[derive(sqlx::FromRow)]
struct AssignedRow {
    #[sqlx(flatten)]
    destination: DestinationRow,
    digit: Option<String>,
}

macro_rules! columns {
    () => {
        "id, name, type, value, username, mode, keep_recording, version, created_at, updated_at"
    };
}

/// All of them, by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<Destination>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from destinations order by lower(name), id"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, DestinationRow>(SQL).fetch_all(on).await)?;
    rows.into_iter().map(Destination::try_from).collect()
}

pub async fn get(conn: &mut Conn, id: DestinationId) -> Result<Option<Destination>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from destinations where id = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, DestinationRow>(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    row.map(Destination::try_from).transpose()
}

/// Every password, for those who dial.
pub async fn passwords(conn: &mut Conn) -> Result<HashMap<DestinationId, Secret>, StoreError> {
    passwords::all(conn, TABLE, DestinationId::from_uuid).await
}

pub async fn insert(
    tx: &mut Tx,
    destination: &Destination,
    password: Option<&Secret>,
) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into destinations (",
        columns!(),
        ", password) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    let sealed = passwords::seal(tx, TABLE, destination.id.as_uuid(), password)?;
    let set = &destination.settings;
    sql!(tx, on => sqlx::query(SQL)
        .bind(destination.id.as_uuid())
        .bind(set.name.as_str())
        .bind(set.place.kind().as_str())
        .bind(set.place.value())
        .bind(username(&set.place))
        .bind(set.mode.as_str())
        .bind(set.keep_recording)
        .bind(destination.version)
        .bind(destination.created_at)
        .bind(destination.updated_at)
        .bind(sealed)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Writes the next version; `false` if the stored one is not the one before it.
pub async fn update(
    tx: &mut Tx,
    destination: &Destination,
    password: &Change<Secret>,
) -> Result<bool, StoreError> {
    const SQL: &str = "
        update destinations
        set name = $2, type = $3, value = $4, username = $5, mode = $6, keep_recording = $7, version = $8,
            updated_at = $9, password = case when $10 then $11 else password end
        where id = $1 and version = $8 - 1";
    let sealed = passwords::seal(tx, TABLE, destination.id.as_uuid(), password.set())?;
    let set = &destination.settings;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(destination.id.as_uuid())
        .bind(set.name.as_str())
        .bind(set.place.kind().as_str())
        .bind(set.place.value())
        .bind(username(&set.place))
        .bind(set.mode.as_str())
        .bind(set.keep_recording)
        .bind(destination.version)
        .bind(destination.updated_at)
        .bind(!matches!(password, Change::Leave))
        .bind(sealed)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// `Foreign`: agents use it.
pub async fn delete(tx: &mut Tx, id: DestinationId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from destinations where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// The agents that may use it or fall back to it, by name.
pub async fn agents(
    conn: &mut Conn,
    id: DestinationId,
) -> Result<Vec<(AgentId, String)>, StoreError> {
    const SQL: &str = "
        select id, name
        from agents
        where failover_id = $1 or id in (select agent_id from agent_destinations where destination_id = $1)
        order by lower(name), id";
    let rows: Vec<(Uuid, String)> =
        sql!(conn, on => sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(on).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (AgentId::from_uuid(id), name))
        .collect())
}

/// What every agent may use, in the order in which it was assigned.
pub async fn assigned(
    conn: &mut Conn,
) -> Result<HashMap<AgentId, Vec<(DestinationId, Option<char>)>>, StoreError> {
    const SQL: &str = "
        select agent_id, destination_id, digit
        from agent_destinations
        order by agent_id, assigned_at, destination_id";
    let rows: Vec<(Uuid, Uuid, Option<String>)> =
        sql!(conn, on => sqlx::query_as(SQL).fetch_all(on).await)?;
    let mut of: HashMap<AgentId, Vec<_>> = HashMap::new();
    for (agent, destination, digit) in rows {
        of.entry(AgentId::from_uuid(agent)).or_default().push((
            DestinationId::from_uuid(destination),
            digit.and_then(|digit| digit.chars().next()),
        ));
    }
    Ok(of)
}

/// What one agent may use.
pub async fn of_agent(conn: &mut Conn, agent: AgentId) -> Result<Vec<Assigned>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", digit
        from agent_destinations join destinations on id = destination_id
        where agent_id = $1
        order by assigned_at, id"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, AssignedRow>(SQL).bind(agent.as_uuid()).fetch_all(on).await)?;
    rows.into_iter()
        .map(|row| {
            Ok(Assigned {
                destination: row.destination.try_into()?,
                digit: row.digit.and_then(|digit| digit.chars().next()),
            })
        })
        .collect()
}

/// Assigns it, or gives it another digit if it is assigned already. `Unique`: another has the digit. `Foreign`: one
/// of the two is gone.
pub async fn assign(
    tx: &mut Tx,
    agent: AgentId,
    destination: DestinationId,
    digit: Option<char>,
    at: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "
        insert into agent_destinations (agent_id, destination_id, digit, assigned_at)
        values ($1, $2, $3, $4)
        on conflict (agent_id, destination_id) do update set digit = excluded.digit";
    sql!(tx, on => sqlx::query(SQL)
        .bind(agent.as_uuid())
        .bind(destination.as_uuid())
        .bind(digit.map(String::from))
        .bind(at)
        .execute(on)
        .await
        .map(drop))?;
    Ok(())
}

/// Takes it from the agent; `false` if the agent did not have it.
pub async fn release(
    tx: &mut Tx,
    agent: AgentId,
    destination: DestinationId,
) -> Result<bool, StoreError> {
    const SQL: &str = "delete from agent_destinations where agent_id = $1 and destination_id = $2";
    let done = sql!(tx, on => sqlx::query(SQL).bind(agent.as_uuid()).bind(destination.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

fn username(place: &Place) -> Option<&str> {
    match place {
        Place::Sip(_, Some(username)) => Some(username.as_str()),
        Place::Sip(_, None) | Place::Phone(_) | Place::Hangup => None,
    }
}

fn at(row: Uuid) -> At<Uuid> {
    At { table: TABLE, row }
}

impl TryFrom<DestinationRow> for Destination {
    type Error = StoreError;

    fn try_from(row: DestinationRow) -> Result<Self, StoreError> {
        let at = at(row.id);
        let place = match at.parse("type", &row.r#type)? {
            DestinationType::Phone => Place::Phone(at.parse("value", &row.value)?),
            DestinationType::Sip => Place::Sip(
                at.parse("value", &row.value)?,
                at.parse_some("username", row.username.as_deref())?,
            ),
            DestinationType::Hangup => Place::Hangup,
        };
        Ok(Self {
            id: DestinationId::from_uuid(row.id),
            settings: DestinationSettings {
                place,
                mode: at.parse("mode", &row.mode)?,
                keep_recording: row.keep_recording,
                name: row.name,
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
