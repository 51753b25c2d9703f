//! The calls that run, and how many they are by trunk, access and agent.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use app::domain::call::{Call, Direction};
use app::domain::id::{AccessId, AgentId, CallId, OutboundTrunkId};
use app::domain::outbound::{Busyness, Forbidden};
use app::domain::routing::{Decision, Load, Verdict};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::outgoing::NotPlaced;
use crate::store::calls::CallPapers;
use crate::store::instances::Elsewhere;
use crate::telemetry::Event;

/// Deciding and counting happen under one lock, so that the last free line is given once.
#[derive(Debug)]
pub struct Live {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug)]
struct State {
    load: Load,
    calls: HashMap<CallId, LiveCall>,
    /// What runs at other instances, as of a moment ago.
    elsewhere: Vec<Elsewhere>,
    /// When calls were begun over each trunk, within the last second.
    begun: HashMap<OutboundTrunkId, VecDeque<i64>>,
}

/// A call's row and its papers, shared with whoever still writes them down.
pub(super) type Row = (Arc<Call>, Arc<CallPapers>);

/// A row that is to be written.
#[derive(Debug)]
pub(super) struct Unwritten {
    pub row: Row,
    /// Its papers have changed too since they were written, which they hardly ever do.
    pub papers_too: bool,
}

#[derive(Debug)]
struct LiveCall {
    direction: Direction,
    access: Option<AccessId>,
    trunk: Option<OutboundTrunkId>,
    agent: Option<AgentId>,
    row: Option<Unwritten>,
}

impl LiveCall {
    fn call(&self) -> Option<&Arc<Call>> {
        self.row.as_ref().map(|unwritten| &unwritten.row.0)
    }
}

impl Live {
    pub(super) fn new(max_calls: u32) -> Self {
        Self {
            state: Mutex::new(State {
                load: Load::idle(max_calls),
                calls: HashMap::new(),
                elsewhere: Vec::new(),
                begun: HashMap::new(),
            }),
            ended: Notify::new(),
        }
    }

    pub(super) fn drain(&self) {
        self.state.lock().load.draining = true;
    }

    pub(super) fn load(&self) -> Load {
        self.state.lock().everywhere().into_owned()
    }

    /// Decides about a call that comes, perhaps by the registration of a trunk, and counts it if it is
    /// to be answered.
    pub(super) fn admit(
        &self,
        id: CallId,
        trunk: Option<OutboundTrunkId>,
        now: i64,
        decide: impl FnOnce(&Load) -> Decision,
    ) -> Decision {
        let mut state = self.state.lock();
        if let Some(trunk) = trunk {
            state.load.trunk = state.busy(trunk, now, 0).calls;
        }
        let decision = decide(&state.everywhere());
        if let Verdict::Answer(agent) = decision.verdict {
            state.load.inbound += 1;
            state.count(
                id,
                LiveCall {
                    direction: Direction::Inbound,
                    access: decision.access,
                    trunk,
                    agent: Some(agent),
                    row: None,
                },
            );
        }
        decision
    }

    /// Permits a call that leaves, and counts it, under the same lock. `talked` are the trunk's
    /// seconds of today without those of calls that run.
    pub(super) fn admit_outgoing(
        &self,
        id: CallId,
        trunk: Option<OutboundTrunkId>,
        agent: Option<AgentId>,
        now: i64,
        talked: u64,
        permit: impl FnOnce(Busyness) -> Result<(), Forbidden>,
    ) -> Result<(), NotPlaced> {
        let mut state = self.state.lock();
        if state.load.draining {
            return Err(NotPlaced::Draining);
        }
        if state.load.calls >= state.load.max_calls {
            return Err(NotPlaced::Full);
        }
        let busy = trunk.map_or_else(Busyness::default, |trunk| state.busy(trunk, now, talked));
        permit(busy).map_err(NotPlaced::Forbidden)?;
        if let Some(trunk) = trunk {
            state.begun.entry(trunk).or_default().push_back(now);
        }
        state.count(
            id,
            LiveCall {
                direction: Direction::Outbound,
                access: None,
                trunk,
                agent,
                row: None,
            },
        );
        Ok(())
    }

    /// From now on it has a row, which is written by whoever says so.
    pub(super) fn begin(&self, call: Arc<Call>, papers: Arc<CallPapers>) {
        let mut state = self.state.lock();
        if let Some(live) = state.calls.get_mut(&call.id) {
            live.row = Some(Unwritten {
                row: (call, papers),
                papers_too: false,
            });
        }
    }

    pub(super) fn has(&self, id: CallId) -> bool {
        self.state.lock().calls.contains_key(&id)
    }

    pub(super) fn get(&self, id: CallId) -> Option<Arc<Call>> {
        self.state.lock().calls.get(&id)?.call().cloned()
    }

    /// The row as it is now, for whoever writes it at once.
    pub(super) fn unwritten(&self, id: CallId) -> Option<Unwritten> {
        let mut state = self.state.lock();
        let Unwritten { row, papers_too } = state.calls.get_mut(&id)?.row.as_mut()?;
        Some(Unwritten {
            row: row.clone(),
            papers_too: std::mem::take(papers_too),
        })
    }

    pub(super) fn change(&self, id: CallId, change: impl FnOnce(&mut Call)) -> Option<Arc<Call>> {
        let mut state = self.state.lock();
        let (call, _) = &mut state.calls.get_mut(&id)?.row.as_mut()?.row;
        change(Arc::make_mut(call));
        Some(call.clone())
    }

    pub(super) fn change_papers(
        &self,
        id: CallId,
        change: impl FnOnce(&mut Call, &mut CallPapers),
    ) -> Option<Arc<Call>> {
        let mut state = self.state.lock();
        let unwritten = state.calls.get_mut(&id)?.row.as_mut()?;
        let (call, papers) = &mut unwritten.row;
        change(Arc::make_mut(call), Arc::make_mut(papers));
        unwritten.papers_too = true;
        Some(call.clone())
    }

    /// Frees the lines; the row as it was last, if the call had begun.
    pub(super) fn end(&self, id: CallId) -> Option<Unwritten> {
        let mut state = self.state.lock();
        let live = state.calls.remove(&id)?;
        state.discount(&live);
        state.tell(live.direction);
        drop(state);
        self.ended.notify_waiters();
        live.row
    }

    /// Counts what other instances carry against the limits of all.
    pub(super) fn count_elsewhere(&self, elsewhere: Vec<Elsewhere>) {
        self.state.lock().elsewhere = elsewhere;
    }

    pub(super) fn ids(&self) -> Vec<CallId> {
        self.state.lock().calls.keys().copied().collect()
    }

    pub(super) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.state.lock().calls.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

impl State {
    /// The load of all instances together; only the number of calls and the room for them are each one's own.
    fn everywhere(&self) -> Cow<'_, Load> {
        if self.elsewhere.is_empty() {
            return Cow::Borrowed(&self.load);
        }
        let mut load = self.load.clone();
        for there in &self.elsewhere {
            if there.direction == Direction::Inbound {
                load.inbound += there.calls;
            }
            if let Some(access) = there.access {
                *load.accesses.entry(access).or_default() += there.calls;
            }
            if let Some(agent) = there.agent {
                *load.agents.entry(agent).or_default() += there.calls;
            }
        }
        Cow::Owned(load)
    }

    fn count(&mut self, id: CallId, live: LiveCall) {
        self.load.calls += 1;
        if let Some(access) = live.access {
            *self.load.accesses.entry(access).or_default() += 1;
        }
        if let Some(agent) = live.agent {
            *self.load.agents.entry(agent).or_default() += 1;
        }
        let direction = live.direction;
        self.calls.insert(id, live);
        self.tell(direction);
    }

    fn busy(&mut self, trunk: OutboundTrunkId, now: i64, talked: u64) -> Busyness {
        let begun = self.begun.entry(trunk).or_default();
        while begun.front().is_some_and(|at| *at <= now - 1000) {
            begun.pop_front();
        }
        let begun = u32::try_from(begun.len()).unwrap_or(u32::MAX);
        let over = self.calls.values().filter(|live| live.trunk == Some(trunk));
        let there = self.elsewhere.iter();
        let there = there.filter(|there| there.trunk == Some(trunk));
        // Minutes are paid for by who calls.
        let paid = |direction: Direction, seconds: u64| match direction {
            Direction::Outbound => seconds,
            Direction::Inbound => 0,
        };
        let (mut calls, mut seconds_today) = there.fold((0, talked), |(calls, seconds), there| {
            let talked = paid(there.direction, there.talked_s);
            (calls + there.calls, seconds + talked)
        });
        for live in over {
            calls += 1;
            let answered = live.call().and_then(|call| call.answered_at);
            let talks = answered.map_or(0, |at| (now - at) / 1000);
            seconds_today += paid(live.direction, u64::try_from(talks).unwrap_or(0));
        }
        Busyness {
            calls,
            begun,
            seconds_today,
        }
    }

    fn tell(&self, direction: Direction) {
        let calls = match direction {
            Direction::Inbound => self.load.inbound,
            Direction::Outbound => self.load.calls.saturating_sub(self.load.inbound),
        };
        Event::CallsLive {
            direction: direction.as_str(),
            calls,
        }
        .emit();
    }

    fn discount(&mut self, live: &LiveCall) {
        self.load.calls = self.load.calls.saturating_sub(1);
        if live.direction == Direction::Inbound {
            self.load.inbound = self.load.inbound.saturating_sub(1);
        }
        if let Some(access) = live.access {
            one_less(&mut self.load.accesses, access);
        }
        if let Some(agent) = live.agent {
            one_less(&mut self.load.agents, agent);
        }
    }
}

fn one_less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, u32>, key: K) {
    if let std::collections::hash_map::Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() = entry.get().saturating_sub(1);
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}
