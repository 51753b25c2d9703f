//! The calls that run, by every name a message or a person may have for them.

use std::collections::HashMap;
use std::sync::Arc;

use app::domain::call::EndReason;
use app::domain::id::CallId;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::dialog::DialogId;
use super::message::Message;
use super::message::address::parameter;
use super::stack::Arrival;

/// Requests a call may leave unread before more are answered 500.
const BACKLOG: usize = 64;

/// What reaches a running call from outside.
pub enum ToCall {
    Request(Box<Arrival>),
    HangUp(EndReason),
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

impl Calls {
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

    /// Asks a call to end; `false` if it is not here.
    pub fn hang_up(&self, call: CallId, reason: EndReason) -> bool {
        let found = self.0.lock().calls.get(&call).cloned();
        found.is_some_and(|call| call.try_send(ToCall::HangUp(reason)).is_ok())
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
