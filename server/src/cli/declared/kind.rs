//! The kinds of things a file may hold, and the drafts that read their fields: the same rules as the
//! form's and the API's.

use app::domain::agent::{AgentDraft, AgentSettings};
use app::domain::engine::EngineDraft;
use app::domain::inbound::{
    AccessDraft, AccessSettings, OtherSources, Region, TrunkDraft, TrunkSettings,
};
use app::domain::number::NumberDraft;
use app::domain::outbound::{OutboundDraft, OutboundSettings};
use app::domain::transfer::{DestinationDraft, DestinationSettings};
use app::error::FieldErrors;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::fields;

/// What stands for a password where only the rest of a draft is asked about.
pub(super) const SOME_PASSWORD: &str = "a password";

/// A kind of thing. In this order each refers only to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    InboundTrunk,
    Credential,
    Destination,
    OutboundTrunk,
    Agent,
    Number,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::InboundTrunk,
        Self::Credential,
        Self::Destination,
        Self::OutboundTrunk,
        Self::Agent,
        Self::Number,
    ];

    /// Its table in the file.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::InboundTrunk => "inbound_trunk",
            Self::Credential => "credential",
            Self::Destination => "destination",
            Self::OutboundTrunk => "outbound_trunk",
            Self::Agent => "agent",
            Self::Number => "number",
        }
    }

    /// The field a thing is known by; there is one inbound trunk, which needs none.
    pub(super) fn key(self) -> Option<&'static str> {
        match self {
            Self::InboundTrunk => None,
            Self::Credential => Some("label"),
            Self::Destination | Self::OutboundTrunk | Self::Agent => Some("name"),
            Self::Number => Some("phone_number"),
        }
    }

    /// Where the API has them.
    pub(super) fn path(self) -> &'static [&'static str] {
        match self {
            Self::InboundTrunk => &["phone", "sip", "inbound-trunk"],
            Self::Credential => &["phone", "sip", "inbound-trunk", "credentials"],
            Self::Destination => &["phone", "sip", "transfer-destinations"],
            Self::OutboundTrunk => &["phone", "sip", "outbound-trunks"],
            Self::Agent => &["phone"],
            Self::Number => &["phone", "numbers"],
        }
    }

    /// The fields the API's draft has under the same names.
    pub(super) fn plain_fields(self) -> Vec<&'static str> {
        let (all, not): (&[&str], &[&str]) = match self {
            Self::InboundTrunk => (fields::of::<TrunkDraft>(), &["phone_numbers"]),
            Self::Credential => (fields::of::<AccessDraft>(), &[]),
            Self::Destination => (fields::of::<DestinationDraft>(), &["password"]),
            Self::OutboundTrunk => (fields::of::<OutboundDraft>(), &["password"]),
            Self::Agent => (
                fields::of::<AgentDraft>(),
                &["failover_transfer_destination_id"],
            ),
            // Calls verify a number by themselves; a file that said otherwise would never be true.
            Self::Number => (fields::of::<NumberDraft>(), &["verified", "agent"]),
        };
        let hidden = |field: &&&str| **field != "version" && !not.contains(*field);
        let plain = all.iter().filter(hidden).copied();
        match self {
            Self::Number => ["phone_number"].into_iter().chain(plain).collect(),
            _ => plain.collect(),
        }
    }

    /// The field that says by reference where a password stands.
    pub(super) fn secret(self) -> Option<&'static str> {
        match self {
            Self::Destination | Self::OutboundTrunk => Some("password"),
            Self::Agent => Some("engine_token"),
            Self::InboundTrunk | Self::Credential | Self::Number => None,
        }
    }

    /// The fields that name something else, or hold a password by reference.
    pub(super) fn other_fields(self) -> &'static [&'static str] {
        match self {
            Self::InboundTrunk | Self::Credential => &[],
            Self::Destination | Self::OutboundTrunk => &["password"],
            Self::Agent => &["failover", "outbound_trunk", "destinations", "engine_token"],
            Self::Number => &["agent"],
        }
    }

    /// What is wrong with the plain fields of a new one.
    pub(super) fn check_new(self, new: &Map<String, Value>) -> Result<(), FieldErrors> {
        match self {
            Self::InboundTrunk => draft::<TrunkDraft>(new).over(&starting()).map(drop),
            Self::Credential => draft::<AccessDraft>(new).parse().map(drop),
            Self::Destination => draft::<DestinationDraft>(new).parse().map(drop),
            Self::OutboundTrunk => draft::<OutboundDraft>(new).parse().map(drop),
            Self::Agent => draft::<AgentDraft>(new).parse().map(drop),
            Self::Number => Ok(()),
        }
    }

    /// Whether one that stands would be another thing with these fields said over it.
    pub(super) fn differs(
        self,
        standing: &Map<String, Value>,
        said: &Map<String, Value>,
    ) -> Result<bool, FieldErrors> {
        match self {
            Self::InboundTrunk => {
                let base: TrunkSettings = draft::<TrunkDraft>(standing).over(&starting())?;
                Ok(draft::<TrunkDraft>(said).over(&base)? != base)
            }
            Self::Credential => {
                let base: AccessSettings = draft::<AccessDraft>(standing).parse()?;
                Ok(draft::<AccessDraft>(said).over(&base)? != base)
            }
            Self::Destination => {
                let base: DestinationSettings =
                    draft::<DestinationDraft>(&self.as_it_stands(standing))
                        .parse()?
                        .settings;
                Ok(draft::<DestinationDraft>(said).over(&base)?.settings != base)
            }
            Self::OutboundTrunk => {
                let base: OutboundSettings = draft::<OutboundDraft>(&self.as_it_stands(standing))
                    .parse()?
                    .settings;
                Ok(draft::<OutboundDraft>(said).over(&base)?.settings != base)
            }
            Self::Agent => {
                let base: AgentSettings = draft::<AgentDraft>(&self.as_it_stands(standing))
                    .parse()?
                    .settings;
                Ok(draft::<AgentDraft>(said).over(&base)?.settings != base)
            }
            Self::Number => Ok(said
                .iter()
                .any(|(field, value)| !same(value, standing.get(field).unwrap_or(&Value::Null)))),
        }
    }

    /// These fields with a password among them.
    pub(super) fn with_secret(
        self,
        mut fields: Map<String, Value>,
        secret: &str,
    ) -> Map<String, Value> {
        match self {
            Self::Agent => {
                let engine = fields.entry("engine").or_insert_with(|| json!({}));
                if let Some(engine) = engine.as_object_mut() {
                    let is_called = engine.get("type").is_some_and(|kind| kind == "sip");
                    let field = if is_called { "password" } else { "token" };
                    engine.insert(field.to_owned(), secret.into());
                }
            }
            _ => {
                fields.insert("password".to_owned(), secret.into());
            }
        }
        fields
    }

    /// Whether what the API shows has a password, which it never shows.
    pub(super) fn has_secret(self, shown: &Value) -> bool {
        match self {
            Self::Agent => {
                let engine = &shown["engine"];
                let auth = engine["auth"].as_str();
                engine["has_key"] == true
                    || auth.is_some_and(|auth| auth != "none")
                    || !is_blank(&engine["username"])
            }
            _ => !is_blank(&shown["username"]),
        }
    }

    /// One that stands, with some password where it has one.
    fn as_it_stands(self, standing: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = standing.clone();
        match self.secret().and_then(|field| fields.remove(field)) {
            Some(Value::Bool(true)) => self.with_secret(fields, SOME_PASSWORD),
            _ => fields,
        }
    }

    /// Whether a change of this field makes the stored password useless.
    pub(super) fn is_login(self, field: &str) -> bool {
        match self {
            Self::OutboundTrunk => matches!(field, "username" | "digest"),
            Self::Destination => matches!(field, "username" | "type"),
            Self::Agent => field == "engine",
            _ => false,
        }
    }
}

/// What a file says of an agent's engine: all but its secret, which is a field of its own.
pub(super) fn engine_fields() -> impl Iterator<Item = &'static str> {
    let all = fields::of::<EngineDraft>().iter().copied();
    all.filter(|field| !matches!(*field, "token" | "password"))
}

/// Nothing, however it is written.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Equal, or nothing on both sides.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || is_blank(one) && is_blank(other)
}

/// What a trunk starts from; the header's name is the server's own setting, any will do to compare.
fn starting() -> TrunkSettings {
    TrunkSettings {
        region: Region::default(),
        krisp_enabled: true,
        max_channels: None,
        other_sources: OtherSources::default(),
        country: None,
        agent_id_header: app::domain::sip::HeaderName::default(),
        codecs: None,
    }
}

/// A draft takes any value in any field, and refuses it by name when it is read.
fn draft<T: DeserializeOwned + Default>(fields: &Map<String, Value>) -> T {
    serde_json::from_value(Value::Object(fields.clone())).unwrap_or_default()
}
