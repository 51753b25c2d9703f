//! What a leg remembers between frames and looks up in each.

use crate::media::bridge::End;
use crate::media::codec::Codec;
use crate::media::frame::{Converter, Rate};
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
    /// Reports in a row that tell of nothing heard; more than enough once it was said.
    pub(super) unheard_reports: u8,
}

/// What was agreed, and with whom the other side is joined; the count tells it from others.
#[derive(Debug, Default)]
pub(in crate::media) struct Agreed {
    pub(in crate::media) talk: Option<Talk>,
    pub(in crate::media) joined: Option<End>,
    pub(in crate::media) agreement: u64,
}

impl Agreed {
    /// Whether the other side holds.
    pub(super) fn is_held(&self) -> bool {
        self.talk.as_ref().is_some_and(Talk::on_hold)
    }

    /// Whether the other side does not want to hear us.
    pub(super) fn is_unwanted(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| !talk.sends)
    }

    /// Whether nothing need be heard: it holds, or whom it talks to does.
    pub(super) fn rests(&self) -> bool {
        self.is_held() || self.joined.as_ref().is_some_and(End::is_held)
    }
}

/// What the handles want of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) may_send: bool,
    pub(super) audio: bool,
    pub(super) line_rate: Rate,
    pub(super) recording: bool,
    /// That something be said.
    pub(super) speech: bool,
}

/// What a packet carries.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Audio(Codec),
    Event,
    Silence,
}

/// Ways between rates, one for each stream; idle where they agree.
#[derive(Debug, Default)]
pub(super) struct Converters {
    /// From the other side to the engine, and back.
    pub(super) to_line: Converter,
    pub(super) from_line: Converter,
    /// From the other end of a bridge.
    pub(super) from_other: Converter,
    /// To the two channels of the recording.
    pub(super) caller_kept: Converter,
    pub(super) agent_kept: Converter,
}
