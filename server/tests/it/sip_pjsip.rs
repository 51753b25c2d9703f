//! Session timers (RFC 4028) with PJSIP as the peer, on a clock that is moved: we refresh, the
//! peer refuses, the peer is gone. With the whole house behind the edge, so that the row is seen.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::AgentDraft;
use app::domain::call::{CallDetail, CallFilter, CallState, EndReason, Happening};
use app::domain::draft::{Entry, EntryList};
use app::domain::id::CallId;
use app::domain::inbound::TrunkDraft;
use server::agent::Voice;
use server::media::{Media, Settings};
use server::service::outward::Outward;
use server::sip::{Edge, EdgeConfig, Parts};
use tokio::runtime::Handle;

use crate::binary::free_port;
use crate::pjsip::{Pjsip, python};
use crate::services::{boss, named};
use crate::sip_world::{NUMBER, rung};
use crate::world::World;

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// An installation with an edge, a trunk, a number and an agent who is patient.
struct Line {
    world: World,
    edge: Arc<Edge>,
    username: String,
    password: String,
}

impl Line {
    async fn new() -> Self {
        let world = World::new().await;
        let media = Media::start(&Settings {
            ports: 34_000..=34_999,
            timeout: Duration::from_secs(60),
            jitter_ms: 20..=200,
            threads: 1,
        });
        let edge = Edge::start(Parts {
            config: EdgeConfig {
                t1: Duration::from_millis(50),
                ..EdgeConfig::default()
            },
            desk: world.house.desk.clone(),
            media: Arc::new(media.unwrap()),
            voice: Arc::new(Voice::find("no such program")),
            outward: Outward {
                allow_private: true,
                setting: "engines.allow_private",
            },
            clock: world.clock.clone(),
            life: world.life.clone(),
            workers: Handle::current(),
        })
        .await
        .unwrap();
        world.house.desk.connect(edge.clone());
        let trunk = TrunkDraft {
            phone_numbers: EntryList::of([NUMBER]),
            ..TrunkDraft::default()
        };
        let services = world.services();
        let made = services.trunks.create(&boss(), trunk).await.unwrap();
        let agent = AgentDraft {
            is_default: Entry::text("on"),
            recording_enabled: Entry::text("off"),
            silence_seconds: Entry::text("600"),
            ..named("Front desk")
        };
        services.agents.create(&boss(), agent).await.unwrap();
        let password = services
            .accesses
            .reveal(&boss(), made.newest.unwrap())
            .await;
        Self {
            username: made.username.unwrap(),
            password: password.unwrap().expose().to_owned(),
            world,
            edge,
        }
    }

    /// The only call, once this is true of it.
    async fn call(&self, what: &str, is_so: impl Fn(&CallDetail) -> bool) -> CallDetail {
        for _ in 0..800 {
            self.world.house.desk.flush().await;
            if let Some(call) = self.look().await
                && is_so(&call)
            {
                return call;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{what}: {:#?}", self.look().await);
    }

    async fn look(&self) -> Option<CallDetail> {
        let calls = &self.world.services().calls;
        let page = calls.list(&boss(), CallFilter::default()).await.unwrap();
        let id: CallId = page.items.first()?.id;
        Some(calls.get(&boss(), id).await.unwrap())
    }

    async fn is_confirmed(&self) {
        self.call("never confirmed", |call| {
            happened(call, &Happening::Confirmed) == 1
        })
        .await;
    }
}

fn happened(call: &CallDetail, what: &Happening) -> usize {
    call.timeline
        .iter()
        .filter(|event| event.what == *what)
        .count()
}

fn has_ended(call: &CallDetail) -> bool {
    call.call.state == CallState::Ended
}

fn reason(call: &CallDetail) -> EndReason {
    call.call.end.unwrap().reason
}

/// Dials with a session timer of half an hour whose refresher we may choose.
fn dials(python: &Path, line: &Line, port: u16) -> Pjsip {
    let uri = format!("sip:{NUMBER}@{}", line.edge.local_addr());
    let port = port.to_string();
    Pjsip::start(
        python,
        &[
            "--uri",
            &uri,
            "--username",
            &line.username,
            "--password",
            &line.password,
            "--port",
            &port,
            "--session-expires",
            "1800",
            "--talk",
            "600",
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_31_minutes_is_refreshed_by_us() {
    let Some(python) = python() else { return };
    let line = Line::new().await;
    let mut pjsip = dials(&python, &line, free_port());
    line.is_confirmed().await;
    for count in 1..=2 {
        line.world.clock.advance(minutes(15));
        line.call("never refreshed", |call| {
            happened(call, &Happening::SessionRefreshed) == count
        })
        .await;
    }
    line.world.clock.advance(minutes(1));
    let call = line.call("gone", |_| true).await.call;
    assert_eq!(call.state, CallState::Answered);
    let calls = &line.world.services().calls;
    calls.hang_up(&boss(), call.id).await.unwrap();
    let told = pjsip.tells().await;
    assert_eq!(told["session_expires"], "1800;refresher=uas", "{told}");
    assert_eq!(told["refreshes_received"], 2, "{told}");
    assert_eq!(told["refreshes_sent"], 0, "{told}");
    assert_eq!(told["ended"]["status"], 200, "{told}");
    let ended = line.call("never ended", has_ended).await;
    assert_eq!(reason(&ended), EndReason::OperatorHungUp);
    let lasted = ended.call.ended_at.unwrap() - ended.call.answered_at.unwrap();
    assert_eq!(lasted, 31 * 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_refuses_the_refresh_ends_the_call() {
    let Some(python) = python() else { return };
    let line = Line::new().await;
    let port = free_port();
    let pjsip = dials(&python, &line, port);
    line.is_confirmed().await;
    // It restarts and has forgotten the call: 481 to everything inside it.
    pjsip.kill().await;
    let mut again = Pjsip::start(&python, &["--port", &port.to_string(), "--listen", "60"]);
    assert_eq!(again.tells().await["listening"], true);
    line.world.clock.advance(minutes(15));
    let ended = line.call("never ended", has_ended).await;
    assert_eq!(reason(&ended), EndReason::SessionExpired);
    let ladder: Vec<String> = ended.messages.iter().map(rung).collect();
    let refused = "> 481 Call/Transaction Does Not Exist (UPDATE)";
    let bye = ["< UPDATE", refused, "< BYE"];
    assert_eq!(
        ladder[ladder.len() - 4..ladder.len() - 1],
        bye,
        "{ladder:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_gone_ends_the_call() {
    let Some(python) = python() else { return };
    let line = Line::new().await;
    let pjsip = dials(&python, &line, free_port());
    line.is_confirmed().await;
    pjsip.kill().await;
    line.world.clock.advance(minutes(15));
    let ended = line.call("never ended", has_ended).await;
    assert_eq!(reason(&ended), EndReason::SessionExpired);
    let ladder: Vec<String> = ended.messages.iter().map(rung).collect();
    let silence = ["< UPDATE", "> 408 Request Timeout (UPDATE)", "< BYE"];
    let from = ladder.iter().position(|rung| rung == "< UPDATE").unwrap();
    assert_eq!(ladder[from..from + 3], silence, "{ladder:?}");
}
