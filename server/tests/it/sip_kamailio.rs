//! Calls of ours by a real carrier: Kamailio challenges (SHA-256) over UDP, TCP and TLS, and SIPp
//! is the callee behind it. And a trunk that registers with it.

use std::time::Duration;

use app::domain::call::Happening;
use app::domain::outbound::{OutboundTrunk, RegistrationState};
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Note, Proof};
use app::domain::sip::Transport;
use server::service::calls::Switchboard as _;

use crate::kamailio::{Kamailio, PASSWORD, USER};
use crate::sip_carrier::{Carrier, Script, trunk};
use crate::sip_outbound::{RING, call, end_of};
use crate::sip_outside::{happened, only_call, until};
use crate::sip_phone::{Phone, SDP};
use crate::sip_tls::Authority;
use crate::sip_world::{NUMBER, World};

const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

async fn lab(authority: &Authority) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority.certificate()).unwrap();
    let world = World::with(|config| {
        config.allow_local_targets = true;
        config.tls_ca = Some(file);
    });
    (world.await, folder)
}

/// A carrier with nobody behind it.
async fn alone(digest: &str, authority: &Authority) -> Option<Kamailio> {
    Kamailio::before(crate::sip_carrier::free(), digest, authority).await
}

fn by(carrier: &Kamailio, transport: Transport) -> OutboundTrunk {
    let at = if transport == Transport::Tls {
        carrier.tls
    } else {
        carrier.at
    };
    let mut way = trunk(at);
    way.settings.transport = transport;
    way
}

fn script() -> Script {
    Script::default().hears("INVITE")
}

/// One call to a callee who plays this behind the carrier, over each transport.
async fn ends_over_all(
    play: impl Fn() -> Script,
    ring: Duration,
    reason: &str,
    status: Option<u16>,
) {
    let authority = Authority::named("Ours");
    for transport in ALL {
        let (world, _folder) = lab(&authority).await;
        let Some(callee) = Carrier::plays(&play()).await else {
            return;
        };
        let Some(carrier) = Kamailio::before(callee.at, "SHA-256", &authority).await else {
            return;
        };
        let id = call(&world, by(&carrier, transport), ring);
        let end = end_of(&world, id).await;
        let seen = || {
            format!(
                "{transport}: {end:?}\n{:#?}\n{}",
                world.house.ladder(),
                carrier.log()
            )
        };
        assert_eq!(end.0, reason, "{}", seen());
        assert_eq!(end.1, status, "{}", seen());
        callee.plays_to_its_end().await;
        let ladder = world.house.ladder();
        let asked = ladder
            .iter()
            .filter(|rung| rung.ends_with("407 Proxy Authentication Required (INVITE)"))
            .count();
        assert_eq!(asked, 1, "challenged once: {ladder:#?}");
        world.is_quiet().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_is_busy() {
    let play = || {
        script()
            .says("180 Ringing")
            .says("486 Busy Here")
            .hears("ACK")
    };
    ends_over_all(play, RING, "busy", Some(486)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_declines() {
    let play = || script().says("603 Decline").hears("ACK");
    ends_over_all(play, RING, "declined", Some(603)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nobody_has() {
    let play = || script().says("404 Not Found").hears("ACK");
    ends_over_all(play, RING, "not_found", Some(404)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_does_not_come_is_taken_back() {
    let play = || {
        let mut play = script().says("180 Ringing").hears("CANCEL").says("200 OK");
        play.0.push_str("<send><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]c[call_number]\n[last_Call-ID:]\nCSeq: 2 INVITE\nContent-Length: 0\n\n]]></send>\n<recv request=\"ACK\"/>\n");
        play
    };
    ends_over_all(play, Duration::from_secs(2), "no_answer", None).await;
}

/// Early audio, an answer, and our BYE, which the carrier wants signed as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_our_bye_is_signed_too() {
    let authority = Authority::named("Ours");
    for transport in ALL {
        let (world, _folder) = lab(&authority).await;
        let play = script()
            .says("180 Ringing")
            .answers("183 Session Progress")
            .waits(100)
            .answers("200 OK")
            .hears("ACK")
            .hears("BYE")
            .says("200 OK");
        let play = Script(play.0.replacen("<send retrans=\"200\">", "<send>", 1));
        let Some(callee) = Carrier::plays(&play).await else {
            return;
        };
        let Some(carrier) = Kamailio::before(callee.at, "SHA-256", &authority).await else {
            return;
        };
        let id = call(&world, by(&carrier, transport), RING);
        let answered = "> 200 OK (INVITE)";
        until("answered", || {
            world.house.ladder().iter().any(|rung| rung == answered)
        })
        .await;
        assert!(world.edge.hang_up(id).await);
        assert_eq!(end_of(&world, id).await.0, "operator_hung_up");
        callee.plays_to_its_end().await;
        let ladder = world.house.ladder();
        let last = &ladder[ladder.len() - 4..];
        let expect = [
            "< BYE",
            "> 407 Proxy Authentication Required (BYE)",
            "< BYE",
            "> 200 OK (BYE)",
        ];
        assert_eq!(last, expect, "{transport}: {ladder:#?}\n{}", carrier.log());
        world.is_quiet().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_wrong_is_not_tried_for_ever() {
    let authority = Authority::named("Ours");
    let (world, _folder) = lab(&authority).await;
    let Some(carrier) = alone("MD5", &authority).await else {
        return;
    };
    let mut way = by(&carrier, Transport::Udp);
    way.settings.auth = app::domain::outbound::OutboundAuth::Digest {
        username: "somebody".parse().unwrap(),
    };
    let id = call(&world, way, RING);
    let end = end_of(&world, id).await;
    assert_eq!((end.0, end.1), ("auth_failed", Some(407)));
}

/// A trunk that is registered with this carrier, and the registrar's word that it is.
async fn registered(world: &World, carrier: &Kamailio, transport: Transport) -> OutboundTrunk {
    let mut way = by(carrier, transport);
    way.settings.register = true;
    let password = PASSWORD.parse().ok();
    world.house.ways.lock().push((way.clone(), password));
    let state = || world.edge.health(way.id).1.map(|shown| shown.state);
    until("registered", || {
        state() == Some(RegistrationState::Registered)
    })
    .await;
    way
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_registers_with_its_carrier() {
    let authority = Authority::named("Ours");
    for transport in ALL {
        let (world, _folder) = lab(&authority).await;
        let Some(carrier) = alone("SHA-256", &authority).await else {
            return;
        };
        let way = registered(&world, &carrier, transport).await;
        let shown = world.edge.health(way.id).1.unwrap();
        let granted = shown.expires_at.unwrap() - shown.since;
        assert_eq!(
            granted, 120_000,
            "what the registrar grants at most: {shown:?}"
        );
        assert_eq!(shown.next_at.unwrap() - shown.since, 60_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_brings_calls_to_what_was_registered_there() {
    let authority = Authority::named("Ours");
    for transport in ALL {
        let (world, _folder) = lab(&authority).await;
        let Some(carrier) = alone("SHA-256", &authority).await else {
            return;
        };
        let way = registered(&world, &carrier, transport).await;
        // Somebody calls the account at the carrier, who looks up where it is.
        let phone = Phone::towards(carrier.at).await;
        let invite = phone
            .request("INVITE", USER, 1)
            .with_body("application/sdp", SDP);
        phone.send(&invite).await;
        let answer = phone.expect(200).await;
        let mut ack = phone.inside(&answer, "ACK", 1);
        let routes: Vec<String> = answer.list("Record-Route").map(str::to_owned).collect();
        for route in routes.into_iter().rev() {
            ack.push("Route", route);
        }
        phone.send(&ack).await;
        until("confirmed", || happened(&world, &Happening::Confirmed) == 1).await;
        {
            let told = world.house.told.lock();
            let opened = &told.opened[0];
            let Proof::Registered(by) = &opened.invite.proof else {
                panic!("{transport}: {:?}", opened.invite.proof);
            };
            assert_eq!((by.trunk, by.name.as_str()), (way.id, "Acme"));
            let checks = &opened.decision.receipt.checks;
            let said: Vec<_> = checks.iter().map(|check| &check.note).collect();
            assert!(
                said.iter().any(
                    |note| matches!(note, Note::ByRegistration { label, .. } if label == "Acme")
                ),
                "{said:?}"
            );
            assert_eq!(
                opened.decision.number.as_ref().map(PhoneNumber::as_str),
                Some(NUMBER),
                "an account's name is no number: the trunk's own is meant"
            );
        }
        let call = only_call(&world);
        assert!(world.edge.hang_up(call).await);
        let bye = phone.expect_request("BYE").await;
        phone.send(&bye.reply(200, "x")).await;
        world.is_quiet().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_registrar_may_call_what_was_registered_there() {
    let authority = Authority::named("Ours");
    let (world, _folder) = lab(&authority).await;
    let Some(carrier) = alone("MD5", &authority).await else {
        return;
    };
    let way = registered(&world, &carrier, Transport::Udp).await;
    let contact = way.id.as_uuid().simple().to_string();
    let stranger = Phone::at(&world, "127.0.0.9").await;
    stranger
        .send(&stranger.request("INVITE", &contact, 1))
        .await;
    stranger.expect(401).await;
    // And the registrar's own machine may not call anything else without a password.
    let other = Phone::new(&world).await;
    other.send(&other.request("INVITE", NUMBER, 1)).await;
    other.expect(401).await;
    // Once the trunk registers no more, neither may the registrar.
    world.house.ways.lock().clear();
    until("forgotten", || world.edge.health(way.id).1.is_none()).await;
    let late = Phone::new(&world).await;
    late.send(&late.request("INVITE", &contact, 1)).await;
    late.expect(401).await;
    assert!(world.house.told.lock().opened.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_is_refused_says_why() {
    let authority = Authority::named("Ours");
    let (world, _folder) = lab(&authority).await;
    let Some(carrier) = alone("SHA-256", &authority).await else {
        return;
    };
    let mut way = by(&carrier, Transport::Udp);
    way.settings.register = true;
    let password = "not the right one".parse().ok();
    world.house.ways.lock().push((way.clone(), password));
    let shown = || world.edge.health(way.id).1;
    until("refused", || {
        shown().is_some_and(|shown| shown.state == RegistrationState::Failed)
    })
    .await;
    let shown = shown().unwrap();
    assert_eq!((shown.status, shown.expires_at), (Some(401), None));
    assert_eq!(shown.next_at.unwrap() - shown.since, 30_000);
    let said = app::text::Language::English.text().registration(&shown);
    assert_eq!(
        said.as_deref(),
        Some("The carrier refuses the username or password.")
    );
}
