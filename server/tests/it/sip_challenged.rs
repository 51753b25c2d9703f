//! Challenges inside a call that is up: who may make them, and which are answered.

use std::time::Duration;

use app::domain::call::Happening;
use app::domain::id::CallId;
use server::clock::Clock;
use server::service::calls::Switchboard as _;
use server::sip::message::Message;

use crate::sip_carrier::trunk;
use crate::sip_hand::Hand;
use crate::sip_outbound::{RING, call, end_of, lab};
use crate::sip_outside::{happened, until};
use crate::sip_world::{House, Legs, World};

/// Answered, with the INVITE it was.
pub(crate) async fn answered(
    world: &World,
    hand: &Hand,
    more: impl Fn(Message) -> Message,
) -> (CallId, Message) {
    let id = call(world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &more(hand.describes(&invite, 200)))
        .await;
    (id, invite)
}

#[tokio::test]
async fn challenges_inside_a_call_are_answered() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id = call(&world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    let early = hand
        .reply(&invite, 180)
        .with("Require", "100rel")
        .with("RSeq", "1");
    hand.says(&invite, &early).await;
    let prack = hand.hears("PRACK").await;
    hand.says(&prack, &hand.challenge(&prack)).await;
    let signed = hand.hears("PRACK").await;
    assert!(signed.get("Authorization").is_some(), "{signed:?}");
    hand.says(&signed, &hand.reply(&signed, 200)).await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    assert!(world.edge.hang_up(id).await);
    let bye = hand.hears("BYE").await;
    assert!(bye.get("Authorization").is_none());
    assert!(bye.cseq().unwrap().0 > signed.cseq().unwrap().0);
    hand.says(&bye, &hand.challenge(&bye)).await;
    let signed = hand.hears("BYE").await;
    let value = signed.get("Authorization").unwrap();
    assert!(value.contains("username=\"patch\""), "{value}");
    assert!(signed.cseq().unwrap().0 > bye.cseq().unwrap().0);
    hand.says(&signed, &hand.reply(&signed, 200)).await;
    end_of(&world, id).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn who_is_elsewhere_learns_nothing_of_a_trunks_password() {
    let world = lab().await;
    let (hand, other) = (Hand::new().await, Hand::on("127.0.0.2").await);
    let route = format!("<sip:{};lr>", other.at);
    let leads_on = |answer: Message| answer.with("Record-Route", route.clone());
    let (id, _) = answered(&world, &hand, leads_on).await;
    other.hears("ACK").await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    assert!(world.edge.hang_up(id).await);
    let bye = other.hears("BYE").await;
    other.says(&bye, &other.challenge(&bye)).await;
    end_of(&world, id).await;
    assert!(!other.has_heard("BYE"), "signed for a stranger");
}

/// A long call by a trunk on a clock that stands; its peer wants signs of life from us.
async fn long_call(allow: &str) -> (World, Hand, CallId, Message) {
    let world = World::of(House::new(), Clock::fixed(1_700_000_000_000), |config| {
        config.allow_local_targets = true;
    })
    .await;
    let hand = Hand::new().await;
    let more = |answer: Message| {
        answer
            .with("Allow", allow)
            .with("Session-Expires", "1800;refresher=uac")
    };
    let (id, invite) = answered(&world, &hand, more).await;
    hand.hears("ACK").await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    world.clock.advance(Duration::from_secs(901));
    (world, hand, id, invite)
}

/// Our refresh is challenged, comes signed, and is granted.
async fn refreshes(allow: &str, method: &str) {
    let (world, hand, id, invite) = long_call(allow).await;
    let plain = hand.hears(method).await;
    assert!(plain.get("Authorization").is_none());
    hand.says(&plain, &hand.challenge(&plain)).await;
    let signed = hand.hears(method).await;
    let value = signed.get("Authorization").unwrap();
    assert!(value.contains("username=\"patch\""), "{value}");
    assert!(signed.cseq().unwrap().0 > plain.cseq().unwrap().0);
    assert_eq!(signed.call_id(), invite.call_id());
    let granted = if method == "INVITE" {
        assert_eq!(signed.body, plain.body, "the same offer once more");
        hand.describes(&signed, 200)
    } else {
        hand.reply(&signed, 200)
    };
    hand.says(
        &signed,
        &granted.with("Session-Expires", "1800;refresher=uac"),
    )
    .await;
    until("refreshed", || {
        happened(&world, &Happening::SessionRefreshed) == 1
    })
    .await;
    if method == "INVITE" {
        let ack = hand.hears("ACK").await;
        assert_eq!(ack.cseq().unwrap().0, signed.cseq().unwrap().0);
    }
    hand.asks(&invite, "BYE").await;
    assert_eq!(end_of(&world, id).await.0, "callee_hung_up");
    world.is_quiet().await;
}

#[tokio::test]
async fn a_challenge_to_our_update_is_answered() {
    refreshes("INVITE, ACK, BYE, UPDATE", "UPDATE").await;
}

#[tokio::test]
async fn a_challenge_to_our_re_invite_is_answered() {
    refreshes("INVITE, ACK, BYE", "INVITE").await;
}

#[tokio::test]
async fn a_refresh_that_is_challenged_for_ever_ends_the_call_in_time() {
    let (world, hand, id, _) = long_call("INVITE, ACK, BYE, UPDATE").await;
    for _ in 0..2 {
        let asked = hand.hears("UPDATE").await;
        hand.says(&asked, &hand.challenge(&asked)).await;
    }
    world.clock.advance(Duration::from_secs(870));
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    assert_eq!(end_of(&world, id).await.0, "session_expired");
    assert!(!hand.has_heard("UPDATE"), "a password is tried once");
}

/// A call by a trunk, whose carrier sends us to this desk.
async fn referred_to(desk: &Hand, more: impl Fn(Message) -> Message) -> (World, Hand, CallId) {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let hand = Hand::new().await;
    let (id, invite) = answered(&world, &hand, more).await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    let to = format!("<sip:desk@{}>", desk.at);
    assert_eq!(hand.refers(&invite, &to, 900).await, Some(202));
    (world, hand, id)
}

#[tokio::test]
async fn a_challenge_to_our_news_and_to_the_goodbye_behind_them_is_answered() {
    let desk = Hand::new().await;
    let (world, hand, id) = referred_to(&desk, |answer| answer).await;
    for fragment in ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"] {
        let plain = hand.hears("NOTIFY").await;
        assert!(plain.get("Authorization").is_none());
        if fragment.contains("100") {
            // All the while the desk is called, and answers.
            let invite = desk.hears("INVITE").await;
            desk.says(&invite, &desk.describes(&invite, 200)).await;
            desk.hears("ACK").await;
        }
        hand.says(&plain, &hand.challenge(&plain)).await;
        let signed = hand.hears("NOTIFY").await;
        let value = signed.get("Authorization").unwrap();
        assert!(value.contains("username=\"patch\""), "{value}");
        assert_eq!(signed.cseq().unwrap().0, plain.cseq().unwrap().0 + 1);
        let told = hand.takes_news(&signed, "refer").await;
        assert_eq!(told.0, fragment);
    }
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.challenge(&bye)).await;
    let signed = hand.hears("BYE").await;
    assert!(signed.get("Authorization").is_some(), "{signed:?}");
    hand.says(&signed, &hand.reply(&signed, 200)).await;
    assert!(world.edge.hang_up(id).await);
    let bye = desk.hears("BYE").await;
    desk.says(&bye, &desk.reply(&bye, 200)).await;
    end_of(&world, id).await;
    world.is_quiet().await;
    let ladder = world.house.ladder();
    let news = ladder.iter().filter(|rung| *rung == "< NOTIFY").count();
    assert_eq!(news, 4, "{ladder:#?}");
}

#[tokio::test]
async fn who_is_elsewhere_learns_nothing_of_a_trunks_password_by_news_either() {
    let (desk, other) = (Hand::new().await, Hand::on("127.0.0.2").await);
    let route = format!("<sip:{};lr>", other.at);
    let leads_on = |answer: Message| answer.with("Record-Route", route.clone());
    let (world, _hand, id) = referred_to(&desk, leads_on).await;
    let notify = other.hears("NOTIFY").await;
    other.says(&notify, &other.challenge(&notify)).await;
    let invite = desk.hears("INVITE").await;
    desk.says(&invite, &desk.reply(&invite, 486)).await;
    until("nobody came", || world.house.ended().contains(&"busy")).await;
    assert!(world.edge.hang_up(id).await);
    let bye = other.hears("BYE").await;
    assert!(!other.has_heard("NOTIFY"), "signed for a stranger");
    other.says(&bye, &other.reply(&bye, 200)).await;
    end_of(&world, id).await;
}
