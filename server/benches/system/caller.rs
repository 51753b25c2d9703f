//! A carrier in a hundred lines: signs in over UDP, is answered, hangs up.
//! Blocking, one call at a time; enough to see that calls pass and to set up many for audio.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};

use crate::Outcome;

/// What a carrier was given on the SIP page.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) server: SocketAddr,
    pub(crate) username: String,
    pub(crate) password: String,
}

pub(crate) struct Caller {
    account: Account,
    socket: UdpSocket,
    local: SocketAddr,
    calls: u32,
    /// RTP payload type of the one codec that is offered.
    payload: u8,
}

/// An answered call, as far as BYE needs it.
pub(crate) struct Dialog {
    call_id: String,
    to: String,
    target: String,
    pub(crate) audio: SocketAddr,
}

/// Either the final status or how far it came.
type Answer = (u16, String);

impl Caller {
    pub(crate) fn bind(account: &Account, local: &str) -> Outcome<Self> {
        let socket = UdpSocket::bind(local)?;
        let local = socket.local_addr()?;
        Ok(Self {
            account: account.clone(),
            socket,
            local,
            calls: 0,
            payload: 0,
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
        self.send(&self.ack(&uri, &call_id, 1, &answer, true))?;
        let authorization = self.authorization(&uri, &answer)?;
        let (status, answer) = self.invite(&uri, &call_id, 2, &authorization, audio)?;
        if status != 200 {
            self.send(&self.ack(&uri, &call_id, 2, &answer, true))?;
            return Err(format!("{status} where 200 was expected").into());
        }
        let contact = header(&answer, "Contact").unwrap_or_default();
        let target = between(contact, "<", ">").unwrap_or(contact).to_owned();
        self.send(&self.ack(&target, &call_id, 2, &answer, false))?;
        Ok(Dialog {
            call_id,
            to: header(&answer, "To").unwrap_or_default().to_owned(),
            target,
            audio: audio_of(&answer)?,
        })
    }

    pub(crate) fn hang_up(&mut self, dialog: &Dialog) -> Outcome<()> {
        let bye = format!(
            "BYE {} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK-bye-{id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: 3 BYE\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            dialog.target,
            dialog.to,
            local = self.local,
            id = dialog.call_id,
        );
        match self.ask(&bye, &dialog.call_id, "3 BYE")? {
            (200, _) => Ok(()),
            (status, _) => Err(format!("BYE was answered {status}").into()),
        }
    }

    fn invite(
        &self,
        uri: &str,
        call_id: &str,
        cseq: u32,
        authorization: &str,
        audio: SocketAddr,
    ) -> Outcome<Answer> {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {} RTP/AVP {payload} 101\r\na=rtpmap:101 telephone-event/8000\r\n",
            audio.port(),
            payload = self.payload,
            ip = audio.ip(),
        );
        let invite = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK-{cseq}-{call_id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} INVITE\r\nContact: <sip:bench@{local}>\r\nMax-Forwards: 70\r\n{authorization}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len(),
            local = self.local,
        );
        self.ask(&invite, call_id, &format!("{cseq} INVITE"))
    }

    /// An ACK to a refusal belongs to the INVITE's transaction and has its branch.
    fn ack(&self, uri: &str, call_id: &str, cseq: u32, answer: &str, refused: bool) -> String {
        let branch = if refused { "" } else { "ack-" };
        format!(
            "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK-{branch}{cseq}-{call_id}\r\n\
             From: <sip:bench@{local}>;tag=bench\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} ACK\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            header(answer, "To").unwrap_or_default(),
            local = self.local,
        )
    }

    /// Sends until a final answer comes, as RFC 3261 §17.1 would.
    fn ask(&self, message: &str, call_id: &str, cseq: &str) -> Outcome<Answer> {
        let mut buffer = vec![0; 65_536];
        let end = Instant::now() + Duration::from_secs(8);
        while Instant::now() < end {
            self.send(message)?;
            let again = Instant::now() + Duration::from_millis(500);
            while let Some(left) = again.checked_duration_since(Instant::now()) {
                self.socket
                    .set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
                let Ok(length) = self.socket.recv(&mut buffer) else {
                    break;
                };
                let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                let ours = header(&text, "Call-ID") == Some(call_id)
                    && header(&text, "CSeq") == Some(cseq);
                let status = text
                    .get(8..12)
                    .and_then(|code| code.trim().parse::<u16>().ok());
                match status {
                    Some(status) if ours && status >= 200 => {
                        return Ok((status, text.into_owned()));
                    }
                    _ => {}
                }
            }
        }
        Err(format!("no answer to {cseq}").into())
    }

    fn send(&self, message: &str) -> Outcome<()> {
        self.socket
            .send_to(message.as_bytes(), self.account.server)?;
        Ok(())
    }

    /// RFC 7616 with MD5 and `qop=auth`, for the first challenge that asks for it.
    fn authorization(&self, uri: &str, answer: &str) -> Outcome<String> {
        let challenge = answer
            .lines()
            .filter(|line| line.to_ascii_lowercase().starts_with("www-authenticate:"))
            .find(|line| !line.contains("SHA"))
            .ok_or("no MD5 challenge")?;
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
