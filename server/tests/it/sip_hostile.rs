//! The edge as a hostile or careless peer meets it: messages that cross, come twice, too early
//! or all at once, and those that name what is not theirs.

use std::time::Duration;

use app::domain::call::EndReason;
use server::clock::Clock;
use server::sip::message::{Message, Start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::sip_session::{OURS, long_call, minutes};
use crate::sip_world::{House, NUMBER, PASSWORD, Phone, SDP, World};

/// The next answer to a request of this method, whatever else comes in between.
async fn answer_to(phone: &Phone, method: &str, status: u16) -> Message {
    for _ in 0..60 {
        if let Some(message) = phone.hear().await
            && message.status() == Some(status)
            && message.cseq().is_some_and(|(_, of)| of == method)
        {
            return message;
        }
    }
    panic!("no {status} to {method}");
}

async fn patient() -> World {
    World::with(|config| config.ring_for = Duration::from_secs(20)).await
}

fn cancel(phone: &Phone, invite: &Message) -> Message {
    let mut cancel = phone.request("CANCEL", NUMBER, invite.cseq().unwrap().0);
    cancel.set("Via", invite.get("Via").unwrap());
    cancel
}

/// The ACK of a no, in the dialog of `answer` if the INVITE was in one.
fn ack_of_no(phone: &Phone, invite: &Message, refused: &Message) -> Message {
    let mut ack = phone.request("ACK", NUMBER, invite.cseq().unwrap().0);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", refused.get("To").unwrap());
    ack
}

async fn hang_up(phone: &Phone, answer: &Message, cseq: u32) {
    phone.send(&phone.inside(answer, "BYE", cseq)).await;
    answer_to(phone, "BYE", 200).await;
}

#[tokio::test]
async fn two_offers_that_cross_are_both_put_off() {
    let (world, phone, answer) = long_call(&OURS).await;
    world.clock.advance(minutes(15));
    let ours = phone.expect_request("UPDATE").await;
    let theirs = phone.inside(&answer, "INVITE", 3);
    let theirs = theirs.with_body("application/sdp", SDP);
    phone.send(&theirs).await;
    let refused = answer_to(&phone, "INVITE", 491).await;
    phone.send(&ack_of_no(&phone, &theirs, &refused)).await;
    phone.send(&ours.reply(491, "x")).await;
    // A little later it is tried again, as a request of its own.
    let again = loop {
        let again = phone.expect_request("UPDATE").await;
        if again.cseq() != ours.cseq() {
            break again;
        }
    };
    let renewed = again.reply(200, "x");
    phone
        .send(&renewed.with("Session-Expires", "1800;refresher=uac"))
        .await;
    hang_up(&phone, &answer, 4).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    phone.send(&cancel(&phone, &invite)).await;
    answer_to(&phone, "CANCEL", 200).await;
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    hang_up(&phone, &answer, 3).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_bye_before_the_ack_ends_the_call_once() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    phone
        .send(&phone.signed_invite(NUMBER, PASSWORD).await)
        .await;
    let answer = phone.expect(200).await;
    hang_up(&phone, &answer, 3).await;
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_bye_while_it_rings_ends_the_call() {
    let world = patient().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    let ringing = phone.expect(180).await;
    phone.send(&phone.inside(&ringing, "BYE", 3)).await;
    let first = phone.hear().await.unwrap();
    let second = phone.hear().await.unwrap();
    let refused = [first, second]
        .into_iter()
        .find(|answer| answer.status() == Some(487));
    phone
        .send(&ack_of_no(&phone, &invite, &refused.unwrap()))
        .await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_gave_up"]);
}

#[tokio::test]
async fn the_answer_is_repeated_until_its_own_ack() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    phone
        .send(&phone.signed_invite(NUMBER, PASSWORD).await)
        .await;
    let answer = phone.expect(200).await;
    for _ in 0..2 {
        assert_eq!(answer_to(&phone, "INVITE", 200).await, answer);
    }
    // Somebody else's ACK confirms nothing.
    phone.send(&phone.inside(&answer, "ACK", 77)).await;
    for _ in 0..2 {
        assert_eq!(answer_to(&phone, "INVITE", 200).await, answer);
    }
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    // One may be on its way already.
    while let Some(late) = phone.hear().await {
        assert_eq!(late, answer);
    }
    hang_up(&phone, &answer, 3).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn offers_before_the_answer_have_to_wait() {
    let world = patient().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    let ringing = phone.expect(180).await;
    phone.send(&phone.inside(&ringing, "UPDATE", 3)).await;
    answer_to(&phone, "UPDATE", 200).await;
    let update = phone.inside(&ringing, "UPDATE", 4);
    phone.send(&update.with_body("application/sdp", SDP)).await;
    let wait = answer_to(&phone, "UPDATE", 500).await;
    assert_eq!(wait.get("Retry-After"), Some("1"));
    let again = phone.inside(&ringing, "INVITE", 5);
    let again = again.with_body("application/sdp", SDP);
    phone.send(&again).await;
    let wait = answer_to(&phone, "INVITE", 500).await;
    assert!(wait.get("Retry-After").is_some());
    phone.send(&ack_of_no(&phone, &again, &wait)).await;
    phone.send(&cancel(&phone, &invite)).await;
    let refused = answer_to(&phone, "INVITE", 487).await;
    phone.send(&ack_of_no(&phone, &invite, &refused)).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_gave_up"]);
}

#[tokio::test]
async fn nobody_takes_over_a_call_of_another_access_by_naming_it() {
    let house = House::with_sha256_only();
    let world = World::of(house, Clock::system(), |_| {}).await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    let theirs = format!(
        "{};to-tag={};from-tag={}",
        phone.call_id,
        answer.to_tag().unwrap(),
        phone.tag
    );
    for (replaces, status) in [
        ("somebody-elses-call;to-tag=1;from-tag=2", 481),
        ("a-call-without-tags", 400),
        (theirs.as_str(), 603),
    ] {
        let other = Phone::new(&world).await;
        let invite = other.signed_invite(NUMBER, PASSWORD).await;
        let invite = invite.with("Replaces", replaces);
        let invite = if status == 603 {
            other.signed_as_modern().await.with("Replaces", replaces)
        } else {
            invite
        };
        other.send(&invite).await;
        other.expect(status).await;
    }
    let other = Phone::new(&world).await;
    let invite = other.signed_invite(NUMBER, PASSWORD).await;
    let two = invite.with("Replaces", theirs.clone());
    other.send(&two.with("Replaces", theirs)).await;
    other.expect(400).await;
    // The one that was named has noticed nothing.
    hang_up(&phone, &answer, 3).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_route_that_leads_back_to_us_does_not_loop() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let us = format!("<sip:{};lr>", world.addr());
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    for _ in 0..20 {
        invite.push("Route", us.clone());
        invite.push("Record-Route", us.clone());
    }
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    assert_eq!(answer.all("Record-Route").count(), 20);
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    phone.send(&phone.inside(&answer, "OPTIONS", 3)).await;
    answer_to(&phone, "OPTIONS", 200).await;
    // Our BYE comes back to ourselves, who know no such dialog.
    let id = world.house.told.lock().opened[0].id;
    let by_operator = EndReason::OperatorHungUp;
    assert!(world.edge.calls().hang_up(id, by_operator));
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["operator_hung_up"]);
    let ladder = world.house.ladder();
    let last = ladder.last().unwrap();
    assert!(last.starts_with("> 481 "), "{ladder:?}");
}

#[tokio::test]
async fn a_pipeline_is_limited_and_delays_nobody_else() {
    // On a clock that stands still nobody earns more than his burst.
    let world = World::of(House::new(), Clock::fixed(0), |_| {}).await;
    let phone = Phone::new(&world).await;
    let mut stream = TcpStream::connect(world.addr()).await.unwrap();
    let mut pipeline = Vec::new();
    for cseq in 1..=500 {
        let mut options = phone.request("OPTIONS", NUMBER, cseq);
        options.set("Via", options.get("Via").unwrap().replace("/UDP", "/TCP"));
        pipeline.extend(options.to_bytes());
    }
    stream.write_all(&pipeline).await.unwrap();
    let other = Phone::at(&world, "127.0.0.2").await;
    other.send(&other.request("OPTIONS", NUMBER, 1)).await;
    other.expect(200).await;
    let mut heard = Vec::new();
    let all = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut heard));
    assert!(all.await.is_err(), "the connection stays");
    let answers = String::from_utf8_lossy(&heard)
        .matches("SIP/2.0 200")
        .count();
    assert_eq!(answers, 60);
}

#[tokio::test]
async fn a_head_of_very_many_lines_is_not_read() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    for n in 0..300 {
        invite.push("X", format!("{n}"));
    }
    phone.send(&invite).await;
    assert!(phone.hear().await.is_none());
    world.is_quiet().await;
    assert!(world.house.ended().is_empty());
}

/// The same INVITE by several ways at the same moment is one call, and frees what it counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_invite_at_the_same_moment_is_counted_once() {
    let carrier = "127.0.0.2".parse().unwrap();
    let world = World::of(House::with_network(carrier), Clock::system(), |_| {}).await;
    for _ in 0..20 {
        let phone = Phone::at(&world, "127.0.0.2").await;
        let mut invite = phone
            .request("INVITE", NUMBER, 1)
            .with_body("application/sdp", SDP);
        invite.start = Start::Request {
            method: "INVITE".into(),
            uri: format!("sip:{NUMBER}@n3tw0rk.sip.example.com").into(),
        };
        let bytes = invite.to_bytes();
        let mut ways = Vec::new();
        for _ in 0..6 {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            let mut stream = socket.connect(world.addr()).await.unwrap();
            let bytes = bytes.clone();
            ways.push(tokio::spawn(async move {
                stream.write_all(&bytes).await.unwrap();
                stream
            }));
        }
        let mut open = Vec::new();
        for way in ways {
            open.push(way.await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nobody acknowledges: every call ends by itself.
    for _ in 0..400 {
        if world.house.lines_in_use() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.house.lines_in_use(), 0);
    world.is_quiet().await;
}
