//! SIPp as a carrier that plays a script, and the trunk towards it.

use std::net::SocketAddr;
use std::time::Duration;

use app::domain::draft::Entry;
use app::domain::id::OutboundTrunkId;
use app::domain::outbound::{OutboundDraft, OutboundTrunk};
use tokio::net::UdpSocket;
use uuid::Uuid;

use crate::binary::free_port;
use crate::sipp;

/// What the carrier does, as SIPp reads it.
#[derive(Default)]
pub(crate) struct Script(pub(crate) String);

const HEAD: &str = "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:];tag=[pid]c[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n";
pub(crate) const SDP: &str = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n";

impl Script {
    pub(crate) fn hears(mut self, method: &str) -> Self {
        self.0
            .push_str(&format!("<recv request=\"{method}\" crlf=\"true\"/>\n"));
        self
    }

    /// An INVITE whose headers are these, to the letter of a regular expression.
    pub(crate) fn hears_invite_with(mut self, headers: &[(&str, &str)]) -> Self {
        self.0
            .push_str("<recv request=\"INVITE\" crlf=\"true\" rrs=\"true\"><action>\n<ereg regexp=\"sip:[^;]*;tag=.*\" search_in=\"hdr\" header=\"From:\" assign_to=\"2\"/>\n");
        let variables: Vec<_> = (20..20 + headers.len()).map(|n| n.to_string()).collect();
        for ((name, wanted), variable) in headers.iter().zip(&variables) {
            self.0.push_str(&format!(
                "<ereg regexp=\"{wanted}\" search_in=\"hdr\" header=\"{name}:\" check_it=\"true\" assign_to=\"{variable}\"/>\n"
            ));
        }
        let variables = [&["2".to_owned()], &*variables].concat().join(",");
        self.0.push_str(&format!(
            "</action></recv>\n<Reference variables=\"{variables}\"/>\n"
        ));
        self
    }

    /// To whom it has heard with its headers; the tags of a BYE are the other way round.
    pub(crate) fn hangs_up(self) -> Self {
        let mut said = self.asks("BYE");
        said.0 = said.0.replace("[$1]", "To: <[$2]");
        said
    }

    /// Answers, and says back whatever it hears.
    pub(crate) fn answers_as_an_echo(self) -> Self {
        let mut said = self.answers("200 OK");
        said.0 = said.0.replace("m=audio 4000", "m=audio [media_port]");
        said
    }

    pub(crate) fn waits(mut self, ms: u32) -> Self {
        self.0
            .push_str(&format!("<pause milliseconds=\"{ms}\"/>\n"));
        self
    }

    pub(crate) fn says(mut self, line: &str) -> Self {
        self.0.push_str(&format!(
            "<send><![CDATA[\nSIP/2.0 {line}\n{HEAD}Contact: <sip:[local_ip]:[local_port]>\nContent-Length: 0\n\n]]></send>\n"
        ));
        self
    }

    /// A challenge, or anything else with a header of its own.
    pub(crate) fn says_with(mut self, line: &str, header: &str) -> Self {
        self.0.push_str(&format!(
            "<send><![CDATA[\nSIP/2.0 {line}\n{HEAD}{header}\nContent-Length: 0\n\n]]></send>\n"
        ));
        self
    }

    pub(crate) fn answers(mut self, line: &str) -> Self {
        self.0.push_str(&format!(
            "<send retrans=\"200\"><![CDATA[\nSIP/2.0 {line}\n{HEAD}Contact: <sip:[local_ip]:[local_port]>\nContent-Type: application/sdp\nContent-Length: [len]\n\n{SDP}]]></send>\n"
        ));
        self
    }

    pub(crate) fn asks(mut self, method: &str) -> Self {
        self.0.push_str(&format!(
            "<send retrans=\"200\"><![CDATA[\n{method} [next_url] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\nFrom: <sip:carrier@[local_ip]>;tag=[pid]c[call_number]\n[$1]\n[last_Call-ID:]\nCSeq: 900 {method}\nMax-Forwards: 70\nContent-Length: 0\n\n]]></send>\n<recv response=\"200\"/>\n"
        ));
        self
    }

    fn xml(&self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"carrier\">\n{}</scenario>\n",
            self.0
        )
    }
}

/// A place nobody is at.
pub(crate) fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// A carrier that plays its script once. `None` where SIPp is not installed.
pub(crate) struct Carrier {
    child: tokio::process::Child,
    pub(crate) at: SocketAddr,
    folder: tempfile::TempDir,
}

impl Carrier {
    pub(crate) async fn plays(script: &Script) -> Option<Self> {
        Self::at(free(), script).await
    }

    pub(crate) async fn at(at: SocketAddr, script: &Script) -> Option<Self> {
        Self::with(at, script, &[]).await
    }

    /// One that says back what it hears.
    pub(crate) async fn echoes(at: SocketAddr, script: &Script) -> Option<Self> {
        let port = free_port().to_string();
        Self::with(at, script, &["-rtp_echo", "-mp", &port]).await
    }

    async fn with(at: SocketAddr, script: &Script, more: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("carrier.xml");
        std::fs::write(&file, script.xml()).unwrap();
        let (ip, port) = (at.ip().to_string(), at.port().to_string());
        let mut args = vec!["-t", "u1", "-m", "1", "-timeout", "30s"];
        args.extend(["-i", &ip, "-p", &port]);
        args.extend(more);
        let child = sipp::start(folder.path(), &file, &args)?;
        // It is there once its port is taken.
        for _ in 0..200 {
            if UdpSocket::bind(at).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(Self { child, at, folder })
    }

    pub(crate) async fn plays_to_its_end(mut self) {
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        assert!(
            ended.unwrap().unwrap().success(),
            "{}",
            sipp::errors(self.folder.path())
        );
    }
}

pub(crate) fn trunk(at: SocketAddr) -> OutboundTrunk {
    let draft = OutboundDraft {
        name: Entry::text("Acme"),
        host: Entry::text(at.ip().to_string()),
        port: Entry::text(at.port().to_string()),
        username: Entry::text("patch"),
        password: Entry::text("s3cret"),
        caller_number: Entry::text("+14155550100"),
        ..OutboundDraft::default()
    };
    OutboundTrunk {
        id: OutboundTrunkId::from_uuid(Uuid::from_u128(0x0a)),
        settings: draft.parse().unwrap().settings,
        version: 1,
        created_at: 0,
        updated_at: 0,
    }
}
