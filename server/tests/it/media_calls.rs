//! Audio over real sockets on loopback: a caller made of one UDP socket, the session, the
//! built-in engine, and the file they leave behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use server::agent::{
    AgentCall, Behaviour, EngineEnd, Journal, Keep, Menu, Moment, Ready, Speaker, Spoken, Voice,
    Words, run,
};
use server::media::codec::{Codec, Encoder};
use server::media::tone::tone;
use server::media::{Closed, Heard, Rate, Session, SessionEvent};
use tokio::net::UdpSocket;
use tokio::time::{interval, sleep, timeout};

use crate::media_phone::{Caller, LOCAL, channels, loudest, media, strength};

#[derive(Default)]
struct Notes {
    lines: Mutex<Vec<Spoken>>,
    moments: Mutex<Vec<Moment>>,
}

impl Journal for Notes {
    fn spoken(&self, line: Spoken) {
        self.lines.lock().push(line);
    }

    fn moment(&self, moment: Moment, _: u64) {
        self.moments.lock().push(moment);
    }
}

fn answer(
    session: &Session,
    behaviour: Behaviour,
    notes: &Arc<Notes>,
    recording: &Path,
) -> tokio::task::JoinHandle<EngineEnd> {
    let call = AgentCall {
        behaviour,
        line: session.take_line().unwrap(),
        journal: notes.clone(),
        recording: recording.to_path_buf(),
        voice: Arc::new(Voice::find("")),
        menu: Menu {
            keys: Vec::new(),
            destinations: Vec::new(),
            choose: tokio::sync::mpsc::unbounded_channel().0,
        },
    };
    session.start_sending();
    #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
    tokio::spawn(run(call, Ready::BUILTIN))
}

#[tokio::test]
async fn both_sides_are_heard_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let behaviour = Behaviour {
        recording: Keep::Everything,
        ..Behaviour::default()
    };
    let engine = answer(&session, behaviour, &notes, &file);

    let heard = caller.listens(1_000).await;
    assert!(
        loudest(&heard, 880.0) > 2_000.0,
        "the chime is not heard: {}",
        loudest(&heard, 880.0)
    );
    caller.speaks(&tone(440.0, 1_200, 8_000)).await;
    caller.listens(700).await;
    let Closed { stats, recordings } = session.close().await;
    assert_eq!(
        timeout(Duration::from_secs(2), engine)
            .await
            .unwrap()
            .unwrap(),
        EngineEnd::CallerGone
    );

    assert_eq!(recordings.len(), 1);
    let (left, right) = channels(&file);
    assert!(
        loudest(&left, 440.0) > 3_000.0,
        "caller in the recording: {}",
        loudest(&left, 440.0)
    );
    assert!(
        loudest(&right, 880.0) > 2_000.0,
        "agent in the recording: {}",
        loudest(&right, 880.0)
    );
    assert!(
        loudest(&right, 440.0) < 200.0,
        "the caller is on the left alone"
    );
    assert!(stats.received.packets >= 140, "{stats:?}");
    assert!(stats.sent.packets >= 120, "{stats:?}");
    assert_eq!(
        (
            stats.received.lost,
            stats.received.malformed,
            stats.received.strangers
        ),
        (0, 0, 0)
    );

    let lines = notes.lines.lock();
    assert!(
        matches!(&lines[0], Spoken { speaker: Speaker::Agent, words: Words::Text(text), .. } if text == "Hello?"),
        "{lines:?}"
    );
    let spoke = lines
        .iter()
        .find(|line| line.speaker == Speaker::Caller)
        .expect("the caller spoke");
    let length = spoke.span.end_ms - spoke.span.start_ms;
    assert!((900..1_500).contains(&length), "{spoke:?}");
}

#[tokio::test]
async fn what_is_said_before_the_notice_has_ended_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let behaviour = Behaviour {
        recording: Keep::AfterNotice("This call is recorded.".into()),
        interruptible: false,
        ..Behaviour::default()
    };
    let engine = answer(&session, behaviour, &notes, &file);

    // Chimes of half a second: the notice, then the greeting.
    let mut heard = caller.speaks(&tone(440.0, 300, 8_000)).await;
    while !notes.moments.lock().contains(&Moment::RecordingStarted) {
        assert!(notes.lines.lock().len() < 2, "{:?}", notes.lines.lock());
        heard.extend(caller.listens(20).await);
    }
    let before = heard.len();
    heard.extend(caller.listens(800).await);
    heard.extend(caller.speaks(&tone(1_000.0, 600, 8_000)).await);
    caller.listens(300).await;
    session.close().await;
    timeout(Duration::from_secs(2), engine)
        .await
        .unwrap()
        .unwrap();

    assert!(
        loudest(&heard[..before], 880.0) > 2_000.0,
        "the notice is heard"
    );
    assert!(
        loudest(&heard[before..], 880.0) > 2_000.0,
        "the greeting is heard"
    );
    let (left, right) = channels(&file);
    assert!(loudest(&left, 1_000.0) > 3_000.0, "what came after is kept");
    assert!(loudest(&left, 440.0) < 200.0, "what came before is not");
    let loud = |samples: &[i16]| {
        let parts = samples.chunks(400);
        parts.filter(|part| strength(part, 880.0) > 2_000.0).count()
    };
    let (said, kept) = (loud(&heard), loud(&right));
    assert!(kept > 0 && kept * 3 < said * 2, "{kept} of {said} parts");
}

#[tokio::test]
async fn nobody_there_is_asked_twice_and_told_goodbye() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let behaviour = Behaviour {
        silence: Duration::from_millis(200),
        ..Behaviour::default()
    };
    let engine = answer(&session, behaviour, &notes, Path::new("unused"));
    caller.listens(3_500).await;
    assert_eq!(
        timeout(Duration::from_secs(3), engine)
            .await
            .unwrap()
            .unwrap(),
        EngineEnd::Goodbye
    );
    let said: Vec<String> = notes
        .lines
        .lock()
        .iter()
        .map(|line| format!("{:?}", line.words))
        .collect();
    assert_eq!(said.len(), 4, "{said:?}");
    let moments = notes.moments.lock();
    assert!(
        moments.contains(&Moment::SilencePrompt(2)) && moments.contains(&Moment::Goodbye),
        "{moments:?}"
    );
}

#[tokio::test]
async fn a_caller_who_speaks_stops_the_goodbye() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let behaviour = Behaviour {
        silence: Duration::from_millis(200),
        ..Behaviour::default()
    };
    let engine = answer(&session, behaviour, &notes, Path::new("unused"));
    // Hello, twice "are you there", each half a second, with 200 ms between.
    let until_goodbye = async {
        while !notes.moments.lock().contains(&Moment::Goodbye) {
            caller.listens(40).await;
        }
        caller.speaks(&tone(440.0, 600, 8_000)).await;
    };
    timeout(Duration::from_secs(6), until_goodbye)
        .await
        .unwrap();
    assert!(!engine.is_finished(), "the goodbye was not cancelled");
    assert!(notes.moments.lock().contains(&Moment::Interrupted));
    drop(session);
    assert_eq!(
        timeout(Duration::from_secs(2), engine)
            .await
            .unwrap()
            .unwrap(),
        EngineEnd::CallerGone
    );
}

#[tokio::test]
async fn keys_without_a_marker_count_once_and_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let engine = answer(
        &session,
        Behaviour::default(),
        &notes,
        &folder.path().join("x.wav"),
    );
    caller.listens(800).await;
    for code in [1, 2, 11] {
        caller.presses(code).await;
        caller.listens(100).await;
    }
    drop(session);
    timeout(Duration::from_secs(2), engine)
        .await
        .unwrap()
        .unwrap();
    let keys = notes
        .lines
        .lock()
        .iter()
        .filter(|line| line.words == Words::Key(None))
        .count();
    assert_eq!(keys, 3, "{:?}", notes.lines.lock());
}

#[tokio::test]
async fn audio_from_a_stranger_is_ignored_and_counted() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let _engine = answer(&session, Behaviour::default(), &notes, Path::new("unused"));
    caller.listens(200).await;
    let stranger = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    for _ in 0..10 {
        let packet = caller.packet(0, &[0; 160]);
        stranger.send_to(&packet, caller.to).await.unwrap();
    }
    caller.listens(200).await;
    let stats = session.stats();
    assert_eq!(stats.received.strangers, 10);
    let mut nothing = [0; 64];
    assert!(
        stranger.try_recv_from(&mut nothing).is_err(),
        "our audio went to the stranger"
    );
    assert_eq!(stats.locked, Some(caller.socket.local_addr().unwrap()));
}

#[tokio::test]
async fn who_describes_another_address_moves_there_and_both_are_told() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let mut events = session.take_events().unwrap();
    caller.listens(200).await;
    assert!(matches!(
        events.recv().await,
        Some(SessionEvent::Locked { .. })
    ));
    let before = caller.socket.local_addr().unwrap();
    caller.socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    session.answer(&caller.description("sendrecv")).unwrap();
    caller.listens(200).await;
    let moved = SessionEvent::Moved {
        from: Some(before),
        to: caller.socket.local_addr().unwrap(),
    };
    assert_eq!(events.recv().await, Some(moved));
}

#[tokio::test]
async fn a_caller_who_falls_silent_on_the_wire_times_out() {
    let media = media(Duration::from_millis(600));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let _engine = answer(&session, Behaviour::default(), &notes, Path::new("unused"));
    let mut events = session.take_events().unwrap();
    caller.listens(200).await;
    assert!(matches!(
        events.recv().await,
        Some(SessionEvent::Locked {
            as_described: true,
            ..
        })
    ));
    let next = timeout(Duration::from_secs(3), events.recv())
        .await
        .unwrap();
    assert_eq!(next, Some(SessionEvent::TimedOut));
}

#[tokio::test]
async fn nothing_is_sent_before_it_may_be() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    assert!(
        caller.listens(300).await.is_empty(),
        "audio went out before the ACK"
    );
    session.start_sending();
    assert!(!caller.listens(300).await.is_empty());
}

#[tokio::test]
async fn reordered_and_malformed_packets_do_no_harm() {
    let media = media(Duration::from_secs(30));
    let (mut caller, session) = Caller::calls(&media).await;
    let notes = Arc::new(Notes::default());
    let _engine = answer(&session, Behaviour::default(), &notes, Path::new("unused"));
    let mut payload = Vec::new();
    Encoder::new(Codec::Pcmu).push(&tone(440.0, 20, 8_000), &mut payload);
    let mut clock = interval(Duration::from_millis(40));
    for _ in 0..25 {
        clock.tick().await;
        let first = caller.packet(0, &payload);
        caller.timestamp += 160;
        let second = caller.packet(0, &payload);
        caller.timestamp += 160;
        for packet in [&second, &first] {
            caller.socket.send_to(packet, caller.to).await.unwrap();
        }
        caller
            .socket
            .send_to(b"not rtp at all", caller.to)
            .await
            .unwrap();
    }
    sleep(Duration::from_millis(100)).await;
    let stats = session.stats();
    assert_eq!(
        (stats.received.packets, stats.received.lost),
        (50, 0),
        "{stats:?}"
    );
    assert_eq!(stats.received.malformed, 25);
}

#[tokio::test]
async fn an_engine_hears_and_speaks_at_the_rate_it_asks_for() {
    for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
        let media = media(Duration::from_secs(30));
        let (mut caller, session) = Caller::calls(&media).await;
        let mut line = session.take_line().unwrap();
        line.set_rate(rate);
        line.want_audio();
        session.start_sending();
        // A tone of 1,000 Hz at the line's rate, made for 8 kHz.
        let times = rate.hertz() / 8_000;
        let hertz = 1_000.0 / f64::from(times);
        line.speak(tone(hertz, 800 * times, 8_000).into());
        let heard = caller.speaks(&tone(1_000.0, 800, 8_000)).await;
        assert!(loudest(&heard, 1_000.0) > 6_500.0, "{rate:?}");
        let mut told = Vec::new();
        while let Some(heard) = line.heard() {
            if let Heard::Audio { samples, .. } = heard {
                assert_eq!(samples.len(), rate.frame());
                told.extend_from_slice(&samples);
            }
        }
        assert!(
            loudest(&told, hertz) > 6_500.0,
            "{rate:?}: {}",
            loudest(&told, hertz)
        );
    }
}
