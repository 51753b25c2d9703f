//! One session on its thread: every 20 ms receive, play out, record, send.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::codec::{FRAME_MS, FRAME_SAMPLES};
use super::dtmf::{Digit, DigitReader, KeyWays};
use super::jitter::{JitterBuffer, Played};
use super::latch::{Latch, Source};
use super::line::Heard;
use super::ports::PortPair;
use super::reports::Reports;
use super::rtp::{COMFORT_NOISE, Outgoing, Packet};
use super::sdp::Talk;
use super::session::SessionEvent;
use super::shared::Shared;
use super::tone::ComfortNoise;
use super::vad::{Edge, Vad};
use state::{Agreed, FrameClock, Kind, Wants};

mod state;

/// Datagrams read in one frame; a flood must not hold up the calls beside it.
const MOST_DATAGRAMS: u32 = 64;
/// Nothing heard for so long after the start: one direction is probably dead.
const NOTHING_HEARD_MS: u64 = 3_000;
/// How often reports are sent (RFC 3550 §6.2 asks for about five seconds).
const REPORT_EVERY_MS: u64 = 5_000;
/// How much longer than its event a key's tone may sound.
const KEY_TAIL_MS: u64 = 60;
/// The largest datagram that is read.
const DATAGRAM: usize = 2_048;

/// A session's sockets and everything that must not wait.
#[derive(Debug)]
pub(super) struct Leg {
    ports: PortPair,
    shared: Arc<Shared>,
    hear: mpsc::Sender<Heard>,
    tell: mpsc::UnboundedSender<SessionEvent>,
    timeout_ms: u64,
    clock: FrameClock,
    agreed: Agreed,
    latch: Latch,
    jitter: JitterBuffer,
    digits: DigitReader,
    keys: KeyWays,
    /// Until when the caller's audio is muted for a key, on the first count.
    muted_until_ms: u64,
    vad: Vad,
    noise: ComfortNoise,
    out: Outgoing,
    reports: Reports,
    ssrc: Option<u32>,
    /// Events that did not fit into the engine's queue; audio gives way, these do not.
    unheard: Vec<Heard>,
    packet: Vec<u8>,
    datagram: Box<[u8; DATAGRAM]>,
}

impl Leg {
    pub(super) fn new(
        ports: PortPair,
        shared: Arc<Shared>,
        hear: mpsc::Sender<Heard>,
        tell: mpsc::UnboundedSender<SessionEvent>,
        timeout: Duration,
        jitter_ms: &RangeInclusive<u64>,
    ) -> Self {
        let ssrc = rand::random();
        Self {
            ports,
            shared,
            hear,
            tell,
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            clock: FrameClock::default(),
            agreed: Agreed::default(),
            latch: Latch::default(),
            jitter: JitterBuffer::new(jitter_ms),
            digits: DigitReader::default(),
            keys: KeyWays::default(),
            muted_until_ms: 0,
            vad: Vad::default(),
            noise: ComfortNoise::new(ssrc),
            out: Outgoing::new(ssrc, rand::random(), rand::random()),
            reports: Reports::default(),
            ssrc: None,
            unheard: Vec::new(),
            packet: Vec::with_capacity(FRAME_SAMPLES + 12),
            datagram: Box::new([0; DATAGRAM]),
        }
    }

    /// One frame; false when the session is over.
    pub(super) fn tick(&mut self) -> bool {
        let Some(wants) = self.look() else {
            self.say_goodbye();
            return false;
        };
        self.clock.alive_ms += FRAME_MS;
        self.receive();
        self.receive_reports();
        let mut caller = [0; FRAME_SAMPLES];
        let played = self.jitter.pull(&mut caller);
        let mut agent = [0; FRAME_SAMPLES];
        if wants.may_send {
            self.clock.line_ms += FRAME_MS;
            self.shared.set_now_ms(self.clock.line_ms);
            self.send(&mut agent);
            self.listen(&caller, played, wants.audio);
            self.record(&caller, &agent);
            self.report();
        }
        self.watch(wants.may_send);
        self.count();
        self.pass_on();
        true
    }

    /// Frames that were slept through: time has passed all the same.
    pub(super) fn skip(&mut self, frames: u32) {
        let ms = u64::from(frames) * FRAME_MS;
        self.clock.alive_ms += ms;
        if self.clock.line_ms > 0 {
            self.clock.line_ms += ms;
        }
        self.out.advance(frames.saturating_mul(160));
    }

    /// What the handles want now; none when the session is closed.
    fn look(&mut self) -> Option<Wants> {
        let mut controls = self.shared.controls.lock();
        if controls.closed {
            return None;
        }
        let pressed = std::mem::take(&mut controls.pressed);
        let fresh = (controls.revision != self.agreed.revision)
            .then(|| (controls.talk.clone(), controls.revision));
        let wants = Wants {
            may_send: controls.may_send,
            audio: controls.wants_audio,
        };
        drop(controls);
        if let Some((talk, revision)) = fresh {
            self.agree(talk, revision);
        }
        for digit in pressed {
            if self.keys.by_message(digit, self.clock.alive_ms) {
                self.hear_digit(digit);
            }
        }
        Some(wants)
    }

    fn agree(&mut self, talk: Option<Talk>, revision: u64) {
        let held = talk.as_ref().is_some_and(Talk::on_hold);
        if let Some(talk) = &talk {
            let moved = self.agreed.talk.as_ref().map(|former| former.remote) != Some(talk.remote);
            if moved {
                self.latch.describe(talk.remote, self.clock.alive_ms);
            }
        }
        if held != self.agreed.held {
            self.tell_engine(if held { Heard::Held } else { Heard::Resumed });
            self.clock.heard_ms = self.clock.alive_ms;
            self.out.pause();
        }
        self.agreed = Agreed {
            talk,
            revision,
            held,
        };
    }

    fn receive(&mut self) {
        for _ in 0..MOST_DATAGRAMS {
            let Ok((length, from)) = self.ports.rtp.recv_from(&mut self.datagram[..]) else {
                break;
            };
            let mut copy = std::mem::take(&mut self.packet);
            copy.clear();
            copy.extend_from_slice(&self.datagram[..length]);
            self.take(&copy, from);
            self.packet = copy;
        }
        if let Some(digit) = self.digits.tick(self.clock.alive_ms) {
            self.hear_event(digit);
        }
        if self.digits.is_pressed() {
            self.mute();
        }
    }

    fn take(&mut self, datagram: &[u8], from: SocketAddr) {
        let Some(packet) = Packet::parse(datagram) else {
            self.shared.stats.lock().received.malformed += 1;
            return;
        };
        let Some(kind) = self.kind_of(packet.payload_type) else {
            self.shared.stats.lock().received.malformed += 1;
            return;
        };
        let described = self.agreed.talk.as_ref().and_then(|talk| talk.remote);
        match self.latch.admit(from, self.clock.alive_ms) {
            Source::Stranger => {
                self.shared.stats.lock().received.strangers += 1;
                return;
            }
            Source::Locked { moved } => {
                self.shared.stats.lock().locked = Some(from);
                _ = self.tell.send(if moved {
                    SessionEvent::Moved(from)
                } else {
                    SessionEvent::Locked {
                        address: from,
                        as_described: described == Some(from),
                    }
                });
            }
            Source::Known => {}
        }
        if self.ssrc != Some(packet.ssrc) {
            self.ssrc = Some(packet.ssrc);
            self.jitter.restart();
            self.digits = DigitReader::default();
            self.reports.restart(packet.ssrc);
        }
        self.clock.heard_ms = self.clock.alive_ms;
        self.reports
            .arrived(packet.sequence, packet.timestamp, self.clock.alive_ms);
        {
            let mut stats = self.shared.stats.lock();
            stats.received.packets += 1;
            stats.received.bytes += packet.payload.len() as u64;
        }
        match kind {
            Kind::Audio(codec) => self.jitter.push(packet.timestamp, codec, packet.payload),
            Kind::Event => {
                if let Some(digit) =
                    self.digits
                        .packet(packet.timestamp, packet.payload, self.clock.alive_ms)
                {
                    self.hear_event(digit);
                }
            }
            Kind::Silence => {}
        }
    }

    fn kind_of(&self, payload_type: u8) -> Option<Kind> {
        let talk = self.agreed.talk.as_ref()?;
        if talk.digits == Some(payload_type) {
            return Some(Kind::Event);
        }
        let accepted = talk
            .accepts
            .iter()
            .find(|(payload, _)| *payload == payload_type);
        match accepted {
            Some((_, codec)) => Some(Kind::Audio(*codec)),
            None if payload_type == COMFORT_NOISE => Some(Kind::Silence),
            None => None,
        }
    }

    fn hear_event(&mut self, digit: Digit) {
        self.mute();
        if self.keys.by_rtp(digit, self.clock.alive_ms) {
            self.hear_digit(digit);
        }
    }

    /// Events are told at once, but the tones beside them wait in the jitter buffer first.
    fn mute(&mut self) {
        self.muted_until_ms = self.clock.alive_ms + self.jitter.delay_ms() + KEY_TAIL_MS;
    }

    fn is_muted(&self) -> bool {
        self.clock.alive_ms < self.muted_until_ms
    }

    fn hear_digit(&mut self, digit: Digit) {
        self.clock.heard_ms = self.clock.alive_ms;
        self.tell_engine(Heard::Digit {
            digit,
            at_ms: self.clock.line_ms,
        });
    }

    /// What the caller said, as far as the engine wants to know.
    fn listen(&mut self, caller: &[i16; FRAME_SAMPLES], played: Played, wants_audio: bool) {
        let now = self.clock.line_ms;
        // The tone of a key is no speech.
        let edge = if self.is_muted() {
            self.vad.frame(&[0; FRAME_SAMPLES])
        } else {
            self.vad.frame(caller)
        };
        match edge {
            Some(Edge::Started { ago_ms }) => self.tell_engine(Heard::SpeechStarted {
                at_ms: now.saturating_sub(ago_ms),
            }),
            Some(Edge::Ended { ago_ms }) => self.tell_engine(Heard::SpeechEnded {
                at_ms: now.saturating_sub(ago_ms),
            }),
            None => {}
        }
        if wants_audio && played == Played::Audio && self.unheard.is_empty() {
            // An engine that does not keep up loses audio.
            drop(
                self.hear
                    .try_send(Heard::Audio(Arc::from(caller.as_slice()))),
            );
        }
    }

    /// What is to be said, or faint noise; nothing while the other side does not want to hear.
    fn send(&mut self, agent: &mut [i16; FRAME_SAMPLES]) {
        let Some(talk) = &self.agreed.talk else {
            return;
        };
        if !talk.sends {
            self.out.advance(160);
            return;
        }
        let (codec, payload) = (talk.codec, talk.payload);
        let drained = {
            let mut controls = self.shared.controls.lock();
            if controls.speech.is_empty() {
                self.noise.fill(agent);
                false
            } else {
                controls
                    .speech
                    .fill(agent, self.clock.line_ms.saturating_sub(FRAME_MS))
            }
        };
        if drained {
            self.shared.drained.notify_waiters();
        }
        let Some(target) = self.latch.target() else {
            self.out.advance(160);
            return;
        };
        self.out.start(payload, &mut self.packet);
        codec.encode(agent, &mut self.packet);
        let sent = self.ports.rtp.send_to(&self.packet, target);
        self.out.advance(160);
        let mut stats = self.shared.stats.lock();
        match sent {
            Ok(bytes) => {
                stats.sent.packets += 1;
                stats.sent.bytes += (bytes.saturating_sub(12)) as u64;
            }
            Err(_) => stats.sent.refused += 1,
        }
    }

    fn record(&mut self, caller: &[i16; FRAME_SAMPLES], agent: &[i16; FRAME_SAMPLES]) {
        let pressed = self.is_muted();
        let failed = {
            let mut controls = self.shared.controls.lock();
            let muted = pressed && !controls.keep_digits;
            let Some(recorder) = &mut controls.recording else {
                return;
            };
            recorder.push(caller, agent, muted);
            let failed = recorder.failure();
            if failed.is_some() {
                controls.recording = None;
            }
            failed
        };
        if let Some(failure) = failed {
            self.tell_engine(Heard::RecordingStopped(failure));
        }
    }

    fn receive_reports(&mut self) {
        for _ in 0..MOST_DATAGRAMS {
            let Ok((length, from)) = self.ports.rtcp.recv_from(&mut self.datagram[..]) else {
                return;
            };
            if self.report_address().map(|known| known.ip()) != Some(from.ip()) {
                continue;
            }
            let Some(there) = super::reports::about(&self.datagram[..length], self.out.ssrc())
            else {
                continue;
            };
            // A phone that sends no silence still reports on what it hears: it is there.
            self.clock.heard_ms = self.clock.alive_ms;
            let mut stats = self.shared.stats.lock();
            stats.sent.lost_there = Some(there.lost);
            stats.sent.jitter_there_ms = Some(there.jitter_ms);
        }
    }

    fn report(&mut self) {
        if self.clock.line_ms < self.clock.reported_ms + REPORT_EVERY_MS {
            return;
        }
        self.clock.reported_ms = self.clock.line_ms;
        let Some(to) = self.report_address() else {
            return;
        };
        let sent = self.shared.stats.lock().sent.clone();
        let report = self.reports.write(
            self.out.ssrc(),
            self.out.timestamp(),
            self.clock.alive_ms,
            &sent,
        );
        drop(self.ports.rtcp.send_to(&report, to));
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

    /// Time without audio: a complaint, then the end. It rests while either side holds.
    fn watch(&mut self, may_send: bool) {
        if self.agreed.held || !may_send {
            self.clock.heard_ms = self.clock.alive_ms.max(self.clock.heard_ms);
            return;
        }
        let quiet = self.clock.alive_ms.saturating_sub(self.clock.heard_ms);
        if quiet >= NOTHING_HEARD_MS && !self.clock.complained && self.latch.address().is_none() {
            self.clock.complained = true;
            _ = self.tell.send(SessionEvent::NothingHeard);
        }
        if quiet >= self.timeout_ms && !self.clock.timed_out {
            self.clock.timed_out = true;
            _ = self.tell.send(SessionEvent::TimedOut);
        }
    }

    fn count(&self) {
        let counts = self.jitter.counts();
        let mut stats = self.shared.stats.lock();
        stats.received.late = counts.late;
        stats.received.concealed = counts.concealed;
        stats.received.delay_ms = self.jitter.delay_ms();
        stats.received.lost = self.reports.lost();
        stats.received.jitter_ms = self.reports.jitter_ms();
    }

    fn tell_engine(&mut self, heard: Heard) {
        self.unheard.push(heard);
    }

    fn pass_on(&mut self) {
        let mut waiting = std::mem::take(&mut self.unheard).into_iter();
        for heard in waiting.by_ref() {
            if let Err(mpsc::error::TrySendError::Full(heard)) = self.hear.try_send(heard) {
                self.unheard.push(heard);
                break;
            }
        }
        self.unheard.extend(waiting);
    }

    fn say_goodbye(&mut self) {
        self.shared.controls.lock().recording = None;
        if let Some(to) = self.report_address() {
            drop(
                self.ports
                    .rtcp
                    .send_to(&super::reports::goodbye(self.out.ssrc()), to),
            );
        }
        self.pass_on();
    }
}
