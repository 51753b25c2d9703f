//! A carrier by hand, over UDP: it says exactly what it is told, whatever a script could not.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use server::sip::message::Message;
use tokio::net::UdpSocket;

use crate::sip_phone::SDP;

pub(crate) struct Hand {
    socket: UdpSocket,
    pub(crate) at: SocketAddr,
}

impl Hand {
    pub(crate) async fn new() -> Self {
        Self::on("127.0.0.1").await
    }

    pub(crate) async fn on(ip: &str) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        Self::at((ip, 0).into()).await
    }

    pub(crate) async fn at(at: SocketAddr) -> Self {
        let socket = UdpSocket::bind(at).await.unwrap();
        let at = socket.local_addr().unwrap();
        Self { socket, at }
    }

    /// Answers one OPTIONS, and goes.
    pub(crate) async fn answers_a_ping(self) {
        let ping = self.hears("OPTIONS").await;
        self.says(&ping, &self.reply(&ping, 200)).await;
    }

    /// The next request of this method; others are passed over.
    pub(crate) async fn hears(&self, what: &str) -> Message {
        let mut buffer = vec![0; 65_535];
        for _ in 0..60 {
            let received =
                tokio::time::timeout(Duration::from_secs(10), self.socket.recv_from(&mut buffer));
            let (length, _) = received
                .await
                .unwrap_or_else(|_| panic!("{what} never came"))
                .unwrap();
            let message = Message::read(&buffer[..length]).unwrap();
            if message.method() == Some(what) {
                return message;
            }
        }
        panic!("{what} never came");
    }

    /// Whether anything of this method is there already.
    pub(crate) fn has_heard(&self, what: &str) -> bool {
        let mut buffer = vec![0; 65_535];
        while let Ok((length, _)) = self.socket.try_recv_from(&mut buffer) {
            if Message::read(&buffer[..length]).unwrap().method() == Some(what) {
                return true;
            }
        }
        false
    }

    /// An answer to this request.
    pub(crate) fn reply(&self, request: &Message, status: u16) -> Message {
        let at = self.at;
        request
            .reply(status, "hand")
            .with("Contact", format!("<sip:hand@{at}>"))
    }

    /// One that describes its audio.
    pub(crate) fn describes(&self, request: &Message, status: u16) -> Message {
        self.reply(request, status)
            .with_body("application/sdp", SDP)
    }

    /// A challenge.
    pub(crate) fn challenge(&self, request: &Message) -> Message {
        let ask = "Digest realm=\"acme\", nonce=\"n\", qop=\"auth\"";
        self.reply(request, 401).with("WWW-Authenticate", ask)
    }

    /// Says this to who sent `request`.
    pub(crate) async fn says(&self, request: &Message, message: &Message) {
        self.throws(request, &message.to_bytes()).await;
    }

    /// Throws these bytes at who sent `request`.
    pub(crate) async fn throws(&self, request: &Message, bytes: &[u8]) {
        let via = request.top_via().unwrap();
        let to = via.split([' ', ';']).nth(1).unwrap();
        self.socket.send_to(bytes, to).await.unwrap();
    }

    /// A request of its own, inside the call that `invite` began.
    pub(crate) async fn asks(&self, invite: &Message, method: &'static str) {
        self.says(invite, &self.request(invite, method, 900)).await;
    }

    /// Asks who called to go there instead; what was said of that.
    pub(crate) async fn refers(&self, invite: &Message, to: &str, number: u32) -> Option<u16> {
        let refer = self.request(invite, "REFER", number);
        self.says(invite, &refer.with("Refer-To", to)).await;
        self.hears_answer("REFER").await.status()
    }

    /// The fragment of the next NOTIFY, and whether it is the last.
    pub(crate) async fn is_notified(&self) -> (String, bool) {
        self.is_notified_under("refer").await
    }

    /// The same under this Event.
    pub(crate) async fn is_notified_under(&self, event: &str) -> (String, bool) {
        let notify = self.hears("NOTIFY").await;
        self.takes_news(&notify, event).await
    }

    pub(crate) async fn takes_news(&self, notify: &Message, event: &str) -> (String, bool) {
        self.says(notify, &self.reply(notify, 200)).await;
        assert_eq!(notify.get("Event"), Some(event));
        let state = notify.get("Subscription-State").unwrap();
        let fragment = String::from_utf8(notify.body.clone()).unwrap();
        (fragment.trim().to_owned(), state.starts_with("terminated"))
    }

    async fn hears_answer(&self, method: &str) -> Message {
        let mut buffer = vec![0; 65_535];
        loop {
            let received =
                tokio::time::timeout(Duration::from_secs(10), self.socket.recv_from(&mut buffer));
            let (length, from) = received.await.unwrap().unwrap();
            let message = Message::read(&buffer[..length])
                .unwrap_or_else(|why| panic!("{why}: {from} {:?}", &buffer[..length]));
            let answers = message.status().is_some();
            if answers && message.cseq().is_some_and(|(_, of)| of == method) {
                return message;
            }
        }
    }

    fn request(&self, invite: &Message, method: &'static str, number: u32) -> Message {
        let uri = invite.get("Contact").unwrap().trim_matches(['<', '>']);
        let at = self.at;
        Message::request(method, uri)
            .with(
                "Via",
                format!("SIP/2.0/UDP {at};branch=z9hG4bK{method}{number}"),
            )
            .with("Max-Forwards", "70")
            .with("From", format!("{};tag=hand", invite.get("To").unwrap()))
            .with("To", invite.get("From").unwrap())
            .with("Call-ID", invite.call_id())
            .with("CSeq", format!("{number} {method}"))
    }
}
