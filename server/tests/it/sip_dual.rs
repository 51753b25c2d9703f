//! One socket for both families (`sip.addr = "[::]:5060"`): each peer meets us in its own.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use app::domain::call::Happening;
use server::clock::Clock;
use server::sip::desk::CallEvent;
use server::sip::message::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::sip_world::{House, NUMBER, PASSWORD, Phone, SDP, Told, World};

async fn world() -> World {
    let everyone = |config: &mut server::sip::EdgeConfig| {
        config.addr = "[::]:0".parse().unwrap();
    };
    World::of(House::new(), Clock::system(), everyone).await
}

/// A description of audio at this address.
fn sdp(audio: SocketAddr) -> String {
    let family = if audio.is_ipv4() { "IP4" } else { "IP6" };
    SDP.replace("IN IP4 127.0.0.1", &format!("IN {family} {}", audio.ip()))
        .replace("4000", &audio.port().to_string())
}

/// Where an answer wants its audio.
fn audio_of(answer: &Message) -> SocketAddr {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let after = |mark: &str| {
        let rest = body.split(mark).nth(1).unwrap_or_else(|| panic!("{body}"));
        rest.split([' ', '\r']).next().unwrap().to_owned()
    };
    let v6 = body.contains("c=IN IP6 ");
    let ip = after(if v6 { "c=IN IP6 " } else { "c=IN IP4 " });
    let ip: IpAddr = ip.parse().unwrap();
    SocketAddr::new(ip, after("m=audio ").parse().unwrap())
}

/// Signalling at one address, audio at another: a whole call, ended by us.
async fn call(world: &World, signalling: &str, audio: &str) {
    let phone = Phone::at(world, signalling).await;
    let ear = UdpSocket::bind((audio, 0)).await.unwrap();
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body = sdp(ear.local_addr().unwrap()).into_bytes();
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    let us = SocketAddr::new(signalling.parse().unwrap(), world.addr().port());
    assert_eq!(answer.get("Contact"), Some(format!("<sip:{us}>").as_str()));
    assert_eq!(audio_of(&answer).ip(), audio.parse::<IpAddr>().unwrap());
    phone.send(&phone.inside(&answer, "ACK", 2)).await;

    let mut packet = [0; 1500];
    let heard = tokio::time::timeout(Duration::from_secs(5), ear.recv_from(&mut packet));
    let (_, from) = heard.await.unwrap().unwrap();
    assert_eq!(from, audio_of(&answer));
    let mut rtp = vec![0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
    rtp.extend([0x7f; 160]);
    ear.send_to(&rtp, audio_of(&answer)).await.unwrap();
    until(|| heard_them(world)).await;

    let id = world.house.told.lock().opened.last().unwrap().id;
    let reason = app::domain::call::EndReason::OperatorHungUp;
    assert!(world.edge.calls().hang_up(id, reason));
    let bye = phone.expect_request("BYE").await;
    let via = bye.get("Via").unwrap();
    assert!(via.starts_with(&format!("SIP/2.0/UDP {us};")), "{via}");
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    let ladder = world.house.ladder();
    assert_eq!(ladder.last().unwrap(), "> 200 OK (BYE)");
    *world.house.told.lock() = Told::default();
}

fn heard_them(world: &World) -> bool {
    let told = world.house.told.lock();
    told.events.iter().any(|(_, event)| match event {
        CallEvent::Happened(event) => event.what == Happening::FirstAudioIn,
        _ => false,
    })
}

async fn until(happened: impl Fn() -> bool) {
    for _ in 0..200 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never happened");
}

#[tokio::test]
async fn each_peer_is_met_in_its_own_family() {
    let world = world().await;
    call(&world, "127.0.0.1", "127.0.0.1").await;
    call(&world, "::1", "::1").await;
}

#[tokio::test]
async fn audio_may_be_of_the_other_family() {
    let world = world().await;
    call(&world, "::1", "127.0.0.1").await;
    call(&world, "127.0.0.1", "::1").await;
}

#[tokio::test]
async fn connections_of_both_families_are_taken() {
    let world = world().await;
    for ip in ["127.0.0.1", "::1"] {
        let us = SocketAddr::new(ip.parse().unwrap(), world.addr().port());
        let mut stream = TcpStream::connect(us).await.unwrap();
        let phone = Phone::at(&world, ip).await;
        let mut options = phone.request("OPTIONS", NUMBER, 1);
        let via = options.get("Via").unwrap().replace("/UDP", "/TCP");
        options.set("Via", via);
        stream.write_all(&options.to_bytes()).await.unwrap();
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).await.unwrap();
        let answer = Message::read(&bytes[..length]).unwrap();
        assert_eq!(answer.status(), Some(200));
        let received = format!("received={ip}");
        assert!(answer.get("Via").unwrap().contains(&received), "{answer:?}");
    }
}

#[tokio::test]
async fn a_public_address_is_told_to_peers_of_its_family_only() {
    let behind_nat = |config: &mut server::sip::EdgeConfig| {
        config.addr = "[::]:0".parse().unwrap();
        config.external_ip = Some("198.51.100.7".parse().unwrap());
    };
    let world = World::of(House::new(), Clock::system(), behind_nat).await;
    for (ip, host) in [("127.0.0.1", "198.51.100.7"), ("::1", "[::1]")] {
        let phone = Phone::at(&world, ip).await;
        let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
        invite.body = sdp(SocketAddr::new(ip.parse().unwrap(), 4_000)).into_bytes();
        phone.send(&invite).await;
        let answer = phone.expect(200).await;
        let contact = format!("<sip:{host}:{}>", world.addr().port());
        assert_eq!(answer.get("Contact"), Some(contact.as_str()));
        let told = audio_of(&answer).ip().to_string();
        assert_eq!(told, host.trim_matches(['[', ']']));
        phone.send(&phone.inside(&answer, "ACK", 2)).await;
        phone.send(&phone.inside(&answer, "BYE", 3)).await;
        phone.expect(200).await;
    }
    world.is_quiet().await;
}
