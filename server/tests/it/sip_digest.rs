//! What is offered and taken under which endpoint name (RFC 8760, `sip.md` §1).

use app::domain::routing::{Note, Receipt};
use server::clock::Clock;
use server::sip::message::{Message, Start};

use crate::sip_world::{House, MODERN, NUMBER, PASSWORD, Phone, SDP, USER, World};

const STRICT: &str = "M0d3rn.sip.example.com";
const OPEN: &str = "k7f3q9.sip.example.com";

async fn world() -> World {
    World::of(House::with_sha256_only(), Clock::system(), |_| {}).await
}

fn to_host(mut invite: Message, host: &str) -> Message {
    invite.start = Start::Request {
        method: "INVITE".into(),
        uri: format!("sip:{NUMBER}@{host}").into(),
    };
    invite
}

/// An INVITE under this name, and the challenge to it.
async fn challenged(phone: &Phone, host: &str) -> Message {
    let invite = phone
        .request("INVITE", NUMBER, 1)
        .with_body("application/sdp", SDP);
    phone.send(&to_host(invite, host)).await;
    phone.expect(401).await
}

fn offered(challenge: &Message) -> Vec<&str> {
    challenge
        .all("WWW-Authenticate")
        .map(|value| {
            let token = value.split("algorithm=").nth(1).unwrap();
            token.split(',').next().unwrap()
        })
        .collect()
}

/// Answers the challenge under this name.
async fn answer<H: md5::Digest>(
    phone: &Phone,
    host: &str,
    challenge: &Message,
    signed: (&str, &str, &str),
) {
    let invite = phone
        .request("INVITE", NUMBER, 2)
        .with_body("application/sdp", SDP);
    let mut invite = to_host(invite, host);
    Phone::sign_with::<H>(&mut invite, challenge, signed);
    phone.send(&invite).await;
}

fn receipt(world: &World) -> Receipt {
    world.house.told.lock().refused[0]
        .0
        .decision
        .receipt
        .clone()
}

#[tokio::test]
async fn the_challenge_follows_the_name_that_was_called() {
    let world = world().await;
    for (host, expected) in [
        (STRICT, vec!["SHA-256"]),
        (OPEN, vec!["MD5", "SHA-256"]),
        ("m0d3rn", vec!["MD5", "SHA-256"]),
        ("other.m0d3rn.example.com", vec!["MD5", "SHA-256"]),
    ] {
        let phone = Phone::new(&world).await;
        assert_eq!(offered(&challenged(&phone, host).await), expected, "{host}");
    }
}

#[tokio::test]
async fn sha_256_is_taken_under_its_own_name_even_if_only_md5_is_configured() {
    let md5 = |config: &mut server::sip::EdgeConfig| {
        config.digest = vec![server::sip::digest::Algorithm::Md5];
    };
    let world = World::of(House::with_sha256_only(), Clock::system(), md5).await;
    let phone = Phone::new(&world).await;
    let challenge = challenged(&phone, STRICT).await;
    answer::<sha2::Sha256>(&phone, STRICT, &challenge, ("SHA-256", MODERN, PASSWORD)).await;
    let answered = phone.expect(200).await;
    phone.send(&phone.inside(&answered, "ACK", 2)).await;
    phone.send(&phone.inside(&answered, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn md5_is_refused_by_name_and_by_credential_and_the_receipt_says_so() {
    for host in [STRICT, OPEN] {
        let world = world().await;
        let phone = Phone::new(&world).await;
        let challenge = challenged(&phone, host).await;
        answer::<md5::Md5>(&phone, host, &challenge, ("MD5", MODERN, PASSWORD)).await;
        let again = phone.expect(401).await;
        assert_eq!(again.get("Warning"), None, "a stranger learns nothing");
        assert_eq!(offered(&again), offered(&challenge), "nor from the offer");
        world.is_quiet().await;
        assert_eq!(world.house.refused(), ["md5_refused"], "{host}");
        let label = "Modern".to_owned();
        let last = receipt(&world).checks.pop().unwrap().note;
        assert_eq!(last, Note::Md5Refused { label });
    }
}

#[tokio::test]
async fn under_a_strict_name_nobody_signs_with_md5() {
    let world = world().await;
    let phone = Phone::new(&world).await;
    let challenge = challenged(&phone, STRICT).await;
    answer::<md5::Md5>(&phone, STRICT, &challenge, ("MD5", USER, PASSWORD)).await;
    phone.expect(401).await;
    let phone = Phone::new(&world).await;
    let challenge = challenged(&phone, STRICT).await;
    answer::<sha2::Sha256>(&phone, STRICT, &challenge, ("SHA-256", USER, PASSWORD)).await;
    let answered = phone.expect(200).await;
    phone.send(&phone.inside(&answered, "ACK", 2)).await;
    phone.send(&phone.inside(&answered, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}
