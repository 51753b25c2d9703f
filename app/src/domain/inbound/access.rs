//! One carrier's or PBX's right to come in: how it is recognised and how its calls are read.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{NumberSource, Srtp};
use crate::domain::country::Country;
use crate::domain::draft::{Change, Entry, EntryList};
use crate::domain::id::AccessId;
use crate::domain::sip::{PassedHeader, SourceNet};
use crate::domain::transfer::ReferForm;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

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
    /// Characters of the longest label.
    pub const LONGEST_LABEL: u8 = 80;

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

    /// Those of one that takes over from this one, beside others with these labels: "Carrier" is followed by
    /// "Carrier 2", that by "Carrier 3", or by the next that is free.
    pub fn successor(&self, taken: &[&str]) -> Self {
        let digits = |c: char| c.is_ascii_digit();
        let stem = self.label.trim_end_matches(digits);
        let own: Option<u32> = self.label[stem.len()..].parse().ok();
        let (stem, own) = own.map_or((&*self.label, 1), |own| (stem.trim_end(), own));
        let numbered = |n: u32| {
            let number = format!(" {n}");
            let room = usize::from(Self::LONGEST_LABEL).saturating_sub(number.len());
            let stem: String = stem.chars().take(room).collect();
            format!("{}{number}", stem.trim_end())
                .trim_start()
                .to_owned()
        };
        // One more than there are others: one of them is free.
        let label = (1..=u32::MAX)
            .map(|n| own.wrapping_add(n))
            .take(taken.len() + 1)
            .map(numbered)
            .find(|label| !taken.contains(&label.as_str()));
        Self {
            label: label.unwrap_or_default(),
            enabled: true,
            ..self.clone()
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
        let label = errors.keep(
            "label",
            self.label
                .line_or(&base.label, AccessSettings::LONGEST_LABEL.into()),
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn after(label: &str, taken: &[&str]) -> String {
        let settings = AccessSettings {
            label: label.to_owned(),
            ..AccessSettings::default_for(AccessKind::Digest)
        };
        settings.successor(taken).label
    }

    #[test]
    fn a_successor_has_the_next_number_that_is_free() {
        assert_eq!(after("Main", &["Main"]), "Main 2");
        assert_eq!(after("Main 2", &["Main", "Main 2"]), "Main 3");
        assert_eq!(after("Main", &["Main", "Main 2", "Main 3"]), "Main 4");
        assert_eq!(after("Main 3", &["Main", "Main 3"]), "Main 4");
        assert_eq!(after("2024", &["2024"]), "2025");
        let endless = "9".repeat(30);
        assert_eq!(after(&endless, &[&endless]), format!("{endless} 2"));
        let long = "ü".repeat(80);
        let next = after(&long, &[&long]);
        assert_eq!(next, format!("{} 2", "ü".repeat(78)));
    }

    #[test]
    fn a_successor_is_enabled_even_where_the_one_before_is_not() {
        let off = AccessSettings {
            enabled: false,
            country: Country::all().next(),
            ..AccessSettings::default_for(AccessKind::Digest)
        };
        let next = off.successor(&[]);
        assert!(next.enabled);
        assert_eq!(next.country, off.country);
    }
}
