//! The receipt: what was looked at, what was expected, what was found, and the near miss.
//! Facts only; `app::text` turns each note into a sentence.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::call::CallResult;
use crate::domain::country::Country;
use crate::domain::engine::EngineFault;
use crate::domain::outbound::Forbidden;
use crate::domain::phone::{PhoneNumber, ReadAs};
use crate::domain::sip::SourceNet;

/// The ordered list of checks that decided a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// In the order in which they were made; the last one decided.
    pub checks: Vec<Check>,
    /// What would have let the call through, if something close would have.
    pub near: Option<Near>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub step: Step,
    /// How it went.
    pub outcome: Outcome,
    /// What was expected and found.
    pub note: Note,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Whether the installation takes calls at all.
    Room,
    /// Who may come in.
    SignedIn,
    /// The agent header.
    AgentHeader,
    /// The dialled number.
    Number,
    /// Whose number it is.
    Agent,
    /// A common codec.
    Codec,
    /// Limits of trunk, access and agent.
    Lines,
    /// By which trunk a call goes out.
    Trunk,
    /// Whether the trunk may call that number.
    Allowed,
    /// Where the INVITE went.
    Target,
    /// What the carrier said.
    Carrier,
    /// Whether what speaks for the agent is there.
    Engine,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected: here the call stopped.
    Failed,
    /// Did not matter.
    Skipped,
}

/// What a check expected and found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
#[expect(
    missing_docs,
    reason = "the fields are the facts the variant's doc names"
)]
pub enum Note {
    /// Lines in use, of how many.
    Room { in_use: u32, limit: u32 },
    /// Going down.
    Draining,
    /// As many calls as may be.
    AllLinesInUse { limit: u32 },
    /// The right answer; the nonce may have been issued to another address.
    SignedIn {
        label: String,
        algorithm: String,
        source: IpAddr,
        moved_from: Option<IpAddr>,
    },
    /// Let in by its address.
    ByAddress {
        label: String,
        network: SourceNet,
        source: IpAddr,
    },
    /// Let in because a trunk of ours is registered where it came from.
    ByRegistration { label: String, source: IpAddr },
    /// No Authorization, and no access lets this address in without.
    NoPassword { source: IpAddr },
    /// As before, and everyone else is refused.
    SourceUnknown { source: IpAddr },
    /// Signed in, but may be used from other addresses only.
    OnlyFromElsewhere {
        label: String,
        source: IpAddr,
        allowed: Vec<SourceNet>,
    },
    /// The password does not fit.
    WrongPassword { username: String },
    /// No access is called so.
    NoSuchUsername { username: String },
    /// Too old an answer.
    StaleNonce,
    /// Signed in for one address, called another.
    UriMismatch { signed: String, called: String },
    /// Answered with MD5, which this access refuses.
    Md5Refused { label: String },
    /// The Authorization cannot be read.
    UnreadableSignIn { part: String },
    /// None was sent.
    NoAgentHeader,
    /// Sent, but this access's does not count.
    AgentHeaderNotHonoured { value: String, label: String },
    /// Names no agent.
    AgentHeaderUnknown { value: String },
    /// Names one that is switched off.
    AgentHeaderOff { name: String },
    /// Sent more than once.
    AgentHeaderTwice { count: u32 },
    /// Names an agent: it answers.
    AgentHeaderNames { name: String },
    /// Read as a number on the trunk.
    NumberRead {
        sent: String,
        number: PhoneNumber,
        form: ReadAs,
    },
    /// No reading of it is on the trunk.
    NumberUnknown {
        sent: String,
        tried: Vec<PhoneNumber>,
    },
    /// Two readings are on the trunk, so that neither counts.
    NumberAmbiguous {
        sent: String,
        hits: Vec<PhoneNumber>,
    },
    /// No number anywhere in the request.
    NoNumber { sent: String },
    /// There is no inbound trunk.
    NoTrunk,
    /// It is assigned to this agent.
    Assigned { name: String, number: PhoneNumber },
    /// The default agent takes it; `off` is the agent it belongs to, if that one is off.
    FellToDefault {
        name: String,
        number: PhoneNumber,
        off: Option<String>,
    },
    /// Nobody's, and no default agent.
    Unassigned { number: PhoneNumber },
    /// Its agent is off, and no default agent.
    AgentOff { name: String, number: PhoneNumber },
    /// Both can talk this.
    Codec { codec: String },
    /// Nothing in common.
    NoCommonCodec {
        offered: Vec<String>,
        /// What the trunk takes; nothing in receipts of older times.
        #[serde(default)]
        taken: Vec<String>,
    },
    /// Secure audio is wanted on one side and can't be had on the other.
    KeysDoNotFit,
    /// We offer.
    LateOffer,
    /// Within every limit.
    LineFree,
    /// The agent's engine did not answer.
    EngineDown { name: String, cause: EngineFault },
    /// It goes out by this trunk.
    GoesOutBy { label: String },
    /// A number of ours: the call stays inside.
    StaysInside { number: PhoneNumber },
    /// The trunk may call that country.
    MayCall { country: Country },
    /// The trunk may not place the call.
    MayNotCall { why: Forbidden },
    /// Tried there.
    Tried { target: String },
    /// Tried there, in vain.
    TriedInVain { target: String, why: String },
    /// The carrier's last word.
    CarrierSaid { status: u16, phrase: String },
}

/// What would have let the call through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
#[expect(
    missing_docs,
    reason = "the fields are the facts the variant's doc names"
)]
pub enum Near {
    /// It would be this number, were the access's country this one.
    WithCountry {
        number: PhoneNumber,
        country: Country,
    },
    /// It is in the inventory, but not on the trunk.
    NotOnTrunk { number: PhoneNumber },
    /// The address is known, but the call was not for its own endpoint name.
    OtherEndpointName {
        label: String,
        expected: String,
        found: String,
    },
}

/// Why a call is refused, before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is its own name; `console.md` §12 has the sentences"
)]
pub enum Refusal {
    WrongPassword,
    UnknownUsername,
    NoCredentials,
    SourceNotAllowed,
    SourceBlocked,
    UriMismatch,
    Md5Refused,
    NumberUnknown,
    NumberUnassigned,
    NoCodec,
    SecureAudio,
    InstallationFull,
    TrunkFull,
    AccessFull,
    AgentFull,
    Draining,
    EngineDown,
}

impl Refusal {
    /// Every one, for the way back from `code`.
    pub const ALL: [Self; 17] = [
        Self::WrongPassword,
        Self::UnknownUsername,
        Self::NoCredentials,
        Self::SourceNotAllowed,
        Self::SourceBlocked,
        Self::UriMismatch,
        Self::Md5Refused,
        Self::NumberUnknown,
        Self::NumberUnassigned,
        Self::NoCodec,
        Self::SecureAudio,
        Self::InstallationFull,
        Self::TrunkFull,
        Self::AccessFull,
        Self::AgentFull,
        Self::Draining,
        Self::EngineDown,
    ];

    /// Stable, for scripts, metrics and `Warning: 399`.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::UnknownUsername => "unknown_username",
            Self::NoCredentials => "no_credentials",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::SourceBlocked => "source_blocked",
            Self::UriMismatch => "uri_mismatch",
            Self::Md5Refused => "md5_refused",
            Self::NumberUnknown => "number_unknown",
            Self::NumberUnassigned => "number_unassigned",
            Self::NoCodec => "no_codec",
            Self::SecureAudio => "secure_audio",
            Self::InstallationFull => "installation_full",
            Self::TrunkFull => "trunk_full",
            Self::AccessFull => "access_full",
            Self::AgentFull => "agent_full",
            Self::Draining => "draining",
            Self::EngineDown => "engine_down",
        }
    }

    /// The SIP status it is answered with; a blocked source hears nothing at all.
    /// A wrong password, an unknown username, a mismatch and a refused algorithm look the same
    /// from outside: asked again (RFC 3261 §22.2).
    pub fn status(self) -> Option<u16> {
        match self {
            Self::SourceBlocked => None,
            Self::WrongPassword
            | Self::UnknownUsername
            | Self::NoCredentials
            | Self::UriMismatch
            | Self::Md5Refused => Some(401),
            Self::SourceNotAllowed => Some(403),
            Self::NumberUnknown => Some(404),
            Self::NumberUnassigned | Self::EngineDown => Some(480),
            Self::TrunkFull | Self::AccessFull | Self::AgentFull => Some(486),
            Self::NoCodec | Self::SecureAudio => Some(488),
            Self::InstallationFull | Self::Draining => Some(503),
        }
    }

    /// Whether who called had been let in, and so may be told why.
    pub fn peer_is_known(self) -> bool {
        matches!(
            self,
            Self::NumberUnknown
                | Self::NumberUnassigned
                | Self::EngineDown
                | Self::TrunkFull
                | Self::AccessFull
                | Self::AgentFull
                | Self::NoCodec
                | Self::SecureAudio
        )
    }

    /// Whose doing it was.
    pub fn result(self) -> CallResult {
        match self {
            Self::InstallationFull | Self::Draining | Self::EngineDown | Self::NumberUnassigned => {
                CallResult::ServerError
            }
            _ => CallResult::ClientError,
        }
    }
}
