//! The inventory of numbers.

mod change;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use app::domain::country::Country;
use app::domain::draft::{Entry, EntryList};
use app::domain::id::AgentId;
use app::domain::number::{
    Added, AddedAs, Number, NumberDraft, NumberFilter, NumberRow, NumberSort, NumbersDraft,
};
use app::domain::page::{Cursor, Page};
use app::domain::phone::PhoneNumber;
use app::error::{AppError, Conflict, FieldErrors, Reason, Scope, Thing};
use app::ports::{Caller, Numbers};
use async_trait::async_trait;
use uuid::Uuid;

use self::change::NumberWish;
use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::together::Together;
use crate::service::{entered, trunks};
use crate::store::numbers::{Place, Search};
use crate::store::{self, Conn};

/// The use cases of numbers.
pub struct NumberDesk {
    core: Core,
    together: Arc<Together<NumberWish>>,
}

/// What to do with many numbers, once the draft is read.
struct Wanted {
    items: Vec<String>,
    country: Option<Country>,
    on_trunk: bool,
    agent: Option<AgentId>,
    preview: bool,
}

impl NumberDesk {
    pub fn new(core: Core) -> Self {
        let together = Together::new(core.clone());
        Self { core, together }
    }

    fn wanted(draft: &NumbersDraft) -> Result<Wanted, FieldErrors> {
        let mut errors = FieldErrors::new();
        let country = errors.keep(
            "country",
            draft
                .country
                .optional_or(None, |found, _| Reason::NoSuch { found }),
        );
        let on_trunk = errors.keep("on_trunk", draft.on_trunk.switch_or(true));
        let agent = errors.keep(
            "agent",
            draft
                .agent
                .optional_or(None, |found, _| Reason::NotAnId { found }),
        );
        let preview = errors.keep("preview", draft.preview.switch_or(false));
        let lines = errors.keep("lines", draft.lines.optional().map_err(Reason::from));
        let lines = EntryList::pasted(lines.flatten().unwrap_or_default());
        let mut items = Vec::new();
        for (field, list) in [
            ("phone_numbers", draft.phone_numbers.clone()),
            ("lines", lines),
        ] {
            let list = errors.keep(
                field,
                list.items().map(<[Entry]>::to_vec).map_err(Reason::from),
            );
            for (index, item) in list.unwrap_or_default().iter().enumerate() {
                let text = item.optional().map_err(Reason::from);
                let text = errors.keep(format!("{field}.{index}"), text).flatten();
                items.extend(text.map(str::to_owned));
            }
        }
        if items.is_empty() && errors.is_empty() {
            errors.add("phone_numbers", Reason::Required);
        }
        let wanted = (|| {
            Some(Wanted {
                items,
                country: country?,
                on_trunk: on_trunk?,
                agent: agent?,
                preview: preview?,
            })
        })();
        errors.none_or(wanted)
    }

    /// What becomes of every line, and the rows that result.
    async fn planned(
        &self,
        conn: &mut Conn,
        wanted: &Wanted,
    ) -> Result<(Vec<Added>, Vec<Number>), AppError> {
        if let Some(agent) = wanted.agent
            && store::agents::get(conn, agent).await?.is_none()
        {
            let found = agent.to_string();
            return Err(AppError::field("agent", Reason::NoSuch { found }));
        }
        let read: Vec<_> = wanted
            .items
            .iter()
            .map(|sent| entered::number(sent, wanted.country))
            .collect();
        let asked: HashSet<_> = read.iter().flatten().collect();
        let asked: Vec<_> = asked.into_iter().collect();
        let stored = store::numbers::some(conn, &asked).await?;
        let mut stored: HashMap<_, _> = stored
            .into_iter()
            .map(|stored| (stored.number.clone(), stored))
            .collect();
        let mut seen = HashSet::with_capacity(asked.len());
        let (mut report, mut rows) = (Vec::with_capacity(read.len()), Vec::new());
        for (sent, number) in wanted.items.iter().zip(&read) {
            let what = match number {
                Err(_) => AddedAs::Refused,
                Ok(number) if !seen.insert(number) => AddedAs::Twice,
                Ok(number) => {
                    let (what, row) = self
                        .place(conn, wanted, number, stored.remove(number))
                        .await?;
                    rows.extend(row);
                    what
                }
            };
            report.push(Added {
                sent: sent.clone(),
                number: number.clone(),
                what,
            });
        }
        Ok((report, rows))
    }

    /// One number: what it is, and the row that results if anything changes.
    async fn place(
        &self,
        conn: &mut Conn,
        wanted: &Wanted,
        number: &PhoneNumber,
        stored: Option<Number>,
    ) -> Result<(AddedAs, Option<Number>), AppError> {
        let held = stored.as_ref().and_then(|stored| stored.agent);
        if let (Some(holder), Some(agent)) = (held, wanted.agent)
            && holder != agent
        {
            return Err(held_by(conn, number, holder).await?);
        }
        let as_is = stored.as_ref().is_some_and(|stored| {
            (stored.on_trunk || !wanted.on_trunk)
                && (wanted.agent.is_none() || held == wanted.agent)
        });
        if as_is {
            return Ok((AddedAs::AlreadyHere, None));
        }
        let was_on_trunk = stored.as_ref().is_some_and(|stored| stored.on_trunk);
        let mut after = trunks::on_trunk(&self.core, number, stored);
        after.on_trunk = wanted.on_trunk || was_on_trunk;
        after.agent = wanted.agent.or(held);
        Ok((AddedAs::New, Some(after)))
    }

    async fn stored(&self, conn: &mut Conn, number: &PhoneNumber) -> Result<Number, AppError> {
        let stored = store::numbers::get(conn, number).await?;
        stored.ok_or(AppError::NotFound(Thing::Number))
    }
}

fn named((number, agent_name): (Number, Option<String>)) -> NumberRow {
    NumberRow { number, agent_name }
}

/// What the audit calls numbers that were added at once: the one, or how many.
pub(super) fn many(numbers: &[&PhoneNumber]) -> String {
    match numbers {
        [one] => one.to_string(),
        many => many.len().to_string(),
    }
}

/// The conflict that names who answers a number.
pub(super) async fn held_by(
    conn: &mut Conn,
    number: &PhoneNumber,
    holder: AgentId,
) -> Result<AppError, AppError> {
    let agent = store::agents::get(conn, holder).await?;
    Ok(AppError::Conflict(Conflict::NumberHeld {
        number: number.clone(),
        agent: holder,
        name: agent.map(|agent| agent.settings.name).unwrap_or_default(),
    }))
}

/// A number's place in the list: its digits, of which there are fifteen at most; where the last call is the
/// order, that, and the digits in place of an id.
fn place_of(sort: NumberSort, (called, number): &Place) -> Cursor {
    let digits: u64 = number.digits().parse().unwrap_or(0);
    match sort {
        NumberSort::Number | NumberSort::NumberDown => Cursor {
            at_ms: i64::try_from(digits).unwrap_or(0),
            id: Uuid::nil(),
        },
        NumberSort::LastCalled | NumberSort::LongestQuiet => Cursor {
            at_ms: *called,
            id: Uuid::from_u128(u128::from(digits)),
        },
    }
}

/// The way back; none from a cursor of another list.
fn seen(sort: NumberSort, cursor: Cursor) -> Option<Place> {
    let (called, digits) = match sort {
        NumberSort::Number | NumberSort::NumberDown => (0, cursor.at_ms.to_string()),
        NumberSort::LastCalled | NumberSort::LongestQuiet => {
            (cursor.at_ms, cursor.id.as_u128().to_string())
        }
    };
    Some((called, format!("+{digits}").parse().ok()?))
}

#[async_trait]
impl Numbers for NumberDesk {
    async fn list(
        &self,
        caller: &Caller,
        filter: NumberFilter,
    ) -> Result<Page<NumberRow>, AppError> {
        caller.may(Scope::SipRead)?;
        let limit = filter.limit.unwrap_or_default();
        let search = Search {
            on_trunk: filter.on_trunk,
            agent: filter.agent,
            unassigned: filter.unassigned,
            text: filter.query,
            sort: filter.sort,
            after: filter.cursor.and_then(|cursor| seen(filter.sort, cursor)),
        };
        let mut conn = self.core.db.read().await?;
        let (rows, edge) = store::numbers::page(&mut conn, &search, limit).await?;
        let rows = rows.into_iter().map(named).collect();
        let mut page = Page::of(rows, limit, |row| {
            let number = &row.number;
            let place = (number.last_call_at.unwrap_or(0), number.number.clone());
            place_of(filter.sort, &place)
        });
        let edge = edge.map(|edge| place_of(filter.sort, &edge));
        page.next = page.next.or(edge);
        Ok(page)
    }

    async fn get(&self, caller: &Caller, number: PhoneNumber) -> Result<NumberRow, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.core.db.read().await?;
        let found = store::numbers::named(&mut conn, &[&number]).await?;
        let mut rows = found.into_iter().map(named);
        rows.next().ok_or(AppError::NotFound(Thing::Number))
    }

    async fn add(&self, caller: &Caller, draft: NumbersDraft) -> Result<Vec<Added>, AppError> {
        caller.may(Scope::SipWrite)?;
        let wanted = Self::wanted(&draft)?;
        if wanted.preview {
            let (report, _) = self
                .planned(&mut self.core.db.read().await?, &wanted)
                .await?;
            return Ok(report);
        }
        let mut tx = self.core.db.begin().await?;
        let (report, changed) = self.planned(&mut tx, &wanted).await?;
        store::numbers::save_all(&mut tx, &changed, self.core.clock.now_ms()).await?;
        if !changed.is_empty() {
            let numbers: Vec<_> = changed.iter().map(|number| &number.number).collect();
            let record = Record {
                action: "add_numbers",
                subject: changed.len().to_string(),
                label: many(&numbers),
            };
            record
                .write(&mut tx, &self.core, caller, None, Some(&numbers))
                .await?;
        }
        self.core
            .commit(tx, changed.into_iter().map(RouteChange::Number))
            .await?;
        Ok(report)
    }

    async fn update(
        &self,
        caller: &Caller,
        number: PhoneNumber,
        draft: NumberDraft,
    ) -> Result<NumberRow, AppError> {
        caller.may(Scope::SipWrite)?;
        let wish = NumberWish {
            caller: caller.clone(),
            number,
            draft,
            claim: store::idempotency::held(),
        };
        self.together.make(wish).await
    }

    async fn delete(&self, caller: &Caller, number: PhoneNumber) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let before = self.stored(&mut tx, &number).await?;
        store::numbers::delete(&mut tx, &number).await?;
        let record = Record {
            action: "delete_number",
            subject: number.to_string(),
            label: number.to_string(),
        };
        record
            .write(&mut tx, &self.core, caller, Some(&before), None)
            .await?;
        self.core
            .commit(tx, [RouteChange::NumberGone(number)])
            .await?;
        Ok(())
    }
}
