//! The only place that names the SIP library: transactions and their timers (RFC 3261 §17).
//!
//! Upwards it speaks [`Message`]s. The library has the transactions of our requests; those of the
//! peers', of which a flood may bring thousands a second, are ours ([`server`]). Sockets and parsing are
//! ours too: the guard has read every message before it comes here, and the library sees an answer as
//! parts already cut. That keeps its parser, its unbounded ingress queue and its listeners, which have
//! no limits, out of the way. So are dialogs ([`super::dialog`]): the library's answer some requests not
//! at all and send BYE to private Contacts.

mod client;
mod convert;
mod flow;
mod names;
mod server;

use std::sync::Arc;
use std::time::Duration;

use rsipstack::transaction::EndpointBuilder;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use thiserror::Error;

pub use self::client::Asked;
pub use self::flow::{Datagrams, Flow, Outbox};
pub use self::names::Names;
use self::server::ServerTransactions;
pub use self::server::{Answers, Arrival, Cancelled, Placed, ServerEvent};
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

    /// The longest pause between two times that the same is said (T2).
    fn t2(self) -> Duration {
        self.t1 * 8
    }
}

/// A request of ours that the library can't send: what names its transaction cannot be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a header that names the transaction cannot be read")]
pub struct Unreadable;

/// The transaction layer.
pub struct Stack {
    /// Of our requests.
    core: EndpointInnerRef,
    /// Of the peers'.
    served: Arc<ServerTransactions>,
    life: Lifecycle,
    pub timers: Timers,
}

impl Stack {
    /// Starts the timers.
    pub fn start(timers: Timers, product: &str, life: &Lifecycle) -> Arc<Self> {
        let option = EndpointOption {
            t1: timers.t1,
            t2: timers.t2(),
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
        let stack = Arc::new(Self {
            core: endpoint.inner,
            served: ServerTransactions::start(timers, life),
            life: life.clone(),
            timers,
        });
        stack.supervise_timers();
        stack
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
    pub fn knows(&self, request: &Message) -> bool {
        self.served.knows(request)
    }

    /// A screened request of a peer's.
    pub fn receive(&self, request: Message, flow: &Flow) -> Placed {
        self.served.receive(request, flow)
    }

    /// An answer to a request of ours.
    pub async fn hear(&self, answer: &Message, flow: &Flow) {
        let (connection, from) = flow.ends();
        if let Ok(answer) = convert::response(answer) {
            // One that belongs to nothing is nobody's.
            let heard = self
                .core
                .on_received_message(answer.into(), connection, &from);
            drop(heard.await);
        }
    }

    /// Whether any request of ours is under way.
    pub fn asks(&self) -> bool {
        self.core.get_stats().running_transactions > 0
    }

    /// Transactions at work and remembered, for tests and metrics.
    pub fn load(&self) -> (usize, usize) {
        let ours = self.core.get_stats();
        let (running, remembered) = self.served.load();
        (
            running + ours.running_transactions,
            remembered + ours.finished_transactions,
        )
    }
}
