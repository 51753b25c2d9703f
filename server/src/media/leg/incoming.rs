//! What comes from the other side: packets, keys, silence.

use std::net::SocketAddr;
use std::sync::Arc;

use super::state::Kind;
use super::{Leg, MOST_DATAGRAMS};
use crate::media::dtmf::{Digit, DigitReader};
use crate::media::frame::Frame;
use crate::media::latch::Source;
use crate::media::line::Heard;
use crate::media::rtp::{COMFORT_NOISE, Packet};
use crate::media::session::SessionEvent;
use crate::media::vad::Edge;

/// How much longer than its event a key's tone may sound.
const KEY_TAIL_MS: u64 = 60;

impl Leg {
    pub(super) fn receive(&mut self, room: &mut [u8]) {
        for _ in 0..MOST_DATAGRAMS {
            if self.intake.is_enough() {
                break;
            }
            let Ok((length, from)) = self.ports.rtp.recv_from(room) else {
                break;
            };
            let length = self.open(&mut room[..length]);
            if let Some(sequence) = length.and_then(|length| self.take(&room[..length], from)) {
                self.intake.read(sequence);
            }
        }
        if let Some(digit) = self.digits.tick(self.clock.alive_ms) {
            self.hear_event(digit);
        }
        if self.digits.is_pressed() {
            self.mute();
        }
    }

    /// What of a datagram is RTP, made readable where it is protected; none if it is not to be
    /// believed.
    fn open(&mut self, datagram: &mut [u8]) -> Option<usize> {
        let Some(opener) = &mut self.opener else {
            return Some(datagram.len());
        };
        let opened = opener.packet(datagram).ok();
        if opened.is_none() {
            self.stats.received.rejected += 1;
        }
        opened
    }

    /// Takes what a datagram says and returns its number, if it is one of the other side's stream.
    fn take(&mut self, datagram: &[u8], from: SocketAddr) -> Option<u16> {
        let Some(packet) = Packet::parse(datagram) else {
            self.stats.received.malformed += 1;
            return None;
        };
        let Some(kind) = self.kind_of(packet.payload_type) else {
            self.stats.received.malformed += 1;
            return None;
        };
        let described = self.agreed.talk.as_ref().and_then(|talk| talk.remote);
        match self.latch.admit(from, self.clock.alive_ms) {
            Source::Stranger => {
                self.stats.received.strangers += 1;
                return None;
            }
            Source::Locked { moved } => {
                let before = self.stats.locked.replace(from);
                _ = self.tell.send(if moved {
                    SessionEvent::Moved {
                        from: before,
                        to: from,
                    }
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
        self.stats.received.packets += 1;
        self.stats.received.bytes += packet.payload.len() as u64;
        match kind {
            Kind::Audio(codec) => {
                self.far_noise = None;
                self.jitter.push(packet.timestamp, codec, packet.payload);
            }
            Kind::Event => {
                if let Some(digit) =
                    self.digits
                        .packet(packet.timestamp, packet.payload, self.clock.alive_ms)
                {
                    self.hear_event(digit);
                }
            }
            Kind::Silence => self.far_noise = packet.payload.first().map(|level| level & 0x7f),
        }
        Some(packet.sequence)
    }

    fn kind_of(&self, payload_type: u8) -> Option<Kind> {
        let talk = self.agreed.talk.as_ref()?;
        // Most speak as we do, which needs no look at the list.
        if talk.payload == payload_type {
            return Some(Kind::Audio(talk.codec));
        }
        if talk.digits == Some(payload_type) || talk.own_digits == Some(payload_type) {
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

    pub(super) fn is_muted(&self) -> bool {
        self.clock.alive_ms < self.muted_until_ms
    }

    pub(super) fn hear_digit(&mut self, digit: Digit) {
        self.clock.heard_ms = self.clock.alive_ms;
        if let Some(end) = &self.agreed.joined {
            return end.press(digit);
        }
        self.tell_engine(Heard::Digit {
            digit,
            at_ms: self.clock.line_ms,
        });
    }

    /// What the caller said, as far as the engine wants to know.
    pub(super) fn listen(&mut self, caller: &Frame, room: &mut Frame) {
        if self.agreed.joined.is_some() {
            return;
        }
        let now = self.clock.line_ms;
        // The tone of a key is no speech.
        let edge = if self.is_muted() {
            self.vad.frame(&[0])
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
        // Silence too: who recognises speech waits for it, and counts by it.
        if self.wants.audio && self.unheard.is_empty() {
            let rate = self.wants.line_rate;
            let frame = self.converters.to_line.convert(caller, rate, room);
            // An engine that does not keep up loses audio.
            let samples = Arc::from(&**frame);
            drop(self.hear.try_send(Heard::Audio {
                samples,
                at_ms: now,
            }));
        }
    }
}
