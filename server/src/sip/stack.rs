//! The only place that names the SIP library: transactions and their timers (RFC 3261 §17).
//!
//! Upwards it speaks [`Message`]s. Sockets and parsing are ours: the guard has read every message
//! before it comes here, and the library sees it as parts already cut. That leaves it the one thing
//! it is good at, and keeps its parser, its unbounded ingress queue and its listeners, which have
//! no limits, out of the way. Dialogs are ours too ([`super::dialog`]): the library's answer some
//! requests not at all and send BYE to private Contacts.

mod convert;
mod flow;
mod names;
mod transaction;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rsipstack::sip::{Method, SipMessage};
use rsipstack::transaction::endpoint::{Endpoint, EndpointInnerRef, EndpointOption};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::{EndpointBuilder, TransactionReceiver};
use thiserror::Error;

pub use self::flow::{Datagrams, Flow, Outbox};
pub use self::names::Names;
pub use self::transaction::{Answers, Arrival, Asked, ServerEvent};
use super::inbound::Ticket;
use super::message::Message;
use crate::lifecycle::Lifecycle;

/// RFC 3261 §17.1.1.1: everything else follows from T1.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    pub t1: Duration,
}

impl Timers {
    /// How long an answer may stay unconfirmed (Timers B, F, H).
    pub fn give_up(self) -> Duration {
        self.t1 * 64
    }
}

/// A message the library could not place.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Misfit {
    #[error("a header that names the transaction cannot be read")]
    Unreadable,
    #[error("the message could not be sent")]
    Unsent,
    #[error("the same request came another way at the same moment")]
    Twice,
}

/// A message that found no place, given back if it can be answered.
#[derive(Debug)]
pub struct Undelivered {
    pub why: Misfit,
    pub message: Option<Message>,
}

/// The transaction layer.
pub struct Stack {
    core: EndpointInnerRef,
    /// Requests on their way through the library to [`Stack::arrivals`], whole.
    parcels: Parcels,
    life: Lifecycle,
    pub timers: Timers,
}

type Parcels = Arc<Mutex<HashMap<TransactionKey, Parcel>>>;

struct Parcel {
    message: Message,
    flow: Flow,
    ticket: Option<Box<Ticket>>,
}

/// New requests, each once.
pub struct Arrivals {
    /// Lives as long as its queue is read.
    _endpoint: Endpoint,
    incoming: Option<TransactionReceiver>,
    parcels: Parcels,
    life: Lifecycle,
}

impl Arrivals {
    pub async fn next(&mut self) -> Option<Arrival> {
        loop {
            let transaction = self.incoming.as_mut()?.recv().await?;
            let Some(parcel) = self.parcels.lock().remove(&transaction.key) else {
                continue;
            };
            return Some(Arrival::new(
                parcel.message,
                parcel.flow,
                parcel.ticket,
                transaction,
                self.life.clone(),
            ));
        }
    }
}

impl Stack {
    /// Starts the timers and hands out what arrives.
    pub fn start(timers: Timers, product: &str, life: &Lifecycle) -> (Arc<Self>, Arrivals) {
        let option = EndpointOption {
            t1: timers.t1,
            t2: timers.t1 * 8,
            t4: timers.t1 * 10,
            t1x64: timers.give_up(),
            callid_suffix: Some(product.to_owned()),
            // The library's ACK goes where the Contact says, which behind NAT leads nowhere.
            auto_ack_2xx: false,
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent(product)
            .with_option(option)
            .build();
        let core = endpoint.inner.clone();
        let parcels = Parcels::default();
        let stack = Arc::new(Self {
            core,
            parcels: parcels.clone(),
            life: life.clone(),
            timers,
        });
        stack.supervise_timers();
        let arrivals = Arrivals {
            incoming: endpoint.incoming_transactions().ok(),
            _endpoint: endpoint,
            parcels,
            life: life.clone(),
        };
        (stack, arrivals)
    }

    /// A panic in the library's timers must not silence every call.
    fn supervise_timers(&self) {
        let core = self.core.clone();
        let life = self.life.clone();
        self.life.spawn("sip.timers", async move {
            let stopped = life.stopped();
            while !stopped.is_cancelled() {
                let timers = core.clone();
                let running = life.spawn(
                    "sip.timers.run",
                    async move { timers.process_timer().await },
                );
                let abort = running.abort_handle();
                tokio::select! {
                    () = stopped.cancelled() => abort.abort(),
                    ended = running => {
                        tracing::error!(?ended, "SIP timers ended and are started again");
                    }
                }
            }
        });
    }

    /// Is this request part of a transaction we have: a retransmission, a CANCEL, an ACK?
    pub fn knows(&self, message: &Message) -> bool {
        let Ok(request) = convert::request(message) else {
            return false;
        };
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Server) else {
            return false;
        };
        self.holds(&key)
    }

    /// At work, or remembered because its request may come again.
    fn holds(&self, key: &TransactionKey) -> bool {
        self.core.transactions.contains_key(key)
            || self.core.finished_transactions.contains_key(key)
    }

    /// Gives the library a screened message. New requests come out of the arrivals.
    /// The ticket goes with an INVITE that was decided about, and is not looked at here.
    pub async fn deliver(
        &self,
        message: Message,
        flow: Flow,
        ticket: Option<Box<Ticket>>,
    ) -> Result<(), Undelivered> {
        let (connection, from) = flow.ends();
        let told = match convert::incoming(&message) {
            Ok(told) => told,
            Err(why) => {
                let message = Some(message);
                return Err(Undelivered { why, message });
            }
        };
        let mut kept = Some(message);
        let mut opened = None;
        if let SipMessage::Request(request) = &told
            && !matches!(request.method, Method::Ack | Method::Cancel)
            && let Ok(key) = TransactionKey::from_request(request, TransactionRole::Server)
            && let Some(message) = kept.take()
        {
            let parcel = Parcel {
                message,
                flow,
                ticket,
            };
            opened = self.put_aside(key.clone(), parcel)?.then_some(key);
        }
        let received = self.core.on_received_message(told, connection, &from).await;
        received.map_err(|_| {
            let parcel = opened.and_then(|key| self.parcels.lock().remove(&key));
            Undelivered {
                why: Misfit::Unsent,
                message: kept.or(parcel.map(|parcel| parcel.message)),
            }
        })
    }

    /// Keeps the whole of a new request. Looking and keeping are one step: a call that was decided
    /// about twice, because it came by two connections, must be told so to one of them.
    /// False of one that comes again: it is the library's to answer.
    fn put_aside(&self, key: TransactionKey, parcel: Parcel) -> Result<bool, Undelivered> {
        let mut parcels = self.parcels.lock();
        match (
            parcels.contains_key(&key) || self.holds(&key),
            &parcel.ticket,
        ) {
            (false, _) => {
                parcels.insert(key, parcel);
                Ok(true)
            }
            (true, Some(_)) => Err(Undelivered {
                why: Misfit::Twice,
                message: Some(parcel.message),
            }),
            (true, None) => Ok(false),
        }
    }

    /// Transactions at work and remembered, for tests and metrics.
    pub fn load(&self) -> (usize, usize) {
        let stats = self.core.get_stats();
        (stats.running_transactions, stats.finished_transactions)
    }
}
