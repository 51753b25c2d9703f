//! Calls handed on by REFER: a telephone calls in, its agent's destination asks for that way, and
//! the telephone says how it went.

use std::time::Duration;

use app::domain::call::Happening;
use app::domain::draft::Entry;
use app::domain::id::{CallId, DestinationId};
use app::domain::transfer::{Destination, DestinationDraft, Transfer, TransferMode, TransferState};
use server::service::calls::Switchboard as _;
use server::sip::desk::CallEvent;
use server::sip::message::Message;
use uuid::Uuid;

use crate::sip_hand::Hand;
use crate::sip_outbound::{end_of, lab};
use crate::sip_outside::{happened, only_call, until};
use crate::sip_phone::Phone;
use crate::sip_world::{Legs, NUMBER, World};

/// A caller whose telephone takes REFER, on the line with an agent.
pub(crate) struct Line {
    pub(crate) world: World,
    pub(crate) phone: Phone,
    pub(crate) answer: Message,
    pub(crate) call: CallId,
}

impl Line {
    async fn new() -> Self {
        Self::of(lab().await, "INVITE, ACK, BYE, REFER, NOTIFY").await
    }

    async fn of(world: World, allow: &str) -> Self {
        let phone = Phone::new(&world).await;
        let answer = phone
            .call_with(NUMBER, |invite| invite.with("Allow", allow))
            .await;
        until("confirmed", || happened(&world, &Happening::Confirmed) == 1).await;
        let call = only_call(&world);
        Self {
            world,
            phone,
            answer,
            call,
        }
    }

    async fn hand_on(&self, to: Destination) -> Transfer {
        self.world.edge.hand_on(self.call, to).await.unwrap()
    }

    /// The REFER that came, answered so.
    pub(crate) async fn is_referred(&self, status: u16) -> Message {
        let refer = self.phone.expect_request("REFER").await;
        self.phone.send(&refer.reply(status, "x")).await;
        refer
    }

    pub(crate) async fn notifies(&self, number: u32, state: &str, fragment: &str) {
        self.notifies_under("refer", number, state, fragment).await;
        self.phone.expect(200).await;
    }

    async fn notifies_under(&self, event: &str, number: u32, state: &str, fragment: &str) {
        let notify = self
            .phone
            .inside(&self.answer, "NOTIFY", number)
            .with("Event", event)
            .with("Subscription-State", state)
            .with_body("message/sipfrag", fragment);
        self.phone.send(&notify).await;
    }

    /// The last thing told of the transfer.
    fn transfer(&self) -> Option<Transfer> {
        let told = self.world.house.told.lock();
        let mut of_it = told.events.iter().rev();
        of_it.find_map(|(_, event)| match event {
            CallEvent::Transfer(transfer) => Some(transfer.clone()),
            _ => None,
        })
    }

    pub(crate) async fn comes_to(&self, state: TransferState) -> Transfer {
        until(state.as_str(), || {
            self.transfer().is_some_and(|last| last.state == state)
        })
        .await;
        self.transfer().unwrap()
    }

    pub(crate) async fn hangs_up(&self, number: u32) {
        let bye = self.phone.inside(&self.answer, "BYE", number);
        self.phone.send(&bye).await;
        let end = end_of(&self.world, self.call).await;
        assert_eq!(end.0, "caller_hung_up");
    }
}

pub(crate) fn to(kind: &str, value: &str, mode: &str) -> Destination {
    let draft = DestinationDraft {
        name: Entry::text("Sales"),
        r#type: Entry::text(kind),
        value: Entry::text(value),
        mode: Entry::text(mode),
        ..DestinationDraft::default()
    };
    Destination {
        id: DestinationId::from_uuid(Uuid::from_u128(7)),
        settings: draft.parse().unwrap().settings,
        version: 1,
        created_at: 0,
        updated_at: 0,
    }
}

pub(crate) const ELSEWHERE: &str = "+12125550177";

#[tokio::test]
async fn the_peer_calls_there_itself_and_the_call_leaves_us() {
    for (kind, value, uri) in [
        ("phone", ELSEWHERE, "sip:+12125550177@127.0.0.1"),
        (
            "sip",
            "sip:sales@pbx.example.com",
            "sip:sales@pbx.example.com",
        ),
    ] {
        let line = Line::new().await;
        let begun = line.hand_on(to(kind, value, "refer")).await;
        assert_eq!(
            (begun.mode, begun.state),
            (TransferMode::Refer, TransferState::Trying)
        );
        let refer = line.is_referred(202).await;
        let asked = refer.get("Refer-To").unwrap();
        assert!(asked.starts_with(&format!("<{uri}")), "{asked}");
        line.notifies(3, "active;expires=60", "SIP/2.0 100 Trying")
            .await;
        line.notifies(4, "active;expires=50", "SIP/2.0 180 Ringing\r\n")
            .await;
        line.comes_to(TransferState::Ringing).await;
        let done = "terminated;reason=noresource";
        line.notifies(5, done, "SIP/2.0 200 OK\r\n").await;
        let bye = line.phone.expect_request("BYE").await;
        line.phone.send(&bye.reply(200, "x")).await;
        assert_eq!(end_of(&line.world, line.call).await.0, "handed_on");
        let last = line.comes_to(TransferState::Completed).await;
        assert_eq!((last.status, last.leg), (Some(200), None));
        line.world.is_quiet().await;
    }
}

#[tokio::test]
async fn a_peer_that_will_not_leaves_the_caller_with_the_agent() {
    let line = Line::new().await;
    line.hand_on(to("phone", ELSEWHERE, "refer")).await;
    line.is_referred(603).await;
    let last = line.comes_to(TransferState::Failed).await;
    assert_eq!(
        (last.status, last.reason.as_deref()),
        (Some(603), Some("declined"))
    );
    assert_eq!(happened(&line.world, &Happening::BackWithAgent), 1);
    line.hangs_up(3).await;
}

#[tokio::test]
async fn auto_joins_the_two_when_the_peer_will_not() {
    let line = Line::new().await;
    let hand = Hand::new().await;
    *line.world.house.legs.lock() = Legs::Granted;
    line.hand_on(to("sip", &format!("sip:sales@{}", hand.at), "auto"))
        .await;
    line.is_referred(405).await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    let last = line.comes_to(TransferState::Completed).await;
    assert_eq!(last.mode, TransferMode::Bridge);
    line.hangs_up(3).await;
    hand.hears("BYE").await;
}

#[tokio::test]
async fn a_call_that_failed_over_there_comes_back() {
    let line = Line::new().await;
    line.hand_on(to("phone", ELSEWHERE, "auto")).await;
    line.is_referred(202).await;
    line.notifies(3, "terminated", "SIP/2.0 486 Busy Here\r\n")
        .await;
    let last = line.comes_to(TransferState::Failed).await;
    assert_eq!(
        (last.status, last.reason.as_deref()),
        (Some(486), Some("busy"))
    );
    assert_eq!(last.mode, TransferMode::Refer, "nobody is called twice");
    // What comes late is of nothing that we know.
    let late = line.phone.inside(&line.answer, "NOTIFY", 4);
    line.phone.send(&late.with("Event", "refer")).await;
    line.phone.expect(481).await;
    line.hangs_up(5).await;
}

#[tokio::test]
async fn late_news_of_one_refer_is_not_taken_for_news_of_the_next() {
    let line = Line::new().await;
    let event = |refer: &Message| format!("refer;id={}", refer.cseq().unwrap().0);
    let over = "terminated;reason=noresource";
    line.hand_on(to("phone", ELSEWHERE, "refer")).await;
    let first = event(&line.is_referred(202).await);
    line.notifies_under(&first, 3, over, "SIP/2.0 486 Busy Here\r\n")
        .await;
    line.phone.expect(200).await;
    line.comes_to(TransferState::Failed).await;
    line.hand_on(to("phone", ELSEWHERE, "refer")).await;
    let second = event(&line.is_referred(202).await);
    assert_ne!(first, second);
    line.notifies_under(&first, 4, over, "SIP/2.0 200 OK\r\n")
        .await;
    line.phone.expect(481).await;
    line.notifies_under(&second, 5, over, "SIP/2.0 200 OK\r\n")
        .await;
    line.phone.expect(200).await;
    let bye = line.phone.expect_request("BYE").await;
    line.phone.send(&bye.reply(200, "x")).await;
    assert_eq!(end_of(&line.world, line.call).await.0, "handed_on");
    line.comes_to(TransferState::Completed).await;
}

#[tokio::test]
async fn an_outcome_that_is_not_told_is_unknown() {
    let patient = World::with(|config| {
        config.allow_local_targets = true;
        config.news_for = Duration::from_millis(200);
    });
    let silent = Line::of(patient.await, "REFER").await;
    silent.hand_on(to("phone", ELSEWHERE, "auto")).await;
    silent.is_referred(202).await;
    silent.comes_to(TransferState::Unknown).await;
    silent.hangs_up(3).await;

    let vague = Line::new().await;
    vague.hand_on(to("phone", ELSEWHERE, "auto")).await;
    vague.is_referred(202).await;
    vague
        .notifies(3, "terminated;reason=timeout", "SIP/2.0 100 Trying")
        .await;
    vague.comes_to(TransferState::Unknown).await;
    vague.hangs_up(4).await;

    let hasty = Line::new().await;
    hasty.hand_on(to("phone", ELSEWHERE, "refer")).await;
    hasty.is_referred(202).await;
    hasty.hangs_up(3).await;
    hasty.comes_to(TransferState::Unknown).await;
}

#[tokio::test]
async fn who_does_not_know_refer_is_not_asked() {
    let line = Line::of(lab().await, "INVITE, ACK, BYE").await;
    let begun = line.hand_on(to("phone", ELSEWHERE, "refer")).await;
    assert_eq!(begun.mode, TransferMode::Refer);
    let last = line.comes_to(TransferState::Failed).await;
    assert_eq!(last.reason.as_deref(), Some("not_referable"));
    let hand = Hand::new().await;
    *line.world.house.legs.lock() = Legs::Granted;
    line.hand_on(to("sip", &format!("sip:sales@{}", hand.at), "auto"))
        .await;
    hand.hears("INVITE").await;
    line.hangs_up(3).await;
    let ladder = line.world.house.ladder();
    assert!(!ladder.iter().any(|rung| rung == "< REFER"), "{ladder:?}");
}

#[tokio::test]
async fn nobody_outside_a_call_may_notify() {
    let world = lab().await;
    let phone = Phone::new(&world).await;
    phone.send(&phone.request("NOTIFY", "x", 1)).await;
    phone.expect(405).await;
}

#[tokio::test]
async fn a_refer_that_is_never_answered_is_no_transfer_until_its_time_is_up() {
    // Timer F (RFC 3261 §17.1.2.2), ten times faster than in life.
    let alone = Line::new().await;
    alone.hand_on(to("phone", ELSEWHERE, "refer")).await;
    alone.phone.expect_request("REFER").await;
    let last = alone.comes_to(TransferState::Failed).await;
    assert_eq!(
        (last.status, last.mode, last.leg),
        (Some(408), TransferMode::Refer, None)
    );
    assert_eq!(happened(&alone.world, &Happening::BackWithAgent), 1);
    alone.hangs_up(3).await;
    alone.world.is_quiet().await;

    let line = Line::new().await;
    let hand = Hand::new().await;
    *line.world.house.legs.lock() = Legs::Granted;
    line.hand_on(to("sip", &format!("sip:sales@{}", hand.at), "auto"))
        .await;
    line.phone.expect_request("REFER").await;
    assert!(!hand.has_heard("INVITE"), "somebody may be called already");
    let invite = hand.hears("INVITE").await;
    let ladder = line.world.house.ladder();
    assert!(
        ladder
            .iter()
            .any(|rung| rung == "> 408 Request Timeout (REFER)"),
        "only then: {ladder:?}"
    );
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    let last = line.comes_to(TransferState::Completed).await;
    assert_eq!(last.mode, TransferMode::Bridge);
    line.hangs_up(3).await;
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    line.world.is_quiet().await;
}

#[tokio::test]
async fn a_caller_who_was_handed_on_leaves_when_the_other_side_hangs_up() {
    let line = Line::new().await;
    let hand = Hand::new().await;
    *line.world.house.legs.lock() = Legs::Granted;
    let begun = line
        .hand_on(to("sip", &format!("sip:sales@{}", hand.at), "bridge"))
        .await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    line.comes_to(TransferState::Completed).await;
    hand.asks(&invite, "BYE").await;
    let bye = line.phone.expect_request("BYE").await;
    line.phone.send(&bye.reply(200, "x")).await;
    let leg = begun.leg.unwrap();
    assert_eq!(end_of(&line.world, leg).await.0, "callee_hung_up");
    assert_eq!(end_of(&line.world, line.call).await.0, "handed_on");
    line.world.is_quiet().await;
}
