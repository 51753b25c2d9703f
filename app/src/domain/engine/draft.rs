//! What a form or a script says of an engine, and what it comes to.

use serde::{Deserialize, Serialize};

use super::{Engine, EngineType, Realtime, Sip, Stream, StreamAuth};
use crate::domain::draft::{Change, Entry};
use crate::domain::sip::{Secret, SipUri, Username};
use crate::domain::url::{SocketUrl, UrlKind};
use crate::error::{FieldErrors, Reason};

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
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub uri: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub username: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub password: Entry,
}

/// An engine's settings, and what becomes of its secret.
pub(crate) type NewEngine = (Engine, Change<Secret>);

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
                r#type: self.r#type,
                url,
                token,
                model: self.model,
                voice: self.voice,
                ..Self::default()
            },
            Ok(EngineType::Sip) => Self {
                r#type: self.r#type,
                uri: self.uri,
                username: self.username,
                password: self.password,
                ..Self::default()
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
        self.refuse_others(kind, errors);
        match kind {
            EngineType::Builtin => Some((Engine::Builtin, Change::Clear)),
            EngineType::Stream => {
                let base = match base {
                    Engine::Stream(stream) => Some(stream),
                    Engine::Builtin | Engine::Realtime(_) | Engine::Sip(_) => None,
                };
                let (stream, secret) = self.stream(base, errors)?;
                Some((Engine::Stream(stream), secret))
            }
            EngineType::Realtime => {
                let base = match base {
                    Engine::Realtime(realtime) => Some(realtime),
                    Engine::Builtin | Engine::Stream(_) | Engine::Sip(_) => None,
                };
                let (realtime, secret) = self.realtime(base, errors)?;
                Some((Engine::Realtime(realtime), secret))
            }
            EngineType::Sip => {
                let base = match base {
                    Engine::Sip(sip) => Some(sip),
                    Engine::Builtin | Engine::Stream(_) | Engine::Realtime(_) => None,
                };
                let (sip, secret) = self.sip(base, errors)?;
                Some((Engine::Sip(sip), secret))
            }
        }
    }

    /// Fields that the chosen type does not have.
    fn refuse_others(&self, kind: EngineType, errors: &mut FieldErrors) {
        use EngineType::{Realtime, Sip, Stream};
        let fields: [(&str, &Entry, &[EngineType]); 8] = [
            ("engine.url", &self.url, &[Stream, Realtime]),
            ("engine.auth", &self.auth, &[Stream]),
            ("engine.token", &self.token, &[Stream, Realtime]),
            ("engine.model", &self.model, &[Realtime]),
            ("engine.voice", &self.voice, &[Realtime]),
            ("engine.uri", &self.uri, &[Sip]),
            ("engine.username", &self.username, &[Sip]),
            ("engine.password", &self.password, &[Sip]),
        ];
        for (field, entry, kinds) in fields {
            if !entry.is_blank() && !kinds.contains(&kind) {
                errors.add(field, Reason::NotForThisKind);
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
        let key = errors.keep("engine.token", secret(&self.token))?;
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

    fn sip(&self, base: Option<&Sip>, errors: &mut FieldErrors) -> Option<(Sip, Change<Secret>)> {
        let uri = self
            .uri
            .optional_or(base.map(|base| base.uri.clone()), |found, why| {
                Reason::SipUri { found, why }
            })
            .and_then(|uri| uri.ok_or(Reason::Required));
        // What follows `?` would be headers that nobody listed.
        let uri = errors.keep("engine.uri", uri.map(SipUri::without_headers));
        let old = base.and_then(|base| base.username.clone());
        let had = old.is_some();
        let username = errors.keep(
            "engine.username",
            self.username
                .optional_or(old, |found, why| Reason::Username { found, why }),
        )?;
        let password = errors.keep("engine.password", self.password(username.as_ref(), had))?;
        Some((
            Sip {
                uri: uri?,
                username,
            },
            password,
        ))
    }

    /// Username and password: both or neither.
    fn password(&self, username: Option<&Username>, had: bool) -> Result<Change<Secret>, Reason> {
        match (username, secret(&self.password)?) {
            (None, Change::Set(_)) | (Some(_), Change::Clear) => Err(Reason::CredentialsMissing),
            (Some(_), Change::Leave) if !had => Err(Reason::CredentialsMissing),
            (None, _) => Ok(Change::Clear),
            (Some(_), password) => Ok(password),
        }
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
        let token = errors.keep("engine.token", secret(&self.token))?;
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
}

/// Left empty in a form, the one that stands stays.
fn secret(entry: &Entry) -> Result<Change<Secret>, Reason> {
    if *entry == Entry::Null {
        return Ok(Change::Clear);
    }
    match entry.verbatim()? {
        None => Ok(Change::Leave),
        Some(text) => text
            .parse()
            .map(Change::Set)
            .map_err(|why| Reason::Password { why }),
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
                "uri" => &mut draft.uri,
                "username" => &mut draft.username,
                "password" => &mut draft.password,
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
    fn a_telephone_has_a_uri_and_both_parts_of_a_login_or_neither() {
        let plain = draft(&[("type", "sip"), ("uri", "sip:bot@pbx.example.com?X-A=1")]);
        let (engine, secret) = over(&plain, &Engine::Builtin).unwrap();
        let sip = |username: Option<&str>| {
            Engine::Sip(Sip {
                uri: "sip:bot@pbx.example.com".parse().unwrap(),
                username: username.map(|name| name.parse().unwrap()),
            })
        };
        assert_eq!((&engine, secret), (&sip(None), Change::Clear));
        let login = draft(&[("username", "patch"), ("password", "s3cret")]);
        let (engine, secret) = over(&login, &engine).unwrap();
        assert_eq!(engine, sip(Some("patch")));
        assert_eq!(secret, Change::Set("s3cret".parse().unwrap()));
        let (same, secret) = over(&draft(&[("password", "")]), &engine).unwrap();
        assert_eq!((&same, secret), (&engine, Change::Leave));
        let (open, secret) = over(&draft(&[("username", "")]), &engine).unwrap();
        assert_eq!((open, secret), (sip(None), Change::Clear));
        for (fields, told) in [
            (vec![("type", "sip")], "engine.uri required"),
            (
                vec![("type", "sip"), ("uri", "bot")],
                "engine.uri bad_sip_uri",
            ),
            (
                vec![
                    ("type", "sip"),
                    ("uri", "sip:a@b.example"),
                    ("username", "x"),
                ],
                "engine.password credentials_missing",
            ),
            (
                vec![
                    ("type", "sip"),
                    ("uri", "sip:a@b.example"),
                    ("password", "x"),
                ],
                "engine.password credentials_missing",
            ),
            (
                vec![("type", "sip"), ("uri", "sip:a@b.example"), ("token", "x")],
                "engine.token not_for_this_kind",
            ),
        ] {
            assert_eq!(
                over(&draft(&fields), &Engine::Builtin),
                Err(vec![told.to_owned()])
            );
        }
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
