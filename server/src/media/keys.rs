//! Keys we pass on: as RTP events of our own (RFC 4733 §2.5), as tones to who knows no events.

use std::collections::VecDeque;
use std::f64::consts::TAU;

use super::dtmf::Digit;
use super::frame::Frame;
use super::tone::round;

/// Frames a key sounds: 100 ms, which every decoder takes for a key.
const PRESSED: u16 = 5;
/// Frames that carry its end: one and two copies (§2.5.1.4).
const ENDS: u16 = 3;
/// Frames between two keys, less those of the copies.
const PAUSE: u16 = 2;
/// More keys than this in the queue are no human's.
const MOST_WAITING: usize = 32;
/// Ticks of the RTP clock in a frame.
const TICKS: u16 = 160;
/// -10 dBm0, as event and as tone (each of the pair).
const VOLUME: u8 = 10;
const LEVEL: f64 = 5_000.0;

/// Keys on their way out.
#[derive(Debug, Default)]
pub(super) struct KeySender {
    waiting: VecDeque<Digit>,
    press: Option<Press>,
    pause: u16,
}

/// One frame of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Press {
    digit: Digit,
    /// Of its beginning: all packets of one event carry the same (§2.2.1).
    timestamp: u32,
    frame: u16,
}

impl KeySender {
    pub(super) fn push(&mut self, digit: Digit) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(digit);
        }
    }

    /// The frame that begins at `timestamp`, if a key sounds in it.
    pub(super) fn next(&mut self, timestamp: u32) -> Option<Press> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let press = match self.press.take() {
            Some(press) => press,
            None => Press {
                digit: self.waiting.pop_front()?,
                timestamp,
                frame: 0,
            },
        };
        let next = press.frame + 1;
        if next < PRESSED + ENDS - 1 {
            self.press = Some(Press {
                frame: next,
                ..press
            });
        } else {
            self.pause = PAUSE;
        }
        Some(press)
    }
}

impl Press {
    pub(super) fn timestamp(self) -> u32 {
        self.timestamp
    }

    /// The first packet carries the marker.
    pub(super) fn begins(self) -> bool {
        self.frame == 0
    }

    /// Event, end bit and volume, duration so far (§2.3).
    pub(super) fn payload(self) -> [u8; 4] {
        let end = if self.frame + 1 >= PRESSED { 0x80 } else { 0 };
        let [high, low] = ((self.frame + 1).min(PRESSED) * TICKS).to_be_bytes();
        [self.digit.event(), end | VOLUME, high, low]
    }

    /// The same as a pair of tones (ITU-T Q.23).
    pub(super) fn sound(self, frame: &mut Frame) {
        if self.frame >= PRESSED {
            frame.fill(0);
            return;
        }
        let (row, column) = frequencies(self.digit);
        let before = f64::from(self.frame) * 0.02;
        let rate = f64::from(frame.rate().hertz());
        for (n, sample) in (0_u16..).zip(frame.iter_mut()) {
            let angle = TAU * (before + f64::from(n) / rate);
            *sample = round(((angle * row).sin() + (angle * column).sin()) * LEVEL);
        }
    }
}

fn frequencies(digit: Digit) -> (f64, f64) {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let at = "123A456B789C*0#D".find(digit.as_char()).unwrap_or_default();
    (ROWS[at / 4], COLUMNS[at % 4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::dtmf::DigitReader;
    use crate::media::frame::Rate;

    fn key(key: char) -> Digit {
        Digit::new(key).unwrap()
    }

    #[test]
    fn an_event_has_one_timestamp_a_growing_duration_and_three_ends() {
        let mut keys = KeySender::default();
        keys.push(key('#'));
        let sent: Vec<_> = (0..12).map_while(|n| keys.next(1_000 + n * 160)).collect();
        let packets: Vec<_> = sent
            .iter()
            .map(|press| (press.timestamp(), press.begins(), press.payload()))
            .collect();
        let duration = |frames: u16| (frames * 160).to_be_bytes();
        let expected: Vec<_> = [(1, 0x0a), (2, 0x0a), (3, 0x0a), (4, 0x0a)]
            .into_iter()
            .chain([(5, 0x8a); 3])
            .enumerate()
            .map(|(n, (frames, flags))| {
                let [high, low] = duration(frames);
                (1_000, n == 0, [11, flags, high, low])
            })
            .collect();
        assert_eq!(packets, expected);
    }

    #[test]
    fn what_is_sent_is_read_as_the_same_keys() {
        let mut keys = KeySender::default();
        "1159*0#D".chars().for_each(|one| keys.push(key(one)));
        let mut reader = DigitReader::default();
        let mut read = String::new();
        for n in 0..200_u32 {
            if let Some(press) = keys.next(n * 160) {
                let digit = reader.packet(press.timestamp(), &press.payload(), u64::from(n) * 20);
                read.extend(digit.map(Digit::as_char));
            }
        }
        assert_eq!(read, "1159*0#D");
    }

    #[test]
    fn a_tone_is_the_keys_pair() {
        let mut keys = KeySender::default();
        keys.push(key('8'));
        let mut frame = Frame::silent(Rate::Narrow);
        keys.next(0).unwrap().sound(&mut frame);
        assert_eq!(frequencies(key('8')), (852.0, 1_336.0));
        assert!(frame.iter().any(|sample| *sample > 8_000));
    }

    #[test]
    fn a_flood_of_keys_is_bounded() {
        let mut keys = KeySender::default();
        (0..1_000).for_each(|_| keys.push(key('1')));
        assert_eq!(keys.waiting.len(), MOST_WAITING);
    }
}
