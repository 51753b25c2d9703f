//! The inventory of numbers: on the trunk or not, answered by one agent or none.

mod several;

use std::collections::HashMap;

use app::domain::id::{AgentId, NumberId};
use app::domain::number::{Number, NumberSort};
use app::domain::page::Limit;
use app::domain::phone::PhoneNumber;
use uuid::Uuid;

use super::filter::{Filter, bind_all, containing, folded};
use super::row::At;
use super::rows::places;
use super::{Conn, StoreError, Tx, sql};
pub use several::{named, save, save_all};

#[derive(sqlx::FromRow)]
struct NumberRow {
    id: Uuid,
    number: String,
    label: Option<String>,
    verified_at: Option<i64>,
    on_trunk: bool,
    agent_id: Option<Uuid>,
    last_call_at: Option<i64>,
    version: i64,
    created_at: i64,
}

macro_rules! columns {
    () => {
        "id, number, label, verified_at, on_trunk, agent_id, last_call_at, version, created_at"
    };
}

/// With what its agent is called.
#[derive(sqlx::FromRow)]
struct NamedRow {
    #[sqlx(flatten)]
    number: NumberRow,
    agent_name: Option<String>,
}

const NAMED: &str = "
    select n.id, n.number, n.label, n.verified_at, n.on_trunk, n.agent_id, n.last_call_at, n.version,
           n.created_at, a.name as agent_name
    from numbers n
    left join agents a on a.id = n.agent_id";

/// Rows in one statement: databases bind some ten thousand values at most.
const AT_ONCE: usize = 500;
/// Queries in one statement: SQLite takes five hundred.
const QUERIES_AT_ONCE: usize = 100;

/// All of them, in the order of their digits: for the snapshot at start.
pub async fn list(conn: &mut Conn) -> Result<Vec<Number>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from numbers order by number");
    let rows = sql!(conn, on => sqlx::query_as::<_, NumberRow>(SQL).fetch_all(on).await)?;
    rows.into_iter().map(Number::try_from).collect()
}

/// Which numbers to list.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub on_trunk: Option<bool>,
    pub agent: Option<AgentId>,
    pub unassigned: bool,
    /// Part of the number or of the label.
    pub text: Option<String>,
    pub sort: NumberSort,
    /// The last number seen.
    pub after: Option<Place>,
}

/// What an index on expressions has to be asked with.
const LAST_CALL: &str = "coalesce(n.last_call_at, 0)";

/// A place in the list: when the number there was last called (zero: never), and the number.
pub type Place = (i64, PhoneNumber);

/// Numbers that one page looks through at most for a text.
const REACH: u32 = 300_000;

/// Numbers with the names of their agents, as the search sorts them; one more than `limit`, so that the caller sees whether
/// there are more. And the place where looking for a text ended, if numbers come after it.
pub async fn page(
    conn: &mut Conn,
    search: &Search,
    limit: Limit,
) -> Result<(Vec<(Number, Option<String>)>, Option<Place>), StoreError> {
    page_within(conn, search, limit, REACH).await
}

/// The same with another reach.
pub async fn page_within(
    conn: &mut Conn,
    search: &Search,
    limit: Limit,
    reach: u32,
) -> Result<(Vec<(Number, Option<String>)>, Option<Place>), StoreError> {
    let edge = match search.text {
        Some(_) => edge(conn, search, reach).await?,
        None => None,
    };
    let query = asked(search, limit, edge.as_ref());
    let rows = sql!(conn, on => bind_all!(sqlx::query_as::<_, NamedRow>(query.text()), query).fetch_all(on).await)?;
    let named = rows.into_iter().map(named_number);
    Ok((named.collect::<Result<_, _>>()?, edge))
}

/// The last number that is looked at, if there are more beyond it.
async fn edge(conn: &mut Conn, search: &Search, reach: u32) -> Result<Option<Place>, StoreError> {
    let mut query =
        Filter::of("select coalesce(n.last_call_at, 0) as called, n.number from numbers n");
    query
        .seen(search)
        .order(order(search.sort), 1)
        .skip(i64::from(reach) - 1);
    let found: Option<(i64, String)> =
        sql!(conn, on => bind_all!(sqlx::query_as(query.text()), query).fetch_optional(on).await)?;
    let Some((called, number)) = found else {
        return Ok(None);
    };
    let at = At {
        table: "numbers",
        row: Uuid::nil(),
    };
    Ok(Some((called, at.parse("number", &number)?)))
}

/// The numbers come first, out of the indexes; whole rows are read only of those that are shown.
fn asked(search: &Search, limit: Limit, edge: Option<&Place>) -> Filter {
    let mut query = Filter::of(NAMED);
    query
        .also("n.number in (select * from (")
        .start("select number from numbers n");
    match search.on_trunk {
        Some(true) => query.also("n.on_trunk"),
        Some(false) => query.also("not n.on_trunk"),
        None => &mut query,
    };
    if search.unassigned {
        query.also("n.agent_id is null");
    }
    let (order, most) = (order(search.sort), limit.as_i64() + 1);
    query
        .and_some("n.agent_id = ?", search.agent.map(|id| id.as_uuid()))
        .meeting(search.text.as_deref())
        .seen(search)
        .up_to_edge(search.sort, edge)
        .order(order, most)
        .raw(") as found)")
        .order(order, most);
    query
}

fn order(sort: NumberSort) -> &'static str {
    match sort {
        NumberSort::Number => "n.number",
        NumberSort::NumberDown => "n.number desc",
        NumberSort::LastCalled => "coalesce(n.last_call_at, 0) desc, n.number desc",
        NumberSort::LongestQuiet => "coalesce(n.last_call_at, 0), n.number",
    }
}

/// Fills in what the schema could not: labels from before, with letters that no database folds. In the order of the
/// digits, in which everybody locks them. Answers how many there were.
pub(super) async fn fold_some(tx: &mut Tx, most: i64) -> Result<usize, StoreError> {
    const LEFT: &str = "
        select id, label
        from numbers
        where label is not null and folded is null
        order by number
        limit $1";
    const FILL: &str = "update numbers set folded = $2 where id = $1";
    let left: Vec<(Uuid, String)> =
        sql!(tx, on => sqlx::query_as(LEFT).bind(most).fetch_all(on).await)?;
    for (id, label) in &left {
        let folded = folded(label);
        sql!(tx, on => sqlx::query(FILL).bind(id).bind(&folded).execute(on).await.map(drop))?;
    }
    Ok(left.len())
}

/// Whether any is left to fill in.
pub(super) async fn are_unfolded(conn: &mut Conn) -> Result<bool, StoreError> {
    const SQL: &str =
        "select exists (select 1 from numbers where label is not null and folded is null)";
    Ok(sql!(conn, on => sqlx::query_scalar(SQL).fetch_one(on).await)?)
}

/// The digits of a text that is nothing else, however people set them apart.
fn digits(text: &str) -> Option<String> {
    let is_set_apart = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
    let digits: String = text.chars().filter(|c| !is_set_apart(*c)).collect();
    let bare = digits.strip_prefix('+').unwrap_or(&digits);
    let all = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
    all.then_some(digits)
}

impl Filter {
    /// Part of the number or of the label.
    fn meeting(&mut self, text: Option<&str>) -> &mut Self {
        let Some(text) = text else {
            return self;
        };
        let label = containing(&folded(text));
        let number = digits(text).map_or_else(|| label.clone(), |digits| containing(&digits));
        // Most numbers have no label, and that is quickly seen.
        self.and_both(
            r"(n.number like ? escape '\' or (n.folded is not null and n.folded like ¿ escape '\'))",
            number,
            label,
        )
    }

    /// Beyond the last one seen.
    fn seen(&mut self, search: &Search) -> &mut Self {
        let Some(seen) = &search.after else {
            return self;
        };
        match search.sort {
            NumberSort::Number => self.and("n.number > ?", seen.1.as_str()),
            NumberSort::NumberDown => self.and("n.number < ?", seen.1.as_str()),
            NumberSort::LastCalled => self.beside_call(seen, ["<=", "<", "<"]),
            NumberSort::LongestQuiet => self.beside_call(seen, [">=", ">", ">"]),
        }
    }

    /// Not beyond the last one that is looked at.
    fn up_to_edge(&mut self, sort: NumberSort, edge: Option<&Place>) -> &mut Self {
        let Some(edge) = edge else {
            return self;
        };
        match sort {
            NumberSort::Number => self.and("n.number <= ?", edge.1.as_str()),
            NumberSort::NumberDown => self.and("n.number >= ?", edge.1.as_str()),
            NumberSort::LastCalled => self.beside_call(edge, [">=", ">", ">="]),
            NumberSort::LongestQuiet => self.beside_call(edge, ["<=", "<", "<="]),
        }
    }

    /// The first half alone lets an index be entered at the right place.
    fn beside_call(&mut self, (called, number): &Place, signs: [&str; 3]) -> &mut Self {
        let [near, far, same] = signs;
        self.and(&format!("{LAST_CALL} {near} ?"), *called)
            .and_both(
                &format!("({LAST_CALL} {far} ? or n.number {same} ¿)"),
                *called,
                number.as_str(),
            )
    }
}

pub async fn get(conn: &mut Conn, number: &PhoneNumber) -> Result<Option<Number>, StoreError> {
    const SQL: &str = concat!("select ", columns!(), " from numbers where number = $1");
    let row = sql!(conn, on => sqlx::query_as::<_, NumberRow>(SQL).bind(number.as_str()).fetch_optional(on).await)?;
    row.map(Number::try_from).transpose()
}

/// Those calls are taken to, in the order of their digits.
pub async fn on_trunk(conn: &mut Conn) -> Result<Vec<PhoneNumber>, StoreError> {
    const SQL: &str = "select id, number from numbers where on_trunk order by number";
    let rows: Vec<(Uuid, String)> = sql!(conn, on => sqlx::query_as(SQL).fetch_all(on).await)?;
    rows.into_iter()
        .map(|(row, number)| {
            At {
                table: "numbers",
                row,
            }
            .parse("number", &number)
        })
        .collect()
}

pub async fn verified(conn: &mut Conn) -> Result<Vec<Number>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from numbers where verified_at is not null order by number"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, NumberRow>(SQL).fetch_all(on).await)?;
    rows.into_iter().map(Number::try_from).collect()
}

/// How many each agent answers, those that answer none left out.
pub async fn counts(conn: &mut Conn) -> Result<HashMap<AgentId, u64>, StoreError> {
    const SQL: &str =
        "select agent_id, count(*) from numbers where agent_id is not null group by agent_id";
    let rows: Vec<(Uuid, i64)> = sql!(conn, on => sqlx::query_as(SQL).fetch_all(on).await)?;
    let counted = |(id, count): (Uuid, i64)| (AgentId::from_uuid(id), count.unsigned_abs());
    Ok(rows.into_iter().map(counted).collect())
}

/// The same of one.
pub async fn count_of(conn: &mut Conn, agent: AgentId) -> Result<u64, StoreError> {
    const SQL: &str = "select count(*) from numbers where agent_id = $1";
    let count: i64 =
        sql!(conn, on => sqlx::query_scalar(SQL).bind(agent.as_uuid()).fetch_one(on).await)?;
    Ok(count.unsigned_abs())
}

/// The first few of each agent, out of the index.
pub async fn first_of(
    conn: &mut Conn,
    agents: &[AgentId],
    few: u32,
) -> Result<HashMap<AgentId, Vec<PhoneNumber>>, StoreError> {
    let mut first: HashMap<AgentId, Vec<PhoneNumber>> = HashMap::new();
    for chunk in agents.chunks(QUERIES_AT_ONCE) {
        let of = |at: usize| {
            format!(
                "select * from (select id, agent_id, number from numbers
                 where agent_id = ${at} order by number limit {few}) as of_{at}"
            )
        };
        let each: Vec<String> = (1..=chunk.len()).map(of).collect();
        let text = each.join(" union all ");
        let rows: Vec<(Uuid, Uuid, String)> = sql!(conn, on => {
            let mut query = sqlx::query_as(&text);
            for agent in chunk {
                query = query.bind(agent.as_uuid());
            }
            query.fetch_all(on).await
        })?;
        for (row, agent, number) in rows {
            let number = At {
                table: "numbers",
                row,
            }
            .parse("number", &number)?;
            let of = first.entry(AgentId::from_uuid(agent)).or_default();
            of.push(number);
        }
    }
    Ok(first)
}

pub async fn of_agent(conn: &mut Conn, agent: AgentId) -> Result<Vec<Number>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from numbers where agent_id = $1 order by number"
    );
    let rows = sql!(conn, on => sqlx::query_as::<_, NumberRow>(SQL).bind(agent.as_uuid()).fetch_all(on).await)?;
    rows.into_iter().map(Number::try_from).collect()
}

/// Those of these that are in the inventory.
pub async fn some(conn: &mut Conn, numbers: &[&PhoneNumber]) -> Result<Vec<Number>, StoreError> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(AT_ONCE) {
        let places = places(conn, 1, chunk.len());
        let text = format!(
            concat!("select ", columns!(), " from numbers where number in {}"),
            places
        );
        let rows = sql!(conn, on => {
            let mut query = sqlx::query_as::<_, NumberRow>(&text);
            for number in chunk {
                query = query.bind(number.as_str());
            }
            query.fetch_all(on).await
        })?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

pub async fn delete(tx: &mut Tx, number: &PhoneNumber) -> Result<bool, StoreError> {
    const SQL: &str = "delete from numbers where number = $1";
    let done = sql!(tx, on => sqlx::query(SQL).bind(number.as_str()).execute(on).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// No number is on a trunk that is gone.
pub async fn leave_trunk(tx: &mut Tx, now: i64) -> Result<(), StoreError> {
    const SQL: &str = "update numbers set on_trunk = false, version = version + 1, updated_at = $1 where on_trunk";
    sql!(tx, on => sqlx::query(SQL).bind(now).execute(on).await.map(drop))?;
    Ok(())
}

/// An authenticated call arrived for it, which also verifies it. No new version: nobody edits this.
pub async fn called(tx: &mut Tx, number: &PhoneNumber, at: i64) -> Result<(), StoreError> {
    const SQL: &str = "
        update numbers
        set last_call_at = $2, verified_at = coalesce(verified_at, $2)
        where number = $1 and (last_call_at is null or last_call_at <= $2)";
    sql!(tx, on => sqlx::query(SQL).bind(number.as_str()).bind(at).execute(on).await.map(drop))?;
    Ok(())
}

fn named_number(row: NamedRow) -> Result<(Number, Option<String>), StoreError> {
    Ok((row.number.try_into()?, row.agent_name))
}

impl TryFrom<NumberRow> for Number {
    type Error = StoreError;

    fn try_from(row: NumberRow) -> Result<Self, StoreError> {
        let at = At {
            table: "numbers",
            row: row.id,
        };
        Ok(Self {
            id: NumberId::from_uuid(row.id),
            number: at.parse("number", &row.number)?,
            label: row.label,
            verified_at: row.verified_at,
            on_trunk: row.on_trunk,
            agent: row.agent_id.map(AgentId::from_uuid),
            last_call_at: row.last_call_at,
            version: row.version,
            created_at: row.created_at,
        })
    }
}
