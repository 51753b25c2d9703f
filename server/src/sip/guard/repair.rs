//! Writes the headers a stack must read in their plainest spelling: legal blanks around `;`, `=`
//! and `/` (RFC 3261 §25.1) confuse more parsers than they please writers.

use crate::sip::message::Message;
use crate::sip::message::address::split_list;

/// Plain spelling for the headers that decide about transactions and dialogs.
pub(super) fn repair(message: &mut Message) {
    for name in ["From", "To", "Contact", "Route", "Record-Route"] {
        if message.all(name).any(has_blanks_about) {
            message.rewrite(name, |value| plain(value, |c| matches!(c, ';' | '=')));
        }
    }
    if message
        .all("Via")
        .any(|via| via.contains([',', '\t', '"']) || has_blanks_about(via))
    {
        message.rewrite("Via", |value| {
            let vias: Vec<String> = split_list(value).map(plain_via).collect();
            vias.join(", ")
        });
    }
    if let Some((number, method)) = message.cseq() {
        let plain = format!("{number} {method}");
        if message.get("CSeq") != Some(&plain) {
            message.set("CSeq", plain);
        }
    }
}

/// Whether there is a blank beside another one or beside a separator. Most peers write none.
fn has_blanks_about(value: &str) -> bool {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let is_about = |byte: u8| matches!(byte, b';' | b'=' | b'/' | b' ' | b'\t');
    let mut pairs = value.as_bytes().windows(2);
    pairs.any(|pair| {
        (is_blank(pair[0]) && is_about(pair[1])) || (is_about(pair[0]) && is_blank(pair[1]))
    })
}

fn plain_via(via: &str) -> String {
    let tight = plain(via, |c| matches!(c, ';' | '=' | '/'));
    match tight.split_once([' ', '\t']) {
        Some((protocol, rest)) => format!("{protocol} {}", rest.trim()),
        None => tight,
    }
}

/// Drops the blanks around these separators, outside quotes and angle brackets.
fn plain(value: &str, separator: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quoted = false;
    let mut escaped = false;
    let mut bracketed = false;
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ => {}
        }
        let free = !quoted && !bracketed;
        if free && matches!(c, ' ' | '\t') && out.chars().last().is_some_and(&separator) {
            continue;
        }
        if free && separator(c) {
            out.truncate(out.trim_end_matches([' ', '\t']).len());
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_headers_plainly() {
        let mut message = Message::request("INVITE", "sip:h")
            .with(
                "Via",
                "SIP  /   2.0 / UDP   h  ;  branch = 1 ,SIP/2.0/TCP b",
            )
            .with("From", "\"a ; b = c\" <sip:x@h;p = 1> ;  tag   = 2")
            .with("CSeq", "0009 \t INVITE");
        repair(&mut message);
        assert_eq!(
            message.get("Via"),
            Some("SIP/2.0/UDP h;branch=1, SIP/2.0/TCP b")
        );
        assert_eq!(
            message.get("From"),
            Some("\"a ; b = c\" <sip:x@h;p = 1>;tag=2")
        );
        assert_eq!(message.get("CSeq"), Some("9 INVITE"));
    }
}
