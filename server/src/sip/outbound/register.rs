//! Registering with a carrier (RFC 3261 §10), so that it finds us behind an address that changes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use app::domain::id::OutboundTrunkId;
use app::domain::outbound::{OutboundTrunk, Registration, RegistrationState};
use app::domain::routing::Registered;
use app::domain::sip::Secret;
use parking_lot::Mutex;

use super::answer::Signing;
use super::leg::Leg;
use super::way::way;
use crate::sip::Edge;
use crate::sip::dialog::Numbers;
use crate::sip::message::Message;
use crate::sip::message::address::{Address, parameter, user_of};
use crate::sip::stack::Flow;

/// What we ask for.
const EXPIRES_S: u32 = 600;
/// How soon a failure is tried again, and the shortest time between two refreshes: a carrier that
/// grants a second is not asked every half of one.
const AGAIN_MS: i64 = 30_000;
/// How long an answer is waited for, and how long while there is another address to ask.
const ANSWER: Duration = Duration::from_secs(32);
const SILENCE: Duration = Duration::from_secs(4);
/// Most addresses that are asked, and most times each: challenges and times that are too short.
const TARGETS: usize = 3;
const ROUNDS: u32 = 4;

/// Who has us registered.
#[derive(Default)]
pub(super) struct Book(Mutex<HashMap<OutboundTrunkId, Entry>>);

struct Entry {
    shown: Registration,
    version: i64,
    /// The same for all registrations of one trunk (§10.2.4).
    call_id: String,
    numbers: Numbers,
    busy: bool,
    /// Who calls by it, and from where: all addresses of the registrar.
    callers: Option<(Registered, Vec<IpAddr>)>,
}

impl Book {
    pub(super) fn state(&self, id: OutboundTrunkId) -> Option<Registration> {
        self.0.lock().get(&id).map(|entry| entry.shown.clone())
    }

    /// The trunk that registered this user there. The user is as good as a secret, because only the
    /// registrar was told it; the address keeps out whoever else may have learnt it.
    pub(super) fn caller(&self, user: &str, source: IpAddr, now: i64) -> Option<Registered> {
        let id = OutboundTrunkId::from_uuid(uuid::Uuid::try_parse(user).ok()?);
        let book = self.0.lock();
        let entry = book.get(&id)?;
        let holds = entry.shown.expires_at.is_some_and(|until| now < until);
        let (by, addresses) = entry.callers.as_ref().filter(|_| holds)?;
        addresses
            .contains(&source.to_canonical())
            .then(|| by.clone())
    }
}

/// Begins whatever registration is due, and forgets those that are not wanted any more.
pub(super) fn look_after(edge: &Arc<Edge>, ways: &[(OutboundTrunk, Option<Secret>)], now: i64) {
    let wanted = |(trunk, _): &&(OutboundTrunk, _)| trunk.settings.register;
    let mut book = edge.ways.registrations.0.lock();
    book.retain(|id, _| ways.iter().filter(wanted).any(|(trunk, _)| trunk.id == *id));
    for (trunk, password) in ways.iter().filter(wanted) {
        let entry = book.entry(trunk.id).or_insert_with(|| Entry {
            shown: Registration {
                state: RegistrationState::Trying,
                since: now,
                expires_at: None,
                next_at: Some(now),
                status: None,
            },
            version: trunk.version,
            call_id: edge.clock.new_uuid().to_string(),
            numbers: Numbers::default(),
            busy: false,
            callers: None,
        });
        let changed = entry.version != trunk.version;
        let due = entry.shown.next_at.is_some_and(|at| at <= now);
        if entry.busy || !(due || changed) {
            continue;
        }
        entry.busy = true;
        entry.version = trunk.version;
        let turn = Turn {
            call_id: entry.call_id.clone(),
            numbers: entry.numbers.clone(),
        };
        let work = register(edge.clone(), trunk.clone(), password.clone(), turn);
        edge.life.spawn("sip.register", work);
    }
}

struct Turn {
    call_id: String,
    numbers: Numbers,
}

async fn register(edge: Arc<Edge>, trunk: OutboundTrunk, password: Option<Secret>, turn: Turn) {
    let outcome = ask(&edge, &trunk, password.as_ref(), &turn).await;
    let now = edge.clock.now_ms();
    let callers = match &outcome {
        Ok(granted) => Some((Registered::from(&trunk), granted.addresses.clone())),
        Err(_) => None,
    };
    for address in callers.iter().flat_map(|(_, addresses)| addresses) {
        edge.guard.welcome(*address);
    }
    let (state, status, expires_at, next_at) = match outcome {
        Ok(Granted { expires_s, .. }) => {
            let life = i64::from(expires_s) * 1000;
            // Half-way, so that a lost answer leaves time for another try.
            (
                RegistrationState::Registered,
                Some(200),
                Some(now + life),
                now + (life / 2).max(AGAIN_MS),
            )
        }
        Err(status) => (RegistrationState::Failed, status, None, now + AGAIN_MS),
    };
    {
        let mut book = edge.ways.registrations.0.lock();
        let Some(entry) = book.get_mut(&trunk.id) else {
            return;
        };
        entry.busy = false;
        entry.callers = callers;
        let changed = entry.shown.state != state;
        entry.shown = Registration {
            state,
            since: if changed { now } else { entry.shown.since },
            expires_at,
            next_at: Some(next_at),
            status,
        };
    }
    let (health, _) = edge.ways.state(trunk.id);
    edge.desk.trunk_changed(&trunk, health.state, &health);
}

/// What the registrar said yes to.
struct Granted {
    expires_s: u32,
    /// Where it may call from: wherever it might have been asked.
    addresses: Vec<IpAddr>,
}

/// What was granted, or the status of the refusal.
async fn ask(
    edge: &Arc<Edge>,
    trunk: &OutboundTrunk,
    password: Option<&Secret>,
    turn: &Turn,
) -> Result<Granted, Option<u16>> {
    let leg = Leg::by_trunk(trunk, password, &trunk.settings.caller_number);
    let targets = edge.targets(&leg.place).await.map_err(|_| None)?;
    let addresses = targets.iter().map(|target| target.ip().to_canonical());
    let addresses: Vec<IpAddr> = addresses.collect();
    let last = targets.len().min(TARGETS).saturating_sub(1);
    let mut refused = None;
    for (index, target) in targets.into_iter().take(TARGETS).enumerate() {
        let patience = if index < last { SILENCE } else { ANSWER };
        let asked = ask_at(edge, trunk, &leg, turn, target, patience).await;
        match asked {
            // Another machine of the carrier's may do what this one cannot; a no is all of theirs.
            Err(status @ (None | Some(408 | 500..=599))) => refused = status,
            Err(refused) => return Err(refused),
            Ok(expires_s) => {
                return Ok(Granted {
                    expires_s,
                    addresses,
                });
            }
        }
    }
    Err(refused)
}

async fn ask_at(
    edge: &Arc<Edge>,
    trunk: &OutboundTrunk,
    leg: &Leg,
    turn: &Turn,
    target: SocketAddr,
    patience: Duration,
) -> Result<u32, Option<u16>> {
    let flow = way(edge, target, leg.place.transport, &leg.name)
        .await
        .map_err(|_| None)?;
    let contact = contact(edge, trunk, &flow);
    let tag = edge.clock.new_uuid().simple().to_string();
    let mut signing = Signing::default();
    let mut authorization: Option<(&'static str, String)> = None;
    let mut expires_s = EXPIRES_S;
    let mut refused = None;
    for _ in 0..ROUNDS {
        let mut request = request(edge, trunk, leg, &flow, turn)
            .with("Contact", format!("<{contact}>"))
            .with("Expires", expires_s.to_string());
        request.rewrite("From", |from| format!("{from};tag={tag}"));
        if let Some((header, value)) = authorization.take() {
            request.push(header, value);
        }
        let mut asked = edge.stack.ask(&request, &flow).map_err(|_| None)?;
        let answer = tokio::time::timeout(patience, asked.last()).await;
        let answer = answer.ok().flatten().ok_or(None)?;
        let status = answer.status().unwrap_or_default();
        refused = Some(status);
        match status {
            // Nothing granted is a no, however it is dressed.
            200..300 => {
                let granted = granted(&answer, &contact).unwrap_or(expires_s);
                return if granted > 0 {
                    Ok(granted)
                } else {
                    Err(refused)
                };
            }
            // Too short for the carrier (§10.2.8).
            423 => match answer
                .get("Min-Expires")
                .and_then(|text| text.trim().parse().ok())
            {
                Some(least) if least > expires_s => expires_s = least,
                _ => return Err(refused),
            },
            401 | 407 => {
                let cnonce = edge.clock.new_uuid().simple().to_string();
                let credentials = leg.credentials.as_ref();
                authorization = signing.answer(credentials, &answer, &request, &cnonce);
                if authorization.is_none() {
                    return Err(refused);
                }
            }
            _ => return Err(refused),
        }
    }
    Err(refused)
}

/// A REGISTER, but for what the rounds have to say.
fn request(edge: &Edge, trunk: &OutboundTrunk, leg: &Leg, flow: &Flow, turn: &Turn) -> Message {
    let host = &trunk.settings.host;
    let user = leg.credentials.as_ref().map_or_else(
        || trunk.settings.caller_number.digits().to_owned(),
        |credentials| credentials.username.to_string(),
    );
    let mut request = Message::request("REGISTER", format!("sip:{host}"))
        .with("Via", edge.via(flow))
        .with("Max-Forwards", "70");
    for route in leg.routes() {
        request.push("Route", route);
    }
    request
        .with("From", format!("<sip:{user}@{host}>"))
        .with("To", format!("<sip:{user}@{host}>"))
        .with("Call-ID", turn.call_id.clone())
        .with("CSeq", format!("{} REGISTER", turn.numbers.next()))
        .with("User-Agent", edge.config.product.clone())
}

/// A Contact of the trunk's own: calls to it are the trunk's.
fn contact(edge: &Edge, trunk: &OutboundTrunk, flow: &Flow) -> String {
    let user = trunk.id.as_uuid().simple().to_string();
    edge.contact(flow)
        .replacen("sip:", &format!("sip:{user}@"), 1)
}

/// What the registrar grants our Contact (§10.3).
fn granted(answer: &Message, contact: &str) -> Option<u32> {
    let ours = answer.list("Contact").find(|value| {
        let user = Address::read(value).user();
        user.is_some() && user == user_of(contact)
    });
    let expires = ours
        .and_then(|value| parameter(value, "expires"))
        .or_else(|| answer.get("Expires"));
    expires?.trim().trim_matches('"').parse().ok()
}
