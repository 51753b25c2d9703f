//! What webhooks are told. It is written behind the call's own rows and by the same writer, so
//! that it survives what they survive.

use std::sync::Arc;

use app::domain::call::Call;
use app::domain::transfer::{Transfer, TransferState};
use app::domain::webhook::{Event, EventKind, Told};
use app::ports::News;

use super::CallDesk;
use super::writer::Entry;

impl CallDesk {
    /// Tells every webhook that wants to know.
    pub fn announce(&self, kind: EventKind, what: Told) {
        let event = Box::new(self.event(kind, what));
        self.writer.write(Entry::Tell { event });
        self.news.tell(News::Webhooks);
    }

    pub(super) fn announce_call(&self, kind: EventKind, call: &Arc<Call>) {
        let call = Arc::clone(call);
        self.announce(kind, Told::Call { call });
    }

    pub(super) fn event(&self, kind: EventKind, what: Told) -> Event {
        Event {
            id: self.clock.new_id(),
            kind,
            at: self.clock.now_ms(),
            what,
        }
    }
}

/// What is told of a transfer, once it is over.
pub(super) fn over(transfer: &Transfer) -> Option<Told> {
    transfer.ended_at?;
    Some(Told::Transfer {
        call: transfer.call,
        to: transfer.target.name.clone(),
        succeeded: transfer.state == TransferState::Completed,
        reason: transfer.reason.clone(),
    })
}
