//! Whose packets count: symmetric RTP that cannot be stolen.
//!
//! The first valid packet's address is taken, because behind NAT it is the only true one. Then
//! the address is locked, not the SSRC: it moves only after the session description changed, or
//! once to the described address itself after two seconds of silence.

use std::net::SocketAddr;

/// Silence after which the described address may take over once.
const SILENCE_MS: u64 = 2_000;

/// How long after a changed description another address may take over.
const OPEN_MS: u64 = 5_000;

#[derive(Debug, Default)]
pub(super) struct Latch {
    address: Option<SocketAddr>,
    described: Option<SocketAddr>,
    last_heard_ms: u64,
    /// The description names another address than before: it is sent to until one is heard.
    redirected: bool,
    open_until_ms: u64,
    returned: bool,
}

/// What a packet's source is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The locked address.
    Known,
    /// An address we have just locked on to; true if there was another before.
    Locked { moved: bool },
    /// Anyone else: to be ignored and counted.
    Stranger,
}

impl Latch {
    /// Where to send: the locked address, else the described one. A newly described one comes
    /// first for as long as it may take over, for it may wait to hear us.
    pub(super) fn target(&self, now_ms: u64) -> Option<SocketAddr> {
        if self.redirected && now_ms < self.open_until_ms {
            return self.described;
        }
        self.address.or(self.described)
    }

    /// The locked address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The description was agreed, or has changed.
    pub(super) fn describe(&mut self, address: Option<SocketAddr>, now_ms: u64) {
        if self.address.is_some() {
            self.open_until_ms = now_ms + OPEN_MS;
        }
        self.redirected = address.is_some() && address != self.described;
        self.described = address.or(self.described);
        self.returned = false;
    }

    /// Judges the source of a valid packet.
    pub(super) fn admit(&mut self, from: SocketAddr, now_ms: u64) -> Source {
        let Some(address) = self.address else {
            self.lock(from, now_ms);
            return Source::Locked { moved: false };
        };
        if from == address {
            self.last_heard_ms = now_ms;
            return Source::Known;
        }
        let home = self.described == Some(from);
        let silent = now_ms.saturating_sub(self.last_heard_ms) >= SILENCE_MS;
        let back_home = home && silent && !self.returned;
        if now_ms < self.open_until_ms || back_home {
            self.returned |= back_home;
            self.lock(from, now_ms);
            return Source::Locked { moved: true };
        }
        Source::Stranger
    }

    fn lock(&mut self, from: SocketAddr, now_ms: u64) {
        self.address = Some(from);
        self.last_heard_ms = now_ms;
        self.open_until_ms = 0;
        self.redirected = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn sends_to_the_described_address_until_a_packet_comes() {
        let mut latch = Latch::default();
        latch.describe(Some(at(4_000)), 0);
        assert_eq!(latch.target(0), Some(at(4_000)));
        assert_eq!(latch.admit(at(5_000), 10), Source::Locked { moved: false });
        assert_eq!(latch.target(20), Some(at(5_000)));
    }

    #[test]
    fn ignores_a_second_source_however_long_the_first_is_silent() {
        let mut latch = Latch::default();
        latch.describe(Some(at(4_000)), 0);
        latch.admit(at(5_000), 0);
        for now in [1, 1_000, 60_000] {
            assert_eq!(latch.admit(at(6_000), now), Source::Stranger);
        }
        assert_eq!(latch.admit(at(5_000), 60_001), Source::Known);
    }

    #[test]
    fn the_described_address_takes_over_once_after_two_seconds() {
        let mut latch = Latch::default();
        latch.describe(Some(at(4_000)), 0);
        latch.admit(at(5_000), 0);
        assert_eq!(latch.admit(at(4_000), 1_999), Source::Stranger);
        assert_eq!(
            latch.admit(at(4_000), 2_000),
            Source::Locked { moved: true }
        );
        assert_eq!(latch.admit(at(5_000), 2_001), Source::Stranger);
    }

    #[test]
    fn a_changed_description_lets_one_new_address_in() {
        let mut latch = Latch::default();
        latch.describe(Some(at(4_000)), 0);
        latch.admit(at(4_000), 0);
        latch.describe(Some(at(7_000)), 1_000);
        assert_eq!(
            latch.admit(at(4_000), 1_010),
            Source::Known,
            "stragglers do no harm"
        );
        assert_eq!(
            latch.target(1_010),
            Some(at(7_000)),
            "it may wait to hear us"
        );
        assert_eq!(
            latch.admit(at(7_001), 1_020),
            Source::Locked { moved: true }
        );
        assert_eq!(latch.target(1_030), Some(at(7_001)));
        assert_eq!(latch.admit(at(4_000), 1_030), Source::Stranger);
    }

    #[test]
    fn the_door_closes_five_seconds_after_a_change() {
        let mut latch = Latch::default();
        latch.admit(at(4_000), 0);
        latch.describe(Some(at(4_000)), 1_000);
        latch.admit(at(4_000), 5_900);
        latch.describe(Some(at(4_500)), 1_000);
        assert_eq!(latch.target(5_900), Some(at(4_500)));
        assert_eq!(
            latch.target(6_000),
            Some(at(4_000)),
            "the NAT has not moved"
        );
        assert_eq!(latch.admit(at(6_000), 6_000), Source::Stranger);
    }
}
