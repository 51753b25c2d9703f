//! Who passes the door, who is answered at it, and who hears nothing.

mod porter;

use self::porter::Porter;
use super::limits::Rate;
use super::screen::MAX_DATAGRAM;
use super::*;

const NOW: i64 = 1_700_000_000_000;
const HOME: &str = "203.0.113.7:5060";
const AWAY: &str = "198.51.100.9:5060";
const CARRIER: &str = "192.0.2.1:5060";
const PROXY: &str = "10.0.0.1:5060";

/// What the tables say.
#[derive(Default)]
struct Tables {
    transaction: bool,
    dialog: bool,
    merged: bool,
}

impl Known for Tables {
    fn transaction(&self, _: &Message) -> bool {
        self.transaction
    }

    fn dialog(&self, _: &Message) -> bool {
        self.dialog
    }

    fn merged(&self, _: &Message) -> bool {
        self.merged
    }
}

struct Door {
    guard: Guard,
    clock: Clock,
    draining: CancellationToken,
}

fn door() -> Door {
    let clock = Clock::fixed(NOW);
    let draining = CancellationToken::new();
    let config = GuardConfig {
        limits: LimitsConfig {
            stranger: Rate {
                per_s: 10,
                burst: 30,
            },
            ..LimitsConfig::default()
        },
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        digest: vec![Algorithm::Md5, Algorithm::Sha256],
        realm: "patchbay".to_owned(),
        product: "Patchbay".into(),
        retry_after_s: 30,
    };
    let sources = Arc::new(Sources::default());
    let guard = Guard::new(
        config,
        Arc::new(Porter),
        clock.clone(),
        sources,
        draining.clone(),
    );
    Door {
        guard,
        clock,
        draining,
    }
}

impl Door {
    fn judge(&self, message: &Message, from: &str) -> Passage {
        self.judge_knowing(message, from, &Tables::default())
    }

    fn judge_knowing(&self, message: &Message, from: &str, known: &Tables) -> Passage {
        self.guard.judge(
            &message.to_bytes(),
            MAX_DATAGRAM,
            from.parse().unwrap(),
            known,
        )
    }

    /// Gives a wrong password, with a nonce given to that address.
    fn fail(&self, from: &str, nonce_to: &str) {
        let invite = self.signed("wrong", nonce_to, 1);
        assert!(matches!(
            self.judge(&invite, from),
            Passage::Invite(_) | Passage::Silence
        ));
    }

    fn signed(&self, password: &str, nonce_to: &str, cseq: u32) -> Message {
        let challenge = self.guard.challenge(
            &invite(1),
            nonce_to.parse::<SocketAddr>().unwrap().ip(),
            false,
        );
        let value = challenge.get("WWW-Authenticate").unwrap();
        let nonce = value
            .split("nonce=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let hash = |text: String| {
            use md5::Digest as _;
            hex::encode(md5::Md5::digest(text.as_bytes()))
        };
        let uri = invite(1).uri().unwrap().to_owned();
        let secret = hash(format!("carrier:patchbay:{password}"));
        let asked = hash(format!("INVITE:{uri}"));
        let response = hash(format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
        invite(cseq).with(
            "Authorization",
            format!(
                "Digest username=\"carrier\", realm=\"patchbay\", nonce=\"{nonce}\", uri=\"{uri}\", \
                 response=\"{response}\", nc=00000001, cnonce=\"c\", qop=auth"
            ),
        )
    }
}

fn request(method: &'static str, cseq: u32) -> Message {
    Message::request(method, "sip:+14155550100@sip.example.com")
        .with(
            "Via",
            format!("SIP/2.0/UDP phone.example;branch=z9hG4bK{cseq};rport"),
        )
        .with("From", "<sip:a@c.example>;tag=1")
        .with("To", "<sip:+14155550100@sip.example.com>")
        .with("Call-ID", "c1")
        .with("CSeq", format!("{cseq} {method}"))
        .with("Contact", "<sip:a@phone.example>")
}

fn invite(cseq: u32) -> Message {
    request("INVITE", cseq)
}

fn proof(passage: Passage) -> Proof {
    match passage {
        Passage::Invite(candidate) => candidate.proof,
        other => panic!("{other:?}"),
    }
}

fn status(passage: &Passage) -> Option<u16> {
    match passage {
        Passage::Reply(reply) => reply.status(),
        _ => None,
    }
}

#[test]
fn a_right_password_is_a_proof_from_wherever_it_comes() {
    let door = door();
    let here = proof(door.judge(&door.signed("s3cret", HOME, 1), HOME));
    assert!(
        matches!(
            here,
            Proof::Digest {
                moved_from: None,
                algorithm: "MD5",
                ..
            }
        ),
        "{here:?}"
    );
    let moved = proof(door.judge(&door.signed("s3cret", AWAY, 1), HOME));
    let away: SocketAddr = AWAY.parse().unwrap();
    assert!(matches!(moved, Proof::Digest { moved_from: Some(ip), .. } if ip == away.ip()));
}

#[test]
fn wrong_passwords_ban_the_address_they_were_asked_from() {
    let door = door();
    for _ in 0..10 {
        door.fail(HOME, HOME);
    }
    assert!(matches!(door.judge(&invite(1), HOME), Passage::Silence));
    assert_eq!(
        status(&door.judge(&request("OPTIONS", 1), AWAY)),
        Some(200),
        "others are heard"
    );
    let rows = door.guard.sources.list(NOW);
    assert_eq!(rows[0].dialled.as_deref(), Some("+14155550100"));
    assert!(rows[0].blocked_until_ms.is_some());
    door.clock.advance(std::time::Duration::from_secs(901));
    assert!(matches!(door.judge(&invite(1), HOME), Passage::Invite(_)));
}

#[test]
fn a_spoofed_source_cannot_get_anyone_banned() {
    let door = door();
    for _ in 0..25 {
        door.fail(HOME, AWAY);
    }
    assert!(matches!(door.judge(&invite(1), HOME), Passage::Invite(_)));
}

#[test]
fn a_carriers_network_is_never_banned() {
    let door = door();
    for _ in 0..25 {
        door.fail(CARRIER, CARRIER);
    }
    assert!(matches!(
        door.judge(&invite(1), CARRIER),
        Passage::Invite(_)
    ));
}

#[test]
fn a_ban_leaves_calls_and_retransmissions_alone() {
    let door = door();
    for _ in 0..10 {
        door.fail(HOME, HOME);
    }
    let bye = request("BYE", 2);
    let mut bye = bye.clone();
    bye.set("To", "<sip:+14155550100@sip.example.com>;tag=ours");
    let in_call = Tables {
        dialog: true,
        ..Tables::default()
    };
    assert!(matches!(
        door.judge_knowing(&bye, HOME, &in_call),
        Passage::Pass(_)
    ));
    let again = Tables {
        transaction: true,
        ..Tables::default()
    };
    assert!(matches!(
        door.judge_knowing(&invite(1), HOME, &again),
        Passage::Pass(_)
    ));
    assert!(
        matches!(door.judge(&bye, HOME), Passage::Silence),
        "no such dialog, no answer"
    );
}

#[test]
fn behind_a_proxy_the_source_is_in_the_via_below() {
    let door = door();
    let forwarded = |cseq: u32, source: &str| {
        let mut message = door.signed("wrong", source, cseq);
        let below = format!(
            "SIP/2.0/UDP proxy.example;branch=z9hG4bKp, SIP/2.0/UDP phone;received={}",
            source.split(':').next().unwrap()
        );
        message.set("Via", below);
        message
    };
    for n in 0..10 {
        door.judge(&forwarded(n, HOME), PROXY);
    }
    assert!(matches!(
        door.judge(&forwarded(20, HOME), PROXY),
        Passage::Silence
    ));
    assert!(matches!(
        door.judge(&forwarded(21, AWAY), PROXY),
        Passage::Invite(_)
    ));
    assert!(
        matches!(door.judge(&invite(22), PROXY), Passage::Invite(_)),
        "the proxy itself is free"
    );
}

#[test]
fn strangers_have_a_rate_and_known_ones_a_better_one() {
    let door = door();
    let heard = |from: &str| {
        (1..=100)
            .filter(|n| status(&door.judge(&request("OPTIONS", *n), from)).is_some())
            .count()
    };
    assert_eq!(heard(AWAY), 30);
    proof(door.judge(&door.signed("s3cret", HOME, 1), HOME));
    assert_eq!(heard(HOME), 100);
    assert_eq!(heard(CARRIER), 100);
    assert_eq!(heard(PROXY), 100);
}

#[test]
fn a_spent_nonce_is_asked_for_anew_and_counts_as_no_failure() {
    let door = door();
    let call = door.signed("s3cret", HOME, 1);
    proof(door.judge(&call, HOME));
    for n in 2..20 {
        let mut again = call.clone();
        again.set("CSeq", format!("{n} INVITE"));
        assert_eq!(
            proof(door.judge(&again, HOME)),
            Proof::Failed(app::domain::routing::Failure::Stale)
        );
    }
    assert!(door.guard.sources.list(NOW).is_empty());
}

#[test]
fn what_belongs_to_nothing_is_answered_without_a_transaction() {
    let door = door();
    assert_eq!(status(&door.judge(&request("BYE", 1), HOME)), Some(481));
    assert_eq!(status(&door.judge(&request("CANCEL", 1), HOME)), Some(481));
    assert_eq!(
        status(&door.judge(&request("REGISTER", 1), HOME)),
        Some(405)
    );
    assert_eq!(status(&door.judge(&request("MESSAGE", 1), HOME)), Some(405));
    assert!(matches!(
        door.judge(&request("ACK", 1), HOME),
        Passage::Silence
    ));
    let merged = Tables {
        merged: true,
        ..Tables::default()
    };
    assert_eq!(
        status(&door.judge_knowing(&invite(1), HOME, &merged)),
        Some(482)
    );
    let scanner = invite(1).with("User-Agent", "friendly-scanner/1.8");
    assert!(matches!(door.judge(&scanner, HOME), Passage::Silence));
    door.draining.cancel();
    for message in [invite(1), request("OPTIONS", 1)] {
        let Passage::Reply(reply) = door.judge(&message, HOME) else {
            panic!("503")
        };
        assert_eq!(
            (reply.status(), reply.get("Retry-After")),
            (Some(503), Some("30"))
        );
    }
}

#[test]
fn answers_go_back_where_the_message_came_from() {
    let door = door();
    let Passage::Reply(reply) = door.judge(&request("OPTIONS", 1), HOME) else {
        panic!("200")
    };
    assert!(
        reply
            .top_via()
            .unwrap()
            .ends_with(";rport=5060;received=203.0.113.7"),
        "{reply:?}"
    );
    assert_eq!(
        way_back(&reply, HOME.parse().unwrap()),
        HOME.parse().unwrap()
    );
    let mut plain = request("OPTIONS", 2);
    plain.set("Via", "SIP/2.0/UDP phone.example:5099;branch=z9hG4bKx");
    let Passage::Reply(reply) = door.judge(&plain, HOME) else {
        panic!("200")
    };
    assert_eq!(
        way_back(&reply, HOME.parse().unwrap()),
        "203.0.113.7:5099".parse().unwrap()
    );
}

#[test]
fn a_challenge_of_another_realm_is_not_ours_to_judge() {
    let door = door();
    let foreign = invite(1).with(
        "Authorization",
        "Digest username=\"x\", realm=\"proxy\", nonce=\"n\", uri=\"sip:h\", response=\"r\"",
    );
    assert_eq!(proof(door.judge(&foreign, HOME)), Proof::Absent);
}
