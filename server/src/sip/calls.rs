//! The calls that run, by every name a message or a person may have for them.

use std::collections::HashMap;
use std::sync::Arc;

use app::domain::call::EndReason;
use app::domain::id::{AccessId, CallId};
use app::domain::transfer::{Destination, Transfer};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::dialog::DialogId;
use super::ladder::Way;
use super::message::Message;
use super::message::address::parameter;
use super::stack::{Arrival, Flow};

/// Requests a call may leave unread before more are answered 500.
const BACKLOG: usize = 64;

/// What reaches a running call from outside.
pub enum ToCall {
    Request(Box<Arrival>),
    HangUp(EndReason),
    /// An INVITE that is to take this call over, and the access it came by, if by a password.
    TakeOver(Box<Arrival>, Option<AccessId>),
    /// To somebody else; the attempt is told back, if there is one.
    HandOn(Box<Destination>, oneshot::Sender<Option<Transfer>>),
    /// How the call goes that its bot asked for.
    BotHears(u16),
    /// A message of its own that somebody else sent or received for it.
    Step(Box<Message>, Way, Box<Flow>),
}

/// One INVITE whichever way it came (RFC 3261 §8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    call_id: String,
    from_tag: String,
    cseq: u32,
}

#[derive(Default)]
struct Tables {
    dialogs: HashMap<DialogId, mpsc::Sender<ToCall>>,
    calls: HashMap<CallId, mpsc::Sender<ToCall>>,
    /// The branch each INVITE under way came by.
    asked: HashMap<Asked, String>,
    acked: Vec<Acked>,
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Tables>>);

/// Takes the call's names out of the tables, however its task ends.
pub struct Place {
    calls: Calls,
    call: CallId,
    dialog: DialogId,
}

/// Takes an INVITE out of the tables when it has its final answer.
pub struct Asking {
    calls: Calls,
    asked: Asked,
}

/// ACKs of answers to our INVITEs, said again whenever the answer comes again.
#[derive(Clone, Debug)]
pub struct Acked {
    dialog: DialogId,
    number: u32,
    ack: Vec<u8>,
    way: Flow,
    until_ms: i64,
}

/// What a 2xx to an INVITE of ours is, once one was taken.
pub enum Repeated {
    /// The same again: its ACK was lost.
    Again { ack: Vec<u8>, way: Box<Flow> },
    /// Another one who answered: a fork we do not want (RFC 3261 §13.2.2.4).
    Fork,
}

impl Calls {
    /// Remembers an ACK, for as long as its answer may come again.
    pub fn acked(
        &self,
        dialog: &DialogId,
        number: u32,
        ack: Vec<u8>,
        way: Flow,
        until_ms: i64,
        now_ms: i64,
    ) {
        let mut tables = self.0.lock();
        tables.acked.retain(|acked| acked.until_ms > now_ms);
        tables.acked.push(Acked {
            dialog: dialog.clone(),
            number,
            ack,
            way,
            until_ms,
        });
    }

    /// Knows a 2xx that was taken already, or one beside it.
    pub fn repeated(&self, answer: &Message) -> Option<Repeated> {
        let (number, method) = answer.cseq()?;
        if method != "INVITE" || !answer.status().is_some_and(|s| (200..300).contains(&s)) {
            return None;
        }
        let tables = self.0.lock();
        let mut same_invite = tables.acked.iter().filter(|acked| {
            acked.number == number
                && acked.dialog.call_id == answer.call_id()
                && Some(acked.dialog.local_tag.as_str()) == answer.from_tag()
        });
        let first = same_invite.next()?;
        let tag = answer.to_tag();
        std::iter::once(first)
            .chain(same_invite)
            .find(|acked| Some(acked.dialog.remote_tag.as_str()) == tag)
            .map_or(Some(Repeated::Fork), |acked| {
                Some(Repeated::Again {
                    ack: acked.ack.clone(),
                    way: Box::new(acked.way.clone()),
                })
            })
    }

    /// Gives a call its place, under both its names.
    pub fn enter(&self, call: CallId, dialog: DialogId) -> (Place, mpsc::Receiver<ToCall>) {
        let (send, receive) = mpsc::channel(BACKLOG);
        let mut tables = self.0.lock();
        tables.dialogs.insert(dialog.clone(), send.clone());
        tables.calls.insert(call, send);
        (
            Place {
                calls: self.clone(),
                call,
                dialog,
            },
            receive,
        )
    }

    pub fn asking(&self, invite: &Message) -> Option<Asking> {
        let asked = Asked::of(invite)?;
        self.0.lock().asked.insert(asked.clone(), branch(invite));
        Some(Asking {
            calls: self.clone(),
            asked,
        })
    }

    /// Did this INVITE come by another branch already?
    pub fn is_merged(&self, invite: &Message) -> bool {
        Asked::of(invite).is_some_and(|asked| {
            self.0
                .lock()
                .asked
                .get(&asked)
                .is_some_and(|seen| *seen != branch(invite))
        })
    }

    pub fn has_dialog(&self, request: &Message) -> bool {
        DialogId::of_request(request).is_some_and(|id| self.knows(&id))
    }

    /// Is there a call under this name?
    pub fn knows(&self, dialog: &DialogId) -> bool {
        self.0.lock().dialogs.contains_key(dialog)
    }

    /// Hands a request to its call; gives it back if there is none or it does not listen.
    pub fn hand_over(&self, arrival: Box<Arrival>) -> Result<(), (Box<Arrival>, u16)> {
        let id = DialogId::of_request(&arrival.message);
        let call = id.and_then(|id| self.0.lock().dialogs.get(&id).cloned());
        let Some(call) = call else {
            return Err((arrival, 481));
        };
        // Taken first, so that the arrival is never given away in vain.
        match call.try_reserve() {
            Ok(seat) => {
                seat.send(ToCall::Request(arrival));
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => Err((arrival, 500)),
            Err(mpsc::error::TrySendError::Closed(())) => Err((arrival, 481)),
        }
    }

    /// Hands an INVITE to the call that it is to take over; gives it back if there is none.
    pub fn take_over(
        &self,
        dialog: &DialogId,
        arrival: Box<Arrival>,
        by: Option<AccessId>,
    ) -> Result<(), Box<Arrival>> {
        let call = self.0.lock().dialogs.get(dialog).cloned();
        let seat = call.as_ref().and_then(|call| call.try_reserve().ok());
        match seat {
            Some(seat) => {
                seat.send(ToCall::TakeOver(arrival, by));
                Ok(())
            }
            None => Err(arrival),
        }
    }

    /// Asks a call to end; `false` if it is not here.
    pub fn hang_up(&self, call: CallId, reason: EndReason) -> bool {
        let found = self.0.lock().calls.get(&call).cloned();
        found.is_some_and(|call| call.try_send(ToCall::HangUp(reason)).is_ok())
    }

    /// Tells a call of a message that is its own; one that is over needs to know no more.
    pub(in crate::sip) fn step(&self, call: CallId, message: Message, way: Way, flow: Flow) {
        self.tell(call, ToCall::Step(Box::new(message), way, Box::new(flow)));
    }

    /// Tells a call something; one that is over needs to know no more.
    pub(in crate::sip) fn tell(&self, call: CallId, what: ToCall) {
        let found = self.0.lock().calls.get(&call).cloned();
        if let Some(call) = found {
            let _ = call.try_send(what);
        }
    }

    /// Asks a call to be handed on; `None` if it is not here or can't be now.
    pub async fn hand_on(&self, call: CallId, to: Destination) -> Option<Transfer> {
        let found = self.0.lock().calls.get(&call).cloned()?;
        let (reply, told) = oneshot::channel();
        let asked = ToCall::HandOn(Box::new(to), reply);
        found.try_send(asked).ok()?;
        told.await.ok().flatten()
    }

    pub fn len(&self) -> usize {
        self.0.lock().calls.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Dialogs and INVITEs under way, for tests: none may be left behind.
    pub fn names(&self) -> (usize, usize) {
        let tables = self.0.lock();
        (tables.dialogs.len(), tables.asked.len())
    }
}

impl Place {
    /// The dialog has its second tag now: the same call, under its whole name.
    pub fn rename(&mut self, dialog: DialogId) {
        let mut tables = self.calls.0.lock();
        if let Some(call) = tables.dialogs.remove(&self.dialog) {
            tables.dialogs.insert(dialog.clone(), call);
        }
        drop(tables);
        self.dialog = dialog;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tables = self.calls.0.lock();
        tables.dialogs.remove(&self.dialog);
        tables.calls.remove(&self.call);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.calls.0.lock().asked.remove(&self.asked);
    }
}

impl Asked {
    fn of(invite: &Message) -> Option<Self> {
        Some(Self {
            call_id: invite.call_id().to_owned(),
            from_tag: invite.from_tag()?.to_owned(),
            cseq: invite.cseq()?.0,
        })
    }
}

fn branch(message: &Message) -> String {
    message
        .top_via()
        .and_then(|via| parameter(via, "branch"))
        .unwrap_or_default()
        .to_owned()
}
