//! The SIP messages of one call, kept for people: secrets out before anyone sees them, and bounded.

use std::borrow::Cow;

use app::domain::call::SipMessageRecord;

use super::message::{Message, Start};
use super::stack::Flow;

/// Most messages kept of a call.
pub const MESSAGES: usize = 200;
/// Most text kept of a call.
pub const BYTES: usize = 256 * 1024;

/// Counts what a call has kept so far.
#[derive(Debug, Default)]
pub struct Ladder {
    messages: usize,
    bytes: usize,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Received,
    Sent,
}

impl Ladder {
    /// The record of a message, as long as there is room.
    pub fn step(
        &mut self,
        message: &Message,
        way: Way,
        flow: &Flow,
        at: i64,
    ) -> Option<SipMessageRecord> {
        if self.messages >= MESSAGES {
            return None;
        }
        let text = redacted(message);
        if self.bytes + text.len() > BYTES {
            return None;
        }
        self.messages += 1;
        self.bytes += text.len();
        Some(SipMessageRecord {
            at,
            sent: way == Way::Sent,
            peer: flow.peer.to_string(),
            transport: flow.transport,
            summary: summary(message),
            text,
        })
    }
}

/// `INVITE sip:…` or `200 OK (INVITE)`.
fn summary(message: &Message) -> String {
    match &message.start {
        Start::Request { method, uri } => format!("{method} {uri}"),
        Start::Response { status, phrase } => match message.cseq() {
            Some((_, method)) => format!("{status} {phrase} ({method})"),
            None => format!("{status} {phrase}"),
        },
    }
}

/// The message as text, without anything that would let a reader in or tell him a PIN.
pub fn redacted(message: &Message) -> String {
    let body = shown_body(message);
    let mut text = message.head(body.len(), |header| {
        let signs_in = ["Authorization", "Proxy-Authorization"]
            .iter()
            .any(|name| header.is_named(name));
        if signs_in {
            Cow::Owned(hide_parameters(&header.value, &["response", "cnonce"]))
        } else {
            Cow::Borrowed(&header.value)
        }
    });
    text.push_str(&body);
    text
}

fn shown_body(message: &Message) -> Cow<'_, str> {
    let kind = message.get("Content-Type").unwrap_or_default();
    if find_ignore_case(kind, "dtmf").is_some() {
        return Cow::Borrowed("[digit]");
    }
    let body = String::from_utf8_lossy(&message.body);
    if secret_at(&body).is_none() {
        return body;
    }
    let lines: Vec<String> = body.split("\r\n").map(hide_keys).collect();
    Cow::Owned(lines.join("\r\n"))
}

fn hide_parameters(value: &str, secret: &[&str]) -> String {
    // Before the first stands the scheme.
    let is_secret = |name: &str| {
        let last = name.split_ascii_whitespace().next_back();
        last.is_some_and(|name| secret.iter().any(|word| word.eq_ignore_ascii_case(name)))
    };
    let hide = |part: &str| match part.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=\"[secret]\""),
        _ => part.to_owned(),
    };
    // A comma in a quoted value only splits it in two harmless halves, unless it is the secret.
    value.split(',').map(hide).collect::<Vec<_>>().join(",")
}

fn hide_keys(line: &str) -> String {
    match secret_at(line) {
        Some(at) => format!("{}[secret]", &line[..at]),
        None => line.to_owned(),
    }
}

/// Where SRTP keys (RFC 4568) and ICE passwords begin.
fn secret_at(line: &str) -> Option<usize> {
    line.match_indices(':').find_map(|(colon, _)| {
        let before = &line.as_bytes()[..colon];
        let ends_with = |word: &str| {
            let start = before.len().checked_sub(word.len());
            start.is_some_and(|start| before[start..].eq_ignore_ascii_case(word.as_bytes()))
        };
        (ends_with("inline") || ends_with("a=ice-pwd")).then_some(colon + 1)
    })
}

fn find_ignore_case(text: &str, word: &str) -> Option<usize> {
    let mut places = text.as_bytes().windows(word.len());
    places.position(|place| place.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_remains() {
        let message = Message::request("INVITE", "sip:1@h")
            .with("Authorization", "Digest username=\"u\", response=\"c0ffee\",Cnonce = \"beef\", uri=\"sip:1@h\"")
            .with_body("application/sdp", "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3cretKey|2^20\r\na=ice-pwd:S3cret\r\nA=Crypto:2 x INLINE:S3cret\r\na=ICE-PWD:S3cret\r\n");
        let text = redacted(&message);
        for secret in ["c0ffee", "beef", "S3cret"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("username=\"u\"") && text.contains("v=0"));
        // Whatever the order (RFC 3261 §25.1 knows none).
        for value in [
            "Digest response=\"c0ffee\", username=\"u\"",
            "Digest\tCNONCE=\"c0ffee\",username=\"u\"",
            "Digest  Response = c0ffee",
        ] {
            let message =
                Message::request("INVITE", "sip:1@h").with("Proxy-Authorization", value.to_owned());
            let text = redacted(&message);
            assert!(
                !text.contains("c0ffee") && text.contains("Digest"),
                "{text}"
            );
        }
        let digit =
            Message::request("INFO", "sip:1@h").with_body("application/dtmf-relay", "Signal=7\r\n");
        assert!(!redacted(&digit).contains("Signal"));
    }
}
