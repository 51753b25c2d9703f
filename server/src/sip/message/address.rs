//! Name-addr values and header parameters (RFC 3261 §20.10, §25.1), cut without judging.

use std::borrow::Cow;

/// A display name, a URI and the header's parameters: From, To, Contact, P-Asserted-Identity …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    pub display: Cow<'a, str>,
    pub uri: &'a str,
    /// Everything after the URI, with its leading semicolon.
    parameters: &'a str,
}

impl<'a> Address<'a> {
    pub fn read(value: &'a str) -> Self {
        let value = value.trim();
        let Some(open) = find_outside_quotes(value, b'<') else {
            // Without brackets every parameter belongs to the header (RFC 3261 §20).
            let end = value.find(';').unwrap_or(value.len());
            return Self {
                display: Cow::Borrowed(""),
                uri: value[..end].trim(),
                parameters: &value[end..],
            };
        };
        let inner = &value[open + 1..];
        let close = inner.find('>').unwrap_or(inner.len());
        Self {
            display: unquote(value[..open].trim()),
            uri: inner[..close].trim(),
            parameters: inner.get(close + 1..).unwrap_or_default(),
        }
    }

    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        parameter(self.parameters, name)
    }

    /// The user part without parameters and password, percent signs kept.
    pub fn user(&self) -> Option<&'a str> {
        user_of(self.uri)
    }

    pub fn host_port(&self) -> Option<&'a str> {
        host_port_of(self.uri)
    }
}

pub fn user_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let user = match rest.rsplit_once('@') {
        Some((user, _)) => user,
        None if scheme.eq_ignore_ascii_case("tel") => rest,
        None => return None,
    };
    user.split([';', ':'])
        .next()
        .filter(|user| !user.is_empty())
}

/// Host and, if given, port: `h`, `h:5060`, `[::1]:5060`.
pub fn host_port_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    if scheme.eq_ignore_ascii_case("tel") {
        return None;
    }
    let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
    rest.split([';', '?', '>'])
        .next()
        .map(str::trim)
        .filter(|host| !host.is_empty())
}

pub fn split_host_port(host_port: &str) -> (&str, Option<u16>) {
    let colon = match host_port.rfind(']') {
        Some(end) => host_port[end..].find(':').map(|at| end + at),
        None => host_port.find(':'),
    };
    match colon {
        Some(at) => (&host_port[..at], host_port[at + 1..].trim().parse().ok()),
        None => (host_port, None),
    }
}

/// The `tag` of a From or To value.
pub fn tag(value: &str) -> Option<&str> {
    Address::read(value)
        .parameter("tag")
        .filter(|tag| !tag.is_empty())
}

/// One `;name=value` of a header, its quotes removed; a bare `;name` has an empty value.
pub fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = parameters;
    while let Some(start) = find_outside_quotes(rest, b';') {
        let after = &rest[start + 1..];
        let end = find_outside_quotes(after, b';').unwrap_or(after.len());
        let (key, value) = after[..end].split_once('=').unwrap_or((&after[..end], ""));
        if key.trim().eq_ignore_ascii_case(name) {
            let value = value.trim();
            return Some(
                value
                    .strip_prefix('"')
                    .and_then(|v| v.strip_suffix('"'))
                    .unwrap_or(value),
            );
        }
        rest = &after[end..];
    }
    None
}

/// Cuts a header value at its commas, but not inside quotes or angle brackets.
pub fn split_list(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let (item, after) = match comma(text) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(item.trim())
    })
    .filter(|item| !item.is_empty())
}

fn comma(text: &str) -> Option<usize> {
    // Most values are one alone.
    memchr::memchr(b',', text.as_bytes())?;
    let mut quoted = false;
    let mut escaped = false;
    let mut bracketed = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            b',' if !quoted && !bracketed => return Some(index),
            _ => {}
        }
    }
    None
}

fn find_outside_quotes(text: &str, wanted: u8) -> Option<usize> {
    let first = memchr::memchr2(b'"', wanted, text.as_bytes())?;
    if text.as_bytes()[first] == wanted {
        return Some(first);
    }
    let mut quoted = false;
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(first) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == wanted && !quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// Are all quotation marks closed? An open one makes the rest of a header unreadable.
pub fn quotes_are_closed(text: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

fn unquote(display: &str) -> Cow<'_, str> {
    let Some(inner) = display.strip_prefix('"') else {
        return Cow::Borrowed(display);
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        let cases = [
            ("<sip:a@h>;tag=1", "", "sip:a@h", Some("1")),
            (
                "Ann <sip:a@h;user=phone> ; tag = 2",
                "Ann",
                "sip:a@h;user=phone",
                Some("2"),
            ),
            (
                r#""J \"R\" <x>; E," <sip:a@h>;x="a;tag=9";tag=3"#,
                "J \"R\" <x>; E,",
                "sip:a@h",
                Some("3"),
            ),
            ("sip:a@h;tag=4", "", "sip:a@h", Some("4")),
            ("<sip:a@h>", "", "sip:a@h", None),
            ("<sip:a@h", "", "sip:a@h", None),
            ("", "", "", None),
        ];
        for (value, display, uri, tag) in cases {
            let address = Address::read(value);
            assert_eq!((&*address.display, address.uri), (display, uri), "{value}");
            assert_eq!(address.parameter("tag"), tag, "{value}");
        }
    }

    #[test]
    fn cuts_uris() {
        assert_eq!(user_of("sip:+1;ext=2:pw@h:5060;p=x"), Some("+1"));
        assert_eq!(user_of("tel:+1;phone-context=x"), Some("+1"));
        assert_eq!(user_of("sip:h"), None);
        assert_eq!(host_port_of("sip:u@[::1]:5070;lr"), Some("[::1]:5070"));
        assert_eq!(split_host_port("[::1]:5070"), ("[::1]", Some(5070)));
        assert_eq!(split_host_port("h"), ("h", None));
        assert_eq!(split_host_port("h:99999"), ("h", None));
    }

    #[test]
    fn splits_lists_outside_quotes_and_brackets() {
        let items: Vec<_> = split_list(r#" "a, b" <sip:x@h;m=1,2>, <sip:y@h> ,, z"#).collect();
        assert_eq!(items, [r#""a, b" <sip:x@h;m=1,2>"#, "<sip:y@h>", "z"]);
    }

    #[test]
    fn notices_open_quotes() {
        assert!(quotes_are_closed(r#""a \" b" c"#));
        assert!(!quotes_are_closed(r#""a \" b c"#));
    }
}
