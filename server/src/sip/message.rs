//! One SIP message as plain text parts: what the guard screens and the rest of the edge reads.
//!
//! Tolerant on purpose: it cuts a message into start line, headers and body and judges nothing
//! ([`super::guard`] does). It knows no transport and no library.

pub mod address;
mod reading;
pub mod reply;

use std::borrow::Cow;
use std::fmt::Write as _;

/// A piece of a message, or text of ours. Its clones share it: an answer repeats what its request says.
pub use arcstr::Substr as Text;
use thiserror::Error;

pub use self::address::{Address, parameter};
pub use self::reading::split_head;

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
    Request {
        method: Cow<'static, str>,
        uri: Text,
    },
    Response {
        status: u16,
        phrase: Cow<'static, str>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: Cow<'static, str>,
    pub value: Text,
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

/// Room for the head of most messages, and for their headers.
const HEAD: usize = 1_024;
const HEADERS: usize = 16;

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
    let known = if raw.len() == 1 {
        let mut all = COMPACT.iter();
        all.find(|(short, _)| short.eq_ignore_ascii_case(raw))
            .map(|(_, long)| long)
    } else {
        USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(raw))
    };
    match known {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(raw.to_owned()),
    }
}

impl Header {
    /// Whether this is its name, whatever the case (RFC 3261 §7.3.1). A compact form is spelled out as it is read.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Message {
    pub fn request(method: impl Into<Cow<'static, str>>, uri: impl Into<Text>) -> Self {
        Self::of(Start::Request {
            method: method.into(),
            uri: uri.into(),
        })
    }

    pub fn response(status: u16, phrase: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Start::Response {
            status,
            phrase: phrase.into(),
        })
    }

    fn of(start: Start) -> Self {
        Self {
            start,
            headers: Vec::with_capacity(HEADERS),
            body: Vec::new(),
            oddity: None,
        }
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
        self.all(name).next()
    }

    /// The values of all headers of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.named(name).map(|header| header.value.as_str())
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

    /// The headers of this name, as another message may repeat them.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Header> {
        let headers = self.headers.iter();
        headers.filter(move |header| header.is_named(name))
    }

    /// Says what another message says.
    pub fn repeat<'a>(&mut self, headers: impl Iterator<Item = &'a Header>) {
        self.headers.extend(headers.cloned());
    }

    pub fn push(&mut self, name: &str, value: impl Into<Text>) -> &mut Self {
        self.headers.push(Header {
            name: name_of(name),
            value: value.into(),
        });
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.push(name, value);
        self
    }

    pub fn with_body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.push("Content-Type", kind);
        self.body = body.into();
        self
    }

    /// Puts this value in place of the first header of this name, or adds it.
    pub fn set(&mut self, name: &str, value: impl Into<Text>) {
        let value = value.into();
        match self.headers.iter_mut().find(|header| header.is_named(name)) {
            Some(header) => header.value = value,
            None => {
                self.push(name, value);
            }
        }
    }

    /// Puts another spelling in place of every value of this name.
    pub fn rewrite(&mut self, name: &str, spell: impl Fn(&str) -> String) {
        for header in &mut self.headers {
            if header.is_named(name) {
                header.value = spell(&header.value).into();
            }
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|header| !header.is_named(name));
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
                for part in [&**method, " ", uri, " SIP/2.0\r\n"] {
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
