//! The calls of late, decided once more on a copy of the routing that was changed as supposed.

use std::collections::HashMap;

use app::domain::call::Call;
use app::domain::draft::Entry;
use app::domain::id::{AccessId, AgentId};
use app::domain::inbound::Access;
use app::domain::phone::PhoneNumber;
use app::domain::replay::{
    Answer, Outcome, ReplayDraft, Replayed, ReplayedCall, SupposedAccess, SupposedAgent,
    SupposedNumbers,
};
use app::domain::routing::{
    AccessRoute, AgentRoute, Came, Load, NumberRoute, Refusal, Registered, Routes, TrunkRoute,
    Verdict, again, decide,
};
use app::error::{AppError, FieldErrors, Reason};

use crate::service::core::Core;
use crate::service::entered;
use crate::store;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How far back unless something is said, and at most.
const DAYS: (u32, u32) = (7, 90);
/// So many calls are decided again; each takes microseconds, and reading them a while.
const MOST: u32 = 10_000;
/// So many that differ are told.
const TOLD: usize = 100;

pub(super) async fn replay(core: &Core, draft: &ReplayDraft) -> Result<Replayed, AppError> {
    let mut conn = core.db.read().await?;
    let standing = Standing {
        trunk: store::trunk::get(&mut conn).await?,
        accesses: store::accesses::list(&mut conn).await?,
    };
    let (days, then) = supposed(core, &standing, draft)?;
    let since = core.clock.now_ms() - i64::from(days) * DAY_MS;
    let calls = store::calls::let_in_since(&mut conn, since, MOST + 1).await?;
    drop(conn);
    Ok(compared(core, &then, calls))
}

/// What is stored and not in the routing snapshot.
struct Standing {
    trunk: Option<app::domain::inbound::InboundTrunk>,
    accesses: Vec<Access>,
}

/// The days to go back, and the routing as it would be.
fn supposed(
    core: &Core,
    standing: &Standing,
    draft: &ReplayDraft,
) -> Result<(u32, Supposed), FieldErrors> {
    let mut errors = FieldErrors::new();
    let days = errors.keep("days", draft.days.integer_or(DAYS.0, 1, DAYS.1));
    let mut then = Supposed {
        routes: core.book.read(Clone::clone),
        new: HashMap::new(),
    };
    if let (Some(change), Some(trunk)) = (&draft.trunk, &standing.trunk) {
        match change.over(&trunk.settings) {
            Ok(settings) => {
                let mut trunk = trunk.clone();
                trunk.settings = settings;
                then.routes.trunk = Some(TrunkRoute::from(&trunk));
            }
            Err(more) => extend(&mut errors, "trunk", &more),
        }
    }
    for (index, access) in draft.credentials.iter().enumerate() {
        let changed = then.access(standing, access);
        errors_at(&mut errors, &format!("credentials.{index}"), changed);
    }
    for (index, agent) in draft.agents.iter().enumerate() {
        let changed = then.agent(core, agent);
        errors_at(&mut errors, &format!("agents.{index}"), changed);
    }
    for (index, numbers) in draft.numbers.iter().enumerate() {
        let changed = then.numbers(numbers);
        errors_at(&mut errors, &format!("numbers.{index}"), changed);
    }
    errors.none_or(days.map(|days| (days, then)))
}

fn errors_at(errors: &mut FieldErrors, place: &str, changed: Result<(), FieldErrors>) {
    if let Err(more) = changed {
        extend(errors, place, &more);
    }
}

fn extend(errors: &mut FieldErrors, place: &str, more: &FieldErrors) {
    for (field, reason) in more.iter() {
        errors.add(format!("{place}.{field}"), reason.clone());
    }
}

/// A copy of the routing that nobody is called by.
struct Supposed {
    routes: Routes,
    /// Agents that are not there yet, by the word that stands for each.
    new: HashMap<String, AgentId>,
}

impl Supposed {
    fn access(&mut self, standing: &Standing, access: &SupposedAccess) -> Result<(), FieldErrors> {
        let id = named(&access.id).map_err(|reason| FieldErrors::one("id", reason))?;
        let found = id.parse::<AccessId>().ok();
        let found = standing
            .accesses
            .iter()
            .find(|access| Some(access.id) == found);
        let stored = found.ok_or_else(|| FieldErrors::one("id", no_such(&id)))?;
        if is_on("gone", &access.gone)? {
            self.routes.remove_access(stored.id);
            return Ok(());
        }
        if let Some(change) = &access.change {
            let mut after = stored.clone();
            after.settings = change.over(&stored.settings).map_err(|more| {
                let mut errors = FieldErrors::new();
                extend(&mut errors, "change", &more);
                errors
            })?;
            self.routes.put_access(AccessRoute::from(&after));
        }
        Ok(())
    }

    fn agent(&mut self, core: &Core, agent: &SupposedAgent) -> Result<(), FieldErrors> {
        let word = named(&agent.agent).map_err(|reason| FieldErrors::one("agent", reason))?;
        let standing = word.parse::<AgentId>().ok();
        let standing = standing.and_then(|id| self.routes.agent(id)).cloned();
        if is_on("gone", &agent.gone)? {
            let gone = standing.ok_or_else(|| FieldErrors::one("agent", no_such(&word)))?;
            self.routes.remove_agent(gone.id);
            return Ok(());
        }
        let default = self.routes.default_agent().map(|agent| agent.id);
        let base = standing.unwrap_or_else(|| {
            let id = core.clock.new_id::<AgentId>();
            self.new.insert(word.clone(), id);
            AgentRoute {
                id,
                name: word.clone(),
                enabled: true,
                max_channels: None,
            }
        });
        let mut errors = FieldErrors::new();
        let name = errors.keep("name", agent.name.line_or(&base.name, 120));
        let enabled = errors.keep("enabled", agent.enabled.switch_or(base.enabled));
        let is_default = default == Some(base.id);
        let is_default = errors.keep("is_default", agent.is_default.switch_or(is_default));
        let after = (|| {
            let route = AgentRoute {
                name: name?,
                enabled: enabled?,
                ..base
            };
            Some((route, is_default?))
        })();
        let (route, is_default) = errors.none_or(after)?;
        self.routes.put_agent(route, is_default);
        Ok(())
    }

    fn numbers(&mut self, numbers: &SupposedNumbers) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::new();
        let which = entered::numbers("phone_numbers", &numbers.phone_numbers, None, &mut errors);
        let gone = errors.keep("gone", numbers.gone.switch_or(false));
        let on_trunk = errors.keep("on_trunk", numbers.on_trunk.switch_or(false));
        let agent = errors.keep("agent", self.answering(&numbers.agent));
        let all = (|| Some((gone?, on_trunk?, agent?)))();
        let (gone, on_trunk, agent) = errors.none_or(all)?;
        for number in which {
            if gone {
                self.routes.remove_number(&number);
                continue;
            }
            let standing = self.routes.number(&number).copied();
            let route = NumberRoute {
                on_trunk: if numbers.on_trunk.is_absent() {
                    standing.is_some_and(|route| route.on_trunk)
                } else {
                    on_trunk
                },
                agent: if numbers.agent.is_absent() {
                    standing.and_then(|route| route.agent)
                } else {
                    agent
                },
            };
            self.routes.put_number(&number, route);
        }
        Ok(())
    }

    fn answering(&self, agent: &Entry) -> Result<Option<AgentId>, Reason> {
        let Some(word) = agent.line(255)? else {
            return Ok(None);
        };
        let standing = word.parse::<AgentId>().ok();
        let standing = standing.filter(|id| self.routes.agent(*id).is_some());
        let agent = standing.or_else(|| self.new.get(word).copied());
        agent.map(Some).ok_or_else(|| no_such(word))
    }

    /// What a decision means, with the names of this routing.
    fn answer(&self, routes: &Routes, verdict: Verdict) -> Answer {
        match verdict {
            Verdict::Answer(agent) => {
                let name = routes.agent(agent).map(|agent| agent.name.clone());
                let is_new = self.new.values().any(|new| *new == agent);
                Answer::Agent((!is_new).then_some(agent), name.unwrap_or_default())
            }
            Verdict::Challenge { .. } => Answer::Refused(Refusal::NoCredentials),
            Verdict::Refuse(refusal) => Answer::Refused(refusal),
        }
    }
}

fn compared(core: &Core, then: &Supposed, mut calls: Vec<Came>) -> Replayed {
    let complete = calls.len() <= MOST as usize;
    calls.truncate(MOST as usize);
    // Nobody is on the line: what differs is the routing's doing alone.
    let load = Load::idle(u32::MAX);
    let mut told = Replayed {
        replayed: 0,
        changed: 0,
        complete,
        items: Vec::new(),
    };
    for came in calls {
        let trunk = came.call.trunk.and_then(|id| core.book.outbound(id));
        let by = trunk.map(|(trunk, _)| Registered::from(&trunk));
        let before = core.book.read(|routes| {
            let invite = again(routes, &came, by)?;
            let now = decide(routes, &load, &invite);
            let answer = then.answer(routes, now.verdict);
            Some((now, answer, invite))
        });
        let Some((now, answer, invite)) = before else {
            continue;
        };
        told.replayed += 1;
        let after = decide(&then.routes, &load, &invite);
        if after.verdict == now.verdict {
            continue;
        }
        told.changed += 1;
        if told.items.len() < TOLD {
            let now = Outcome {
                answer,
                receipt: now.receipt,
            };
            let after = Outcome {
                answer: then.answer(&then.routes, after.verdict),
                receipt: after.receipt,
            };
            told.items.push(differing(came.call, now, after));
        }
    }
    told
}

fn differing(call: Call, now: Outcome, then: Outcome) -> ReplayedCall {
    let caller: Option<PhoneNumber> = call.caller.number.filter(|_| !call.caller.anonymous);
    ReplayedCall {
        call: call.id,
        started_at: call.started_at,
        from: caller,
        sent_as: call.sent_as,
        now,
        then,
    }
}

fn named(entry: &Entry) -> Result<String, Reason> {
    let line = entry.line(255)?;
    line.map(str::to_owned).ok_or(Reason::Required)
}

fn is_on(field: &str, entry: &Entry) -> Result<bool, FieldErrors> {
    entry
        .switch_or(false)
        .map_err(|reason| FieldErrors::one(field, reason))
}

fn no_such(found: &str) -> Reason {
    Reason::NoSuch {
        found: found.to_owned(),
    }
}
