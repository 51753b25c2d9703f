//! The pace of what an agent says, as the telephone at the other end meets it: a packet for every 20 ms, each
//! numbered and timed as the one after the last (RFC 3550 §5.1, RFC 3551 §4.5.14).

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use server::media::codec::{Codec, Decoder};

use crate::binary::Installation;
use crate::media_phone::Caller;
use crate::ops::{call_with, furnish};

const FRAME: Duration = Duration::from_millis(20);
const TICKS: u32 = 160;
const SPAN: Duration = Duration::from_secs(3);

struct Packet {
    at: Instant,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Vec<u8>,
}

impl Packet {
    fn read(datagram: &[u8]) -> Self {
        let at = Instant::now();
        let (head, payload) = datagram.split_at(12);
        assert_eq!(head[0], 0x80, "neither padded nor extended, and no mixer's");
        let word = |from: usize| u32::from_be_bytes(head[from..from + 4].try_into().unwrap());
        Self {
            at,
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: word(4),
            ssrc: word(8),
            payload: payload.to_vec(),
        }
    }
}

/// All that comes from the first packet on. On a thread that does nothing else: when a packet came must not depend
/// on what the rest of the test is at.
fn listen(socket: &UdpSocket) -> Vec<Packet> {
    let mut datagram = [0; 2_048];
    let mut packets: Vec<Packet> = Vec::new();
    while packets.first().is_none_or(|it| it.at.elapsed() < SPAN) {
        let length = socket.recv(&mut datagram).unwrap();
        packets.push(Packet::read(&datagram[..length]));
    }
    packets
}

fn in_order(packets: &[Packet]) {
    for pair in packets.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        let step = after.timestamp.wrapping_sub(before.timestamp);
        // What nobody waits for any more is left out, in whole frames, when the machine has held it up for more
        // than five of them.
        let held_up = after.at - before.at > FRAME * 5;
        assert!(
            step == TICKS || (held_up && step > TICKS && step.is_multiple_of(TICKS)),
            "{step} ticks after {:?}",
            after.at - before.at
        );
    }
}

fn steady(packets: &[Packet]) {
    let mut gaps: Vec<Duration> = packets
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    let took: Duration = gaps.iter().sum();
    let due = took.as_secs_f64() / FRAME.as_secs_f64();
    let share = f64::from(u32::try_from(gaps.len()).unwrap()) / due;
    assert!((0.9..1.1).contains(&share), "{share:.3} of {due:.0} due");
    gaps.sort_unstable();
    let median = gaps[gaps.len() / 2];
    assert!((15..=25).contains(&median.as_millis()), "{median:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_audio_has_a_packet_for_every_20_ms() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let caller = Caller::with(house.sip(), Codec::Pcmu, 101).await;
    let offer = caller.offer();
    let socket = caller.socket.into_std().unwrap();
    socket.set_nonblocking(false).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // From before the call, lest what comes first lies waiting and looks as if it had come at once.
    let listening = tokio::task::spawn_blocking(move || listen(&socket));
    let phone = call_with(&house, &access, &offer).await;
    let packets = listening.await.unwrap();
    phone.hang_up().await;

    in_order(&packets);
    steady(&packets);
    let mut decoder = Decoder::new(Codec::Pcmu);
    let mut samples = Vec::new();
    for packet in &packets {
        assert_eq!((packet.payload_type, packet.payload.len()), (0, 160));
        decoder.push(&packet.payload, &mut samples);
    }
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest > Some(1_000), "the greeting is not heard");
}
