//! One session on its thread: every 20 ms it hears the other side, then speaks to it.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::codec::{Codec, Encoder, FRAME_MS, FRAME_TICKS, OnTheWire as _};
use super::denoise::Denoiser;
use super::doorbell::Doorbell;
use super::dtmf::{DigitReader, KeyWays};
use super::frame::{Frame, Rate};
use super::jitter::{JitterBuffer, Played};
use super::keys::KeySender;
use super::latch::Latch;
use super::line::Heard;
use super::ports::PortPair;
use super::reports::Reports;
use super::rtp::Outgoing;
use super::session::SessionEvent;
use super::shared::Shared;
use super::srtp::{Keys, Opener, Protector};
use super::stats::Stats;
use super::tone::ComfortNoise;
use super::vad::Vad;
use intake::Intake;
use state::{Converters, FrameClock, Wants};

pub(super) use state::Agreed;

mod incoming;
mod intake;
mod outgoing;
mod reporting;
mod state;

/// Datagrams read in one frame; a flood must not hold up the calls beside it.
const MOST_DATAGRAMS: u32 = 64;
/// How long noise stays in when the thread was late.
const SPARED_MS: u64 = 10_000;
/// The largest datagram that is read.
const DATAGRAM: usize = 2_048;

/// How a leg is to behave.
pub(super) struct Manner {
    pub(super) timeout: Duration,
    pub(super) jitter_ms: RangeInclusive<u64>,
    pub(super) denoise: bool,
    /// Our address, as the other side is told.
    pub(super) advertised: IpAddr,
}

/// A session's sockets and everything that must not wait.
///
/// Laid out as written, in the order in which a frame comes to it. Among some hundred legs none is in a cache when its
/// turn comes; what stands together is fetched together, and what few calls need is elsewhere.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Leg {
    shared: Arc<Shared>,
    /// What the handles want, and at which of their changes that was looked up.
    revision: Option<u64>,
    wants: Wants,
    clock: FrameClock,
    intake: Intake,
    ports: PortPair,
    /// While there is one, everything is protected.
    opener: Option<Box<Opener>>,
    latch: Latch,
    agreed: Agreed,
    ssrc: Option<u32>,
    reports: Reports,
    /// Whether there may be reports unread, and whether the bell tells so.
    reports_wait: bool,
    has_bell: bool,
    stats: Stats,
    /// What a side that sends no silence asked to be heard instead (RFC 3389).
    far_noise: Option<u8>,
    digits: DigitReader,
    /// Until when the caller's audio is muted for a key, on the first count.
    muted_until_ms: u64,
    jitter: JitterBuffer,
    played: Played,
    noise: ComfortNoise,
    denoiser: Option<Box<Denoiser>>,
    keys_out: KeySender,
    out: Outgoing,
    encoder: Encoder,
    vad: Vad,
    timeout_ms: u64,
    /// Events that did not fit into the engine's queue; audio gives way, these do not.
    unheard: Vec<Heard>,
    hear: mpsc::Sender<Heard>,
    tell: mpsc::UnboundedSender<SessionEvent>,
    keys: KeyWays,
    /// Until when noise suppression rests for want of time, on the first count.
    spared_until_ms: u64,
    /// Kept as long as the leg: a key must not protect two packets of the same number.
    protector: Option<Box<Protector>>,
    /// Our address, as the other side was told.
    advertised: IpAddr,
    converters: Converters,
    /// What was heard in this frame, kept until it is its turn to speak; of a joined leg that is recorded.
    kept: Option<Box<Frame>>,
}

/// What a leg writes anew in every frame. One for all that a thread carries: of their own it would be in no cache.
pub(super) struct Scratch {
    datagram: Box<[u8; DATAGRAM]>,
    packet: Vec<u8>,
    /// What was heard in this frame.
    caller: Frame,
    /// What is said in it, as it was given.
    said: Frame,
    /// Each of them at another rate, where one is wanted.
    rooms: [Frame; 3],
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            datagram: Box::new([0; DATAGRAM]),
            packet: Vec::with_capacity(DATAGRAM),
            caller: Frame::silent(Rate::default()),
            said: Frame::silent(Rate::default()),
            rooms: [const { Frame::silent(Rate::Narrow) }; 3],
        }
    }
}

impl Leg {
    pub(super) fn new(
        ports: PortPair,
        shared: Arc<Shared>,
        hear: mpsc::Sender<Heard>,
        tell: mpsc::UnboundedSender<SessionEvent>,
        manner: &Manner,
    ) -> Self {
        let ssrc = rand::random();
        Self {
            shared,
            revision: None,
            wants: Wants::default(),
            clock: FrameClock::default(),
            intake: Intake::default(),
            ports,
            opener: None,
            latch: Latch::default(),
            agreed: Agreed::default(),
            ssrc: None,
            reports: Reports::default(),
            reports_wait: true,
            has_bell: false,
            stats: Stats::default(),
            far_noise: None,
            digits: DigitReader::default(),
            muted_until_ms: 0,
            jitter: JitterBuffer::new(&manner.jitter_ms),
            played: Played::Nothing,
            noise: ComfortNoise::new(ssrc),
            denoiser: manner
                .denoise
                .then(|| Box::new(Denoiser::new(Rate::default()))),
            keys_out: KeySender::default(),
            // Far from a wrap, which a listener to SRTP must not miss (RFC 3711 §3.3.1).
            out: Outgoing::new(ssrc, rand::random::<u16>() / 2, rand::random()),
            encoder: Encoder::new(Codec::Pcmu),
            vad: Vad::default(),
            timeout_ms: u64::try_from(manner.timeout.as_millis()).unwrap_or(u64::MAX),
            unheard: Vec::new(),
            hear,
            tell,
            keys: KeyWays::default(),
            spared_until_ms: 0,
            protector: None,
            advertised: manner.advertised,
            converters: Converters::default(),
            kept: None,
        }
    }

    /// Has the bell ring for its reports. Without one it looks for them itself, every time. One that is over already
    /// gets none any more.
    pub(super) fn with_bell(mut self, bell: &Doorbell) -> Self {
        let is_over = self.shared.controls().closed;
        self.has_bell = !is_over && bell.watch(&mut self.ports).is_ok();
        self
    }

    /// A frame begins: what the handles want of it; false when the session is over.
    pub(super) fn begin(&mut self) -> bool {
        if self.shared.has_changed(&mut self.revision) {
            let Some(wants) = self.look() else {
                self.say_goodbye();
                return false;
            };
            self.wants = wants;
        }
        self.clock.alive_ms += FRAME_MS;
        self.intake.begin(self.clock.alive_ms);
        true
    }

    /// The first half: what came in. The second half follows at once, but for two that are joined: they wait until
    /// both have heard, and lose no time.
    pub(super) fn hear(&mut self, bell: &Doorbell, work: &mut Scratch) {
        self.receive(&mut work.datagram[..]);
        self.receive_reports(bell, &mut work.datagram[..]);
        self.play(&mut work.caller);
        if let Some(end) = &self.agreed.joined {
            // The other side gets keys as keys, not their sound as well.
            if !self.is_muted() {
                end.push(&work.caller);
            }
            if self.wants.recording {
                let silent = || Box::new(Frame::silent(Rate::default()));
                Frame::clone_from(self.kept.get_or_insert_with(silent), &work.caller);
            }
        }
    }

    fn play(&mut self, caller: &mut Frame) {
        let rate = self.agreed.talk.as_ref().map(|talk| talk.codec.rate());
        caller.set_rate(rate.unwrap_or_default());
        self.played = self.jitter.pull(caller);
        if let (Some(level), Played::Nothing) = (self.far_noise, self.played) {
            self.noise.fill_at(caller, level);
        }
        let heard = self.wants.audio || self.wants.recording || self.agreed.joined.is_some();
        if let Some(denoiser) = &mut self.denoiser
            && heard
            && self.clock.alive_ms >= self.spared_until_ms
        {
            denoiser.clean(caller);
        }
    }

    /// Whether what it says is what another leg has heard.
    pub(super) fn is_joined(&self) -> bool {
        self.agreed.joined.is_some()
    }

    /// The second half: what goes out.
    pub(super) fn speak(&mut self, work: &mut Scratch) {
        if let (true, Some(kept)) = (self.is_joined(), &self.kept) {
            work.caller.clone_from(kept);
        }
        if self.wants.may_send {
            self.clock.line_ms += FRAME_MS;
            self.shared.set_now_ms(self.clock.line_ms);
            let Scratch {
                packet,
                caller,
                said,
                rooms: [to_send, of_caller, of_agent],
                ..
            } = work;
            let agent = self.send(packet, said, to_send);
            self.listen(caller, of_caller);
            self.record(caller, agent, [of_caller, of_agent]);
            self.report();
        }
        self.watch();
        self.count();
        self.pass_on();
    }

    /// The thread is late: audio in time comes before audio without noise.
    pub(super) fn spare(&mut self) {
        self.spared_until_ms = self.clock.alive_ms + SPARED_MS;
    }

    /// Frames that were slept through: time has passed all the same.
    pub(super) fn skip(&mut self, frames: u32) {
        let ms = u64::from(frames) * FRAME_MS;
        self.clock.alive_ms += ms;
        if self.clock.line_ms > 0 {
            self.clock.line_ms += ms;
        }
        self.out.advance(frames.saturating_mul(FRAME_TICKS));
    }

    /// What the handles want now; none when the session is closed.
    fn look(&mut self) -> Option<Wants> {
        let mut controls = self.shared.controls();
        if controls.closed {
            return None;
        }
        let pressed = std::mem::take(&mut controls.pressed);
        let line = controls.new_line.take();
        let fresh = (controls.agreement != self.agreed.agreement).then(|| controls.agreed());
        let wants = Wants {
            may_send: controls.may_send,
            audio: controls.wants_audio,
            line_rate: controls.line_rate,
            recording: controls.recording.is_some(),
            speech: !controls.speech.is_empty(),
        };
        drop(controls);
        if let Some(line) = line {
            self.hear = line;
            self.unheard.clear();
        }
        if let Some(fresh) = fresh {
            self.agree(fresh);
        }
        for digit in pressed {
            if self.keys.by_message(digit, self.clock.alive_ms) {
                self.hear_digit(digit);
            }
        }
        Some(wants)
    }

    fn agree(&mut self, fresh: Agreed) {
        if let Some(talk) = &fresh.talk {
            self.jitter.set_rate(talk.codec.rate());
            let former = self.agreed.talk.as_ref();
            if former.is_some_and(|former| former.party != talk.party) {
                // Another telephone answered the same call (RFC 3261 §13.2.2.4).
                self.latch = Latch::default();
                self.latch.describe(talk.remote, self.clock.alive_ms);
            } else if former.map(|former| former.remote) != Some(talk.remote) {
                self.latch.describe(talk.remote, self.clock.alive_ms);
            }
        }
        let keys = |agreed: &Agreed| agreed.talk.as_ref().and_then(|talk| talk.srtp);
        if keys(&fresh) != keys(&self.agreed) {
            self.secure(keys(&fresh));
        }
        if fresh.is_held() != self.agreed.is_held() {
            self.tell_engine(if fresh.is_held() {
                Heard::Held
            } else {
                Heard::Resumed
            });
            self.clock.heard_ms = self.clock.alive_ms;
            self.out.pause();
        }
        if fresh.joined.is_some() != self.agreed.joined.is_some() {
            self.tell_engine(if fresh.joined.is_some() {
                Heard::Joined
            } else {
                Heard::Parted
            });
            self.vad = Vad::default();
        }
        if let Some(end) = &fresh.joined {
            end.hold(fresh.is_held(), fresh.is_unwanted());
        }
        self.agreed = fresh;
    }

    /// Protects both directions with other keys than before, or no longer.
    fn secure(&mut self, keys: Option<Keys>) {
        let Some(keys) = keys else {
            self.opener = None;
            return;
        };
        self.opener = Some(Box::new(Opener::new(keys.suite, &keys.theirs)));
        match &mut self.protector {
            Some(protector) if protector.has(&keys.ours) => protector.change(keys.suite),
            _ => self.protector = Some(Box::new(Protector::new(keys.suite, &keys.ours))),
        }
    }

    fn tell_engine(&mut self, heard: Heard) {
        self.unheard.push(heard);
    }

    fn pass_on(&mut self) {
        if self.unheard.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.unheard).into_iter();
        for heard in waiting.by_ref() {
            if let Err(mpsc::error::TrySendError::Full(heard)) = self.hear.try_send(heard) {
                self.unheard.push(heard);
                break;
            }
        }
        self.unheard.extend(waiting);
    }
}
