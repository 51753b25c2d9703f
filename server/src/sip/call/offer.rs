//! The session description in a SIP body, bare or as a part of a multipart body (RFC 5621).

use app::domain::codec::CodecOrder;
use app::domain::inbound::Srtp;
use app::domain::routing::MediaOffer;

use crate::media::sdp::{InvalidSdp, Offer, Terms};
use crate::sip::message::Message;
use crate::sip::message::address::parameter;
use crate::sip::stack::Flow;

/// The description a message carries, if any.
pub(in crate::sip) fn description(message: &Message) -> Option<&[u8]> {
    if message.body.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let kind = message.get("Content-Type").unwrap_or("application/sdp");
    if is_sdp(kind) {
        return Some(&message.body);
    }
    let boundary = parameter(kind, "boundary")?;
    part(&message.body, boundary)
}

fn is_sdp(kind: &str) -> bool {
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/sdp")
}

fn part<'a>(body: &'a [u8], boundary: &str) -> Option<&'a [u8]> {
    let text = std::str::from_utf8(body).ok()?;
    let mark = format!("--{boundary}");
    text.split(&mark).skip(1).find_map(|section| {
        let (head, content) = section
            .split_once("\r\n\r\n")
            .or_else(|| section.split_once("\n\n"))?;
        let kind = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case("content-type")
                .then(|| value.trim())
        })?;
        is_sdp(kind).then_some(content.as_bytes())
    })
}

/// What we are ready to agree to with whom this flow leads to.
pub(in crate::sip) fn terms(flow: &Flow, srtp: Srtp, codecs: Option<CodecOrder>) -> Terms {
    Terms {
        codecs,
        srtp,
        over_tls: flow.transport.is_encrypted(),
        denoise: false,
    }
}

/// What an INVITE offers, read once; nothing if it leaves that to us.
pub(in crate::sip) type Offered = Option<Result<Offer, InvalidSdp>>;

pub(in crate::sip) fn offered(invite: &Message) -> Offered {
    description(invite).map(Offer::parse)
}

/// The same as routing wants to know it.
pub(in crate::sip) fn media_offer(offered: &Offered) -> MediaOffer {
    match offered {
        None => MediaOffer::Late,
        Some(Ok(offer)) => MediaOffer::Codecs {
            offered: names(offer),
            lines: offer.audio_lines(),
        },
        Some(Err(_)) => MediaOffer::Codecs {
            offered: Vec::new(),
            lines: Vec::new(),
        },
    }
}

/// The formats of all its lines, each once.
fn names(offer: &Offer) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for format in offer.formats() {
        if !names.contains(&format.name) {
            names.push(format.name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use app::domain::codec::AudioLine;

    use super::*;
    use crate::media::codec::Codec;

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 18 8\r\na=rtpmap:18 G729/8000\r\n";

    fn message(kind: &str, body: &str) -> Message {
        Message::request("INVITE", "sip:1@h").with_body(kind, body)
    }

    #[test]
    fn reads_bare_and_multipart_offers() {
        let parts = format!(
            "--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b\r\ncontent-type: application/sdp\r\n\r\n{SDP}\r\n--b--\r\n"
        );
        for message in [
            message("application/sdp", SDP),
            message("multipart/mixed;boundary=\"b\"", &parts),
        ] {
            let expected = MediaOffer::Codecs {
                offered: vec!["G729".to_owned(), "PCMA".to_owned()],
                lines: vec![AudioLine::plain(vec![Codec::Pcma])],
            };
            assert_eq!(media_offer(&offered(&message)), expected);
        }
    }

    #[test]
    fn no_body_is_a_late_offer_and_nonsense_offers_nothing() {
        assert_eq!(
            media_offer(&offered(&Message::request("INVITE", "sip:1@h"))),
            MediaOffer::Late
        );
        assert_eq!(
            media_offer(&offered(&message("application/x", "thing"))),
            MediaOffer::Late
        );
        let nothing = MediaOffer::Codecs {
            offered: Vec::new(),
            lines: Vec::new(),
        };
        assert_eq!(
            media_offer(&offered(&message("application/sdp", "nonsense"))),
            nothing
        );
    }
}
