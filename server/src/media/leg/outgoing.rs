//! What goes to the other side, and what is kept of both.

use super::Leg;
use crate::media::codec::{Codec, Encoder, FRAME_MS, FRAME_TICKS, OnTheWire as _};
use crate::media::frame::{Frame, Rate};
use crate::media::line::Heard;
use crate::media::sdp::Talk;

impl Leg {
    /// One packet: what is to be said or a key; nothing while the other side does not want to
    /// hear. Returns what was said.
    pub(super) fn send(&mut self, packet: &mut Vec<u8>) -> Frame {
        let Some(talk) = &self.agreed.talk else {
            return Frame::silent(Rate::default());
        };
        let (talk, sends) = (Sending::of(talk), talk.sends);
        if !sends {
            self.out.advance(FRAME_TICKS);
            return Frame::silent(talk.codec.rate());
        }
        let frame = self.compose(talk.codec.rate());
        self.write(talk, &frame, packet);
        if let (Some(protector), true) = (&mut self.protector, self.opener.is_some()) {
            protector.packet(packet);
        }
        let target = self.latch.target(self.clock.alive_ms);
        let sent = target.map(|to| self.ports.rtp.send_to(packet, to));
        self.out.advance(FRAME_TICKS);
        let mut stats = self.shared.stats.lock();
        match sent {
            Some(Ok(bytes)) => {
                stats.sent.packets += 1;
                stats.sent.bytes += (bytes.saturating_sub(12)) as u64;
            }
            Some(Err(_)) => stats.sent.refused += 1,
            None => {}
        }
        frame
    }

    /// What is to be said: by the other side of a bridge or by the engine, else faint noise.
    fn compose(&mut self, rate: Rate) -> Frame {
        let said = if let Some(end) = &self.agreed.joined {
            for digit in end.pressed() {
                self.keys_out.push(digit);
            }
            end.pull(rate)
                .map(|frame| self.converters.from_other.convert(&frame, rate))
        } else {
            self.say(rate)
        };
        said.unwrap_or_else(|| {
            let mut faint = Frame::silent(rate);
            self.noise.fill(&mut faint);
            faint
        })
    }

    fn say(&mut self, rate: Rate) -> Option<Frame> {
        let now_ms = self.clock.line_ms.saturating_sub(FRAME_MS);
        let (said, drained) = {
            let mut controls = self.shared.controls.lock();
            if controls.speech.is_empty() {
                return None;
            }
            let mut said = Frame::silent(controls.line_rate);
            let drained = controls.speech.fill(&mut said, now_ms);
            (said, drained)
        };
        if drained {
            self.shared.drained.notify_waiters();
        }
        Some(self.converters.from_line.convert(&said, rate))
    }

    /// Writes the packet; a key takes the place of the audio.
    fn write(&mut self, talk: Sending, frame: &Frame, packet: &mut Vec<u8>) {
        let press = self.keys_out.next(self.out.timestamp());
        if let (Some(press), Some(payload)) = (press, talk.digits) {
            self.out
                .start_event(payload, press.timestamp(), press.begins(), packet);
            packet.extend(press.payload());
            return;
        }
        if self.encoder.codec() != talk.codec {
            self.encoder = Encoder::new(talk.codec);
        }
        self.out.start(talk.payload, packet);
        let Some(press) = press else {
            return self.encoder.push(frame, packet);
        };
        let mut tones = *frame;
        press.sound(&mut tones);
        self.encoder.push(&tones, packet);
    }

    pub(super) fn record(&mut self, caller: &Frame, agent: &Frame) {
        if !self.wants.recording {
            return;
        }
        let pressed = self.is_muted();
        let failed = {
            let mut controls = self.shared.controls.lock();
            let muted = pressed && !controls.keep_digits;
            let Some(recorder) = &mut controls.recording else {
                return;
            };
            let ways = &mut self.converters;
            let caller = ways.caller_kept.convert(caller, Rate::Narrow);
            let agent = ways.agent_kept.convert(agent, Rate::Narrow);
            recorder.push(&caller, &agent, muted);
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
}

/// What of an agreement is needed to write a packet.
#[derive(Clone, Copy)]
struct Sending {
    codec: Codec,
    payload: u8,
    digits: Option<u8>,
}

impl Sending {
    fn of(talk: &Talk) -> Self {
        Self {
            codec: talk.codec,
            payload: talk.payload,
            digits: talk.digits,
        }
    }
}
