//! Server transactions (RFC 3261 §17.2, RFC 6026 §7.1): each request is told of once, and its answer is said
//! again as often as it has to be.
//!
//! They are ours, for they are what a call costs most: the library keeps a request and its answers as parts,
//! with a queue and a task for each. Here a transaction is its last answer in bytes, and what it waits for.

mod clock;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::sync::Arc;

use app::domain::sip::Transport;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::clock::{Clock, Due, What};
use super::{Flow, Timers};
use crate::lifecycle::Lifecycle;
use crate::sip::dialog::DialogId;
use crate::sip::guard::way_back;
use crate::sip::message::{Message, parameter};

/// What happens to the transaction of an INVITE after it arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// CANCEL, and the 200 it was answered with already (RFC 3261 §9.2).
    Cancelled(Box<Cancelled>),
    /// The ACK; its body is the answer to a late offer.
    Acked(Box<Message>),
    /// The ACK never came.
    Over,
}

/// A CANCEL and its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Cancelled {
    pub cancel: Message,
    pub answer: Message,
}

/// What a request turned out to be.
pub enum Placed {
    /// The first of its kind.
    New(Box<Arrival>),
    /// Part of a transaction that we have, which has dealt with it.
    Known,
    /// A CANCEL of nothing, or one whose headers do not say what it is part of.
    Nowhere(Message),
}

/// A new request with its transaction, which lives as long as it must: an INVITE until its ACK came or did
/// not, and every request as long as it may come again.
pub struct Arrival {
    pub message: Message,
    pub flow: Flow,
    answers: Answers,
    events: Option<mpsc::UnboundedReceiver<ServerEvent>>,
}

/// Answers one request, any number of times before the final answer. When nobody holds these any more a
/// request without a final answer is forgotten.
#[derive(Clone)]
pub struct Answers(Arc<Answerer>);

struct Answerer {
    transaction: Arc<Transaction>,
    all: Arc<ServerTransactions>,
}

/// All there are.
pub(super) struct ServerTransactions {
    timers: Timers,
    table: Mutex<Table>,
    clock: Clock,
}

#[derive(Default)]
struct Table {
    transactions: HashMap<Key, Arc<Transaction>>,
    /// Accepted INVITEs by dialog and number: their ACK is no part of the transaction (RFC 3261 §13.2.2.4).
    accepted: HashMap<Accepted, Arc<Transaction>>,
    running: usize,
}

type Accepted = Arc<(DialogId, u32)>;

/// One of them. Its state is never waited for while the table is held, but the table may be while it is.
struct Transaction {
    key: Key,
    is_invite: bool,
    /// Where its answers go.
    back: Flow,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// The last answer.
    last: Vec<u8>,
    accepted: Option<Accepted>,
    tell: Option<mpsc::UnboundedSender<ServerEvent>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No final answer yet.
    Proceeding,
    /// 2xx to an INVITE, said again until its ACK comes.
    Accepted,
    /// No to an INVITE; said again likewise, where datagrams get lost.
    Completed,
    /// Only remembered, because it may come again.
    Over,
}

/// Digits of the largest sequence number.
const NUMBER: usize = 10;

/// What names a server transaction (RFC 3261 §17.2.3). Peers that know no branches, and those that use one
/// twice, are told apart by the rest.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Box<str>);

// === impl ServerTransactions ===

impl ServerTransactions {
    pub(super) fn start(timers: Timers, life: &Lifecycle) -> Arc<Self> {
        let all = Arc::new(Self {
            timers,
            table: Mutex::default(),
            clock: Clock::default(),
        });
        life.spawn("sip.transactions", all.clone().keep_time(life.stopped()));
        all
    }

    /// Is this request part of a transaction we have: a retransmission, a CANCEL, an ACK?
    pub(super) fn knows(&self, request: &Message) -> bool {
        Key::of(request).is_some_and(|key| self.table.lock().transactions.contains_key(&key))
    }

    /// Those that wait for an answer or an ACK, and those that are only remembered.
    pub(super) fn load(&self) -> (usize, usize) {
        let table = self.table.lock();
        (
            table.running,
            table.transactions.len().saturating_sub(table.running),
        )
    }

    pub(super) fn receive(self: &Arc<Self>, request: Message, flow: &Flow) -> Placed {
        let Some(key) = Key::of(&request) else {
            return Placed::Nowhere(request);
        };
        match request.method() {
            Some("ACK") => self.acknowledge(&key, request),
            Some("CANCEL") => return self.cancel(&key, request, flow),
            _ => return self.begin(key, request, flow),
        }
        Placed::Known
    }

    /// Looking and keeping are one step: a request that comes by two connections is new by one of them.
    fn begin(self: &Arc<Self>, key: Key, message: Message, flow: &Flow) -> Placed {
        let is_invite = message.method() == Some("INVITE");
        let (tell, events) = is_invite.then(mpsc::unbounded_channel).unzip();
        let transaction = Arc::new(Transaction {
            key: key.clone(),
            is_invite,
            back: flow.towards(way_back(&message, flow.peer)),
            state: Mutex::new(State {
                phase: Phase::Proceeding,
                last: Vec::new(),
                accepted: None,
                tell,
            }),
        });
        let mut table = self.table.lock();
        match table.transactions.entry(key) {
            Entry::Occupied(known) => {
                let known = known.get().clone();
                drop(table);
                known.came_again();
                return Placed::Known;
            }
            Entry::Vacant(place) => _ = place.insert(transaction.clone()),
        }
        table.running += 1;
        drop(table);
        Placed::New(Box::new(Arrival {
            message,
            flow: flow.clone(),
            answers: Answers(Arc::new(Answerer {
                transaction,
                all: self.clone(),
            })),
            events,
        }))
    }

    fn acknowledge(&self, key: &Key, ack: Message) {
        let Some(transaction) = self.acknowledged(key, &ack) else {
            return;
        };
        let mut state = transaction.state.lock();
        if !state.is_unacknowledged() {
            return;
        }
        if let Some(tell) = &state.tell {
            // Nobody may be listening any more.
            let _ = tell.send(ServerEvent::Acked(Box::new(ack)));
        }
        self.settle(&mut state);
        // Whatever of it comes again needs no answer any more.
        state.last = Vec::new();
    }

    /// That of a no has the branch of its INVITE, that of a 2xx one of its own.
    fn acknowledged(&self, key: &Key, ack: &Message) -> Option<Arc<Transaction>> {
        let table = self.table.lock();
        if let Some(transaction) = table.transactions.get(key) {
            return Some(transaction.clone());
        }
        let accepted = (DialogId::of_request(ack)?, ack.cseq()?.0);
        table.accepted.get(&accepted).cloned()
    }

    fn cancel(&self, key: &Key, cancel: Message, flow: &Flow) -> Placed {
        let found = self.table.lock().transactions.get(key).cloned();
        let Some(transaction) = found else {
            return Placed::Nowhere(cancel);
        };
        let state = transaction.state.lock();
        let mut answer = cancel.reply(200, "");
        // Of the same dialog as what the INVITE was answered with (RFC 3261 §9.2).
        if let Ok(last) = Message::read(&state.last)
            && let Some(to) = last.get("To")
        {
            answer.set("To", to);
        }
        flow.towards(way_back(&cancel, flow.peer))
            .send_now(&answer.to_bytes());
        if let (Phase::Proceeding, Some(tell)) = (state.phase, &state.tell) {
            let cancelled = Cancelled { cancel, answer };
            let _ = tell.send(ServerEvent::Cancelled(Box::new(cancelled)));
        }
        Placed::Known
    }

    fn respond(&self, transaction: &Arc<Transaction>, response: &Message) -> bool {
        let Some(status) = response.status() else {
            return false;
        };
        let mut state = transaction.state.lock();
        if state.phase != Phase::Proceeding {
            return false;
        }
        state.last = response.to_bytes();
        state.phase = match status {
            100..=199 => Phase::Proceeding,
            _ if !transaction.is_invite => Phase::Over,
            200..=299 => Phase::Accepted,
            _ => Phase::Completed,
        };
        // Before the answer leaves, for its ACK may come sooner than this goes on.
        match state.phase {
            Phase::Proceeding => {}
            Phase::Over => self.remember(transaction),
            Phase::Accepted | Phase::Completed => {
                self.wait_for_ack(transaction, &mut state, response);
            }
        }
        transaction.back.send_now(&state.last);
        true
    }

    /// A request that is dealt with: only datagrams come again (Timer J).
    fn remember(&self, transaction: &Arc<Transaction>) {
        let mut table = self.table.lock();
        table.running -= 1;
        if transaction.back.transport != Transport::Udp {
            table.transactions.remove(&transaction.key);
            return;
        }
        drop(table);
        self.clock.add(Due {
            at: Instant::now() + self.timers.give_up(),
            what: What::Forget,
            transaction: transaction.clone(),
        });
    }

    fn wait_for_ack(&self, transaction: &Arc<Transaction>, state: &mut State, answer: &Message) {
        let now = Instant::now();
        let due = |after, what| Due {
            at: now + after,
            what,
            transaction: transaction.clone(),
        };
        // A 2xx is said again on every transport (RFC 3261 §13.3.1.4), a no over datagrams only (Timer G).
        if state.phase == Phase::Accepted || transaction.back.transport == Transport::Udp {
            let t1 = self.timers.t1;
            self.clock.add(due(t1, What::SayAgain(t1)));
        }
        self.clock.add(due(self.timers.give_up(), What::Forget));
        if state.phase == Phase::Accepted
            && let (Some(dialog), Some((number, _))) = (DialogId::of_request(answer), answer.cseq())
        {
            let accepted = Arc::new((dialog, number));
            state.accepted = Some(accepted.clone());
            let mut table = self.table.lock();
            table.accepted.insert(accepted, transaction.clone());
        }
    }

    /// It waits for nothing any more.
    fn settle(&self, state: &mut State) {
        state.phase = Phase::Over;
        state.tell = None;
        let mut table = self.table.lock();
        table.running -= 1;
        if let Some(accepted) = state.accepted.take() {
            table.accepted.remove(&accepted);
        }
    }

    fn forget(&self, transaction: &Transaction) {
        let mut state = transaction.state.lock();
        if state.is_unacknowledged() {
            if let Some(tell) = &state.tell {
                let _ = tell.send(ServerEvent::Over);
            }
            self.settle(&mut state);
        }
        self.table.lock().transactions.remove(&transaction.key);
    }

    /// Nobody will answer it.
    fn abandon(&self, transaction: &Transaction) {
        let mut state = transaction.state.lock();
        if state.phase == Phase::Proceeding {
            self.settle(&mut state);
            self.table.lock().transactions.remove(&transaction.key);
        }
    }
}

// === impl Transaction ===

impl Transaction {
    /// The same request once more. An accepted INVITE is said yes to by the clock, and one whose ACK came
    /// by nobody.
    fn came_again(&self) {
        let state = self.state.lock();
        let has_said =
            !self.is_invite || matches!(state.phase, Phase::Proceeding | Phase::Completed);
        if has_said && !state.last.is_empty() {
            self.back.send_now(&state.last);
        }
    }

    /// Its answer, if that is still waited for.
    fn say_again(&self) -> bool {
        let state = self.state.lock();
        let waits = state.is_unacknowledged();
        if waits {
            self.back.send_now(&state.last);
        }
        waits
    }
}

impl State {
    fn is_unacknowledged(&self) -> bool {
        matches!(self.phase, Phase::Accepted | Phase::Completed)
    }
}

// === impl Key ===

impl Key {
    /// None of a request whose headers do not say it.
    fn of(request: &Message) -> Option<Self> {
        let method = match request.method()? {
            "ACK" | "CANCEL" => "INVITE",
            method => method,
        };
        let (number, _) = request.cseq()?;
        let via = request.top_via()?;
        let branch = parameter(via, "branch").unwrap_or(via);
        let sent_by = via.split(';').next().unwrap_or_default();
        let (call, from) = (request.call_id(), request.from_tag().unwrap_or_default());
        let parts = [method, sent_by, branch, from, call];
        let room: usize = parts.iter().map(|part| part.len() + 1).sum();
        let mut key = String::with_capacity(room + NUMBER);
        for part in parts {
            key.push_str(part);
            key.push(' ');
        }
        let _ = write!(key, "{number}");
        Some(Self(key.into()))
    }
}

// === impl Arrival ===

impl Arrival {
    /// Its two ends; an INVITE has events.
    pub fn run(
        self,
    ) -> (
        Message,
        Flow,
        Answers,
        Option<mpsc::UnboundedReceiver<ServerEvent>>,
    ) {
        (self.message, self.flow, self.answers, self.events)
    }

    /// Answers once and for all.
    pub fn answer(self, response: &Message) {
        self.answers.send(response);
    }
}

// === impl Answers ===

impl Answers {
    /// False if it was answered for good before.
    pub fn send(&self, response: &Message) -> bool {
        let Answerer { transaction, all } = &*self.0;
        all.respond(transaction, response)
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.all.abandon(&self.transaction);
    }
}
