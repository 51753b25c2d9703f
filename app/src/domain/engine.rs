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
    /// A model that hears and speaks, behind the Realtime protocol of `OpenAI`.
    Realtime(Realtime),
}

/// Which engine, without its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineType {
    /// See [`Engine::Builtin`].
    Builtin,
    /// See [`Engine::Stream`].
    Stream,
    /// See [`Engine::Realtime`].
    Realtime,
}
words!(
    EngineType,
    Builtin = "builtin",
    Stream = "stream",
    Realtime = "realtime"
);

/// Where a voice bot listens, and how it knows us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its address.
    pub url: SocketUrl,
    /// How it knows us.
    pub auth: StreamAuth,
}

/// Which model speaks where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realtime {
    /// The server's address, without the model.
    pub url: SocketUrl,
    /// The model's name.
    pub model: String,
    /// The voice's name.
    pub voice: String,
    /// Whether there is a key; the server knows us by it.
    pub has_key: bool,
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
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub model: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub voice: Entry,
}

/// An engine's settings, and what becomes of its secret.
pub(crate) type NewEngine = (Engine, Change<Secret>);

impl Engine {
    /// Which one.
    pub fn kind(&self) -> EngineType {
        match self {
            Self::Builtin => EngineType::Builtin,
            Self::Stream(_) => EngineType::Stream,
            Self::Realtime(_) => EngineType::Realtime,
        }
    }

    /// Whether a service elsewhere must be reached before it can speak.
    pub fn is_elsewhere(&self) -> bool {
        !matches!(self, Self::Builtin)
    }
}

impl Realtime {
    /// Where the model is unless told.
    pub const URL: &'static str = "wss://api.openai.com/v1/realtime";
    /// Which model speaks unless told.
    pub const MODEL: &'static str = "gpt-realtime";
    /// In which voice.
    pub const VOICE: &'static str = "marin";
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
        let (url, token) = (self.url.clone(), self.token.clone());
        match self.r#type.shown().parse() {
            Ok(EngineType::Builtin) => Self {
                r#type: self.r#type,
                ..Self::default()
            },
            Ok(EngineType::Stream) => Self {
                r#type: self.r#type,
                url,
                token,
                auth: self.auth,
                ..Self::default()
            },
            Ok(EngineType::Realtime) => Self {
                auth: Entry::Absent,
                ..self
            },
            Err(_) => self,
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
                let url = ("engine.url", &self.url);
                let token = ("engine.token", &self.token);
                refuse(&[url, self.auth_field(), token], errors);
                refuse(&self.model_fields(), errors);
                Some((Engine::Builtin, Change::Clear))
            }
            EngineType::Stream => {
                let base = match base {
                    Engine::Stream(stream) => Some(stream),
                    Engine::Builtin | Engine::Realtime(_) => None,
                };
                refuse(&self.model_fields(), errors);
                let (stream, secret) = self.stream(base, errors)?;
                Some((Engine::Stream(stream), secret))
            }
            EngineType::Realtime => {
                let base = match base {
                    Engine::Realtime(realtime) => Some(realtime),
                    Engine::Builtin | Engine::Stream(_) => None,
                };
                refuse(&[self.auth_field()], errors);
                let (realtime, secret) = self.realtime(base, errors)?;
                Some((Engine::Realtime(realtime), secret))
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

    fn realtime(
        &self,
        base: Option<&Realtime>,
        errors: &mut FieldErrors,
    ) -> Option<(Realtime, Change<Secret>)> {
        let usual = Realtime::URL.parse().ok();
        let url = match base {
            None if self.url.is_blank() => usual,
            base => self.url(base.map(|base| &base.url), errors),
        };
        let named = |entry: &Entry, base: Option<&String>, usual: &str| match base {
            None if entry.is_blank() => Ok(usual.to_owned()),
            base => entry.line_or(base.map_or("", String::as_str), 120),
        };
        let model = named(&self.model, base.map(|base| &base.model), Realtime::MODEL);
        let model = errors.keep("engine.model", model);
        let voice = named(&self.voice, base.map(|base| &base.voice), Realtime::VOICE);
        let voice = errors.keep("engine.voice", voice);
        let key = errors.keep("engine.token", self.token())?;
        let has_key = match key {
            Change::Leave => base.is_some_and(|base| base.has_key),
            Change::Clear => false,
            Change::Set(_) => true,
        };
        let realtime = Realtime {
            url: url?,
            model: model?,
            voice: voice?,
            has_key,
        };
        Some((realtime, key))
    }

    fn auth_field(&self) -> (&'static str, &Entry) {
        ("engine.auth", &self.auth)
    }

    fn model_fields(&self) -> [(&'static str, &Entry); 2] {
        [("engine.model", &self.model), ("engine.voice", &self.voice)]
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

/// Fields that the chosen type does not have.
fn refuse(fields: &[(&'static str, &Entry)], errors: &mut FieldErrors) {
    for (field, _) in fields.iter().filter(|(_, entry)| !entry.is_blank()) {
        errors.add(*field, Reason::NotForThisKind);
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
                "model" => &mut draft.model,
                "voice" => &mut draft.voice,
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
    fn a_model_has_its_usual_place_name_and_voice() {
        let made = draft(&[("type", "realtime"), ("token", "sk-1")]);
        let (engine, secret) = over(&made, &Engine::Builtin).unwrap();
        let Engine::Realtime(usual) = &engine else {
            panic!("{engine:?}")
        };
        assert_eq!(usual.url.as_str(), Realtime::URL);
        assert_eq!(
            (usual.model.as_str(), usual.voice.as_str()),
            ("gpt-realtime", "marin")
        );
        assert!(usual.has_key && matches!(secret, Change::Set(_)));
        let change = draft(&[("model", "other"), ("token", "")]);
        let (changed, secret) = over(&change, &engine).unwrap();
        let wanted = Realtime {
            model: "other".to_owned(),
            ..usual.clone()
        };
        assert_eq!((changed, secret), (Engine::Realtime(wanted), Change::Leave));
        let signs = draft(&[("auth", "signature"), ("model", " ")]);
        let told = over(&signs, &engine).unwrap_err();
        assert_eq!(
            told,
            ["engine.auth not_for_this_kind", "engine.model required"]
        );
        assert!(over(&draft(&[("model", "x")]), &stream(URL, StreamAuth::None)).is_err());
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
