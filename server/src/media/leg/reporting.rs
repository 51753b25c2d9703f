//! How the audio does: reports from and to the other side, complaints, counts, the goodbye.

use std::net::{IpAddr, SocketAddr};

use app::domain::quality::OneWay;

use super::{Leg, MOST_DATAGRAMS};
use crate::media::doorbell::Doorbell;
use crate::media::reports::{self, Report};
use crate::media::session::SessionEvent;

/// Nothing heard for so long after the start: one direction is probably dead.
const NOTHING_HEARD_MS: u64 = 3_000;
/// How often reports are sent (RFC 3550 §6.2 asks for about five seconds).
const REPORT_EVERY_MS: u64 = 5_000;

/// Reports of nothing heard that are believed.
const UNHEARD: u8 = 2;

impl Leg {
    pub(super) fn receive_reports(&mut self, bell: &Doorbell, room: &mut [u8]) {
        self.reports_wait |= bell.rang(self.ports.port());
        if !self.reports_wait {
            return;
        }
        for _ in 0..MOST_DATAGRAMS {
            let Ok((length, from)) = self.ports.rtcp.recv_from(room) else {
                self.reports_wait = !self.has_bell;
                return;
            };
            if self.report_address().map(|known| known.ip()) != Some(from.ip()) {
                continue;
            }
            let report = &mut room[..length];
            let length = match &mut self.opener {
                Some(opener) => opener.report(report).ok(),
                None => Some(length),
            };
            let (ours, now_ms) = (self.out.ssrc(), self.clock.alive_ms);
            let read = length.and_then(|length| self.reports.read(&report[..length], ours, now_ms));
            let Some(read) = read else {
                continue;
            };
            // A phone that sends no silence still reports on what it hears: it is there.
            self.clock.heard_ms = self.clock.alive_ms;
            self.judge(read);
            if let Some(there) = read.there {
                let stats = &mut self.stats;
                stats.sent.lost_there = Some(there.lost);
                stats.sent.jitter_there_ms = Some(there.jitter_ms);
                stats.round_trip_ms = there.round_trip_ms.or(stats.round_trip_ms);
            }
        }
    }

    /// Whether the other side hears us, by what it reports: one report without a word of our stream
    /// may have crossed its first packets, a second one has not.
    fn judge(&mut self, report: Report) {
        let sends = self.agreed.talk.as_ref().is_some_and(|talk| talk.sends);
        if !sends || self.clock.line_ms < NOTHING_HEARD_MS {
            return;
        }
        let unheard = match report.there {
            None => 1,
            Some(there) if there.fraction_lost == u8::MAX => UNHEARD,
            Some(_) => {
                if self.clock.unheard_reports < UNHEARD {
                    self.clock.unheard_reports = 0;
                }
                return;
            }
        };
        let before = self.clock.unheard_reports;
        self.clock.unheard_reports = before.saturating_add(unheard);
        if before < UNHEARD && self.clock.unheard_reports >= UNHEARD {
            let cause = OneWay::PeerHearsNothing;
            _ = self.tell.send(SessionEvent::OneWay(cause));
        }
    }

    pub(super) fn report(&mut self) {
        if self.clock.line_ms < self.clock.reported_ms + REPORT_EVERY_MS {
            return;
        }
        let Some(to) = self.report_address() else {
            return;
        };
        self.clock.reported_ms = self.clock.line_ms;
        let mut report = self.reports.write(
            self.out.ssrc(),
            self.out.timestamp(),
            self.clock.alive_ms,
            &self.stats.sent,
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
            _ = self.tell.send(SessionEvent::OneWay(self.why_nothing()));
        }
        if quiet >= self.timeout_ms && !self.clock.timed_out {
            self.clock.timed_out = true;
            _ = self.tell.send(SessionEvent::TimedOut);
        }
    }

    fn why_nothing(&self) -> OneWay {
        let stats = &self.stats;
        let described = self.agreed.talk.as_ref().and_then(|talk| talk.remote);
        if stats.received.rejected > 0 {
            OneWay::WrongKeys
        } else if stats.received.malformed > 0 {
            OneWay::WrongCodec
        } else if described.is_some_and(|at| is_private(at.ip())) && !is_private(self.advertised) {
            OneWay::PrivateAddress
        } else {
            OneWay::NothingReceived
        }
    }

    /// Tells the handles what was counted.
    pub(super) fn count(&mut self) {
        let counts = self.jitter.counts();
        let received = &mut self.stats.received;
        received.late = counts.late;
        received.concealed = counts.concealed;
        received.delay_ms = self.jitter.delay_ms();
        received.lost = self.reports.lost();
        received.jitter_ms = self.reports.jitter_ms();
        self.shared.stats.lock().clone_from(&self.stats);
    }

    pub(super) fn say_goodbye(&mut self) {
        self.shared.controls().recording = None;
        // Who has never said anything must not (RFC 3550 §6.3.7).
        let has_spoken = self.clock.reported_ms > 0 || self.stats.sent.packets > 0;
        if let (Some(to), true) = (self.report_address(), has_spoken) {
            let mut goodbye = reports::goodbye(self.out.ssrc());
            self.protect_report(&mut goodbye);
            drop(self.ports.rtcp.send_to(&goodbye, to));
        }
        self.pass_on();
    }
}

/// Known only inside its own network (RFC 1918, 3927, 4193, 6598, this host).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}
