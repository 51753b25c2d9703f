//! Digest answers to a carrier's challenge (RFC 8760, RFC 7616): pure, so that a table can try it.

use app::domain::sip::{Secret, Username};

use crate::sip::digest::Algorithm;
use crate::sip::message::Message;
use crate::sip::message::address::split_list;

/// What we sign in with, at one place and nowhere else.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Credentials {
    pub username: Username,
    pub password: Secret,
    /// The only realm that is answered, if one was named.
    pub realm: Option<String>,
}

/// Answers to challenges before we are sure that they are refused.
const ANSWERS: u32 = 3;

/// The challenges to one request that were answered so far.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sip) struct Signing(u32);

impl Signing {
    /// The header that answers this challenge to `request`, as long as there is hope that it helps.
    pub(in crate::sip) fn answer(
        &mut self,
        credentials: Option<&Credentials>,
        challenged: &Message,
        request: &Message,
        cnonce: &str,
    ) -> Option<(&'static str, String)> {
        let (credentials, challenge) = (credentials?, Challenge::read(challenged)?);
        // The second challenge in a row means no, unless it says that only the nonce was old.
        let refused = self.0 > 0 && !challenge.stale;
        if self.0 >= ANSWERS || refused || !challenge.is_for(credentials) {
            return None;
        }
        self.0 += 1;
        let (method, uri) = (request.method()?, request.uri()?);
        Some(challenge.answer(credentials, method, uri, cnonce, 1))
    }
}

/// A challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sip) struct Challenge {
    /// `Authorization` or `Proxy-Authorization`.
    header: &'static str,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// The token as the carrier wrote it, if it wrote one.
    token: Option<String>,
    auth: bool,
    pub stale: bool,
}

impl Challenge {
    /// The topmost challenge of a 401 or 407 that names an algorithm and a protection we know.
    pub(in crate::sip) fn read(response: &Message) -> Option<Self> {
        let (asking, header) = match response.status()? {
            401 => ("WWW-Authenticate", "Authorization"),
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => return None,
        };
        response
            .all(asking)
            .find_map(|value| Self::parse(value, header))
    }

    fn parse(value: &str, header: &'static str) -> Option<Self> {
        let (scheme, parameters) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let (mut realm, mut nonce, mut opaque, mut token, mut qop, mut stale) =
            (None, None, None, None, None, false);
        for parameter in split_list(parameters) {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let value = unquoted(value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "nonce" => nonce = Some(value),
                "opaque" => opaque = Some(value),
                "algorithm" => token = Some(value),
                "qop" => qop = Some(value),
                "stale" => stale = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        let algorithm = match &token {
            None => Algorithm::Md5,
            // Some equipment writes it without the hyphen.
            Some(token) if token.eq_ignore_ascii_case("SHA256") => Algorithm::Sha256,
            Some(token) => Algorithm::from_token(token)?,
        };
        let auth = match &qop {
            None => false,
            Some(offered) => {
                let mut each = offered.split(',').map(str::trim);
                if !each.any(|each| each.eq_ignore_ascii_case("auth")) {
                    return None;
                }
                true
            }
        };
        Some(Self {
            header,
            realm: realm?,
            nonce: nonce?,
            opaque,
            algorithm,
            token,
            auth,
            stale,
        })
    }

    /// Whether these credentials are meant for who asks.
    pub(in crate::sip) fn is_for(&self, credentials: &Credentials) -> bool {
        let realm = credentials.realm.as_deref();
        realm.is_none_or(|realm| realm == self.realm)
    }

    /// The header that answers it, the `count`th with this nonce.
    pub(in crate::sip) fn answer(
        &self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
        count: u32,
    ) -> (&'static str, String) {
        let hash = |parts: &[&str]| self.algorithm.hex(parts);
        let username = credentials.username.as_str();
        let ha1 = hash(&[username, &self.realm, credentials.password.expose()]);
        let ha2 = hash(&[method, uri]);
        let nc = format!("{count:08x}");
        let response = if self.auth {
            hash(&[&ha1, &self.nonce, &nc, cnonce, "auth", &ha2])
        } else {
            hash(&[&ha1, &self.nonce, &ha2])
        };
        let mut value = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\"",
            quoted(&self.realm),
            quoted(&self.nonce),
        );
        if let Some(token) = &self.token {
            value.push_str(&format!(", algorithm={token}"));
        }
        if self.auth {
            value.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
        }
        (self.header, value)
    }
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(character);
            escaped = false;
        }
    }
    plain
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, header: &str, values: &[&str]) -> Message {
        let mut response = Message::response(status, "x");
        for value in values {
            response.push(header, *value);
        }
        response
    }

    fn mufasa() -> Credentials {
        Credentials {
            username: "Mufasa".parse().unwrap(),
            password: "Circle of Life".parse().unwrap(),
            realm: None,
        }
    }

    #[test]
    fn answers_as_the_standard_does() {
        // RFC 7616 §3.9.1, with SIP's own header names.
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let value = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"{opaque}\""
            );
            let response = asked(401, "WWW-Authenticate", &[&value]);
            let challenge = Challenge::read(&response).unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let (header, answer) = challenge.answer(&mufasa(), "GET", "/dir/index.html", cnonce, 1);
            assert_eq!(header, "Authorization");
            assert!(
                answer.contains(&format!("response=\"{expected}\"")),
                "{answer}"
            );
            assert!(answer.contains("qop=auth, nc=00000001"), "{answer}");
        }
    }

    #[test]
    fn takes_the_topmost_challenge_it_knows() {
        let response = asked(
            407,
            "Proxy-Authenticate",
            &[
                "Digest realm=\"a\", nonce=\"1\", algorithm=SHA-512-256",
                "Digest realm=\"b\", nonce=\"2\", algorithm=SHA-256, qop=\"auth-int\"",
                "Digest realm=\"c\", nonce=\"3\", algorithm=SHA-256",
                "Digest realm=\"d\", nonce=\"4\"",
            ],
        );
        let challenge = Challenge::read(&response).unwrap();
        assert_eq!(
            (challenge.header, challenge.realm.as_str()),
            ("Proxy-Authorization", "c")
        );
        assert!(Challenge::read(&asked(401, "WWW-Authenticate", &["Basic realm=\"x\""])).is_none());
        assert!(Challenge::read(&asked(401, "WWW-Authenticate", &[])).is_none());
        assert!(
            Challenge::read(&asked(
                486,
                "WWW-Authenticate",
                &["Digest realm=\"x\", nonce=\"y\""]
            ))
            .is_none()
        );
    }

    #[test]
    fn a_realm_that_was_named_is_the_only_one_answered() {
        let value = "Digest realm=\"a \\\"b\\\"\", nonce=\"n\"";
        let challenge = Challenge::read(&asked(401, "WWW-Authenticate", &[value])).unwrap();
        let mut credentials = mufasa();
        assert!(challenge.is_for(&credentials));
        credentials.realm = Some("a \"b\"".to_owned());
        assert!(challenge.is_for(&credentials));
        credentials.realm = Some("other".to_owned());
        assert!(!challenge.is_for(&credentials));
    }
}
