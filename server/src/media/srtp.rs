//! Secure RTP and RTCP (RFC 3711) with the keys of a session description (RFC 4568).
//!
//! AES in counter mode and HMAC-SHA1, in place, from well-known crates; ours is the framing:
//! which index a packet has, whether it was seen before, where its tag stands. Nothing here logs
//! or shows a key.

use std::fmt;

use aes::Aes128;
use ctr::cipher::{InnerIvInit as _, KeyInit as _, StreamCipher as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

mod replay;
#[cfg(test)]
mod tests;

use replay::Replay;

type Counter = ctr::Ctr128BE<Aes128>;

/// Streams of one sender whose past is remembered: a phone that is moved starts another.
const MOST_STREAMS: usize = 8;
/// Authentication tag of reports, in both suites (RFC 4568 §6.2).
const REPORT_TAG: usize = 10;
/// The header of a report that stays readable.
const REPORT_HEADER: usize = 8;

/// A cipher suite (RFC 4568 §6.2). They differ in the length of the packets' tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`
    Tag32,
}

/// A master key and its salt, as one text after `inline:`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey(pub(super) [u8; 30]);

/// What protects both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// How.
    pub suite: Suite,
    /// What we send.
    pub ours: MasterKey,
    /// What they send.
    pub theirs: MasterKey,
}

/// Why a packet was not let in; it is dropped and counted, nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejected {
    /// Too short, or no RTP.
    Malformed,
    /// Its tag is not of this key.
    Forged,
    /// It came before, or is too old to tell.
    Replayed,
}

/// Keys for one direction of either protocol.
#[derive(Clone)]
struct Cipher {
    aes: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
    tag: usize,
}

/// Protects what we send.
pub(super) struct Protector {
    key: MasterKey,
    packets: Cipher,
    reports: Cipher,
    /// Of the last packet: its sequence number and how often that has wrapped.
    last: Option<u64>,
    next_report: u32,
}

/// Opens what they send.
pub(super) struct Opener {
    packets: Cipher,
    reports: Cipher,
    streams: Vec<Stream>,
}

struct Stream {
    ssrc: u32,
    packets: Replay,
    reports: Replay,
}

// === impl Suite, MasterKey ===

impl Suite {
    /// Both, in the order in which we offer them.
    pub const ALL: [Self; 2] = [Self::Tag80, Self::Tag32];

    /// Its name in `a=crypto`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    const fn tag(self) -> usize {
        match self {
            Self::Tag80 => 10,
            Self::Tag32 => 4,
        }
    }
}

impl MasterKey {
    /// From numbers nobody can guess.
    pub fn new((key, salt): ([u8; 16], [u8; 14])) -> Self {
        let mut both = [0; 30];
        both[..16].copy_from_slice(&key);
        both[16..].copy_from_slice(&salt);
        Self(both)
    }
}

/// A key must not reach a log by accident.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(•)")
    }
}

// === impl Cipher ===

impl Cipher {
    fn for_packets(suite: Suite, key: &MasterKey) -> Self {
        Self::derive(key, 0, suite.tag())
    }

    fn for_reports(key: &MasterKey) -> Self {
        Self::derive(key, 3, REPORT_TAG)
    }

    /// Key derivation with rate 0 (RFC 3711 §4.3): the labels are `first`, `first + 1`, `first + 2`.
    fn derive(master: &MasterKey, first: u8, tag: usize) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&master.0[..16]);
        let aes = Aes128::new(&key.into());
        let make = |label: u8, out: &mut [u8]| {
            let mut iv = [0; 16];
            iv[..14].copy_from_slice(&master.0[16..]);
            iv[7] ^= label;
            out.fill(0);
            counter(&aes, iv).apply_keystream(out);
        };
        let (mut key, mut auth, mut salt) = ([0; 16], [0; 20], [0; 14]);
        make(first, &mut key);
        make(first + 1, &mut auth);
        make(first + 2, &mut salt);
        Self {
            aes: Aes128::new(&key.into()),
            salt,
            // A block holds 64 bytes; 20 always fit.
            mac: keyed(&auth),
            tag,
        }
    }

    /// The same both ways (§4.1.1).
    fn crypt(&self, ssrc: u32, index: u64, payload: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (byte, part) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *byte ^= part;
        }
        for (byte, part) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *byte ^= part;
        }
        counter(&self.aes, iv).apply_keystream(payload);
    }

    fn sign(&self, packet: &[u8], rollover: &[u8]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(rollover);
        mac.finalize().into_bytes().into()
    }

    fn is_signed(&self, packet: &[u8], rollover: &[u8], tag: &[u8]) -> bool {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(rollover);
        mac.verify_truncated_left(tag).is_ok()
    }
}

fn counter(aes: &Aes128, iv: [u8; 16]) -> Counter {
    Counter::from_core(ctr::CtrCore::inner_iv_init(aes.clone(), &iv.into()))
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha1> {
    Hmac::new_from_slice(key).expect("a key of 20 bytes")
}

// === impl Protector ===

impl Protector {
    pub(super) fn new(suite: Suite, key: &MasterKey) -> Self {
        Self {
            key: *key,
            packets: Cipher::for_packets(suite, key),
            reports: Cipher::for_reports(key),
            last: None,
            next_report: 0,
        }
    }

    pub(super) fn has(&self, key: &MasterKey) -> bool {
        self.key == *key
    }

    /// Another suite with the same key, which goes on counting.
    pub(super) fn change(&mut self, suite: Suite) {
        self.packets.tag = suite.tag();
    }

    /// Encrypts a packet of ours and appends its tag.
    pub(super) fn packet(&mut self, packet: &mut Vec<u8>) {
        let Some((sequence, ssrc, header)) = head(packet) else {
            return;
        };
        let index = match self.last {
            Some(last) => nearest(sequence, last),
            None => u64::from(sequence),
        };
        self.last = Some(self.last.map_or(index, |last| last.max(index)));
        self.packets.crypt(ssrc, index, &mut packet[header..]);
        let tag = self.packets.sign(packet, &rollover(index));
        packet.extend_from_slice(&tag[..self.packets.tag]);
    }

    /// Encrypts a report of ours and appends index and tag (§3.4).
    pub(super) fn report(&mut self, report: &mut Vec<u8>) {
        let Some(ssrc) = word(report, 4) else {
            return;
        };
        let index = self.next_report;
        self.next_report = (index + 1) & 0x7fff_ffff;
        let payload = report.get_mut(REPORT_HEADER..).unwrap_or_default();
        self.reports.crypt(ssrc, u64::from(index), payload);
        report.extend_from_slice(&(index | 0x8000_0000).to_be_bytes());
        let tag = self.reports.sign(report, &[]);
        report.extend_from_slice(&tag[..REPORT_TAG]);
    }
}

// === impl Opener ===

impl Opener {
    pub(super) fn new(suite: Suite, key: &MasterKey) -> Self {
        Self {
            packets: Cipher::for_packets(suite, key),
            reports: Cipher::for_reports(key),
            streams: Vec::new(),
        }
    }

    /// Checks and decrypts a packet in place; returns how much of it is RTP.
    pub(super) fn packet(&mut self, packet: &mut [u8]) -> Result<usize, Rejected> {
        let tag = self.packets.tag;
        let length = packet.len().checked_sub(tag).ok_or(Rejected::Malformed)?;
        let (packet, tag) = packet.split_at_mut(length);
        let (sequence, ssrc, header) = head(packet).ok_or(Rejected::Malformed)?;
        let known = self.streams.iter().position(|stream| stream.ssrc == ssrc);
        let newest = known.and_then(|at| self.streams[at].packets.newest());
        let index = newest.map_or(u64::from(sequence), |newest| nearest(sequence, newest));
        if known.is_some_and(|at| self.streams[at].packets.has_seen(index)) {
            return Err(Rejected::Replayed);
        }
        if !self.packets.is_signed(packet, &rollover(index), tag) {
            return Err(Rejected::Forged);
        }
        self.stream(ssrc, known).packets.note(index);
        self.packets.crypt(ssrc, index, &mut packet[header..]);
        Ok(length)
    }

    /// The same for a report.
    pub(super) fn report(&mut self, report: &mut [u8]) -> Result<usize, Rejected> {
        let signed = report.len().checked_sub(REPORT_TAG);
        let signed = signed.ok_or(Rejected::Malformed)?;
        let (report, tag) = report.split_at_mut(signed);
        let length = signed.checked_sub(4).filter(|l| *l >= REPORT_HEADER);
        let length = length.ok_or(Rejected::Malformed)?;
        let trailer = word(report, length).ok_or(Rejected::Malformed)?;
        let ssrc = word(report, 4).ok_or(Rejected::Malformed)?;
        let index = u64::from(trailer & 0x7fff_ffff);
        let known = self.streams.iter().position(|stream| stream.ssrc == ssrc);
        if known.is_some_and(|at| self.streams[at].reports.has_seen(index)) {
            return Err(Rejected::Replayed);
        }
        if !self.reports.is_signed(report, &[], tag) {
            return Err(Rejected::Forged);
        }
        self.stream(ssrc, known).reports.note(index);
        if trailer & 0x8000_0000 != 0 {
            let payload = &mut report[REPORT_HEADER..length];
            self.reports.crypt(ssrc, index, payload);
        }
        Ok(length)
    }

    /// A stream that has proved itself, remembered from now on.
    fn stream(&mut self, ssrc: u32, known: Option<usize>) -> &mut Stream {
        let at = known.unwrap_or_else(|| {
            if self.streams.len() == MOST_STREAMS {
                self.streams.remove(0);
            }
            self.streams.push(Stream {
                ssrc,
                packets: Replay::default(),
                reports: Replay::default(),
            });
            self.streams.len() - 1
        });
        &mut self.streams[at]
    }
}

impl fmt::Debug for Protector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protector(•)")
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(•)")
    }
}

/// Sequence number, SSRC and length of the header, with sources and extension.
fn head(packet: &[u8]) -> Option<(u16, u32, usize)> {
    let first = *packet.first().filter(|first| **first >> 6 == 2)?;
    let sequence = u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]);
    let ssrc = word(packet, 8)?;
    let mut length = 12 + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes([*packet.get(length + 2)?, *packet.get(length + 3)?]);
        length += 4 + usize::from(words) * 4;
    }
    (length <= packet.len()).then_some((sequence, ssrc, length))
}

fn word(packet: &[u8], at: usize) -> Option<u32> {
    let bytes = packet.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// The index whose lower bits are `sequence` and that is nearest to `newest` (§3.3.1).
fn nearest(sequence: u16, newest: u64) -> u64 {
    let high = newest & !0xffff;
    let here = high | u64::from(sequence);
    let candidates = [
        here.checked_sub(0x1_0000),
        Some(here),
        here.checked_add(0x1_0000),
    ];
    candidates
        .into_iter()
        .flatten()
        .min_by_key(|index| index.abs_diff(newest))
        .unwrap_or(here)
}

/// How often the sequence number has wrapped, as it is signed along.
fn rollover(index: u64) -> [u8; 4] {
    let [_, _, a, b, c, d, _, _] = index.to_be_bytes();
    [a, b, c, d]
}
