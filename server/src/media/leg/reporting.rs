//! How the audio does: reports from and to the other side, complaints, counts, the goodbye.

use std::net::SocketAddr;

use super::{Leg, MOST_DATAGRAMS};
use crate::media::reports;
use crate::media::session::SessionEvent;

/// Nothing heard for so long after the start: one direction is probably dead.
const NOTHING_HEARD_MS: u64 = 3_000;
/// How often reports are sent (RFC 3550 §6.2 asks for about five seconds).
const REPORT_EVERY_MS: u64 = 5_000;

impl Leg {
    pub(super) fn receive_reports(&mut self) {
        for _ in 0..MOST_DATAGRAMS {
            let Ok((length, from)) = self.ports.rtcp.recv_from(&mut self.datagram[..]) else {
                return;
            };
            if self.report_address().map(|known| known.ip()) != Some(from.ip()) {
                continue;
            }
            let report = &mut self.datagram[..length];
            let length = match &mut self.opener {
                Some(opener) => opener.report(report).ok(),
                None => Some(length),
            };
            let there =
                length.and_then(|length| reports::about(&report[..length], self.out.ssrc()));
            let Some(there) = there else {
                continue;
            };
            // A phone that sends no silence still reports on what it hears: it is there.
            self.clock.heard_ms = self.clock.alive_ms;
            let mut stats = self.shared.stats.lock();
            stats.sent.lost_there = Some(there.lost);
            stats.sent.jitter_there_ms = Some(there.jitter_ms);
        }
    }

    pub(super) fn report(&mut self) {
        if self.clock.line_ms < self.clock.reported_ms + REPORT_EVERY_MS {
            return;
        }
        self.clock.reported_ms = self.clock.line_ms;
        let Some(to) = self.report_address() else {
            return;
        };
        let sent = self.shared.stats.lock().sent.clone();
        let mut report = self.reports.write(
            self.out.ssrc(),
            self.out.timestamp(),
            self.clock.alive_ms,
            &sent,
        );
        self.protect_report(&mut report);
        drop(self.ports.rtcp.send_to(&report, to));
    }

    fn protect_report(&mut self, report: &mut Vec<u8>) {
        if let (Some(protector), true) = (&mut self.protector, self.opener.is_some()) {
            protector.report(report);
        }
    }

    /// The described port for reports on the locked address, for behind NAT only that is true.
    fn report_address(&self) -> Option<SocketAddr> {
        let described = self.agreed.talk.as_ref().and_then(|talk| talk.remote_rtcp);
        match (self.latch.address(), described) {
            (Some(locked), Some(described)) if locked.ip() == described.ip() => Some(described),
            (Some(locked), _) => Some(SocketAddr::new(locked.ip(), locked.port().checked_add(1)?)),
            (None, described) => described,
        }
    }

    /// Time without audio: a complaint, then the end. It rests while anyone holds.
    pub(super) fn watch(&mut self) {
        if self.agreed.rests() || !self.wants.may_send {
            self.clock.heard_ms = self.clock.alive_ms.max(self.clock.heard_ms);
            return;
        }
        let quiet = self.clock.alive_ms.saturating_sub(self.clock.heard_ms);
        if quiet >= NOTHING_HEARD_MS && !self.clock.complained && self.latch.address().is_none() {
            self.clock.complained = true;
            _ = self.tell.send(SessionEvent::NothingHeard);
        }
        if quiet >= self.timeout_ms && !self.clock.timed_out {
            self.clock.timed_out = true;
            _ = self.tell.send(SessionEvent::TimedOut);
        }
    }

    pub(super) fn count(&self) {
        let counts = self.jitter.counts();
        let mut stats = self.shared.stats.lock();
        stats.received.late = counts.late;
        stats.received.concealed = counts.concealed;
        stats.received.delay_ms = self.jitter.delay_ms();
        stats.received.lost = self.reports.lost();
        stats.received.jitter_ms = self.reports.jitter_ms();
    }

    pub(super) fn say_goodbye(&mut self) {
        self.shared.controls.lock().recording = None;
        if let Some(to) = self.report_address() {
            let mut goodbye = reports::goodbye(self.out.ssrc());
            self.protect_report(&mut goodbye);
            drop(self.ports.rtcp.send_to(&goodbye, to));
        }
        self.pass_on();
    }
}
