//! The death of a call's task. A bug of ours ends the one call it happened in, with its reason; its
//! lines are free again, and whoever waits for it hears of it.

use std::sync::Arc;

use app::domain::call::{CallEnd, EndReason};
use app::domain::id::CallId;

use crate::sip::Edge;
use crate::sip::desk::CallFacts;

/// Held by a call's task from its first line to its last.
pub(in crate::sip) struct Death {
    pub edge: Arc<Edge>,
    pub call: CallId,
}

impl Drop for Death {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let facts = CallFacts {
                ended_at: self.edge.clock.now_ms(),
                ..CallFacts::default()
            };
            let end = CallEnd::because(EndReason::Fault);
            self.edge.desk.end(self.call, end, facts);
        }
    }
}
