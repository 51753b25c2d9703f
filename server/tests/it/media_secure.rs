//! Protected audio between two sessions: what one offers the other answers.

use std::time::Duration;

use server::media::sdp::{Offer, Srtp, Terms};
use server::media::tone::tone;
use server::media::{Bridge, LocalAddress, Media, Session};
use tokio::time::sleep;

use crate::media_phone::{Caller, LOCAL, loudest, media};

fn open(media: &Media, srtp: Srtp) -> Session {
    let local = LocalAddress {
        bind: LOCAL,
        advertised: LOCAL,
    };
    let terms = Terms {
        srtp,
        over_tls: true,
        ..Terms::default()
    };
    media.open_on(local, terms).unwrap()
}

fn agree(offers: &Session, answers: &Session) {
    let offer = Offer::parse(offers.offer().as_bytes()).unwrap();
    let answer = answers.answer(&offer).unwrap();
    offers
        .accept(&Offer::parse(answer.as_bytes()).unwrap())
        .unwrap();
    offers.start_sending();
    answers.start_sending();
}

/// caller = near ~ far = (protected) = there: what the caller says is heard at the end.
#[tokio::test]
async fn a_protected_leg_carries_audio_both_ways_and_through_a_new_offer() {
    for srtp in [Srtp::Optional, Srtp::Required] {
        let media = media(Duration::from_secs(30));
        let (mut caller, near) = Caller::calls(&media).await;
        near.start_sending();
        let (far, there) = (open(&media, srtp), open(&media, Srtp::Optional));
        agree(&far, &there);
        assert!(far.talk().unwrap().srtp.is_some());
        let _bridge = Bridge::join(&near, &far);
        let line = there.take_line().unwrap();
        line.speak(tone(1_000.0, 1_600, 8_000).into());
        let heard = caller.speaks(&tone(440.0, 800, 8_000)).await;
        assert!(loudest(&heard, 1_000.0) > 6_000.0);

        agree(&there, &far);
        let heard = caller.speaks(&tone(440.0, 800, 8_000)).await;
        assert!(loudest(&heard, 1_000.0) > 6_000.0, "a new offer broke it");
        for stats in [far.stats(), there.stats()] {
            assert_eq!(stats.received.rejected, 0, "{stats:?}");
            assert!(stats.received.packets > 60, "{stats:?}");
        }
    }
}

#[tokio::test]
async fn plain_packets_are_not_let_into_a_protected_leg() {
    let media = media(Duration::from_secs(30));
    let (far, there) = (open(&media, Srtp::Required), open(&media, Srtp::Required));
    agree(&far, &there);
    sleep(Duration::from_millis(100)).await;
    let mut stranger = Caller::at(&there, server::media::codec::Codec::Pcmu, 101).await;
    stranger.listens(300).await;
    let received = there.stats().received;
    assert!(received.rejected >= 10, "{received:?}");
    assert_eq!((received.strangers, received.malformed), (0, 0));
    assert_eq!(
        there.stats().locked.map(|from| from.port()),
        Some(far.port())
    );
}
