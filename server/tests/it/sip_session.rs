//! Long calls on a moved clock (RFC 4028), and carriers let in by their network.

use std::net::IpAddr;
use std::time::Duration;

use server::clock::Clock;
use server::sip::message::Message;

use crate::sip_world::{House, NUMBER, PASSWORD, Phone, SDP, World};

const START: i64 = 1_700_000_000_000;

/// A call with these headers on a clock that stands still.
pub(crate) async fn long_call(headers: &[(&str, &str)]) -> (World, Phone, Message) {
    let world = World::of(House::new(), Clock::fixed(START), |_| {}).await;
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    for (name, value) in headers {
        invite.push(name, *value);
    }
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    (world, phone, answer)
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(crate) const OURS: [(&str, &str); 3] = [
    ("Supported", "timer"),
    ("Allow", "INVITE, BYE, UPDATE"),
    ("Session-Expires", "1800;refresher=uas"),
];

#[tokio::test]
async fn we_refresh_and_the_call_lives_past_31_minutes() {
    let (world, phone, answer) = long_call(&OURS).await;
    assert_eq!(answer.get("Session-Expires"), Some("1800;refresher=uas"));
    assert_eq!(answer.get("Require"), Some("timer"));
    for _ in 0..3 {
        world.clock.advance(minutes(15));
        let update = phone.expect_request("UPDATE").await;
        assert_eq!(update.get("Session-Expires"), Some("1800;refresher=uac"));
        phone
            .send(
                &update
                    .reply(200, "x")
                    .with("Session-Expires", "1800;refresher=uac"),
            )
            .await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(world.house.ended().is_empty());
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_refused_refresh_ends_the_call() {
    let (world, phone, _) = long_call(&OURS).await;
    world.clock.advance(minutes(15));
    let update = phone.expect_request("UPDATE").await;
    phone.send(&update.reply(481, "x")).await;
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["session_expired"]);
}

#[tokio::test]
async fn a_lost_refresh_ends_the_call() {
    let (world, phone, _) = long_call(&OURS).await;
    world.clock.advance(minutes(15));
    phone.expect_request("UPDATE").await;
    // Nobody answers: Timer F ends the request, and with it the call.
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["session_expired"]);
}

#[tokio::test]
async fn a_peer_that_stops_refreshing_is_let_go() {
    let (world, phone, answer) = long_call(&[
        ("Supported", "timer"),
        ("Session-Expires", "1800;refresher=uac"),
    ])
    .await;
    assert_eq!(answer.get("Session-Expires"), Some("1800;refresher=uac"));
    world.clock.advance(minutes(20));
    let update = phone
        .inside(&answer, "UPDATE", 3)
        .with("Supported", "timer")
        .with("Session-Expires", "1800;refresher=uac");
    phone.send(&update).await;
    phone.expect(200).await;
    world.clock.advance(minutes(29));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(world.house.ended().is_empty(), "refreshed at 20 minutes");
    world.clock.advance(minutes(1));
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["session_expired"]);
}

#[tokio::test]
async fn a_timer_that_begins_late_in_a_call_ends_it_too() {
    let (world, phone, answer) = long_call(&[]).await;
    assert_eq!(answer.get("Session-Expires"), None);
    world.clock.advance(minutes(40));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let update = phone
        .inside(&answer, "UPDATE", 3)
        .with("Supported", "timer")
        .with("Session-Expires", "90;refresher=uac");
    phone.send(&update).await;
    let granted = phone.expect(200).await;
    assert_eq!(granted.get("Session-Expires"), Some("90;refresher=uac"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(world.house.ended().is_empty());
    world.clock.advance(Duration::from_secs(90));
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["session_expired"]);
}

#[tokio::test]
async fn without_update_it_is_a_re_invite() {
    let (world, phone, answer) = long_call(&[
        ("Supported", "timer"),
        ("Session-Expires", "1800;refresher=uas"),
    ])
    .await;
    world.clock.advance(minutes(15));
    let again = phone.expect_request("INVITE").await;
    assert!(String::from_utf8_lossy(&again.body).contains("m=audio"));
    let contact = again.get("To").unwrap().to_owned();
    let reply = again
        .reply(200, "x")
        .with(
            "Contact",
            format!("<{}>", server::sip::message::Address::read(&contact).uri),
        )
        .with("Session-Expires", "1800;refresher=uac")
        .with_body("application/sdp", SDP);
    phone.send(&reply).await;
    let ack = phone.expect_request("ACK").await;
    assert_eq!(ack.cseq().unwrap().0, again.cseq().unwrap().0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_carrier_by_network_gets_no_audio_before_its_ack() {
    let carrier: IpAddr = "127.0.0.2".parse().unwrap();
    let world = World::of(House::with_network(carrier), Clock::system(), |_| {}).await;
    let phone = Phone::at(&world, "127.0.0.2").await;
    let ear = tokio::net::UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let sdp = SDP
        .replace("127.0.0.1", "127.0.0.2")
        .replace("4000", &ear.local_addr().unwrap().port().to_string());

    let mut foreign = phone
        .request("INVITE", NUMBER, 1)
        .with_body("application/sdp", sdp.clone());
    foreign.start = uri(&format!("sip:{NUMBER}@someone-else.example.com"));
    phone.send(&foreign).await;
    phone.expect(401).await;

    let mut invite = phone
        .request("INVITE", NUMBER, 2)
        .with_body("application/sdp", sdp);
    invite.start = uri(&format!("sip:{NUMBER}@n3tw0rk.sip.example.com"));
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    let mut packet = [0; 1500];
    let early = tokio::time::timeout(Duration::from_millis(400), ear.recv_from(&mut packet)).await;
    assert!(
        early.is_err(),
        "audio before the ACK could be aimed at anyone"
    );
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    let audio = tokio::time::timeout(Duration::from_secs(2), ear.recv_from(&mut packet)).await;
    assert!(audio.is_ok(), "audio after it");
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

fn uri(uri: &str) -> server::sip::message::Start {
    server::sip::message::Start::Request {
        method: "INVITE".into(),
        uri: uri.to_owned().into(),
    }
}
