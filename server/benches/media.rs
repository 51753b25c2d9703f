//! What a leg of audio costs: sessions in pairs that talk to each other over loopback, and the CPU
//! this process spends on them. Everything is counted: both sockets, both directions, reports.

#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use server::media::codec::{Codec, CodecOrder};
use server::media::sdp::{Offer, Srtp, Terms};
use server::media::tone::tone;
use server::media::{Bridge, LocalAddress, Media, Session, Settings};

/// Pairs of sessions, so twice as many legs.
const PAIRS: usize = 50;
/// Fewer, lest the audio thread be late and noise suppression rest.
const FEW: usize = 5;
const SECONDS: u64 = 5;
/// Linux tells CPU time in these on every common build.
const TICKS_PER_SECOND: f64 = 100.0;

type Pair = (Session, Session);
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let media = Media::start(&Settings {
        ports: 34_000..=37_999,
        timeout: Duration::from_secs(60),
        jitter_ms: 20..=200,
        threads: 1,
    })?;
    let terms = |codec, srtp, denoise| Terms {
        codecs: CodecOrder::new(vec![codec]).ok(),
        srtp,
        over_tls: true,
        denoise,
    };
    let cases = [
        ("PCMU", terms(Codec::Pcmu, Srtp::Off, false), false),
        ("G.722", terms(Codec::G722, Srtp::Off, false), false),
        (
            "PCMU, SRTP",
            terms(Codec::Pcmu, Srtp::Required, false),
            false,
        ),
        (
            "PCMU, noise suppression",
            terms(Codec::Pcmu, Srtp::Off, true),
            false,
        ),
        (
            "PCMU, bridged in pairs",
            terms(Codec::Pcmu, Srtp::Off, false),
            true,
        ),
    ];
    println!("| one leg of audio | of a core | packets lost |");
    println!("|---|---|---|");
    for (name, terms, bridged) in cases {
        let count = if terms.denoise { FEW } else { PAIRS };
        let pairs = (0..count)
            .map(|_| pair(&media, &terms))
            .collect::<Outcome<Vec<_>>>()?;
        let bridges: Vec<Bridge> = pairs
            .chunks_exact(2)
            .filter(|_| bridged)
            .map(|two| Bridge::join(&two[0].1, &two[1].0))
            .collect();
        sleep(Duration::from_secs(1));
        let (began, cpu) = (Instant::now(), cpu_seconds()?);
        sleep(Duration::from_secs(SECONDS));
        let spent = (cpu_seconds()? - cpu) / began.elapsed().as_secs_f64();
        let lost: u64 = pairs
            .iter()
            .map(|(_, there)| there.stats().received.lost)
            .sum();
        let of_a_core = spent * 100.0 / (count * 2) as f64;
        println!("| {name} | {of_a_core:.3} % | {lost} |");
        drop((bridges, pairs));
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Two sessions that have agreed and speak.
fn pair(media: &Media, terms: &Terms) -> Outcome<Pair> {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let local = LocalAddress {
        bind: here,
        advertised: here,
    };
    let offers = media.open_on(local, terms.clone())?;
    let answers = media.open_on(local, terms.clone())?;
    let answer = answers.answer(&Offer::parse(offers.offer().as_bytes())?)?;
    offers.accept(&Offer::parse(answer.as_bytes())?)?;
    for session in [&offers, &answers] {
        if let Some(line) = session.take_line() {
            line.want_audio();
            line.speak(tone(440.0, 8_000, 8_000).into());
        }
        session.start_sending();
    }
    Ok((offers, answers))
}

/// User and system time of this process.
fn cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no fields")?;
    let ticks = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<f64>)
        .sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}
