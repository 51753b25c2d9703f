//! What goes to the other side, and what is kept of both.

use super::Leg;
use crate::media::codec::{Codec, FRAME_MS, FRAME_SAMPLES};
use crate::media::line::Heard;
use crate::media::sdp::Talk;

/// Ticks of the RTP clock in a frame, for every codec we speak.
pub(super) const FRAME_TICKS: u32 = 160;

impl Leg {
    /// One packet: what is to be said or a key; nothing while the other side does not want to
    /// hear. `frame` is left with what was said.
    pub(super) fn send(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        let Some(talk) = &self.agreed.talk else {
            return;
        };
        if !talk.sends {
            self.out.advance(FRAME_TICKS);
            return;
        }
        let talk = Sending::of(talk);
        self.compose(frame);
        self.write(talk, frame);
        let target = self.latch.target(self.clock.alive_ms);
        let sent = target.map(|to| self.ports.rtp.send_to(&self.packet, to));
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
    }

    /// What is to be said: by the other side of a bridge or by the engine, else faint noise.
    fn compose(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        if let Some(end) = &self.agreed.joined {
            for digit in end.pressed() {
                self.keys_out.push(digit);
            }
            if !end.pull(frame) {
                self.noise.fill(frame);
            }
            return;
        }
        let now_ms = self.clock.line_ms.saturating_sub(FRAME_MS);
        let drained = {
            let mut controls = self.shared.controls.lock();
            if controls.speech.is_empty() {
                self.noise.fill(frame);
                false
            } else {
                controls.speech.fill(frame, now_ms)
            }
        };
        if drained {
            self.shared.drained.notify_waiters();
        }
    }

    /// Writes the packet; a key takes the place of the audio.
    fn write(&mut self, talk: Sending, frame: &[i16; FRAME_SAMPLES]) {
        let press = self.keys_out.next(self.out.timestamp());
        if let (Some(press), Some(payload)) = (press, talk.digits) {
            self.out
                .start_event(payload, press.timestamp(), press.begins(), &mut self.packet);
            self.packet.extend(press.payload());
            return;
        }
        self.out.start(talk.payload, &mut self.packet);
        match press {
            Some(press) => {
                let mut tones = [0; FRAME_SAMPLES];
                press.sound(&mut tones);
                talk.codec.encode(&tones, &mut self.packet);
            }
            None => talk.codec.encode(frame, &mut self.packet),
        }
    }

    pub(super) fn record(&mut self, agent: &[i16; FRAME_SAMPLES]) {
        let pressed = self.is_muted();
        let failed = {
            let mut controls = self.shared.controls.lock();
            let muted = pressed && !controls.keep_digits;
            let Some(recorder) = &mut controls.recording else {
                return;
            };
            recorder.push(&self.caller, agent, muted);
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
