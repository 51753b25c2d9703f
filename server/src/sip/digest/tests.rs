//! Published vectors and the rules of `sip.md`, one table each.

use super::*;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 9));
const NOW: i64 = 1_700_000_000_000;
const URI: &str = "sip:+14155550100@k7f3q9.sip.example.com";

fn challenger(order: &[Algorithm]) -> Challenger {
    Challenger::new("patchbay", order.to_vec(), NonceKey::new([9; 32]))
}

fn both() -> Challenger {
    challenger(&[Algorithm::Md5, Algorithm::Sha256])
}

/// Answers a challenge the way a client does; tests then bend one thing.
fn answer(to: &Challenger, algorithm: Algorithm, nonce: &str, nc: u32) -> Answer {
    let nc = format!("{nc:08x}");
    let secret = algorithm.hex(&["carrier", "patchbay", "s3cret"]);
    let request = algorithm.hex(&["INVITE", URI]);
    Answer {
        username: "carrier".into(),
        realm: to.realm().into(),
        nonce: nonce.into(),
        uri: URI.into(),
        response: algorithm.hex(&[&secret, nonce, &nc, "c", "auth", &request]),
        algorithm: Some(algorithm.token().into()),
        qop: Some("auth".into()),
        nc: Some(nc),
        cnonce: Some("c".into()),
    }
}

fn asked<'a>(source: IpAddr, now_ms: i64) -> Asked<'a> {
    Asked {
        method: "INVITE",
        request_uri: URI,
        source,
        now_ms,
        offer: Offer::Configured,
    }
}

fn judge(challenger: &Challenger, answer: &Answer) -> Outcome {
    challenger.judge(
        answer,
        asked(HOME, NOW),
        Some("s3cret"),
        UriRule::SameNumber,
    )
}

/// RFC 2617 §3.5, RFC 7616 §3.9.1 (MD5 and SHA-256), RFC 2069 (no qop).
#[test]
fn computes_the_published_examples() {
    struct Case {
        name: &'static str,
        algorithm: Algorithm,
        realm: &'static str,
        password: &'static str,
        header: &'static str,
    }
    let cases = [
        Case {
            name: "RFC 2617 §3.5",
            algorithm: Algorithm::Md5,
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            header: "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
                nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, \
                nc=00000001, cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", \
                opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        },
        Case {
            name: "RFC 7616 §3.9.1 MD5",
            algorithm: Algorithm::Md5,
            realm: "http-auth@example.org",
            password: "Circle of Life",
            header: "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                algorithm=MD5, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                response=\"8ca523f5e9506fed4657c9700eebdbec\"",
        },
        Case {
            name: "RFC 7616 §3.9.1 SHA-256, which RFC 8760 brings to SIP",
            algorithm: Algorithm::Sha256,
            realm: "http-auth@example.org",
            password: "Circle of Life",
            header: "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"",
        },
        Case {
            name: "without qop, as RFC 2069 clients answer",
            algorithm: Algorithm::Md5,
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            header: "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
                nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
                response=\"670fd8c2df070c60b045671b8b24ff02\"",
        },
    ];
    for case in cases {
        let challenger = Challenger::new(case.realm, vec![case.algorithm], NonceKey::new([1; 32]));
        let answer: Answer = case.header.parse().unwrap();
        let get = Asked {
            method: "GET",
            ..asked(HOME, NOW)
        };
        let expected = challenger.hash_of(&answer, get, case.password);
        assert_eq!(expected.as_ref(), Ok(&answer.response), "{}", case.name);
    }
}

#[test]
fn challenges_in_the_configured_order() {
    let values = both().challenges(HOME, NOW, false, Offer::Configured);
    assert!(values[0].contains("algorithm=MD5, qop=\"auth\""));
    assert!(values[1].contains("algorithm=SHA-256"));
    assert!(!values[0].contains("stale"));
    assert!(
        challenger(&[Algorithm::Sha256]).challenges(HOME, NOW, true, Offer::Configured)[0]
            .ends_with("stale=true")
    );
}

#[test]
fn lets_a_right_answer_in_once() {
    let challenger = both();
    let nonce = challenger.key.issue(HOME, NOW);
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let nc = if algorithm == Algorithm::Md5 { 1 } else { 2 };
        let answer = answer(&challenger, algorithm, &nonce, nc);
        assert_eq!(judge(&challenger, &answer), Outcome::Right(Addressee::Same));
        assert_eq!(judge(&challenger, &answer), Outcome::Stale(Stale::Reused));
    }
    let earlier = challenger.key.issue(HOME, NOW - NONCE_LIFE_MS - 1);
    let late = answer(&challenger, Algorithm::Md5, &earlier, 1);
    assert_eq!(judge(&challenger, &late), Outcome::Stale(Stale::Expired));
}

#[test]
fn two_calls_of_one_millisecond_have_a_nonce_each() {
    let challenger = both();
    for _ in 0..2 {
        let nonce = challenger.key.issue(HOME, NOW);
        let answer = answer(&challenger, Algorithm::Md5, &nonce, 1);
        assert_eq!(judge(&challenger, &answer), Outcome::Right(Addressee::Same));
    }
}

#[test]
fn accepts_and_notes_an_answer_from_another_address() {
    let challenger = both();
    let right = answer(
        &challenger,
        Algorithm::Md5,
        &challenger.key.issue(AWAY, NOW),
        1,
    );
    assert_eq!(
        judge(&challenger, &right),
        Outcome::Right(Addressee::Other(AWAY))
    );
    let mut wrong = answer(
        &challenger,
        Algorithm::Md5,
        &challenger.key.issue(AWAY, NOW),
        1,
    );
    wrong.response = "0".repeat(32);
    let expected = Outcome::Wrong(Wrong::Password, Addressee::Other(AWAY));
    assert_eq!(judge(&challenger, &wrong), expected);
}

#[test]
fn refuses_everything_else() {
    type Bend = fn(&mut Answer);
    let cases: [(&str, Bend, Outcome); 9] = [
        (
            "an invented nonce",
            |a| a.nonce = "abc".into(),
            Outcome::Stale(Stale::Foreign),
        ),
        (
            "a tampered nonce",
            |a| a.nonce.replace_range(0..1, "Z"),
            Outcome::Stale(Stale::Foreign),
        ),
        (
            "a wrong hash",
            |a| a.response = "0".repeat(32),
            wrong(Wrong::Password),
        ),
        (
            "a cut hash",
            |a| a.response.truncate(8),
            wrong(Wrong::Password),
        ),
        (
            "another realm",
            |a| a.realm = "x".into(),
            wrong(Wrong::Realm),
        ),
        (
            "a session key",
            |a| a.algorithm = Some("MD5-sess".into()),
            wrong(Wrong::Session),
        ),
        (
            "an unknown hash",
            |a| a.algorithm = Some("SHA-512".into()),
            wrong(Wrong::Algorithm),
        ),
        (
            "body protection",
            |a| a.qop = Some("auth-int".into()),
            wrong(Wrong::Qop),
        ),
        (
            "a count that is none",
            |a| a.nc = Some("000000001".into()),
            wrong(Wrong::Count),
        ),
    ];
    for (name, bend, expected) in cases {
        let challenger = both();
        let mut answer = answer(
            &challenger,
            Algorithm::Md5,
            &challenger.key.issue(HOME, NOW),
            1,
        );
        bend(&mut answer);
        assert_eq!(judge(&challenger, &answer), expected, "{name}");
    }
}

fn wrong(wrong: Wrong) -> Outcome {
    Outcome::Wrong(wrong, Addressee::Same)
}

#[test]
fn refuses_md5_when_only_sha_256_is_offered() {
    let challenger = challenger(&[Algorithm::Sha256]);
    let mut answer = answer(
        &challenger,
        Algorithm::Md5,
        &challenger.key.issue(HOME, NOW),
        1,
    );
    assert_eq!(judge(&challenger, &answer), wrong(Wrong::Algorithm));
    answer.algorithm = None;
    assert_eq!(judge(&challenger, &answer), wrong(Wrong::Algorithm));
}

#[test]
fn a_host_may_offer_sha_256_alone() {
    let challenger = challenger(&[Algorithm::Md5]);
    let strict = Asked {
        offer: Offer::Sha256Only,
        ..asked(HOME, NOW)
    };
    let challenges = challenger.challenges(HOME, NOW, false, strict.offer);
    assert_eq!(challenges.len(), 1);
    assert!(
        challenges[0].contains("algorithm=SHA-256"),
        "{challenges:?}"
    );
    let judge = |algorithm, asked| {
        let nonce = challenger.key.issue(HOME, NOW);
        let answer = answer(&challenger, algorithm, &nonce, 1);
        challenger.judge(&answer, asked, Some("s3cret"), UriRule::SameNumber)
    };
    let right = Outcome::Right(Addressee::Same);
    assert_eq!(judge(Algorithm::Sha256, strict), right);
    assert_eq!(judge(Algorithm::Md5, strict), wrong(Wrong::Algorithm));
    assert_eq!(judge(Algorithm::Md5, asked(HOME, NOW)), right);
}

#[test]
fn an_unknown_user_is_wrong_whatever_is_sent() {
    let challenger = both();
    let nonce = challenger.key.issue(HOME, NOW);
    let mut answer = answer(&challenger, Algorithm::Md5, &nonce, 1);
    let secret = Algorithm::Md5.hex(&["carrier", "patchbay", NOBODY]);
    let request = Algorithm::Md5.hex(&["INVITE", URI]);
    answer.response = Algorithm::Md5.hex(&[&secret, &nonce, "00000001", "c", "auth", &request]);
    let outcome = challenger.judge(&answer, asked(HOME, NOW), None, UriRule::SameNumber);
    assert_eq!(outcome, wrong(Wrong::User));
}

#[test]
fn the_uri_must_name_the_same_number() {
    let same = |answered: &str, requested: &str| uri_fits(answered, requested, UriRule::SameNumber);
    for answered in [
        "sip:+14155550100@other.example.net:5080;transport=tcp",
        "sip:14155550100@10.0.0.1",
        "sip:0014155550100@10.0.0.1",
        "sip:+1-415-555-0100;phone-context=x@h",
        "tel:+1(415)555-0100",
    ] {
        assert_eq!(same(answered, URI), Ok(()), "{answered}");
        assert_eq!(
            uri_fits(answered, URI, UriRule::Strict),
            Err(Wrong::Uri),
            "{answered}"
        );
    }
    for answered in ["sip:+14155550101@h", "sip:sales@h", "nonsense", ""] {
        assert_eq!(same(answered, URI), Err(Wrong::Uri), "{answered}");
    }
    assert_eq!(same("sip:sales@a", "sip:sales@b"), Ok(()));
    assert_eq!(same("sip:sales@a", "sip:204@b"), Err(Wrong::Uri));
    assert_eq!(same("sip:a.example", "sip:b.example"), Ok(()));
    assert_eq!(
        same("sip:a.example", URI),
        Ok(()),
        "no number, no other number"
    );
    assert_eq!(same(URI, "sip:a.example"), Err(Wrong::Uri));
}

#[test]
fn never_shows_the_key() {
    assert_eq!(
        format!("{:?}", NonceKey::new([9; 32])),
        "NonceKey([secret])"
    );
}
