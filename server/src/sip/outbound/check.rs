//! Looking whether a trunk can be reached: name, connection, certificate, an answer to OPTIONS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::domain::outbound::{CheckStep, CheckVerdict, CheckedStep, OutboundTrunk};
use app::domain::sip::Transport;

use super::leg::Leg;
use super::targets::NoWay;
use super::way::way;
use crate::sip::Edge;
use crate::sip::listen;
use crate::sip::message::Message;
use crate::sip::stack::Flow;
use crate::trust;

/// How long an answer to OPTIONS is waited for.
const ANSWER: Duration = Duration::from_secs(4);

/// What a ping showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ping {
    Answered(u16),
    Silent,
}

/// Why there was no ping.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    NoWay(NoWay),
    Unreachable { target: String, why: String },
    Certificate { target: String, why: String },
}

/// OPTIONS to the trunk's targets, until one of them answers.
pub(super) async fn ping(edge: &Arc<Edge>, trunk: &OutboundTrunk) -> Result<Ping, Fault> {
    let leg = leg(trunk);
    let targets = edge.targets(&leg.place).await.map_err(Fault::NoWay)?;
    let mut seen = Ok(Ping::Silent);
    for target in targets.into_iter().take(3) {
        match connect(edge, &leg, target).await {
            Ok(flow) => match options(edge, &leg, &flow).await {
                Some(status) if status < 500 => return Ok(Ping::Answered(status)),
                Some(status) => seen = Ok(Ping::Answered(status)),
                None => {}
            },
            Err(fault) if matches!(seen, Ok(Ping::Silent)) => seen = Err(fault),
            Err(_) => {}
        }
    }
    seen
}

/// Every step with its verdict and time, for people.
pub(in crate::sip) async fn check(edge: &Arc<Edge>, trunk: &OutboundTrunk) -> Vec<CheckStep> {
    let leg = leg(trunk);
    let mut steps = Steps::default();
    let began = Instant::now();
    let targets = match edge.targets(&leg.place).await {
        Ok(targets) => targets,
        Err(no_way) => {
            let found = match no_way {
                NoWay::NoAddress(host) => host.to_string(),
                NoWay::OwnAddress(address) => address.to_string(),
            };
            steps.add(CheckedStep::Name, CheckVerdict::Failed, began, found);
            return steps.rest();
        }
    };
    let named: Vec<String> = targets.iter().map(ToString::to_string).collect();
    steps.add(
        CheckedStep::Name,
        CheckVerdict::Passed,
        began,
        named.join(", "),
    );
    let Some(target) = targets.first().copied() else {
        return steps.rest();
    };
    let began = Instant::now();
    let flow = match connect_anew(edge, &leg, target).await {
        Ok(flow) => flow,
        Err(Fault::Certificate { why, .. }) => {
            let reached = target.to_string();
            steps.add(
                CheckedStep::Connection,
                CheckVerdict::Passed,
                began,
                reached,
            );
            steps.add(CheckedStep::Encryption, CheckVerdict::Failed, began, why);
            return steps.rest();
        }
        Err(Fault::Unreachable { why, .. }) => {
            steps.add(CheckedStep::Connection, CheckVerdict::Failed, began, why);
            return steps.rest();
        }
        Err(Fault::NoWay(_)) => return steps.rest(),
    };
    let reached = target.to_string();
    match leg.place.transport {
        // Datagrams have no connection to speak of.
        Transport::Udp => steps.skip(CheckedStep::Connection),
        Transport::Tcp | Transport::Tls => {
            steps.add(
                CheckedStep::Connection,
                CheckVerdict::Passed,
                began,
                reached,
            );
        }
    }
    match leg.place.transport {
        Transport::Tls => {
            let name = leg.name.clone();
            steps.add(CheckedStep::Encryption, CheckVerdict::Passed, began, name);
        }
        Transport::Udp | Transport::Tcp => steps.skip(CheckedStep::Encryption),
    }
    let began = Instant::now();
    match options(edge, &leg, &flow).await {
        Some(status) => {
            let found = status.to_string();
            steps.add(CheckedStep::Answer, CheckVerdict::Passed, began, found);
        }
        None => steps.add(
            CheckedStep::Answer,
            CheckVerdict::Unknown,
            began,
            String::new(),
        ),
    }
    if leg.place.transport != Transport::Udp {
        // It was for the check alone; the socket for datagrams is everybody's.
        flow.finish().await;
    }
    steps.0
}

fn leg(trunk: &OutboundTrunk) -> Leg {
    let own = &trunk.settings.caller_number;
    Leg::by_trunk(trunk, None, own)
}

async fn connect(edge: &Arc<Edge>, leg: &Leg, target: SocketAddr) -> Result<Flow, Fault> {
    way(edge, target, leg.place.transport, &leg.name)
        .await
        .map_err(|error| fault(target, &error))
}

/// A connection that stands would hide that the next one could not be made.
async fn connect_anew(edge: &Arc<Edge>, leg: &Leg, target: SocketAddr) -> Result<Flow, Fault> {
    match leg.place.transport {
        Transport::Udp => connect(edge, leg, target).await,
        Transport::Tcp | Transport::Tls => {
            listen::dial(edge, target, leg.place.transport, &leg.name)
                .await
                .map_err(|error| fault(target, &error))
        }
    }
}

fn fault(target: SocketAddr, error: &io::Error) -> Fault {
    let target = target.to_string();
    match trust::certificate_fault(error) {
        Some(why) => Fault::Certificate {
            target,
            why: why.to_owned(),
        },
        None => Fault::Unreachable {
            target,
            why: error.to_string(),
        },
    }
}

/// The status of the answer, if one came.
async fn options(edge: &Arc<Edge>, leg: &Leg, flow: &Flow) -> Option<u16> {
    let fresh = || edge.clock.new_uuid().simple();
    let (tag, call) = (fresh(), fresh());
    let host = &leg.name;
    let contact = edge.contact(flow);
    let mut request = Message::request("OPTIONS", format!("sip:{host}"))
        .with("Via", edge.via(flow))
        .with("Max-Forwards", "70")
        .with("From", format!("<{contact}>;tag={tag}"))
        .with("To", format!("<sip:{host}>"))
        .with("Call-ID", call.to_string())
        .with("CSeq", "1 OPTIONS")
        .with("Contact", format!("<{contact}>"))
        .with("Accept", "application/sdp")
        .with("User-Agent", edge.config.product.clone());
    for route in leg.routes() {
        request.push("Route", route);
    }
    let mut asked = edge.stack.ask(&request, flow).ok()?;
    let answer = tokio::time::timeout(ANSWER, asked.last()).await.ok()??;
    // 408 is what the transaction says when nobody does.
    answer.status().filter(|status| *status != 408)
}

#[derive(Default)]
struct Steps(Vec<CheckStep>);

impl Steps {
    fn add(&mut self, what: CheckedStep, verdict: CheckVerdict, began: Instant, found: String) {
        let took = began.elapsed().as_millis();
        self.0.push(CheckStep {
            what,
            verdict,
            took_ms: u32::try_from(took).unwrap_or(u32::MAX),
            found,
        });
    }

    fn skip(&mut self, what: CheckedStep) {
        self.0.push(CheckStep {
            what,
            verdict: CheckVerdict::Skipped,
            took_ms: 0,
            found: String::new(),
        });
    }

    /// What was not reached any more.
    fn rest(mut self) -> Vec<CheckStep> {
        for step in CheckedStep::ALL {
            if !self.0.iter().any(|done| done.what == *step) {
                self.skip(*step);
            }
        }
        self.0
    }
}
