//! What stands in the way for now, and goes by itself.

use serde::{Deserialize, Serialize};

/// What stands in the way for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// The database does not answer or is locked.
    Database,
    /// No room left on the disk.
    DiskFull,
    /// The database may only be read.
    ReadOnly,
    /// Going down; the next instance will answer.
    Draining,
}

impl Unavailable {
    /// The reason, for scripts; stable.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::DiskFull => "disk_full",
            Self::ReadOnly => "read_only",
            Self::Draining => "draining",
        }
    }
}
