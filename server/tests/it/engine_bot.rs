//! A voice bot, as the other side of the engine `stream`: it says exactly what it is told. And a
//! caller with a voice, at the real binary.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use server::media::codec::{Codec, Decoder, Encoder};
use server::media::tone::tone;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::binary::Installation;
use crate::browser::Browser;
use crate::media_phone::{Caller, loudest};
use crate::ops::{Answered, call_saying, furnish};
use crate::sip_tls::Authority;

/// Long, for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Tells what the handshake said: headers and path.
struct Look(std::sync::mpsc::Sender<(http::HeaderMap, String)>);

impl Callback for Look {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let asked = (request.headers().clone(), request.uri().to_string());
        self.0.send(asked).unwrap();
        Ok(response)
    }
}

/// A connection, encrypted or not.
trait Way: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Way for T {}

/// A bot that waits to be called.
pub(crate) struct Bot {
    listener: TcpListener,
    /// What proves that it is the bot.
    certificate: Option<TlsAcceptor>,
}

/// One connection to it.
pub(crate) struct Stream {
    wire: WebSocketStream<Box<dyn Way>>,
    /// What the handshake said of who calls.
    pub(crate) authorization: Option<String>,
    pub(crate) path: String,
    pub(crate) signature: Option<String>,
    /// From `start`.
    pub(crate) sid: String,
    pub(crate) start: Value,
    /// What the caller said so far.
    pub(crate) heard: Vec<i16>,
    /// Sequence numbers in the order in which they came.
    pub(crate) sequence: Vec<u64>,
    pub(crate) timestamps: Vec<u64>,
}

impl Bot {
    pub(crate) async fn listens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            listener,
            certificate: None,
        }
    }

    /// One that has room for little of what it has not read yet, and lets us keep little of it as well: with the
    /// large segments of loopback the kernel would hold minutes of audio.
    pub(crate) async fn listens_narrowly() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2_048).unwrap();
        SockRef::from(&socket).set_tcp_mss(536).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self {
            listener: socket.listen(1).unwrap(),
            ..Self::listens().await
        }
    }

    /// One with a certificate of this authority's, for this name.
    pub(crate) async fn listens_certified(authority: &Authority, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        authority.issue_into(folder.path(), name, 2999);
        let chain = CertificateDer::pem_file_iter(folder.path().join("chain.pem")).unwrap();
        let chain: Vec<_> = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self {
            certificate: Some(TlsAcceptor::from(Arc::new(config))),
            ..Self::listens().await
        }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = self.certificate.as_ref().map_or("ws", |_| "wss");
        format!("{scheme}://{}/media", self.listener.local_addr().unwrap())
    }

    async fn is_reached_over(&self) -> std::io::Result<Box<dyn Way>> {
        let tcp = self.is_reached().await;
        Ok(match &self.certificate {
            Some(certificate) => Box::new(certificate.accept(tcp).await?),
            None => Box::new(tcp),
        })
    }

    /// Is reached by somebody who does not believe that it is the bot; what was said of that.
    pub(crate) async fn is_not_believed(&self) -> String {
        match self.is_reached_over().await {
            Ok(_) => panic!("it was believed"),
            Err(said) => said.to_string(),
        }
    }

    /// Takes the connection, but says nothing.
    pub(crate) async fn is_reached(&self) -> TcpStream {
        let reached = tokio::time::timeout(PATIENCE, self.listener.accept());
        reached.await.unwrap().unwrap().0
    }

    /// Shakes hands; the stream begins when the call is answered.
    pub(crate) async fn is_called(&self) -> Stream {
        let wire = self.is_reached_over().await.unwrap();
        let (tell, asked) = std::sync::mpsc::channel();
        let shaken = tokio_tungstenite::accept_hdr_async(wire, Look(tell));
        let wire = shaken.await.unwrap();
        let (headers, path) = asked.try_recv().unwrap();
        let text = |name: &str| Some(headers.get(name)?.to_str().unwrap().to_owned());
        Stream {
            authorization: text("authorization"),
            signature: text("x-twilio-signature"),
            path,
            wire,
            sid: String::new(),
            start: Value::Null,
            heard: Vec::new(),
            sequence: Vec::new(),
            timestamps: Vec::new(),
        }
    }
}

impl Stream {
    /// Hears the beginning.
    pub(crate) async fn begins(&mut self) {
        let connected = self.next().await.unwrap();
        let wanted = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
        assert_eq!(connected, wanted);
        let start = self.next().await.unwrap();
        assert_eq!(start["event"], "start", "{start}");
        start["streamSid"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.sid);
        self.start = start["start"].clone();
    }

    /// The next message; nothing once the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.wire.next()).await;
            match message.unwrap() {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    self.note(&message);
                    return Some(message);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    fn note(&mut self, message: &Value) {
        // The other protocol's messages are its own server's to read.
        if message["event"].is_null() {
            return;
        }
        let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        if message["event"] != "connected" {
            self.sequence.push(number(&message["sequenceNumber"]));
        }
        if message["event"] == "media" {
            let media = &message["media"];
            assert_eq!(media["track"], "inbound");
            self.timestamps.push(number(&media["timestamp"]));
            self.takes(media["payload"].as_str().unwrap());
        }
    }

    /// Sound as it travels.
    pub(crate) fn takes(&mut self, sound: &str) {
        let sound = BASE64_STANDARD.decode(sound).unwrap();
        Decoder::new(Codec::Pcmu).push(&sound, &mut self.heard);
    }

    pub(crate) fn written(samples: &[i16]) -> String {
        let mut sound = Vec::new();
        Encoder::new(Codec::Pcmu).push(samples, &mut sound);
        BASE64_STANDARD.encode(sound)
    }

    /// Waits for a message of this kind.
    pub(crate) async fn hears(&mut self, event: &str) -> Value {
        loop {
            let message = self.next().await;
            let message = message.unwrap_or_else(|| panic!("closed before {event}"));
            if message["event"] == event {
                return message;
            }
        }
    }

    /// Waits for one message of each of these kinds, in whichever order they come.
    pub(crate) async fn hears_each<const N: usize>(&mut self, events: [&str; N]) -> [Value; N] {
        let mut heard = [const { Value::Null }; N];
        while heard.contains(&Value::Null) {
            let message = self.next().await;
            let message = message.unwrap_or_else(|| panic!("closed before all of {events:?}"));
            if let Some(at) = events.iter().position(|event| message["event"] == *event) {
                heard[at] = message;
            }
        }
        heard
    }

    pub(crate) async fn says(&mut self, message: &Value) {
        self.says_raw(&message.to_string()).await;
    }

    pub(crate) async fn says_raw(&mut self, text: &str) {
        self.wire.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn says_bytes(&mut self, bytes: &'static [u8]) {
        self.wire.send(Message::binary(bytes)).await.unwrap();
    }

    /// All at once, however long it is.
    pub(crate) async fn speaks(&mut self, samples: &[i16]) {
        for piece in samples.chunks(8_000) {
            let payload = Self::written(piece);
            let media = json!({
                "event": "media", "streamSid": self.sid, "media": { "payload": payload },
            });
            self.says(&media).await;
        }
    }

    pub(crate) async fn marks(&mut self, name: &str) {
        let mark = json!({ "event": "mark", "streamSid": self.sid, "mark": { "name": name } });
        self.says(&mark).await;
    }

    /// Closes as one who has finished.
    pub(crate) async fn closes(mut self) {
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        self.wire.close(Some(frame)).await.unwrap();
        while self.next().await.is_some() {}
    }
}

/// A server whose agent is a bot, and who calls it.
pub(crate) struct Scene {
    pub(crate) house: Installation,
    pub(crate) key: String,
    pub(crate) access: (String, String),
    pub(crate) agent: String,
}

/// A caller with a voice.
pub(crate) struct Voice {
    pub(crate) line: Answered,
    pub(crate) sound: Caller,
}

impl Voice {
    /// Speaks, and hears it said back.
    pub(crate) async fn is_said_back(&mut self, ms: u32) {
        let said = tone(440.0, ms, 8_000);
        let mut heard = self.sound.speaks(&said).await;
        heard.extend(self.sound.listens(500).await);
        assert!(
            loudest(&heard, 440.0) > 6_500.0,
            "what is said back is not heard"
        );
    }
}

/// What the transcript of a call says in these words, or they are missing.
pub(crate) fn line(call: &Value, text: &str) -> Value {
    let lines = call["transcript"].as_array().unwrap();
    let found = lines.iter().find(|line| line["text"] == text);
    found
        .unwrap_or_else(|| panic!("no {text} in {lines:#?}"))
        .clone()
}

impl Scene {
    /// `change` is what else is different about the agent.
    pub(crate) async fn with(engine: &Value, change: &Value) -> Self {
        Self::at(Self::house(), engine, change).await
    }

    /// A server that trusts this authority beside the system's.
    pub(crate) async fn trusting(authority: &Authority, engine: &Value) -> Self {
        let mut house = Self::house();
        house.write("authority.pem", authority.certificate());
        house.set(("PATCHBAY_SIP__TLS_CA", "authority.pem"));
        Self::at(house, engine, &json!({})).await
    }

    fn house() -> Installation {
        Installation::with(&[
            ("PATCHBAY_ENGINES__ALLOW_PRIVATE", "true"),
            ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true"),
        ])
    }

    async fn at(mut house: Installation, engine: &Value, change: &Value) -> Self {
        house.start_again().await;
        let key = house.key(&["--full-access"]);
        let access = furnish(&house, &key, false).await;
        let agents = house.get(&key, "/api/phone").await;
        let agent = agents[0]["id"].as_str().unwrap().to_owned();
        let scene = Self {
            house,
            key,
            access,
            agent,
        };
        let mut body = change.clone();
        body["engine"] = engine.clone();
        scene.change(&body).await;
        scene
    }

    /// With this bot behind its agent.
    pub(crate) async fn of(bot: &Bot) -> Self {
        Self::with(&json!({ "type": "stream", "url": bot.url() }), &json!({})).await
    }

    /// Gives the agent somebody to hand callers on to, who has a telephone there; the id of it.
    pub(crate) async fn may_hand_on_to(&self, desk: std::net::SocketAddr) -> String {
        let agent = &self.agent;
        let path = format!("/api/phone/sip/agents/{agent}/transfer-destinations");
        let sales = json!({ "name": "Sales", "type": "sip", "value": format!("sip:sales@{desk}") });
        let body = json!({ "create": sales });
        let made = self.house.post(&self.key, &path, &body).await;
        made["destination_id"].as_str().unwrap().to_owned()
    }

    /// Hands the only call on, as a script does.
    pub(crate) async fn hands_on_to(&self, destination: &str) {
        let call = self.call().await;
        let path = format!("/api/phone/calls/{}/transfer", call["id"].as_str().unwrap());
        let body = json!({ "destination_id": destination });
        self.house.post(&self.key, &path, &body).await;
    }

    pub(crate) async fn change(&self, body: &Value) -> Value {
        let path = format!("/api/phone/{}", self.agent);
        let request = self.house.request_patch(&self.key, &path).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Callers are handed on to a destination that says goodbye.
    pub(crate) async fn falls_back(&self) {
        let desk = json!({ "name": "Night desk", "type": "hangup" });
        let path = "/api/phone/sip/transfer-destinations";
        let desk = self.house.post(&self.key, path, &desk).await;
        self.change(&json!({ "failover_transfer_destination_id": desk["id"] }))
            .await;
    }

    pub(crate) async fn is_called(&self) -> Voice {
        self.is_called_saying(Codec::Pcmu, &[]).await
    }

    /// By a caller with headers of its own.
    pub(crate) async fn is_called_saying(&self, codec: Codec, headers: &[(&str, &str)]) -> Voice {
        let mut sound = Caller::with(([127, 0, 0, 1], 9).into(), codec, 101).await;
        let line = call_saying(&self.house, &self.access, &sound.offer(), headers).await;
        sound.to = line.audio();
        Voice { line, sound }
    }

    /// The access that callers come in by passes these headers on.
    pub(crate) async fn passes(&self, headers: &Value) {
        let path = "/api/phone/sip/inbound-trunk/credentials";
        let listed = self.house.get(&self.key, path).await;
        let one = format!("{path}/{}", listed["items"][0]["id"].as_str().unwrap());
        let request = self.house.request_patch(&self.key, &one);
        let request = request.json(&json!({ "passed_headers": headers }));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// The only call that came in, as the API has it.
    pub(crate) async fn call(&self) -> Value {
        let page = self
            .house
            .get(&self.key, "/api/phone/calls?direction=inbound")
            .await;
        let id = page["items"][0]["id"].as_str().unwrap().to_owned();
        self.house
            .get(&self.key, &format!("/api/phone/calls/{id}"))
            .await
    }

    /// The page of a call, as an operator sees it.
    pub(crate) async fn page(&self, call: &str) -> String {
        Browser::reads_call(&self.house, call).await
    }

    /// The kinds of things that happened in it.
    pub(crate) async fn happened(&self) -> Vec<(String, Value)> {
        let id = self.call().await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/phone/calls/{id}/events");
        let events = self.house.get(&self.key, &path).await;
        let events = events["items"].as_array().unwrap().iter();
        events
            .map(|event| {
                let kind = event["type"].as_str().unwrap().to_owned();
                (kind, event["details"].clone())
            })
            .collect()
    }

    pub(crate) async fn happens(&self, kind: &str) -> Value {
        let began = std::time::Instant::now();
        loop {
            let happened = self.happened().await;
            if let Some((_, details)) = happened.iter().find(|(found, _)| found == kind) {
                return details.clone();
            }
            assert!(began.elapsed() < PATIENCE, "no {kind} in {happened:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn counted(&self, kind: &str) -> usize {
        let happened = self.happened().await;
        happened.iter().filter(|(found, _)| found == kind).count()
    }

    pub(crate) async fn ends(&self, reason: &str) -> Value {
        let began = std::time::Instant::now();
        loop {
            let call = self.call().await;
            if call["state"] == "ended" {
                assert_eq!(call["reason"], reason, "{call:#}");
                return call;
            }
            assert!(began.elapsed() < PATIENCE, "{call:#}\n{}", self.house.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
