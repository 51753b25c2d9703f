//! A telephone made of one UDP socket, and how to tell what it heard.

use std::f64::consts::TAU;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use server::media::codec::{Codec, Decoder, Encoder, OnTheWire as _};
use server::media::sdp::Offer;
use server::media::{LocalAddress, Media, Session, Settings};
use tokio::net::UdpSocket;
use tokio::time::{interval, sleep};

pub(crate) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The two sides of a bridge are on different threads.
pub(crate) fn media(timeout: Duration) -> Media {
    media_of(timeout, 2)
}

pub(crate) fn media_of(timeout: Duration, threads: usize) -> Media {
    Media::start(&Settings {
        ports: 31_000..=33_999,
        timeout,
        jitter_ms: 20..=200,
        threads,
    })
    .unwrap()
}

fn open(media: &Media) -> Session {
    let local = LocalAddress {
        bind: LOCAL,
        advertised: LOCAL,
    };
    media.open(local).unwrap()
}

/// Two telephones speak at once, and hear what they hear.
pub(crate) async fn both_speak(
    near: &mut Caller,
    says: &[i16],
    far: &mut Caller,
    answers: &[i16],
) -> (Vec<i16>, Vec<i16>) {
    tokio::join!(near.speaks(says), far.speaks(answers))
}

pub(crate) struct Caller {
    pub(crate) socket: UdpSocket,
    pub(crate) to: SocketAddr,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    encoder: Encoder,
    decoder: Decoder,
    /// Payload type of its keys, both ways.
    pub(crate) events: u8,
    /// Event packets it got: sequence, timestamp, marker, payload.
    pub(crate) keys: Vec<(u16, u32, bool, [u8; 4])>,
    /// One clock for all it says: a new one would begin early and run ahead.
    pub(crate) clock: tokio::time::Interval,
}

impl Caller {
    /// Calls a new session with PCMU and keys as events.
    pub(crate) async fn calls(media: &Media) -> (Self, Session) {
        let session = open(media);
        let caller = Self::at(&session, Codec::Pcmu, 101).await;
        let offer = caller.description("sendrecv");
        session.answer(&offer).unwrap();
        (caller, session)
    }

    /// Is called by a new session, and has yet to answer.
    pub(crate) async fn is_called(media: &Media, codec: Codec, events: u8) -> (Self, Session) {
        let session = open(media);
        session.offer();
        (Self::at(&session, codec, events).await, session)
    }

    pub(crate) async fn at(session: &Session, codec: Codec, events: u8) -> Self {
        Self::with(SocketAddr::new(LOCAL, session.port()), codec, events).await
    }

    pub(crate) async fn with(to: SocketAddr, codec: Codec, events: u8) -> Self {
        Self {
            socket: UdpSocket::bind((LOCAL, 0)).await.unwrap(),
            to,
            sequence: 100,
            timestamp: 8_000,
            ssrc: rand::random(),
            codec,
            encoder: Encoder::new(codec),
            decoder: Decoder::new(codec),
            events,
            keys: Vec::new(),
            clock: interval(Duration::from_millis(20)),
        }
    }

    /// Its offer or answer.
    pub(crate) fn description(&self, direction: &str) -> Offer {
        Offer::parse(self.described(direction).as_bytes()).unwrap()
    }

    /// The text of its offer.
    pub(crate) fn offer(&self) -> String {
        self.described("sendrecv")
    }

    fn described(&self, direction: &str) -> String {
        let port = self.socket.local_addr().unwrap().port();
        let (payload, events) = (self.codec.static_payload(), self.events);
        format!(
            "v=0\r\no=- {port} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {payload} {events}\r\na=rtpmap:{events} telephone-event/8000\r\n\
             a={direction}\r\n"
        )
    }

    pub(crate) async fn send(&mut self, payload_type: u8, payload: &[u8]) {
        let packet = self.packet(payload_type, payload);
        self.socket.send_to(&packet, self.to).await.unwrap();
    }

    pub(crate) fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// Speaks samples in real time, and returns what was heard meanwhile.
    pub(crate) async fn speaks(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut heard = Vec::new();
        for frame in samples.chunks(self.codec.rate().frame()) {
            self.clock.tick().await;
            let mut payload = Vec::new();
            self.encoder.push(frame, &mut payload);
            self.send(self.codec.static_payload(), &payload).await;
            self.timestamp = self.timestamp.wrapping_add(160);
            self.read(&mut heard);
        }
        heard
    }

    pub(crate) async fn listens(&mut self, ms: u64) -> Vec<i16> {
        let samples = self.codec.rate().frame() / 20 * usize::try_from(ms).unwrap();
        let silence = vec![0; samples];
        self.speaks(&silence).await
    }

    pub(crate) fn read(&mut self, heard: &mut Vec<i16>) {
        let mut datagram = [0; 2_048];
        while let Ok((length, _)) = self.socket.try_recv_from(&mut datagram) {
            let (head, payload) = datagram[..length].split_at(12);
            if head[1] & 0x7f == self.events {
                self.keys.push((
                    u16::from_be_bytes([head[2], head[3]]),
                    u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
                    head[1] & 0x80 != 0,
                    payload.try_into().unwrap(),
                ));
            } else {
                assert_eq!(head[1] & 0x7f, self.codec.static_payload());
                self.decoder.push(payload, heard);
            }
        }
    }

    /// A key as RFC 4733 says, but without the marker, as much equipment forgets it.
    pub(crate) async fn presses(&mut self, code: u8) {
        for (n, end) in [(1_u16, false), (2, false), (3, true), (3, true), (3, true)] {
            let duration = (n * 160).to_be_bytes();
            let flags = if end { 0x8a } else { 0x0a };
            self.send(self.events, &[code, flags, duration[0], duration[1]])
                .await;
            sleep(Duration::from_millis(5)).await;
        }
        self.timestamp = self.timestamp.wrapping_add(800);
    }
}

/// How strong a frequency is (Goertzel), as amplitude.
#[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
pub(crate) fn strength(samples: &[i16], hertz: f64) -> f64 {
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
pub(crate) fn loudest(samples: &[i16], hertz: f64) -> f64 {
    samples
        .chunks(1_600)
        .map(|part| strength(part, hertz))
        .fold(0.0, f64::max)
}

pub(crate) fn channels(file: &PathBuf) -> (Vec<i16>, Vec<i16>) {
    let mut reader = hound::WavReader::open(file).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    samples.chunks(2).map(|pair| (pair[0], pair[1])).unzip()
}
