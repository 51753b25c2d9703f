//! What the System page shows: what listens, what to open, where things are kept and how long.

use serde::{Deserialize, Serialize};

use crate::domain::endpoint::RegionView;
use crate::domain::seen::Listener;

/// The facts of this installation that its configuration and its machine decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct SystemView {
    pub version: String,
    pub started_at: i64,
    pub listeners: Vec<Listener>,
    /// The host carriers are given, and the endpoints of all regions.
    pub external_host: String,
    /// The setting it came from; none when it is only what the socket is bound to.
    pub host_setting: Option<String>,
    pub regions: Vec<RegionView>,
    pub rtp_first: u16,
    pub rtp_last: u16,
    pub public_url: String,
    /// `SQLite` or `PostgreSQL`.
    pub database: String,
    pub data_dir: String,
    /// Of the disk that holds recordings; unknown where the system does not say.
    pub disk: Option<Disk>,
    pub keeps: Keeps,
}

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Left for us.
    pub free: u64,
    /// In all.
    pub total: u64,
    /// Less left than this is little: `media.low_disk_mb`.
    pub low: u64,
}

/// Whether calls can still be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No longer, or only for minutes.
    Gone,
    /// For now.
    Low,
    /// Nothing to say.
    Enough,
}

impl Disk {
    /// A minute of one call is about a megabyte.
    const GONE: u64 = 16_000_000;

    /// What is left, judged.
    #[must_use]
    pub const fn room(self) -> Room {
        if self.free < Self::GONE {
            Room::Gone
        } else if self.free < self.low {
            Room::Low
        } else {
            Room::Enough
        }
    }
}

/// Days until things are deleted; 0 keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each names what it keeps")]
pub struct Keeps {
    pub calls_days: u32,
    pub recordings_days: u32,
    pub sip_messages_days: u32,
    pub audit_days: u32,
}

#[cfg(test)]
mod tests {
    use super::{Disk, Room};

    #[test]
    fn little_is_what_the_operator_calls_little_and_nothing_is_nothing() {
        let judged = |free, low| {
            let total = 2_000_000_000;
            Disk { free, total, low }.room()
        };
        assert_eq!(judged(1_000_000_000, 1_000_000_000), Room::Enough);
        assert_eq!(judged(999_999_999, 1_000_000_000), Room::Low);
        assert_eq!(judged(16_000_000, 1_000_000_000), Room::Low);
        assert_eq!(judged(16_000_000, 0), Room::Enough);
        assert_eq!(judged(15_999_999, 0), Room::Gone);
    }
}
