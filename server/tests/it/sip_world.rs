//! An edge on a free port with a stand-in for the house, and verbs to call it with.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::{Agent, AgentSettings};
use app::domain::call::{CallEnd, SipMessageRecord};
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::inbound::{AccessKind, NumberSource, OtherSources, Srtp};
use app::domain::routing::{
    AccessRoute, AgentRoute, Decision, Invite, Load, NumberRoute, Routes, TrunkRoute, Verdict,
    decide,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use server::agent::Voice;
use server::clock::Clock;
use server::lifecycle::Lifecycle;
use server::media::{Media, Settings};
use server::sip::desk::{CallEvent, CallFacts, Credential, Desk, NewCall, Opened};
use server::sip::message::Message;
use server::sip::{Edge, EdgeConfig, Parts};
use uuid::Uuid;

pub(crate) const USER: &str = "carrier";
pub(crate) const PASSWORD: &str = "s3cret-Passw0rd";
pub(crate) const NUMBER: &str = "+14155550100";
pub(crate) const AGENT: Uuid = Uuid::from_u128(0xa9e7);
const ACCESS: Uuid = Uuid::from_u128(0x00ac_ce55);

/// What the edge told the house.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) opened: Vec<NewCall>,
    pub(crate) refused: Vec<(NewCall, CallEnd, Vec<SipMessageRecord>)>,
    pub(crate) events: Vec<(CallId, CallEvent)>,
    pub(crate) ended: Vec<(CallId, CallEnd, CallFacts)>,
}

/// A house with one digest access, one number and one agent.
pub(crate) struct House {
    routes: Mutex<Routes>,
    load: Mutex<Load>,
    live: Mutex<HashSet<CallId>>,
    trusted: Vec<IpAddr>,
    pub(crate) told: Mutex<Told>,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let agent = AgentId::from(AGENT);
        let mut routes = Routes::default();
        routes.trunk = Some(TrunkRoute {
            max_channels: None,
            other_sources: OtherSources::Digest,
            country: None,
            agent_id_header: "X-Agent-ID".to_owned(),
        });
        routes.put_access(AccessRoute {
            id: AccessId::from(ACCESS),
            label: "Carrier".to_owned(),
            kind: AccessKind::Digest,
            username: Some(USER.to_owned()),
            endpoint_name: "k7f3q9".to_owned(),
            networks: Vec::new(),
            own_endpoint_only: false,
            country: None,
            agent_header: true,
            number_source: NumberSource::Auto,
            max_channels: None,
            srtp: Srtp::Off,
            sha256_only: false,
            strict_uri: false,
            enabled: true,
        });
        let name = "Front desk".to_owned();
        routes.put_agent(
            AgentRoute {
                id: agent,
                name,
                enabled: true,
                max_channels: None,
            },
            false,
        );
        let number = NUMBER.parse().unwrap();
        routes.put_number(
            &number,
            NumberRoute {
                on_trunk: true,
                agent: Some(agent),
            },
        );
        Self {
            routes: Mutex::new(routes),
            load: Mutex::new(Load::idle(1000)),
            live: Mutex::default(),
            trusted: Vec::new(),
            told: Mutex::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The same with a carrier let in by its network, under its own endpoint name.
    pub(crate) fn with_network(carrier: IpAddr) -> Self {
        let mut house = Self::new();
        house.trusted.push(carrier);
        let routes = house.routes.get_mut();
        let digest = routes.access(AccessId::from(ACCESS)).unwrap().clone();
        routes.put_access(AccessRoute {
            id: AccessId::from(Uuid::from_u128(0x2e7)),
            label: "Network".to_owned(),
            kind: AccessKind::Network,
            username: None,
            endpoint_name: "n3tw0rk".to_owned(),
            networks: vec![format!("{carrier}/32").parse().unwrap()],
            own_endpoint_only: true,
            ..digest
        });
        house
    }

    pub(crate) fn ended(&self) -> Vec<&'static str> {
        self.told
            .lock()
            .ended
            .iter()
            .map(|(_, end, _)| end.reason.code())
            .collect()
    }

    pub(crate) fn refused(&self) -> Vec<&'static str> {
        self.told
            .lock()
            .refused
            .iter()
            .map(|(_, end, _)| end.reason.code())
            .collect()
    }
}

#[async_trait]
impl Desk for House {
    fn nonce_key(&self) -> [u8; 32] {
        [7; 32]
    }

    fn credential(&self, username: &str) -> Option<Credential> {
        (username == USER).then(|| Credential {
            access: AccessId::from(ACCESS),
            password: PASSWORD.parse().unwrap(),
            strict_uri: false,
            sha256_only: false,
        })
    }

    fn trusts(&self, source: IpAddr) -> bool {
        self.trusted.contains(&source)
    }

    fn agent_header(&self) -> Option<String> {
        Some("X-Agent-ID".to_owned())
    }

    fn admit(&self, call: CallId, invite: &Invite) -> Decision {
        let decision = decide(&self.routes.lock(), &self.load.lock(), invite);
        if matches!(decision.verdict, Verdict::Answer(_)) {
            self.live.lock().insert(call);
            self.load.lock().calls += 1;
        }
        decision
    }

    fn agent(&self, id: AgentId) -> Option<Agent> {
        let mut settings = AgentSettings::starting();
        "Front desk".clone_into(&mut settings.name);
        Some(Agent {
            id,
            settings,
            version: 1,
            created_at: 0,
            updated_at: 0,
        })
    }

    fn recording_path(&self, call: CallId) -> PathBuf {
        self.folder.path().join(format!("{call}.wav"))
    }

    async fn open(&self, call: NewCall) -> Opened {
        self.told.lock().opened.push(call);
        Opened::Durable
    }

    fn refused(&self, call: NewCall, end: CallEnd, messages: Vec<SipMessageRecord>) {
        self.told.lock().refused.push((call, end, messages));
    }

    fn note(&self, call: CallId, event: CallEvent) {
        self.told.lock().events.push((call, event));
    }

    fn end(&self, call: CallId, end: CallEnd, facts: CallFacts) {
        if self.live.lock().remove(&call) {
            self.load.lock().calls -= 1;
        }
        self.told.lock().ended.push((call, end, facts));
    }
}

/// A running edge.
pub(crate) struct World {
    pub(crate) edge: Arc<Edge>,
    pub(crate) house: Arc<House>,
    pub(crate) life: Lifecycle,
    pub(crate) clock: Clock,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Timers run ten times faster than in life.
    pub(crate) async fn with(change: impl FnOnce(&mut EdgeConfig)) -> Self {
        Self::of(House::new(), Clock::system(), change).await
    }

    pub(crate) async fn of(
        house: House,
        clock: Clock,
        change: impl FnOnce(&mut EdgeConfig),
    ) -> Self {
        let house = Arc::new(house);
        let life = Lifecycle::new();
        let mut config = EdgeConfig {
            t1: Duration::from_millis(50),
            ..EdgeConfig::default()
        };
        change(&mut config);
        let media = Media::start(&Settings {
            ports: 21_000..=29_999,
            timeout: Duration::from_secs(30),
            jitter_ms: 20..=200,
            threads: 1,
        });
        let edge = Edge::start(Parts {
            config,
            desk: house.clone(),
            media: Arc::new(media.unwrap()),
            voice: Arc::new(Voice::find("no such program")),
            clock: clock.clone(),
            life: life.clone(),
        })
        .await
        .unwrap();
        Self {
            edge,
            house,
            life,
            clock,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.edge.local_addr()
    }

    /// Waits until nothing is left behind: no call, no dialog, no transaction.
    pub(crate) async fn is_quiet(&self) {
        for _ in 0..400 {
            let (running, _) = self.edge.stack().load();
            if self.edge.calls().is_empty() && self.edge.calls().names() == (0, 0) && running == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!(
            "left behind: {:?} {:?}",
            self.edge.calls().names(),
            self.edge.stack().load()
        );
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

/// A telephone that says exactly what it is told, over UDP.
pub(crate) struct Phone {
    socket: tokio::net::UdpSocket,
    to: SocketAddr,
    pub(crate) tag: String,
    pub(crate) call_id: String,
}

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

impl Phone {
    pub(crate) async fn new(world: &World) -> Self {
        Self::at(world, "127.0.0.1").await
    }

    pub(crate) async fn at(world: &World, ip: &str) -> Self {
        Self::between(ip, world.addr()).await
    }

    /// For any server, such as the real binary.
    pub(crate) async fn towards(server: SocketAddr) -> Self {
        Self::between("127.0.0.1", server).await
    }

    async fn between(ip: &str, to: SocketAddr) -> Self {
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
    pub(crate) fn request(&self, method: &str, user: &str, cseq: u32) -> Message {
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
        let mut buffer = vec![0; 65_535];
        let received = self.socket.recv_from(&mut buffer);
        let (length, _) = tokio::time::timeout(Duration::from_millis(500), received)
            .await
            .ok()?
            .unwrap();
        Some(Message::read(&buffer[..length]).unwrap())
    }

    /// The next message of this status.
    pub(crate) async fn expect(&self, status: u16) -> Message {
        for _ in 0..20 {
            let message = self
                .hear()
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
        let value = challenge.get("WWW-Authenticate").unwrap();
        let field = |name: &str| {
            let start = value.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
            value[start..].split('"').next().unwrap().to_owned()
        };
        let (realm, nonce) = (field("realm"), field("nonce"));
        let uri = request.uri().unwrap().to_owned();
        let method = request.method().unwrap().to_owned();
        let secret = md5(&format!("{username}:{realm}:{password}"));
        let asked = md5(&format!("{method}:{uri}"));
        let response = md5(&format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
        request.set(
            "Authorization",
            format!(
                "Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
                 response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\""
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

    /// A request inside the dialog an answer began.
    pub(crate) fn inside(&self, answer: &Message, method: &str, cseq: u32) -> Message {
        let contact = answer
            .get("Contact")
            .unwrap()
            .trim_matches(['<', '>'])
            .to_owned();
        let mut message = self.request(method, "x", cseq);
        message.start = server::sip::message::Start::Request {
            method: method.to_owned(),
            uri: contact,
        };
        message.set("To", answer.get("To").unwrap());
        message.set("From", answer.get("From").unwrap());
        message
    }

    /// Dials, is answered, acknowledges.
    pub(crate) async fn call(&self, user: &str) -> Message {
        let invite = self.signed_invite(user, PASSWORD).await;
        self.send(&invite).await;
        let answer = self.expect(200).await;
        self.send(&self.inside(&answer, "ACK", 2)).await;
        answer
    }
}

fn md5(text: &str) -> String {
    use md5::Digest as _;
    hex::encode(md5::Md5::digest(text.as_bytes()))
}
