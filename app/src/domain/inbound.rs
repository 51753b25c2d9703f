//! The way in: one trunk an installation, several accesses (who may come in), many
//! numbers. Knows what they are and what a form may say; nothing of sockets or SQL.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::codec::CodecOrder;
use crate::domain::country::Country;
use crate::domain::draft::{Change, Entry, EntryList};
use crate::domain::id::{AccessId, TrunkId};
use crate::domain::sip::{HeaderName, PassedHeader, SourceNet};
use crate::domain::transfer::ReferForm;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

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

/// One carrier's or PBX's right to come in. In the API: a credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// Its id.
    pub id: AccessId,
    /// What can be set.
    pub settings: AccessSettings,
    /// What lets it in, as generated.
    pub username: Option<String>,
    /// Its own endpoint name, the first label of a host under the endpoint's domain.
    pub endpoint_name: String,
    /// Who last came in by it.
    pub last_used: Option<LastUse>,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// Evidence that an access works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    /// Unix milliseconds.
    pub at: i64,
    /// From where.
    pub from: IpAddr,
}

/// How an access recognises who comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// By a generated username and password.
    #[default]
    Digest,
    /// By address.
    Network,
}
words!(AccessKind, Digest = "digest", Network = "network");

/// What can be set on an access.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of one form"
)]
pub struct AccessSettings {
    /// What the operator calls it. Unique.
    pub label: String,
    /// How it recognises who comes. Cannot be changed later.
    pub kind: AccessKind,
    /// For `network`: who is let in; never empty. For `digest`: the only addresses it may
    /// be used from; empty means anywhere.
    pub networks: Vec<SourceNet>,
    /// For `network`: only if the Request-URI's host is this access's endpoint name.
    pub own_endpoint_only: bool,
    /// Reads the national numbers it sends.
    pub country: Option<Country>,
    /// Whether its agent header counts. On for `digest`, off for `network`.
    pub agent_header: bool,
    /// Where it puts the dialled number.
    pub number_source: NumberSource,
    /// Most calls at once by this access.
    pub max_channels: Option<u32>,
    /// Whether audio is encrypted.
    pub srtp: Srtp,
    /// For `digest`: MD5 is refused.
    pub sha256_only: bool,
    /// For `digest`: the sign-in must be for the very Request-URI that was called.
    pub strict_uri: bool,
    /// How its peer is asked to call a number by itself; none: it never is.
    pub refer_form: Option<ReferForm>,
    /// Which of its headers the agent's engine is told.
    pub passed_headers: Vec<PassedHeader>,
    /// Off lets nobody in.
    pub enabled: bool,
}

impl AccessSettings {
    /// So many of its headers may be passed on.
    pub const MOST_PASSED_HEADERS: usize = 20;

    /// What an access of this kind starts from.
    pub fn default_for(kind: AccessKind) -> Self {
        Self {
            label: String::new(),
            kind,
            networks: Vec::new(),
            own_endpoint_only: kind == AccessKind::Network,
            country: None,
            agent_header: kind == AccessKind::Digest,
            number_source: NumberSource::Auto,
            max_channels: None,
            // Keys are taken over TLS alone; elsewhere this is the same as off.
            srtp: Srtp::Optional,
            sha256_only: false,
            strict_uri: false,
            refer_form: None,
            passed_headers: Vec::new(),
            enabled: true,
        }
    }
}

/// What a form or a script says of an access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `AccessSettings`, as sent")]
pub struct AccessDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub label: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub kind: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub networks: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub own_endpoint_only: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub country: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent_header: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub number_source: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_channels: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub srtp: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub sha256_only: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub strict_uri: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub refer_form: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub passed_headers: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

impl AccessDraft {
    /// A new access: the kind chosen gives the defaults.
    pub fn parse(&self) -> Result<AccessSettings, FieldErrors> {
        let kind = self
            .kind
            .choice_or(AccessKind::Digest)
            .map_err(|reason| FieldErrors::one("kind", reason))?;
        self.over(&AccessSettings::default_for(kind))
    }

    /// The settings that result when this is said over `base`: absent leaves, null clears.
    pub fn over(&self, base: &AccessSettings) -> Result<AccessSettings, FieldErrors> {
        let mut errors = FieldErrors::new();
        let label = errors.keep("label", self.label.line_or(&base.label, 80));
        if errors
            .keep("kind", self.kind.choice_or(base.kind))
            .is_some_and(|kind| kind != base.kind)
        {
            errors.add("kind", Reason::NotForThisKind);
        }
        let networks = self.networks(base, &mut errors);
        let own_endpoint = errors.keep(
            "own_endpoint_only",
            self.own_endpoint_only.switch_or(base.own_endpoint_only),
        );
        let country = errors.keep(
            "country",
            self.country
                .optional_or(base.country, |found, _| Reason::NoSuch { found }),
        );
        let agent_header = errors.keep(
            "agent_header",
            self.agent_header.switch_or(base.agent_header),
        );
        let number_source = errors.keep(
            "number_source",
            self.number_source.choice_or(base.number_source),
        );
        let channels = errors.keep(
            "max_channels",
            self.max_channels
                .optional_integer_or(base.max_channels, 1, 100_000),
        );
        let srtp = errors.keep("srtp", self.srtp.choice_or(base.srtp));
        let sha256_only = errors.keep("sha256_only", self.sha256_only.switch_or(base.sha256_only));
        let strict_uri = errors.keep("strict_uri", self.strict_uri.switch_or(base.strict_uri));
        let refer_form = errors.keep(
            "refer_form",
            self.refer_form
                .optional_or(base.refer_form.clone(), |found, why| Reason::ReferForm {
                    found,
                    why,
                }),
        );
        let passed_headers = self.passed_headers(base, &mut errors);
        let enabled = errors.keep("enabled", self.enabled.switch_or(base.enabled));
        let settings = (|| {
            Some(AccessSettings {
                label: label?,
                kind: base.kind,
                networks: networks?,
                own_endpoint_only: own_endpoint?,
                country: country?,
                agent_header: agent_header?,
                number_source: number_source?,
                max_channels: channels?,
                srtp: srtp?,
                sha256_only: sha256_only?,
                strict_uri: strict_uri?,
                refer_form: refer_form?,
                passed_headers: passed_headers?,
                enabled: enabled?,
            })
        })();
        errors.none_or(settings)
    }

    /// Each name once: of two headers that go on under one name, only one would arrive.
    fn passed_headers(
        &self,
        base: &AccessSettings,
        errors: &mut FieldErrors,
    ) -> Option<Vec<PassedHeader>> {
        let change = self.passed_headers.change().map_err(Reason::from);
        let entries = match errors.keep("passed_headers", change)? {
            Change::Leave => return Some(base.passed_headers.clone()),
            Change::Clear => &[],
            Change::Set(entries) => entries,
        };
        let mut passed: Vec<PassedHeader> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let read = entry.required().map_err(Reason::from).and_then(|text| {
                text.parse::<PassedHeader>()
                    .map_err(|why| Reason::HeaderName {
                        found: text.to_owned(),
                        why,
                    })
            });
            if let Some(header) = errors.keep(format!("passed_headers.{index}"), read)
                && !passed.iter().any(|other| other.name == header.name)
            {
                passed.push(header);
            }
        }
        let found = u32::try_from(passed.len()).unwrap_or(u32::MAX);
        if passed.len() > AccessSettings::MOST_PASSED_HEADERS {
            let max = u32::try_from(AccessSettings::MOST_PASSED_HEADERS).unwrap_or(u32::MAX);
            errors.add("passed_headers", Reason::TooLong { max, found });
        }
        Some(passed)
    }

    /// A list that parses to nothing must never let everybody in, so that a network access
    /// without a valid range is refused here, at the door.
    fn networks(&self, base: &AccessSettings, errors: &mut FieldErrors) -> Option<Vec<SourceNet>> {
        let entries = match errors.keep("networks", self.networks.change().map_err(Reason::from))? {
            Change::Leave => {
                if base.kind == AccessKind::Network && base.networks.is_empty() {
                    errors.add("networks", Reason::Required);
                }
                return Some(base.networks.clone());
            }
            Change::Clear => &[],
            Change::Set(entries) => entries,
        };
        let mut nets: Vec<SourceNet> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let field = format!("networks.{index}");
            let parsed = entry.required().map_err(Reason::from).and_then(|text| {
                text.parse::<SourceNet>().map_err(|why| Reason::Network {
                    found: text.to_owned(),
                    why,
                })
            });
            if let Some(net) = errors.keep(field, parsed)
                && !nets.contains(&net)
            {
                nets.push(net);
            }
        }
        if base.kind == AccessKind::Network && nets.is_empty() && errors.is_empty() {
            errors.add("networks", Reason::Required);
        }
        Some(nets)
    }
}
