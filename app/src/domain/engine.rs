//! What speaks for an agent: which engines there are, what a form may say of one, and why one
//! could not be had.

mod draft;

use serde::{Deserialize, Serialize};

use crate::domain::sip::{SipUri, Username};
use crate::domain::url::SocketUrl;
use crate::domain::words;

pub use draft::EngineDraft;

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
    /// Whoever answers at a SIP URI.
    Sip(Sip),
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
    /// See [`Engine::Sip`].
    Sip,
}
words!(
    EngineType,
    Builtin = "builtin",
    Stream = "stream",
    Realtime = "realtime",
    Sip = "sip"
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

/// Where a bot has its telephone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sip {
    /// Its address.
    pub uri: SipUri,
    /// The username its host may ask for, never anybody else.
    pub username: Option<Username>,
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
    /// It talks with somebody else.
    Busy,
    /// It rang, and nobody answered.
    NoAnswer,
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
    Unresponsive = "unresponsive",
    Busy = "busy",
    NoAnswer = "no_answer"
);

impl Engine {
    /// Which one.
    pub fn kind(&self) -> EngineType {
        match self {
            Self::Builtin => EngineType::Builtin,
            Self::Stream(_) => EngineType::Stream,
            Self::Realtime(_) => EngineType::Realtime,
            Self::Sip(_) => EngineType::Sip,
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
