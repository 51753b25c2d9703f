//! What speaks for an agent: which engines there are, what a form may say of one, and why one
//! could not be had.

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Change, Entry};
use crate::domain::sip::Secret;
use crate::domain::url::{SocketUrl, UrlKind};
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

/// What speaks for the agent; stored and sent as `{"type": "builtin"}`. What is secret about it
/// is stored beside it and leaves for the engine alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Engine {
    /// Greets, listens, says goodbye; needs no other service.
    #[default]
    Builtin,
    /// A voice bot behind a WebSocket, in the wire format of Twilio Media Streams.
    Stream(Stream),
}

/// Which engine, without its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineType {
    /// See [`Engine::Builtin`].
    Builtin,
    /// See [`Engine::Stream`].
    Stream,
}
words!(EngineType, Builtin = "builtin", Stream = "stream");

/// Where a voice bot listens, and how it knows us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its address.
    pub url: SocketUrl,
    /// How it knows us.
    pub auth: StreamAuth,
}

/// How a voice bot knows that it is us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamAuth {
    /// It does not ask.
    #[default]
    None,
    /// By `Authorization: Bearer` with the token.
    Bearer,
    /// By `X-Twilio-Signature`: an HMAC-SHA1 of the address, keyed with the token.
    Signature,
}
words!(
    StreamAuth,
    None = "none",
    Bearer = "bearer",
    Signature = "signature"
);

/// Why an engine can't be had, or could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineFault {
    /// Its host has no address.
    NoAddress,
    /// Its host has an address beside this server, which the settings forbid.
    NotPublic,
    /// Nobody listens there.
    Unreachable,
    /// Its certificate is not to be trusted.
    TlsFailed,
    /// It answers, but does not let us in.
    Refused,
    /// It was not there in time.
    TooLate,
    /// It went away in mid-call.
    Lost,
    /// It gave no sign of life, or took nothing in.
    Unresponsive,
}
words!(
    EngineFault,
    NoAddress = "no_address",
    NotPublic = "not_public",
    Unreachable = "unreachable",
    TlsFailed = "tls_failed",
    Refused = "refused",
    TooLate = "too_late",
    Lost = "lost",
    Unresponsive = "unresponsive"
);

/// What a form or a script says of an engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of the engines, as sent")]
pub struct EngineDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub r#type: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub url: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub auth: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub token: Entry,
}

/// An engine's settings, and what becomes of its secret.
pub(crate) type NewEngine = (Engine, Change<Secret>);

impl Engine {
    /// Which one.
    pub fn kind(&self) -> EngineType {
        match self {
            Self::Builtin => EngineType::Builtin,
            Self::Stream(_) => EngineType::Stream,
        }
    }

    /// Whether a service elsewhere must be reached before it can speak.
    pub fn is_elsewhere(&self) -> bool {
        !matches!(self, Self::Builtin)
    }
}

impl EngineDraft {
    /// Whether nothing was said.
    pub fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    /// A form sends the fields of every type, whichever is chosen: what is left in those of
    /// another one is not meant.
    #[must_use]
    pub fn of_its_type(self) -> Self {
        if self.r#type.shown().trim() == EngineType::Builtin.as_str() {
            Self {
                r#type: self.r#type,
                ..Self::default()
            }
        } else {
            self
        }
    }

    /// The engine that results when this is said over `base`. One of another type starts afresh,
    /// its secret included: a token is for the service it was entered for.
    pub(crate) fn over(&self, base: &Engine, errors: &mut FieldErrors) -> Option<NewEngine> {
        if self.is_absent() {
            return Some((base.clone(), Change::Leave));
        }
        let kind = errors.keep("engine.type", self.r#type.choice_or(base.kind()))?;
        match kind {
            EngineType::Builtin => {
                let others = [
                    ("engine.url", &self.url),
                    ("engine.auth", &self.auth),
                    ("engine.token", &self.token),
                ];
                for (field, _) in others.into_iter().filter(|(_, entry)| !entry.is_blank()) {
                    errors.add(field, Reason::NotForThisKind);
                }
                Some((Engine::Builtin, Change::Clear))
            }
            EngineType::Stream => {
                let base = match base {
                    Engine::Stream(stream) => Some(stream),
                    Engine::Builtin => None,
                };
                let (stream, secret) = self.stream(base, errors)?;
                Some((Engine::Stream(stream), secret))
            }
        }
    }

    fn stream(
        &self,
        base: Option<&Stream>,
        errors: &mut FieldErrors,
    ) -> Option<(Stream, Change<Secret>)> {
        let url = self.url(base.map(|base| &base.url), errors);
        let (auth, token) = self.auth(base.map_or(StreamAuth::None, |base| base.auth), errors)?;
        Some((Stream { url: url?, auth }, token))
    }

    fn url(&self, base: Option<&SocketUrl>, errors: &mut FieldErrors) -> Option<SocketUrl> {
        let url = self
            .url
            .optional_or(base.cloned(), |found, why| Reason::Url {
                kind: UrlKind::Socket,
                found,
                why,
            })
            .and_then(|url| url.ok_or(Reason::Required));
        errors.keep("engine.url", url)
    }

    /// A token without a word about what to do with it is sent as one; none is no way to be known.
    fn auth(
        &self,
        base: StreamAuth,
        errors: &mut FieldErrors,
    ) -> Option<(StreamAuth, Change<Secret>)> {
        let token = errors.keep("engine.token", self.token())?;
        let usual = match (&token, base) {
            (Change::Clear, _) => StreamAuth::None,
            (Change::Set(_), StreamAuth::None) => StreamAuth::Bearer,
            (Change::Set(_) | Change::Leave, base) => base,
        };
        let auth = errors.keep("engine.auth", self.auth.choice_or(usual))?;
        if auth == StreamAuth::None {
            if matches!(token, Change::Set(_)) {
                errors.add("engine.token", Reason::NotForThisKind);
            }
            return Some((auth, Change::Clear));
        }
        let stands = matches!(token, Change::Leave) && base != StreamAuth::None;
        if !stands && !matches!(token, Change::Set(_)) {
            errors.add("engine.token", Reason::Required);
            return None;
        }
        Some((auth, token))
    }

    /// Left empty in a form, the one that stands stays.
    fn token(&self) -> Result<Change<Secret>, Reason> {
        if self.token == Entry::Null {
            return Ok(Change::Clear);
        }
        match self.token.verbatim()? {
            None => Ok(Change::Leave),
            Some(text) => text
                .parse()
                .map(Change::Set)
                .map_err(|why| Reason::Password { why }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> EngineDraft {
        let mut draft = EngineDraft::default();
        for (name, value) in fields {
            let entry = match *name {
                "type" => &mut draft.r#type,
                "url" => &mut draft.url,
                "auth" => &mut draft.auth,
                "token" => &mut draft.token,
                other => panic!("{other}"),
            };
            *entry = Entry::text(*value);
        }
        draft
    }

    fn over(draft: &EngineDraft, base: &Engine) -> Result<NewEngine, Vec<String>> {
        let mut errors = FieldErrors::new();
        let new = draft.over(base, &mut errors);
        errors.none_or(new).map_err(|errors| {
            let told = |(field, reason): (&str, &Reason)| format!("{field} {}", reason.code());
            errors.iter().map(told).collect()
        })
    }

    fn stream(url: &str, auth: StreamAuth) -> Engine {
        let url = url.parse().unwrap();
        Engine::Stream(Stream { url, auth })
    }

    const URL: &str = "wss://bot.example.com/media";

    #[test]
    fn a_token_makes_a_bearer_and_stays_until_it_is_taken_away() {
        let made = [("type", "stream"), ("url", URL), ("token", "abc")];
        let (engine, secret) = over(&draft(&made), &Engine::Builtin).unwrap();
        assert_eq!(engine, stream(URL, StreamAuth::Bearer));
        assert_eq!(secret, Change::Set("abc".parse().unwrap()));

        let (same, secret) = over(&draft(&[("token", "")]), &engine).unwrap();
        assert_eq!((&same, secret), (&engine, Change::Leave));

        let signs = draft(&[("auth", "signature")]);
        let (signed, secret) = over(&signs, &engine).unwrap();
        assert_eq!(signed, stream(URL, StreamAuth::Signature));
        assert_eq!(secret, Change::Leave);

        let taken = EngineDraft {
            token: Entry::Null,
            ..EngineDraft::default()
        };
        let (open, secret) = over(&taken, &engine).unwrap();
        assert_eq!(open, stream(URL, StreamAuth::None));
        assert_eq!(secret, Change::Clear);
    }

    #[test]
    fn another_type_forgets_the_secret() {
        let base = stream(URL, StreamAuth::Bearer);
        let (engine, secret) = over(&draft(&[("type", "builtin")]), &base).unwrap();
        assert_eq!((engine, secret), (Engine::Builtin, Change::Clear));
    }

    #[test]
    fn every_fault_is_named() {
        let none = draft(&[("type", "stream"), ("auth", "bearer")]);
        let told = over(&none, &Engine::Builtin).unwrap_err();
        assert_eq!(told, ["engine.url required", "engine.token required"]);
        let odd = draft(&[("type", "stream"), ("url", "http://x"), ("auth", "basic")]);
        let told = over(&odd, &Engine::Builtin).unwrap_err();
        assert_eq!(
            told,
            ["engine.url bad_socket_url", "engine.auth not_a_choice"]
        );
        let idle = draft(&[
            ("type", "stream"),
            ("url", URL),
            ("auth", "none"),
            ("token", "x"),
        ]);
        let told = over(&idle, &Engine::Builtin).unwrap_err();
        assert_eq!(told, ["engine.token not_for_this_kind"]);
        let both = draft(&[("type", "builtin"), ("url", URL)]);
        let told = over(&both, &Engine::Builtin).unwrap_err();
        assert_eq!(told, ["engine.url not_for_this_kind"]);
        assert!(over(&both.of_its_type(), &Engine::Builtin).is_ok());
        let told = over(&draft(&[("type", "parrot")]), &Engine::Builtin).unwrap_err();
        assert_eq!(told, ["engine.type not_a_choice"]);
    }

    #[test]
    fn what_is_stored_reads_back() {
        for engine in [Engine::Builtin, stream(URL, StreamAuth::Signature)] {
            let text = serde_json::to_string(&engine).unwrap();
            assert_eq!(serde_json::from_str::<Engine>(&text).unwrap(), engine);
        }
        let stored = serde_json::to_string(&stream(URL, StreamAuth::None)).unwrap();
        assert_eq!(
            stored,
            format!(r#"{{"type":"stream","url":"{URL}","auth":"none"}}"#)
        );
    }
}
