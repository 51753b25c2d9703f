//! What people may ask of the edge: end a call, see who did not get in, let him in again.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use app::domain::call::EndReason;
use app::domain::id::{CallId, OutboundTrunkId};
use app::domain::outbound::{CheckStep, Health, OutboundTrunk, Registration};
use app::domain::routing::Refusal;
use app::domain::sip::{Host, Transport};
use app::domain::transfer::{Destination, Transfer};
use app::ports::{Listener, Source};
use async_trait::async_trait;

use super::sources::{self, Trouble};
use super::{Edge, outbound};
use crate::service::calls::{Outgoing, Switchboard};

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

    fn dial(&self, outgoing: Outgoing) {
        if let Some(edge) = self.me.upgrade() {
            let call = outbound::dial(edge, outgoing, None, None);
            self.life.spawn_on(&self.signalling, "sip.call", call);
        }
    }

    async fn hand_on(&self, call: CallId, to: Destination) -> Option<Transfer> {
        self.calls.hand_on(call, to).await
    }

    async fn check(&self, trunk: &OutboundTrunk) -> Vec<CheckStep> {
        match self.me.upgrade() {
            Some(edge) => outbound::check(&edge, trunk).await,
            None => Vec::new(),
        }
    }

    fn health(&self, trunk: OutboundTrunkId) -> (Health, Option<Registration>) {
        self.ways.state(trunk)
    }

    async fn own_address(&self, host: &Host) -> Option<IpAddr> {
        self.address_here(host).await
    }

    fn listeners(&self) -> Vec<Listener> {
        let seen = |at: i64| (at > 0).then_some(at);
        let listener = |transport, last: &std::sync::atomic::AtomicI64| Listener {
            transport,
            address: self.local.to_string(),
            last_packet_at: seen(last.load(Ordering::Relaxed)),
            error: None,
        };
        let mut all = vec![
            listener(Transport::Udp, &self.last_datagram),
            listener(Transport::Tcp, &self.last_stream),
        ];
        if let Some(tls) = self.local_tls {
            all.push(Listener {
                address: tls.to_string(),
                ..listener(Transport::Tls, &self.last_encrypted)
            });
        }
        all
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
