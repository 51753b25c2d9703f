//! What speaks for an agent, as the API shows and takes it.

use app::domain::engine::{self as domain, EngineType, StreamAuth};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::words;

/// What speaks for an agent. Which other fields there are depends on its type.
#[derive(Serialize, ToSchema)]
pub(super) struct Engine {
    #[schema(schema_with = engine_words)]
    r#type: &'static str,
    /// Of `stream` and `realtime`: where the bot or the model listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Of `stream`: how the bot knows us.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = auth_words, required = false)]
    auth: Option<&'static str>,
    /// Of `realtime`: which model, in which voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    /// Of `realtime`: whether there is a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_key: Option<bool>,
    /// Of `sip`: where it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// Of `sip`: the username its host may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
}

/// What speaks for an agent. Another type starts afresh; absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `EngineDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct ChosenEngine {
    #[schema(schema_with = engine_words, required = false)]
    r#type: Option<String>,
    /// Of `stream` and `realtime`: `wss://…`; `ws://…` and addresses beside this server if `engines.allow_private`
    /// allows it. Default of `realtime`: `wss://api.openai.com/v1/realtime`.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// Of `stream`: what is done with the token. Default: `bearer` if there is one, else `none`.
    #[schema(schema_with = auth_words, required = false)]
    auth: Option<String>,
    /// Of `stream`, what the bot knows us by; of `realtime`, the API key. Never returned.
    #[schema(max_length = 512)]
    token: Option<String>,
    /// Of `realtime`. Default: `gpt-realtime`.
    #[schema(min_length = 1, max_length = 120)]
    model: Option<String>,
    /// Of `realtime`. Default: `marin`.
    #[schema(min_length = 1, max_length = 120)]
    voice: Option<String>,
    /// Of `sip`: where it is called, such as `sip:bot@pbx.example.com`. It must lead out of this server, unless
    /// `sip.allow_local_targets` allows it.
    #[schema(max_length = 1024)]
    uri: Option<String>,
    /// Of `sip`: what its host, and nobody else, may ask for. With a password, or neither.
    #[schema(max_length = 64)]
    username: Option<String>,
    /// Of `sip`. Never returned.
    #[schema(max_length = 512)]
    password: Option<String>,
}

fn engine_words() -> utoipa::openapi::Object {
    words(EngineType::ALL.iter().map(|kind| kind.as_str()))
}

fn auth_words() -> utoipa::openapi::Object {
    words(StreamAuth::ALL.iter().map(|auth| auth.as_str()))
}

impl Engine {
    pub(super) fn of(engine: domain::Engine) -> Self {
        let mut shown = Self {
            r#type: engine.kind().as_str(),
            url: None,
            auth: None,
            model: None,
            voice: None,
            has_key: None,
            uri: None,
            username: None,
        };
        match engine {
            domain::Engine::Builtin => {}
            domain::Engine::Stream(stream) => {
                shown.url = Some(stream.url.to_string());
                shown.auth = Some(stream.auth.as_str());
            }
            domain::Engine::Realtime(realtime) => {
                shown.url = Some(realtime.url.to_string());
                shown.model = Some(realtime.model);
                shown.voice = Some(realtime.voice);
                shown.has_key = Some(realtime.has_key);
            }
            domain::Engine::Sip(sip) => {
                shown.uri = Some(sip.uri.to_string());
                shown.username = sip.username.map(|name| name.to_string());
            }
        }
        shown
    }
}
