//! What goes to the other side, and what is kept of both.

use super::Leg;
use crate::media::codec::{Codec, Encoder, FRAME_MS, FRAME_TICKS, OnTheWire as _};
use crate::media::frame::{Frame, Rate};
use crate::media::line::Heard;
use crate::media::sdp::Talk;

impl Leg {
    /// One packet: what is to be said or a key; nothing while the other side does not want to
    /// hear. Returns what was said, which is in one of the two rooms.
    pub(super) fn send<'a>(
        &mut self,
        packet: &mut Vec<u8>,
        said: &'a mut Frame,
        room: &'a mut Frame,
    ) -> &'a Frame {
        let Some(talk) = &self.agreed.talk else {
            said.silence(Rate::default());
            return said;
        };
        let (talk, sends) = (Sending::of(talk), talk.sends);
        if !sends {
            self.out.advance(FRAME_TICKS);
            said.silence(talk.codec.rate());
            return said;
        }
        let frame = self.compose(talk.codec.rate(), said, room);
        self.write(talk, frame, packet);
        if self.opener.is_some()
            && let Some(protector) = &mut self.protector
        {
            protector.packet(packet);
        }
        let target = self.latch.target(self.clock.alive_ms);
        let sent = target.map(|to| self.ports.rtp.send_to(packet, to));
        self.out.advance(FRAME_TICKS);
        let stats = &mut self.stats.sent;
        match sent {
            Some(Ok(bytes)) => {
                stats.packets += 1;
                stats.bytes += (bytes.saturating_sub(12)) as u64;
            }
            Some(Err(_)) => stats.refused += 1,
            None => {}
        }
        frame
    }

    /// What is to be said: by the other side of a bridge or by the engine, else faint noise.
    fn compose<'a>(&mut self, rate: Rate, said: &'a mut Frame, room: &'a mut Frame) -> &'a Frame {
        if let Some(end) = &self.agreed.joined {
            for digit in end.pressed() {
                self.keys_out.push(digit);
            }
            if end.pull(rate, said) {
                return self.converters.from_other.convert(said, rate, room);
            }
        } else if self.say(said) {
            return self.converters.from_line.convert(said, rate, room);
        }
        said.set_rate(rate);
        self.noise.fill(said);
        said
    }

    /// The engine's next words; false if it has none.
    fn say(&mut self, said: &mut Frame) -> bool {
        if !self.wants.speech {
            return false;
        }
        let now_ms = self.clock.line_ms.saturating_sub(FRAME_MS);
        let (given, drained) = {
            let mut controls = self.shared.controls();
            let given = !controls.speech.is_empty();
            said.silence(controls.line_rate);
            (given, controls.speech.fill(said, now_ms))
        };
        self.wants.speech = given && !drained;
        if drained {
            self.shared.drained.notify_waiters();
        }
        given
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
        let mut tones = frame.clone();
        press.sound(&mut tones);
        self.encoder.push(&tones, packet);
    }

    pub(super) fn record(&mut self, caller: &Frame, agent: &Frame, rooms: [&mut Frame; 2]) {
        if !self.wants.recording {
            return;
        }
        let pressed = self.is_muted();
        let failed = {
            let mut controls = self.shared.controls();
            let muted = pressed && !controls.keep_digits;
            let Some(recorder) = &mut controls.recording else {
                return;
            };
            let (ways, [caller_room, agent_room]) = (&mut self.converters, rooms);
            let caller = ways.caller_kept.convert(caller, Rate::Narrow, caller_room);
            let agent = ways.agent_kept.convert(agent, Rate::Narrow, agent_room);
            recorder.push(caller, agent, muted);
            let failed = recorder.failure();
            if failed.is_some() {
                controls.recording = None;
            }
            failed
        };
        if let Some(failure) = failed {
            self.wants.recording = false;
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
