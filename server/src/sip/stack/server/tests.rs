use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::*;

/// A peer on loopback, and transactions that answer it.
struct Peer {
    socket: UdpSocket,
    flow: Flow,
    all: Arc<ServerTransactions>,
    life: Lifecycle,
}

/// Longer than the longest pause between two times that the same is said, of which there are eight in T1s.
fn long(t1: Duration) -> Duration {
    t1 * 12
}

const T1: Duration = Duration::from_millis(20);

impl Peer {
    async fn with(t1: Duration) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let ours = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // Whether there is room is known once somebody has waited for it.
        ours.writable().await.unwrap();
        let datagrams = Flow::datagrams(Arc::new(ours)).await.unwrap();
        let life = Lifecycle::new();
        Self {
            flow: datagrams.flow(socket.local_addr().unwrap()),
            all: ServerTransactions::start(Timers { t1 }, &life),
            socket,
            life,
        }
    }

    fn asks(&self, method: &'static str, branch: &str) -> Message {
        let port = self.socket.local_addr().unwrap().port();
        Message::request(method, "sip:b@h")
            .with(
                "Via",
                format!("SIP/2.0/UDP 127.0.0.1:{port};branch={branch}"),
            )
            .with("From", "<sip:a@h>;tag=theirs")
            .with("To", "<sip:b@h>")
            .with("Call-ID", "call")
            .with("CSeq", format!("1 {method}"))
    }

    /// Of the dialog that an answer has made.
    fn acknowledges(&self, branch: &str) -> Message {
        let mut ack = self.asks("ACK", branch);
        ack.set("To", "<sip:b@h>;tag=ours");
        ack
    }

    fn says(&self, request: &Message) -> Placed {
        self.all.receive(request.clone(), &self.flow)
    }

    fn begins(&self, request: &Message) -> (Answers, Option<UnboundedReceiver<ServerEvent>>) {
        match self.says(request) {
            Placed::New(arrival) => {
                let (_, _, answers, events) = arrival.run();
                (answers, events)
            }
            _ => panic!("it is not new"),
        }
    }

    /// The next thing said to it.
    async fn hears(&self) -> Message {
        let mut bytes = [0; 2_000];
        let heard = timeout(Duration::from_secs(5), self.socket.recv(&mut bytes)).await;
        Message::read(&bytes[..heard.unwrap().unwrap()]).unwrap()
    }

    /// Takes what is on its way, and hears no more.
    async fn falls_silent(&self) {
        let mut bytes = [0; 2_000];
        while self.socket.try_recv(&mut bytes).is_ok() {}
        let heard = timeout(long(T1), self.socket.recv(&mut bytes)).await;
        assert!(heard.is_err(), "{}", String::from_utf8_lossy(&bytes));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.life.stop();
    }
}

async fn next(events: &mut Option<UnboundedReceiver<ServerEvent>>) -> Option<ServerEvent> {
    let events = events.as_mut().unwrap();
    timeout(Duration::from_secs(5), events.recv())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_request_is_told_of_once_and_answered_each_time() {
    let peer = Peer::with(T1).await;
    let bye = peer.asks("BYE", "z9hG4bK1");
    let (answers, events) = peer.begins(&bye);
    assert!(events.is_none());
    assert!(peer.all.knows(&bye));
    assert!(matches!(peer.says(&bye), Placed::Known));
    assert!(answers.send(&bye.reply(200, "ours")));
    assert!(
        !answers.send(&bye.reply(500, "ours")),
        "it has been answered"
    );
    let first = peer.hears().await;
    assert_eq!(first.status(), Some(200));
    assert!(matches!(peer.says(&bye), Placed::Known));
    assert_eq!(peer.hears().await, first);
    assert_eq!(peer.all.load(), (0, 1));
    drop(answers);
    assert!(peer.all.knows(&bye), "it may come again");
}

#[tokio::test]
async fn a_yes_is_said_until_its_ack_comes() {
    let peer = Peer::with(T1).await;
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let (answers, mut events) = peer.begins(&invite);
    answers.send(&invite.reply(180, "ours"));
    assert_eq!(peer.hears().await.status(), Some(180));
    assert!(matches!(peer.says(&invite), Placed::Known));
    assert_eq!(peer.hears().await.status(), Some(180), "it is said again");
    answers.send(&invite.reply(200, "ours"));
    for _ in 0..3 {
        assert_eq!(peer.hears().await.status(), Some(200));
    }
    let ack = peer.acknowledges("z9hG4bK2");
    assert!(matches!(peer.says(&ack), Placed::Known));
    assert_eq!(
        next(&mut events).await,
        Some(ServerEvent::Acked(Box::new(ack.clone())))
    );
    assert_eq!(next(&mut events).await, None);
    peer.says(&ack);
    peer.says(&invite);
    peer.falls_silent().await;
    assert_eq!(peer.all.load(), (0, 1));
    assert!(peer.all.table.lock().accepted.is_empty());
}

#[tokio::test]
async fn the_ack_of_another_dialog_or_number_is_nobodys() {
    let peer = Peer::with(T1).await;
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let (answers, mut events) = peer.begins(&invite);
    answers.send(&invite.reply(200, "ours"));
    let mut other = peer.acknowledges("z9hG4bK2");
    other.set("To", "<sip:b@h>;tag=another");
    peer.says(&other);
    let mut later = peer.acknowledges("z9hG4bK3");
    later.set("CSeq", "2 ACK");
    peer.says(&later);
    peer.says(&peer.acknowledges("z9hG4bK4"));
    let Some(ServerEvent::Acked(ack)) = next(&mut events).await else {
        panic!("no ACK");
    };
    assert_eq!(*ack, peer.acknowledges("z9hG4bK4"));
}

#[tokio::test]
async fn a_no_is_said_until_its_ack_comes() {
    let peer = Peer::with(T1).await;
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let (answers, mut events) = peer.begins(&invite);
    answers.send(&invite.reply(486, "ours"));
    for _ in 0..3 {
        assert_eq!(peer.hears().await.status(), Some(486));
    }
    assert!(matches!(peer.says(&invite), Placed::Known));
    let ack = peer.acknowledges("z9hG4bK1");
    peer.says(&ack);
    assert_eq!(
        next(&mut events).await,
        Some(ServerEvent::Acked(Box::new(ack)))
    );
    peer.falls_silent().await;
}

#[tokio::test]
async fn an_ack_that_never_comes_is_waited_for_so_long() {
    let peer = Peer::with(Duration::from_millis(3)).await;
    for (branch, status) in [("z9hG4bK1", 200), ("z9hG4bK2", 486)] {
        let invite = peer.asks("INVITE", branch);
        let (answers, mut events) = peer.begins(&invite);
        answers.send(&invite.reply(status, "ours"));
        assert_eq!(next(&mut events).await, Some(ServerEvent::Over));
        assert!(!peer.all.knows(&invite));
    }
    assert_eq!(peer.all.load(), (0, 0));
    assert!(peer.all.table.lock().accepted.is_empty());
}

#[tokio::test]
async fn what_was_answered_is_forgotten_in_time() {
    let peer = Peer::with(Duration::from_millis(3)).await;
    let bye = peer.asks("BYE", "z9hG4bK1");
    peer.begins(&bye).0.send(&bye.reply(200, "ours"));
    assert_eq!(peer.all.load(), (0, 1));
    let began = Instant::now();
    while peer.all.knows(&bye) {
        assert!(began.elapsed() < Duration::from_secs(5), "it is kept");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(3 * 64));
}

#[tokio::test]
async fn a_cancel_is_answered_for_the_dialog_and_told_while_it_can_matter() {
    let peer = Peer::with(T1).await;
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let cancel = peer.asks("CANCEL", "z9hG4bK1");
    assert!(matches!(peer.says(&cancel), Placed::Nowhere(_)));
    let (answers, mut events) = peer.begins(&invite);
    answers.send(&invite.reply(180, "ours"));
    peer.hears().await;
    assert!(matches!(peer.says(&cancel), Placed::Known));
    let answer = peer.hears().await;
    assert_eq!(
        (answer.status(), answer.to_tag()),
        (Some(200), Some("ours"))
    );
    assert_eq!(answer.cseq(), Some((1, "CANCEL")));
    let Some(ServerEvent::Cancelled(cancelled)) = next(&mut events).await else {
        panic!("nothing was told");
    };
    assert_eq!(
        (&cancelled.cancel, cancelled.answer.to_tag()),
        (&cancel, Some("ours"))
    );
    answers.send(&invite.reply(487, "ours"));
    peer.says(&cancel);
    peer.says(&peer.acknowledges("z9hG4bK1"));
    assert!(matches!(
        next(&mut events).await,
        Some(ServerEvent::Acked(_))
    ));
}

#[tokio::test]
async fn one_that_nobody_will_answer_is_forgotten() {
    let peer = Peer::with(T1).await;
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let (answers, _) = peer.begins(&invite);
    answers.send(&invite.reply(100, ""));
    let another = answers.clone();
    drop(answers);
    assert!(peer.all.knows(&invite));
    drop(another);
    assert!(!peer.all.knows(&invite));
    assert_eq!(peer.all.load(), (0, 0));
}

#[tokio::test]
async fn what_does_not_say_what_it_is_part_of_is_given_back() {
    let peer = Peer::with(T1).await;
    for missing in ["Via", "CSeq"] {
        let mut bye = peer.asks("BYE", "z9hG4bK1");
        bye.remove(missing);
        assert!(matches!(peer.says(&bye), Placed::Nowhere(given) if given == bye));
    }
    // Peers of RFC 2543 have no branch.
    let mut bye = peer.asks("BYE", "x");
    bye.set("Via", "SIP/2.0/UDP 127.0.0.1");
    let _kept = peer.begins(&bye);
    assert!(peer.all.knows(&bye));
    bye.set("CSeq", "2 BYE");
    assert!(!peer.all.knows(&bye));
}

#[tokio::test]
async fn a_stream_loses_nothing_so_a_no_is_said_once_and_nothing_is_remembered() {
    let peer = Peer::with(T1).await;
    let at = "127.0.0.1:9".parse().unwrap();
    let (flow, mut outbox) = Flow::stream(at, at, Transport::Tcp).await.unwrap();
    let mut said = async || timeout(long(T1), outbox.next()).await.ok().flatten();
    let invite = peer.asks("INVITE", "z9hG4bK1");
    let Placed::New(refused) = peer.all.receive(invite.clone(), &flow) else {
        panic!("it is not new");
    };
    refused.answer(&invite.reply(486, "ours"));
    assert!(said().await.is_some());
    assert!(said().await.is_none());
    let bye = peer.asks("BYE", "z9hG4bK2");
    let Placed::New(ended) = peer.all.receive(bye.clone(), &flow) else {
        panic!("it is not new");
    };
    ended.answer(&bye.reply(200, "ours"));
    assert!(said().await.is_some());
    assert!(!peer.all.knows(&bye));
    // A yes goes from end to end, and may be lost behind the next proxy.
    let invite = peer.asks("INVITE", "z9hG4bK3");
    let Placed::New(taken) = peer.all.receive(invite.clone(), &flow) else {
        panic!("it is not new");
    };
    taken.answer(&invite.reply(200, "ours"));
    assert!(said().await.is_some() && said().await.is_some());
}
