//! SIP messages as a capture file (libpcap 2.4, microseconds, raw IP), so that Wireshark
//! draws them as it draws the carrier's own. Addresses and ports of the peer are the real
//! ones; ours is a documentation address (RFC 5737, RFC 3849), because which of our
//! addresses a packet met is not kept, and lengths are those after redaction.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use app::domain::call::SipMessageRecord;
use app::domain::sip::Transport;

const OURS_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OURS_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const SIP_PORT: u16 = 5060;
/// `LINKTYPE_RAW`: a packet begins with its IP header.
const RAW_IP: u32 = 101;
/// More than any message kept here.
const SNAP: u32 = 262_144;
/// What fits beside the headers into one IP packet.
const MOST: usize = 65_000;
const UDP: u8 = 17;
const TCP: u8 = 6;

/// The whole file.
pub(super) fn write(messages: &[SipMessageRecord]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(4_u16.to_le_bytes());
    // Time zone and accuracy, both always 0.
    file.extend([0; 8]);
    file.extend(SNAP.to_le_bytes());
    file.extend(RAW_IP.to_le_bytes());
    let mut streams = Streams::default();
    for message in messages {
        let packet = packet(message, &mut streams);
        let at = u64::try_from(message.at).unwrap_or(0);
        let length = u32::try_from(packet.len()).unwrap_or(SNAP);
        file.extend(low(at / 1000).to_le_bytes());
        file.extend(low(at % 1000 * 1000).to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(packet);
    }
    file
}

/// The format counts seconds in 32 bits, until 2106.
fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How far each direction of a TCP conversation has come.
#[derive(Default)]
struct Streams {
    sent: u32,
    received: u32,
}

fn packet(message: &SipMessageRecord, streams: &mut Streams) -> Vec<u8> {
    let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), SIP_PORT);
    let peer = message.peer.parse().unwrap_or(unknown);
    let ours = match peer {
        SocketAddr::V4(_) => IpAddr::V4(OURS_V4),
        SocketAddr::V6(_) => IpAddr::V6(OURS_V6),
    };
    let ours = SocketAddr::new(ours, SIP_PORT);
    let (from, to) = if message.sent {
        (ours, peer)
    } else {
        (peer, ours)
    };
    let text = message.text.as_bytes();
    let payload = text.get(..MOST).unwrap_or(text);
    let (kind, mut segment) = match message.transport {
        Transport::Udp => (UDP, datagram(from, to, payload)),
        Transport::Tcp | Transport::Tls => {
            let (own, other) = if message.sent {
                (&mut streams.sent, streams.received)
            } else {
                (&mut streams.received, streams.sent)
            };
            let segment = stream_segment(from, to, *own, other, payload);
            *own = own.wrapping_add(u32::try_from(payload.len()).unwrap_or(0));
            (TCP, segment)
        }
    };
    let sum = checksum(&[&pseudo_header(from, to, kind, segment.len()), &segment]);
    let at = if kind == UDP { 6 } else { 16 };
    if let Some(place) = segment.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    let mut packet = ip_header(from, to, kind, segment.len());
    packet.extend(segment);
    packet
}

fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut segment = Vec::with_capacity(8 + payload.len());
    segment.extend(from.port().to_be_bytes());
    segment.extend(to.port().to_be_bytes());
    segment.extend(length(8 + payload.len()).to_be_bytes());
    segment.extend([0, 0]);
    segment.extend(payload);
    segment
}

/// In the middle of a conversation: PSH and ACK, no options.
fn stream_segment(
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    acknowledged: u32,
    payload: &[u8],
) -> Vec<u8> {
    const FIVE_WORDS: u8 = 5 << 4;
    const PSH_ACK: u8 = 0b0001_1000;
    let mut segment = Vec::with_capacity(20 + payload.len());
    segment.extend(from.port().to_be_bytes());
    segment.extend(to.port().to_be_bytes());
    segment.extend(sequence.wrapping_add(1).to_be_bytes());
    segment.extend(acknowledged.wrapping_add(1).to_be_bytes());
    segment.extend([FIVE_WORDS, PSH_ACK, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn ip_header(from: SocketAddr, to: SocketAddr, kind: u8, payload: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(40);
    if from.is_ipv4() {
        header.extend([0x45, 0]);
        header.extend(length(20 + payload).to_be_bytes());
        header.extend([0, 0, 0x40, 0, 64, kind, 0, 0]);
    } else {
        header.extend([0x60, 0, 0, 0]);
        header.extend(length(payload).to_be_bytes());
        header.extend([kind, 64]);
    }
    header.extend(octets(from.ip()));
    header.extend(octets(to.ip()));
    if from.is_ipv4() {
        let sum = checksum(&[&header]).to_be_bytes();
        if let Some(place) = header.get_mut(10..12) {
            place.copy_from_slice(&sum);
        }
    }
    header
}

/// What UDP and TCP add to their checksum (RFC 768, RFC 8200 §8.1).
fn pseudo_header(from: SocketAddr, to: SocketAddr, kind: u8, payload: usize) -> Vec<u8> {
    let mut header = octets(from.ip());
    header.extend(octets(to.ip()));
    if from.is_ipv4() {
        header.extend([0, kind]);
        header.extend(length(payload).to_be_bytes());
    } else {
        header.extend(u32::from(length(payload)).to_be_bytes());
        header.extend([0, 0, 0, kind]);
    }
    header
}

/// RFC 1071. Every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            let high = pair.first().copied().unwrap_or(0);
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([high, low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    match !u16::try_from(sum).unwrap_or(0) {
        // To UDP 0 means that there is none.
        0 => 0xffff,
        sum => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(peer: &str, transport: Transport, sent: bool, text: &str) -> SipMessageRecord {
        SipMessageRecord {
            at: 1_795_396_231_042,
            sent,
            peer: peer.to_owned(),
            transport,
            summary: String::new(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_datagram_is_a_packet_with_right_sums() {
        let file = write(&[message(
            "203.0.113.10:5070",
            Transport::Udp,
            false,
            "OPTIONS",
        )]);
        assert_eq!(&file[..4], &[0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(&file[20..24], &101_u32.to_le_bytes());
        assert_eq!(&file[24..28], &1_795_396_231_u32.to_le_bytes());
        assert_eq!(&file[28..32], &42_000_u32.to_le_bytes());
        let packet = &file[40..];
        assert_eq!(packet.len(), 20 + 8 + 7);
        assert_eq!(&packet[12..20], &[203, 0, 113, 10, 192, 0, 2, 1]);
        // A sum over a whole that holds its own sum is all ones, which is written as such.
        assert_eq!(checksum(&[&packet[..20]]), 0xffff);
        let from = "203.0.113.10:5070".parse().unwrap();
        let to = "192.0.2.1:5060".parse().unwrap();
        let pseudo = pseudo_header(from, to, UDP, 15);
        assert_eq!(checksum(&[&pseudo, &packet[20..]]), 0xffff);
        assert_eq!(&packet[28..], b"OPTIONS");
    }

    #[test]
    fn a_stream_counts_its_bytes_in_each_direction() {
        let peer = "[2001:db8::9]:6000";
        let file = write(&[
            message(peer, Transport::Tcp, false, "INVITE"),
            message(peer, Transport::Tcp, true, "100"),
            message(peer, Transport::Tls, false, "ACK"),
        ]);
        let first = 40;
        let second = first + 40 + 20 + 6 + 16;
        let third = second + 40 + 20 + 3 + 16;
        let sequence = |at: usize| u32::from_be_bytes(file[at + 44..at + 48].try_into().unwrap());
        assert_eq!(file[first] >> 4, 6);
        assert_eq!(
            (sequence(first), sequence(second), sequence(third)),
            (1, 1, 7)
        );
    }

    #[test]
    fn a_peer_that_cannot_be_read_and_a_huge_message_are_no_trouble() {
        let huge = "x".repeat(300_000);
        let file = write(&[message("nobody", Transport::Udp, true, &huge)]);
        assert!(file.len() < 70_000);
        assert_eq!(write(&[]).len(), 24);
    }
}
