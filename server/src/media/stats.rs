//! What a session counted, for the call's row and the console.

use std::net::SocketAddr;

use app::domain::quality::{Flow, Quality, opinion};

/// Milliseconds a packet takes to fill, and what a telephone's own buffer holds as a rule.
const PACKET_MS: f64 = 20.0;
const BUFFER_MS: f64 = 40.0;

/// Both directions of one session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// From the other side to us.
    pub received: Received,
    /// From us to the other side.
    pub sent: Sent,
    /// There and back, as the other side's reports measure it, up to 20 ms too much.
    pub round_trip_ms: Option<f64>,
    /// The address audio comes from, once locked.
    pub locked: Option<SocketAddr>,
}

/// What arrived.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Received {
    /// RTP packets that counted.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Packets that never came, by sequence number (RFC 3550 §A.3).
    pub lost: u64,
    /// Packets that came after their moment had passed.
    pub late: u64,
    /// Frames played out by guessing.
    pub concealed: u64,
    /// Mean deviation of arrival in milliseconds (RFC 3550 §A.8), seen every 20 ms.
    pub jitter_ms: f64,
    /// How long the jitter buffer holds audio now.
    pub delay_ms: u64,
    /// Packets from other sources, ignored.
    pub strangers: u64,
    /// Datagrams whose protection did not hold (SRTP), among them copies of earlier ones.
    pub rejected: u64,
    /// Datagrams that were no RTP or of an unknown payload type.
    pub malformed: u64,
}

/// What left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sent {
    /// RTP packets.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Packets the system refused to send.
    pub refused: u64,
    /// What the other side's last report says it lost of ours, if it reports.
    pub lost_there: Option<u64>,
    /// The deviation it sees, in milliseconds.
    pub jitter_there_ms: Option<f64>,
}

impl Stats {
    /// What is told of it: counts, and what a listener would have thought.
    pub fn quality(&self) -> Quality {
        let way = self.round_trip_ms.unwrap_or(0.0) / 2.0 + PACKET_MS;
        let (received, sent) = (&self.received, &self.sent);
        #[expect(clippy::cast_precision_loss, reason = "a second or so")]
        let buffer = received.delay_ms as f64;
        let unheard = received.lost + received.late;
        Quality {
            from_caller: Flow {
                packets: received.packets,
                bytes: received.bytes,
                lost: received.lost,
                jitter_ms: received.jitter_ms,
                mos: part(unheard, received.packets + received.lost)
                    .map(|loss| opinion(loss, way + buffer)),
            },
            to_caller: Flow {
                packets: sent.packets,
                bytes: sent.bytes,
                lost: sent.lost_there.unwrap_or(0),
                jitter_ms: sent.jitter_there_ms.unwrap_or(0.0),
                mos: sent
                    .lost_there
                    .and_then(|lost| part(lost, sent.packets))
                    .map(|loss| opinion(loss, way + BUFFER_MS)),
            },
            round_trip_ms: self.round_trip_ms,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "packets of one call")]
fn part(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| some as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opinions_follow_loss_and_say_nothing_where_nothing_was_heard() {
        assert_eq!(Stats::default().quality().from_caller.mos, None);
        let mut stats = Stats::default();
        stats.received.packets = 950;
        stats.sent.packets = 1_000;
        let good = stats.quality();
        assert!(good.from_caller.mos > Some(4.3), "{good:?}");
        assert_eq!(good.to_caller.mos, None, "no report, no opinion");
        stats.received.lost = 50;
        stats.sent.lost_there = Some(200);
        stats.round_trip_ms = Some(60.0);
        let bad = stats.quality();
        assert!(
            bad.from_caller.mos < Some(4.0) && bad.to_caller.mos < Some(3.0),
            "{bad:?}"
        );
        assert_eq!(bad.round_trip_ms, Some(60.0));
    }
}
