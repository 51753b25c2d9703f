//! Changes of numbers, each by somebody else, made in one transaction: what each comes to, and what is written of all.

use std::collections::HashMap;

use app::domain::id::AgentId;
use app::domain::number::{NumberDraft, NumberRow};
use app::domain::phone::PhoneNumber;
use app::error::{AppError, Conflict, Reason, Thing};
use app::ports::Caller;

use super::named;
use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::together::{Undone, Wish};
use crate::service::version;
use crate::store::audit::Entry;
use crate::store::idempotency::Claim;
use crate::store::{self, StoreError, Tx};

/// What somebody wants of a number.
pub(super) struct NumberWish {
    pub(super) caller: Caller,
    pub(super) number: PhoneNumber,
    pub(super) draft: NumberDraft,
    /// Under which its request works, if that has an Idempotency-Key.
    pub(super) claim: Option<Claim>,
}

impl NumberWish {
    /// The agent it names, if that can be one.
    fn names(&self) -> Option<AgentId> {
        self.draft.agent.shown().trim().parse().ok()
    }

    /// What becomes of the number, `named` being the agents that are there of those the wishes name.
    fn over(
        &self,
        before: Option<&NumberRow>,
        named: &HashMap<AgentId, String>,
        now: i64,
    ) -> Result<NumberRow, AppError> {
        let before = before.ok_or(AppError::NotFound(Thing::Number))?;
        let stored = &before.number;
        version::check(&self.draft.version, stored.version, &self.draft, stored)?;
        let number = self.draft.over(stored, now)?;
        let agent_name = match (number.agent, stored.agent) {
            (Some(agent), held) if held != Some(agent) => {
                let Some(name) = named.get(&agent) else {
                    let found = agent.to_string();
                    return Err(AppError::field("agent", Reason::NoSuch { found }));
                };
                if let Some(holder) = held {
                    return Err(AppError::Conflict(Conflict::NumberHeld {
                        number: number.number,
                        agent: holder,
                        name: before.agent_name.clone().unwrap_or_default(),
                    }));
                }
                Some(name.clone())
            }
            (agent, _) => agent.and(before.agent_name.clone()),
        };
        Ok(NumberRow { number, agent_name })
    }

    fn entry(
        &self,
        core: &Core,
        before: Option<&NumberRow>,
        after: &NumberRow,
    ) -> Result<Entry, StoreError> {
        let record = Record {
            action: "update_number",
            subject: self.number.to_string(),
            label: self.number.to_string(),
        };
        let before = before.map(|row| &row.number);
        record.entry(&core.clock, &self.caller, before, Some(&after.number))
    }
}

impl Wish for NumberWish {
    type Of = PhoneNumber;
    type Made = NumberRow;

    fn of(&self) -> &PhoneNumber {
        &self.number
    }

    async fn make_all(
        core: &Core,
        mut tx: Tx,
        wishes: &[&Self],
    ) -> Result<Vec<Result<NumberRow, AppError>>, Undone> {
        let now = core.clock.now_ms();
        let asked: Vec<_> = wishes.iter().map(|wish| &wish.number).collect();
        let stored = store::numbers::named(&mut tx, &asked).await?;
        let stored: HashMap<PhoneNumber, NumberRow> = stored
            .into_iter()
            .map(|row| (row.0.number.clone(), named(row)))
            .collect();
        let agents: Vec<_> = wishes.iter().filter_map(|wish| wish.names()).collect();
        let agents = store::agents::names_of(&mut tx, &agents).await?;

        let mut outcomes = Vec::with_capacity(wishes.len());
        let (mut changed, mut entries, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        for wish in wishes {
            let before = stored.get(&wish.number);
            let outcome = wish.over(before, &agents, now);
            if let Ok(after) = &outcome {
                entries.push(wish.entry(core, before, after)?);
                changed.push(after.number.clone());
                claims.extend(&wish.claim);
            }
            outcomes.push(outcome);
        }
        if let [first, ..] = changed.as_slice() {
            in_order(&mut entries);
            store::idempotency::note_all(&mut tx, &claims).await?;
            let written = store::numbers::save_all(&mut tx, &changed, now).await?;
            if usize::try_from(written) != Ok(changed.len()) {
                return Err(version::raced(first.version - 1).into());
            }
            store::audit::add_all(&mut tx, &entries).await?;
            let changes = changed.into_iter().map(RouteChange::Number);
            core.conclude(tx, changes.collect()).await?;
        }
        Ok(outcomes)
    }
}

/// Ids of one millisecond sort by chance, and the log is read in their order.
fn in_order(entries: &mut [Entry]) {
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    for (entry, id) in entries.iter_mut().zip(ids) {
        entry.id = id;
    }
}
