//! The way in: one trunk an installation, several accesses (who may come in), many
//! numbers. Knows what they are and what a form may say; nothing of sockets or SQL.

use serde::{Deserialize, Serialize};

use crate::domain::codec::CodecOrder;
use crate::domain::country::Country;
use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::TrunkId;
use crate::domain::sip::HeaderName;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

mod access;

pub use access::{Access, AccessDraft, AccessKind, AccessSettings, LastUse};

/// Which endpoint is shown to carriers. It stores a preference; every region's host works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// Global (auto-route).
    #[default]
    Global,
    /// US.
    Us,
    /// EU.
    Eu,
    /// APAC (India).
    Apac,
}

/// What becomes of a caller whom no access lets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherSources {
    /// Asked for the password.
    #[default]
    Digest,
    /// Refused.
    Refuse,
}

/// Where an access puts the dialled number (`design.md` §3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSource {
    /// Request-URI, then P-Called-Party-ID, then To: the first that is a number.
    #[default]
    Auto,
    /// The Request-URI alone.
    RequestUri,
    /// P-Called-Party-ID alone (RFC 7315 §4.2).
    CalledParty,
    /// The To header alone.
    To,
}

/// Whether audio is encrypted (SDES, RFC 4568).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// If the other side offers it.
    Optional,
    /// Or there is no call.
    Required,
}

words!(
    Region,
    Global = "global",
    Us = "us",
    Eu = "eu",
    Apac = "apac"
);
words!(OtherSources, Digest = "digest", Refuse = "refuse");
words!(
    NumberSource,
    Auto = "auto",
    RequestUri = "request_uri",
    CalledParty = "called_party",
    To = "to"
);
words!(
    Srtp,
    Off = "off",
    Optional = "optional",
    Required = "required"
);

/// What can be set on the inbound trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkSettings {
    /// Which endpoint is shown.
    pub region: Region,
    /// Noise suppression on the caller's side; the name is the reference API's.
    pub krisp_enabled: bool,
    /// Most calls at once over all accesses.
    pub max_channels: Option<u32>,
    /// What becomes of a caller whom no access lets in.
    pub other_sources: OtherSources,
    /// Reads national numbers where the access has no country of its own.
    pub country: Option<Country>,
    /// The header that may name the agent.
    pub agent_id_header: HeaderName,
    /// Which codecs are taken, the best first; none: any of ours, in the caller's order.
    pub codecs: Option<CodecOrder>,
}

/// The trunk as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundTrunk {
    /// Its id.
    pub id: TrunkId,
    /// What can be set.
    pub settings: TrunkSettings,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// What a form or a script says of the trunk. `phone_numbers` counts at creation only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `TrunkSettings`, as sent")]
pub struct TrunkDraft {
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub phone_numbers: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub region: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub krisp_enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_channels: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub other_sources: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub country: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent_id_header: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub codecs: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

impl TrunkDraft {
    /// The settings that result when this is said over `base`: absent leaves, null clears.
    pub fn over(&self, base: &TrunkSettings) -> Result<TrunkSettings, FieldErrors> {
        let mut errors = FieldErrors::new();
        let region = errors.keep("region", self.region.choice_or(base.region));
        let krisp = errors.keep(
            "krisp_enabled",
            self.krisp_enabled.switch_or(base.krisp_enabled),
        );
        let channels = errors.keep(
            "max_channels",
            self.max_channels
                .optional_integer_or(base.max_channels, 1, 100_000),
        );
        let others = errors.keep(
            "other_sources",
            self.other_sources.choice_or(base.other_sources),
        );
        let country = errors.keep(
            "country",
            self.country
                .optional_or(base.country, |found, _| Reason::NoSuch { found }),
        );
        let header = errors.keep(
            "agent_id_header",
            self.agent_id_header
                .parsed_or(base.agent_id_header.clone(), |found, why| {
                    Reason::HeaderName { found, why }
                }),
        );
        let codecs = CodecOrder::said(&self.codecs, base.codecs.as_ref(), &mut errors);
        let settings = (|| {
            Some(TrunkSettings {
                region: region?,
                krisp_enabled: krisp?,
                max_channels: channels?,
                other_sources: others?,
                country: country?,
                agent_id_header: header?,
                codecs: codecs?,
            })
        })();
        errors.none_or(settings)
    }
}
