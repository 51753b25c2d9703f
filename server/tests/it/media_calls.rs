//! Audio over real sockets on loopback: a caller made of one UDP socket, the session, the
//! built-in engine, and the file they leave behind.

use std::f64::consts::TAU;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use server::agent::{
    AgentCall, Behaviour, EngineEnd, Journal, Keep, Moment, Speaker, Spoken, Voice, Words, run,
};
use server::media::codec::Codec;
use server::media::sdp::Offer;
use server::media::tone::tone;
use server::media::{Closed, LocalAddress, Media, Session, SessionEvent, Settings};
use tokio::net::UdpSocket;
use tokio::time::{interval, sleep, timeout};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

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

fn media(timeout: Duration) -> Media {
    Media::start(&Settings {
        ports: 31_000..=33_999,
        timeout,
        jitter_ms: 20..=200,
        threads: 1,
    })
    .unwrap()
}

struct Caller {
    socket: UdpSocket,
    to: SocketAddr,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    /// One clock for all it says: a new one would begin early and run ahead.
    clock: tokio::time::Interval,
}

impl Caller {
    /// Calls a new session with PCMU and keys as events.
    async fn calls(media: &Media) -> (Self, Session) {
        let socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let session = media
            .open(LocalAddress {
                bind: LOCAL,
                advertised: LOCAL,
            })
            .unwrap();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        session
            .answer(&Offer::parse(offer.as_bytes()).unwrap())
            .unwrap();
        let to = SocketAddr::new(LOCAL, session.port());
        (
            Self {
                socket,
                to,
                sequence: 100,
                timestamp: 8_000,
                ssrc: 42,
                clock: interval(Duration::from_millis(20)),
            },
            session,
        )
    }

    async fn send(&mut self, payload_type: u8, payload: &[u8]) {
        let packet = self.packet(payload_type, payload);
        self.socket.send_to(&packet, self.to).await.unwrap();
    }

    fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// Speaks samples in real time, and returns what was heard meanwhile.
    async fn speaks(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut heard = Vec::new();
        for frame in samples.chunks(160) {
            self.clock.tick().await;
            let mut payload = Vec::new();
            Codec::Pcmu.encode(frame, &mut payload);
            self.send(0, &payload).await;
            self.timestamp = self.timestamp.wrapping_add(160);
            self.read(&mut heard);
        }
        heard
    }

    async fn listens(&mut self, ms: u64) -> Vec<i16> {
        let silence = vec![0; usize::try_from(ms * 8).unwrap()];
        self.speaks(&silence).await
    }

    fn read(&self, heard: &mut Vec<i16>) {
        let mut datagram = [0; 2_048];
        while let Ok((length, _)) = self.socket.try_recv_from(&mut datagram) {
            Codec::Pcmu.decode(&datagram[12..length], heard);
        }
    }

    /// A key as RFC 4733 says, but without the marker, as much equipment forgets it.
    async fn presses(&mut self, code: u8) {
        for (n, end) in [(1_u16, false), (2, false), (3, true), (3, true), (3, true)] {
            let duration = (n * 160).to_be_bytes();
            let flags = if end { 0x8a } else { 0x0a };
            self.send(101, &[code, flags, duration[0], duration[1]])
                .await;
            sleep(Duration::from_millis(5)).await;
        }
        self.timestamp = self.timestamp.wrapping_add(800);
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
    };
    session.start_sending();
    #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
    tokio::spawn(run(call))
}

/// How strong a frequency is (Goertzel), as amplitude.
#[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
fn strength(samples: &[i16], hertz: f64) -> f64 {
    let step = TAU * hertz / 8_000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = step * n as f64;
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// The loudest 200 ms.
fn loudest(samples: &[i16], hertz: f64) -> f64 {
    samples
        .chunks(1_600)
        .map(|part| strength(part, hertz))
        .fold(0.0, f64::max)
}

fn channels(file: &PathBuf) -> (Vec<i16>, Vec<i16>) {
    let mut reader = hound::WavReader::open(file).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    samples.chunks(2).map(|pair| (pair[0], pair[1])).unzip()
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
    Codec::Pcmu.encode(&tone(440.0, 20, 8_000), &mut payload);
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
