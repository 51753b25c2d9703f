//! One server transaction as its owner sees it, and requests of our own.

use rsipstack::sip::{Method, Request, SipMessage, StatusCode};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::{Transaction, TransactionEvent, TransactionEventSender};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::{Flow, Misfit, Stack, convert};
use crate::lifecycle::Lifecycle;
use crate::sip::inbound::Ticket;
use crate::sip::message::Message;

/// A new request with its transaction, which lives as long as it must: until the ACK of a refused
/// INVITE, until Timer H of an answered one.
pub struct Arrival {
    pub message: Message,
    pub flow: Flow,
    /// What was decided about it before it came here.
    pub ticket: Option<Box<Ticket>>,
    transaction: Transaction,
    life: Lifecycle,
}

/// What happens to a server transaction after it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// CANCEL, and the 200 it was answered with already (RFC 3261 §9.2).
    Cancelled { cancel: Message, answer: Message },
    /// The ACK; its body is the answer to a late offer.
    Acked(Message),
    /// Over. Without an `Acked` before it, the ACK never came.
    Over,
}

/// Answers one request, any number of times before the final answer.
#[derive(Clone)]
pub struct Answers(TransactionEventSender);

impl Answers {
    /// False if the transaction is gone.
    pub fn send(&self, response: &Message) -> bool {
        convert::answer(response)
            .is_ok_and(|response| self.0.send(TransactionEvent::Respond(response)).is_ok())
    }
}

impl Arrival {
    pub(super) fn new(
        message: Message,
        flow: Flow,
        ticket: Option<Box<Ticket>>,
        transaction: Transaction,
        life: Lifecycle,
    ) -> Self {
        Self {
            message,
            flow,
            ticket,
            transaction,
            life,
        }
    }

    /// Lets the transaction run by itself and hands out its two ends.
    pub fn run(self) -> (Message, Flow, Answers, mpsc::UnboundedReceiver<ServerEvent>) {
        let Self {
            message,
            flow,
            mut transaction,
            life,
            ..
        } = self;
        let answers = Answers(transaction.tu_sender.clone());
        let (tell, events) = mpsc::unbounded_channel();
        // `receive` must not be cancelled half-way: this task owns the transaction to its end.
        life.spawn("sip.transaction", async move {
            while let Some(event) = transaction.receive().await {
                let SipMessage::Request(request) = event else {
                    continue;
                };
                let event = match request.method {
                    Method::Cancel => cancelled(&transaction, &request),
                    Method::Ack => convert::from_request(&request).map(ServerEvent::Acked),
                    _ => None,
                };
                let Some(event) = event else { continue };
                // Nobody may be listening any more; the transaction goes on all the same.
                let _ = tell.send(event);
            }
            let _ = tell.send(ServerEvent::Over);
        });
        (message, flow, answers, events)
    }

    /// Answers once and for all.
    pub fn answer(self, response: &Message) {
        let (_, _, answers, _) = self.run();
        answers.send(response);
    }
}

/// A CANCEL, and the answer the library has given it: with the To of the INVITE's last response.
fn cancelled(transaction: &Transaction, request: &Request) -> Option<ServerEvent> {
    let core = &transaction.endpoint_inner;
    let answer = core.make_response(request, StatusCode::OK, None);
    let mut answer = convert::from_response(&answer)?;
    let last = transaction.last_response.as_ref();
    if let Some(last) = last.and_then(convert::from_response)
        && let Some(to) = last.get("To")
    {
        answer.set("To", to);
    }
    let cancel = convert::from_request(request)?;
    Some(ServerEvent::Cancelled { cancel, answer })
}

/// The answers to a request of ours: provisional ones, then one final one, then nothing.
pub struct Asked {
    responses: mpsc::UnboundedReceiver<Message>,
    heard: bool,
    transaction: AbortHandle,
}

impl Asked {
    pub async fn next(&mut self) -> Option<Message> {
        let response = self.responses.recv().await;
        self.heard |= response.is_some();
        response
    }

    /// Waits no more, and forgets the transaction: one that rang has no timer of its own.
    pub fn give_up(self) {
        self.transaction.abort();
    }

    /// Has anything been said yet?
    pub fn heard(&self) -> bool {
        self.heard
    }

    /// The final answer; 408 if there was none (RFC 3261 §8.1.3.1).
    pub async fn last(&mut self) -> Option<Message> {
        while let Some(response) = self.next().await {
            if response.status().is_some_and(|status| status >= 200) {
                return Some(response);
            }
        }
        None
    }
}

impl Stack {
    /// Sends a request of ours: complete, with its Via on top.
    pub fn ask(&self, message: &Message, flow: &Flow) -> Result<Asked, Misfit> {
        let request = convert::own_request(message)?;
        let key = TransactionKey::from_request(&request, TransactionRole::Client)
            .map_err(|_| Misfit::Unreadable)?;
        let (connection, destination) = flow.ends();
        let mut transaction =
            Transaction::new_client(key, request, self.core.clone(), Some(connection));
        transaction.destination = Some(destination);
        let (tell, responses) = mpsc::unbounded_channel();
        let running = self.life.spawn("sip.request", async move {
            if transaction.send().await.is_err() {
                return;
            }
            while let Some(event) = transaction.receive().await {
                if let SipMessage::Response(response) = event
                    && let Some(message) = convert::from_response(&response)
                {
                    let _ = tell.send(message);
                }
            }
        });
        Ok(Asked {
            responses,
            heard: false,
            transaction: running.abort_handle(),
        })
    }
}
