//! How trunks are: pinged with OPTIONS now and then, and judged by every call.
//!
//! Silence alone proves nothing, because many carriers never answer OPTIONS; it only counts
//! against one that used to. One bad answer is not an outage either: it takes three in a row.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::EndReason;
use app::domain::id::OutboundTrunkId;
use app::domain::outbound::{Health, HealthState, OutboundTrunk, Registration, Trouble};
use app::domain::routing::Registered;
use parking_lot::{Mutex, MutexGuard};
use rand::Rng as _;

use super::check::{self, Ping};
use super::register::{self, Book};
use super::way::Standing;
use super::{Failed, NoWay};
use crate::sip::Edge;
use crate::telemetry::Event;

/// How often a trunk is pinged, give or take a quarter.
const EVERY_MS: i64 = 30_000;
/// How often it is looked whether anything is due.
const LOOK: Duration = Duration::from_millis(500);
/// Bad signs in a row that make a trunk degraded, and down.
const WORSE: u32 = 2;
const DOWN: u32 = 3;

/// What is known of the ways out.
#[derive(Default)]
pub(in crate::sip) struct Ways {
    trunks: Mutex<HashMap<OutboundTrunkId, Known>>,
    standing: Mutex<Standing>,
    pub(super) registrations: Book,
}

#[derive(Clone, Debug, Default)]
struct Known {
    health: Health,
    /// It has answered something, once.
    ever: bool,
    bad: u32,
    /// The version it was pinged with; another one is another trunk.
    version: i64,
    due_ms: i64,
    pinging: bool,
}

/// What one ping or call showed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sign {
    Good,
    Bad(Trouble),
    /// Nothing came.
    Silence,
}

impl Ways {
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock()
    }

    /// How a trunk is, and whether the carrier has us registered.
    pub(in crate::sip) fn state(&self, id: OutboundTrunkId) -> (Health, Option<Registration>) {
        let health = self
            .trunks
            .lock()
            .get(&id)
            .map(|known| known.health.clone());
        (health.unwrap_or_default(), self.registrations.state(id))
    }

    /// The trunk that registered this user where the caller is, if that still holds.
    pub(in crate::sip) fn registered(
        &self,
        user: &str,
        source: IpAddr,
        now: i64,
    ) -> Option<Registered> {
        self.registrations.caller(user, source, now)
    }

    /// A call over it was answered.
    pub(super) fn answered(&self, id: OutboundTrunkId, now: i64) -> Option<HealthState> {
        self.sign(id, Sign::Good, now)
    }

    /// A call over it came to nothing; a callee who is busy says that the trunk works.
    pub(super) fn failed(
        &self,
        id: OutboundTrunkId,
        failed: &Failed,
        now: i64,
    ) -> Option<HealthState> {
        let sign = match (failed.reason, failed.status) {
            (EndReason::AuthFailed, _) => Sign::Bad(Trouble::AuthFailed),
            (_, Some(status @ 500..=599)) => Sign::Bad(Trouble::Status { status }),
            (_, Some(_)) => Sign::Good,
            (EndReason::TlsFailed, None) => Sign::Bad(Trouble::Certificate {
                target: String::new(),
                why: failed.phrase.clone().unwrap_or_default(),
            }),
            (EndReason::Unreachable, None) => Sign::Silence,
            (_, None) => return None,
        };
        self.sign(id, sign, now)
    }

    /// Takes a sign into account; the state it had before, if it or its reason is another now.
    fn sign(&self, id: OutboundTrunkId, sign: Sign, now: i64) -> Option<HealthState> {
        let mut trunks = self.trunks.lock();
        let known = trunks.entry(id).or_default();
        let shown = known.health.clone();
        let before = shown.state;
        match sign {
            Sign::Good => {
                known.ever = true;
                known.bad = 0;
                known.turn(HealthState::Up, None, now);
            }
            Sign::Bad(trouble) => {
                known.bad += 1;
                // Only a good sign makes it better.
                let state = match before {
                    HealthState::Unknown | HealthState::Down => HealthState::Down,
                    _ if known.bad >= DOWN => HealthState::Down,
                    _ if known.bad >= WORSE => HealthState::Degraded,
                    _ => before,
                };
                known.turn(state, Some(trouble), now);
            }
            Sign::Silence if !known.ever => known.turn(HealthState::Unknown, None, now),
            Sign::Silence => {
                known.bad += 1;
                let state = match known.bad {
                    0..WORSE => before,
                    WORSE..DOWN => HealthState::Degraded,
                    DOWN.. => HealthState::Down,
                };
                known.turn(state, Some(Trouble::Silent), now);
            }
        }
        let (after, is_news) = (known.health.state, known.health != shown);
        drop(trunks);
        if after != before {
            let state = after.as_str();
            Event::TrunkHealth { trunk: &id, state }.emit();
        }
        is_news.then_some(before)
    }

    /// The trunks to ping now; forgets those that are gone.
    fn due(&self, trunks: &[OutboundTrunk], now: i64) -> Vec<OutboundTrunk> {
        let mut known = self.trunks.lock();
        known.retain(|id, _| trunks.iter().any(|trunk| trunk.id == *id));
        let mut due = Vec::new();
        for trunk in trunks {
            let entry = known.entry(trunk.id).or_default();
            if entry.version != trunk.version {
                // What was known was of another host, or of other settings.
                *entry = Known {
                    version: trunk.version,
                    ..Known::default()
                };
            }
            if !entry.pinging && entry.due_ms <= now {
                entry.pinging = true;
                due.push(trunk.clone());
            }
        }
        due
    }

    /// Counts them by state, for those who watch.
    fn count(&self) {
        let known = self.trunks.lock();
        for state in HealthState::ALL {
            let trunks = known
                .values()
                .filter(|known| known.health.state == *state)
                .count();
            Event::Trunks {
                state: state.as_str(),
                trunks: u32::try_from(trunks).unwrap_or(u32::MAX),
            }
            .emit();
        }
    }

    fn pinged(&self, id: OutboundTrunkId, next_ms: i64) {
        if let Some(known) = self.trunks.lock().get_mut(&id) {
            known.pinging = false;
            known.due_ms = next_ms;
        }
    }
}

impl Known {
    fn turn(&mut self, state: HealthState, trouble: Option<Trouble>, now: i64) {
        if self.health.state != state || self.health.since.is_none() {
            self.health.since = Some(now);
        }
        self.health.state = state;
        self.health.trouble = trouble;
    }
}

/// Pings and registers whatever is due, until the server stops.
pub(in crate::sip) async fn look_after(edge: Arc<Edge>) {
    let stopped = edge.life.stopped();
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if edge.life.draining().is_cancelled() {
            continue;
        }
        let now = edge.clock.now_ms();
        let ways = edge.desk.ways_out();
        let trunks: Vec<OutboundTrunk> = ways.iter().map(|(trunk, _)| trunk.clone()).collect();
        for trunk in edge.ways.due(&trunks, now) {
            edge.life.spawn("sip.ping", look_at(edge.clone(), trunk));
        }
        edge.ways.count();
        register::look_after(&edge, &ways, now);
    }
}

async fn look_at(edge: Arc<Edge>, trunk: OutboundTrunk) {
    let sign = match check::ping(&edge, &trunk).await {
        Ok(Ping::Answered(status)) if status >= 500 => Sign::Bad(Trouble::Status { status }),
        Ok(Ping::Answered(_)) => Sign::Good,
        Ok(Ping::Silent) => Sign::Silence,
        Err(check::Fault::NoWay(NoWay::NoAddress(host))) => Sign::Bad(Trouble::NoAddress {
            host: host.to_string(),
        }),
        Err(check::Fault::NoWay(NoWay::OwnAddress(address))) => Sign::Bad(Trouble::OwnAddress {
            address: address.to_string(),
        }),
        Err(check::Fault::Unreachable { target, why }) => {
            Sign::Bad(Trouble::Unreachable { target, why })
        }
        Err(check::Fault::Certificate { target, why }) => {
            Sign::Bad(Trouble::Certificate { target, why })
        }
    };
    let now = edge.clock.now_ms();
    let before = edge.ways.sign(trunk.id, sign, now);
    tell(&edge, &trunk, before);
    let wait = rand::rng().random_range(EVERY_MS * 3 / 4..EVERY_MS * 5 / 4);
    edge.ways.pinged(trunk.id, now.saturating_add(wait));
}

/// Tells that a trunk is not as it was.
pub(super) fn tell(edge: &Edge, trunk: &OutboundTrunk, before: Option<HealthState>) {
    if let Some(before) = before {
        let (health, _) = edge.ways.state(trunk.id);
        edge.desk.trunk_changed(trunk, before, &health);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> OutboundTrunkId {
        OutboundTrunkId::from_uuid(uuid::Uuid::from_u128(1))
    }

    fn state(ways: &Ways) -> HealthState {
        ways.state(id()).0.state
    }

    #[test]
    fn silence_proves_nothing_until_it_has_answered_once() {
        let ways = Ways::default();
        for now in 0..10 {
            ways.sign(id(), Sign::Silence, now);
            assert_eq!(state(&ways), HealthState::Unknown);
        }
        ways.sign(id(), Sign::Good, 10);
        assert_eq!(state(&ways), HealthState::Up);
        let course: Vec<_> = (11..14)
            .map(|now| {
                ways.sign(id(), Sign::Silence, now);
                state(&ways)
            })
            .collect();
        assert_eq!(
            course,
            [HealthState::Up, HealthState::Degraded, HealthState::Down]
        );
        let health = ways.state(id()).0;
        assert_eq!(
            (health.since, health.trouble),
            (Some(13), Some(Trouble::Silent))
        );
        ways.sign(id(), Sign::Good, 14);
        assert_eq!(state(&ways), HealthState::Up);
    }

    #[test]
    fn another_reason_is_news_and_the_same_again_is_none() {
        let ways = Ways::default();
        let status = |status| Sign::Bad(Trouble::Status { status });
        let told: Vec<_> = [
            Sign::Silence,
            Sign::Silence,
            status(503),
            status(503),
            status(500),
        ]
        .into_iter()
        .zip(1..)
        .map(|(sign, now)| ways.sign(id(), sign, now))
        .collect();
        let (unknown, down) = (Some(HealthState::Unknown), Some(HealthState::Down));
        assert_eq!(told, [unknown, None, unknown, None, down]);
    }

    #[test]
    fn a_busy_callee_says_that_the_trunk_works() {
        let ways = Ways::default();
        let failed = |reason, status| Failed {
            reason,
            status,
            phrase: None,
        };
        ways.failed(id(), &failed(EndReason::Busy, Some(486)), 1);
        assert_eq!(state(&ways), HealthState::Up);
        ways.failed(id(), &failed(EndReason::CarrierError, Some(503)), 2);
        assert_eq!(state(&ways), HealthState::Up);
        ways.failed(id(), &failed(EndReason::CarrierError, Some(503)), 3);
        assert_eq!(state(&ways), HealthState::Degraded);
        ways.failed(id(), &failed(EndReason::CarrierError, Some(503)), 4);
        assert_eq!(state(&ways), HealthState::Down);
        assert_eq!(
            ways.state(id()).0.trouble,
            Some(Trouble::Status { status: 503 })
        );
    }
}
