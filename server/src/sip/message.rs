//! One SIP message as plain text parts: what the guard screens and the rest of the edge reads.
//!
//! Tolerant on purpose: it cuts a message into start line, headers and body and judges nothing
//! ([`super::guard`] does). It knows no transport and no library.

pub mod address;
pub mod reply;

use std::borrow::Cow;
use std::fmt::Write as _;

use thiserror::Error;

pub use self::address::{Address, parameter};

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub start: Start,
    headers: Vec<Header>,
    pub body: Vec<u8>,
    oddity: Option<Oddity>,
}

/// What is wrong with a message that can be read all the same, so that it can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A version other than 2.0.
    Version,
    /// Blanks where none belong.
    Blanks,
    /// A header line without a colon.
    HeaderLine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Request { method: String, uri: String },
    Response { status: u16, phrase: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: Cow<'static, str>,
    pub value: String,
}

/// Why bytes are no message at all. Anything milder is the guard's to judge.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoMessage {
    #[error("there is no empty line after the headers")]
    NoEnd,
    #[error("the first line is neither a request nor a response")]
    StartLine,
    #[error("there are too many headers")]
    TooMany,
}

/// More header lines than any real message has.
const MANY: usize = 256;

/// Room for the head of most messages.
const HEAD: usize = 1_024;

/// Compact forms (RFC 3261 §7.3.3 and the registry) beside their names.
const COMPACT: [(&str, &str); 18] = [
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("n", "Identity-Info"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("y", "Identity"),
];

/// Names in their usual spelling, so that most headers cost no allocation for the name.
const USUAL: [&str; 30] = [
    "Accept",
    "Allow",
    "Authorization",
    "CSeq",
    "Call-ID",
    "Contact",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Date",
    "Diversion",
    "Expires",
    "From",
    "Max-Forwards",
    "Min-SE",
    "P-Asserted-Identity",
    "P-Called-Party-ID",
    "Privacy",
    "Record-Route",
    "Remote-Party-ID",
    "Require",
    "Route",
    "Server",
    "Session-Expires",
    "Supported",
    "To",
    "User-Agent",
    "Via",
    "X-Agent-ID",
];

fn name_of(raw: &str) -> Cow<'static, str> {
    if let Some((_, long)) = COMPACT
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(raw))
    {
        return Cow::Borrowed(long);
    }
    match USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(raw)) {
        Some(usual) => Cow::Borrowed(usual),
        None => Cow::Owned(raw.to_owned()),
    }
}

impl Message {
    pub fn request(method: impl Into<String>, uri: impl Into<String>) -> Self {
        let start = Start::Request {
            method: method.into(),
            uri: uri.into(),
        };
        Self {
            start,
            headers: Vec::new(),
            body: Vec::new(),
            oddity: None,
        }
    }

    pub fn response(status: u16, phrase: impl Into<String>) -> Self {
        let start = Start::Response {
            status,
            phrase: phrase.into(),
        };
        Self {
            start,
            headers: Vec::new(),
            body: Vec::new(),
            oddity: None,
        }
    }

    /// Cuts bytes into a message. Bare line feeds count as line ends and Latin-1 is read as such,
    /// because both come from real equipment; folded lines are joined (RFC 3261 §7.3.1).
    /// The body is everything after the empty line: cutting it is the caller's.
    pub fn read(bytes: &[u8]) -> Result<Self, NoMessage> {
        let (head, body) = split_head(bytes).ok_or(NoMessage::NoEnd)?;
        let head = text_of(head);
        let mut lines = head
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let (start, mut oddity) = read_start(lines.next().unwrap_or_default())?;
        let mut headers: Vec<Header> = Vec::with_capacity(20);
        for line in lines {
            match line.chars().next() {
                None => {}
                Some(' ' | '\t') => {
                    if let Some(last) = headers.last_mut() {
                        last.value
                            .push_str(if last.value.is_empty() { "" } else { " " });
                        last.value.push_str(line.trim());
                    }
                }
                Some(_) if headers.len() == MANY => return Err(NoMessage::TooMany),
                Some(_) => {
                    let (name, value) = line.split_once(':').unwrap_or_else(|| {
                        oddity = oddity.or(Some(Oddity::HeaderLine));
                        (line, "")
                    });
                    headers.push(Header {
                        name: name_of(name.trim_end()),
                        value: value.trim().to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            start,
            headers,
            body: body.to_vec(),
            oddity,
        })
    }

    pub fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    pub fn uri(&self) -> Option<&str> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// The words after the status.
    pub fn phrase(&self) -> Option<&str> {
        match &self.start {
            Start::Response { phrase, .. } => Some(phrase),
            Start::Request { .. } => None,
        }
    }

    /// What is wrong with it, though it could be read.
    pub fn oddity(&self) -> Option<Oddity> {
        self.oddity
    }

    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The comma-separated values of all headers of this name, outside quotes and brackets.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(address::split_list)
    }

    /// Does a list header such as `Require` or `Supported` hold this token?
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name)
            .any(|value| value.eq_ignore_ascii_case(token))
    }

    pub fn push(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.headers.push(Header {
            name: name_of(name),
            value: value.into(),
        });
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    pub fn with_body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.push("Content-Type", kind);
        self.body = body.into();
        self
    }

    /// Puts this value in place of the first header of this name, or adds it.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self
            .headers
            .iter_mut()
            .find(|header| header.name.eq_ignore_ascii_case(name))
        {
            Some(header) => header.value = value,
            None => {
                self.push(name, value);
            }
        }
    }

    /// Puts another spelling in place of every value of this name.
    pub fn rewrite(&mut self, name: &str, mut spell: impl FnMut(&str) -> String) {
        for header in &mut self.headers {
            if header.name.eq_ignore_ascii_case(name) {
                header.value = spell(&header.value);
            }
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.headers
            .retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// `(number, method)` of the `CSeq` header.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("CSeq")?.split_once([' ', '\t'])?;
        Some((number.parse().ok()?, method.trim()))
    }

    pub fn call_id(&self) -> &str {
        self.get("Call-ID").unwrap_or_default()
    }

    pub fn from_tag(&self) -> Option<&str> {
        address::tag(self.get("From")?)
    }

    pub fn to_tag(&self) -> Option<&str> {
        address::tag(self.get("To")?)
    }

    /// The topmost Via, which may share its line with others.
    pub fn top_via(&self) -> Option<&str> {
        self.list("Via").next()
    }

    /// The wire form, with a Content-Length that is true.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = self.head(self.body.len(), |header| Cow::Borrowed(&header.value));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// All before a body of so many bytes, each header's value as `spell` has it.
    pub fn head(&self, length: usize, spell: impl Fn(&Header) -> Cow<'_, str>) -> String {
        let mut head = String::with_capacity(HEAD + length);
        match &self.start {
            Start::Request { method, uri } => {
                for part in [method.as_str(), " ", uri, " SIP/2.0\r\n"] {
                    head.push_str(part);
                }
            }
            Start::Response { status, phrase } => {
                let _ = write!(head, "SIP/2.0 {status} {phrase}\r\n");
            }
        }
        for header in &self.headers {
            if header.name != "Content-Length" {
                for part in [header.name.as_ref(), ": ", &spell(header), "\r\n"] {
                    head.push_str(part);
                }
            }
        }
        let _ = write!(head, "Content-Length: {length}\r\n\r\n");
        head
    }
}

/// Head without its empty line, and what follows.
pub fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == b'\n') {
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

fn read_start(line: &str) -> Result<(Start, Option<Oddity>), NoMessage> {
    if let Some(rest) = strip_prefix_ignore_case(line, "SIP/2.0 ") {
        let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = status.parse().map_err(|_| NoMessage::StartLine)?;
        return Ok((
            Start::Response {
                status,
                phrase: phrase.to_owned(),
            },
            None,
        ));
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
    let start = Start::Request {
        method: method.to_owned(),
        uri: uri.trim().to_owned(),
    };
    Ok((start, oddity))
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
