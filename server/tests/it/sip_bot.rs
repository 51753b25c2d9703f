//! A bot with a telephone that hands its caller on, and goes at once or asks before the call stands:
//! whatever becomes of that, the caller is with somebody, or is told that nobody is there.

use std::time::Duration;

use app::domain::call::Happening;
use app::domain::transfer::{Assigned, Destination, TransferState};
use server::sip::EdgeConfig;
use server::sip::message::Message;

use crate::sip_hand::Hand;
use crate::sip_outbound::end_of;
use crate::sip_outside::{happened, only_call, until};
use crate::sip_phone::Phone;
use crate::sip_refer::{ELSEWHERE, Line, to};
use crate::sip_world::{Legs, NUMBER, PASSWORD, World};

/// A caller whom a bot speaks with.
struct Talk {
    line: Line,
    bot: Hand,
    /// How the bot was called.
    invite: Message,
}

async fn world(change: impl FnOnce(&mut EdgeConfig)) -> World {
    World::with(|config| {
        config.allow_local_targets = true;
        // Long enough for whoever is slower than the bot.
        config.t1 = Duration::from_millis(250);
        change(config);
    })
    .await
}

impl Talk {
    /// The bot has answered, and the caller has not acknowledged that yet.
    async fn begins(world: World, destination: Destination) -> Self {
        let bot = Hand::new().await;
        let uri = format!("sip:bot@{}", bot.at).parse().unwrap();
        *world.house.bot.lock() = Some(uri);
        let digit = Some('1');
        world
            .house
            .menu
            .lock()
            .push(Assigned { destination, digit });
        let phone = Phone::new(&world).await;
        let dials = phone.signed_invite(NUMBER, PASSWORD).await;
        let dials = dials.with("Allow", "INVITE, ACK, BYE, REFER, NOTIFY");
        phone.send(&dials).await;
        let invite = bot.hears("INVITE").await;
        bot.says(&invite, &bot.describes(&invite, 200)).await;
        bot.hears("ACK").await;
        let answer = phone.expect(200).await;
        let call = only_call(&world);
        Self {
            line: Line {
                world,
                phone,
                answer,
                call,
            },
            bot,
            invite,
        }
    }

    async fn stands(world: World, destination: Destination) -> Self {
        let talk = Self::begins(world, destination).await;
        talk.confirms().await;
        talk
    }

    async fn confirms(&self) {
        let Line { world, phone, .. } = &self.line;
        phone.send(&phone.inside(&self.line.answer, "ACK", 2)).await;
        until("confirmed", || happened(world, &Happening::Confirmed) == 1).await;
    }

    /// The bot hands its caller on.
    async fn hands_on(&self) {
        let asked = self.bot.refers(&self.invite, "<sip:1@127.0.0.1>", 800);
        assert_eq!(asked.await, Some(202));
        assert_eq!(self.bot.is_notified().await.0, "SIP/2.0 100 Trying");
    }

    async fn bot_leaves(&self) {
        self.bot.asks(&self.invite, "BYE").await;
        let ended = || self.line.world.house.ended();
        until("the bot has gone", || ended().contains(&"callee_hung_up")).await;
    }

    /// We hang up, for this reason.
    async fn is_hung_up(&self, reason: &str) {
        let Line { world, phone, .. } = &self.line;
        let bye = phone.expect_request("BYE").await;
        phone.send(&bye.reply(200, "x")).await;
        assert_eq!(end_of(world, self.line.call).await.0, reason);
    }
}

#[tokio::test]
async fn a_bot_that_is_quicker_than_the_ack_hands_its_caller_on_all_the_same() {
    let hand = Hand::new().await;
    let sales = to("sip", &format!("sip:sales@{}", hand.at), "bridge");
    let talk = Talk::begins(world(|_| {}).await, sales).await;
    *talk.line.world.house.legs.lock() = Legs::Granted;
    talk.hands_on().await;
    talk.bot_leaves().await;
    talk.confirms().await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    talk.line.comes_to(TransferState::Completed).await;
    talk.line.hangs_up(3).await;
    hand.hears("BYE").await;
}

#[tokio::test]
async fn what_was_asked_for_before_the_ack_may_be_no_choice_any_more() {
    let mobile = || to("phone", ELSEWHERE, "bridge");
    let waits = Talk::begins(world(|_| {}).await, mobile()).await;
    waits.hands_on().await;
    waits.line.world.house.menu.lock().clear();
    waits.confirms().await;
    let refused = ("SIP/2.0 491 Request Pending".to_owned(), true);
    assert_eq!(waits.bot.is_notified().await, refused);
    waits.line.hangs_up(3).await;

    let goes = Talk::begins(world(|_| {}).await, mobile()).await;
    goes.hands_on().await;
    goes.bot_leaves().await;
    goes.line.world.house.menu.lock().clear();
    goes.confirms().await;
    goes.is_hung_up("engine_failed").await;
}

#[tokio::test]
async fn a_caller_is_told_when_the_bot_has_gone_and_nothing_is_known_of_the_rest() {
    let mobile = || to("phone", ELSEWHERE, "refer");
    let vague = Talk::stands(world(|_| {}).await, mobile()).await;
    vague.hands_on().await;
    vague.bot_leaves().await;
    vague.line.is_referred(202).await;
    let line = &vague.line;
    line.notifies(3, "terminated;reason=timeout", "SIP/2.0 100 Trying")
        .await;
    line.comes_to(TransferState::Unknown).await;
    vague.is_hung_up("engine_failed").await;

    let patient = world(|config| config.news_for = Duration::from_millis(200)).await;
    let silent = Talk::stands(patient, mobile()).await;
    silent.hands_on().await;
    silent.bot_leaves().await;
    silent.line.is_referred(202).await;
    silent.line.comes_to(TransferState::Unknown).await;
    silent.is_hung_up("engine_failed").await;
}

#[tokio::test]
async fn a_bot_that_goes_before_it_hears_of_a_failure_leaves_no_caller_cut_off() {
    let mobile = || to("phone", ELSEWHERE, "bridge");
    let crossing = Talk::stands(world(|_| {}).await, mobile()).await;
    crossing.hands_on().await;
    crossing.line.comes_to(TransferState::Failed).await;
    crossing.bot_leaves().await;
    crossing.is_hung_up("engine_failed").await;

    // Who has heard of it hangs up in earnest.
    let knows = Talk::stands(world(|_| {}).await, mobile()).await;
    knows.hands_on().await;
    let over = ("SIP/2.0 503 Service Unavailable".to_owned(), true);
    assert_eq!(knows.bot.is_notified().await, over);
    let again = knows.bot.refers(&knows.invite, "<sip:2@127.0.0.1>", 801);
    assert_eq!(again.await, Some(603));
    knows.bot.asks(&knows.invite, "BYE").await;
    knows.is_hung_up("agent_hung_up").await;
}

#[tokio::test]
async fn a_bot_that_has_gone_leaves_its_caller_no_longer_than_its_agent_may_talk() {
    let hand = Hand::new().await;
    let sales = to("sip", &format!("sip:sales@{}", hand.at), "bridge");
    let world = world(|_| {}).await;
    *world.house.longest.lock() = Some(4);
    let talk = Talk::stands(world, sales).await;
    *talk.line.world.house.legs.lock() = Legs::Granted;
    talk.hands_on().await;
    talk.bot_leaves().await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    talk.line.comes_to(TransferState::Completed).await;
    talk.is_hung_up("max_duration").await;
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    talk.line.world.is_quiet().await;
}

#[tokio::test]
async fn a_bot_that_asked_its_destination_first_has_its_caller_take_its_place_there() {
    let hand = Hand::new().await;
    let sales = to("sip", &format!("sip:sales@{}", hand.at), "auto");
    let talk = Talk::stands(world(|_| {}).await, sales).await;
    *talk.line.world.house.legs.lock() = Legs::Granted;
    let consulted = "<sip:1@127.0.0.1?Replaces=c1%40bot%3Bto-tag%3Ddesk%3Bfrom-tag%3Dbot>";
    let asked = talk.bot.refers(&talk.invite, consulted, 800);
    assert_eq!(asked.await, Some(202));
    assert_eq!(talk.bot.is_notified().await.0, "SIP/2.0 100 Trying");
    let invite = hand.hears("INVITE").await;
    let replaced = "c1@bot;to-tag=desk;from-tag=bot";
    assert_eq!(invite.get("Replaces"), Some(replaced));
    assert!(invite.lists("Require", "replaces"), "{invite:?}");
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    let over = ("SIP/2.0 200 OK".to_owned(), true);
    assert_eq!(talk.bot.is_notified().await, over);
    talk.line.comes_to(TransferState::Completed).await;
    talk.line.hangs_up(3).await;
    hand.hears("BYE").await;
}

#[tokio::test]
async fn the_place_of_another_call_can_not_be_taken_behind_a_trunk() {
    let mobile = to("phone", ELSEWHERE, "bridge");
    let talk = Talk::stands(world(|_| {}).await, mobile).await;
    let consulted = "<sip:1@127.0.0.1?Replaces=c1%40bot%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    let asked = talk.bot.refers(&talk.invite, consulted, 800);
    assert_eq!(asked.await, Some(603));
    let last = talk.line.comes_to(TransferState::Failed).await;
    assert_eq!(
        (last.status, last.reason.as_deref()),
        (Some(603), Some("not_replaceable"))
    );
    talk.line.hangs_up(3).await;
}

#[tokio::test]
async fn a_bot_that_asks_again_is_told_of_which_it_hears() {
    let mobile = to("phone", ELSEWHERE, "bridge");
    let talk = Talk::stands(world(|_| {}).await, mobile).await;
    let Talk { bot, invite, .. } = &talk;
    let nobody = "SIP/2.0 503 Service Unavailable";
    for (number, event) in [(800, "refer"), (801, "refer;id=801"), (817, "refer;id=817")] {
        let asked = bot.refers(invite, "<sip:1@127.0.0.1>", number);
        assert_eq!(asked.await, Some(202));
        for (fragment, last) in [("SIP/2.0 100 Trying", false), (nobody, true)] {
            let told = bot.is_notified_under(event).await;
            assert_eq!(told, (fragment.to_owned(), last));
        }
    }
    talk.line.hangs_up(3).await;
}
