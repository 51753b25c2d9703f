//! The edge from outside, one telephone at a time.

use std::time::Duration;

use crate::sip_world::{NUMBER, PASSWORD, Phone, SDP, World};

#[tokio::test]
async fn a_signed_call_is_answered_and_hung_up() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("m=audio"));
    phone.send(&phone.inside(&answer, "BYE", 900)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn wrong_passwords_are_asked_again_and_then_ignored() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    for n in 0..10 {
        let mut invite = phone.signed_invite(NUMBER, "wrong").await;
        invite.set("CSeq", format!("{} INVITE", 10 + n));
        phone.send(&invite).await;
        phone.expect(401).await;
    }
    phone
        .send(
            &phone
                .request("INVITE", NUMBER, 50)
                .with_body("application/sdp", SDP),
        )
        .await;
    assert!(
        phone.hear().await.is_none(),
        "a blocked source hears nothing"
    );
    let rows = world.edge.sources().list(world.clock.now_ms());
    assert!(rows[0].blocked_until_ms.is_some());
    assert!(world.edge.unblock("127.0.0.1".parse().unwrap()));
    phone
        .send(
            &phone
                .request("INVITE", NUMBER, 60)
                .with_body("application/sdp", SDP),
        )
        .await;
    phone.expect(401).await;
    assert_eq!(world.house.refused(), ["wrong_password"; 10]);
    world.is_quiet().await;
}

#[tokio::test]
async fn a_ban_leaves_running_calls_alone() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    let thief = Phone::new(&world).await;
    for n in 0..10 {
        let mut invite = thief.signed_invite(NUMBER, "wrong").await;
        invite.set("CSeq", format!("{} INVITE", 10 + n));
        thief.send(&invite).await;
        thief.expect(401).await;
    }
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn refusals_have_their_status_and_reason() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite("+14155559999", PASSWORD).await;
    phone.send(&invite).await;
    let refused = phone.expect(404).await;
    assert!(refused.get("Warning").unwrap().contains("number_unknown"));
    let mut ack = phone.request("ACK", "+14155559999", 2);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", refused.get("To").unwrap());
    phone.send(&ack).await;

    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body = SDP.replace("0 8 101", "18").into_bytes();
    phone.send(&invite).await;
    let refused = phone.expect(488).await;
    let mut ack = phone.request("ACK", NUMBER, 2);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", refused.get("To").unwrap());
    phone.send(&ack).await;
    world.is_quiet().await;
    assert_eq!(world.house.refused(), ["number_unknown", "no_codec"]);
}

#[tokio::test]
async fn the_trunks_order_chooses_the_codec_and_what_it_does_not_name_is_not_taken() {
    for (order, chosen) in [
        (None, "RTP/AVP 0 101"),
        (Some("G722,PCMA"), "RTP/AVP 8 101"),
        (Some("PCMA,PCMU,G722"), "RTP/AVP 8 101"),
        (Some("PCMU"), "RTP/AVP 0 101"),
    ] {
        let world = World::new().await;
        order.inspect(|order| world.house.takes(order));
        let phone = Phone::new(&world).await;
        let answer = phone.call(NUMBER).await;
        let said = String::from_utf8_lossy(&answer.body);
        let chosen = format!("{chosen}\r\n");
        assert!(said.contains(&chosen), "{order:?}: {said}");
        phone.send(&phone.inside(&answer, "BYE", 900)).await;
        phone.expect(200).await;
        world.is_quiet().await;
    }
    let world = World::new().await;
    world.house.takes("G722");
    let phone = Phone::new(&world).await;
    phone
        .send(&phone.signed_invite(NUMBER, PASSWORD).await)
        .await;
    phone.expect(488).await;
    world.is_quiet().await;
    assert_eq!(world.house.refused(), ["no_codec"]);
}

#[tokio::test]
async fn a_late_offer_names_the_trunks_codecs_in_its_order() {
    let world = World::new().await;
    world.house.takes("G722,PCMU");
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body.clear();
    phone.send(&invite).await;
    let offer = phone.expect(200).await;
    let said = String::from_utf8_lossy(&offer.body);
    assert!(said.contains("RTP/AVP 9 0 101\r\n"), "{said}");
    let ack = phone.inside(&offer, "ACK", 2);
    phone.send(&ack.with_body("application/sdp", SDP)).await;
    phone.send(&phone.inside(&offer, "BYE", 900)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn what_is_not_for_us_is_said_so() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    phone.send(&phone.request("REGISTER", "a", 1)).await;
    let refused = phone.expect(405).await;
    assert!(refused.get("Allow").unwrap().contains("INVITE"));
    phone.send(&phone.request("OPTIONS", "a", 2)).await;
    assert!(
        phone
            .expect(200)
            .await
            .get("Accept")
            .unwrap()
            .contains("application/sdp")
    );
    phone.send(&phone.request("BYE", "a", 3)).await;
    phone.expect(481).await;
    let require = phone
        .request("INVITE", NUMBER, 4)
        .with("Require", "teleport")
        .with_body("application/sdp", SDP);
    phone.send(&require).await;
    assert_eq!(phone.expect(420).await.get("Unsupported"), Some("teleport"));
    phone.send_raw(&[b'x'; 9000]).await;
    assert!(phone.hear().await.is_none());
    world.is_quiet().await;
}

#[tokio::test]
async fn a_caller_who_gives_up_is_let_go() {
    let world = World::with(|config| config.ring_for = Duration::from_secs(20)).await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    phone.expect(180).await;
    let mut cancel = phone.request("CANCEL", NUMBER, 2);
    cancel.set("Via", invite.get("Via").unwrap());
    phone.send(&cancel).await;
    let (first, second) = (phone.hear().await.unwrap(), phone.hear().await.unwrap());
    let mut statuses = [first.status().unwrap(), second.status().unwrap()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 487]);
    let refused = if first.status() == Some(487) {
        first
    } else {
        second
    };
    let mut ack = phone.request("ACK", NUMBER, 2);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", refused.get("To").unwrap());
    phone.send(&ack).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_gave_up"]);
}

#[tokio::test]
async fn a_call_without_an_ack_ends_by_itself() {
    let world = World::with(|config| config.t1 = Duration::from_millis(20)).await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    phone.expect(200).await;
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["no_ack"]);
}

#[tokio::test]
async fn a_late_offer_is_answered_in_the_ack() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body.clear();
    invite.remove("Content-Type");
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("m=audio"));
    let ack = phone
        .inside(&answer, "ACK", 2)
        .with_body("application/sdp", SDP);
    phone.send(&ack).await;
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_late_offer_without_a_common_codec_ends_with_bye() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body.clear();
    invite.remove("Content-Type");
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    let useless = SDP.replace("0 8 101", "18");
    phone
        .send(
            &phone
                .inside(&answer, "ACK", 2)
                .with_body("application/sdp", useless),
        )
        .await;
    let bye = phone.expect_request("BYE").await;
    assert!(bye.get("Reason").unwrap().contains("cause=488"));
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["no_codec"]);
}

#[tokio::test]
async fn hold_resume_update_info_and_options_are_answered() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    let hold = SDP.replace("t=0 0", "t=0 0\r\na=sendonly");
    for (n, body) in [(3, hold.as_str()), (4, SDP)] {
        phone
            .send(
                &phone
                    .inside(&answer, "INVITE", n)
                    .with_body("application/sdp", body),
            )
            .await;
        let again = phone.expect(200).await;
        let direction = if n == 3 { "a=recvonly" } else { "a=sendrecv" };
        assert!(
            String::from_utf8_lossy(&again.body).contains(direction),
            "{again:?}"
        );
        phone.send(&phone.inside(&answer, "ACK", n)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let update = phone
        .inside(&answer, "UPDATE", 5)
        .with("Supported", "timer")
        .with("Session-Expires", "90;refresher=uac");
    phone.send(&update).await;
    assert_eq!(
        phone.expect(200).await.get("Session-Expires"),
        Some("90;refresher=uac")
    );
    let update = phone
        .inside(&answer, "UPDATE", 6)
        .with("Supported", "timer")
        .with("Session-Expires", "10");
    phone.send(&update).await;
    assert_eq!(phone.expect(422).await.get("Min-SE"), Some("90"));
    let info = phone
        .inside(&answer, "INFO", 7)
        .with_body("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
    phone.send(&info).await;
    phone.expect(200).await;
    phone
        .send(
            &phone
                .inside(&answer, "INFO", 8)
                .with_body("text/plain", "hello"),
        )
        .await;
    phone.expect(415).await;
    phone.send(&phone.inside(&answer, "OPTIONS", 9)).await;
    phone.expect(200).await;
    phone.send(&phone.inside(&answer, "OPTIONS", 2)).await;
    phone.expect(500).await;
    let fax = SDP.replace("m=audio 4000 RTP/AVP 0 8 101", "m=image 4000 udptl t38");
    phone
        .send(
            &phone
                .inside(&answer, "INVITE", 11)
                .with_body("application/sdp", fax),
        )
        .await;
    let refused = phone.expect(488).await;
    let mut ack = phone.inside(&answer, "ACK", 11);
    ack.set("Via", refused.get("Via").unwrap());
    phone.send(&ack).await;
    phone.send(&phone.inside(&answer, "BYE", 12)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
}

#[tokio::test]
async fn a_required_100rel_gets_a_reliable_180() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let invite = phone
        .signed_invite(NUMBER, PASSWORD)
        .await
        .with("Require", "100rel");
    phone.send(&invite).await;
    let ringing = phone.expect(180).await;
    assert_eq!(ringing.get("Require"), Some("100rel"));
    let number = ringing.get("RSeq").unwrap().to_owned();
    // Unacknowledged, it rings again and nobody picks up.
    assert_eq!(phone.expect(180).await.get("RSeq"), Some(number.as_str()));
    phone
        .send(
            &phone
                .inside(&ringing, "PRACK", 3)
                .with("RAck", format!("{number} 9 INVITE")),
        )
        .await;
    phone.expect(481).await;
    phone
        .send(
            &phone
                .inside(&ringing, "PRACK", 4)
                .with("RAck", format!("{number} 2 INVITE")),
        )
        .await;
    phone.expect(200).await;
    let answer = phone.expect(200).await;
    assert!(answer.get("CSeq").unwrap().ends_with("INVITE"));
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    phone.send(&phone.inside(&answer, "BYE", 5)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn the_same_invite_by_two_ways_is_a_loop() {
    let world = World::with(|config| config.ring_for = Duration::from_secs(20)).await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    phone.expect(180).await;
    let mut other = invite.clone();
    other.set(
        "Via",
        invite
            .get("Via")
            .unwrap()
            .replace("z9hG4bK", "z9hG4bKother"),
    );
    phone.send(&other).await;
    phone.expect(482).await;
    phone.send(&invite).await;
    phone.expect(180).await;
}

#[tokio::test]
async fn draining_refuses_new_calls_and_lets_old_ones_end() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    world.life.drain();
    let other = Phone::new(&world).await;
    other
        .send(
            &other
                .request("INVITE", NUMBER, 1)
                .with_body("application/sdp", SDP),
        )
        .await;
    assert_eq!(other.expect(503).await.get("Retry-After"), Some("30"));
    other.send(&other.request("OPTIONS", "x", 2)).await;
    other.expect(503).await;
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn stopping_says_goodbye() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    phone.call(NUMBER).await;
    world.life.stop();
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.house.ended(), ["drained"]);
}
