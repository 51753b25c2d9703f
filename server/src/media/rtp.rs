//! RTP packets (RFC 3550 §5.1): reading what arrives, numbering what leaves.

/// Bytes of a header without contributing sources or extension.
const HEADER: usize = 12;

/// Comfort noise (RFC 3389): taken as silence.
pub(super) const COMFORT_NOISE: u8 = 13;

/// A received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) payload_type: u8,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
    pub(super) payload: &'a [u8],
}

/// The numbering of one outgoing stream.
#[derive(Debug)]
pub(super) struct Outgoing {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Set on the first packet after a pause (RFC 3551 §4.1).
    marker: bool,
}

impl<'a> Packet<'a> {
    /// Reads a datagram; anything that is not RTP gives none. RTCP that strays to this port has
    /// payload types 72 to 76 here and is none of ours.
    pub(super) fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (header, mut rest) = datagram.split_at_checked(HEADER)?;
        if header[0] >> 6 != 2 {
            return None;
        }
        rest = rest.get(usize::from(header[0] & 0x0f) * 4..)?;
        if header[0] & 0x10 != 0 {
            let words = u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]);
            rest = rest.get(4 + usize::from(words) * 4..)?;
        }
        if header[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest
                .get(..rest.len().checked_sub(padding)?)
                .filter(|_| padding > 0)?;
        }
        Some(Self {
            payload_type: header[1] & 0x7f,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload: rest,
        })
    }
}

impl Outgoing {
    /// A stream that starts at the given numbers, which should be random (RFC 3550 §5.1).
    pub(super) fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            sequence,
            timestamp,
            marker: true,
        }
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of the next packet.
    pub(super) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Writes the next header into `packet`; the payload is appended by the caller.
    pub(super) fn start(&mut self, payload_type: u8, packet: &mut Vec<u8>) {
        packet.clear();
        let marker = if self.marker { 0x80 } else { 0 };
        packet.extend([0x80, marker | payload_type]);
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.marker = false;
    }

    /// Writes the header of an event, whose packets all carry the time it began (RFC 4733 §2.2.1).
    pub(super) fn start_event(
        &mut self,
        payload_type: u8,
        began: u32,
        begins: bool,
        packet: &mut Vec<u8>,
    ) {
        self.marker = begins;
        let now = std::mem::replace(&mut self.timestamp, began);
        self.start(payload_type, packet);
        self.timestamp = now;
    }

    /// Lets time pass, whether or not a packet was sent.
    pub(super) fn advance(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// The next packet follows a pause.
    pub(super) fn pause(&mut self) {
        self.marker = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        let mut out = Outgoing::new(7, u16::MAX, u32::MAX - 100);
        let mut packet = Vec::new();
        out.start(8, &mut packet);
        packet.extend([1, 2, 3]);
        assert_eq!(packet[1], 0x88, "the first packet carries the marker");
        let read = Packet::parse(&packet).unwrap();
        assert_eq!(
            (read.payload_type, read.sequence, read.ssrc),
            (8, u16::MAX, 7)
        );
        assert_eq!(read.payload, [1, 2, 3]);

        out.advance(160);
        out.start(8, &mut packet);
        let read = Packet::parse(&packet).unwrap();
        assert_eq!((read.sequence, read.timestamp), (0, 59), "both wrap around");
        assert_eq!(packet[1], 0x08);
    }

    #[test]
    fn skips_sources_extension_and_padding() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([0; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
        packet.extend([5, 6, 7, 0, 2]);
        assert_eq!(Packet::parse(&packet).unwrap().payload, [5, 6, 7]);
    }

    #[test]
    fn refuses_what_is_not_rtp() {
        let cases: [(&str, &[u8]); 5] = [
            ("nothing", &[]),
            ("a short header", &[0x80; 11]),
            ("another version", &[0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (
                "sources that are not there",
                &[0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ),
            (
                "padding longer than the payload",
                &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
            ),
        ];
        for (name, bytes) in cases {
            assert_eq!(Packet::parse(bytes), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            _ = Packet::parse(&bytes);
        }
    }
}
