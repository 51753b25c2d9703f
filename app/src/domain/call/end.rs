//! How a call ends: why, whose doing it was, and what the wire said.

use serde::{Deserialize, Serialize};

use crate::domain::routing::Refusal;
use crate::domain::words;

/// Whose doing an end was: five kinds that a metric can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// People talked, or could have.
    Success,
    /// The other side's doing: wrong password, unknown number, hung up while ringing.
    ClientError,
    /// Ours: no engine, a fault, a restart.
    ServerError,
    /// The carrier's behind an outbound trunk.
    UpstreamError,
    /// Nobody can tell.
    Indeterminate,
}
words!(
    CallResult,
    Success = "success",
    ClientError = "client_error",
    ServerError = "server_error",
    UpstreamError = "upstream_error",
    Indeterminate = "indeterminate",
);

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The caller said BYE.
    CallerHungUp,
    /// Whom we called said BYE.
    CalleeHungUp,
    /// The agent said goodbye.
    AgentHungUp,
    /// Someone ended it by console or API.
    OperatorHungUp,
    /// CANCEL before the answer.
    CallerGaveUp,
    /// No RTP for too long.
    MediaTimeout,
    /// The answer was never confirmed.
    NoAck,
    /// A session refresh failed (RFC 4028 §10).
    SessionExpired,
    /// It reached its longest time.
    MaxDuration,
    /// The agent's engine failed in mid-call.
    EngineFailed,
    /// The transport to the peer broke.
    PeerLost,
    /// The server went down at the drain limit.
    Drained,
    /// The server died; the row was closed at its next start.
    Interrupted,
    /// A fault of ours.
    Fault,
    /// The call was handed on, and this leg of it is over.
    HandedOn,
    /// 486 or 600: the callee talks to somebody else.
    Busy,
    /// 603: the callee does not want to.
    Declined,
    /// It rang, and nobody came.
    NoAnswer,
    /// The carrier refuses our username or password, or asks for one that we have not.
    AuthFailed,
    /// 403: the carrier does not allow it.
    Forbidden,
    /// The carrier does not know the number.
    NotFound,
    /// Nobody answers at the carrier's addresses, or it has none.
    Unreachable,
    /// The carrier's certificate is not to be trusted.
    TlsFailed,
    /// The carrier wants us to call somewhere else (3xx), which we do not.
    Redirected,
    /// The other side takes none of our codecs (488, 606), or answers with none.
    Incompatible,
    /// The carrier had a fault.
    CarrierError,
    /// The trunk may not call that country.
    CountryNotAllowed,
    /// A number that costs extra.
    PremiumNumber,
    /// A limit of the trunk is reached.
    LimitReached,
    /// The target is this server itself, or leads nowhere.
    OwnAddress,
    /// There is no outbound trunk to call a number by.
    NoTrunk,
    /// More legs would descend from one call than may.
    TooManyLegs,
    /// Its peer cannot be asked to call there by itself, and nothing else was wanted.
    NotReferable,
    /// A bot asked for somebody who is no destination of its agent's.
    NotADestination,
    /// A bot asked for the place of another call where that can't be taken.
    NotReplaceable,
    /// Refused before it began.
    Refused(Refusal),
}

impl EndReason {
    /// Stable, for scripts, metrics and the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller_hung_up",
            Self::CalleeHungUp => "callee_hung_up",
            Self::AgentHungUp => "agent_hung_up",
            Self::OperatorHungUp => "operator_hung_up",
            Self::CallerGaveUp => "caller_gave_up",
            Self::MediaTimeout => "media_timeout",
            Self::NoAck => "no_ack",
            Self::SessionExpired => "session_expired",
            Self::MaxDuration => "max_duration",
            Self::EngineFailed => "engine_failed",
            Self::PeerLost => "peer_lost",
            Self::Drained => "drained",
            Self::Interrupted => "interrupted",
            Self::Fault => "fault",
            Self::HandedOn => "handed_on",
            Self::Busy => "busy",
            Self::Declined => "declined",
            Self::NoAnswer => "no_answer",
            Self::AuthFailed => "auth_failed",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::TlsFailed => "tls_failed",
            Self::Redirected => "redirected",
            Self::Incompatible => "incompatible",
            Self::CarrierError => "carrier_error",
            Self::CountryNotAllowed => "country_not_allowed",
            Self::PremiumNumber => "premium_number",
            Self::LimitReached => "limit_reached",
            Self::OwnAddress => "own_address",
            Self::NoTrunk => "no_outbound_trunk",
            Self::TooManyLegs => "too_many_legs",
            Self::NotReferable => "not_referable",
            Self::NotADestination => "not_a_destination",
            Self::NotReplaceable => "not_replaceable",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// Every one there is.
    pub fn all() -> impl Iterator<Item = Self> {
        const PLAIN: [EndReason; 35] = [
            EndReason::CallerHungUp,
            EndReason::CalleeHungUp,
            EndReason::AgentHungUp,
            EndReason::OperatorHungUp,
            EndReason::CallerGaveUp,
            EndReason::MediaTimeout,
            EndReason::NoAck,
            EndReason::SessionExpired,
            EndReason::MaxDuration,
            EndReason::EngineFailed,
            EndReason::PeerLost,
            EndReason::Drained,
            EndReason::Interrupted,
            EndReason::Fault,
            EndReason::HandedOn,
            EndReason::Busy,
            EndReason::Declined,
            EndReason::NoAnswer,
            EndReason::AuthFailed,
            EndReason::Forbidden,
            EndReason::NotFound,
            EndReason::Unreachable,
            EndReason::TlsFailed,
            EndReason::Redirected,
            EndReason::Incompatible,
            EndReason::CarrierError,
            EndReason::CountryNotAllowed,
            EndReason::PremiumNumber,
            EndReason::LimitReached,
            EndReason::OwnAddress,
            EndReason::NoTrunk,
            EndReason::TooManyLegs,
            EndReason::NotReferable,
            EndReason::NotADestination,
            EndReason::NotReplaceable,
        ];
        PLAIN
            .into_iter()
            .chain(Refusal::ALL.into_iter().map(Self::Refused))
    }

    /// The way back from `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|reason| reason.code() == code)
    }

    /// Whose doing it was.
    pub fn result(self) -> CallResult {
        match self {
            Self::CallerHungUp
            | Self::CalleeHungUp
            | Self::AgentHungUp
            | Self::OperatorHungUp
            | Self::HandedOn
            | Self::MaxDuration => CallResult::Success,
            Self::CallerGaveUp
            | Self::MediaTimeout
            | Self::NoAck
            | Self::SessionExpired
            | Self::Busy
            | Self::Declined
            | Self::NoAnswer
            | Self::CountryNotAllowed
            | Self::PremiumNumber
            | Self::LimitReached
            | Self::OwnAddress
            | Self::NoTrunk
            | Self::TooManyLegs
            | Self::NotReferable
            | Self::NotADestination
            | Self::NotReplaceable => CallResult::ClientError,
            Self::AuthFailed
            | Self::Forbidden
            | Self::NotFound
            | Self::Unreachable
            | Self::TlsFailed
            | Self::Redirected
            | Self::Incompatible
            | Self::CarrierError => CallResult::UpstreamError,
            Self::EngineFailed | Self::Drained | Self::Fault => CallResult::ServerError,
            Self::PeerLost | Self::Interrupted => CallResult::Indeterminate,
            Self::Refused(refusal) => refusal.result(),
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// Whose doing it was.
    pub result: CallResult,
    /// Why.
    pub reason: EndReason,
    /// The SIP status that went out or came in, if one did.
    pub status: Option<u16>,
}

impl CallEnd {
    /// The end that follows from its reason.
    pub fn because(reason: EndReason) -> Self {
        let status = match reason {
            EndReason::Refused(refusal) => refusal.status(),
            EndReason::CallerGaveUp => Some(487),
            _ => None,
        };
        Self {
            result: reason.result(),
            reason,
            status,
        }
    }
}
