//! What can go wrong, as a person or a script is told of it. The only place that says
//! which HTTP status a failure has. Holds no source error and no secret, so that any of
//! it may be shown to anyone; causes go to the log with the incident's id.

mod fields;
mod scope;
mod unavailable;

use std::fmt;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::domain::draft::Kind;
use crate::domain::id::{AgentId, IncidentId};
use crate::domain::phone::{InvalidPhoneNumber, PhoneNumber};
use crate::domain::sip::{
    InvalidHeaderName, InvalidHost, InvalidSecret, InvalidSipUri, InvalidSourceNet, InvalidUsername,
};
use crate::domain::transfer::InvalidReferForm;
use crate::domain::url::{InvalidUrl, UrlKind};

pub use fields::FieldErrors;
pub use scope::Scope;
pub use unavailable::Unavailable;

/// Every failure of a use case. `Clone + PartialEq + Serialize` because the browser
/// gets the very same value that the server made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub enum AppError {
    /// The body could not be read at all: not JSON, not a form, the wrong shape.
    Unreadable,
    /// Fields that break a rule, all of them at once.
    Invalid(FieldErrors),
    /// Nobody is signed in, or the key is unknown, revoked or expired.
    Unauthenticated,
    /// Who asks may not do this.
    Forbidden(Need),
    /// No such thing.
    NotFound(Thing),
    /// Something else holds what was asked for, or has changed meanwhile.
    Conflict(Conflict),
    /// Too many tries; come back after so many seconds.
    TooMany {
        /// Seconds until the next try is heard.
        retry_after_s: u32,
    },
    /// The database, the disk or a limit keeps this from being done now. Nothing was changed.
    Unavailable(Unavailable),
    /// A fault of ours. The log tells more under this id.
    Internal {
        /// Ties the answer to its log line.
        incident: IncidentId,
    },
    /// The browser could not reach the server.
    Offline,
}

impl AppError {
    /// The HTTP status, for the API, the pages and the server functions alike.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unreadable => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::Invalid(_) => 422,
            Self::TooMany { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable(_) | Self::Offline => 503,
        }
    }

    /// One field, one reason: the commonest refusal.
    pub fn field(field: impl Into<String>, reason: Reason) -> Self {
        Self::Invalid(FieldErrors::one(field, reason))
    }
}

impl fmt::Display for AppError {
    /// For logs only; people read `app::text`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(errors) => {
                write!(f, "invalid:")?;
                errors
                    .iter()
                    .try_for_each(|(field, reason)| write!(f, " {field} {}", reason.code()))
            }
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for AppError {}

impl From<FieldErrors> for AppError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Self::Offline,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self::Unreadable,
            _ => Self::Internal {
                incident: IncidentId::from_uuid(uuid::Uuid::nil()),
            },
        }
    }
}

/// What was missing for a caller to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A key or role with this scope.
    Scope(Scope),
    /// The request came from another site than the console's own.
    SameOrigin,
    /// Something only a signed-in person may do.
    SignedInUser,
}

/// The things that can be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is its own name")]
pub enum Thing {
    Page,
    InboundTrunk,
    OutboundTrunk,
    Access,
    Number,
    Agent,
    Destination,
    Call,
    Transfer,
    Recording,
    Source,
    User,
    Key,
    SetupLink,
    PasswordLink,
    Webhook,
    Delivery,
}

/// Why a change cannot be made as things stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Conflict {
    /// There is one inbound trunk an installation.
    TrunkExists,
    /// The number is answered by another agent.
    NumberHeld {
        /// The number.
        number: PhoneNumber,
        /// Who answers it.
        agent: AgentId,
        /// What that agent is called.
        name: String,
    },
    /// A sync would take these numbers off the trunk although agents answer them.
    NumbersAssigned {
        /// The numbers.
        numbers: Vec<PhoneNumber>,
    },
    /// The last enabled access cannot go.
    LastAccess,
    /// Somebody must be able to add people.
    LastAdmin,
    /// The agent still answers numbers.
    AgentInUse {
        /// The numbers.
        numbers: Vec<PhoneNumber>,
    },
    /// Somebody saved in between; the fields that differ, with what they are now.
    Changed {
        /// The version now stored.
        version: i64,
        /// Field and its value now.
        fields: Vec<(String, String)>,
    },
    /// The same idempotency key came with another body.
    IdempotencyKey,
    /// The first request with this idempotency key has no answer yet.
    StillAnswering,
    /// The first request with this idempotency key was carried out, and its answer was lost in a crash.
    AnswerLost,
    /// The first administrator exists.
    SetupDone,
    /// The call has ended already.
    CallEnded,
    /// The recording was sealed with another key than the server has.
    RecordingSealed,
    /// Agents place their calls by this trunk.
    OutboundInUse {
        /// Them.
        agents: Vec<(AgentId, String)>,
    },
    /// Agents may hand calls on to this destination, or fall back to it.
    DestinationInUse {
        /// Them.
        agents: Vec<(AgentId, String)>,
    },
    /// The agent has no outbound trunk to place the call by.
    NoOutboundTrunk,
    /// The destination is not assigned to the agent that has the call.
    NotAssigned,
    /// The call is in no state to be handed on: not answered yet, or being handed on.
    NotNow,
    /// Another destination of the agent has this key.
    DigitTaken {
        /// The key.
        digit: char,
        /// The destination.
        name: String,
    },
    /// The trunk may not place this call.
    MayNotDial {
        /// Why; it has a `code` of its own, so it stands in a field of its own.
        why: crate::domain::outbound::Forbidden,
    },
}

/// Why one field was refused. A reason, never a sentence; `app::text` has the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "detail")]
pub enum Reason {
    /// Nothing was given.
    Required,
    /// More characters than the field takes.
    TooLong {
        /// The most it takes.
        max: u32,
        /// What it has.
        found: u32,
    },
    /// Fewer characters than the field needs.
    TooShort {
        /// The fewest it needs.
        min: u32,
        /// What it has.
        found: u32,
    },
    /// A character that no such text may have, such as a line break.
    ForbiddenCharacter {
        /// The first of them.
        character: char,
    },
    /// A list or an object where one value belongs, or the reverse.
    WrongKind {
        /// What was sent.
        found: Kind,
    },
    /// None of the values allowed.
    NotAChoice {
        /// What was sent.
        found: String,
        /// What may be sent.
        allowed: Vec<String>,
    },
    /// Not a whole number.
    NotAnInteger {
        /// What was sent.
        found: String,
    },
    /// A whole number outside its range.
    OutOfRange {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What was sent.
        found: String,
    },
    /// Not an id.
    NotAnId {
        /// What was sent.
        found: String,
    },
    /// No such field.
    UnknownField,
    /// Not a phone number, and why.
    PhoneNumber {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidPhoneNumber,
    },
    /// Not an address range, and why.
    Network {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidSourceNet,
    },
    /// Not an IP address.
    NotAnAddress {
        /// What was sent.
        found: String,
    },
    /// Not a host, and why.
    Host {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidHost,
    },
    /// Not a header name, and why.
    HeaderName {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidHeaderName,
    },
    /// Not a SIP URI, and why.
    SipUri {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidSipUri,
    },
    /// Not a form of what a peer is asked to call, and why.
    ReferForm {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidReferForm,
    },
    /// Not the address of a service, and why.
    Url {
        /// Of which kind it should be.
        kind: UrlKind,
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidUrl,
    },
    /// A host that leads to an address which is not the public's.
    PrivateAddress {
        /// The host.
        found: String,
        /// The setting that allows it.
        setting: String,
    },
    /// A host that has no address.
    Unresolvable {
        /// The host.
        found: String,
    },
    /// Not an e-mail address.
    NotAnEmail {
        /// What was sent.
        found: String,
    },
    /// Another one is called so.
    Taken {
        /// What was sent.
        found: String,
    },
    /// Twice in the same list.
    Repeated {
        /// What was sent.
        found: String,
    },
    /// Named, but not there.
    NoSuch {
        /// What was sent.
        found: String,
    },
    /// This region has no host in the configuration; the setting's name.
    RegionWithoutHost {
        /// Such as `sip.regions.us`.
        setting: String,
    },
    /// What had to be typed before something is taken away was not.
    NotConfirmed {
        /// What has to be typed.
        wanted: String,
    },
    /// Not the password that is stored.
    WrongPassword,
    /// Does not fit the kind chosen (networks on a digest access, say).
    NotForThisKind,
    /// Not a username, and why.
    Username {
        /// What was sent.
        found: String,
        /// What is wrong with it.
        why: InvalidUsername,
    },
    /// Not a password, and why. What was sent is not repeated.
    Password {
        /// What is wrong with it.
        why: InvalidSecret,
    },
    /// Username or password is missing where both are needed.
    CredentialsMissing,
    /// The host is this server, or leads nowhere outside it.
    OwnAddress {
        /// What was sent.
        found: String,
        /// What it stands for.
        address: String,
    },
    /// Not a few keys of a telephone.
    NotDigits {
        /// What was sent.
        found: String,
    },
    /// With credentials of its own only a bridge keeps them here.
    BridgeOnly,
    /// Exactly one of two fields is to be sent.
    OneOf {
        /// The other one.
        other: String,
    },
    /// Another version than is named elsewhere in the request.
    OtherVersion {
        /// Where, such as `If-Match`.
        named_by: String,
    },
}

impl Reason {
    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong { .. } => "too_long",
            Self::TooShort { .. } => "too_short",
            Self::ForbiddenCharacter { .. } => "forbidden_character",
            Self::WrongKind { .. } => "wrong_kind",
            Self::NotAChoice { .. } => "not_a_choice",
            Self::NotAnInteger { .. } => "not_an_integer",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotAnId { .. } => "not_an_id",
            Self::UnknownField => "unknown_field",
            Self::PhoneNumber { why, .. } => why.code(),
            Self::Network { why, .. } => why.code(),
            Self::Host { .. } => "bad_host",
            Self::HeaderName { .. } => "bad_header_name",
            Self::SipUri { .. } => "bad_sip_uri",
            Self::ReferForm { .. } => "bad_refer_form",
            Self::Url { kind, .. } => match kind {
                UrlKind::Web => "bad_webhook_url",
                UrlKind::Socket => "bad_socket_url",
            },
            Self::PrivateAddress { .. } => "private_address",
            Self::Unresolvable { .. } => "unresolvable",
            Self::NotAnEmail { .. } => "not_an_email",
            Self::NotAnAddress { .. } => "not_an_address",
            Self::Taken { .. } => "taken",
            Self::Repeated { .. } => "repeated",
            Self::NoSuch { .. } => "no_such",
            Self::RegionWithoutHost { .. } => "region_without_host",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::WrongPassword => "wrong_password",
            Self::NotForThisKind => "not_for_this_kind",
            Self::Username { .. } => "bad_username",
            Self::Password { .. } => "bad_password",
            Self::CredentialsMissing => "credentials_missing",
            Self::OwnAddress { .. } => "own_address",
            Self::NotDigits { .. } => "not_digits",
            Self::BridgeOnly => "bridge_only",
            Self::OneOf { .. } => "one_of",
            Self::OtherVersion { .. } => "other_version",
        }
    }

    /// None of the values allowed.
    pub fn not_a_choice<'a>(found: &str, allowed: impl IntoIterator<Item = &'a str>) -> Self {
        Self::NotAChoice {
            found: found.to_owned(),
            allowed: allowed.into_iter().map(str::to_owned).collect(),
        }
    }
}
