//! RTCP (RFC 3550 §6): what we tell of what arrives, and what we are told of what we send.

use super::stats::Sent;

/// Ticks of the RTP clock in a millisecond.
const TICKS_PER_MS: i64 = 8;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// Bytes of one report block.
const BLOCK: usize = 24;

/// Counts one incoming stream (RFC 3550 §A.1, §A.3, §A.8).
#[derive(Debug, Default)]
pub(super) struct Reports {
    ssrc: u32,
    stream: Option<Stream>,
    /// Lost in streams before this one.
    lost_before: u64,
    jitter: f64,
    transit: Option<i64>,
    /// The middle of the other side's clock in its last report, and when that came.
    sender: Option<(u32, u64)>,
}

#[derive(Debug)]
struct Stream {
    first: u16,
    highest: u16,
    cycles: u32,
    received: u64,
    /// As of the last report, for the fraction since.
    expected_then: u64,
    received_then: u64,
}

/// What the other side reports of our stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct There {
    pub(super) lost: u64,
    pub(super) jitter_ms: f64,
    /// Of the last few seconds, in 256ths.
    pub(super) fraction_lost: u8,
    /// There and back. Our clock ticks every 20 ms, so it may be that much less.
    pub(super) round_trip_ms: Option<f64>,
}

/// A report that came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Report {
    /// About our stream; none if the other side has not heard of it.
    pub(super) there: Option<There>,
}

impl Reports {
    /// Another stream begins.
    pub(super) fn restart(&mut self, ssrc: u32) {
        self.lost_before = self.lost();
        self.ssrc = ssrc;
        self.stream = None;
        self.transit = None;
    }

    /// A packet came.
    pub(super) fn arrived(&mut self, sequence: u16, timestamp: u32, now_ms: u64) {
        match &mut self.stream {
            Some(stream) => stream.count(sequence),
            None => self.stream = Some(Stream::starting(sequence)),
        }
        let arrival = i64::try_from(now_ms).unwrap_or(i64::MAX / 16) * TICKS_PER_MS;
        let transit = arrival - i64::from(timestamp);
        if let Some(former) = self.transit.replace(transit) {
            // Timestamps wrap; half a minute of difference is a jump and no jitter.
            let deviation = (transit - former).abs();
            if deviation < 30_000 * TICKS_PER_MS {
                #[expect(clippy::cast_precision_loss, reason = "below 2^18")]
                let deviation = deviation as f64;
                self.jitter += (deviation - self.jitter) / 16.0;
            }
        }
    }

    /// Packets that never came.
    pub(super) fn lost(&self) -> u64 {
        self.lost_before + self.stream.as_ref().map_or(0, Stream::lost)
    }

    /// Mean deviation of arrival.
    pub(super) fn jitter_ms(&self) -> f64 {
        self.jitter / 8.0
    }

    /// Reads a compound packet; none if it holds no report at all.
    pub(super) fn read(&mut self, mut packet: &[u8], ours: u32, now_ms: u64) -> Option<Report> {
        let mut report = None;
        while let Some((whole, rest)) = split(packet) {
            packet = rest;
            let blocks = match whole[1] {
                SENDER_REPORT => {
                    let clock = word(whole, 8) << 16 | word(whole, 12) >> 16;
                    self.sender = Some((clock, now_ms));
                    28
                }
                RECEIVER_REPORT => 8,
                _ => continue,
            };
            let blocks = whole.get(blocks..).unwrap_or_default();
            let about_us = blocks
                .chunks_exact(BLOCK)
                .take(usize::from(whole[0] & 0x1f))
                .find(|block| word(block, 0) == ours)
                .map(|block| There::read(block, now_ms));
            let report = report.get_or_insert(Report { there: None });
            report.there = report.there.or(about_us);
        }
        report
    }

    /// A sender report with one block, and the description that must follow it.
    pub(super) fn write(&mut self, ours: u32, timestamp: u32, now_ms: u64, sent: &Sent) -> Vec<u8> {
        let mut out = Vec::with_capacity(80);
        let blocks = u8::from(self.stream.is_some());
        let words: u16 = if blocks == 1 { 12 } else { 6 };
        out.extend([0x80 | blocks, SENDER_REPORT]);
        out.extend(words.to_be_bytes());
        out.extend(ours.to_be_bytes());
        // Seconds and fraction of our own clock: only differences are used (§6.4.1).
        let seconds = u32::try_from(now_ms / 1_000).unwrap_or(u32::MAX);
        let fraction = u32::try_from(((now_ms % 1_000) << 32) / 1_000).unwrap_or(0);
        out.extend(seconds.to_be_bytes());
        out.extend(fraction.to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(low(sent.packets).to_be_bytes());
        out.extend(low(sent.bytes).to_be_bytes());
        if let Some(stream) = &mut self.stream {
            out.extend(self.ssrc.to_be_bytes());
            let lost = u32::try_from(stream.lost())
                .unwrap_or(u32::MAX)
                .min(0x7f_ffff);
            out.extend((u32::from(stream.fraction_lost()) << 24 | lost).to_be_bytes());
            out.extend((stream.cycles << 16 | u32::from(stream.highest)).to_be_bytes());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, bounded"
            )]
            let jitter = self.jitter.min(1e9) as u32;
            out.extend(jitter.to_be_bytes());
            let (clock, since) = self.sender.map_or((0, 0), |(clock, at_ms)| {
                (clock, units(now_ms.saturating_sub(at_ms)))
            });
            out.extend(clock.to_be_bytes());
            out.extend(since.to_be_bytes());
        }
        describe(ours, &mut out);
        out
    }
}

/// A canonical name, which every compound packet must hold (§6.1); it names nobody.
fn describe(ours: u32, out: &mut Vec<u8>) {
    const NAME: &[u8] = b"patchbay";
    out.extend([0x81, DESCRIPTION, 0, 4]);
    out.extend(ours.to_be_bytes());
    out.extend([1, 8]);
    out.extend(NAME);
    out.extend([0; 2]);
}

/// The end of our stream.
pub(super) fn goodbye(ours: u32) -> Vec<u8> {
    let mut out = vec![0x80, RECEIVER_REPORT, 0, 1];
    out.extend(ours.to_be_bytes());
    describe(ours, &mut out);
    out.extend([0x81, GOODBYE, 0, 1]);
    out.extend(ours.to_be_bytes());
    out
}

/// The first packet of a compound one, and the rest.
fn split(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = packet.first_chunk::<4>()?;
    if header[0] >> 6 != 2 {
        return None;
    }
    let length = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
    packet.split_at_checked(length)
}

/// The middle 32 bits of our clock, as reports carry it.
fn middle(now_ms: u64) -> u32 {
    low((now_ms << 16) / 1_000)
}

/// Time in 65,536ths of a second.
fn units(ms: u64) -> u32 {
    u32::try_from((ms << 16) / 1_000).unwrap_or(u32::MAX)
}

fn word(block: &[u8], at: usize) -> u32 {
    block.get(at..at + 4).map_or(0, |bytes| {
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    })
}

/// Counters on the wire wrap (§6.4.1).
fn low(count: u64) -> u32 {
    u32::try_from(count & 0xffff_ffff).unwrap_or(0)
}

impl There {
    fn read(block: &[u8], now_ms: u64) -> Self {
        let [fraction_lost, ..] = word(block, 4).to_be_bytes();
        let (ours, since) = (word(block, 16), word(block, 20));
        let passed = middle(now_ms).wrapping_sub(ours).wrapping_sub(since);
        // A clock that ticks every 20 ms may show less than nothing.
        let passed = passed.cast_signed().max(0);
        let plausible = ours != 0 && passed < 60 << 16;
        Self {
            lost: u64::from(word(block, 4) & 0xff_ffff),
            jitter_ms: f64::from(word(block, 12)) / 8.0,
            fraction_lost,
            round_trip_ms: plausible.then(|| f64::from(passed) / 65.536),
        }
    }
}

impl Stream {
    fn starting(sequence: u16) -> Self {
        Self {
            first: sequence,
            highest: sequence,
            cycles: 0,
            received: 1,
            expected_then: 0,
            received_then: 0,
        }
    }

    fn count(&mut self, sequence: u16) {
        self.received += 1;
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead != 0 && ahead < 0x8000 {
            if sequence < self.highest {
                self.cycles += 1;
            }
            self.highest = sequence;
        }
    }

    fn expected(&self) -> u64 {
        let highest = u64::from(self.cycles) << 16 | u64::from(self.highest);
        (highest + 1).saturating_sub(u64::from(self.first))
    }

    fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected() - self.expected_then;
        let received = self.received - self.received_then;
        self.expected_then = self.expected();
        self.received_then = self.received;
        let lost = expected.saturating_sub(received);
        let fraction = (lost << 8).checked_div(expected).unwrap_or(0);
        u8::try_from(fraction).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gaps_are_lost_and_late_packets_are_not() {
        let mut reports = Reports::default();
        reports.restart(9);
        for sequence in [65_533_u16, 65_534, 1, 0, 3] {
            reports.arrived(sequence, 0, 0);
        }
        // 65535 and 2 never came.
        assert_eq!(reports.lost(), 2);
        reports.restart(10);
        assert_eq!(
            reports.lost(),
            2,
            "a new stream does not forgive the old one"
        );
    }

    #[test]
    fn steady_packets_have_no_jitter() {
        let mut reports = Reports::default();
        for n in 0..100_u32 {
            reports.arrived(u16::try_from(n).unwrap(), n * 160, u64::from(n) * 20);
        }
        assert!(reports.jitter_ms() < 0.001);
    }

    #[test]
    fn what_we_write_can_be_read() {
        let mut reports = Reports::default();
        reports.restart(77);
        for sequence in [1, 2, 5] {
            reports.arrived(sequence, 0, 0);
        }
        let report = reports.write(5, 1, 1_234, &Sent::default());
        let mut theirs = Reports::default();
        let there = theirs.read(&report, 77, 0).unwrap().there.unwrap();
        assert_eq!((there.lost, there.fraction_lost), (2, 102));
        let about_another = theirs.read(&report, 5, 0);
        assert_eq!(about_another, Some(Report { there: None }));
        assert_eq!(report.len() % 4, 0);
    }

    #[test]
    fn the_way_there_and_back_is_measured() {
        let (mut ours, mut theirs) = (Reports::default(), Reports::default());
        theirs.restart(5);
        theirs.arrived(1, 0, 0);
        // Our clock says 70,000 when we send; theirs is another; their answer takes 300 ms.
        let sent = ours.write(5, 1, 70_000, &Sent::default());
        theirs.read(&sent, 9, 500_040).unwrap();
        let answer = theirs.write(9, 1, 500_340, &Sent::default());
        let there = ours.read(&answer, 5, 70_380).unwrap().there.unwrap();
        let round_trip = there.round_trip_ms.unwrap();
        assert!((round_trip - 80.0).abs() < 1.0, "{round_trip}");
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reports = Reports::default();
            _ = reports.read(&bytes, 1, 0);
            _ = reports.write(1, 1, 1, &Sent::default());
        }
    }
}
