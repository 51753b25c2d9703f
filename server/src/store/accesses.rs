//! Accesses: who may come in.

use std::collections::HashMap;
use std::net::IpAddr;

use app::domain::id::{AccessId, TrunkId};
use app::domain::inbound::{Access, AccessSettings, LastUse};
use app::domain::sip::{Secret, SourceNet};
use app::domain::transfer::ReferForm;
use uuid::Uuid;

use super::row::{At, json};
use super::{Conn, StoreError, Tx, passwords, sql};

const TABLE: &str = "accesses";

#[derive(sqlx::FromRow)]
struct AccessRow {
    id: Uuid,
    label: String,
    kind: String,
    username: Option<String>,
    endpoint_name: String,
    own_endpoint_only: bool,
    country: Option<String>,
    agent_header: bool,
    number_source: String,
    max_channels: Option<i64>,
    srtp: String,
    sha256_only: bool,
    strict_uri: bool,
    refer_form: Option<String>,
    passed_headers: String,
    enabled: bool,
    last_used_at: Option<i64>,
    last_used_ip: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

macro_rules! columns {
    () => {
        "id, label, kind, username, endpoint_name, own_endpoint_only, country, agent_header, number_source,
         max_channels, srtp, sha256_only, strict_uri, refer_form, passed_headers, enabled, last_used_at,
         last_used_ip, version, created_at, updated_at"
    };
}

/// All of them, oldest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Access>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from accesses order by created_at, id"
    );
    const NETWORKS: &str =
        "select access_id, network from access_networks order by access_id, network";
    let rows = sql!(conn, on => sqlx::query_as::<_, AccessRow>(SQL).fetch_all(on).await)?;
    let networks: Vec<(Uuid, String)> =
        sql!(conn, on => sqlx::query_as(NETWORKS).fetch_all(on).await)?;
    let mut of: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (access, network) in networks {
        of.entry(access).or_default().push(network);
    }
    rows.into_iter()
        .map(|row| {
            let networks = of.remove(&row.id).unwrap_or_default();
            row.access(&networks)
        })
        .collect()
}

pub async fn get(conn: &mut Conn, id: AccessId) -> Result<Option<Access>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from accesses where id = $1");
    const NETWORKS: &str =
        "select network from access_networks where access_id = $1 order by network";
    let id = id.as_uuid();
    let row =
        sql!(conn, on => sqlx::query_as::<_, AccessRow>(SQL).bind(id).fetch_optional(on).await)?;
    let Some(row) = row else { return Ok(None) };
    let networks: Vec<String> =
        sql!(conn, on => sqlx::query_scalar(NETWORKS).bind(id).fetch_all(on).await)?;
    row.access(&networks).map(Some)
}

/// The password of a digest access, opened.
pub async fn password(conn: &mut Conn, id: AccessId) -> Result<Option<Secret>, StoreError> {
    const SQL: &str = "select password from accesses where id = $1";
    let sealed: Option<Option<Vec<u8>>> =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(on).await)?;
    let Some(sealed) = sealed.flatten() else {
        return Ok(None);
    };
    passwords::open(conn, TABLE, id.as_uuid(), &sealed).map(Some)
}

/// Every password, for the routing snapshot.
pub async fn passwords(conn: &mut Conn) -> Result<HashMap<AccessId, Secret>, StoreError> {
    passwords::all(conn, TABLE, AccessId::from_uuid).await
}

/// `Unique` means that the label is taken; username and endpoint name are generated.
pub async fn insert(
    tx: &mut Tx,
    trunk: TrunkId,
    access: &Access,
    password: Option<&Secret>,
) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into accesses (",
        columns!(),
        ", trunk_id, password)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                $23)"
    );
    let id = access.id.as_uuid();
    let sealed = passwords::seal(tx, TABLE, id, password)?;
    let set = &access.settings;
    let passed = json::write(&set.passed_headers)?;
    sql!(tx, on => sqlx::query(SQL)
        .bind(id)
        .bind(set.label.as_str())
        .bind(set.kind.as_str())
        .bind(access.username.as_deref())
        .bind(access.endpoint_name.as_str())
        .bind(set.own_endpoint_only)
        .bind(set.country.map(|country| country.to_string()))
        .bind(set.agent_header)
        .bind(set.number_source.as_str())
        .bind(set.max_channels.map(i64::from))
        .bind(set.srtp.as_str())
        .bind(set.sha256_only)
        .bind(set.strict_uri)
        .bind(set.refer_form.as_ref().map(ReferForm::as_str))
        .bind(passed.as_str())
        .bind(set.enabled)
        .bind(access.last_used.as_ref().map(|used| used.at))
        .bind(access.last_used.as_ref().map(|used| used.from.to_string()))
        .bind(access.version)
        .bind(access.created_at)
        .bind(access.updated_at)
        .bind(trunk.as_uuid())
        .bind(sealed)
        .execute(on)
        .await
        .map(drop))?;
    put_networks(tx, id, &set.networks).await
}

/// Writes the next version; `false` if the stored one is not the one before it. `Unique`: the label is taken.
pub async fn update(tx: &mut Tx, access: &Access) -> Result<bool, StoreError> {
    const SQL: &str = "
        update accesses
        set label = $2, own_endpoint_only = $3, country = $4, agent_header = $5, number_source = $6,
            max_channels = $7, srtp = $8, sha256_only = $9, strict_uri = $10, refer_form = $11,
            passed_headers = $12, enabled = $13, version = $14, updated_at = $15
        where id = $1 and version = $14 - 1";
    const FORGET: &str = "delete from access_networks where access_id = $1";
    let id = access.id.as_uuid();
    let set = &access.settings;
    let passed = json::write(&set.passed_headers)?;
    let done = sql!(tx, on => sqlx::query(SQL)
        .bind(id)
        .bind(set.label.as_str())
        .bind(set.own_endpoint_only)
        .bind(set.country.map(|country| country.to_string()))
        .bind(set.agent_header)
        .bind(set.number_source.as_str())
        .bind(set.max_channels.map(i64::from))
        .bind(set.srtp.as_str())
        .bind(set.sha256_only)
        .bind(set.strict_uri)
        .bind(set.refer_form.as_ref().map(ReferForm::as_str))
        .bind(passed.as_str())
        .bind(set.enabled)
        .bind(access.version)
        .bind(access.updated_at)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    if done == 0 {
        return Ok(false);
    }
    sql!(tx, on => sqlx::query(FORGET).bind(id).execute(on).await.map(drop))?;
    put_networks(tx, id, &set.networks).await?;
    Ok(true)
}

pub async fn delete(tx: &mut Tx, id: AccessId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from accesses where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Notes that somebody came in by it. No new version: nobody edits this.
pub async fn used(tx: &mut Tx, id: AccessId, at: i64, from: IpAddr) -> Result<(), StoreError> {
    const SQL: &str = "
        update accesses
        set last_used_at = $2, last_used_ip = $3
        where id = $1 and (last_used_at is null or last_used_at <= $2)";
    let from = from.to_string();
    sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).bind(at).bind(from.as_str()).execute(on).await.map(drop))?;
    Ok(())
}

async fn put_networks(tx: &mut Tx, id: Uuid, networks: &[SourceNet]) -> Result<(), StoreError> {
    const SQL: &str = "insert into access_networks (access_id, network) values ($1, $2)";
    for network in networks {
        let network = network.to_string();
        sql!(tx, on => sqlx::query(SQL).bind(id).bind(network.as_str()).execute(on).await.map(drop))?;
    }
    Ok(())
}

impl AccessRow {
    fn access(self, networks: &[String]) -> Result<Access, StoreError> {
        let at = At {
            table: TABLE,
            row: self.id,
        };
        let networks = networks
            .iter()
            .map(|text| at.parse("networks", text))
            .collect::<Result<_, _>>()?;
        let last_used = match (self.last_used_at, self.last_used_ip.as_deref()) {
            (Some(used), Some(ip)) => Some(LastUse {
                at: used,
                from: at.parse("last_used_ip", ip)?,
            }),
            _ => None,
        };
        Ok(Access {
            id: AccessId::from_uuid(self.id),
            settings: AccessSettings {
                kind: at.parse("kind", &self.kind)?,
                networks,
                own_endpoint_only: self.own_endpoint_only,
                country: at.parse_some("country", self.country.as_deref())?,
                agent_header: self.agent_header,
                number_source: at.parse("number_source", &self.number_source)?,
                max_channels: at.count_some("max_channels", self.max_channels)?,
                srtp: at.parse("srtp", &self.srtp)?,
                sha256_only: self.sha256_only,
                strict_uri: self.strict_uri,
                refer_form: at.parse_some("refer_form", self.refer_form.as_deref())?,
                passed_headers: at.json("passed_headers", &self.passed_headers)?,
                enabled: self.enabled,
                label: self.label,
            },
            username: self.username,
            endpoint_name: self.endpoint_name,
            last_used,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
