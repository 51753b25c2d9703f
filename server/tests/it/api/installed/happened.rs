//! What has happened there: calls of every kind, and what became of telling it.

use std::net::IpAddr;

use app::domain::call::{
    Call, CallEnd, CallState, Direction, EndReason, Flow, Happening, OneWay, Quality,
    RecordingState, Said, Speaker, TimelineEvent, TranscriptLine,
};
use app::domain::engine::EngineFault;
use app::domain::id::{CallId, OutboundTrunkId};
use app::domain::outbound::{
    CheckStep, CheckVerdict, CheckedStep, Health, HealthState, OutboundTrunk, Registration,
    RegistrationState, Trouble,
};
use app::domain::routing::{Check, Near, Note, Outcome, Receipt, Refusal, Step};
use app::domain::seen::{Listener, Source};
use app::domain::sip::Host;
use app::domain::transfer::{
    Destination, Place, Transfer, TransferMode, TransferState, TransferTarget,
};
use app::domain::webhook::{DeliveryState, EventKind, Told};
use async_trait::async_trait;
use server::service::calls::{Outgoing, Switchboard};
use server::store;
use server::store::calls::CallPapers;
use server::store::deliveries::Tried;

use super::Installed;
use crate::samples::{self, NOW, phone};
use crate::world::World;

const SECOND: i64 = 1_000;
const STEPS: [Step; 12] = [
    Step::Room,
    Step::SignedIn,
    Step::AgentHeader,
    Step::Number,
    Step::Agent,
    Step::Codec,
    Step::Lines,
    Step::Trunk,
    Step::Allowed,
    Step::Target,
    Step::Carrier,
    Step::Engine,
];

/// The inventory.
pub(super) fn numbers() -> [String; 2] {
    ["+14155550100", "+14155550101"].map(str::to_owned)
}

/// An edge that has something to tell, and does nothing.
pub(super) struct Quiet;

#[async_trait]
impl Switchboard for Quiet {
    async fn hang_up(&self, _: CallId) -> bool {
        false
    }

    fn sources(&self) -> Vec<Source> {
        let known = Source {
            address: [203, 0, 113, 9].into(),
            software: Some("friendly-scanner".to_owned()),
            dialled: Some("+14155550100".to_owned()),
            dialled_ours: false,
            reason: Some(Refusal::WrongPassword),
            tries: 7,
            first_at: NOW - SECOND,
            last_at: NOW,
            blocked_until: Some(NOW + SECOND),
        };
        let silent = Source {
            address: IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 9]),
            software: None,
            dialled: None,
            reason: None,
            blocked_until: None,
            ..known.clone()
        };
        vec![known, silent]
    }

    fn unblock(&self, source: IpAddr) -> Option<Source> {
        self.sources()
            .into_iter()
            .find(|known| known.address == source)
    }

    fn listeners(&self) -> Vec<Listener> {
        Vec::new()
    }

    fn dial(&self, _: Outgoing) {}

    async fn hand_on(&self, _: CallId, _: Destination) -> Option<Transfer> {
        None
    }

    async fn check(&self, _: &OutboundTrunk) -> Vec<CheckStep> {
        let step = |what| CheckStep {
            what,
            verdict: CheckVerdict::Passed,
            took_ms: 3,
            found: "198.51.100.20".to_owned(),
        };
        CheckedStep::ALL.iter().copied().map(step).collect()
    }

    fn health(&self, _: OutboundTrunkId) -> (Health, Option<Registration>) {
        let health = Health {
            state: HealthState::Down,
            trouble: Some(Trouble::Status { status: 503 }),
            since: Some(NOW),
            last_answered_at: None,
        };
        let registration = Registration {
            state: RegistrationState::Failed,
            since: NOW,
            expires_at: Some(NOW + SECOND),
            next_at: Some(NOW + SECOND),
            status: Some(403),
        };
        (health, Some(registration))
    }

    async fn own_address(&self, _: &Host) -> Option<IpAddr> {
        None
    }
}

/// One that was talked in, handed on and recorded; its leg; one that was refused; one that failed; one that rings.
pub(super) async fn calls(world: &World, all: &mut Installed) {
    let talked = talked(all);
    let leg = leg(all, &talked);
    let mut refused = samples::call(3, NOW - 20 * SECOND);
    refused.state = CallState::Ended;
    refused.end = Some(CallEnd::because(EndReason::Refused(Refusal::NumberUnknown)));
    refused.ended_at = Some(refused.started_at);
    refused.caller.anonymous = true;
    refused.number = None;
    refused.repeats = 4;
    let mut failed = samples::call(4, NOW - 10 * SECOND);
    failed.direction = Direction::Outbound;
    failed.state = CallState::Ended;
    failed.end = Some(CallEnd {
        status: Some(486),
        ..CallEnd::because(EndReason::Busy)
    });
    failed.phrase = Some("Busy Here".to_owned());
    failed.ended_at = Some(NOW);
    failed.source = None;
    failed.transport = None;
    let rings = samples::call(5, NOW);
    let transfer = transfer(all, &talked, &leg);
    let mut tx = world.db.append().await.unwrap();
    for call in [&talked, &leg, &refused, &failed, &rings] {
        store::calls::save(&mut tx, call, &papers()).await.unwrap();
        store::conversations::number(&mut tx, &[call.id])
            .await
            .unwrap();
        all.calls.push(call.id.to_string());
    }
    for what in happenings() {
        let event = TimelineEvent {
            at: talked.started_at,
            what,
        };
        store::timeline::add_events(&mut tx, &[(talked.id, &event)])
            .await
            .unwrap();
    }
    for line in &lines() {
        store::timeline::add_lines(&mut tx, &[(talked.id, line)])
            .await
            .unwrap();
    }
    store::transfers::save(&mut tx, &transfer).await.unwrap();
    tx.commit().await.unwrap();
    all.transfers
        .push([talked.id.to_string(), transfer.id.to_string()]);
    let file = world.house.desk.recording_path(talked.id);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, b"RIFF0123456789").unwrap();
}

fn talked(all: &Installed) -> Call {
    let begun = NOW - 60 * SECOND;
    let mut call = samples::call(1, begun);
    call.state = CallState::Ended;
    call.end = Some(CallEnd {
        status: Some(200),
        ..CallEnd::because(EndReason::HandedOn)
    });
    call.phrase = Some("OK".to_owned());
    call.caller.diverted_from = Some("sip:+14155550188@pbx.example.com".to_owned());
    call.access = all.credentials[0].parse().ok();
    call.access_label = Some("Carrier".to_owned());
    call.agent = all.agents[0].parse().ok();
    call.agent_name = Some("Front desk".to_owned());
    call.answered_at = Some(begun + SECOND);
    call.first_audio_at = Some(begun + SECOND);
    call.ended_at = Some(begun + 31 * SECOND);
    call.codec = Some("PCMU".to_owned());
    call.recording = RecordingState::Kept;
    call
}

fn leg(all: &Installed, of: &Call) -> Call {
    let mut leg = samples::call(2, of.started_at + 20 * SECOND);
    leg.direction = Direction::Outbound;
    leg.state = CallState::Answered;
    leg.answered_at = Some(leg.started_at + SECOND);
    leg.trunk = all.carriers[0].parse().ok();
    leg.trunk_label = Some("Acme".to_owned());
    leg.parent = Some(of.id);
    leg
}

fn transfer(all: &Installed, of: &Call, leg: &Call) -> Transfer {
    Transfer {
        id: samples::uuid(7).to_string().parse().unwrap(),
        call: of.id,
        target: TransferTarget {
            destination: all.destinations[0].parse().ok(),
            name: "Mobile".to_owned(),
            place: Place::Phone(phone("+14155550177")),
        },
        mode: TransferMode::Bridge,
        state: TransferState::Failed,
        leg: Some(leg.id),
        status: Some(486),
        reason: Some("busy".to_owned()),
        started_at: leg.started_at,
        ended_at: Some(NOW),
    }
}

/// A receipt of every step, and audio that was measured.
fn papers() -> CallPapers {
    let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Skipped]
        .into_iter()
        .cycle();
    let check = |(step, outcome)| Check {
        step,
        outcome,
        note: Note::Room {
            in_use: 1,
            limit: 10,
        },
    };
    let near = Near::NotOnTrunk {
        number: phone("+14155550100"),
    };
    let flow = Flow {
        packets: 1_500,
        bytes: 240_000,
        lost: 3,
        jitter_ms: 1.5,
        mos: Some(4.2),
    };
    CallPapers {
        receipt: Receipt {
            checks: STEPS.into_iter().zip(outcomes).map(check).collect(),
            near: Some(near),
        },
        quality: Some(Quality {
            from_caller: flow,
            to_caller: flow,
            round_trip_ms: Some(20.5),
        }),
        ..samples::papers()
    }
}

fn lines() -> [TranscriptLine; 3] {
    let line = |speaker, said| TranscriptLine {
        speaker,
        said,
        start_ms: 200,
        end_ms: 900,
    };
    [
        line(Speaker::Agent, Said::Words("Acme, good day.".to_owned())),
        line(Speaker::Caller, Said::Digits("1".to_owned())),
        line(Speaker::Caller, Said::Speech),
    ]
}

fn happenings() -> Vec<Happening> {
    let name = || "Mobile".to_owned();
    vec![
        Happening::Received,
        Happening::Ringing,
        Happening::Answered,
        Happening::MediaMoved {
            from: "192.0.2.1:1".to_owned(),
            to: "192.0.2.1:3".to_owned(),
        },
        Happening::Digit {
            digit: "1".to_owned(),
        },
        Happening::EngineAway {
            cause: EngineFault::NoAddress,
        },
        Happening::NoAudioFromCaller {
            seconds: 5,
            cause: Some(OneWay::NothingReceived),
        },
        Happening::HandingOn {
            name: name(),
            mode: "bridge".to_owned(),
        },
        Happening::HandOnFailed {
            name: name(),
            cause: "busy".to_owned(),
        },
        Happening::Ended {
            reason: "handed_on".to_owned(),
        },
    ]
}

/// An event of each kind of thing; one was heard, one refused, one is still to be told.
pub(super) async fn deliveries(world: &World, all: &mut Installed) {
    let desk = &world.house.desk;
    let talked = talked(all);
    let call = talked.id;
    let told = [
        (
            EventKind::CallStarted,
            Told::Call {
                call: talked.into(),
            },
        ),
        (
            EventKind::TransferCompleted,
            Told::Transfer {
                call,
                to: "Mobile".to_owned(),
                succeeded: false,
                reason: Some("busy".to_owned()),
            },
        ),
        (
            EventKind::TrunkHealth,
            Told::Trunk {
                trunk: all.carriers[0].parse().ok(),
                name: "Acme".to_owned(),
                healthy: false,
                reason: Some("status".to_owned()),
            },
        ),
    ];
    for (kind, what) in told {
        desk.announce(kind, what);
    }
    desk.flush().await;
    let path = format!("/api/webhooks/{}/deliveries", all.webhook);
    let listed = world.api().await.get(&path).await.ok();
    let items = listed["items"].as_array().unwrap();
    all.events = items.iter().map(super::id).collect();
    let tried = |state, next_at, status, error: Option<&str>| Tried {
        state,
        next_at,
        at: NOW,
        status,
        error: error.map(str::to_owned),
        took_ms: 12,
    };
    let mut tx = world.db.begin().await.unwrap();
    for (event, tried) in all.events.iter().zip([
        tried(DeliveryState::Delivered, None, Some(200), None),
        tried(
            DeliveryState::Waiting,
            Some(NOW + SECOND),
            None,
            Some("no answer within 10 s"),
        ),
    ]) {
        let (webhook, event) = (all.webhook.parse().unwrap(), event.parse().unwrap());
        store::deliveries::tried(&mut tx, webhook, event, &tried)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}
