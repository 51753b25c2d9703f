//! What a carrier may do to a call of ours that no script of SIPp can: by hand, message by message.

use std::sync::Arc;
use std::time::Duration;

use app::domain::call::Happening;
use app::domain::draft::Entry;
use app::domain::id::{CallId, DestinationId};
use app::domain::outbound::{OutboundTrunk, RegistrationState};
use app::domain::sip::Transport;
use app::domain::transfer::{Destination, DestinationDraft};
use server::service::calls::{OutRoute, Outgoing, Switchboard as _};
use server::sip::desk::CallEvent;
use server::sip::message::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::sip_carrier::trunk;
use crate::sip_hand::Hand;
use crate::sip_outbound::{RING, call, end_of, lab};
use crate::sip_phone::{Phone, SDP};
use crate::sip_world::{Legs, NUMBER, World};

pub(crate) fn happened(world: &World, what: &Happening) -> usize {
    let told = world.house.told.lock();
    let events = told.events.iter();
    let same = events.filter(|(_, event)| match event {
        CallEvent::Happened(event) => event.what == *what,
        _ => false,
    });
    same.count()
}

/// Waits until this is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn what_was_agreed_before_the_answer_stands() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id = call(&world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    let early = hand
        .describes(&invite, 183)
        .with("Require", "100rel")
        .with("RSeq", "41");
    hand.says(&invite, &early).await;
    let prack = hand.hears("PRACK").await;
    assert_eq!(prack.get("RAck"), Some("41 1 INVITE"));
    // Its answer was lost, and so the 183 comes again: one PRACK is all it gets.
    hand.says(&invite, &early).await;
    hand.says(&prack, &hand.reply(&prack, 200)).await;
    hand.says(&invite, &hand.reply(&invite, 200)).await;
    let ack = hand.hears("ACK").await;
    assert_eq!(ack.cseq(), Some((1, "ACK")));
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    hand.asks(&invite, "BYE").await;
    assert_eq!(end_of(&world, id).await.0, "callee_hung_up");
    assert_eq!(happened(&world, &Happening::EarlyMedia), 1);
    let pracks = world.house.ladder();
    let pracks = pracks.iter().filter(|rung| *rung == "< PRACK").count();
    assert_eq!(pracks, 1);
    world.is_quiet().await;
}

#[tokio::test]
async fn a_cancel_that_nobody_answers_hides_no_answer() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id = call(&world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.reply(&invite, 180)).await;
    until("ringing", || happened(&world, &Happening::Ringing) == 1).await;
    assert!(world.edge.hang_up(id).await);
    hand.hears("CANCEL").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    assert_eq!(end_of(&world, id).await.0, "operator_hung_up");
    world.is_quiet().await;
}

/// A call without an agent, straight to a hand.
fn straight_to(hand: &Hand, id: CallId, longest: Duration) -> Outgoing {
    Outgoing {
        id,
        agent: None,
        route: OutRoute::Direct {
            uri: Box::new(format!("sip:sales@{}", hand.at).parse().unwrap()),
            login: None,
            caller: None,
            replaces: None,
            headers: Vec::new(),
        },
        ring_for: RING,
        longest,
        hears: false,
        bot_of: None,
        metadata: serde_json::Map::new(),
    }
}

#[tokio::test]
async fn a_leg_without_an_agent_is_over_in_time() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id: CallId = world.clock.new_id();
    world
        .edge
        .dial(straight_to(&hand, id, Duration::from_millis(300)));
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    let bye = hand.hears("BYE").await;
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    assert_eq!(end_of(&world, id).await.0, "max_duration");
    world.is_quiet().await;
}

fn destination(hand: &Hand) -> Destination {
    let draft = DestinationDraft {
        name: Entry::text("Sales"),
        r#type: Entry::text("sip"),
        value: Entry::text(format!("sip:sales@{}", hand.at)),
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

/// The call a phone made.
pub(crate) fn only_call(world: &World) -> CallId {
    world.house.told.lock().opened[0].id
}

#[tokio::test]
async fn nobody_is_called_for_a_caller_who_has_gone() {
    let world = lab().await;
    let hand = Hand::new().await;
    let go_on = Arc::new(Notify::new());
    *world.house.legs.lock() = Legs::Late(go_on.clone());
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    until("confirmed", || happened(&world, &Happening::Confirmed) == 1).await;
    let near = only_call(&world);
    let transfer = world.edge.hand_on(near, destination(&hand)).await.unwrap();
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    assert_eq!(end_of(&world, near).await.0, "caller_hung_up");
    // The leg's row is there only now.
    go_on.notify_one();
    let leg = transfer.leg.unwrap();
    assert_eq!(end_of(&world, leg).await.0, "caller_gave_up");
    assert!(!hand.has_heard("INVITE"));
    world.is_quiet().await;
}

#[tokio::test]
async fn a_leg_that_dies_is_a_transfer_that_failed() {
    let world = lab().await;
    let hand = Hand::new().await;
    *world.house.legs.lock() = Legs::Fatal;
    let phone = Phone::new(&world).await;
    let answer = phone.call(NUMBER).await;
    until("confirmed", || happened(&world, &Happening::Confirmed) == 1).await;
    let near = only_call(&world);
    world.edge.hand_on(near, destination(&hand)).await.unwrap();
    let failed = Happening::HandOnFailed {
        name: "Sales".to_owned(),
        cause: "fault".to_owned(),
    };
    until("failed", || happened(&world, &failed) == 1).await;
    assert_eq!(happened(&world, &Happening::BackWithAgent), 1);
    phone.send(&phone.inside(&answer, "BYE", 3)).await;
    assert_eq!(end_of(&world, near).await.0, "caller_hung_up");
}

#[tokio::test]
async fn a_call_whose_task_dies_ends_as_a_fault() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id: CallId = world.clock.new_id();
    *world.house.fatal.lock() = Some(id);
    world.edge.dial(straight_to(&hand, id, RING));
    assert_eq!(end_of(&world, id).await.0, "fault");
    assert!(world.edge.calls().is_empty());
}

/// One message from a connection.
async fn read(stream: &mut TcpStream) -> Message {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Ok(message) = Message::read(&seen)
            && seen.windows(4).any(|four| four == b"\r\n\r\n")
        {
            return message;
        }
        let reading = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer));
        let length = reading.await.unwrap().unwrap();
        assert!(length > 0, "closed");
        seen.extend_from_slice(&buffer[..length]);
    }
}

fn over_tcp(listener: &TcpListener) -> OutboundTrunk {
    let mut way = trunk(listener.local_addr().unwrap());
    way.settings.transport = Transport::Tcp;
    way
}

#[tokio::test]
async fn a_lost_connection_is_made_again_for_the_bye() {
    let world = lab().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let id = call(&world, over_tcp(&listener), RING);
    let (mut stream, _) = listener.accept().await.unwrap();
    let invite = read(&mut stream).await;
    let answer = invite
        .reply(200, "hand")
        // Where nobody is: the way is the one it was dialled by.
        .with("Contact", "<sip:hand@192.0.2.9:9;transport=tcp>")
        .with_body("application/sdp", SDP);
    stream.write_all(&answer.to_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.method(), Some("ACK"));
    drop(stream);
    until("closed", || world.edge.connections() == 0).await;
    assert!(world.edge.hang_up(id).await);
    let (mut stream, _) = tokio::time::timeout(RING, listener.accept())
        .await
        .unwrap()
        .unwrap();
    let bye = read(&mut stream).await;
    assert_eq!(bye.method(), Some("BYE"), "at {at}");
    stream
        .write_all(&bye.reply(200, "hand").to_bytes())
        .await
        .unwrap();
    assert_eq!(end_of(&world, id).await.0, "operator_hung_up");
}

#[tokio::test]
async fn a_check_leaves_no_connection_behind() {
    let world = lab().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = over_tcp(&listener);
    let carrier = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read(&mut stream).await;
        let reply = asked.reply(200, "hand").to_bytes();
        stream.write_all(&reply).await.unwrap();
        stream
    };
    let (steps, mut stream) = tokio::join!(world.edge.check(&way), carrier);
    assert_eq!(steps.last().unwrap().verdict.as_str(), "passed");
    let mut rest = [0; 16];
    let closed = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut rest)).await;
    assert_eq!(closed.unwrap().unwrap(), 0);
    drop(stream);
    until("closed", || world.edge.connections() == 0).await;
}

#[tokio::test]
async fn the_address_that_carriers_are_told_is_this_server_at_save_and_at_dial() {
    let told = "203.0.113.77".parse().unwrap();
    let world = World::with(|config| config.external_ip = Some(told)).await;
    for host in ["203.0.113.77", "127.0.0.1", "169.254.1.1", "::1", "0.0.0.0"] {
        let found = world.edge.own_address(&host.parse().unwrap()).await;
        assert_eq!(found, host.parse().ok(), "{host}");
        let at = std::net::SocketAddr::new(host.parse().unwrap(), 5060);
        let id = call(&world, trunk(at), RING);
        assert_eq!(end_of(&world, id).await.0, "own_address", "{host}");
    }
    let outside = "203.0.113.78".parse().unwrap();
    assert_eq!(world.edge.own_address(&outside).await, None);
    assert!(world.house.ladder().is_empty(), "nothing was sent");
}

/// A trunk that registers with this hand, by a proxy if one is named.
fn registers(world: &World, hand: &Hand) -> OutboundTrunk {
    let mut way = trunk("192.0.2.1:5060".parse().unwrap());
    way.settings.register = true;
    way.settings.outbound_proxy = format!("sip:{}", hand.at).parse().ok();
    let password = "s3cret".parse().ok();
    world.house.ways.lock().push((way.clone(), password));
    way
}

async fn registration(world: &World, way: &OutboundTrunk, state: RegistrationState) {
    let is = || world.edge.health(way.id).1.map(|shown| shown.state);
    until(state.as_str(), || is() == Some(state)).await;
}

#[tokio::test]
async fn a_registration_goes_by_the_proxy_and_is_not_renewed_in_haste() {
    let world = lab().await;
    let hand = Hand::new().await;
    let way = registers(&world, &hand);
    let first = hand.hears("REGISTER").await;
    assert_eq!(first.uri(), Some("sip:192.0.2.1"));
    assert_eq!(first.get("Route"), Some(&*format!("<sip:{};lr>", hand.at)));
    hand.says(&first, &hand.challenge(&first)).await;
    let signed = hand.hears("REGISTER").await;
    assert!(signed.get("Authorization").is_some());
    let brief = hand.reply(&signed, 423).with("Min-Expires", "1200");
    hand.says(&signed, &brief).await;
    let longer = hand.hears("REGISTER").await;
    assert_eq!(longer.get("Expires"), Some("1200"));
    let granted = longer.reply(200, "hand").with("Expires", "2");
    hand.says(&longer, &granted).await;
    registration(&world, &way, RegistrationState::Registered).await;
    let shown = world.edge.health(way.id).1.unwrap();
    let (since, next) = (shown.since, shown.next_at.unwrap());
    assert!(next - since >= 30_000, "{shown:?}");
}

#[tokio::test]
async fn a_registration_of_no_time_is_none_and_challenges_have_an_end() {
    let world = lab().await;
    let hand = Hand::new().await;
    let way = registers(&world, &hand);
    let asked = hand.hears("REGISTER").await;
    let nothing = asked.reply(200, "hand").with("Expires", "0");
    hand.says(&asked, &nothing).await;
    registration(&world, &way, RegistrationState::Failed).await;

    let world = lab().await;
    let way = registers(&world, &hand);
    for _ in 0..2 {
        let asked = hand.hears("REGISTER").await;
        hand.says(&asked, &hand.challenge(&asked)).await;
    }
    registration(&world, &way, RegistrationState::Failed).await;
    assert!(!hand.has_heard("REGISTER"));
}

/// A proxy let several telephones ring; two of them pick up.
#[tokio::test]
async fn the_second_telephone_that_picks_up_is_sent_away() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id = call(&world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    let forked = |status: u16, tag: &str| {
        let answer = invite
            .reply(status, tag)
            .with("Contact", format!("<sip:{tag}@{}>", hand.at));
        if status == 200 {
            answer.with_body("application/sdp", SDP)
        } else {
            answer
        }
    };
    hand.says(&invite, &forked(180, "kitchen")).await;
    hand.says(&invite, &forked(180, "office")).await;
    hand.says(&invite, &forked(200, "office")).await;
    let ack = hand.hears("ACK").await;
    assert_eq!(ack.to_tag(), Some("office"));
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    // Doubled on the way: acknowledged again, and nothing else.
    hand.says(&invite, &forked(200, "office")).await;
    assert_eq!(hand.hears("ACK").await.to_tag(), Some("office"));
    hand.says(&invite, &forked(200, "kitchen")).await;
    assert_eq!(hand.hears("ACK").await.to_tag(), Some("kitchen"));
    let bye = hand.hears("BYE").await;
    assert_eq!(bye.to_tag(), Some("kitchen"));
    hand.says(&bye, &hand.reply(&bye, 200)).await;
    assert_eq!(happened(&world, &Happening::Answered), 1);
    let office = format!("{};tag=office", invite.get("To").unwrap());
    let hangs_up = Message::request(
        "BYE",
        invite.get("Contact").unwrap().trim_matches(['<', '>']),
    )
    .with(
        "Via",
        format!("SIP/2.0/UDP {};branch=z9hG4bKoffice", hand.at),
    )
    .with("Max-Forwards", "70")
    .with("From", office)
    .with("To", invite.get("From").unwrap())
    .with("Call-ID", invite.call_id())
    .with("CSeq", "7 BYE");
    hand.says(&invite, &hangs_up).await;
    assert_eq!(end_of(&world, id).await.0, "callee_hung_up");
    world.is_quiet().await;
}

#[tokio::test]
async fn answers_that_cannot_be_read_change_nothing() {
    let world = lab().await;
    let hand = Hand::new().await;
    let id = call(&world, trunk(hand.at), RING);
    let invite = hand.hears("INVITE").await;
    let good = String::from_utf8(hand.describes(&invite, 200).to_bytes()).unwrap();
    for spoilt in [
        good.replacen("SIP/2.0 200", "SIP/2.0 2OO", 1),
        good.replacen("SIP/2.0 200", "SIP/2.0 99999", 1),
        good.replacen("SIP/2.0", "HTTP/1.1", 1),
        good.replacen("CSeq: 1 INVITE", "CSeq: one INVITE", 1),
        good.replacen("CSeq: 1 INVITE", "CSeq: 4294967296 INVITE", 1),
        good.replacen("z9hG4bK", "z9hG4bKx", 1),
        good[..good.len() / 3].to_owned(),
        "\r\n\r\n\0".to_owned(),
    ] {
        hand.throws(&invite, spoilt.as_bytes()).await;
    }
    hand.says(&invite, &hand.reply(&invite, 180)).await;
    until("ringing", || happened(&world, &Happening::Ringing) == 1).await;
    assert_eq!(happened(&world, &Happening::Answered), 0);
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    // Long after its answer: a ringing that comes late, and a second thought.
    hand.says(&invite, &hand.reply(&invite, 180)).await;
    hand.says(&invite, &hand.reply(&invite, 486)).await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    hand.asks(&invite, "BYE").await;
    assert_eq!(end_of(&world, id).await.0, "callee_hung_up");
    assert_eq!(happened(&world, &Happening::Ringing), 1);
    world.is_quiet().await;
}
