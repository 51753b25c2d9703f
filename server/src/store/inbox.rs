//! Lists of calls. One condition leads: its index has the calls in the order of the list. The others are asked of each
//! call in turn, and of so many calls at most, so that a page takes no longer when hardly any call fits.

use app::domain::call::{Call, CallFilter, CallResult, CallSort, CallState, Direction};
use app::domain::page::{Cursor, Limit, Page};
use uuid::Uuid;

use super::calls::{CallRow, columns};
use super::filter::{Filter, Value, bind_all, containing};
use super::{Conn, StoreError, sql};

/// Calls that one page looks through at most.
const REACH: u32 = 100_000;

/// As the filter sorts them. A page for which it looked through as many calls as it may is short, or empty, and has a
/// next one all the same.
pub async fn page(conn: &mut Conn, filter: &CallFilter) -> Result<Page<Call>, StoreError> {
    page_within(conn, filter, REACH).await
}

/// The same with another reach.
pub async fn page_within(
    conn: &mut Conn,
    filter: &CallFilter,
    reach: u32,
) -> Result<Page<Call>, StoreError> {
    let limit = filter.limit.unwrap_or_default();
    let asked = Asked::by(filter);
    let edge = if asked.may_look_for_long() {
        asked.edge(conn, reach).await?
    } else {
        None
    };
    let query = asked.query(limit, edge);
    let rows = sql!(conn, on => bind_all!(sqlx::query_as::<_, CallRow>(query.text()), query).fetch_all(on).await)?;
    let calls: Vec<Call> = rows
        .into_iter()
        .map(Call::try_from)
        .collect::<Result<_, _>>()?;
    let mut page = Page::of(calls, limit, |call| Cursor {
        at_ms: call.started_at,
        id: call.id.as_uuid(),
    });
    page.next = page.next.or(edge);
    Ok(page)
}

/// A question to a call.
struct Condition {
    text: &'static str,
    value: Option<Value>,
}

/// Everything a filter asks.
struct Asked<'a> {
    filter: &'a CallFilter,
    /// Which index is read; two for a whole number, which called or was called.
    leads: Vec<Condition>,
    rest: Vec<Condition>,
}

impl<'a> Asked<'a> {
    fn by(filter: &'a CallFilter) -> Self {
        let mut rest = indexed(filter);
        let leads = match filter.number.as_deref() {
            Some(whole) if is_whole(whole) => {
                vec![is("number = ?", whole), is("caller_number = ?", whole)]
            }
            _ if rest.is_empty() => vec![bare("true")],
            _ => vec![rest.remove(0)],
        };
        if let Some(state) = filter.state {
            rest.push(is("state = ?", state.as_str()));
        }
        if filter.refused == Some(false) {
            rest.push(bare(NOT_REFUSED));
        }
        if let Some(part) = filter.number.as_deref().filter(|part| !is_whole(part)) {
            let pattern = containing(&part.to_lowercase());
            rest.push(is(r"searched like ? escape '\'", pattern));
        }
        Self {
            filter,
            leads,
            rest,
        }
    }

    /// Whether many calls may have to be looked at for one that fits. Where all calls are read in their order, the index
    /// itself knows whether they were refused.
    fn may_look_for_long(&self) -> bool {
        let all = self.leads.iter().all(|lead| lead.text == "true");
        self.rest
            .iter()
            .any(|condition| !(all && condition.text == NOT_REFUSED))
    }

    /// The last call that is looked at, if there are more beyond it.
    async fn edge(&self, conn: &mut Conn, reach: u32) -> Result<Option<Cursor>, StoreError> {
        let mut edges = Vec::new();
        for lead in &self.leads {
            let mut query = Filter::of("select started_at, id from calls");
            self.between(query.put(lead));
            query.order(self.order(), 1).skip(i64::from(reach) - 1);
            let found: Option<(i64, Uuid)> = sql!(conn, on => bind_all!(sqlx::query_as(query.text()), query).fetch_optional(on).await)?;
            edges.extend(found);
        }
        // Up to the nearest one, nothing is missing of either.
        let edge = match self.filter.sort {
            CallSort::Newest => edges.into_iter().max(),
            CallSort::Oldest => edges.into_iter().min(),
        };
        Ok(edge.map(|(at_ms, id)| Cursor { at_ms, id }))
    }

    /// The ids come first, out of the indexes; whole rows are read only of those that are shown.
    fn query(&self, limit: Limit, edge: Option<Cursor>) -> Filter {
        let most = limit.as_i64() + 1;
        let mut query = Filter::of(concat!("select ", columns!(), " from calls"));
        query.within("id", &self.leads, |query, lead| {
            query.start("select id from calls");
            self.between(query.put(lead));
            for condition in &self.rest {
                query.put_beside(condition);
            }
            if let Some(edge) = edge {
                match self.filter.sort {
                    CallSort::Newest => query.down_to("started_at", edge.at_ms, edge.id),
                    CallSort::Oldest => query.up_to("started_at", edge.at_ms, edge.id),
                };
            }
            query.order(self.order(), most);
        });
        query.order(self.order(), most);
        query
    }

    /// Where in the list: the times asked for, and what comes after the last page.
    fn between(&self, query: &mut Filter) {
        query
            .and_some("started_at >= ?", self.filter.since)
            .and_some("started_at < ?", self.filter.until);
        if let Some(cursor) = self.filter.cursor {
            match self.filter.sort {
                CallSort::Newest => query.after("started_at", cursor.at_ms, cursor.id),
                CallSort::Oldest => query.before("started_at", cursor.at_ms, cursor.id),
            };
        }
    }

    /// The same index, read forwards or backwards.
    fn order(&self) -> &'static str {
        match self.filter.sort {
            CallSort::Newest => "started_at desc, id desc",
            CallSort::Oldest => "started_at, id",
        }
    }
}

const NOT_REFUSED: &str = "not refused";

/// What an index answers in the order of the list; what usually leaves the fewest calls comes first.
fn indexed(filter: &CallFilter) -> Vec<Condition> {
    let unfinished = filter.live || filter.state.is_some_and(|state| state != CallState::Ended);
    let agent = filter.agent.map(|id| is("agent_id = ?", id.as_uuid()));
    let access = filter.access.map(|id| is("access_id = ?", id.as_uuid()));
    let trunk = filter.trunk.map(|id| is("trunk_id = ?", id.as_uuid()));
    let refused = filter.refused == Some(true);
    let result = filter.result.map(CallResult::as_str);
    let direction = filter.direction.map(Direction::as_str);
    [
        unfinished.then(|| bare("state <> 'ended'")),
        agent,
        access,
        trunk,
        refused.then(|| bare("refused")),
        result.map(|result| is("result = ?", result)),
        direction.map(|direction| is("direction = ?", direction)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A whole number is found by its index, a part of one by looking.
fn is_whole(number: &str) -> bool {
    number.starts_with('+') && number.len() >= 9
}

fn is(text: &'static str, value: impl Into<Value>) -> Condition {
    Condition {
        text,
        value: Some(value.into()),
    }
}

fn bare(text: &'static str) -> Condition {
    Condition { text, value: None }
}

impl Filter {
    fn put(&mut self, condition: &Condition) -> &mut Self {
        match &condition.value {
            Some(value) => self.and(condition.text, value.clone()),
            None => self.also(condition.text),
        }
    }

    /// The same said so that no index of it is used instead of the one that leads.
    fn put_beside(&mut self, condition: &Condition) -> &mut Self {
        let text = format!("({}) is true", condition.text);
        match &condition.value {
            Some(value) => self.and(&text, value.clone()),
            None => self.also(&text),
        }
    }

    /// One of the ids that queries find, one query for each item.
    fn within<T>(&mut self, id: &str, items: &[T], mut query: impl FnMut(&mut Self, &T)) {
        self.also(&format!("{id} in ("));
        for (place, item) in items.iter().enumerate() {
            self.raw(if place > 0 {
                "\n union select * from ("
            } else {
                "\n select * from ("
            });
            query(self, item);
            self.raw(") as found");
        }
        self.raw(")");
    }
}
