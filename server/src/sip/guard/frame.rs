//! Cuts a byte stream into messages (RFC 3261 §18.3). Bounded: it never holds more than one
//! message of the largest size.

use super::screen::MAX_FRAME;
use crate::sip::message::split_head;

/// Longest start line and headers together.
const MAX_HEAD: usize = 16 * 1024;

/// One thing a stream held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Message(Vec<u8>),
    /// A double line break that wants a single one back (RFC 5626 §3.5.1).
    Ping,
    /// Longer than allowed: its start, to be answered with 513. Nothing follows.
    TooLarge(Vec<u8>),
    /// No telling where the next message starts: its start, to be answered. Nothing follows.
    Lost(Vec<u8>),
}

#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// No head ends before this, so that a trickle is not searched again and again.
    searched: usize,
    closed: bool,
}

impl Framer {
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Is a message under way? Then its sender has to hurry.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// After this the connection is of no more use.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn next_frame(&mut self) -> Option<Frame> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.take(4);
            return Some(Frame::Ping);
        }
        let blank = self
            .buffer
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        // A lone CR LF may still become a ping.
        if blank == self.buffer.len() {
            if blank > 4 {
                self.take(blank);
            }
            return None;
        }
        if blank > 0 {
            self.take(blank);
        }
        let from = self.searched.saturating_sub(3);
        let Some((_, after)) = split_head(&self.buffer[from..]) else {
            self.searched = self.buffer.len();
            return (self.buffer.len() > MAX_HEAD).then(|| self.close(Frame::TooLarge));
        };
        let head = self.buffer.len() - after.len();
        if head > MAX_HEAD {
            return Some(self.close(Frame::TooLarge));
        }
        let Some(length) = content_length(&self.buffer[..head]) else {
            return Some(self.close(Frame::Lost));
        };
        match head.checked_add(length) {
            Some(total) if total <= MAX_FRAME => {
                if self.buffer.len() < total {
                    self.searched = head.saturating_sub(4);
                    return None;
                }
                Some(Frame::Message(self.take(total)))
            }
            _ => Some(self.close(Frame::TooLarge)),
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.searched = 0;
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }

    fn close(&mut self, frame: impl Fn(Vec<u8>) -> Frame) -> Frame {
        self.closed = true;
        frame(std::mem::take(&mut self.buffer))
    }
}

/// Zero when absent; `None` when it is no number or there are two.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l") {
            let value = std::str::from_utf8(line[colon + 1..].trim_ascii()).ok()?;
            if found.is_some() || !value.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            found = Some(value.parse().ok()?);
        }
    }
    Some(found.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &[u8] = b"INFO sip:h SIP/2.0\r\nContent-Length: 5\r\n\r\nhello";
    const B: &[u8] = b"OPTIONS sip:h SIP/2.0\nl: 0\n\n";

    fn frames(bytes: &[u8], step: usize) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for chunk in bytes.chunks(step.max(1)) {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame() {
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn cuts_messages_however_they_arrive() {
        let stream = [b"\r\n\r\n", A, b"\r\n", B, A].concat();
        let expected = [
            Frame::Ping,
            Frame::Message(A.to_vec()),
            Frame::Message(B.to_vec()),
            Frame::Message(A.to_vec()),
        ];
        for step in 1..stream.len() {
            assert_eq!(frames(&stream, step), expected, "step {step}");
        }
    }

    #[test]
    fn gives_up_where_it_must() {
        let long = b"INFO sip:h SIP/2.0\r\nContent-Length: 65536\r\n\r\n";
        assert!(matches!(frames(long, 7)[..], [Frame::TooLarge(_)]));
        let endless = vec![b'A'; 3 * MAX_HEAD];
        assert!(matches!(frames(&endless, 999)[..], [Frame::TooLarge(_)]));
        for length in [
            "-1",
            "x",
            "1\r\nContent-Length: 1",
            "99999999999999999999999",
        ] {
            let broken = format!("INFO sip:h SIP/2.0\r\nContent-Length: {length}\r\n\r\n");
            assert!(
                matches!(frames(broken.as_bytes(), 7)[..], [Frame::Lost(_)]),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_holds_more_than_one_message(bytes in prop::collection::vec(any::<u8>(), 0..40_000)) {
            let mut framer = Framer::default();
            for chunk in bytes.chunks(1000) {
                framer.push(chunk);
                while framer.next_frame().is_some() {}
                prop_assert!(framer.buffer.len() <= MAX_FRAME + 1000);
            }
        }
    }
}
