//! The calls that run, and how many they are by trunk, access and agent.

use std::collections::HashMap;

use app::domain::call::{Call, Direction};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::routing::{Decision, Load, Verdict};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::store::calls::CallPapers;
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
}

#[derive(Debug)]
struct LiveCall {
    access: Option<AccessId>,
    agent: AgentId,
    row: Option<(Call, CallPapers)>,
}

impl Live {
    pub(super) fn new(max_calls: u32) -> Self {
        Self {
            state: Mutex::new(State {
                load: Load::idle(max_calls),
                calls: HashMap::new(),
            }),
            ended: Notify::new(),
        }
    }

    pub(super) fn drain(&self) {
        self.state.lock().load.draining = true;
    }

    pub(super) fn load(&self) -> Load {
        self.state.lock().load.clone()
    }

    pub(super) fn admit(&self, id: CallId, decide: impl FnOnce(&Load) -> Decision) -> Decision {
        let mut state = self.state.lock();
        let decision = decide(&state.load);
        if let Verdict::Answer(agent) = decision.verdict {
            state.count(id, decision.access, agent);
            state.tell();
        }
        decision
    }

    pub(super) fn begin(&self, call: Call, papers: CallPapers) {
        let mut state = self.state.lock();
        if let Some(live) = state.calls.get_mut(&call.id) {
            live.row = Some((call, papers));
        }
    }

    pub(super) fn has(&self, id: CallId) -> bool {
        self.state.lock().calls.contains_key(&id)
    }

    pub(super) fn get(&self, id: CallId) -> Option<Call> {
        let state = self.state.lock();
        state
            .calls
            .get(&id)
            .and_then(|live| live.row.as_ref())
            .map(|(call, _)| call.clone())
    }

    pub(super) fn change(
        &self,
        id: CallId,
        change: impl FnOnce(&mut Call, &mut CallPapers),
    ) -> Option<(Call, CallPapers)> {
        let mut state = self.state.lock();
        let (call, papers) = state.calls.get_mut(&id)?.row.as_mut()?;
        change(call, papers);
        Some((call.clone(), papers.clone()))
    }

    /// Frees the lines; the row as it was last, if the call had begun.
    pub(super) fn end(&self, id: CallId) -> Option<(Call, CallPapers)> {
        let mut state = self.state.lock();
        let live = state.calls.remove(&id)?;
        state.discount(&live);
        state.tell();
        drop(state);
        self.ended.notify_waiters();
        live.row
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
    fn count(&mut self, id: CallId, access: Option<AccessId>, agent: AgentId) {
        self.load.calls += 1;
        self.load.inbound += 1;
        if let Some(access) = access {
            *self.load.accesses.entry(access).or_default() += 1;
        }
        *self.load.agents.entry(agent).or_default() += 1;
        self.calls.insert(
            id,
            LiveCall {
                access,
                agent,
                row: None,
            },
        );
    }

    fn tell(&self) {
        Event::CallsLive {
            direction: Direction::Inbound.as_str(),
            calls: u32::try_from(self.calls.len()).unwrap_or(u32::MAX),
        }
        .emit();
    }

    fn discount(&mut self, live: &LiveCall) {
        self.load.calls = self.load.calls.saturating_sub(1);
        self.load.inbound = self.load.inbound.saturating_sub(1);
        if let Some(access) = live.access {
            one_less(&mut self.load.accesses, access);
        }
        one_less(&mut self.load.agents, live.agent);
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
