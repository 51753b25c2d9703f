//! What a form or a script says of a destination, and what it comes to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DestinationSettings, DestinationType, Place, TransferMode};
use crate::domain::draft::{Change, Entry};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::{Secret, SipUri, Username};
use crate::error::{FieldErrors, Reason};

/// What a form or a script says of a destination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `DestinationSettings`, as sent")]
pub struct DestinationDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub r#type: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub value: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub username: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub password: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub mode: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub keep_recording: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What a draft comes to: the settings, and what becomes of the password.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDestination {
    /// What can be read.
    pub settings: DestinationSettings,
    /// What can't: `Leave` keeps the stored one.
    pub password: Change<Secret>,
}

/// Which destination an agent is given: one that stands, or a new one. Exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssignDraft {
    /// One that stands.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub destination_id: Entry,
    /// A new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<DestinationDraft>,
    /// The key that chooses it.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub digit: Entry,
}

impl AssignDraft {
    /// The key, if one was named.
    pub fn digit(&self) -> Result<Option<char>, Reason> {
        self.digit
            .optional_or(None, |found, ()| {
                Reason::not_a_choice(&found, ["0", "1", "…", "9", "*", "#"])
            })
            .map(|key: Option<Key>| key.map(|key| key.0))
    }
}

impl DestinationDraft {
    /// A new destination.
    pub fn parse(&self) -> Result<NewDestination, FieldErrors> {
        self.read(None)
    }

    /// What results when this is said over `base`: absent leaves, null clears.
    pub fn over(&self, base: &DestinationSettings) -> Result<NewDestination, FieldErrors> {
        self.read(Some(base))
    }

    fn read(&self, base: Option<&DestinationSettings>) -> Result<NewDestination, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = errors.keep(
            "name",
            self.name.line_or(base.map_or("", |base| &base.name), 255),
        );
        let kind = match base {
            Some(base) => errors.keep("type", self.r#type.choice_or(base.place.kind())),
            None => errors.keep(
                "type",
                self.r#type
                    .required()
                    .map_err(Reason::from)
                    .and_then(DestinationType::from_str),
            ),
        };
        let same_kind = base.filter(|base| Some(base.place.kind()) == kind);
        let place = kind.and_then(|kind| self.place(kind, same_kind, &mut errors));
        let mode = errors.keep(
            "mode",
            self.mode
                .choice_or(base.map_or(TransferMode::Bridge, |base| base.mode)),
        );
        let keep = errors.keep(
            "keep_recording",
            self.keep_recording
                .switch_or(base.is_some_and(|base| base.keep_recording)),
        );
        if let (Some((Place::Sip(_, Some(_)), _)), Some(mode)) = (&place, mode)
            && mode != TransferMode::Bridge
        {
            // Only we may use them; the peer that would call there itself must never have them.
            errors.add("mode", Reason::BridgeOnly);
        }
        let new = (|| {
            let (place, password) = place?;
            Some(NewDestination {
                settings: DestinationSettings {
                    name: name?,
                    place,
                    mode: mode?,
                    keep_recording: keep?,
                },
                password,
            })
        })();
        errors.none_or(new)
    }

    fn place(
        &self,
        kind: DestinationType,
        base: Option<&DestinationSettings>,
        errors: &mut FieldErrors,
    ) -> Option<(Place, Change<Secret>)> {
        let standing = base.map(|base| base.place.value());
        let value = match (self.value.change(), standing) {
            (Ok(Change::Set(text)), _) if text.chars().count() > 500 => {
                let found = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                Err(Reason::TooLong { max: 500, found })
            }
            (Ok(Change::Set(text)), _) => Ok(text.to_owned()),
            (Ok(Change::Leave), Some(standing)) => Ok(standing),
            (Ok(_), _) => Err(Reason::Required),
            (Err(problem), _) => Err(problem.into()),
        };
        match kind {
            DestinationType::Hangup => Some((Place::Hangup, Change::Clear)),
            DestinationType::Phone => {
                let number = value.and_then(|text| {
                    text.parse::<PhoneNumber>()
                        .map_err(|why| Reason::PhoneNumber { found: text, why })
                });
                let number = errors.keep("value", number)?;
                Some((Place::Phone(number), Change::Clear))
            }
            DestinationType::Sip => {
                let uri = value.and_then(|text| {
                    text.parse::<SipUri>()
                        .map_err(|why| Reason::SipUri { found: text, why })
                });
                let uri = errors.keep("value", uri);
                let old = base.and_then(|base| match &base.place {
                    Place::Sip(_, username) => username.clone(),
                    Place::Phone(_) | Place::Hangup => None,
                });
                let (username, password) = self.credentials(old, errors)?;
                Some((Place::Sip(uri?, username), password))
            }
        }
    }

    /// Both or neither.
    fn credentials(
        &self,
        old: Option<Username>,
        errors: &mut FieldErrors,
    ) -> Option<(Option<Username>, Change<Secret>)> {
        let had = old.is_some();
        let username = errors.keep(
            "username",
            self.username
                .optional_or(old, |found, why| Reason::Username { found, why }),
        )?;
        let password = match self.password.verbatim().map_err(Reason::from) {
            Ok(Some(text)) => Secret::from_str(text)
                .map(Change::Set)
                .map_err(|why| Reason::Password { why }),
            Ok(None) if username.is_none() => Ok(Change::Clear),
            Ok(None) if had && self.password != Entry::Null => Ok(Change::Leave),
            Ok(None) => Err(Reason::CredentialsMissing),
            Err(reason) => Err(reason),
        };
        let password = errors.keep("password", password)?;
        if username.is_none() && matches!(password, Change::Set(_)) {
            errors.add("username", Reason::CredentialsMissing);
        }
        Some((username, password))
    }
}

/// A key of a telephone.
struct Key(char);

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(key @ ('0'..='9' | '*' | '#')), None) => Ok(Self(key)),
            _ => Err(()),
        }
    }
}
