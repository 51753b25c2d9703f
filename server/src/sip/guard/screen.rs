//! Is this a message we want to understand? The checks of RFC 3261 §8.2 and §16.3 that need nothing
//! but the message itself, each with the status that answers it.
//!
//! Pure, and run on every datagram and every frame, so that the stack behind only ever sees
//! messages it can read.

use super::repair::repair;
use crate::sip::message::address::{
    Address, host_port_of, parameter, quotes_are_closed, split_host_port,
};
use crate::sip::message::{Message, NoMessage, Oddity};

/// Largest datagram and largest header section that is read.
pub const MAX_DATAGRAM: usize = 8 * 1024;
/// Largest message on a stream.
pub const MAX_FRAME: usize = 64 * 1024;

/// What we can do when a peer requires it (RFC 3261 §20.32).
pub const EXTENSIONS: [&str; 3] = ["100rel", "timer", "replaces"];
/// Methods we handle, as `Allow` lists them.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY, REFER";
/// Methods we know and decline, with 405 instead of 501.
const DECLINED: [&str; 6] = [
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "MESSAGE",
    "REFER",
];

/// Of these, the ones that mean something inside a call, and nowhere else.
const INSIDE: [&str; 2] = ["NOTIFY", "REFER"];

const MANY_VIAS: usize = 70;

/// What is wrong with a request, as its answer says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Bad(&'static str),
    NotAllowed,
    MediaType,
    Scheme,
    Extension,
    TooManyHops,
    NotImplemented,
    Version,
    TooLarge,
}

impl Fault {
    pub fn status(self) -> u16 {
        match self {
            Self::Bad(_) => 400,
            Self::NotAllowed => 405,
            Self::MediaType => 415,
            Self::Scheme => 416,
            Self::Extension => 420,
            Self::TooManyHops => 483,
            Self::NotImplemented => 501,
            Self::Version => 505,
            Self::TooLarge => 513,
        }
    }

    /// Phrase of the response: for 400 it names the part that is wrong.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Bad(what) => what,
            other => crate::sip::message::reply::phrase(other.status()),
        }
    }
}

/// What the screen makes of some bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Screened {
    /// Readable and repaired: its body is cut to what Content-Length says.
    Message(Message),
    /// A request to be answered with this, without a transaction.
    Answer(Message, Fault),
    /// Blank lines that keep a NAT binding or a connection open (RFC 5626 §3.5.1).
    KeepAlive,
    /// Not SIP, or broken in a way nobody can be answered for.
    Noise,
}

/// Screens one datagram, or one message cut from a stream.
pub fn screen(bytes: &[u8], limit: usize) -> Screened {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Screened::KeepAlive;
    }
    if bytes.len() > limit {
        return too_large(&bytes[..limit]);
    }
    // Some peers put an empty line before the message (RFC 3261 §7.5).
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .unwrap_or(0);
    match Message::read(&bytes[start..]) {
        Err(NoMessage::NoEnd | NoMessage::StartLine | NoMessage::TooMany) => Screened::Noise,
        Ok(message) if message.method().is_some() => screen_request(message),
        Ok(message) => screen_response(message),
    }
}

/// The start of a message that is too long, answered if the headers an answer needs came first.
pub fn too_large(start: &[u8]) -> Screened {
    let whole_lines = start
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let mut head = start[..whole_lines].to_vec();
    head.extend_from_slice(b"\r\n");
    match Message::read(&head) {
        // Nobody waits for an answer to an ACK (RFC 3261 §17.1.1.2).
        Ok(message) if message.method() == Some("ACK") => Screened::Noise,
        Ok(message) if can_be_answered(&message) && check_identity(&message).is_ok() => {
            Screened::Answer(message, Fault::TooLarge)
        }
        _ => Screened::Noise,
    }
}

fn screen_request(mut message: Message) -> Screened {
    let answerable = can_be_answered(&message);
    let cut = cut_body(&mut message);
    match check(&message).and(cut) {
        Ok(()) => {
            repair(&mut message);
            Screened::Message(message)
        }
        // Nobody waits for an answer to an ACK (RFC 3261 §17.1.1.2).
        Err(_) if !answerable || message.method() == Some("ACK") => Screened::Noise,
        Err(fault) => Screened::Answer(message, fault),
    }
}

fn screen_response(mut message: Message) -> Screened {
    let plausible = message
        .status()
        .is_some_and(|status| (100..700).contains(&status))
        && check_identity(&message).is_ok()
        && check_via(&message).is_ok()
        && message.cseq().is_some_and(|(number, _)| number <= MAX_CSEQ);
    if plausible && cut_body(&mut message).is_ok() {
        repair(&mut message);
        Screened::Message(message)
    } else {
        Screened::Noise
    }
}

const MAX_CSEQ: u32 = 0x7fff_ffff;

fn can_be_answered(message: &Message) -> bool {
    message.method().is_some() && message.top_via().is_some_and(|via| via.starts_with("SIP/"))
}

/// In the order of RFC 3261 §8.2: first what the message is, then what it asks.
fn check(message: &Message) -> Result<(), Fault> {
    let (Some(method), Some(uri)) = (message.method(), message.uri()) else {
        return Err(Fault::Bad("Malformed Request-Line"));
    };
    if message.oddity() == Some(Oddity::Version) {
        return Err(Fault::Version);
    }
    if !is_token(method) || method.len() > 32 {
        return Err(Fault::Bad("Malformed Method"));
    }
    if message
        .headers()
        .iter()
        .any(|header| !is_token(&header.name))
    {
        return Err(Fault::Bad("Malformed Header Line"));
    }
    if message.oddity() == Some(Oddity::HeaderLine) {
        return Err(Fault::Bad("Malformed Header Line"));
    }
    check_via(message)?;
    check_identity(message)?;
    check_cseq(message, method)?;
    if message.oddity() == Some(Oddity::Blanks) {
        return Err(Fault::Bad("Malformed Request-Line"));
    }
    check_uri(uri)?;
    check_hops(message)?;
    check_method(message, method)
}

fn check_identity(message: &Message) -> Result<(), Fault> {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let mut values = message.all(name);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => {}
            (Some(_), None) => return Err(Fault::Bad("Empty Header")),
            (None, _) => return Err(Fault::Bad("Missing Header")),
            (Some(_), Some(_)) => return Err(Fault::Bad("Repeated Header")),
        }
    }
    for name in ["From", "To"] {
        let value = message.get(name).unwrap_or_default();
        if !quotes_are_closed(value) {
            return Err(Fault::Bad("Unbalanced Quotes"));
        }
        let address = Address::read(value);
        if address.uri.is_empty() || !has_scheme(address.uri) {
            return Err(Fault::Bad("Malformed Address"));
        }
    }
    if message.from_tag().is_none() {
        return Err(Fault::Bad("Missing From Tag"));
    }
    if message.call_id().contains([' ', '\t']) {
        return Err(Fault::Bad("Malformed Call-ID"));
    }
    Ok(())
}

fn check_cseq(message: &Message, method: &str) -> Result<(), Fault> {
    match message.cseq() {
        Some((number, _)) if number > MAX_CSEQ => Err(Fault::Bad("CSeq Too Large")),
        Some((_, named)) if named != method => Err(Fault::Bad("CSeq Method Mismatch")),
        Some(_) => Ok(()),
        None => Err(Fault::Bad("Malformed CSeq")),
    }
}

fn check_via(message: &Message) -> Result<(), Fault> {
    let mut count = 0;
    for via in message.list("Via") {
        count += 1;
        if !via_is_sound(via) {
            return Err(Fault::Bad("Malformed Via"));
        }
    }
    match count {
        0 => Err(Fault::Bad("Missing Via")),
        1..=MANY_VIAS => Ok(()),
        _ => Err(Fault::TooManyHops),
    }
}

/// `SIP/2.0/UDP host:port;params`, blanks allowed around the slashes (RFC 3261 §25.1).
fn via_is_sound(via: &str) -> bool {
    let mut parts = via.splitn(3, '/').map(str::trim);
    let (Some(name), Some("2.0"), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Some((transport, sent_by)) = rest.split_once([' ', '\t']) else {
        return false;
    };
    let host_port = sent_by.split(';').next().unwrap_or_default().trim();
    let (host, _) = split_host_port(host_port);
    name.eq_ignore_ascii_case("SIP")
        && is_token(transport)
        && is_host(host.trim())
        && !sent_by.contains(";;")
}

fn check_uri(uri: &str) -> Result<(), Fault> {
    if uri.starts_with('<') || !has_scheme(uri) {
        return Err(Fault::Bad("Malformed Request-URI"));
    }
    let scheme = uri.split(':').next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "tel" => return Ok(()),
        "sip" | "sips" => {}
        _ => return Err(Fault::Scheme),
    }
    // Headers in a Request-URI mean nothing there (RFC 3261 §19.1.1).
    let host_port = host_port_of(uri).ok_or(Fault::Bad("Malformed Request-URI"))?;
    let (host, port) = split_host_port(host_port);
    let port_is_sound = host_port.len() == host.len() || port.is_some();
    if is_host(host) && port_is_sound && !uri.contains('?') {
        Ok(())
    } else {
        Err(Fault::Bad("Malformed Request-URI"))
    }
}

fn check_hops(message: &Message) -> Result<(), Fault> {
    let mut values = message.all("Max-Forwards");
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        // Zero has arrived where it was going (RFC 3261 §16.3 is for proxies).
        (Some(hops), None) if hops.parse::<u8>().is_ok() => Ok(()),
        _ => Err(Fault::Bad("Malformed Max-Forwards")),
    }
}

fn check_method(message: &Message, method: &str) -> Result<(), Fault> {
    let inside = message.to_tag().is_some() && INSIDE.contains(&method);
    if DECLINED.contains(&method) && !inside {
        return Err(Fault::NotAllowed);
    }
    if !ALLOW.split(", ").any(|allowed| allowed == method) {
        return Err(Fault::NotImplemented);
    }
    // Neither may be refused for what it requires (RFC 3261 §8.2.2.3).
    if !matches!(method, "ACK" | "CANCEL") && unsupported(message).next().is_some() {
        return Err(Fault::Extension);
    }
    if method == "INVITE" {
        check_invite(message)?;
    }
    Ok(())
}

fn check_invite(message: &Message) -> Result<(), Fault> {
    let mut contacts = message.list("Contact");
    match (contacts.next(), contacts.next()) {
        (Some(contact), None)
            if quotes_are_closed(contact) && has_scheme(Address::read(contact).uri) => {}
        (None, _) => return Err(Fault::Bad("Missing Contact")),
        _ => return Err(Fault::Bad("Malformed Contact")),
    }
    let kind = message.get("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known = kind.eq_ignore_ascii_case("application/sdp")
        || kind
            .get(..10)
            .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    let optional = message
        .get("Content-Disposition")
        .is_some_and(|value| parameter(value, "handling") == Some("optional"));
    let encoded = message
        .get("Content-Encoding")
        .is_some_and(|e| !e.eq_ignore_ascii_case("identity"));
    if message.body.is_empty() || optional || (known && !encoded) {
        Ok(())
    } else {
        Err(Fault::MediaType)
    }
}

/// What the peer requires and we lack.
pub fn unsupported(message: &Message) -> impl Iterator<Item = &str> {
    message
        .list("Require")
        .chain(message.list("Proxy-Require"))
        .filter(|wanted| {
            !EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(wanted))
        })
}

/// Cuts the body to Content-Length; more bytes in a datagram are not ours (RFC 3261 §18.3).
fn cut_body(message: &mut Message) -> Result<(), Fault> {
    let length = {
        let mut values = message.all("Content-Length");
        match (values.next(), values.next()) {
            (None, _) => message.body.len(),
            (Some(value), None) if value.bytes().all(|b| b.is_ascii_digit()) => value
                .parse()
                .map_err(|_| Fault::Bad("Malformed Content-Length"))?,
            (Some(_), None) => return Err(Fault::Bad("Malformed Content-Length")),
            (Some(_), Some(_)) => return Err(Fault::Bad("Repeated Header")),
        }
    };
    if length > message.body.len() {
        return Err(Fault::Bad("Body Shorter Than Content-Length"));
    }
    message.body.truncate(length);
    Ok(())
}

fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && !rest.contains(['\0', '\r', '\n'])
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner
            .strip_suffix(']')
            .is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host.len() <= 255
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

/// RFC 3261 §25.1.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

#[cfg(test)]
mod tests;
