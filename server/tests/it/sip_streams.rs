//! Connections: frames however they arrive, bounds on everything, and the torture set on the wire.

use std::path::Path;
use std::time::Duration;

use server::sip::message::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sip_world::{NUMBER, Phone, World};

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.addr()).await.unwrap()
}

/// What comes within half a second.
async fn hear(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    match tokio::time::timeout(Duration::from_millis(500), stream.read(&mut buffer)).await {
        Ok(Ok(length)) => buffer[..length].to_vec(),
        _ => Vec::new(),
    }
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0; 1];
    matches!(
        tokio::time::timeout(Duration::from_secs(3), stream.read(&mut byte)).await,
        Ok(Ok(0) | Err(_))
    )
}

fn options(phone: &Phone, cseq: u32) -> Message {
    let mut message = phone.request("OPTIONS", NUMBER, cseq);
    let via = message.get("Via").unwrap().replace("/UDP", "/TCP");
    message.set("Via", via);
    message
}

fn answers(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes)
        .matches("SIP/2.0 200")
        .count()
}

#[tokio::test]
async fn frames_are_cut_however_they_arrive() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut stream = connect(&world).await;
    let two = [
        options(&phone, 1).to_bytes(),
        b"\r\n".to_vec(),
        options(&phone, 2).to_bytes(),
    ]
    .concat();
    stream.write_all(&two).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(answers(&hear(&mut stream).await), 2);
    for chunk in options(&phone, 3).to_bytes().chunks(7) {
        stream.write_all(chunk).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(answers(&hear(&mut stream).await), 1);
    stream.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(hear(&mut stream).await, b"\r\n", "a ping is answered");
}

#[tokio::test]
async fn too_much_is_answered_and_the_connection_closed() {
    let world = World::new().await;
    let phone = Phone::new(&world).await;
    let mut stream = connect(&world).await;
    let long = options(&phone, 1).with("Subject", "x".repeat(70_000));
    stream.write_all(&long.to_bytes()).await.unwrap();
    assert!(hear(&mut stream).await.starts_with(b"SIP/2.0 513"), "513");
    assert!(is_closed(&mut stream).await);
    let mut stream = connect(&world).await;
    let text = String::from_utf8(options(&phone, 2).to_bytes()).unwrap();
    stream
        .write_all(
            text.replace("Content-Length: 0", "Content-Length: -1")
                .as_bytes(),
        )
        .await
        .unwrap();
    assert!(hear(&mut stream).await.starts_with(b"SIP/2.0 400"), "400");
    assert!(is_closed(&mut stream).await);
    let mut stream = connect(&world).await;
    stream.write_all(&vec![b'A'; 100_000]).await.unwrap();
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn dawdlers_are_closed_and_crowds_kept_out() {
    let world = World::with(|config| {
        config.streams.hurry = Duration::from_millis(300);
        config.streams.idle = Duration::from_millis(900);
        config.streams.per_source = 3;
    })
    .await;
    let mut silent = connect(&world).await;
    let mut slow = connect(&world).await;
    slow.write_all(b"OPTIONS sip:a@b SIP/2.0\r\n")
        .await
        .unwrap();
    let phone = Phone::new(&world).await;
    let mut idle = connect(&world).await;
    idle.write_all(&options(&phone, 1).to_bytes())
        .await
        .unwrap();
    assert_eq!(answers(&hear(&mut idle).await), 1);
    let mut fourth = connect(&world).await;
    assert!(is_closed(&mut fourth).await, "one more than allowed");
    assert!(is_closed(&mut silent).await, "never said a word");
    assert!(is_closed(&mut slow).await, "never finished a message");
    assert!(is_closed(&mut idle).await, "nothing more to say");
    for _ in 0..40 {
        if world.edge.connections() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} places are still taken", world.edge.connections());
}

/// Every file of the torture set over both transports; afterwards the edge still answers.
#[tokio::test]
async fn the_torture_set_leaves_it_standing() {
    let world = World::with(|config| config.limits.stranger.burst = 10_000).await;
    let phone = Phone::new(&world).await;
    let mut count = 0;
    for folder in ["valid", "invalid"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/torture")
            .join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            phone.send_raw(&bytes).await;
            let mut stream = connect(&world).await;
            let _ = stream.write_all(&bytes).await;
            for cut in [1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
                phone.send_raw(&bytes[..cut]).await;
                let mut mutated = bytes.clone();
                mutated[cut] ^= 0x55;
                phone.send_raw(&mutated).await;
            }
            count += 1;
        }
    }
    assert!(count > 80);
    let last = Phone::new(&world).await;
    last.send(&last.request("OPTIONS", NUMBER, 1)).await;
    last.expect(200).await;
    let answer = last.call(NUMBER).await;
    last.send(&last.inside(&answer, "BYE", 3)).await;
    last.expect(200).await;
    world.is_quiet().await;
}
