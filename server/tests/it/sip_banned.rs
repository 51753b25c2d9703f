//! A source that guesses passwords over TCP, at the real binary: from then on it is not answered, whichever way it
//! comes, until somebody lets it in again.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use server::sip::guard::frame::{Frame, Framer};
use server::sip::message::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::binary::Installation;
use crate::ops::{DIALLED, furnish};
use crate::sip_world::{Phone, SDP};

/// Addresses of this test's own, so that no other server of the tests is meant by them.
const THIEF: &str = "127.0.0.41";
const NEIGHBOUR: &str = "127.0.0.42";
/// `sip.guard.ban_after`.
const BAN_AFTER: u32 = 10;
const SOURCES: &str = "/api/phone/sip/sources";

const PATIENCE: Duration = Duration::from_secs(10);

/// A telephone that speaks over a connection.
struct Line {
    /// Makes the requests; its own socket is left alone.
    phone: Phone,
    stream: TcpStream,
    framer: Framer,
}

impl Line {
    async fn open(ip: &str, server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        let here = SocketAddr::new(ip.parse().unwrap(), 0);
        socket.bind(here).unwrap();
        Self {
            phone: Phone::between(ip, server).await,
            stream: socket.connect(server).await.unwrap(),
            framer: Framer::default(),
        }
    }

    async fn send(&mut self, mut message: Message) {
        if message.method().is_some() {
            message.set("Via", message.get("Via").unwrap().replace("/UDP", "/TCP"));
        }
        self.stream.write_all(&message.to_bytes()).await.unwrap();
    }

    /// The next message, or nothing within this time. A line that is closed is no silence.
    async fn hear(&mut self, patience: Duration) -> Option<Message> {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            if let Some(frame) = self.framer.next_frame() {
                let Frame::Message(bytes) = frame else {
                    panic!("{frame:?}");
                };
                return Some(Message::read(&bytes).unwrap());
            }
            let read = timeout(patience, self.stream.read(&mut buffer))
                .await
                .ok()?;
            let length = read.unwrap();
            assert!(length > 0, "the connection was closed");
            self.framer.push(&buffer[..length]);
        }
    }

    async fn expect(&mut self, status: u16) -> Message {
        loop {
            let message = self.hear(PATIENCE).await.unwrap();
            match message.status() {
                Some(found) if found == status => return message,
                Some(100..=199) => {}
                _ => panic!("{message:?} instead of {status}"),
            }
        }
    }

    /// Dials, and answers the challenge.
    async fn dial(&mut self, cseq: u32, username: &str, password: &str) {
        self.send(invite(&self.phone, cseq)).await;
        let challenge = self.expect(401).await;
        let mut signed = invite(&self.phone, cseq + 1);
        Phone::sign_as(&mut signed, &challenge, username, password);
        self.send(signed).await;
    }

    /// Dials and is answered.
    async fn call(&mut self, cseq: u32, (username, password): &(String, String)) -> Message {
        self.dial(cseq, username, password).await;
        let answer = self.expect(200).await;
        self.send(self.phone.inside(&answer, "ACK", cseq + 1)).await;
        answer
    }

    async fn hang_up(&mut self, answer: &Message, cseq: u32) {
        self.send(self.phone.inside(answer, "BYE", cseq)).await;
        self.expect(200).await;
    }

    /// Whoever is ignored hears nothing, and is not told so by being cut off.
    async fn is_ignored(&mut self) {
        for request in [
            invite(&self.phone, 900),
            self.phone.request("OPTIONS", DIALLED, 901),
        ] {
            self.send(request).await;
        }
        assert_eq!(self.hear(Duration::from_secs(1)).await, None);
    }
}

fn invite(phone: &Phone, cseq: u32) -> Message {
    let invite = phone.request("INVITE", DIALLED, cseq);
    invite.with_body("application/sdp", SDP)
}

async fn row_of(house: &Installation, key: &str, ip: &str) -> Value {
    let rows = house.get(key, SOURCES).await;
    let rows = rows["items"].as_array().unwrap().clone();
    let row = rows.into_iter().find(|row| row["ip"] == ip);
    row.unwrap_or(Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_over_tcp_is_ignored_on_every_way_until_let_in_again() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let mut running = Line::open(THIEF, house.sip()).await;
    let answer = running.call(1, &access).await;

    let mut guesser = Line::open(THIEF, house.sip()).await;
    for guess in 0..BAN_AFTER {
        assert_eq!(
            row_of(&house, &key, THIEF).await["blocked_until"],
            Value::Null
        );
        let password = format!("guess {guess}");
        guesser.dial(10 + 2 * guess, &access.0, &password).await;
        guesser.expect(401).await;
    }
    let row = row_of(&house, &key, THIEF).await;
    assert!(row["blocked_until"].is_string(), "{row}");
    assert_eq!(row["reason"], "wrong_password", "{row}");

    guesser.is_ignored().await;
    Line::open(THIEF, house.sip()).await.is_ignored().await;
    let by_udp = Phone::between(THIEF, house.sip()).await;
    by_udp.send(&invite(&by_udp, 1)).await;
    assert_eq!(by_udp.hear().await, None);
    // Nobody else is meant, nor the call that was up before.
    let mut neighbour = Line::open(NEIGHBOUR, house.sip()).await;
    neighbour.send(invite(&neighbour.phone, 1)).await;
    neighbour.expect(401).await;
    running.hang_up(&answer, 3).await;

    let unblock = format!("{SOURCES}/{THIEF}/unblock");
    let row = house.post(&key, &unblock, &json!({})).await;
    assert_eq!(row["blocked_until"], Value::Null, "{row}");
    by_udp.send(&invite(&by_udp, 2)).await;
    by_udp.expect(401).await;
    let answer = guesser.call(100, &access).await;
    guesser.hang_up(&answer, 102).await;
}
