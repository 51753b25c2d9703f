use super::*;
use crate::media::codec::{Decoder, Encoder};

const FRAME_SAMPLES: usize = 160;

use proptest::prelude::*;

const DELAYS: RangeInclusive<u64> = 20..=200;

/// Plays packets as they arrive, `arrivals[tick]` naming those that come in that tick, and
/// returns the middle sample of each frame played. Packet `n` sounds like `loud(n)`.
fn play(arrivals: &[Vec<u32>], ptime: u32) -> (Vec<i16>, JitterBuffer) {
    let mut buffer = JitterBuffer::new(&DELAYS);
    let mut heard = Vec::new();
    for packets in arrivals {
        for n in packets {
            let mut payload = Vec::new();
            let samples = usize::try_from(ptime * 8).unwrap();
            Encoder::new(Codec::Pcma).push(&vec![loud(*n); samples], &mut payload);
            let timestamp = (u32::MAX - 1_000).wrapping_add(n * ptime * 8);
            buffer.push(timestamp, Codec::Pcma, &payload);
        }
        let mut frame = [0; FRAME_SAMPLES];
        buffer.pull(&mut frame);
        heard.push(frame[80]);
    }
    (heard, buffer)
}

/// Sixteen levels that A-law keeps apart; never quiet.
fn loud(n: u32) -> i16 {
    let mut payload = Vec::new();
    let mut back = Vec::new();
    let level = i16::try_from(1_000 + (n % 16) * 500).unwrap();
    Encoder::new(Codec::Pcma).push(&[level], &mut payload);
    Decoder::new(Codec::Pcma).push(&payload, &mut back);
    back[0]
}

fn in_time(count: u32) -> Vec<Vec<u32>> {
    (0..count).map(|n| vec![n]).collect()
}

#[test]
fn packets_in_time_are_played_in_order_twenty_ms_late() {
    let (heard, buffer) = play(&in_time(100), 20);
    assert_eq!(heard[0], 0);
    let expected: Vec<i16> = (0..99).map(loud).collect();
    assert_eq!(heard[1..], expected);
    assert_eq!(buffer.counts(), Counts::default());
}

#[test]
fn any_packet_length_is_played_whole() {
    let cases = [
        (
            10,
            (0..50).map(|n| vec![2 * n, 2 * n + 1]).collect::<Vec<_>>(),
        ),
        (
            30,
            (0..60)
                .map(|n| {
                    if n % 3 == 2 {
                        vec![]
                    } else {
                        vec![n / 3 * 2 + n % 3]
                    }
                })
                .collect(),
        ),
        (
            40,
            (0..60)
                .map(|n| if n % 2 == 1 { vec![] } else { vec![n / 2] })
                .collect(),
        ),
        (
            60,
            (0..60)
                .map(|n| if n % 3 == 0 { vec![n / 3] } else { vec![] })
                .collect(),
        ),
    ];
    for (ptime, arrivals) in cases {
        let (heard, buffer) = play(&arrivals, ptime);
        assert_eq!(buffer.counts().late, 0, "{ptime} ms");
        let silent = heard[10..].iter().filter(|sample| **sample == 0).count();
        assert_eq!(silent, 0, "{ptime} ms: {heard:?}");
    }
}

/// Every sample of packets of any length, which begin anywhere in a frame, is that of a decoder which is given them one
/// after the other. What was in the frame before is written over.
#[test]
fn what_is_played_is_what_was_sent_to_the_sample() {
    for codec in [Codec::Pcmu, Codec::G722] {
        for ptime in [10_usize, 20, 30, 40, 60] {
            for delay_ms in [20_u64, 25, 33] {
                let (sent, played) = sent_and_played(codec, ptime, delay_ms, 0);
                let silent = usize::try_from(delay_ms).unwrap() * codec.rate().frame() / 20;
                let (before, after) = played.split_at(silent);
                let what = format!("{codec:?}, {ptime} ms, {delay_ms} ms late");
                assert!(before.iter().all(|sample| *sample == 0), "{what}");
                assert!(after == &sent[..after.len()], "{what}");
            }
        }
    }
}

/// Where the delay is cut in the middle of a packet, it goes on from there.
#[test]
fn what_is_left_out_is_left_out_to_the_sample() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let (mut sent, played) = sent_and_played(codec, 20, 20, 100);
        let samples = codec.rate().frame() * 100 / 160;
        let cut = codec.rate().frame() * 39;
        sent.drain(cut..cut + samples);
        let after = &played[codec.rate().frame()..];
        assert!(after == &sent[..after.len()], "{codec:?}");
    }
}

/// One and a half seconds: the delay is not looked at yet. In the middle of it some ticks are left out.
fn sent_and_played(
    codec: Codec,
    ptime: usize,
    delay_ms: u64,
    left_out: i64,
) -> (Vec<i16>, Vec<i16>) {
    let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
    let (frame, rate) = (codec.rate().frame(), codec.rate());
    let mut buffer = JitterBuffer::new(&(delay_ms..=200));
    buffer.set_rate(rate);
    let (mut said, mut sent, mut played) = (0_i32, Vec::new(), Vec::new());
    for tick in 0..75 {
        while sent.len() <= tick * frame {
            let mut payload = Vec::new();
            let samples: Vec<i16> = (0..frame * ptime / 20)
                .map(|_| {
                    said += 1;
                    i16::try_from(said * 311 % 16_000 - 8_000).unwrap()
                })
                .collect();
            let timestamp = u32::try_from(sent.len() * FRAME_SAMPLES / frame).unwrap();
            encoder.push(&samples, &mut payload);
            decoder.push(&payload, &mut sent);
            buffer.push(timestamp, codec, &payload);
        }
        if let (Some(line), 40) = (&mut buffer.timeline, tick) {
            line.next += left_out;
        }
        let mut room = vec![i16::MAX; frame];
        buffer.pull(&mut room);
        played.extend(room);
    }
    assert_eq!(buffer.counts(), Counts::default());
    (sent, played)
}

#[test]
fn swapped_packets_lose_nothing() {
    let arrivals: Vec<Vec<u32>> = (0..500).map(|n| vec![n ^ 1]).collect();
    let (heard, buffer) = play(&arrivals, 20);
    assert_eq!(buffer.counts().late, 0);
    let first = heard.iter().position(|sample| *sample != 0).unwrap();
    let expected: Vec<i16> = (0..490).map(loud).collect();
    assert_eq!(heard[first..first + 490], expected);
}

#[test]
fn a_lost_packet_is_covered_by_the_one_before_it() {
    let mut arrivals = in_time(50);
    arrivals[20].clear();
    let (heard, buffer) = play(&arrivals, 20);
    assert_eq!(
        buffer.counts(),
        Counts {
            late: 0,
            concealed: 1
        }
    );
    let (guess, before) = (heard[21], loud(19));
    assert!(
        guess > before * 9 / 10 && guess <= before,
        "{guess} {before}"
    );
    assert_eq!(heard[22], loud(21));
}

#[test]
fn a_long_gap_ends_in_silence() {
    let mut arrivals = in_time(50);
    arrivals[20..30].iter_mut().for_each(Vec::clear);
    let (heard, _) = play(&arrivals, 20);
    assert_eq!(heard[25], 0);
    assert_eq!(heard[31], loud(30));
}

#[test]
fn the_delay_grows_with_the_network_and_shrinks_again() {
    // Four ticks of nothing, then all at once, again and again; then a good network.
    let bad = (0..200).map(|n| {
        if n % 5 == 4 {
            (n - 4..=n).collect()
        } else {
            vec![]
        }
    });
    let good = (200..2_000).map(|n| vec![n]);
    let (heard, buffer) = play(&bad.chain(good).collect::<Vec<_>>(), 20);
    let silent = heard[30..200].iter().filter(|sample| **sample == 0).count();
    assert_eq!(silent, 0, "{:?}", &heard[..60]);
    assert!(buffer.delay_ms() <= 40, "{} ms", buffer.delay_ms());
    assert!(buffer.counts().late < 10, "{:?}", buffer.counts());
}

#[test]
fn a_path_that_became_longer_for_good_is_followed() {
    let before = (0..50).map(|n| vec![n]);
    let gap = (0..40).map(|_| vec![]);
    let after = (50..200).map(|n| vec![n]);
    let (heard, _) = play(&before.chain(gap).chain(after).collect::<Vec<_>>(), 20);
    assert!(heard[150..].iter().all(|sample| *sample != 0));
}

#[test]
fn one_wild_timestamp_is_ignored_and_two_start_anew() {
    let mut buffer = JitterBuffer::new(&DELAYS);
    let payload = [0x55; 160];
    buffer.push(1_000, Codec::Pcma, &payload);
    buffer.push(900_000, Codec::Pcma, &payload);
    assert_eq!(buffer.timeline.map(|line| line.next), Some(840));
    buffer.push(900_160, Codec::Pcma, &payload);
    assert_eq!(buffer.timeline.map(|line| line.next), Some(900_000));
}

#[test]
fn copies_are_played_once_and_a_flood_is_bounded() {
    let mut buffer = JitterBuffer::new(&DELAYS);
    for n in 0..1_000 {
        buffer.push(n / 2 * 160, Codec::Pcma, &[0x55; 160]);
    }
    assert!(buffer.packets.len() <= MAX_PACKETS);
}

#[test]
fn ten_seconds_of_reordering_cost_delay_and_not_words() {
    // Within each 100 ms everything comes in the worst order; then the network is good again.
    let bad = (0..500).map(|n| vec![n / 5 * 5 + 4 - n % 5]);
    let good = (500..1_500).map(|n| vec![n]);
    let (heard, buffer) = play(&bad.chain(good).collect::<Vec<_>>(), 20);
    let settled = heard.iter().position(|sample| *sample == loud(25)).unwrap();
    let silent = heard[settled..]
        .iter()
        .filter(|sample| **sample == 0)
        .count();
    assert_eq!(silent, 0);
    assert!(buffer.counts().late < 10, "{:?}", buffer.counts());
    assert!(buffer.delay_ms() <= 40, "{} ms", buffer.delay_ms());
}

#[test]
fn ten_seconds_backwards_do_no_harm_to_what_follows() {
    let bad = (0..500).map(|n| vec![499 - n]);
    let good = (500..900).map(|n| vec![n]);
    let (heard, _) = play(&bad.chain(good).collect::<Vec<_>>(), 20);
    assert!(heard[600..].iter().all(|sample| *sample != 0));
}

#[test]
fn g722_is_played_at_its_own_rate_and_g711_beside_it_fits() {
    let mut buffer = JitterBuffer::new(&DELAYS);
    buffer.set_rate(Rate::Wide);
    let (mut wide, mut narrow) = (Encoder::new(Codec::G722), Encoder::new(Codec::Pcmu));
    let mut played = Vec::new();
    for n in 0..100_u32 {
        let mut payload = Vec::new();
        let codec = if n < 50 { Codec::G722 } else { Codec::Pcmu };
        match codec {
            Codec::G722 => wide.push(&[3_000; 320], &mut payload),
            _ => narrow.push(&[3_000; 160], &mut payload),
        }
        buffer.push(n * 160, codec, &payload);
        let mut frame = [0; 320];
        buffer.pull(&mut frame);
        played.push(frame[160]);
    }
    assert_eq!(buffer.counts(), Counts::default());
    assert!(
        played[5..]
            .iter()
            .all(|sample| (2_700..3_300).contains(sample)),
        "{played:?}"
    );
}

proptest! {
    #[test]
    fn hostile_timestamps_never_panic(
        packets in proptest::collection::vec((any::<u32>(), 0..400_usize, any::<bool>()), 0..300),
    ) {
        let mut buffer = JitterBuffer::new(&DELAYS);
        let mut frame = [0; FRAME_SAMPLES];
        for (timestamp, length, pull) in packets {
            buffer.push(timestamp, Codec::Pcmu, &vec![0; length]);
            if pull {
                buffer.pull(&mut frame);
            }
        }
    }

    #[test]
    fn a_shuffle_within_sixty_ms_settles_without_loss(seed in proptest::collection::vec(0..3_usize, 400)) {
        let mut order: Vec<u32> = (0..400).collect();
        for (index, offset) in seed.iter().enumerate() {
            let other = (index + offset).min(399);
            if order[index].abs_diff(order[other]) <= 2 {
                order.swap(index, other);
            }
        }
        let (_, buffer) = play(&order.into_iter().map(|n| vec![n]).collect::<Vec<_>>(), 20);
        prop_assert!(buffer.counts().late <= 6, "{:?}", buffer.counts());
    }
}
