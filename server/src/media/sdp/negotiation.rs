//! Our half of offer and answer (RFC 3264): what we describe, and what both agreed to.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::crypto::{self, Crypto};
use super::{Audio, MediaLine, Offer, Origin, Srtp, Talk, Unacceptable};
use crate::media::codec::{Codec, CodecOrder, OnTheWire as _};
use crate::media::srtp::{Keys, MasterKey, Suite};
use app::domain::codec::AudioTerms;
use sdp_types::Direction;

/// The payload type under which our own offers name digits.
const OUR_DIGITS: u8 = 101;

/// What we are ready to agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The codecs we offer and take, the best first. Without an order we offer all of them and take
    /// the first that the other side names.
    pub codecs: Option<CodecOrder>,
    /// Whether packets are protected: never, where the other side can (our offers then name a key
    /// beside plain audio, RFC 8643), or always.
    pub srtp: Srtp,
    /// Whether the signalling is encrypted; keys are neither sent nor taken where it is not.
    pub over_tls: bool,
    /// Whether noise is taken out of what the other side says.
    pub denoise: bool,
}

impl Terms {
    fn audio(&self) -> AudioTerms<'_> {
        AudioTerms {
            codecs: self.codecs.as_ref(),
            srtp: self.srtp,
            over_tls: self.over_tls,
        }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            codecs: None,
            srtp: Srtp::Off,
            over_tls: false,
            denoise: false,
        }
    }
}

/// In which order codecs are taken: that of an offer is for us to choose, that of an answer is not.
type Rule = fn(Option<&CodecOrder>, &mut Vec<(u8, Codec)>, fn(&(u8, Codec)) -> Codec);

/// What was agreed, on which line, with which key.
type Agreement<'a> = (Talk, &'a Audio, Option<&'a Crypto>);

/// One session's descriptions over time: the origin stays, the version rises on change only
/// (RFC 3264 §8).
#[derive(Debug)]
pub struct Negotiation {
    session_id: u64,
    version: u64,
    address: IpAddr,
    port: u16,
    terms: Terms,
    key: MasterKey,
    /// `RTP/AVP` or `RTP/SAVP`, once agreed.
    proto: String,
    /// Who answered our offer, and how many others had before.
    answered_by: Option<Origin>,
    party: u32,
    /// What we last sent, without the `o=` line.
    body: Option<String>,
    talk: Option<Talk>,
}

impl Negotiation {
    /// For audio at `address`, which is the one the other side can reach us by.
    pub fn new(session_id: u64, address: SocketAddr, terms: Terms, key: MasterKey) -> Self {
        Self {
            // Some phones read it as a signed 64-bit number.
            session_id: session_id >> 2,
            version: 0,
            address: address.ip(),
            port: address.port(),
            proto: if terms.srtp == Srtp::Required {
                "RTP/SAVP"
            } else {
                "RTP/AVP"
            }
            .to_owned(),
            terms,
            key,
            answered_by: None,
            party: 0,
            body: None,
            talk: None,
        }
    }

    /// With somebody else, on other terms: nothing that was agreed binds them. The port stays.
    pub fn with_another(
        &self,
        session_id: u64,
        address: IpAddr,
        terms: Terms,
        key: MasterKey,
    ) -> Self {
        let same_family = address.is_ipv4() == self.address.is_ipv4();
        let address = if same_family { address } else { self.address };
        Self {
            party: self.party + 1,
            ..Self::new(session_id, SocketAddr::new(address, self.port), terms, key)
        }
    }

    /// What is agreed now.
    pub fn talk(&self) -> Option<&Talk> {
        self.talk.as_ref()
    }

    /// Answers an offer, the first or a later one; a refusal leaves everything as it was.
    pub fn answer(&mut self, offer: &Offer) -> Result<String, Unacceptable> {
        let (talk, audio, line) = self.agree(offer, Codec::rank)?;
        let body = self.answer_body(offer, &talk, audio, line);
        self.proto.clone_from(&offer.lines[audio.index].proto);
        self.talk = Some(talk);
        Ok(self.publish(body))
    }

    /// Our own offer, for an INVITE of ours or one that came without. Repeats what is agreed, if
    /// anything is. Where secure audio is required but the signalling could be read by others, it
    /// names no key, and no answer to it will do.
    pub fn offer(&mut self) -> String {
        let agreed = self.talk.as_ref().map(|talk| talk.accepts.clone());
        let accepts = agreed.unwrap_or_else(|| {
            let order = self.terms.codecs.clone().unwrap_or_default();
            let named = order.iter();
            named.map(|codec| (codec.static_payload(), codec)).collect()
        });
        let digits = self
            .talk
            .as_ref()
            .map_or(Some(OUR_DIGITS), |talk| talk.digits);
        let mut body = self.head();
        self.write_audio(
            &mut body,
            &self.proto,
            &accepts,
            digits,
            Direction::SendRecv,
        );
        for (tag, suite) in (1..).zip(self.offered_suites()) {
            crypto::write(&mut body, tag, suite, &self.key);
        }
        self.publish(body)
    }

    /// Takes the answer to our offer: of a provisional response or the final one, of one telephone
    /// or another where a proxy forked our INVITE (RFC 3261 §13.2.2.4). The last one counts.
    pub fn accept(&mut self, answer: &Offer) -> Result<(), Unacceptable> {
        let (mut talk, _, _) = self.agree(answer, Codec::take)?;
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

    fn agree<'a>(&self, theirs: &'a Offer, by: Rule) -> Result<Agreement<'a>, Unacceptable> {
        let (audio, line) = self.choose(theirs)?;
        let mut accepts = audio.accepted();
        by(self.terms.codecs.as_ref(), &mut accepts, |(_, codec)| {
            *codec
        });
        let (payload, codec) = *accepts.first().ok_or(Unacceptable::NoCommonCodec)?;
        let talk = Talk {
            codec,
            payload,
            accepts,
            digits: audio.digits(),
            own_digits: None,
            party: self.party,
            srtp: line.map(|line| Keys {
                suite: line.suite,
                ours: self.key,
                theirs: line.key,
            }),
            remote: audio.remote,
            remote_rtcp: audio.rtcp,
            sends: !audio.on_hold,
            receives: audio.direction.has_send(),
        };
        Ok((talk, audio, line))
    }

    /// The audio line to talk on, and the key that protects it, if one does.
    fn choose<'a>(
        &self,
        theirs: &'a Offer,
    ) -> Result<(&'a Audio, Option<&'a Crypto>), Unacceptable> {
        if theirs.is_fax() {
            return Err(Unacceptable::Fax);
        }
        let chosen = self.terms.audio().choose(&theirs.audio_lines())?;
        let audio = &theirs.audio[chosen.line];
        let key = audio.keys.first().filter(|_| chosen.protected);
        Ok((audio, key))
    }

    fn offered_suites(&self) -> Vec<Suite> {
        match &self.talk {
            Some(talk) => talk.srtp.iter().map(|keys| keys.suite).collect(),
            None if self.terms.audio().may_protect() => Suite::ALL.to_vec(),
            None => Vec::new(),
        }
    }

    fn answer_body(
        &self,
        offer: &Offer,
        talk: &Talk,
        audio: &Audio,
        line: Option<&Crypto>,
    ) -> String {
        let mut body = self.head();
        for (index, media) in offer.lines.iter().enumerate() {
            if index == audio.index {
                let chosen = [(talk.payload, talk.codec)];
                let direction = audio.direction.reverse();
                self.write_audio(&mut body, &media.proto, &chosen, talk.digits, direction);
                if let Some(line) = line {
                    crypto::write(&mut body, line.tag, line.suite, &self.key);
                }
            } else {
                write_refused(&mut body, media);
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
            let (name, rate) = (codec.as_str(), codec.clock_rate());
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
mod tests;
