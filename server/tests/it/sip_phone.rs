//! A telephone over UDP, for tests of the edge.

use std::net::SocketAddr;
use std::time::Duration;

use md5::Digest;
use server::sip::message::Message;
use uuid::Uuid;

use crate::sip_world::{MODERN, NUMBER, PASSWORD, USER, World};

/// A telephone that says exactly what it is told, over UDP.
pub(crate) struct Phone {
    socket: tokio::net::UdpSocket,
    to: SocketAddr,
    pub(crate) tag: String,
    pub(crate) call_id: String,
}

/// How long a message that is due may take on a machine that is busy with others.
const PATIENCE: Duration = Duration::from_secs(10);

/// Its audio goes where nobody listens, nor will: below the ports that the system hands out. From among those one was
/// another telephone's now and then, which then heard audio where it expected SIP.
pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

impl Phone {
    pub(crate) async fn new(world: &World) -> Self {
        Self::at(world, "127.0.0.1").await
    }

    /// One that lives at `ip`; an edge on all interfaces is called at the same address.
    pub(crate) async fn at(world: &World, ip: &str) -> Self {
        let mut to = world.addr();
        if to.ip().is_unspecified() {
            to.set_ip(ip.parse().unwrap());
        }
        Self::between(ip, to).await
    }

    /// For any server, such as the real binary.
    pub(crate) async fn towards(server: SocketAddr) -> Self {
        Self::between("127.0.0.1", server).await
    }

    /// One that lives at `ip`, for any server.
    pub(crate) async fn between(ip: &str, to: SocketAddr) -> Self {
        let socket = tokio::net::UdpSocket::bind((ip, 0)).await.unwrap();
        let tag = Uuid::now_v7().simple().to_string();
        let call_id = format!("{}@test", Uuid::now_v7().simple());
        Self {
            socket,
            to,
            tag,
            call_id,
        }
    }

    /// A request outside a dialog, complete but for its body.
    pub(crate) fn request(&self, method: &'static str, user: &str, cseq: u32) -> Message {
        let local = self.socket.local_addr().unwrap();
        let branch = Uuid::now_v7().simple().to_string();
        let message = Message::request(method, format!("sip:{user}@{}", self.to))
            .with(
                "Via",
                format!("SIP/2.0/UDP {local};branch=z9hG4bK{branch};rport"),
            )
            .with(
                "From",
                format!("\"Ann\" <sip:+442079460000@{local}>;tag={}", self.tag),
            )
            .with("To", format!("<sip:{user}@{}>", self.to))
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{cseq} {method}"))
            .with("Max-Forwards", "70");
        if method == "INVITE" {
            message.with("Contact", format!("<sip:ann@{local}>"))
        } else {
            message
        }
    }

    pub(crate) async fn send(&self, message: &Message) {
        self.send_raw(&message.to_bytes()).await;
    }

    pub(crate) async fn send_raw(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.to).await.unwrap();
    }

    /// The next message, or nothing within half a second.
    pub(crate) async fn hear(&self) -> Option<Message> {
        self.hear_within(Duration::from_millis(500)).await
    }

    pub(crate) async fn hear_within(&self, patience: Duration) -> Option<Message> {
        let mut buffer = vec![0; 65_535];
        let received = self.socket.recv_from(&mut buffer);
        let (length, _) = tokio::time::timeout(patience, received)
            .await
            .ok()?
            .unwrap();
        Some(Message::read(&buffer[..length]).unwrap())
    }

    /// The next message of this status.
    pub(crate) async fn expect(&self, status: u16) -> Message {
        for _ in 0..20 {
            let message = self
                .hear_within(PATIENCE)
                .await
                .unwrap_or_else(|| panic!("nothing came, {status} was expected"));
            match message.status() {
                Some(found) if found == status => return message,
                Some(100..=199) => {}
                found => panic!("{found:?} instead of {status}: {message:?}"),
            }
        }
        panic!("{status} never came");
    }

    /// The next request of this method.
    pub(crate) async fn expect_request(&self, method: &str) -> Message {
        for _ in 0..40 {
            if let Some(message) = self.hear().await
                && message.method() == Some(method)
            {
                return message;
            }
        }
        panic!("{method} never came");
    }

    /// Answers the challenge in a 401.
    pub(crate) fn sign(request: &mut Message, challenge: &Message, password: &str) {
        Self::sign_as(request, challenge, USER, password);
    }

    /// The same for another access.
    pub(crate) fn sign_as(
        request: &mut Message,
        challenge: &Message,
        username: &str,
        password: &str,
    ) {
        Self::sign_with::<md5::Md5>(request, challenge, ("MD5", username, password));
    }

    /// The same with any algorithm, offered or not.
    pub(crate) fn sign_with<H: Digest>(
        request: &mut Message,
        challenge: &Message,
        (algorithm, username, password): (&str, &str, &str),
    ) {
        let hash = |text: &str| hex::encode(H::digest(text.as_bytes()));
        let value = challenge.get("WWW-Authenticate").unwrap();
        let field = |name: &str| {
            let start = value.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
            value[start..].split('"').next().unwrap().to_owned()
        };
        let (realm, nonce) = (field("realm"), field("nonce"));
        let uri = request.uri().unwrap().to_owned();
        let method = request.method().unwrap().to_owned();
        let secret = hash(&format!("{username}:{realm}:{password}"));
        let asked = hash(&format!("{method}:{uri}"));
        let response = hash(&format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
        request.set(
            "Authorization",
            format!(
                "Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
                 response=\"{response}\", algorithm={algorithm}, qop=auth, nc=00000001, cnonce=\"c\""
            ),
        );
    }

    /// A signed INVITE, ready to send: the challenge has been fetched and acknowledged.
    pub(crate) async fn signed_invite(&self, user: &str, password: &str) -> Message {
        let first = self
            .request("INVITE", user, 1)
            .with_body("application/sdp", SDP);
        self.send(&first).await;
        let challenge = self.expect(401).await;
        let mut ack = self.request("ACK", user, 1);
        ack.set("Via", first.get("Via").unwrap());
        ack.set("To", challenge.get("To").unwrap());
        self.send(&ack).await;
        let mut invite = self
            .request("INVITE", user, 2)
            .with_body("application/sdp", SDP);
        Self::sign(&mut invite, &challenge, password);
        invite
    }

    /// The same by the access that takes SHA-256 only.
    pub(crate) async fn signed_as_modern(&self) -> Message {
        let first = self
            .request("INVITE", NUMBER, 11)
            .with_body("application/sdp", SDP);
        self.send(&first).await;
        let challenge = self.expect(401).await;
        let mut ack = self.request("ACK", NUMBER, 11);
        ack.set("Via", first.get("Via").unwrap());
        ack.set("To", challenge.get("To").unwrap());
        self.send(&ack).await;
        let mut invite = self
            .request("INVITE", NUMBER, 12)
            .with_body("application/sdp", SDP);
        let login = ("SHA-256", MODERN, PASSWORD);
        Self::sign_with::<sha2::Sha256>(&mut invite, &challenge, login);
        invite
    }

    /// A request inside the dialog an answer began.
    pub(crate) fn inside(&self, answer: &Message, method: &'static str, cseq: u32) -> Message {
        let contact = answer
            .get("Contact")
            .unwrap()
            .trim_matches(['<', '>'])
            .to_owned();
        let mut message = self.request(method, "x", cseq);
        message.start = server::sip::message::Start::Request {
            method: method.to_owned().into(),
            uri: contact.into(),
        };
        message.set("To", answer.get("To").unwrap());
        message.set("From", answer.get("From").unwrap());
        message
    }

    /// Dials, is answered, acknowledges.
    pub(crate) async fn call(&self, user: &str) -> Message {
        self.call_with(user, |invite| invite).await
    }

    /// The same with more in its INVITE.
    pub(crate) async fn call_with(
        &self,
        user: &str,
        more: impl FnOnce(Message) -> Message,
    ) -> Message {
        let invite = more(self.signed_invite(user, PASSWORD).await);
        self.send(&invite).await;
        let answer = self.expect(200).await;
        self.send(&self.inside(&answer, "ACK", 2)).await;
        answer
    }
}
