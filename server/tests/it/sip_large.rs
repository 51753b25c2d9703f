//! Datagrams up to the limit and over it (RFC 3261 §21.5.7): who can be answered is told that it was too much.

use server::sip::guard::screen::MAX_DATAGRAM;
use server::sip::message::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sip_world::{NUMBER, PASSWORD, Phone, SDP, World};

/// The headers an answer repeats; `Phone` writes them first and in this order.
const NEEDED: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];
/// The most that a datagram holds.
const LARGEST: usize = 65_507;

/// The message with a header before its header number `place` that makes it `length` bytes long.
fn filled(message: &Message, place: usize, length: usize) -> Vec<u8> {
    let text = String::from_utf8(message.to_bytes()).unwrap();
    let missing = length - text.len() - "Subject: \r\n".len();
    let subject = format!("Subject: {}", "x".repeat(missing));
    let mut lines: Vec<&str> = text.split("\r\n").collect();
    lines.insert(place + 1, &subject);
    let bytes = lines.join("\r\n").into_bytes();
    assert_eq!(bytes.len(), length);
    bytes
}

async fn answered(phone: &Phone, status: u16, request: &Message) {
    let answer = phone.expect(status).await;
    for name in NEEDED.iter().filter(|name| !["Via", "To"].contains(name)) {
        assert_eq!(answer.get(name), request.get(name), "{name}");
    }
    let branch = |message: &Message| {
        let via = message.top_via().unwrap();
        via.split(';').nth(1).unwrap().to_owned()
    };
    assert_eq!(branch(&answer), branch(request));
    assert!(answer.to_tag().is_some(), "{answer:?}");
}

#[tokio::test]
async fn over_the_limit_is_513_if_the_headers_came_first() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    for (cseq, length, status) in [
        (1, MAX_DATAGRAM, 200),
        (2, MAX_DATAGRAM + 1, 513),
        (3, LARGEST, 513),
    ] {
        let options = phone.request("OPTIONS", NUMBER, cseq);
        let last = options.headers().len();
        phone.send_raw(&filled(&options, last, length)).await;
        answered(&phone, status, &options).await;
    }
    let mut invite = phone.signed_invite(NUMBER, PASSWORD).await;
    invite.body = format!("{SDP}a=x:{}\r\n", "x".repeat(MAX_DATAGRAM)).into_bytes();
    phone.send(&invite).await;
    answered(&phone, 513, &invite).await;
    world.is_quiet().await;
    assert!(world.house.told.lock().opened.is_empty());
    assert!(world.house.refused().is_empty());
}

#[tokio::test]
async fn over_the_limit_is_silence_if_a_header_is_missing_by_then() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    // Nor is an ACK answered, whatever it is (RFC 3261 §17.1.1.2).
    let ack = phone.request("ACK", NUMBER, 9);
    phone
        .send_raw(&filled(&ack, ack.headers().len(), LARGEST))
        .await;
    for cut in 0..=NEEDED.len() {
        let number = u32::try_from(cut).unwrap() + 1;
        let options = phone.request("OPTIONS", NUMBER, number);
        let names = options.headers().iter().map(|header| &*header.name);
        assert!(names.take(NEEDED.len()).eq(NEEDED));
        // What stands behind the filling is far beyond what is looked at.
        phone.send_raw(&filled(&options, cut, LARGEST)).await;
        if cut == NEEDED.len() {
            // The first answer of all: to those before it there was none.
            answered(&phone, 513, &options).await;
        }
    }
    world.is_quiet().await;
}

/// Who has more to say is to do it over TCP (RFC 3261 §18.1.1).
#[tokio::test]
async fn what_is_too_much_for_a_datagram_is_taken_from_a_connection() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut options = phone.request("OPTIONS", NUMBER, 1);
    options.set("Via", options.get("Via").unwrap().replace("/UDP", "/TCP"));
    let last = options.headers().len();
    let mut stream = TcpStream::connect(world.addr()).await.unwrap();
    let bytes = filled(&options, last, MAX_DATAGRAM + 1);
    stream.write_all(&bytes).await.unwrap();
    let mut status = [0; 11];
    let read = stream.read_exact(&mut status);
    let read = tokio::time::timeout(std::time::Duration::from_secs(10), read);
    read.await.unwrap().unwrap();
    assert_eq!(&status, b"SIP/2.0 200");
}
