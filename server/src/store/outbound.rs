//! Outbound trunks: the ways out.

use std::collections::HashMap;

use app::domain::country::Country;
use app::domain::draft::Change;
use app::domain::id::{AgentId, OutboundTrunkId};
use app::domain::outbound::{Identity, Limits, OutboundAuth, OutboundSettings, OutboundTrunk};
use app::domain::phone::PhoneNumber;
use app::domain::sip::Secret;
use uuid::Uuid;

use super::row::At;
use super::{Conn, StoreError, Tx, passwords, sql};

const TABLE: &str = "outbound_trunks";

#[derive(sqlx::FromRow)]
struct TrunkRow {
    id: Uuid,
    name: String,
    host: String,
    port: i64,
    transport: String,
    username: Option<String>,
    caller_number: String,
    country: Option<String>,
    number_format: String,
    caller_format: String,
    from_user: Option<String>,
    from_host: Option<String>,
    auth_realm: Option<String>,
    assert: String,
    user_phone: bool,
    prefix: Option<String>,
    outbound_proxy: Option<String>,
    register: bool,
    srtp: String,
    codecs: Option<String>,
    max_channels: i64,
    max_cps: i64,
    max_duration_s: i64,
    daily_cap_minutes: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

macro_rules! columns {
    () => {
        "id, name, host, port, transport, username, caller_number, country, number_format, caller_format,
         from_user, from_host, auth_realm, assert, user_phone, prefix, outbound_proxy, register, srtp, codecs,
         max_channels, max_cps, max_duration_s, daily_cap_minutes, version, created_at, updated_at"
    };
}

/// All of them, by name. There are tens, not thousands.
pub async fn list(conn: &mut Conn) -> Result<Vec<OutboundTrunk>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from outbound_trunks order by lower(name), id"
    );
    const REGIONS: &str =
        "select trunk_id, country from outbound_regions order by trunk_id, country";
    let rows = sql!(conn, on => sqlx::query_as::<_, TrunkRow>(SQL).fetch_all(on).await)?;
    let regions: Vec<(Uuid, String)> =
        sql!(conn, on => sqlx::query_as(REGIONS).fetch_all(on).await)?;
    let mut of: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (trunk, country) in regions {
        of.entry(trunk).or_default().push(country);
    }
    rows.into_iter()
        .map(|row| {
            let regions = of.remove(&row.id).unwrap_or_default();
            row.trunk(&regions)
        })
        .collect()
}

pub async fn get(
    conn: &mut Conn,
    id: OutboundTrunkId,
) -> Result<Option<OutboundTrunk>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from outbound_trunks where id = $1");
    const REGIONS: &str =
        "select country from outbound_regions where trunk_id = $1 order by country";
    let id = id.as_uuid();
    let row =
        sql!(conn, on => sqlx::query_as::<_, TrunkRow>(SQL).bind(id).fetch_optional(on).await)?;
    let Some(row) = row else { return Ok(None) };
    let regions: Vec<String> =
        sql!(conn, on => sqlx::query_scalar(REGIONS).bind(id).fetch_all(on).await)?;
    row.trunk(&regions).map(Some)
}

/// Binds what both writing statements begin with: id and settings, `$1` to `$24`.
macro_rules! bind {
    ($sql:expr, $trunk:expr) => {{
        let set = &$trunk.settings;
        let (identity, limits) = (&set.identity, &set.limits);
        sqlx::query($sql)
            .bind($trunk.id.as_uuid())
            .bind(set.name.as_str())
            .bind(set.host.to_string())
            .bind(i64::from(set.port))
            .bind(set.transport.as_str())
            .bind(username(&set.auth))
            .bind(set.caller_number.as_str())
            .bind(identity.country.map(Country::iso))
            .bind(identity.number_format.as_str())
            .bind(identity.caller_format.as_str())
            .bind(identity.from_user.as_deref())
            .bind(identity.from_host.as_ref().map(ToString::to_string))
            .bind(identity.auth_realm.as_deref())
            .bind(identity.assert.as_str())
            .bind(identity.user_phone)
            .bind(identity.prefix.as_deref())
            .bind(set.outbound_proxy.as_ref().map(ToString::to_string))
            .bind(set.register)
            .bind(set.srtp.as_str())
            .bind(set.codecs.as_ref().map(ToString::to_string))
            .bind(i64::from(limits.max_channels))
            .bind(i64::from(limits.max_cps))
            .bind(i64::from(limits.max_duration_s))
            .bind(limits.daily_cap_minutes.map(i64::from))
    }};
}

/// Every password, for the routing snapshot.
pub async fn passwords(conn: &mut Conn) -> Result<HashMap<OutboundTrunkId, Secret>, StoreError> {
    passwords::all(conn, TABLE, OutboundTrunkId::from_uuid).await
}

pub async fn insert(
    tx: &mut Tx,
    trunk: &OutboundTrunk,
    password: Option<&Secret>,
) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "insert into outbound_trunks (",
        columns!(),
        ", password)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25, $26, $27, $28)"
    );
    let sealed = passwords::seal(tx, TABLE, trunk.id.as_uuid(), password)?;
    sql!(tx, on => bind!(SQL, trunk)
        .bind(trunk.version)
        .bind(trunk.created_at)
        .bind(trunk.updated_at)
        .bind(sealed)
        .execute(on)
        .await
        .map(drop))?;
    put_regions(tx, trunk).await
}

/// Writes the next version; `false` if the stored one is not the one before it.
pub async fn update(
    tx: &mut Tx,
    trunk: &OutboundTrunk,
    password: &Change<Secret>,
) -> Result<bool, StoreError> {
    const SQL: &str = "
        update outbound_trunks
        set name = $2, host = $3, port = $4, transport = $5, username = $6, caller_number = $7, country = $8,
            number_format = $9, caller_format = $10, from_user = $11, from_host = $12, auth_realm = $13,
            assert = $14, user_phone = $15, prefix = $16, outbound_proxy = $17, register = $18, srtp = $19,
            codecs = $20, max_channels = $21, max_cps = $22, max_duration_s = $23, daily_cap_minutes = $24,
            version = $25, updated_at = $26, password = case when $27 then $28 else password end
        where id = $1 and version = $25 - 1";
    const FORGET: &str = "delete from outbound_regions where trunk_id = $1";
    let changed = !matches!(password, Change::Leave);
    let sealed = passwords::seal(tx, TABLE, trunk.id.as_uuid(), password.set())?;
    let done = sql!(tx, on => bind!(SQL, trunk)
        .bind(trunk.version)
        .bind(trunk.updated_at)
        .bind(changed)
        .bind(sealed)
        .execute(on)
        .await
        .map(|done| done.rows_affected()))?;
    if done == 0 {
        return Ok(false);
    }
    let id = trunk.id.as_uuid();
    sql!(tx, on => sqlx::query(FORGET).bind(id).execute(on).await.map(drop))?;
    put_regions(tx, trunk).await?;
    Ok(true)
}

/// `Foreign`: agents use it.
pub async fn delete(tx: &mut Tx, id: OutboundTrunkId) -> Result<bool, StoreError> {
    const SQL: &str = "delete from outbound_trunks where id = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(id.as_uuid()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// The agents that place their calls by it, by name.
pub async fn agents(
    conn: &mut Conn,
    id: OutboundTrunkId,
) -> Result<Vec<(AgentId, String)>, StoreError> {
    const SQL: &str =
        "select id, name from agents where outbound_trunk_id = $1 order by lower(name), id";
    let rows: Vec<(Uuid, String)> =
        sql!(conn, on => sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(on).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (AgentId::from_uuid(id), name))
        .collect())
}

/// Milliseconds talked over it by calls of ours that have ended and were answered since then.
pub async fn talked_ms(
    conn: &mut Conn,
    id: OutboundTrunkId,
    since: i64,
) -> Result<i64, StoreError> {
    const SQL: &str = "
        select cast(coalesce(sum(ended_at - answered_at), 0) as bigint)
        from calls
        where trunk_id = $1 and started_at >= $2 and direction = 'outbound' and answered_at is not null and ended_at is not null";
    Ok(
        sql!(conn, on => sqlx::query_scalar(SQL).bind(id.as_uuid()).bind(since).fetch_one(on).await)?,
    )
}

/// When the newest of its answered calls was answered: a step in `calls_by_trunk`, however many calls there are.
pub async fn last_answered(
    conn: &mut Conn,
    id: OutboundTrunkId,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "
        select answered_at
        from calls
        where trunk_id = $1 and answered_at is not null
        order by started_at desc
        limit 1";
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(on).await)?)
}

async fn put_regions(tx: &mut Tx, trunk: &OutboundTrunk) -> Result<(), StoreError> {
    const SQL: &str = "insert into outbound_regions (trunk_id, country) values ($1, $2)";
    let id = trunk.id.as_uuid();
    for country in &trunk.settings.limits.allowed_regions {
        let iso = country.iso();
        sql!(tx, on => sqlx::query(SQL).bind(id).bind(iso).execute(on).await.map(drop))?;
    }
    Ok(())
}

fn username(auth: &OutboundAuth) -> Option<&str> {
    match auth {
        OutboundAuth::Digest { username } => Some(username.as_str()),
        OutboundAuth::SourceIp => None,
    }
}

fn at(row: Uuid) -> At<Uuid> {
    At { table: TABLE, row }
}

impl TrunkRow {
    fn trunk(self, regions: &[String]) -> Result<OutboundTrunk, StoreError> {
        let at = at(self.id);
        let auth = match self.username.as_deref() {
            Some(username) => OutboundAuth::Digest {
                username: at.parse("username", username)?,
            },
            None => OutboundAuth::SourceIp,
        };
        let allowed_regions = regions
            .iter()
            .map(|text| at.parse("country", text))
            .collect::<Result<_, _>>()?;
        Ok(OutboundTrunk {
            id: OutboundTrunkId::from_uuid(self.id),
            settings: OutboundSettings {
                host: at.parse("host", &self.host)?,
                port: u16::try_from(self.port).map_err(|_| at.corrupt("port"))?,
                transport: at.parse("transport", &self.transport)?,
                auth,
                caller_number: at.parse::<PhoneNumber>("caller_number", &self.caller_number)?,
                identity: Identity {
                    country: at.parse_some("country", self.country.as_deref())?,
                    number_format: at.parse("number_format", &self.number_format)?,
                    caller_format: at.parse("caller_format", &self.caller_format)?,
                    from_user: self.from_user,
                    from_host: at.parse_some("from_host", self.from_host.as_deref())?,
                    auth_realm: self.auth_realm,
                    assert: at.parse("assert", &self.assert)?,
                    user_phone: self.user_phone,
                    prefix: self.prefix,
                },
                outbound_proxy: at.parse_some("outbound_proxy", self.outbound_proxy.as_deref())?,
                register: self.register,
                srtp: at.parse("srtp", &self.srtp)?,
                codecs: at.parse_some("codecs", self.codecs.as_deref())?,
                limits: Limits {
                    max_channels: at.count("max_channels", self.max_channels)?,
                    max_cps: at.count("max_cps", self.max_cps)?,
                    max_duration_s: at.count("max_duration_s", self.max_duration_s)?,
                    allowed_regions,
                    daily_cap_minutes: at
                        .count_some("daily_cap_minutes", self.daily_cap_minutes)?,
                },
                name: self.name,
            },
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
