//! Every message of a call is on its ladder, in the order it came or went, as it was.

use std::time::Duration;

use server::sip::desk::CallEvent;
use server::sip::message::Message;

use crate::sip_world::{NUMBER, PASSWORD, Phone, SDP, World, rung};

#[tokio::test]
async fn of_a_plain_call() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    let expected = [
        "> INVITE",
        "< 100 Trying (INVITE)",
        "< 180 Ringing (INVITE)",
        "< 200 OK (INVITE)",
        "> ACK",
        "> BYE",
        "< 200 OK (BYE)",
    ];
    assert_eq!(world.house.ladder(), expected);
}

#[tokio::test]
async fn of_a_cancelled_call() {
    let world = World::with(|config| config.ring_for = Duration::from_secs(20)).await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite).await;
    phone.expect(180).await;
    let mut cancel = phone.request("CANCEL", NUMBER, 2);
    cancel.set("Via", invite.get("Via").unwrap());
    phone.send(&cancel).await;
    let answers = [phone.hear().await.unwrap(), phone.hear().await.unwrap()];
    let of = |status| {
        let found = answers.iter().find(|a| a.status() == Some(status));
        found.unwrap_or_else(|| panic!("no {status} in {answers:?}"))
    };
    let refused = of(487);
    phone.send(&ack(&phone, &invite, refused)).await;
    world.is_quiet().await;
    let expected = [
        "> INVITE",
        "< 100 Trying (INVITE)",
        "< 180 Ringing (INVITE)",
        "> CANCEL",
        "< 200 OK (CANCEL)",
        "< 487 Request Terminated (INVITE)",
        "> ACK",
    ];
    assert_eq!(world.house.ladder(), expected);
    // As it was, not as it might have been.
    let kept = kept(&world, "CANCEL sip:");
    assert_eq!(kept.uri(), cancel.uri());
    assert_eq!(
        kept.headers().len(),
        cancel.headers().len() + 1,
        "and a length"
    );
    let said = world
        .house
        .told
        .lock()
        .events
        .iter()
        .find_map(said_to_cancel);
    let said = Message::read(said.unwrap().as_bytes()).unwrap();
    assert_eq!(said.get("To"), of(200).get("To"));
}

fn said_to_cancel((_, event): &(app::domain::id::CallId, CallEvent)) -> Option<String> {
    match event {
        CallEvent::Message(record) if record.summary == "200 OK (CANCEL)" => {
            Some(record.text.clone())
        }
        _ => None,
    }
}

fn kept(world: &World, summary: &str) -> Message {
    let told = world.house.told.lock();
    let text = told.events.iter().find_map(|(_, event)| match event {
        CallEvent::Message(record) if record.summary.starts_with(summary) => Some(&record.text),
        _ => None,
    });
    Message::read(text.unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn without_what_a_password_was_proved_with() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    let sent = invite.get("Authorization").unwrap();
    phone.send(&invite).await;
    let answer = phone.expect(200).await;
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    let invite = kept(&world, "INVITE sip:");
    let kept = invite.get("Authorization").unwrap();
    assert!(kept.contains("response=\"[secret]\""), "{kept}");
    let proof = sent.split("response=\"").nth(1).unwrap();
    let proof = proof.split('"').next().unwrap();
    assert!(!proof.is_empty() && !kept.contains(proof), "{kept}");
    assert!(kept.contains("username=\""), "who it was is kept: {kept}");
}

/// The ACK of a no: it belongs to the INVITE's transaction.
fn ack(phone: &Phone, invite: &Message, refused: &Message) -> Message {
    let mut ack = phone.request("ACK", NUMBER, invite.cseq().unwrap().0);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", refused.get("To").unwrap());
    ack
}

#[tokio::test]
async fn of_a_refused_call() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body = SDP.replace("0 8 101", "18").into_bytes();
    phone.send(&invite).await;
    let refused = phone.expect(488).await;
    phone.send(&ack(&phone, &invite, &refused)).await;
    world.is_quiet().await;
    let told = world.house.told.lock();
    let (_, _, messages) = &told.refused[0];
    let rungs: Vec<_> = messages.iter().map(rung).collect();
    let expected = ["> INVITE", "< 488 Not Acceptable Here (INVITE)", "> ACK"];
    assert_eq!(rungs, expected);
}

#[tokio::test]
async fn of_a_call_with_everything_in_it() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let invite = phone.signed_invite(NUMBER, PASSWORD).await;
    phone.send(&invite.with("Require", "100rel")).await;
    let ringing = phone.expect(180).await;
    let prack = phone
        .inside(&ringing, "PRACK", 3)
        .with("RAck", format!("{} 2 INVITE", ringing.get("RSeq").unwrap()));
    phone.send(&prack).await;
    phone.expect(200).await;
    let answer = phone.expect(200).await;
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    let again = phone.inside(&answer, "INVITE", 4);
    phone.send(&again.with_body("application/sdp", SDP)).await;
    phone.expect(200).await;
    phone.send(&phone.inside(&answer, "ACK", 4)).await;
    for (cseq, method) in [(5, "UPDATE"), (6, "INFO"), (7, "OPTIONS"), (8, "BYE")] {
        phone.send(&phone.inside(&answer, method, cseq)).await;
        phone.expect(200).await;
    }
    world.is_quiet().await;
    let mut expected = vec![
        "> INVITE",
        "< 100 Trying (INVITE)",
        "< 180 Ringing (INVITE)",
        "> PRACK",
        "< 200 OK (PRACK)",
        "< 200 OK (INVITE)",
        "> ACK",
        "> INVITE",
        "< 200 OK (INVITE)",
        "> ACK",
    ];
    expected.extend(["> UPDATE", "< 200 OK (UPDATE)", "> INFO", "< 200 OK (INFO)"]);
    expected.extend(["> OPTIONS", "< 200 OK (OPTIONS)", "> BYE", "< 200 OK (BYE)"]);
    assert_eq!(world.house.ladder(), expected);
}

#[tokio::test]
async fn of_a_call_we_end_with_their_bye_crossing_ours() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    // The ACK must have been read: then the call is confirmed.
    phone.send(&phone.inside(&answer, "OPTIONS", 3)).await;
    phone.expect(200).await;
    let call = world.house.told.lock().opened[0].id;
    assert!(
        world
            .edge
            .calls()
            .hang_up(call, app::domain::call::EndReason::OperatorHungUp)
    );
    let bye = phone.expect_request("BYE").await;
    phone.send(&phone.inside(&answer, "BYE", 4)).await;
    phone.expect(200).await;
    phone.send(&bye.reply(200, "x")).await;
    world.is_quiet().await;
    let ladder = world.house.ladder();
    let expected = ["< BYE", "> BYE", "< 200 OK (BYE)", "> 200 OK (BYE)"];
    assert_eq!(ladder[ladder.len() - 4..], expected);
    assert_eq!(world.house.ended(), ["operator_hung_up"]);
}
