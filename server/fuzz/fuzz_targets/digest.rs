//! Any Authorization header, also one that answers a nonce of ours: no panic, and never a proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::sip::digest::{
    Algorithm, Answer, Asked, Challenger, NonceKey, Offer, Outcome, UriRule,
};

fuzz_target!(|header: &str| {
    let Ok(mut answer) = header.parse::<Answer>() else {
        return;
    };
    let order = vec![Algorithm::Md5, Algorithm::Sha256];
    let challenger = Challenger::new("patchbay", order, NonceKey::new([7; 32]));
    for (rule, offer) in [
        (UriRule::SameNumber, Offer::Configured),
        (UriRule::Strict, Offer::Sha256Only),
    ] {
        let asked = Asked {
            method: "INVITE",
            request_uri: "sip:+14155550100@sip.example.com",
            source: [203, 0, 113, 7].into(),
            now_ms: 1_700_000_000_000,
            offer,
        };
        let outcome = challenger.judge(&answer, asked, Some("s3cret"), rule);
        assert!(!matches!(outcome, Outcome::Right(_)));
        let challenge = challenger.challenges(asked.source, asked.now_ms, false, offer);
        let nonce = challenge[0].split('"').nth(3).unwrap();
        nonce.clone_into(&mut answer.nonce);
        let outcome = challenger.judge(&answer, asked, Some("s3cret"), rule);
        assert!(matches!(outcome, Outcome::Wrong(..)));
    }
});
