//! What a session counted, for the call's row and the console.

use std::net::SocketAddr;

/// Both directions of one session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// From the other side to us.
    pub received: Received,
    /// From us to the other side.
    pub sent: Sent,
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
