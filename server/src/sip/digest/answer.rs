//! Reads an `Authorization` header (RFC 7616 §3.4). Strict about what decides, deaf to the rest.

use thiserror::Error;

/// More parameters than any client sends.
const MANY: usize = 32;

/// What a client answered. The values are as sent: the hash is over them.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    pub algorithm: Option<String>,
    pub qop: Option<String>,
    pub nc: Option<String>,
    pub cnonce: Option<String>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .field("uri", &self.uri)
            .field("algorithm", &self.algorithm)
            .field("response", &"[secret]")
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidAnswer {
    #[error("the scheme is not Digest")]
    Scheme,
    #[error("a parameter has no value")]
    Parameter,
    #[error("a quotation mark is not closed")]
    Quote,
    #[error("a parameter is there twice")]
    Twice,
    #[error("too many parameters")]
    TooMany,
    #[error("a required parameter is missing")]
    Missing,
    #[error("hashed user names are not supported")]
    UserHash,
}

impl std::str::FromStr for Answer {
    type Err = InvalidAnswer;

    fn from_str(header: &str) -> Result<Self, InvalidAnswer> {
        let (scheme, rest) = header
            .trim()
            .split_once([' ', '\t'])
            .ok_or(InvalidAnswer::Scheme)?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return Err(InvalidAnswer::Scheme);
        }
        let mut parameters = parameters(rest)?;
        if parameters
            .iter()
            .any(|(name, value)| name == "userhash" && value == "true")
        {
            return Err(InvalidAnswer::UserHash);
        }
        let mut take = |wanted: &str| {
            let index = parameters.iter().position(|(name, _)| name == wanted)?;
            Some(parameters.swap_remove(index).1)
        };
        Ok(Self {
            username: take("username").ok_or(InvalidAnswer::Missing)?,
            realm: take("realm").ok_or(InvalidAnswer::Missing)?,
            nonce: take("nonce").ok_or(InvalidAnswer::Missing)?,
            uri: take("uri").ok_or(InvalidAnswer::Missing)?,
            response: take("response")
                .ok_or(InvalidAnswer::Missing)?
                .to_ascii_lowercase(),
            algorithm: take("algorithm"),
            qop: take("qop").filter(|qop| !qop.is_empty()),
            nc: take("nc"),
            cnonce: take("cnonce"),
        })
    }
}

impl Answer {
    /// The nonce count: up to eight hexadecimal digits.
    pub fn count(&self) -> Option<u32> {
        let nc = self.nc.as_deref()?;
        (nc.len() <= 8 && nc.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| u32::from_str_radix(nc, 16).ok())?
    }
}

/// `name=value` pairs, quoted or not, names in lower case, each once.
fn parameters(text: &str) -> Result<Vec<(String, String)>, InvalidAnswer> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim_start_matches(is_gap);
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(InvalidAnswer::Parameter)?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || name.contains([' ', '\t', ',', '"']) {
            return Err(InvalidAnswer::Parameter);
        }
        let (value, after) = value(after.trim_start())?;
        if found.iter().any(|(seen, _)| *seen == name) {
            return Err(InvalidAnswer::Twice);
        }
        if found.len() == MANY {
            return Err(InvalidAnswer::TooMany);
        }
        found.push((name, value));
        rest = after.trim_start_matches(is_gap);
    }
    Ok(found)
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\t' | ',')
}

fn value(text: &str) -> Result<(String, &str), InvalidAnswer> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Ok((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut escaped = false;
    for (index, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((value, &quoted[index + 1..])),
            _ => value.push(c),
        }
    }
    Err(InvalidAnswer::Quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        let answer: Answer = "Digest username=\"a\\\"b\",realm=\"r, s\", nonce = \"n\" ,uri=\"sip:1@h\",\
                              response=\"ABCD\", algorithm=MD5, nc=0000000a, qop=auth, cnonce=\"c\", x=y"
            .parse()
            .unwrap();
        assert_eq!(answer.username, "a\"b");
        assert_eq!(answer.realm, "r, s");
        assert_eq!(answer.response, "abcd");
        assert_eq!(answer.count(), Some(10));
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        let whole = "username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"r\"";
        let cases = [
            (format!("Basic {whole}"), InvalidAnswer::Scheme),
            ("Digest".to_owned(), InvalidAnswer::Scheme),
            (
                format!("Digest {whole}, username=\"b\""),
                InvalidAnswer::Twice,
            ),
            (
                format!("Digest {whole}, cnonce=\"open"),
                InvalidAnswer::Quote,
            ),
            (format!("Digest {whole}, lonely"), InvalidAnswer::Parameter),
            (
                format!("Digest {whole}, userhash=true"),
                InvalidAnswer::UserHash,
            ),
            ("Digest username=\"a\"".to_owned(), InvalidAnswer::Missing),
        ];
        for (header, expected) in cases {
            assert_eq!(header.parse::<Answer>(), Err(expected), "{header}");
        }
    }

    #[test]
    fn never_shows_the_response() {
        let answer: Answer =
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"c0ffee\""
                .parse()
                .unwrap();
        assert!(!format!("{answer:?}").contains("c0ffee"));
    }
}
