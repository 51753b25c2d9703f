//! A carrier in a hundred lines: signs in over UDP or TLS, is answered, hangs up.
//! Blocking, one call at a time; enough to see that calls pass and to set up many for audio.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};
use rustls::pki_types::CertificateDer;

use crate::Outcome;
use crate::srtp;
use crate::wire::Wire;

/// What a carrier was given on the SIP page.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) server: SocketAddr,
    pub(crate) username: String,
    pub(crate) password: String,
}

/// Where SIP over TLS is spoken, and by whose certificate.
pub(crate) struct SecureDoor {
    pub(crate) at: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
}

pub(crate) struct Caller {
    account: Account,
    wire: Wire,
    local: SocketAddr,
    calls: u32,
    /// RTP payload type of the one codec that is offered.
    payload: u8,
    /// Whether secure audio is offered.
    secure: bool,
}

/// An answered call, as far as BYE needs it.
pub(crate) struct Dialog {
    call_id: String,
    to: String,
    target: String,
    pub(crate) audio: SocketAddr,
    /// Whether audio is protected.
    pub(crate) secure: bool,
}

/// Either the final status or how far it came.
type Answer = (u16, String);

impl Caller {
    pub(crate) fn bind(account: &Account, local: &str) -> Outcome<Self> {
        Self::over(account, Wire::udp(account.server, local)?, false)
    }

    /// One that speaks and signals encrypted.
    pub(crate) fn secure(account: &Account, door: &SecureDoor) -> Outcome<Self> {
        let wire = Wire::tls(door.at, &door.certificate)?;
        Self::over(account, wire, true)
    }

    fn over(account: &Account, wire: Wire, secure: bool) -> Outcome<Self> {
        Ok(Self {
            account: account.clone(),
            local: wire.local()?,
            wire,
            calls: 0,
            payload: 0,
            secure,
        })
    }

    /// Offers another codec than PCMU.
    pub(crate) fn offering(self, payload: u8) -> Self {
        Self { payload, ..self }
    }

    /// INVITE, the challenge, INVITE again, ACK. The SDP offers one codec at `audio`.
    pub(crate) fn call(&mut self, number: &str, audio: SocketAddr) -> Outcome<Dialog> {
        self.calls += 1;
        let call_id = format!("bench-{}-{}", self.local.port(), self.calls);
        let uri = format!("sip:{number}@{}", self.account.server);
        let (status, answer) = self.invite(&uri, &call_id, 1, "", audio)?;
        if status != 401 {
            return Err(format!("{status} where 401 was expected").into());
        }
        let ack = self.ack(&uri, &call_id, 1, &answer, true);
        self.wire.send(&ack)?;
        let authorization = self.authorization(&uri, &answer)?;
        let (status, answer) = self.invite(&uri, &call_id, 2, &authorization, audio)?;
        if status != 200 {
            let ack = self.ack(&uri, &call_id, 2, &answer, true);
            self.wire.send(&ack)?;
            return Err(format!("{status} where 200 was expected").into());
        }
        let contact = header(&answer, "Contact").unwrap_or_default();
        let target = between(contact, "<", ">").unwrap_or(contact).to_owned();
        let ack = self.ack(&target, &call_id, 2, &answer, false);
        self.wire.send(&ack)?;
        if self.secure && !answer.contains("a=crypto:") {
            return Err("secure audio was not agreed to".into());
        }
        Ok(Dialog {
            call_id,
            to: header(&answer, "To").unwrap_or_default().to_owned(),
            target,
            audio: audio_of(&answer)?,
            secure: self.secure,
        })
    }

    pub(crate) fn hang_up(&mut self, dialog: &Dialog) -> Outcome<()> {
        let bye = format!(
            "BYE {} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};rport;branch=z9hG4bK-bye-{id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: 3 BYE\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            dialog.target,
            dialog.to,
            transport = self.wire.name(),
            local = self.local,
            id = dialog.call_id,
        );
        match self.ask(&bye, &dialog.call_id, "3 BYE")? {
            (200, _) => Ok(()),
            (status, _) => Err(format!("BYE was answered {status}").into()),
        }
    }

    fn invite(
        &mut self,
        uri: &str,
        call_id: &str,
        cseq: u32,
        authorization: &str,
        audio: SocketAddr,
    ) -> Outcome<Answer> {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {} {proto} {payload} 101\r\na=rtpmap:101 telephone-event/8000\r\n{crypto}",
            audio.port(),
            payload = self.payload,
            proto = if self.secure { "RTP/SAVP" } else { "RTP/AVP" },
            crypto = if self.secure {
                srtp::attribute()
            } else {
                String::new()
            },
            ip = audio.ip(),
        );
        let invite = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};rport;branch=z9hG4bK-{cseq}-{call_id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} INVITE\r\nContact: <sip:bench@{local};transport={transport}>\r\nMax-Forwards: 70\r\n{authorization}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len(),
            transport = self.wire.name(),
            local = self.local,
        );
        self.ask(&invite, call_id, &format!("{cseq} INVITE"))
    }

    /// An ACK to a refusal belongs to the INVITE's transaction and has its branch.
    fn ack(&self, uri: &str, call_id: &str, cseq: u32, answer: &str, refused: bool) -> String {
        let branch = if refused { "" } else { "ack-" };
        format!(
            "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};rport;branch=z9hG4bK-{branch}{cseq}-{call_id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} ACK\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            header(answer, "To").unwrap_or_default(),
            transport = self.wire.name(),
            local = self.local,
        )
    }

    /// Sends until a final answer comes, as RFC 3261 §17.1 would.
    fn ask(&mut self, message: &str, call_id: &str, cseq: &str) -> Outcome<Answer> {
        let end = Instant::now() + Duration::from_secs(8);
        let mut again = Instant::now();
        while Instant::now() < end {
            if Instant::now() >= again {
                self.wire.send(message)?;
                let patience = Duration::from_millis(500);
                again = if self.wire.forgets() {
                    Instant::now() + patience
                } else {
                    end
                };
            }
            let Some(text) = self.wire.receive(again)? else {
                continue;
            };
            let ours =
                header(&text, "Call-ID") == Some(call_id) && header(&text, "CSeq") == Some(cseq);
            let status = text
                .get(8..12)
                .and_then(|code| code.trim().parse::<u16>().ok());
            match status {
                Some(status) if ours && status >= 200 => return Ok((status, text)),
                _ => {}
            }
        }
        Err(format!("no answer to {cseq}").into())
    }

    /// RFC 7616 with MD5 and `qop=auth`, for the first challenge that asks for it.
    fn authorization(&self, uri: &str, answer: &str) -> Outcome<String> {
        let challenge = answer
            .lines()
            .filter(|line| line.to_ascii_lowercase().starts_with("www-authenticate:"))
            .find(|line| !line.contains("algorithm=SHA"))
            .ok_or_else(|| {
                let status = answer.lines().next().unwrap_or_default();
                format!("no MD5 challenge, but {status}")
            })?;
        let realm = between(challenge, "realm=\"", "\"").ok_or("no realm")?;
        let nonce = between(challenge, "nonce=\"", "\"").ok_or("no nonce")?;
        let Account {
            username, password, ..
        } = &self.account;
        let a1 = md5(&format!("{username}:{realm}:{password}"));
        let a2 = md5(&format!("INVITE:{uri}"));
        let response = md5(&format!("{a1}:{nonce}:00000001:bench:auth:{a2}"));
        Ok(format!(
            "Authorization: Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", \
             uri=\"{uri}\", response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"bench\"\r\n"
        ))
    }
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

fn audio_of(answer: &str) -> Outcome<SocketAddr> {
    let ip = answer
        .lines()
        .find_map(|line| line.strip_prefix("c=IN IP4 "))
        .ok_or("no c= line")?;
    let port = answer
        .lines()
        .find_map(|line| line.strip_prefix("m=audio "))
        .and_then(|rest| rest.split(' ').next())
        .ok_or("no m= line")?;
    Ok(SocketAddr::new(ip.trim().parse()?, port.parse()?))
}
