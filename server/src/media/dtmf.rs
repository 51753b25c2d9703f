//! Keypad digits as RTP events (RFC 4733), told apart by timestamp and end bit.
//!
//! The marker bit is not looked at: much equipment forgets it. A digit counts when it ends, once,
//! however often its last packet is repeated; if every last packet is lost it counts when the
//! next one starts or nothing more is heard of it.

use std::collections::VecDeque;
use std::fmt;

/// Every key, by its event code.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// Nothing heard of a digit for so long means that its end was lost.
const LOST_END_MS: u64 = 200;

/// How many past digits are remembered, so that late copies don't count again.
const REMEMBERED: usize = 8;

/// A key: `0` to `9`, `*`, `#`, `A` to `D`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digit(char);

/// The same key by the other way within this time is the same press.
const SAME_PRESS_MS: u64 = 1_000;

/// Keys come by RTP or by INFO (RFC 6086); some equipment sends both, and some agrees to RTP
/// and sends INFO. Whoever has sent one by RTP is believed there alone.
#[derive(Debug, Default)]
pub(super) struct KeyWays {
    seen_by_rtp: bool,
    last_message: Option<(Digit, u64)>,
}

/// Reads one stream's events.
#[derive(Debug, Default)]
pub(super) struct DigitReader {
    current: Option<Event>,
    counted: VecDeque<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    timestamp: u32,
    digit: Digit,
    duration: u16,
    heard_ms: u64,
}

// === impl Digit ===

impl Digit {
    /// Reads one character of a keypad; SIP INFO sends them so.
    pub fn new(key: char) -> Option<Self> {
        let key = key.to_ascii_uppercase();
        matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(key))
    }

    /// The character on the key.
    pub fn as_char(self) -> char {
        self.0
    }

    /// Its event code (RFC 4733 §3.2).
    pub(super) fn event(self) -> u8 {
        let code = KEYS.iter().position(|key| char::from(*key) == self.0);
        code.and_then(|code| u8::try_from(code).ok())
            .unwrap_or_default()
    }

    /// An event code of RFC 4733 §3.2; codes above 15 are no keys.
    fn of_event(code: u8) -> Option<Self> {
        KEYS.get(usize::from(code))
            .map(|key| Self(char::from(*key)))
    }
}

/// Digits are card numbers and codes: they must not reach a log by accident.
impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(•)")
    }
}

// === impl KeyWays ===

impl KeyWays {
    /// A key came by INFO: whether it counts.
    pub(super) fn by_message(&mut self, digit: Digit, now_ms: u64) -> bool {
        self.last_message = Some((digit, now_ms));
        !self.seen_by_rtp
    }

    /// A key came by RTP: whether it counts.
    pub(super) fn by_rtp(&mut self, digit: Digit, now_ms: u64) -> bool {
        let first = !std::mem::replace(&mut self.seen_by_rtp, true);
        let told = self.last_message.is_some_and(|(known, at_ms)| {
            known == digit && now_ms.saturating_sub(at_ms) < SAME_PRESS_MS
        });
        !(first && told)
    }
}

// === impl DigitReader ===

impl DigitReader {
    /// Takes the payload of an event packet; returns a digit that is now complete.
    pub(super) fn packet(&mut self, timestamp: u32, payload: &[u8], now_ms: u64) -> Option<Digit> {
        let [code, flags, high, low, ..] = *payload else {
            return None;
        };
        let digit = Digit::of_event(code)?;
        let duration = u16::from_be_bytes([high, low]);
        let ends = flags & 0x80 != 0;
        if self.counted.contains(&timestamp) {
            return None;
        }
        let event = Event {
            timestamp,
            digit,
            duration,
            heard_ms: now_ms,
        };
        if let Some(lost) = self
            .current
            .take_if(|current| !current.continues_in(&event))
        {
            // If this very packet ends the next one, a copy of it or the timeout counts that.
            self.count(lost.timestamp);
            self.current = Some(event);
            return Some(lost.digit);
        }
        if ends {
            self.count(timestamp);
            self.current = None;
            return Some(digit);
        }
        self.current = Some(event);
        None
    }

    /// Completes a digit whose end was lost.
    pub(super) fn tick(&mut self, now_ms: u64) -> Option<Digit> {
        let lost = self
            .current
            .take_if(|event| now_ms.saturating_sub(event.heard_ms) >= LOST_END_MS)?;
        self.count(lost.timestamp);
        Some(lost.digit)
    }

    /// Whether a key is held down now.
    pub(super) fn is_pressed(&self) -> bool {
        self.current.is_some()
    }

    fn count(&mut self, timestamp: u32) {
        if self.counted.len() == REMEMBERED {
            self.counted.pop_front();
        }
        self.counted.push_back(timestamp);
    }
}

// === impl Event ===

impl Event {
    /// Some senders move the timestamp on with each packet of one press; its duration grows.
    fn continues_in(&self, next: &Self) -> bool {
        self.timestamp == next.timestamp
            || (self.digit == next.digit && self.duration < next.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sent(u32, u8, bool, u16);

    fn heard(packets: &[Sent]) -> String {
        let mut reader = DigitReader::default();
        let mut now = 0;
        let mut digits = String::new();
        for Sent(timestamp, code, end, duration) in packets {
            now += 20;
            let [high, low] = duration.to_be_bytes();
            let flags = if *end { 0x8a } else { 0x0a };
            digits.extend(
                reader
                    .packet(*timestamp, &[*code, flags, high, low], now)
                    .map(Digit::as_char),
            );
        }
        digits.extend(reader.tick(now + LOST_END_MS).map(Digit::as_char));
        digits
    }

    #[test]
    fn each_press_counts_once() {
        let cases = [
            (
                "three ends are one digit",
                vec![
                    Sent(1, 5, false, 160),
                    Sent(1, 5, true, 320),
                    Sent(1, 5, true, 320),
                    Sent(1, 5, true, 320),
                ],
                "5",
            ),
            ("only an end arrives", vec![Sent(1, 11, true, 800)], "#"),
            (
                "the same key twice",
                vec![
                    Sent(1, 1, false, 160),
                    Sent(1, 1, true, 320),
                    Sent(900, 1, false, 160),
                    Sent(900, 1, true, 320),
                ],
                "11",
            ),
            (
                "a late copy of the digit before",
                vec![
                    Sent(1, 1, true, 320),
                    Sent(900, 2, false, 160),
                    Sent(1, 1, true, 320),
                    Sent(900, 2, true, 320),
                ],
                "12",
            ),
            (
                "every end lost, another key follows",
                vec![
                    Sent(1, 1, false, 160),
                    Sent(900, 2, false, 160),
                    Sent(900, 2, true, 320),
                ],
                "12",
            ),
            (
                "every end lost, only the other's end follows",
                vec![Sent(1, 1, false, 160), Sent(900, 2, true, 320)],
                "12",
            ),
            (
                "every end lost, nothing follows",
                vec![Sent(1, 10, false, 160)],
                "*",
            ),
            (
                "the timestamp moves within a press",
                vec![
                    Sent(1, 7, false, 160),
                    Sent(161, 7, false, 320),
                    Sent(321, 7, true, 480),
                ],
                "7",
            ),
            (
                "no key",
                vec![Sent(1, 16, true, 160), Sent(2, 255, true, 1)],
                "",
            ),
        ];
        for (name, packets, expected) in cases {
            assert_eq!(heard(&packets), expected, "{name}");
        }
    }

    #[test]
    fn a_key_by_both_ways_counts_once() {
        let key = |key| Digit::new(key).unwrap();
        let mut both = KeyWays::default();
        assert!(both.by_message(key('1'), 0));
        assert!(!both.by_rtp(key('1'), 100), "the first was counted already");
        assert!(!both.by_message(key('1'), 900));
        assert!(both.by_rtp(key('1'), 950), "from now on RTP alone counts");

        let mut messages = KeyWays::default();
        assert!(messages.by_message(key('1'), 0) && messages.by_message(key('1'), 50));

        let mut late = KeyWays::default();
        assert!(late.by_message(key('1'), 0));
        assert!(late.by_rtp(key('1'), 1_500), "another press");
    }

    #[test]
    fn short_payloads_are_ignored() {
        let mut reader = DigitReader::default();
        assert_eq!(reader.packet(1, &[1, 0x80, 0], 0), None);
    }

    #[test]
    fn a_digit_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", Digit::new('7')), "Some(Digit(•))");
        assert_eq!(Digit::new('d').map(Digit::as_char), Some('D'));
        assert_eq!(Digit::new('E'), None);
    }
}
