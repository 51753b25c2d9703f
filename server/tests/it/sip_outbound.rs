//! Calls of ours to SIPp as the carrier: every ending, challenges, retries, forks, and what is
//! told of each.

use std::time::Duration;

use app::domain::call::{Direction, Happening};
use app::domain::id::{AgentId, CallId};
use app::domain::outbound::HealthState;
use app::domain::outbound::OutboundTrunk;
use server::service::calls::{OutRoute, Outgoing, Switchboard as _};
use server::sip::desk::{CallEvent, Desk as _};
use server::telemetry::Metrics;
use tokio::net::UdpSocket;

use crate::sip_carrier::{Carrier, SDP, Script, free, trunk};
use crate::sip_world::{AGENT, World};

fn script() -> Script {
    Script::default().hears("INVITE")
}

pub(crate) async fn lab() -> World {
    World::with(|config| config.allow_local_targets = true).await
}

/// Calls by this trunk, ringing at most so long.
pub(crate) fn call(world: &World, trunk: OutboundTrunk, ring: Duration) -> CallId {
    let id: CallId = world.clock.new_id();
    world.edge.dial(Outgoing {
        id,
        agent: world.house.agent(AgentId::from(AGENT)),
        route: OutRoute::Trunk {
            trunk: Box::new(trunk),
            password: "s3cret".parse().ok(),
            callee: "+12125550100".parse().unwrap(),
        },
        ring_for: ring,
        longest: Duration::from_secs(60),
        hears: false,
        bot_of: None,
        metadata: serde_json::Map::new(),
    });
    id
}

/// The end's reason, SIP status and phrase, once it has come.
pub(crate) async fn end_of(
    world: &World,
    id: CallId,
) -> (&'static str, Option<u16>, Option<String>) {
    for _ in 0..1200 {
        if let Some(end) = told_end(world, id) {
            return end;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no end: {:#?}", world.house.ladder());
}

fn told_end(world: &World, id: CallId) -> Option<(&'static str, Option<u16>, Option<String>)> {
    let told = world.house.told.lock();
    let (_, end, facts) = told.ended.iter().find(|(call, ..)| *call == id)?;
    Some((end.reason.code(), end.status, facts.phrase.clone()))
}

pub(crate) const RING: Duration = Duration::from_secs(10);

/// One call to a carrier that plays this, and its end; nothing is left behind.
async fn ends(play: Script) -> Option<(World, (&'static str, Option<u16>, Option<String>))> {
    let world = lab().await;
    let carrier = Carrier::plays(&play).await?;
    let id = call(&world, trunk(carrier.at), RING);
    let end = end_of(&world, id).await;
    carrier.plays_to_its_end().await;
    world.is_quiet().await;
    Some((world, end))
}

#[tokio::test]
async fn every_refusal_has_its_reason_status_and_phrase() {
    for (line, reason) in [
        ("486 Busy Here", "busy"),
        ("600 Busy Everywhere", "busy"),
        ("603 Decline", "declined"),
        ("480 Nobody at home", "no_answer"),
        ("403 Caller ID not yours", "forbidden"),
        ("404 Unallocated number", "not_found"),
        ("484 Address Incomplete", "not_found"),
        ("488 Not Acceptable Here", "incompatible"),
        ("302 Moved", "redirected"),
        ("503 Congestion", "carrier_error"),
        ("500 Oops", "carrier_error"),
    ] {
        let play = script().says("100 Trying").says(line).hears("ACK");
        let Some((_, (said, status, phrase))) = ends(play).await else {
            return;
        };
        let (expected, words) = line.split_once(' ').unwrap();
        assert_eq!(said, reason, "{line}");
        assert_eq!(status, expected.parse().ok(), "{line}");
        assert_eq!(phrase.as_deref(), Some(words));
    }
}

#[tokio::test]
async fn an_invite_offers_the_trunks_codecs_in_its_order() {
    for (order, offered) in [(None, "0 8 9 101"), (Some("G722,PCMU"), "9 0 101")] {
        let world = lab().await;
        let play = script().says("100 Trying").says("486 Busy Here");
        let Some(carrier) = Carrier::plays(&play.hears("ACK")).await else {
            return;
        };
        let mut trunk = trunk(carrier.at);
        trunk.settings.codecs = order.map(|order| order.parse().unwrap());
        let id = call(&world, trunk, RING);
        end_of(&world, id).await;
        carrier.plays_to_its_end().await;
        let told = world.house.told.lock();
        let invite = told.events.iter().find_map(|(_, event)| match event {
            CallEvent::Message(record) if record.text.starts_with("INVITE") => Some(&record.text),
            _ => None,
        });
        let invite = invite.unwrap();
        let line = format!("RTP/AVP {offered}\r\n");
        assert!(invite.contains(&line), "{order:?}: {invite}");
    }
}

#[tokio::test]
async fn an_answered_call_rings_talks_and_ends_with_the_callee() {
    let play = script()
        .says("100 Trying")
        .says("180 Ringing")
        .waits(100)
        .answers("200 OK")
        .hears("ACK")
        .waits(300);
    let mut play = play;
    // The tags of a BYE are the other way round.
    play.0 = play.0.replacen(
        "<recv request=\"INVITE\" crlf=\"true\"/>",
        "<recv request=\"INVITE\" crlf=\"true\" rrs=\"true\"><action><ereg regexp=\"sip:[^;]*;tag=.*\" search_in=\"hdr\" header=\"From:\" assign_to=\"2\"/></action></recv>",
        1,
    );
    let mut play = play.asks("BYE");
    play.0 = play.0.replace("[$1]", "To: &lt;[$2]");
    play.0 = play.0.replace("To: &lt;[$2]", "To: <[$2]");
    let Some((world, end)) = ends(play).await else {
        return;
    };
    assert_eq!(end.0, "callee_hung_up");
    let told = world.house.told.lock();
    let happened: Vec<_> = told
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            CallEvent::Happened(event) => Some(event.what.clone()),
            _ => None,
        })
        .collect();
    assert!(
        matches!(happened[0], Happening::Dialling { .. }),
        "{happened:?}"
    );
    assert_eq!(happened[1], Happening::Ringing);
    assert_eq!(happened[2], Happening::Answered);
    assert!(
        happened.contains(&Happening::FirstAudioOut),
        "the agent speaks first: {happened:?}"
    );
    assert_eq!(Direction::Outbound.as_str(), "outbound");
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_only_once() {
    for (line, header) in [
        (
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"acme\", nonce=\"n1\", qop=\"auth,auth-int\", algorithm=SHA-256",
        ),
        (
            "407 Proxy Authentication Required",
            "Proxy-Authenticate: Digest realm=\"acme\", nonce=\"n1\"",
        ),
    ] {
        let challenged = || {
            script()
                .says_with(line, header)
                .hears("ACK")
                .hears("INVITE")
        };
        let play = challenged().says("486 Busy Here").hears("ACK");
        let Some((world, end)) = ends(play).await else {
            return;
        };
        assert_eq!(end.0, "busy");
        let sent: Vec<String> = world
            .house
            .told
            .lock()
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                CallEvent::Message(record)
                    if record.sent && record.summary.starts_with("INVITE") =>
                {
                    Some(record.text.clone())
                }
                _ => None,
            })
            .collect();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert!(
            !sent[0].contains("uthorization:"),
            "no password before it is asked for"
        );
        assert!(
            sent[1].contains("uthorization:") && sent[1].contains("response=\"[secret]\""),
            "{}",
            sent[1]
        );
        let again = challenged().says_with(line, header).hears("ACK");
        let Some((_, end)) = ends(again).await else {
            return;
        };
        assert_eq!(end.0, "auth_failed", "asked for ever is a no");
    }
}

#[tokio::test]
async fn an_old_nonce_is_answered_anew() {
    let header = |nonce: &str, stale: &str| {
        format!("WWW-Authenticate: Digest realm=\"acme\", nonce=\"{nonce}\"{stale}")
    };
    let play = script()
        .says_with("401 Unauthorized", &header("n1", ""))
        .hears("ACK")
        .hears("INVITE")
        .says_with("401 Unauthorized", &header("n2", ", stale=true"))
        .hears("ACK")
        .hears("INVITE")
        .says("486 Busy Here")
        .hears("ACK");
    let Some((_, end)) = ends(play).await else {
        return;
    };
    assert_eq!(end.0, "busy");
}

#[tokio::test]
async fn a_trunk_known_by_address_is_told_no_password() {
    let world = lab().await;
    let header = "WWW-Authenticate: Digest realm=\"acme\", nonce=\"n1\"";
    let play = script().says_with("401 Unauthorized", header).hears("ACK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let mut open = trunk(carrier.at);
    open.settings.auth = app::domain::outbound::OutboundAuth::SourceIp;
    let id = call(&world, open, RING);
    assert_eq!(end_of(&world, id).await.0, "auth_failed");
    carrier.plays_to_its_end().await;
    assert!(!world.house.ladder().is_empty());
}

#[tokio::test]
async fn ringing_without_end_is_taken_back() {
    let world = lab().await;
    let play = script()
        .says("180 Ringing")
        .hears("CANCEL")
        .says("200 OK")
        .waits(50);
    let mut play = play;
    // The INVITE's own last word needs the INVITE's own CSeq.
    play.0.push_str("<send><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]c[call_number]\n[last_Call-ID:]\nCSeq: 1 INVITE\nContent-Length: 0\n\n]]></send>\n<recv request=\"ACK\"/>\n");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let id = call(&world, trunk(carrier.at), Duration::from_millis(400));
    assert_eq!(end_of(&world, id).await.0, "no_answer");
    carrier.plays_to_its_end().await;
    world.is_quiet().await;
}

#[tokio::test]
async fn somebody_hangs_up_while_it_rings() {
    let world = lab().await;
    let play = script().says("180 Ringing").hears("CANCEL").says("200 OK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let id = call(&world, trunk(carrier.at), RING);
    for _ in 0..200 {
        if world
            .house
            .ladder()
            .iter()
            .any(|rung| rung == "> 180 Ringing (INVITE)")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(world.edge.hang_up(id).await);
    assert_eq!(end_of(&world, id).await.0, "operator_hung_up");
    carrier.plays_to_its_end().await;
    world.is_quiet().await;
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_hung_up_on() {
    let world = lab().await;
    let play = script().says("180 Ringing").hears("CANCEL").says("200 OK");
    let mut play = play;
    play.0.push_str(&format!("<send retrans=\"200\"><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]c[call_number]\n[last_Call-ID:]\nCSeq: 1 INVITE\nContact: <sip:[local_ip]:[local_port]>\nContent-Type: application/sdp\nContent-Length: [len]\n\n{SDP}]]></send>\n"));
    let play = play.hears("ACK").hears("BYE").says("200 OK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let id = call(&world, trunk(carrier.at), Duration::from_millis(400));
    assert_eq!(end_of(&world, id).await.0, "no_answer");
    carrier.plays_to_its_end().await;
    world.is_quiet().await;
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let world = lab().await;
    // Bound and silent: nobody answers, and no ICMP comes back.
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let id = call(
        &world,
        trunk(silent.local_addr().unwrap()),
        Duration::from_secs(20),
    );
    assert_eq!(end_of(&world, id).await.0, "unreachable");
    let mut streams = trunk(free());
    streams.settings.transport = app::domain::sip::Transport::Tcp;
    let id = call(&world, streams, RING);
    assert_eq!(end_of(&world, id).await.0, "unreachable");
    world.is_quiet().await;
}

#[tokio::test]
async fn this_server_is_no_carrier() {
    let world = World::new().await;
    let id = call(&world, trunk(world.addr()), RING);
    assert_eq!(end_of(&world, id).await.0, "own_address");
    assert!(world.house.ladder().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn an_answer_without_a_common_codec_is_ended() {
    let mut play = script()
        .answers("200 OK")
        .hears("ACK")
        .hears("BYE")
        .says("200 OK");
    play.0 = play
        .0
        .replace("RTP/AVP 0 101", "RTP/AVP 18")
        .replace("a=rtpmap:101 telephone-event/8000", "a=rtpmap:18 G729/8000");
    let Some((_, end)) = ends(play).await else {
        return;
    };
    assert_eq!(end.0, "incompatible");
}

#[tokio::test]
async fn a_trunk_that_answers_is_up_and_one_that_falls_silent_goes_down() {
    let metrics = Metrics::install().unwrap();
    let world = lab().await;
    let play = Script::default().hears("OPTIONS").says("200 OK");
    let Some(carrier) = Carrier::plays(&play).await else {
        return;
    };
    let known = trunk(carrier.at);
    world.house.ways.lock().push((known.clone(), None));
    let mut state = HealthState::Unknown;
    for _ in 0..200 {
        state = world.edge.health(known.id).0.state;
        if state == HealthState::Up {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(state, HealthState::Up);
    let counted = "patchbay_trunks{state=\"up\"} 1\n";
    for _ in 0..200 {
        if metrics.render().contains(counted) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(metrics.render().contains(counted), "{}", metrics.render());
    carrier.plays_to_its_end().await;
    let steps = world.edge.check(&known).await;
    let verdicts: Vec<_> = steps
        .iter()
        .map(|step| (step.what.as_str(), step.verdict.as_str()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("name", "passed"),
            ("connection", "skipped"),
            ("encryption", "skipped"),
            ("answer", "unknown")
        ]
    );
}
