//! Our half of offer and answer (RFC 3264): what we describe, and what both agreed to.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::{MediaLine, Offer, Origin, Talk};
use crate::media::codec::Codec;
use sdp_types::Direction;

/// The payload type under which our own offers name digits.
const OUR_DIGITS: u8 = 101;

/// Why a description that can be read cannot be agreed to; each is 488 and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// No audio line, or only a disabled one.
    #[error("the description has no audio")]
    NoAudio,
    /// Fax in place of audio; the call goes on as it was.
    #[error("the description asks for fax (T.38)")]
    Fax,
    /// Secure audio only.
    #[error("the description allows secure audio only")]
    SecureOnly,
    /// Audio, but in no codec of ours.
    #[error("no codec in common")]
    NoCommonCodec,
}

/// What we are ready to agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The codecs, in the order in which our offers name them. In an answer theirs counts.
    pub codecs: Vec<Codec>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            codecs: Codec::ALL.to_vec(),
        }
    }
}

/// One session's descriptions over time: the origin stays, the version rises on change only
/// (RFC 3264 §8).
#[derive(Debug)]
pub struct Negotiation {
    session_id: u64,
    version: u64,
    address: IpAddr,
    port: u16,
    terms: Terms,
    /// Who answered our offer, and how many others had before.
    answered_by: Option<Origin>,
    party: u32,
    /// What we last sent, without the `o=` line.
    body: Option<String>,
    talk: Option<Talk>,
}

impl Negotiation {
    /// For audio at `address`, which is the one the other side can reach us by.
    pub fn new(session_id: u64, address: SocketAddr, terms: Terms) -> Self {
        Self {
            // Some phones read it as a signed 64-bit number.
            session_id: session_id >> 2,
            version: 0,
            address: address.ip(),
            port: address.port(),
            terms,
            answered_by: None,
            party: 0,
            body: None,
            talk: None,
        }
    }

    /// What is agreed now.
    pub fn talk(&self) -> Option<&Talk> {
        self.talk.as_ref()
    }

    /// Answers an offer, the first or a later one; a refusal leaves everything as it was.
    pub fn answer(&mut self, offer: &Offer) -> Result<String, Unacceptable> {
        let talk = self.agree(offer)?;
        let body = self.answer_body(offer, &talk);
        self.talk = Some(talk);
        Ok(self.publish(body))
    }

    /// Our own offer, for an INVITE that came without one. Repeats what is agreed, if anything is.
    pub fn offer(&mut self) -> String {
        let accepts: Vec<(u8, Codec)> = match &self.talk {
            Some(talk) => talk.accepts.clone(),
            None => self
                .terms
                .codecs
                .iter()
                .map(|codec| (codec.static_payload(), *codec))
                .collect(),
        };
        let digits = self
            .talk
            .as_ref()
            .map_or(Some(OUR_DIGITS), |talk| talk.digits);
        let mut body = self.head();
        self.write_audio(&mut body, "RTP/AVP", &accepts, digits, Direction::SendRecv);
        self.publish(body)
    }

    /// Takes the answer to our offer: of a provisional response or the final one, of one telephone
    /// or another where a proxy forked our INVITE (RFC 3261 §13.2.2.4). The last one counts.
    pub fn accept(&mut self, answer: &Offer) -> Result<(), Unacceptable> {
        let mut talk = self.agree(answer)?;
        let answered_by = self.answered_by.replace(answer.origin.clone());
        if answered_by.is_some_and(|before| before != answer.origin) {
            self.party += 1;
        }
        talk.party = self.party;
        talk.own_digits = talk.digits.map(|_| OUR_DIGITS);
        self.talk = Some(talk);
        Ok(())
    }

    /// What we last sent: for retransmissions, and for an UPDATE that brings no offer.
    pub fn current(&self) -> Option<String> {
        self.body.as_ref().map(|body| self.with_origin(body))
    }

    fn agree(&self, theirs: &Offer) -> Result<Talk, Unacceptable> {
        let Some(audio) = &theirs.audio else {
            return Err(if theirs.is_fax() {
                Unacceptable::Fax
            } else if theirs.is_secure_only() {
                Unacceptable::SecureOnly
            } else {
                Unacceptable::NoAudio
            });
        };
        let mut accepts = theirs.accepted();
        accepts.retain(|(_, codec)| self.terms.codecs.contains(codec));
        let (payload, codec) = *accepts.first().ok_or(Unacceptable::NoCommonCodec)?;
        Ok(Talk {
            codec,
            payload,
            accepts,
            digits: theirs.digits(),
            own_digits: None,
            party: self.party,
            remote: audio.remote,
            remote_rtcp: audio.rtcp,
            sends: !audio.on_hold,
            receives: audio.direction.has_send(),
        })
    }

    fn answer_body(&self, offer: &Offer, talk: &Talk) -> String {
        let mut body = self.head();
        let audio = offer.audio.as_ref();
        for (index, line) in offer.lines.iter().enumerate() {
            if let Some(audio) = audio.filter(|audio| audio.index == index) {
                let chosen = [(talk.payload, talk.codec)];
                let direction = audio.direction.reverse();
                self.write_audio(&mut body, &line.proto, &chosen, talk.digits, direction);
            } else {
                write_refused(&mut body, line);
            }
        }
        body
    }

    fn head(&self) -> String {
        format!(
            "s=-\r\nc=IN {} {}\r\nt=0 0\r\n",
            family(self.address),
            self.address
        )
    }

    fn write_audio(
        &self,
        body: &mut String,
        proto: &str,
        codecs: &[(u8, Codec)],
        digits: Option<u8>,
        direction: Direction,
    ) {
        let payloads = codecs.iter().map(|(payload, _)| *payload).chain(digits);
        let list: String = payloads.map(|payload| format!(" {payload}")).collect();
        _ = write!(body, "m=audio {} {proto}{list}\r\n", self.port);
        for (payload, codec) in codecs {
            let (name, rate) = (codec.name(), codec.clock_rate());
            _ = write!(body, "a=rtpmap:{payload} {name}/{rate}\r\n");
        }
        if let Some(payload) = digits {
            _ = write!(
                body,
                "a=rtpmap:{payload} telephone-event/8000\r\na=fmtp:{payload} 0-15\r\n"
            );
        }
        _ = write!(body, "a=ptime:20\r\na={}\r\n", direction.as_str());
    }

    fn publish(&mut self, body: String) -> String {
        if self.body.as_ref() != Some(&body) {
            self.version += 1;
            self.body = Some(body);
        }
        self.current().unwrap_or_default()
    }

    fn with_origin(&self, body: &str) -> String {
        let Self {
            session_id,
            version,
            address,
            ..
        } = self;
        let family = family(*address);
        format!("v=0\r\no=- {session_id} {version} IN {family} {address}\r\n{body}")
    }
}

/// A media line we don't take is answered with port 0, its formats as they came (RFC 3264 §6).
fn write_refused(body: &mut String, line: &MediaLine) {
    let MediaLine {
        media,
        proto,
        formats,
        ..
    } = line;
    _ = write!(body, "m={media} 0 {proto} {formats}\r\n");
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiation() -> Negotiation {
        let address = SocketAddr::from(([198, 51, 100, 9], 20_000));
        Negotiation::new(4_000, address, Terms::default())
    }

    fn offer(audio: &str) -> Offer {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{audio}"
        );
        Offer::parse(text.as_bytes()).unwrap()
    }

    const PLAIN: &str = "m=audio 4000 RTP/AVP 18 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

    #[test]
    fn answers_in_the_first_codec_of_theirs_that_is_ours() {
        let mut ours = negotiation();
        let expected = "v=0\r\no=- 1000 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
            m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
        assert_eq!(ours.answer(&offer(PLAIN)).unwrap(), expected);
        let talk = ours.talk().unwrap();
        assert_eq!(
            (talk.codec, talk.payload, talk.digits),
            (Codec::Pcma, 8, Some(101))
        );
        assert_eq!(talk.accepts, [(8, Codec::Pcma), (0, Codec::Pcmu)]);
        assert_eq!(talk.remote, Some(SocketAddr::from(([192, 0, 2, 1], 4_000))));
        assert_eq!(
            talk.remote_rtcp,
            Some(SocketAddr::from(([192, 0, 2, 1], 4_001)))
        );
        assert!(talk.sends && talk.receives && !talk.on_hold());
    }

    #[test]
    fn the_version_rises_only_when_something_changes() {
        let mut ours = negotiation();
        let first = ours.answer(&offer(PLAIN)).unwrap();
        assert_eq!(ours.answer(&offer(PLAIN)).unwrap(), first);
        assert_eq!(ours.current(), Some(first));
        let held = ours
            .answer(&offer(&format!("{PLAIN}a=sendonly\r\n")))
            .unwrap();
        assert!(
            held.contains(" 1000 2 IN ") && held.ends_with("a=recvonly\r\n"),
            "{held}"
        );
        let resumed = ours.answer(&offer(PLAIN)).unwrap();
        assert!(
            resumed.contains(" 1000 3 IN ") && resumed.ends_with("a=sendrecv\r\n"),
            "{resumed}"
        );
    }

    #[test]
    fn each_direction_is_answered_by_its_counterpart() {
        // Offered, answered, whether we send, whether we receive.
        let cases = [
            ("sendrecv", "sendrecv", true, true),
            ("sendonly", "recvonly", false, true),
            ("recvonly", "sendonly", true, false),
            ("inactive", "inactive", false, false),
        ];
        for (offered, answered, sends, receives) in cases {
            let mut ours = negotiation();
            let answer = ours
                .answer(&offer(&format!("{PLAIN}a={offered}\r\n")))
                .unwrap();
            assert!(
                answer.ends_with(&format!("a={answered}\r\n")),
                "{offered}: {answer}"
            );
            let talk = ours.talk().unwrap();
            assert_eq!((talk.sends, talk.receives), (sends, receives), "{offered}");
            assert_eq!(talk.on_hold(), offered != "sendrecv", "{offered}");
        }
    }

    #[test]
    fn other_media_is_answered_with_port_zero_in_its_place() {
        let mut ours = negotiation();
        let answer = ours
            .answer(&offer(&format!("m=video 5000 RTP/AVP 96 97\r\n{PLAIN}m=image 6000 udptl t38\r\nm=audio 7000 RTP/AVP 0\r\n")))
            .unwrap();
        let lines: Vec<&str> = answer
            .lines()
            .filter(|line| line.starts_with("m="))
            .collect();
        let expected = [
            "m=video 0 RTP/AVP 96 97",
            "m=audio 20000 RTP/AVP 8 101",
            "m=image 0 udptl t38",
            "m=audio 0 RTP/AVP 0",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_refusal_leaves_everything_as_it_was() {
        let cases = [
            ("m=image 6000 udptl t38\r\n", Unacceptable::Fax),
            (
                "m=audio 0 RTP/AVP 0\r\nm=image 6000 udptl t38\r\n",
                Unacceptable::Fax,
            ),
            ("m=audio 4000 RTP/SAVP 0\r\n", Unacceptable::SecureOnly),
            ("m=audio 4000 RTP/AVP 18 3\r\n", Unacceptable::NoCommonCodec),
            (
                "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 opus/48000\r\n",
                Unacceptable::NoCommonCodec,
            ),
            ("m=audio 0 RTP/AVP 0\r\n", Unacceptable::NoAudio),
            ("m=video 5000 RTP/AVP 96\r\n", Unacceptable::NoAudio),
            ("", Unacceptable::NoAudio),
        ];
        let mut ours = negotiation();
        ours.answer(&offer(PLAIN)).unwrap();
        let before = (ours.current(), ours.talk().cloned());
        for (audio, expected) in cases {
            assert_eq!(ours.answer(&offer(audio)), Err(expected), "{audio}");
            assert_eq!((ours.current(), ours.talk().cloned()), before, "{audio}");
        }
    }

    #[test]
    fn a_late_offer_names_every_codec_and_takes_the_answer() {
        let mut ours = negotiation();
        let text = ours.offer();
        assert!(text.contains("m=audio 20000 RTP/AVP 0 8 101\r\n"), "{text}");
        assert_eq!(ours.talk(), None);
        ours.accept(&offer("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
        let talk = ours.talk().unwrap();
        assert_eq!((talk.codec, talk.digits), (Codec::Pcma, None));
        assert_eq!(
            ours.accept(&offer("m=audio 4000 RTP/AVP 9\r\n")),
            Err(Unacceptable::NoCommonCodec)
        );
    }

    #[test]
    fn our_offers_name_codecs_in_the_order_asked_for_and_take_no_others() {
        let terms = Terms {
            codecs: vec![Codec::Pcma],
        };
        let mut ours =
            Negotiation::new(4_000, SocketAddr::from(([198, 51, 100, 9], 20_000)), terms);
        assert!(ours.offer().contains("RTP/AVP 8 101\r\n"));
        assert_eq!(
            ours.accept(&offer("m=audio 4000 RTP/AVP 0\r\n")),
            Err(Unacceptable::NoCommonCodec)
        );
    }

    #[test]
    fn another_telephone_that_answers_is_another_party() {
        let answer = |origin: &str, port: u16| {
            let text = format!(
                "v=0\r\no={origin}\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                 m=audio {port} RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
            );
            Offer::parse(text.as_bytes()).unwrap()
        };
        let mut ours = negotiation();
        ours.offer();
        let parties = [
            ("- 1 1 IN IP4 192.0.2.1", 4_000, 0),
            ("- 1 1 IN IP4 192.0.2.1", 4_000, 0),
            ("- 1 2 IN IP4 192.0.2.1", 5_000, 0),
            ("- 9 1 IN IP4 192.0.2.7", 6_000, 1),
        ];
        for (origin, port, party) in parties {
            ours.accept(&answer(origin, port)).unwrap();
            let talk = ours.talk().unwrap();
            assert_eq!(talk.party, party, "{origin}");
            assert_eq!(talk.remote.map(|remote| remote.port()), Some(port));
            assert_eq!((talk.digits, talk.own_digits), (Some(96), Some(101)));
        }
    }

    #[test]
    fn our_answer_reads_as_a_description_again() {
        let address = SocketAddr::new("2001:db8::9".parse().unwrap(), 20_000);
        let answer = Negotiation::new(1, address, Terms::default())
            .answer(&offer(PLAIN))
            .unwrap();
        assert!(answer.contains("c=IN IP6 2001:db8::9\r\n"), "{answer}");
        let read = Offer::parse(answer.as_bytes()).unwrap();
        assert_eq!(read.remote(), Some(address));
        assert_eq!(
            (read.common_codec(), read.has_digits()),
            (Some(Codec::Pcma), true)
        );
    }
}
