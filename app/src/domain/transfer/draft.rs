//! What a form or a script says of a destination, and what it comes to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DestinationSettings, DestinationType, Place, TransferMode};
use crate::domain::draft::{Change, Entry};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::{Secret, SipUri, Username};
use crate::error::{FieldErrors, Reason};

/// As many characters a value has at most.
const VALUE: u32 = 500;

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
        let place = self.place(kind, same_kind, &mut errors);
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

    /// What its type has no use for counts for nothing, but is read like all that is sent: a mistake in it is told.
    fn place(
        &self,
        kind: Option<DestinationType>,
        base: Option<&DestinationSettings>,
        errors: &mut FieldErrors,
    ) -> Option<(Place, Change<Secret>)> {
        match kind {
            Some(DestinationType::Phone) => {
                let number = self.value_or(base).and_then(|text| {
                    text.parse::<PhoneNumber>()
                        .map_err(|why| Reason::PhoneNumber { found: text, why })
                });
                let number = errors.keep("value", number);
                self.sent_credentials(None, errors);
                Some((Place::Phone(number?), Change::Clear))
            }
            Some(DestinationType::Sip) => {
                let uri = self.value_or(base).and_then(|text| {
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
            Some(DestinationType::Hangup) | None => {
                errors.keep("value", self.value.lines(VALUE).map_err(Reason::from));
                self.sent_credentials(None, errors);
                kind.map(|_| (Place::Hangup, Change::Clear))
            }
        }
    }

    /// The value of a type that needs one, whose own parser judges its characters.
    fn value_or(&self, base: Option<&DestinationSettings>) -> Result<String, Reason> {
        match (self.value.change()?, base) {
            (Change::Set(text), _) => {
                let found = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                if found > VALUE {
                    return Err(Reason::TooLong { max: VALUE, found });
                }
                Ok(text.to_owned())
            }
            (Change::Leave, Some(base)) => Ok(base.place.value()),
            (Change::Leave | Change::Clear, _) => Err(Reason::Required),
        }
    }

    /// Both or neither.
    fn credentials(
        &self,
        old: Option<Username>,
        errors: &mut FieldErrors,
    ) -> Option<(Option<Username>, Change<Secret>)> {
        let had = old.is_some();
        let (username, sent) = self.sent_credentials(old, errors)?;
        let password = match sent {
            Some(secret) => Ok(Change::Set(secret)),
            None if username.is_none() => Ok(Change::Clear),
            None if had && self.password != Entry::Null => Ok(Change::Leave),
            None => Err(Reason::CredentialsMissing),
        };
        let password = errors.keep("password", password)?;
        if username.is_none() && matches!(password, Change::Set(_)) {
            errors.add("username", Reason::CredentialsMissing);
        }
        Some((username, password))
    }

    /// The username that results, and the password that was sent: each by itself.
    fn sent_credentials(
        &self,
        old: Option<Username>,
        errors: &mut FieldErrors,
    ) -> Option<(Option<Username>, Option<Secret>)> {
        let username = self
            .username
            .optional_or(old, |found, why| Reason::Username { found, why });
        let username = errors.keep("username", username);
        let password = self.password.verbatim().map_err(Reason::from);
        let password = password.and_then(|text| {
            let secret = text.map(str::parse::<Secret>).transpose();
            secret.map_err(|why| Reason::Password { why })
        });
        let password = errors.keep("password", password);
        Some((username?, password?))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn draft(sent: Value) -> DestinationDraft {
        serde_json::from_value(sent).unwrap()
    }

    fn told(read: Result<NewDestination, FieldErrors>) -> String {
        let errors = read.err().unwrap_or_default();
        let each = errors
            .iter()
            .map(|(field, reason)| format!("{field} {}", reason.code()));
        each.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_mistake_is_told_whatever_the_type_has_use_for() {
        let base = json!({ "name": "Sales", "type": "phone", "value": "+14155550177" });
        let base = draft(base).parse().unwrap().settings;
        let long = "9".repeat(501);
        let (number, uri) = ("+14155550177", "sip:a@b.example");
        for (sent, expect) in [
            (json!({ "type": "hangup" }), ""),
            (json!({ "type": "hangup", "value": long }), "value too_long"),
            (
                json!({ "type": "hangup", "value": "a\u{0}" }),
                "value forbidden_character",
            ),
            (
                json!({ "type": "hangup", "value": 1, "username": [], "password": true }),
                "value wrong_kind, username wrong_kind, password wrong_kind",
            ),
            (
                json!({ "type": "hangup", "username": "a\"b", "password": "a\nb" }),
                "username bad_username, password bad_password",
            ),
            (
                json!({ "type": "phone", "value": number, "username": "a\"b" }),
                "username bad_username",
            ),
            (
                json!({ "type": "phone", "value": "112", "username": "a\"b", "password": [] }),
                "value too_short, username bad_username, password wrong_kind",
            ),
            (json!({ "type": "phone", "value": long }), "value too_long"),
            (
                json!({ "type": "phone", "value": "+1415\u{0}5550177" }),
                "value not_a_number",
            ),
            (
                json!({ "type": "sip", "value": uri, "username": "a\"b", "password": "a\nb" }),
                "username bad_username, password bad_password",
            ),
            (
                json!({ "type": "sip", "value": uri, "username": "a\"b" }),
                "username bad_username",
            ),
            (
                json!({ "type": "sip", "value": "a@b", "username": "u" }),
                "value bad_sip_uri, password credentials_missing",
            ),
            (
                json!({ "type": "sip", "value": uri, "password": "p w" }),
                "username credentials_missing",
            ),
            (
                json!({ "type": "fax", "value": long, "username": "a\"b", "password": "a\nb" }),
                "type not_a_choice, value too_long, username bad_username, password bad_password",
            ),
        ] {
            let mut sent = draft(sent);
            sent.name = Entry::text("Desk");
            assert_eq!(told(sent.parse()), expect, "{sent:?}");
            assert_eq!(told(sent.over(&base)), expect, "{sent:?} over another");
        }
    }

    #[test]
    fn what_the_type_has_no_use_for_counts_for_nothing() {
        let login = json!({ "name": "Bye", "type": "hangup", "value": "x", "username": "u", "password": "p" });
        let bye = draft(login).parse().unwrap();
        assert_eq!(bye.settings.place, Place::Hangup);
        assert_eq!(bye.password, Change::Clear);
    }

    #[test]
    fn credentials_that_are_not_sent_stay_with_their_type() {
        let desk = json!({
            "name": "Desk", "type": "sip", "value": "sip:a@b.example", "username": "u", "password": "p",
        });
        let base = draft(desk).parse().unwrap().settings;
        let over = |sent: Value| draft(sent).over(&base).unwrap();
        let renamed = over(json!({ "name": "Night desk", "password": "" }));
        assert_eq!(renamed.settings.place, base.place);
        assert_eq!(renamed.password, Change::Leave);
        let open = over(json!({ "username": null }));
        assert_eq!(open.password, Change::Clear);
        let moved = over(json!({ "type": "phone", "value": "+14155550177" }));
        assert_eq!(moved.password, Change::Clear);
        let taken = draft(json!({ "password": null })).over(&base);
        assert_eq!(told(taken), "password credentials_missing");
    }
}
