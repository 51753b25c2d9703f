//! Requests of our own (RFC 3261 §17.1): said again until they are answered, or for as long as one waits.

use rsipstack::sip::SipMessage;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::{Flow, Stack, Unreadable, convert};
use crate::sip::message::Message;

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
    pub fn ask(&self, message: &Message, flow: &Flow) -> Result<Asked, Unreadable> {
        let request = convert::request(message)?;
        let key = TransactionKey::from_request(&request, TransactionRole::Client)
            .map_err(|_| Unreadable)?;
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
