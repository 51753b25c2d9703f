//! What people may ask of the edge: end a call, see who did not get in, let him in again.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use app::domain::call::EndReason;
use app::domain::id::CallId;
use app::domain::routing::Refusal;
use app::domain::sip::Transport;
use app::ports::{Listener, Source};
use async_trait::async_trait;

use super::Edge;
use super::sources::{self, Trouble};
use crate::service::calls::Switchboard;

#[async_trait]
impl Switchboard for Edge {
    async fn hang_up(&self, call: CallId) -> bool {
        self.calls.hang_up(call, EndReason::OperatorHungUp)
    }

    fn sources(&self) -> Vec<Source> {
        self.sources
            .list(self.clock.now_ms())
            .into_iter()
            .map(shown)
            .collect()
    }

    fn unblock(&self, source: IpAddr) -> Option<Source> {
        if !self.guard.unblock(source) {
            return None;
        }
        let rows = self.sources.list(self.clock.now_ms());
        rows.into_iter()
            .find(|row| row.address == source.to_canonical())
            .map(shown)
    }

    fn listeners(&self) -> Vec<Listener> {
        let seen = |at: i64| (at > 0).then_some(at);
        let listener = |transport, last: &std::sync::atomic::AtomicI64| Listener {
            transport,
            address: self.local.to_string(),
            last_packet_at: seen(last.load(Ordering::Relaxed)),
            error: None,
        };
        vec![
            listener(Transport::Udp, &self.last_datagram),
            listener(Transport::Tcp, &self.last_stream),
        ]
    }
}

fn shown(row: sources::Source) -> Source {
    Source {
        address: row.address,
        software: row.software,
        dialled: row.dialled,
        dialled_ours: false,
        reason: refusal(row.trouble),
        tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        first_at: row.first_ms,
        last_at: row.last_ms,
        blocked_until: row.blocked_until_ms,
    }
}

/// The nearest word a call's receipt would have for it.
fn refusal(trouble: Trouble) -> Option<Refusal> {
    Some(match trouble {
        Trouble::NoPassword => Refusal::NoCredentials,
        Trouble::WrongPassword | Trouble::UnreadableSignIn => Refusal::WrongPassword,
        Trouble::UnknownUsername => Refusal::UnknownUsername,
        Trouble::UriMismatch => Refusal::UriMismatch,
        Trouble::Md5Refused => Refusal::Md5Refused,
        Trouble::SourceNotAllowed => Refusal::SourceNotAllowed,
        Trouble::Malformed
        | Trouble::Register
        | Trouble::Scanner
        | Trouble::TooFast
        | Trouble::Unsupported => return None,
    })
}
