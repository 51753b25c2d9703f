//! The torture set after RFC 4475, as files under `tests/torture`, and mutations of it.
//!
//! `valid/*.sip` must pass; the first line of `invalid/*.sip.expect`… is in the name:
//! `400-two-cseq.sip` must be answered with 400, `drop-…` must not be answered at all.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn corpus(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/torture")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 15, "the corpus is there");
    files
}

fn told(screened: &Screened) -> String {
    match screened {
        Screened::Answer(_, fault) => format!("{} {}", fault.status(), fault.phrase()),
        Screened::Noise => "drop".to_owned(),
        Screened::KeepAlive => "keep-alive".to_owned(),
        Screened::Message(_) => "pass".to_owned(),
    }
}

#[test]
fn lets_every_legal_message_pass() {
    for (name, bytes) in corpus("valid") {
        assert!(
            matches!(screen(&bytes, MAX_DATAGRAM), Screened::Message(_)),
            "{name}: {:?}",
            screen(&bytes, MAX_DATAGRAM)
        );
    }
}

#[test]
fn answers_every_broken_message_with_its_status() {
    for (name, bytes) in corpus("invalid") {
        let expected = name.split('-').next().unwrap();
        let found = told(&screen(&bytes, MAX_DATAGRAM));
        let found = found.split(' ').next().unwrap();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_passed_passes_again_unchanged() {
    for (name, bytes) in corpus("valid") {
        let Screened::Message(once) = screen(&bytes, MAX_DATAGRAM) else {
            unreachable!()
        };
        let written = once.to_bytes();
        match screen(&written, MAX_DATAGRAM * 2) {
            Screened::Message(again) => assert!(again.to_bytes() == written, "{name}"),
            other => panic!("{name}: {}", told(&other)),
        }
    }
}

#[test]
fn cuts_what_follows_the_body() {
    let (_, bytes) = corpus("valid")
        .into_iter()
        .find(|(name, _)| name == "two-in-one-datagram.sip")
        .unwrap();
    let Screened::Message(message) = screen(&bytes, MAX_DATAGRAM) else {
        panic!("must pass")
    };
    assert!(message.body.is_empty());
}

#[test]
fn blank_lines_are_keep_alives() {
    assert_eq!(screen(b"\r\n\r\n", MAX_DATAGRAM), Screened::KeepAlive);
    assert_eq!(screen(b"", MAX_DATAGRAM), Screened::KeepAlive);
}

#[test]
fn answers_513_when_it_is_too_long() {
    let (_, mut bytes) = corpus("valid")
        .into_iter()
        .find(|(name, _)| name == "plain-invite.sip")
        .unwrap();
    bytes.resize(MAX_DATAGRAM + 1, b'x');
    assert!(matches!(
        screen(&bytes, MAX_DATAGRAM),
        Screened::Answer(_, Fault::TooLarge)
    ));
    let endless = vec![b'A'; MAX_DATAGRAM + 1];
    assert_eq!(screen(&endless, MAX_DATAGRAM), Screened::Noise);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever becomes of a message on its way: no panic, and what passes can be written,
    /// read and screened again.
    #[test]
    fn survives_mutations(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..12),
    ) {
        let files: Vec<_> = corpus("valid").into_iter().chain(corpus("invalid")).collect();
        let (name, mut bytes) = pick.get(&files).clone();
        for (at, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes.truncate(at),
            }
        }
        if let Screened::Message(message) = screen(&bytes, MAX_DATAGRAM) {
            let again = screen(&message.to_bytes(), MAX_FRAME);
            prop_assert!(matches!(again, Screened::Message(_)), "{name}: {}", told(&again));
        }
    }

    #[test]
    fn survives_noise(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = screen(&bytes, MAX_DATAGRAM);
    }
}
