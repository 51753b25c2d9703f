//! Asks ourselves now and then, through socket, guard and stack: is anyone there?

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::Edge;
use super::message::Message;

const EVERY: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(3);
/// Silences in a row before it is said aloud.
const PATIENCE: u32 = 3;

pub(super) async fn watch(edge: Arc<Edge>) {
    let stopped = edge.life.stopped();
    let mut silences = 0;
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let answered = tokio::time::timeout(ANSWER, ask(&edge)).await;
        if matches!(answered, Ok(Ok(()))) {
            silences = 0;
            if !edge.healthy.swap(true, Ordering::Relaxed) {
                tracing::info!("The SIP edge answers again");
            }
        } else {
            silences += 1;
            if silences == PATIENCE {
                edge.healthy.store(false, Ordering::Relaxed);
                tracing::error!("The SIP edge does not answer its own OPTIONS");
            }
        }
    }
}

async fn ask(edge: &Edge) -> std::io::Result<()> {
    let to = edge.own_door();
    let socket = UdpSocket::bind(SocketAddr::new(to.ip(), 0)).await?;
    socket.connect(to).await?;
    let from = socket.local_addr()?;
    let tag = edge.clock.new_uuid().simple().to_string();
    let request = Message::request("OPTIONS", format!("sip:{to}"))
        .with(
            "Via",
            format!("SIP/2.0/UDP {from};branch=z9hG4bK{tag};rport"),
        )
        .with("From", format!("<sip:watchdog@{from}>;tag={tag}"))
        .with("To", format!("<sip:{to}>"))
        .with("Call-ID", edge.guard.own_call_id.clone())
        .with("CSeq", "1 OPTIONS")
        .with("Max-Forwards", "0");
    socket.send(&request.to_bytes()).await?;
    let mut answer = [0; 2048];
    let length = socket.recv(&mut answer).await?;
    match Message::read(&answer[..length]) {
        Ok(answer) if answer.status().is_some() => Ok(()),
        _ => Err(std::io::ErrorKind::InvalidData.into()),
    }
}
