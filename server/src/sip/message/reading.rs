//! From bytes to a message: start line, headers and body, and whatever is odd about them.

use std::borrow::Cow;

use arcstr::ArcStr;

use super::{HEADERS, Header, Message, NoMessage, Oddity, Start, Text, name_of};

/// More header lines than any real message has.
const MANY: usize = 256;

/// Methods that cost no allocation.
const METHODS: [&str; 13] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "UPDATE",
    "INFO",
    "PRACK",
    "NOTIFY",
    "REFER",
    "REGISTER",
    "SUBSCRIBE",
    "MESSAGE",
];

impl Message {
    /// Cuts bytes into a message. Bare line feeds count as line ends and Latin-1 is read as such,
    /// because both come from real equipment; folded lines are joined (RFC 3261 §7.3.1).
    /// The body is everything after the empty line: cutting it is the caller's.
    pub fn read(bytes: &[u8]) -> Result<Self, NoMessage> {
        let (head, body) = split_head(bytes).ok_or(NoMessage::NoEnd)?;
        let head: ArcStr = (&*unfolded(text_of(head))).into();
        let piece = |part: &str| head.try_substr_from(part).unwrap_or_default();
        let mut lines = head
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let (start, mut oddity) = read_start(lines.next().unwrap_or_default(), piece)?;
        let mut headers: Vec<Header> = Vec::with_capacity(HEADERS);
        for line in lines.filter(|line| !line.is_empty()) {
            if headers.len() == MANY {
                return Err(NoMessage::TooMany);
            }
            let (name, value) = line.split_once(':').unwrap_or_else(|| {
                oddity = oddity.or(Some(Oddity::HeaderLine));
                (line, "")
            });
            headers.push(Header {
                name: name_of(name.trim_ascii_end()),
                value: piece(value.trim_ascii()),
            });
        }
        Ok(Self {
            start,
            headers,
            body: body.to_vec(),
            oddity,
        })
    }
}

/// Head without its empty line, and what follows.
pub fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\n', &bytes[from..]) {
        let end = from + found;
        let rest = &bytes[end + 1..];
        if let Some(body) = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"))
        {
            return Some((&bytes[..=end], body));
        }
        from = end + 1;
    }
    None
}

/// With each folded line behind the one that it goes on (RFC 3261 §7.3.1).
fn unfolded(head: Cow<'_, str>) -> Cow<'_, str> {
    if !head.contains("\n ") && !head.contains("\n\t") {
        return head;
    }
    let mut whole = String::with_capacity(head.len());
    for (at, line) in head.split('\n').enumerate() {
        // What follows the start line goes on nothing.
        let goes_on = line.starts_with([' ', '\t']);
        if goes_on && !whole.contains('\n') {
            continue;
        }
        if goes_on {
            whole.truncate(whole.trim_end_matches([' ', '\t', '\r']).len());
            whole.push(' ');
            whole.push_str(line.trim());
        } else {
            whole.push_str(if at == 0 { "" } else { "\n" });
            whole.push_str(line);
        }
    }
    Cow::Owned(whole)
}

/// UTF-8 where it is, Latin-1 where it is not, line by line: a name in the old alphabet in one
/// header must not spoil another.
fn text_of(head: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(head) {
        return Cow::Borrowed(text);
    }
    let line = |line: &[u8]| match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => line.iter().map(|byte| char::from(*byte)).collect(),
    };
    let lines: Vec<String> = head.split(|byte| *byte == b'\n').map(line).collect();
    Cow::Owned(lines.join("\n"))
}

fn read_start(
    line: &str,
    piece: impl Fn(&str) -> Text,
) -> Result<(Start, Option<Oddity>), NoMessage> {
    if let Some(rest) = strip_prefix_ignore_case(line, "SIP/2.0 ") {
        let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = status.parse().map_err(|_| NoMessage::StartLine)?;
        let phrase = Cow::Owned(phrase.to_owned());
        return Ok((Start::Response { status, phrase }, None));
    }
    // What stands between method and version is the URI, blanks and all: the guard answers a
    // blank in it, and can only do so if the rest of the message was read.
    let (method, rest) = line.split_once(' ').ok_or(NoMessage::StartLine)?;
    let (uri, version) = rest
        .trim_end()
        .rsplit_once(' ')
        .ok_or(NoMessage::StartLine)?;
    let version = strip_prefix_ignore_case(version, "SIP/").ok_or(NoMessage::StartLine)?;
    let blanks = rest != rest.trim_end() || uri.is_empty() || uri.contains([' ', '\t']);
    let oddity = match version {
        "2.0" => blanks.then_some(Oddity::Blanks),
        _ => Some(Oddity::Version),
    };
    let method = match METHODS.into_iter().find(|known| *known == method) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(method.to_owned()),
    };
    let uri = piece(uri.trim());
    Ok((Start::Request { method, uri }, oddity))
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:100@h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1,\r\n SIP/2.0/UDP b\r\n\
        f: \"Ann\" <sip:ann@a>;tag=1\r\nt: <sip:100@h>\r\ni: c1\r\nCSeq:  7\tINVITE\r\nl: 3\r\n\r\nabc";

    #[test]
    fn reads_compact_and_folded_headers() {
        let message = Message::read(INVITE).unwrap();
        assert_eq!(message.method(), Some("INVITE"));
        assert_eq!(message.uri(), Some("sip:100@h"));
        assert_eq!(message.list("Via").count(), 2);
        assert_eq!(message.from_tag(), Some("1"));
        assert_eq!(message.to_tag(), None);
        assert_eq!(message.call_id(), "c1");
        assert_eq!(message.cseq(), Some((7, "INVITE")));
        assert_eq!(message.body, b"abc");
    }

    #[test]
    fn reads_bare_line_feeds_and_latin_1() {
        let message =
            Message::read(b"BYE sip:h SIP/2.0\nFrom: J\xfcrgen <sip:j@h>\nTo: \xc3\xbc\n\n")
                .unwrap();
        assert_eq!(message.get("from"), Some("Jürgen <sip:j@h>"));
        assert_eq!(message.get("to"), Some("ü"));
    }

    #[test]
    fn writes_what_it_reads() {
        let message = Message::read(INVITE).unwrap();
        assert_eq!(
            Message::read(&message.to_bytes()).unwrap().to_bytes(),
            message.to_bytes()
        );
    }

    #[test]
    fn names_what_is_no_message() {
        assert_eq!(
            Message::read(b"INVITE sip:h SIP/2.0\r\nVia: x\r\n"),
            Err(NoMessage::NoEnd)
        );
        assert_eq!(
            Message::read(b"GET / HTTP/1.1\r\n\r\n"),
            Err(NoMessage::StartLine)
        );
        assert_eq!(Message::read(b"\r\n\r\n"), Err(NoMessage::StartLine));
        let many = format!("BYE sip:h SIP/2.0\r\n{}\r\n", "A: b\r\n".repeat(300));
        assert_eq!(Message::read(many.as_bytes()), Err(NoMessage::TooMany));
    }
}
