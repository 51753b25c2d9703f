//! Audio that goes one way only: called out within seconds, with its likely cause.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use app::domain::quality::OneWay;
use server::media::codec::Codec;
use server::media::sdp::{Offer, Srtp, Terms};
use server::media::{LocalAddress, Session, SessionEvent};
use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};

use crate::media_phone::{Caller, LOCAL, media};

/// What becomes of a session that hears nothing it can use, and how soon it says so.
async fn verdict(advertised: IpAddr, described: &str, sends: &[u8]) -> (OneWay, Duration) {
    let media = media(Duration::from_secs(30));
    let local = LocalAddress {
        bind: LOCAL,
        advertised,
    };
    let terms = Terms {
        srtp: Srtp::Optional,
        over_tls: true,
        ..Terms::default()
    };
    let session = media.open_on(local, terms).unwrap();
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{described}"
    );
    session
        .answer(&Offer::parse(offer.as_bytes()).unwrap())
        .unwrap();
    let socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let mut events = session.take_events().unwrap();
    session.start_sending();
    let began = Instant::now();
    let mut clock = interval(Duration::from_millis(20));
    let speaks = async {
        loop {
            clock.tick().await;
            if !sends.is_empty() {
                let to = SocketAddr::new(LOCAL, session.port());
                socket.send_to(sends, to).await.unwrap();
            }
        }
    };
    let event = tokio::select! {
        () = speaks => unreachable!("it speaks for ever"),
        event = timeout(Duration::from_secs(6), events.recv()) => event.unwrap(),
    };
    match event {
        Some(SessionEvent::OneWay(cause)) => (cause, began.elapsed()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_silent_caller_is_called_out_with_the_likely_cause() {
    const PLAIN: &str = "m=audio 4000 RTP/AVP 0\r\n";
    const SECURE: &str = "m=audio 4000 RTP/SAVP 0\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let public = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));
    let g729: Vec<u8> = [&[0x80, 18, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..], &[0; 20]].concat();
    let cases = [
        verdict(LOCAL, PLAIN, &[]),
        verdict(public, PLAIN, &[]),
        verdict(public, PLAIN, &g729),
        verdict(public, SECURE, &g729),
    ];
    let found = futures_util::future::join_all(cases).await;
    let causes: Vec<OneWay> = found.iter().map(|(cause, _)| *cause).collect();
    let expected = [
        OneWay::NothingReceived,
        OneWay::PrivateAddress,
        OneWay::WrongCodec,
        OneWay::WrongKeys,
    ];
    assert_eq!(causes, expected);
    for (cause, after) in found {
        let soon = Duration::from_millis(2_900)..Duration::from_millis(4_500);
        assert!(soon.contains(&after), "{cause:?} after {after:?}");
    }
}

/// RTCP of someone who hears us not: a receiver report without a block (RFC 3550 §6.4.2).
async fn reports_nothing(session: &Session) {
    let socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let to = SocketAddr::new(LOCAL, session.port() + 1);
    socket
        .send_to(&[0x80, 201, 0, 1, 0, 0, 0, 7], to)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_peer_that_reports_hearing_nothing_is_believed_the_second_time() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let mut events = session.take_events().unwrap();
    session.start_sending();
    caller.listens(100).await;
    reports_nothing(&session).await;
    caller.listens(3_000).await;
    reports_nothing(&session).await;
    caller.listens(200).await;
    assert!(matches!(
        events.recv().await,
        Some(SessionEvent::Locked { .. })
    ));
    assert!(
        events.try_recv().is_err(),
        "one may have crossed our first packets"
    );
    reports_nothing(&session).await;
    caller.listens(200).await;
    let expected = SessionEvent::OneWay(OneWay::PeerHearsNothing);
    assert_eq!(events.try_recv().ok(), Some(expected));
    reports_nothing(&session).await;
    caller.listens(200).await;
    assert!(events.try_recv().is_err(), "said once");
}

#[tokio::test]
async fn a_report_behind_a_flood_is_read_though_nothing_comes_after_it() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let mut events = session.take_events().unwrap();
    session.start_sending();
    caller.listens(3_100).await;
    // More than is read in one frame, and small enough for what the system holds for us.
    let flood = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let to = SocketAddr::new(LOCAL, session.port() + 1);
    for _ in 0..200 {
        flood.send_to(&[0], to).await.unwrap();
    }
    reports_nothing(&session).await;
    reports_nothing(&session).await;
    caller.listens(500).await;
    assert!(matches!(
        events.recv().await,
        Some(SessionEvent::Locked { .. })
    ));
    let expected = SessionEvent::OneWay(OneWay::PeerHearsNothing);
    assert_eq!(events.try_recv().ok(), Some(expected));
}

#[tokio::test]
async fn two_sides_that_report_know_the_round_trip_and_the_quality() {
    let media = media(Duration::from_secs(30));
    let (mut caller, near) = Caller::calls(&media).await;
    near.start_sending();
    let (_unused, far) = Caller::is_called(&media, Codec::Pcma, 97).await;
    let there = media
        .open(LocalAddress {
            bind: LOCAL,
            advertised: LOCAL,
        })
        .unwrap();
    let offer = Offer::parse(far.offer().as_bytes()).unwrap();
    let answer = there.answer(&offer).unwrap();
    far.accept(&Offer::parse(answer.as_bytes()).unwrap())
        .unwrap();
    far.start_sending();
    there.start_sending();
    let _bridge = server::media::Bridge::join(&near, &far);
    // Each reports every five seconds; the second report measures.
    caller.listens(10_500).await;
    for side in [far.stats(), there.stats()] {
        let quality = side.quality();
        let round_trip = quality.round_trip_ms.expect("two reports have crossed");
        assert!(round_trip < 100.0, "{side:?}");
        assert!(quality.from_caller.mos > Some(4.2), "{quality:?}");
        assert!(quality.to_caller.mos > Some(4.2), "{quality:?}");
    }
}

/// The reports that a peer hears of a session which ends after so long, with leave to speak or without.
async fn reports_heard(may_send: bool, after: Duration) -> Vec<Vec<u8>> {
    let media = media(Duration::from_secs(30));
    let local = LocalAddress {
        bind: LOCAL,
        advertised: LOCAL,
    };
    let session = media.open_on(local, Terms::default()).unwrap();
    let reports = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let port = reports.local_addr().unwrap().port();
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:{port}\r\n"
    );
    let offer = Offer::parse(offer.as_bytes()).unwrap();
    session.answer(&offer).unwrap();
    if may_send {
        session.start_sending();
    }
    tokio::time::sleep(after).await;
    session.close().await;
    let mut heard = Vec::new();
    let mut buffer = [0; 1_500];
    while let Ok(Ok((length, _))) =
        timeout(Duration::from_millis(300), reports.recv_from(&mut buffer)).await
    {
        heard.push(buffer[..length].to_vec());
    }
    heard
}

/// RFC 3550 §6.3.7.
#[tokio::test]
async fn who_has_spoken_says_goodbye_and_who_has_not_says_nothing() {
    const GOODBYE: u8 = 203;
    let while_it_spoke = Duration::from_millis(300);
    let (spoke, did_not) = tokio::join!(
        reports_heard(true, while_it_spoke),
        reports_heard(false, while_it_spoke)
    );
    let goodbye = spoke.last().expect("it spoke");
    let kinds = goodbye.windows(2).filter(|pair| pair[1] == GOODBYE);
    assert!(kinds.count() > 0, "{spoke:?}");
    assert_eq!(did_not, Vec::<Vec<u8>>::new());
}
