//! The fuzz targets (`server/fuzz`) without a fuzzer, which needs a nightly compiler: they compile, and hold for their
//! corpus, the torture set, and some thousand mutations of these that are the same each time.

#[expect(unused_attributes, reason = "no_main is for the program that it is")]
#[path = "../../fuzz/fuzz_targets/digest.rs"]
mod digest;
#[expect(unused_attributes, reason = "no_main is for the program that it is")]
#[path = "../../fuzz/fuzz_targets/frame.rs"]
mod frame;
#[expect(unused_attributes, reason = "no_main is for the program that it is")]
#[path = "../../fuzz/fuzz_targets/screen.rs"]
mod screen;

use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// In the place of libFuzzer's (`extern crate self` in `main.rs`): what is fuzzed becomes a function.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $kind:ty| $body:block) => {
        pub(super) fn holds($input: $kind) $body
    };
}

const MUTATIONS: usize = 2_000;

/// What means something to one of them, or to what they call.
const WORDS: [&str; 14] = [
    "\r\n",
    "\r\n\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "l: 0\r\n",
    "SIP/2.0",
    "Via: SIP/2.0/UDP [::1];rport;branch=z9hG4bK\r\n",
    "Digest ",
    "\\\"",
    "nc=ffffffff,",
    ",",
    ";",
    "<",
    "\0",
    "\u{fffd}",
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // In an order of our own, so that the mutations are the same on every machine.
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
    let files = folders.iter().flat_map(|folder| files(folder));
    files.map(|file| std::fs::read(file).unwrap()).collect()
}

/// Where two of the bytes are, the first before the second.
fn span(dice: &mut StdRng, bytes: &[u8]) -> (usize, usize) {
    let mut at = || dice.random_range(0..=bytes.len());
    let (one, other) = (at(), at());
    (one.min(other), one.max(other))
}

fn mutate(dice: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds.choose(dice).unwrap().clone();
    for _ in 0..dice.random_range(1..=4) {
        let (from, to) = span(dice, &bytes);
        match dice.random_range(0..5) {
            0 if from < bytes.len() => bytes[from] = dice.random(),
            1 => bytes.truncate(to),
            2 => {
                // A few at a time, else little is left of most.
                bytes.drain(from..to.min(from + 16));
            }
            3 => {
                let word = WORDS.choose(dice).unwrap();
                bytes.splice(from..from, word.bytes());
            }
            _ => {
                let other = seeds.choose(dice).unwrap();
                let (start, end) = span(dice, other);
                bytes.splice(from..from, other[start..end].iter().copied());
            }
        }
    }
    bytes
}

/// Tries every seed and its mutations, and shows what breaks it.
fn try_all(seeds: &[Vec<u8>], holds: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let mut dice = StdRng::seed_from_u64(7);
    let mutations = (0..MUTATIONS).map(|_| mutate(&mut dice, seeds));
    for input in seeds.iter().cloned().chain(mutations) {
        let held = std::panic::catch_unwind(|| holds(&input));
        assert!(held.is_ok(), "broken by \"{}\"", input.escape_ascii());
    }
}

#[test]
fn any_datagram_is_screened() {
    let seeds = seeds(&[
        "fuzz/corpus/screen",
        "tests/torture/valid",
        "tests/torture/invalid",
    ]);
    try_all(&seeds, screen::holds);
}

#[test]
fn any_stream_is_cut_the_same_way() {
    let seeds = seeds(&["fuzz/corpus/frame", "tests/torture/valid"]);
    try_all(&seeds, frame::holds);
}

#[test]
fn no_answer_to_a_challenge_is_taken_for_proof() {
    let seeds = seeds(&["fuzz/corpus/digest"]);
    try_all(&seeds, |input| {
        digest::holds(&String::from_utf8_lossy(input));
    });
}
