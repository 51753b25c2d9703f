//! Any Authorization header: no panic, and never a proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::sip::digest::{Algorithm, Answer, Asked, Challenger, NonceKey, Offer, Outcome, UriRule};

fuzz_target!(|header: &str| {
    let Ok(answer) = header.parse::<Answer>() else { return };
    let challenger = Challenger::new("patchbay", vec![Algorithm::Md5, Algorithm::Sha256], NonceKey::new([7; 32]));
    let asked = Asked {
        method: "INVITE",
        request_uri: "sip:+14155550100@sip.example.com",
        source: [203, 0, 113, 7].into(),
        now_ms: 1_700_000_000_000,
        offer: Offer::Configured,
    };
    let outcome = challenger.judge(&answer, asked, Some("s3cret"), UriRule::SameNumber);
    assert!(!matches!(outcome, Outcome::Right(_)));
});
