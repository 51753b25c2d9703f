//! What the palette finds: pages, agents, numbers, calls.

use serde::{Deserialize, Serialize};

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it is, in a word of the reader's language.
    pub kind: String,
    /// What it is called.
    pub label: String,
    /// Where it is shown.
    pub to: String,
}
