//! What a leg remembers between frames and looks up in each.

use crate::media::codec::Codec;
use crate::media::sdp::Talk;

/// Two counts of frames: since the session began, and since it may send.
#[derive(Debug, Default)]
pub(super) struct FrameClock {
    /// Since the session began.
    pub(super) alive_ms: u64,
    /// Since it may send: the line's clock.
    pub(super) line_ms: u64,
    /// When something was last heard, on the first count.
    pub(super) heard_ms: u64,
    pub(super) complained: bool,
    pub(super) timed_out: bool,
    pub(super) reported_ms: u64,
}

/// What was agreed, as of a revision.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    pub(super) talk: Option<Talk>,
    pub(super) revision: u64,
    pub(super) held: bool,
}

/// What the handles want of a frame.
#[derive(Clone, Copy)]
pub(super) struct Wants {
    pub(super) may_send: bool,
    pub(super) audio: bool,
}

/// What a packet carries.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Audio(Codec),
    Event,
    Silence,
}
