//! What a PBX does with a call that we answered: another telephone takes it over (Replaces), or the
//! agent is sent elsewhere (REFER). By hand for every turn, and with PJSIP in both roles.

use app::domain::call::Happening;
use server::sip::desk::CallEvent;
use server::sip::message::Message;

use serde_json::{Value, json};
use server::service::calls::Switchboard as _;

use crate::baresip::{Baresip, Plan};
use crate::binary::{Installation, free_port};
use crate::ops::furnish;
use crate::pjsip::{Pjsip, python};
use crate::sip_carrier::trunk;
use crate::sip_hand::Hand;
use crate::sip_outbound::{RING, call, end_of, lab};
use crate::sip_outside::{happened, until};
use crate::sip_phone::Phone;
use crate::sip_world::{Legs, NUMBER, PASSWORD, World};

/// A telephone on the line with an agent.
async fn on_the_line(world: &World) -> (Phone, Message) {
    let phone = Phone::new(world).await;
    let answer = phone.call(NUMBER).await;
    until("confirmed", || happened(world, &Happening::Confirmed) == 1).await;
    (phone, answer)
}

#[tokio::test]
async fn another_telephone_of_the_same_access_takes_the_call_over() {
    let world = lab().await;
    let (first, answer) = on_the_line(&world).await;
    let call = format!(
        "{};to-tag={};from-tag={}",
        first.call_id,
        answer.to_tag().unwrap(),
        first.tag
    );
    let second = Phone::new(&world).await;
    let invite = second.signed_invite(NUMBER, PASSWORD).await;
    second.send(&invite.with("Replaces", call)).await;
    let taken = second.expect(200).await;
    second.send(&second.inside(&taken, "ACK", 2)).await;
    let bye = first.expect_request("BYE").await;
    first.send(&bye.reply(200, "x")).await;
    until("confirmed again", || {
        happened(&world, &Happening::Confirmed) == 2
    })
    .await;
    second.send(&second.inside(&taken, "BYE", 3)).await;
    second.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["caller_hung_up"]);
    assert_eq!(
        world.house.told.lock().opened.len(),
        1,
        "one call all along"
    );
}

/// The peer sends the agent to this hand; the 202 and the first NOTIFY have come.
async fn sent_to(phone: &Phone, answer: &Message, hand: &Hand) {
    let refer = phone
        .inside(answer, "REFER", 3)
        .with("Refer-To", format!("<sip:desk@{}>", hand.at));
    phone.send(&refer).await;
    phone.expect(202).await;
    assert!(tells(phone, "100").await);
}

/// Whether the next NOTIFY tells of this status.
async fn tells(phone: &Phone, status: &str) -> bool {
    let notify = phone.expect_request("NOTIFY").await;
    phone.send(&notify.reply(200, "x")).await;
    let told = String::from_utf8_lossy(&notify.body).into_owned();
    assert!(told.starts_with("SIP/2.0 "), "{told}");
    told.contains(status)
}

#[tokio::test]
async fn the_agent_goes_where_the_peer_sends_it() {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let (phone, answer) = on_the_line(&world).await;
    let hand = Hand::new().await;
    sent_to(&phone, &answer, &hand).await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.reply(&invite, 180)).await;
    assert!(tells(&phone, "180").await);
    hand.says(&invite, &hand.describes(&invite, 200)).await;
    hand.hears("ACK").await;
    assert!(tells(&phone, "200").await);
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    hand.asks(&invite, "BYE").await;
    world.is_quiet().await;
    assert_eq!(world.house.ended(), ["callee_hung_up", "callee_hung_up"]);
}

#[tokio::test]
async fn the_agent_speaks_there_what_the_trunk_speaks_by_which_it_goes() {
    let world = lab().await;
    let hand = Hand::new().await;
    let mut acme = trunk(hand.at);
    acme.settings.codecs = "G722,PCMA".parse().ok();
    *world.house.legs.lock() = Legs::ByTrunk(Box::new(acme));
    let (phone, answer) = on_the_line(&world).await;
    sent_to(&phone, &answer, &hand).await;
    let invite = hand.hears("INVITE").await;
    let offer = String::from_utf8_lossy(&invite.body).into_owned();
    assert!(offer.contains(" RTP/AVP 9 8 101\r\n"), "{offer}");
    let audio = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = audio.local_addr().unwrap().port();
    let described = format!(
        "v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 9\r\n"
    );
    let answered = hand.reply(&invite, 200);
    let answered = answered.with_body("application/sdp", described);
    hand.says(&invite, &answered).await;
    hand.hears("ACK").await;
    assert!(tells(&phone, "200").await);
    let bye = phone.expect_request("BYE").await;
    phone.send(&bye.reply(200, "x")).await;
    let mut packet = [0; 2_048];
    let heard = audio.recv_from(&mut packet);
    let heard = tokio::time::timeout(std::time::Duration::from_secs(10), heard).await;
    heard.expect("the agent is heard").unwrap();
    assert_eq!(packet[1] & 0x7f, 9, "in G.722");
    let spoken = world
        .house
        .told
        .lock()
        .events
        .iter()
        .rev()
        .find_map(|(_, event)| match event {
            CallEvent::Codec(codec) => Some(codec.clone()),
            _ => None,
        });
    assert_eq!(
        spoken.as_deref(),
        Some("G722"),
        "on the row of who it is with"
    );
    hand.asks(&invite, "BYE").await;
    world.is_quiet().await;
}

#[tokio::test]
async fn a_peer_that_leaves_at_once_ends_nothing_unless_nobody_comes() {
    for (status, ended) in [(200, "callee_hung_up"), (486, "caller_hung_up")] {
        let world = lab().await;
        *world.house.legs.lock() = Legs::Granted;
        let (phone, answer) = on_the_line(&world).await;
        let hand = Hand::new().await;
        sent_to(&phone, &answer, &hand).await;
        phone.send(&phone.inside(&answer, "BYE", 4)).await;
        phone.expect(200).await;
        let invite = hand.hears("INVITE").await;
        if status == 200 {
            hand.says(&invite, &hand.describes(&invite, 200)).await;
            hand.hears("ACK").await;
            hand.asks(&invite, "BYE").await;
        } else {
            hand.says(&invite, &hand.reply(&invite, status)).await;
        }
        world.is_quiet().await;
        assert_eq!(world.house.ended().last(), Some(&ended));
    }
}

#[tokio::test]
async fn a_peer_keeps_the_agent_when_nobody_comes() {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let (phone, answer) = on_the_line(&world).await;
    let hand = Hand::new().await;
    sent_to(&phone, &answer, &hand).await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.reply(&invite, 486)).await;
    assert!(tells(&phone, "486").await);
    phone.send(&phone.inside(&answer, "BYE", 4)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn a_peer_that_asks_again_is_told_of_which_it_hears() {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let (phone, answer) = on_the_line(&world).await;
    let hand = Hand::new().await;
    let desk = format!("<sip:desk@{}>", hand.at);
    // Each that comes counts, granted or not.
    for (number, to, event) in [
        (3, desk.as_str(), Some("refer")),
        (4, "<sip:+12125550177@carrier.example>", None),
        (15, desk.as_str(), Some("refer;id=15")),
    ] {
        let refer = phone.inside(&answer, "REFER", number);
        phone.send(&refer.with("Refer-To", to)).await;
        let Some(event) = event else {
            phone.expect(603).await;
            continue;
        };
        phone.expect(202).await;
        let first = phone.expect_request("NOTIFY").await;
        assert_eq!(first.get("Event"), Some(event));
        phone.send(&first.reply(200, "x")).await;
        let invite = hand.hears("INVITE").await;
        hand.says(&invite, &hand.reply(&invite, 486)).await;
        let last = phone.expect_request("NOTIFY").await;
        assert_eq!(last.get("Event"), Some(event));
        phone.send(&last.reply(200, "x")).await;
    }
    phone.send(&phone.inside(&answer, "BYE", 20)).await;
    phone.expect(200).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn who_asks_for_a_password_we_do_not_have_is_told_no_more() {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let (phone, answer) = on_the_line(&world).await;
    let hand = Hand::new().await;
    let refer = phone
        .inside(&answer, "REFER", 3)
        .with("Refer-To", format!("<sip:desk@{}>", hand.at));
    phone.send(&refer).await;
    phone.expect(202).await;
    let notify = phone.expect_request("NOTIFY").await;
    assert!(notify.get("Authorization").is_none());
    phone.send(&hand.challenge(&notify)).await;
    let invite = hand.hears("INVITE").await;
    hand.says(&invite, &hand.reply(&invite, 486)).await;
    until("nobody came", || {
        let told = world.house.told.lock();
        told.ended
            .iter()
            .any(|(_, end, _)| end.reason.code() == "busy")
    })
    .await;
    phone.send(&phone.inside(&answer, "BYE", 4)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    let ladder = world.house.ladder();
    let news = ladder.iter().filter(|rung| *rung == "< NOTIFY").count();
    assert_eq!(news, 1, "{ladder:#?}");
}

#[tokio::test]
async fn nobody_sends_the_agent_where_a_caller_may_not_bring_it() {
    let world = lab().await;
    *world.house.legs.lock() = Legs::Granted;
    let (phone, answer) = on_the_line(&world).await;
    for (number, to, status) in [
        (3, "<sip:+19005550100@192.0.2.7>", 603),
        (4, "<sip:+12125550177@carrier.example>", 603),
        (5, "nonsense", 400),
        (6, "<tel:+12125550177>", 603),
    ] {
        let refer = phone.inside(&answer, "REFER", number);
        phone.send(&refer.with("Refer-To", to)).await;
        phone.expect(status).await;
    }
    phone.send(&phone.inside(&answer, "REFER", 7)).await;
    phone.expect(400).await;
    phone.send(&phone.inside(&answer, "BYE", 8)).await;
    phone.expect(200).await;
    world.is_quiet().await;
    assert_eq!(world.house.told.lock().opened.len(), 1);
}

/// A server with an agent, and who may call it.
async fn house() -> (Installation, String, (String, String)) {
    let house = Installation::serve_with(&[("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true")]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    (house, key, access)
}

/// PJSIP calls the house, and does this with the call.
fn calls(
    python: &std::path::Path,
    house: &Installation,
    (username, password): &(String, String),
    then: &[&str],
) -> Pjsip {
    let uri = format!("sip:14155550100@{}", house.sip());
    let mut all = vec![
        "--uri",
        &uri,
        "--username",
        username,
        "--password",
        password,
    ];
    all.extend_from_slice(then);
    Pjsip::start(python, &all)
}

async fn inbound(house: &Installation, key: &str) -> Value {
    let page = house.get(key, "/api/phone/calls?direction=inbound").await;
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    house.get(key, &format!("/api/phone/calls/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_sends_the_agent_to_a_desk_phone() {
    let Some(python) = python() else { return };
    let Some(desk) = Baresip::start(&Plan::default()).await else {
        return;
    };
    let (house, key, access) = house().await;
    let to = format!("sip:desk@{}", desk.at);
    let then = ["--transfer", &to, "--talk", "8", "--stay", "2"];
    let mut pjsip = calls(&python, &house, &access, &then);
    let told = pjsip.tells().await;
    assert_eq!(
        told["transferred"].as_array().unwrap().last(),
        Some(&json!(200)),
        "{told}"
    );
    let call = inbound(&house, &key).await;
    assert_eq!(call["transfers"][0]["state"], "completed", "{call:#}");
    assert_eq!(
        call["state"], "answered",
        "the agent talks with the desk phone: {call:#}"
    );
    let path = format!("/api/phone/calls/{}/hangup", call["id"].as_str().unwrap());
    house.post(&key, &path, &json!({})).await;
    let counted = desk.packets().await;
    assert!(counted.sent > 40 && counted.received > 40, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_joins_the_agent_with_whom_it_consulted_whoever_is_asked_to() {
    let Some(python) = python() else { return };
    for join in ["here", "there"] {
        let (house, key, access) = house().await;
        let port = free_port().to_string();
        let mut colleague = Pjsip::start(
            &python,
            &[
                "--answer",
                "9",
                "--port",
                &port,
                "--username",
                &access.0,
                "--password",
                &access.1,
            ],
        );
        colleague.tells().await;
        let to = format!("sip:{}@127.0.0.1:{port}", access.0);
        let then = ["--consult", &to, "--join", join, "--talk", "8"];
        let mut pjsip = calls(&python, &house, &access, &then);
        let told = pjsip.tells().await;
        assert_eq!(told["answered"], true, "{told}");
        let call = inbound(&house, &key).await;
        assert_eq!(call["state"], "answered", "{join}: {told}\n{call:#}");
        let report = colleague.tells().await;
        let (replaced, replaces) = (&report["replaced_by"], &report["replaces"]);
        let expect = match join {
            // We call the colleague in place of PJSIP, or the colleague calls us.
            "here" => (&json!(1), true),
            _ => (&json!(0), false),
        };
        assert_eq!(replaced, expect.0, "{join}: {report}");
        assert_eq!(*replaces == json!(0), expect.1, "{join}: {report}");
        let heard = report["packets"].as_array().unwrap().iter();
        let most = heard.filter_map(|counts| counts["received"].as_u64()).max();
        assert!(most > Some(40), "{join}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_demands_reliable_ringing_of_us() {
    let Some(python) = python() else { return };
    let (house, _, access) = house().await;
    let mut pjsip = calls(&python, &house, &access, &["--reliable", "--talk", "1"]);
    let told = pjsip.tells().await;
    assert_eq!(told["pracks_sent"], 1, "{told}");
    assert_eq!(told["answered"], true, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_rings_reliably_and_is_acknowledged() {
    let Some(python) = python() else { return };
    let world = lab().await;
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let port = at.port().to_string();
    let plays = ["--answer", "4", "--reliable", "--port", &port];
    let mut desk = Pjsip::start(&python, &plays);
    desk.tells().await;
    let id = call(&world, trunk(at), RING);
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    let told = desk.tells().await;
    assert_eq!(told["pracks_received"], 1, "{told}");
    let ladder = world.house.ladder();
    for rung in [
        "> 180 Ringing (INVITE)",
        "< PRACK",
        "> 200 OK (PRACK)",
        "> 200 OK (INVITE)",
    ] {
        assert!(
            ladder.iter().any(|seen| seen == rung),
            "{rung}: {ladder:#?}"
        );
    }
    let _ = world.edge.hang_up(id).await;
    end_of(&world, id).await;
}
