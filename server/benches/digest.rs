//! What it costs to ask for a digest and to judge the answer, replay window included.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};

use divan::{Bencher, black_box};
use md5::Digest;
use server::sip::digest::{
    Algorithm, Answer, Asked, Challenger, NonceKey, Offer, Outcome, UriRule,
};

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
const NOW: i64 = 1_700_000_000_000;
const URI: &str = "sip:+14155550100@sip.example.com";

fn main() {
    divan::main();
}

fn challenger() -> Challenger {
    let order = vec![Algorithm::Md5, Algorithm::Sha256];
    Challenger::new("patchbay", order, NonceKey::new([7; 32]))
}

#[divan::bench]
fn challenge(bencher: Bencher) {
    let challenger = challenger();
    bencher.bench_local(|| challenger.challenges(black_box(SOURCE), NOW, false, Offer::Configured));
}

#[divan::bench]
fn read_and_judge_md5(bencher: Bencher) {
    read_and_judge::<md5::Md5>(bencher, "MD5");
}

#[divan::bench]
fn read_and_judge_sha256(bencher: Bencher) {
    read_and_judge::<sha2::Sha256>(bencher, "SHA-256");
}

/// Each answer is counted once, so each round answers with the next nonce count.
fn read_and_judge<H: Digest>(bencher: Bencher, algorithm: &str) {
    let challenger = challenger();
    let challenges = challenger.challenges(SOURCE, NOW, false, Offer::Configured);
    let nonce = challenges
        .first()
        .and_then(|value| value.split("nonce=\"").nth(1)?.split('"').next())
        .unwrap_or_default();
    let rounds = Cell::new(0_u32);
    bencher
        .with_inputs(|| {
            rounds.set(rounds.get() + 1);
            header::<H>(algorithm, nonce, rounds.get())
        })
        .bench_local_values(|header| {
            let answer: Result<Answer, _> = header.parse();
            let asked = Asked {
                method: "INVITE",
                request_uri: URI,
                source: SOURCE,
                now_ms: NOW,
                offer: Offer::Configured,
            };
            let outcome = answer.map(|answer| {
                challenger.judge(&answer, asked, Some("s3cret"), UriRule::SameNumber)
            });
            assert!(matches!(outcome, Ok(Outcome::Right(_))), "{outcome:?}");
        });
}

fn header<H: Digest>(algorithm: &str, nonce: &str, count: u32) -> String {
    let hash = |text: &str| hex::encode(H::digest(text.as_bytes()));
    let secret = hash("carrier:patchbay:s3cret");
    let request = hash(&format!("INVITE:{URI}"));
    let response = hash(&format!("{secret}:{nonce}:{count:08x}:c:auth:{request}"));
    format!(
        "Digest username=\"carrier\", realm=\"patchbay\", nonce=\"{nonce}\", uri=\"{URI}\", \
         response=\"{response}\", algorithm={algorithm}, qop=auth, nc={count:08x}, cnonce=\"c\""
    )
}
