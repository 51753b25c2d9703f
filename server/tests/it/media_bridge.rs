//! Two calls joined, over real sockets: each side hears the other, whatever it speaks.

use std::time::Duration;

use server::media::codec::{Codec, OnTheWire as _};
use server::media::tone::tone;
use server::media::{
    Bridge, Digit, Heard, Rate, Ringback, Session, SessionEvent, Waiting, WhenConnected,
};
use tokio::time::{sleep, timeout};

use crate::media_phone::{Caller, both_speak, channels, loudest, media, media_of};

/// A caller who is with an agent, and someone who has answered in `codec`.
async fn joined(codec: Codec) -> (Caller, Session, Caller, Session, Bridge) {
    let media = media(Duration::from_secs(30));
    let (caller, near) = Caller::calls(&media).await;
    near.start_sending();
    let (callee, far) = Caller::is_called(&media, codec, 97).await;
    far.accept(&callee.description("sendrecv")).unwrap();
    far.start_sending();
    let bridge = Bridge::join(&near, &far);
    (caller, near, callee, far, bridge)
}

#[tokio::test]
async fn each_side_hears_the_other_through_two_codecs() {
    for codec in Codec::ALL.iter().copied() {
        let (mut caller, near, mut callee, far, _bridge) = joined(codec).await;
        // Read at 16 kHz, a tone of 500 Hz made for 8 is one of 1,000.
        let wide = f64::from(codec.rate().hertz() / 8_000);
        let length = 1_500 * codec.rate().hertz() / 8_000;
        let (low, high) = (
            tone(440.0, 1_500, 8_000),
            tone(1_000.0 / wide, length, 8_000),
        );
        let (caller_heard, callee_heard) = both_speak(&mut caller, &low, &mut callee, &high).await;
        assert!(loudest(&caller_heard, 1_000.0) > 6_500.0, "{codec:?}");
        assert!(loudest(&callee_heard, 440.0 / wide) > 6_500.0, "{codec:?}");
        assert!(loudest(&caller_heard, 440.0) < 100.0, "an echo, {codec:?}");
        let (sent, received) = (far.stats().sent.packets, near.stats().received.packets);
        assert!(sent >= 70 && received >= 70, "{sent} {received}");
        assert_eq!(far.stats().received.malformed, 0);
    }
}

/// They share the rooms in which a frame is written, at three rates.
#[tokio::test]
async fn calls_on_one_thread_hear_nothing_of_each_other() {
    let (media, folder) = (
        media_of(Duration::from_secs(30), 1),
        tempfile::tempdir().unwrap(),
    );
    let (mut caller, near) = Caller::calls(&media).await;
    let line = near.take_line().unwrap();
    line.record(folder.path().join("call.wav"));
    let (mut callee, far) = Caller::is_called(&media, Codec::G722, 97).await;
    far.accept(&callee.description("sendrecv")).unwrap();
    let (mut other, third) = Caller::calls(&media).await;
    let mut agent = third.take_line().unwrap();
    for session in [&near, &far, &third] {
        session.start_sending();
    }
    let bridge = Bridge::join(&near, &far);
    bridge.connected(WhenConnected::KeepRecording);
    agent.set_rate(Rate::Full);
    agent.want_audio();

    // Tones are made for 8 kHz: read at 16 kHz they are twice as high, at 24 kHz three times.
    agent.speak(tone(600.0, 4_500, 8_000).into());
    let (low, high) = (tone(440.0, 1_500, 8_000), tone(500.0, 3_000, 8_000));
    let highest = tone(2_600.0, 1_500, 8_000);
    let ((caller_heard, callee_heard), other_heard, agent_heard) = tokio::join!(
        both_speak(&mut caller, &low, &mut callee, &high),
        other.speaks(&highest),
        async {
            let mut heard = Vec::new();
            while heard.len() < 24_000 {
                if let Heard::Audio { samples, .. } = agent.hear().await {
                    heard.extend_from_slice(&samples);
                }
            }
            heard
        }
    );
    drop(bridge);
    near.close().await;
    let (left, right) = channels(&folder.path().join("call.wav"));
    let hears = |who: &str, samples: &[i16], times: u32, own: u32| {
        for hertz in [440, 1_000, 1_800, 2_600] {
            let strength = loudest(samples, f64::from(hertz) / f64::from(times));
            let right = if hertz == own {
                strength > 6_000.0
            } else {
                strength < 150.0
            };
            assert!(right, "{who} hears {strength:.0} of {hertz} Hz");
        }
    };
    hears("the caller", &caller_heard, 1, 1_000);
    hears("the callee", &callee_heard, 2, 440);
    hears("the other caller", &other_heard, 1, 1_800);
    hears("the other's agent", &agent_heard, 3, 2_600);
    hears("the recording of the caller", &left, 1, 440);
    hears("the recording of the callee", &right, 1, 1_000);
}

#[tokio::test]
async fn keys_are_passed_on_as_events_of_our_own() {
    let (mut caller, _near, mut callee, _far, _bridge) = joined(Codec::Pcma).await;
    let silence = vec![0; 1_600];
    both_speak(&mut caller, &silence, &mut callee, &silence).await;
    for code in [5, 11] {
        caller.presses(code).await;
        both_speak(&mut caller, &silence, &mut callee, &silence).await;
    }
    both_speak(&mut caller, &silence, &mut callee, &silence).await;
    for code in [5, 11] {
        let event: Vec<_> = callee.keys.iter().filter(|key| key.3[0] == code).collect();
        assert_eq!(
            event.len(),
            7,
            "four packets, an end and two copies: {event:?}"
        );
        assert!(event.iter().all(|key| key.1 == event[0].1), "one timestamp");
        let markers = event.iter().filter(|key| key.2).count();
        assert_eq!((event[0].2, markers), (true, 1));
        let ends: Vec<bool> = event.iter().map(|key| key.3[1] & 0x80 != 0).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        let in_order = event
            .windows(2)
            .all(|two| two[1].0 == two[0].0.wrapping_add(1));
        assert!(in_order, "sequence numbers: {event:?}");
    }
    assert!(caller.keys.is_empty(), "nobody hears his own keys");
}

#[tokio::test]
async fn who_knows_no_events_hears_a_key_as_its_tones() {
    let (mut caller, _near, mut callee, far, _bridge) = joined(Codec::Pcmu).await;
    let port = callee.socket.local_addr().unwrap().port();
    let plain = format!(
        "v=0\r\no=- {port} 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nm=audio {port} RTP/AVP 0\r\n"
    );
    far.accept(&server::media::sdp::Offer::parse(plain.as_bytes()).unwrap())
        .unwrap();
    caller.presses(8).await;
    let silence = vec![0; 4_000];
    let (_, heard) = both_speak(&mut caller, &silence, &mut callee, &silence).await;
    assert!(callee.keys.is_empty());
    let (row, column) = (loudest_short(&heard, 852.0), loudest_short(&heard, 1_336.0));
    assert!(row > 2_000.0 && column > 2_000.0, "{row} {column}");
}

/// The loudest 40 ms.
fn loudest_short(samples: &[i16], hertz: f64) -> f64 {
    samples
        .chunks(320)
        .map(|part| crate::media_phone::strength(part, hertz))
        .fold(0.0, f64::max)
}

#[tokio::test]
async fn a_caller_hears_ringing_then_early_media_then_the_answer() {
    let media = media(Duration::from_secs(30));
    let (mut caller, near) = Caller::calls(&media).await;
    near.start_sending();
    let (mut first, far) = Caller::is_called(&media, Codec::Pcma, 97).await;
    let bridge = Bridge::join(&near, &far);
    bridge.wait(Waiting::Ringing(Ringback::NorthAmerica));
    let heard = caller.listens(600).await;
    assert!(loudest(&heard, 480.0) > 1_500.0, "no ringing");

    // 183: its audio takes the place of ours, before anything of ours may go there.
    far.accept(&first.description("sendrecv")).unwrap();
    // Where many tests run at once it comes late, with the buffers as full as they get.
    let (silence, early) = (vec![0; 12_800], tone(1_000.0, 1_600, 8_000));
    let (heard, nothing) = both_speak(&mut caller, &silence, &mut first, &early).await;
    assert!(loudest(&heard, 1_000.0) > 6_000.0, "no early media");
    let mut parts = heard.chunks(320);
    let began = parts.position(|part| crate::media_phone::strength(part, 1_000.0) > 3_000.0);
    let after = &heard[began.unwrap() * 320 + 3_200..][..3_200];
    assert!(loudest(after, 480.0) < 200.0, "it still rings");
    assert!(nothing.is_empty(), "audio went out before the answer");

    // 200 from another telephone that a proxy had forked to, which waits to hear us first.
    let mut second = Caller::at(&far, Codec::Pcmu, 98).await;
    far.accept(&second.description("sendrecv")).unwrap();
    far.start_sending();
    bridge.connected(WhenConnected::KeepRecording);
    let low = tone(440.0, 600, 8_000);
    let (_, heard) = tokio::join!(caller.speaks(&low), async {
        let mut heard = Vec::new();
        sleep(Duration::from_millis(500)).await;
        second.read(&mut heard);
        heard
    });
    assert!(loudest(&heard, 440.0) > 5_000.0, "the one who answered");
    let (heard, _) = both_speak(&mut caller, &silence, &mut second, &early).await;
    assert!(loudest(&heard, 1_000.0) > 6_000.0);
    let mut late = Vec::new();
    first.read(&mut late);
    assert!(late.is_empty(), "the one who did not answer hears the call");
}

#[tokio::test]
async fn a_caller_who_is_put_on_hold_hears_music_until_the_other_side_is_back() {
    let (mut caller, near, mut callee, far, bridge) = joined(Codec::Pcma).await;
    bridge.hold_with_music();
    let silence = vec![0; 8_000];
    both_speak(&mut caller, &silence, &mut callee, &silence).await;
    far.answer(&callee.description("inactive")).unwrap();
    // After a second in which it plays nothing of its own.
    let heard = caller.listens(3_000).await;
    let end = &heard[heard.len() - 8_000..];
    let peak = end.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(peak > Some(1_000), "no music: {peak:?}");
    far.answer(&callee.description("sendrecv")).unwrap();
    let said = tone(1_000.0, 1_000, 8_000);
    let (heard, _) = both_speak(&mut caller, &silence, &mut callee, &said).await;
    assert!(loudest(&heard, 1_000.0) > 6_000.0, "it is not back");
    assert!(near.stats().sent.packets > 200);
}

#[tokio::test]
async fn the_agents_line_waits_and_comes_back() {
    let media = media(Duration::from_secs(30));
    let (mut caller, near) = Caller::calls(&media).await;
    let mut line = near.take_line().unwrap();
    near.start_sending();
    let (callee, far) = Caller::is_called(&media, Codec::Pcmu, 97).await;
    let bridge = Bridge::join(&near, &far);
    line.speak(tone(880.0, 400, 8_000).into());
    let heard = caller.listens(300).await;
    assert!(
        loudest(&heard, 880.0) < 100.0,
        "the agent speaks beside the bridge"
    );
    caller.presses(3).await;
    caller.speaks(&tone(440.0, 200, 8_000)).await;
    caller.listens(300).await;

    drop((bridge, far, callee));
    let heard = caller.listens(600).await;
    assert!(
        loudest(&heard, 880.0) > 6_000.0,
        "the agent has lost its words"
    );
    caller.presses(4).await;
    caller.listens(200).await;
    let mut told = Vec::new();
    while let Some(heard) = line.heard() {
        told.push(heard);
    }
    let digit = Digit::new('4').unwrap();
    assert!(
        matches!(
            told.as_slice(),
            [Heard::Joined, Heard::Parted, Heard::Digit { digit: heard, .. }] if *heard == digit
        ),
        "{told:?}"
    );

    let mut renewed = near.renew_line();
    caller.presses(6).await;
    caller.listens(200).await;
    assert_eq!(line.heard(), Some(Heard::Gone));
    assert!(matches!(renewed.heard(), Some(Heard::Digit { .. })));
}

#[tokio::test]
async fn the_timeout_rests_for_both_while_one_holds() {
    let media = media(Duration::from_millis(600));
    let (mut caller, near) = Caller::calls(&media).await;
    let (mut callee, far) = Caller::is_called(&media, Codec::Pcma, 97).await;
    far.accept(&callee.description("sendrecv")).unwrap();
    let mut events = near.take_events().unwrap();
    near.start_sending();
    far.start_sending();
    let _bridge = Bridge::join(&near, &far);
    let silence = vec![0; 1_600];
    both_speak(&mut caller, &silence, &mut callee, &silence).await;
    assert!(matches!(
        events.recv().await,
        Some(SessionEvent::Locked { .. })
    ));
    far.answer(&callee.description("sendonly")).unwrap();
    sleep(Duration::from_millis(200)).await;
    let mut before = Vec::new();
    callee.read(&mut before);
    let waited = timeout(Duration::from_millis(1_500), events.recv()).await;
    assert!(waited.is_err(), "{waited:?}");
    let mut heard = Vec::new();
    callee.read(&mut heard);
    assert!(heard.is_empty(), "a side that holds hears nothing");

    far.answer(&callee.description("sendrecv")).unwrap();
    let next = timeout(Duration::from_secs(3), events.recv())
        .await
        .unwrap();
    assert_eq!(next, Some(SessionEvent::TimedOut));
}

#[tokio::test]
async fn a_recording_goes_on_with_the_other_side_or_stops() {
    for (then, kept) in [
        (WhenConnected::KeepRecording, true),
        (WhenConnected::StopRecording, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("call.wav");
        let (mut caller, near, mut callee, _far, bridge) = joined(Codec::Pcma).await;
        near.take_line().unwrap().record(file.clone());
        bridge.connected(then);
        let (low, high) = (tone(440.0, 1_000, 8_000), tone(1_000.0, 1_000, 8_000));
        both_speak(&mut caller, &low, &mut callee, &high).await;
        near.close().await;
        // Stopped before there was a frame, it leaves no file.
        assert_eq!(file.exists(), kept, "{then:?}");
        if kept {
            let (left, right) = channels(&file);
            assert!(loudest(&left, 440.0) > 6_000.0);
            assert!(loudest(&right, 1_000.0) > 6_000.0);
        }
    }
}
