//! What the other side says about its audio (RFC 8866), read leniently and kept small.
//!
//! Knows session descriptions; nothing of SIP, sockets or calls. Our own descriptions are made by
//! [`Negotiation`].

use std::net::{IpAddr, SocketAddr};

use app::domain::codec::AudioLine;
use sdp_types::{Attribute, Connection, Direction, Media, Session};

use super::codec::{Codec, OnTheWire as _};
use super::srtp::Keys;
use crypto::Crypto;

mod crypto;
mod negotiation;
#[cfg(test)]
mod tests;

pub use app::domain::codec::Unacceptable;
pub use app::domain::inbound::Srtp;
pub use negotiation::{Negotiation, Terms};

/// Larger descriptions are refused unread: real ones are under 2 KiB.
const MAX_BYTES: usize = 16 * 1024;

/// More media lines or formats than this are no phone's.
const MAX_MEDIA: usize = 16;
const MAX_FORMATS: usize = 64;

/// One description from the other side: its offer, or its answer to ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    lines: Vec<MediaLine>,
    /// Every audio line we could talk on.
    audio: Vec<Audio>,
    origin: Origin,
}

/// Who describes (the `o=` line without its version).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Origin {
    user: String,
    session: String,
    address: String,
}

/// Why a body is no session description at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSdp {
    /// Nothing to read.
    #[error("the session description is empty")]
    Empty,
    /// Larger than any phone's.
    #[error("the session description is larger than 16 KiB or has too many parts")]
    TooLarge,
    /// Some line breaks the grammar.
    #[error("the session description cannot be read")]
    Syntax,
}

/// A format the other side names, for the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Its payload type.
    pub payload: u8,
    /// Its encoding name as sent (`PCMU`, `opus`); static types without `a=rtpmap` get theirs.
    pub name: String,
    /// Its RTP clock rate, 0 when unknown.
    pub clock_rate: u32,
}

/// What is kept of a media line, so that an answer can name each one (RFC 3264 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaLine {
    media: String,
    proto: String,
    formats: String,
    enabled: bool,
}

/// An audio line we could talk on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Audio {
    index: usize,
    /// RTP/SAVP: nothing is to go unprotected.
    secure: bool,
    /// The keys it names, of suites we know.
    keys: Vec<Crypto>,
    formats: Vec<Format>,
    remote: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
    direction: Direction,
    on_hold: bool,
    ptime_ms: Option<u32>,
}

/// What both sides agreed to: all that sockets and codecs need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    /// The codec we send.
    pub codec: Codec,
    /// The payload type we send it under.
    pub payload: u8,
    /// The payload types we understand.
    pub accepts: Vec<(u8, Codec)>,
    /// Payload type under which the other side wants telephone-event (RFC 4733), if both have it.
    pub digits: Option<u8>,
    /// The one under which we want it, where we offered.
    pub own_digits: Option<u8>,
    /// Rises when another telephone answers the same offer of ours.
    pub party: u32,
    /// What protects both directions, if anything does.
    pub srtp: Option<Keys>,
    /// Where the other side says it listens; none on hold, or if the address is of no use.
    pub remote: Option<SocketAddr>,
    /// Where it listens for reports.
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether the other side wants to hear us.
    pub sends: bool,
    /// Whether the other side means to be heard.
    pub receives: bool,
}

impl Talk {
    /// Whether either direction rests: the media timeout rests with it.
    pub fn on_hold(&self) -> bool {
        !(self.sends && self.receives)
    }
}

// === impl Offer ===

impl Offer {
    /// Reads a body of type `application/sdp`.
    ///
    /// A description without usable audio is read all the same: it names no codec in common, and
    /// whoever asked decides what to say (488, RFC 3261 §13.3.1.3).
    pub fn parse(body: &[u8]) -> Result<Self, InvalidSdp> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(InvalidSdp::Empty);
        }
        if body.len() > MAX_BYTES {
            return Err(InvalidSdp::TooLarge);
        }
        let session = Session::parse(body).map_err(|_| InvalidSdp::Syntax)?;
        if session.medias.len() > MAX_MEDIA {
            return Err(InvalidSdp::TooLarge);
        }
        let audio = session
            .medias
            .iter()
            .enumerate()
            .filter(|(_, media)| is_audio(media))
            .map(|(index, _)| Audio::read(&session, index))
            .collect();
        let lines = session.medias.iter().map(MediaLine::read).collect();
        let origin = Origin {
            user: session.origin.username.unwrap_or_default(),
            session: session.origin.sess_id,
            address: session.origin.unicast_address,
        };
        Ok(Self {
            lines,
            audio,
            origin,
        })
    }

    /// The audio formats it names, telephone-event among them, in its order.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.audio.iter().flat_map(|audio| &audio.formats)
    }

    /// Each audio line it may be talked on.
    pub fn audio_lines(&self) -> Vec<AudioLine> {
        self.audio.iter().map(Audio::line).collect()
    }

    /// Whether it names RFC 4733 digits.
    pub fn has_digits(&self) -> bool {
        self.audio().is_some_and(|audio| audio.digits().is_some())
    }

    /// Whether it asks us to be silent: `sendonly`, `inactive`, or the old `c=0.0.0.0`
    /// (RFC 3264 §8.4).
    pub fn is_hold(&self) -> bool {
        self.audio().is_some_and(|audio| audio.on_hold)
    }

    /// Whether it asks for fax (T.38) in place of audio.
    pub fn is_fax(&self) -> bool {
        self.audio.is_empty()
            && self
                .lines
                .iter()
                .any(|line| line.enabled && line.media == "image")
    }

    /// Where it says it listens.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.audio().and_then(|audio| audio.remote)
    }

    /// Milliseconds of audio it would like in a packet. We receive any and send 20.
    pub fn ptime_ms(&self) -> Option<u32> {
        self.audio().and_then(|audio| audio.ptime_ms)
    }

    /// The line that tells of its address: plain audio if there is some.
    fn audio(&self) -> Option<&Audio> {
        let plain = self.audio.iter().find(|audio| !audio.secure);
        plain.or_else(|| self.audio.first())
    }
}

// === impl Format ===

impl Format {
    fn codec(&self) -> Option<Codec> {
        Codec::named(&self.name, self.clock_rate)
    }

    fn read(payload: u8, media: &Media) -> Self {
        let mapped = media
            .attributes
            .iter()
            .find_map(|attribute| rtpmap(attribute, payload));
        let (name, clock_rate) = mapped.unwrap_or_else(|| static_format(payload));
        Self {
            payload,
            name,
            clock_rate,
        }
    }
}

// === impl Audio ===

impl Audio {
    fn read(session: &Session, index: usize) -> Self {
        let media = &session.medias[index];
        let direction = direction(&media.attributes)
            .or_else(|| direction(&session.attributes))
            .unwrap_or_default();
        let address = media
            .connections
            .first()
            .or(session.connection.as_ref())
            .and_then(ip);
        let silent = address.is_some_and(|ip| ip.is_unspecified());
        let reachable = address.filter(|ip| !ip.is_unspecified() && !ip.is_multicast());
        let remote = reachable.map(|ip| SocketAddr::new(ip, media.port));
        Self {
            index,
            secure: media.proto.contains("SAVP"),
            keys: crypto::read(&media.attributes),
            formats: formats(media),
            remote,
            rtcp: remote.and_then(|remote| rtcp_address(media, remote)),
            direction,
            on_hold: silent || !direction.has_recv(),
            ptime_ms: value(&media.attributes, "ptime").and_then(|v| v.parse().ok()),
        }
    }
}

impl Audio {
    fn line(&self) -> AudioLine {
        let accepted = self.accepted().into_iter();
        AudioLine {
            secure: self.secure,
            keyed: !self.keys.is_empty(),
            spoken: accepted.map(|(_, codec)| codec).collect(),
        }
    }

    fn accepted(&self) -> Vec<(u8, Codec)> {
        self.formats
            .iter()
            .filter_map(|f| Some((f.payload, f.codec()?)))
            .collect()
    }

    fn digits(&self) -> Option<u8> {
        let named =
            |f: &&Format| f.name.eq_ignore_ascii_case("telephone-event") && f.clock_rate == 8_000;
        self.formats.iter().find(named).map(|f| f.payload)
    }
}

// === impl MediaLine ===

impl MediaLine {
    fn read(media: &Media) -> Self {
        Self {
            media: media.media.clone(),
            proto: media.proto.clone(),
            formats: media.fmt.clone(),
            enabled: media.port != 0,
        }
    }
}

/// AVPF differs from AVP in feedback we never send, and phones that offer it accept its absence.
/// Keys made by DTLS (`UDP/TLS/RTP/SAVP`) are none of ours.
fn is_audio(media: &Media) -> bool {
    media.media == "audio"
        && media.port != 0
        && matches!(
            media.proto.as_str(),
            "RTP/AVP" | "RTP/AVPF" | "RTP/SAVP" | "RTP/SAVPF"
        )
}

fn formats(media: &Media) -> Vec<Format> {
    media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|text| text.parse().ok())
        .filter(|payload| *payload < 128)
        .take(MAX_FORMATS)
        .map(|payload| Format::read(payload, media))
        .collect()
}

/// Reads `a=rtpmap:<payload> <name>/<rate>[/<channels>]` if it is for `payload`.
fn rtpmap(attribute: &Attribute, payload: u8) -> Option<(String, u32)> {
    let value = attribute
        .value
        .as_deref()
        .filter(|_| attribute.attribute == "rtpmap")?;
    let (number, encoding) = value.trim().split_once(char::is_whitespace)?;
    if number.parse() != Ok(payload) {
        return None;
    }
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.to_owned();
    let clock_rate = parts
        .next()
        .and_then(|rate| rate.trim().parse().ok())
        .unwrap_or(0);
    Some((name, clock_rate))
}

/// Names of the static audio types that still occur (RFC 3551 table 4).
fn static_format(payload: u8) -> (String, u32) {
    let (name, clock_rate) = match payload {
        0 => ("PCMU", 8_000),
        3 => ("GSM", 8_000),
        4 => ("G723", 8_000),
        8 => ("PCMA", 8_000),
        9 => ("G722", 8_000),
        13 => ("CN", 8_000),
        15 => ("G728", 8_000),
        18 => ("G729", 8_000),
        _ => ("unknown", 0),
    };
    (name.to_owned(), clock_rate)
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .find_map(|attribute| match attribute.attribute.as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
}

/// The literal address of a `c=` line. A host name gives none: the caller's first packet tells.
fn ip(connection: &Connection) -> Option<IpAddr> {
    let literal = connection.connection_address.split('/').next()?;
    literal.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// `a=rtcp` (RFC 3605), else the next port.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> Option<SocketAddr> {
    let Some(value) = value(&media.attributes, "rtcp") else {
        return Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
    };
    let mut parts = value.split_ascii_whitespace();
    let port = parts.next()?.parse().ok().filter(|port| *port != 0)?;
    let ip = parts
        .nth(2)
        .and_then(|text| text.parse().ok())
        .unwrap_or(rtp.ip());
    Some(SocketAddr::new(ip, port))
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes
        .iter()
        .find(|attribute| attribute.attribute == name)?;
    found.value.as_deref().map(str::trim)
}
