//! An answer that nobody acknowledges, at the real binary and by the timers of life (RFC 3261 §13.3.1.4): said again
//! for 64 times T1, then taken back.

use std::time::{Duration, Instant};

use serde_json::json;
use server::media::codec::Codec;
use server::sip::message::Message;

use crate::binary::Installation;
use crate::cut_off::newest;
use crate::media_phone::Caller;
use crate::ops::{DIALLED, dial, furnish};
use crate::sip_world::Phone;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);
/// The first answer may have lain waiting for us, which makes all after it seem early.
const EARLY: Duration = Duration::from_millis(250);
/// Far more than an idle machine needs, and less than the next step is away.
const LATE: Duration = Duration::from_millis(1_500);

/// When the answer is to be said again: T1 after the first time, then after twice as long each time, up to T2.
fn due() -> Vec<Duration> {
    let mut wait = T1;
    let mut at = T1;
    let mut all = Vec::new();
    while at < GIVE_UP {
        all.push(at);
        wait = (wait * 2).min(T2);
        at += wait;
    }
    all
}

fn is_on_time(at: Duration, due: Duration) {
    let span = due.saturating_sub(EARLY)..due + LATE;
    assert!(span.contains(&at), "at {at:?} instead of {due:?}");
}

/// The times at which `answer` is heard again, counted from the first time, until another message comes.
async fn said_again(phone: &Phone, answer: &Message) -> (Vec<Duration>, Message, Duration) {
    let first = Instant::now();
    let mut times = Vec::new();
    loop {
        let next = phone.hear_within(GIVE_UP).await.unwrap();
        let at = first.elapsed();
        if next != *answer {
            return (times, next, at);
        }
        times.push(at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_ack_is_said_again_for_32_seconds_and_taken_back() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    // Nobody speaks there: that is no reason to end sooner, and none to say afterwards.
    let caller = Caller::with(house.sip(), Codec::Pcmu, 101).await;
    let (phone, answer) = dial(&house, &access, DIALLED, &caller.offer(), &[]).await;
    assert_eq!(answer.status(), Some(200), "{answer:?}");

    let (times, bye, over) = said_again(&phone, &answer).await;
    let due = due();
    assert_eq!(times.len(), due.len(), "{times:?}");
    for (at, due) in times.iter().zip(due) {
        is_on_time(*at, due);
    }
    assert_eq!(bye.method(), Some("BYE"), "{bye:?}");
    is_on_time(over, GIVE_UP);
    assert!(bye.get("Reason").unwrap().contains("cause=408"), "{bye:?}");
    phone.send(&bye.reply(200, "x")).await;
    let row = newest(&house, &key, "state", "ended").await;
    assert_eq!(row["reason"], "no_ack", "{row}");
}

/// RFC 3261 §15: who has not acknowledged yet does not know what a BYE would end.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_hangs_up_before_the_ack_is_obeyed_after_it() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let caller = Caller::with(house.sip(), Codec::Pcmu, 101).await;
    let (phone, answer) = dial(&house, &access, DIALLED, &caller.offer(), &[]).await;
    let row = newest(&house, &key, "state", "answered").await;
    let path = format!("/api/phone/calls/{}/hangup", row["id"].as_str().unwrap());
    let body = json!({});
    let hangs_up = house.post(&key, &path, &body);
    let hears = async {
        for _ in 0..2 {
            let again = phone.hear_within(GIVE_UP).await;
            assert_eq!(again.as_ref(), Some(&answer), "nothing but the answer");
        }
        let (number, _) = answer.cseq().unwrap();
        phone.send(&phone.inside(&answer, "ACK", number)).await;
        let bye = phone.hear_within(GIVE_UP).await.unwrap();
        assert_eq!(bye.method(), Some("BYE"), "{bye:?}");
        phone.send(&bye.reply(200, "x")).await;
    };
    tokio::join!(hangs_up, hears);
    let row = newest(&house, &key, "state", "ended").await;
    assert_eq!(row["reason"], "operator_hung_up", "{row}");
}
