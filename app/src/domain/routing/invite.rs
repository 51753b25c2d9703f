//! An INVITE as routing sees it: plain values, no headers.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::call::CallerId;
use crate::domain::codec::{AudioLine, CodecOrder};
use crate::domain::country::Country;
use crate::domain::id::{AccessId, OutboundTrunkId};
use crate::domain::inbound::Srtp;
use crate::domain::outbound::{OutboundAuth, OutboundTrunk};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::Transport;

/// An INVITE as routing sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invite {
    /// From where, behind trusted proxies the address they name.
    pub source: IpAddr,
    /// Over what.
    pub transport: Transport,
    /// What its Authorization proved.
    pub proof: Proof,
    /// User part of the Request-URI as sent, empty if it has none.
    pub target_user: String,
    /// Host of the Request-URI as sent.
    pub target_host: String,
    /// User part of P-Called-Party-ID as sent.
    pub called_party: Option<String>,
    /// User part of To as sent.
    pub to_user: String,
    /// Every value of the agent header, in order.
    pub agent_headers: Vec<String>,
    /// What it can talk.
    pub media: MediaOffer,
    /// Who calls.
    pub caller: CallerId,
}

/// What the INVITE offers to talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaOffer {
    /// No SDP: we offer (RFC 3261 §13.2.1), and find out with the ACK.
    Late,
    /// An offer, with what it lists and how that may be talked.
    Codecs {
        /// Names as offered.
        offered: Vec<String>,
        /// Each line it may be talked on.
        lines: Vec<AudioLine>,
    },
}

/// What the Authorization of an INVITE proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// None was sent.
    Absent,
    /// The right answer for this access.
    Digest {
        /// Whose password it was.
        access: AccessId,
        /// `MD5` or `SHA-256`.
        algorithm: &'static str,
        /// The nonce was issued to this other address.
        moved_from: Option<IpAddr>,
    },
    /// None was needed: it came to the Contact that a trunk of ours registered, from its registrar.
    Registered(Box<Registered>),
    /// An answer that does not count.
    Failed(Failure),
    /// A route test that supposes the right answer for this username.
    Supposed {
        /// The username.
        username: String,
    },
}

/// The trunk by whose registration a call came, as far as routing cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Which.
    pub trunk: OutboundTrunkId,
    /// What the operator calls it.
    pub name: String,
    /// What the registrar knows us by, which is no dialled number even if it is of digits.
    pub username: Option<String>,
    /// Reads its national numbers.
    pub country: Option<Country>,
    /// The number that is meant where none was named.
    pub number: PhoneNumber,
    /// Whether audio is encrypted.
    pub srtp: Srtp,
    /// Which codecs are taken, the best first.
    pub codecs: Option<CodecOrder>,
    /// Most calls over it at once, whichever way they go.
    pub max_channels: u32,
}

impl From<&OutboundTrunk> for Registered {
    fn from(trunk: &OutboundTrunk) -> Self {
        let settings = &trunk.settings;
        Self {
            trunk: trunk.id,
            name: settings.name.clone(),
            username: match &settings.auth {
                OutboundAuth::Digest { username } => Some(username.to_string()),
                OutboundAuth::SourceIp => None,
            },
            country: settings.identity.country,
            number: settings.caller_number.clone(),
            srtp: settings.srtp,
            codecs: settings.codecs.clone(),
            max_channels: settings.limits.max_channels,
        }
    }
}

/// Why an answer to the challenge does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "failure")]
pub enum Failure {
    /// No access has this username, or it is disabled. To the peer it looks like the next.
    UnknownUsername {
        /// As sent.
        username: String,
    },
    /// The hash does not fit the password.
    WrongPassword {
        /// As sent.
        username: String,
        /// Whose username it is.
        access: AccessId,
    },
    /// MD5, where the access takes SHA-256 only. What it proved does not count.
    Md5Refused {
        /// Whose username it is.
        access: AccessId,
    },
    /// The nonce is too old, used up or not ours; the peer is asked again.
    Stale,
    /// Signed in for another address than was called.
    UriMismatch {
        /// In the Authorization.
        signed: String,
        /// In the request line.
        called: String,
    },
    /// A header that cannot be read, or an algorithm that is not offered.
    Unreadable {
        /// Which part.
        part: String,
    },
}
