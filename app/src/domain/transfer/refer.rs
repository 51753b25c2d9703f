//! How a peer is asked to call a number by itself (RFC 3515).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::phone::PhoneNumber;
use crate::domain::sip::SipUri;

const NUMBER: &str = "{number}";
const HOST: &str = "{host}";

/// A SIP URI with `{number}` in the place of the number, and `{host}` for the peer's own host if it
/// is wanted there: `sip:{number}@{host}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReferForm(String);

/// Why a text is no such form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum InvalidReferForm {
    /// Where the number goes is not said, or said twice.
    #[error("must have {{number}} in it once, before the @")]
    Number,
    /// With a number and a host in it, it is no SIP URI.
    #[error("is not a SIP URI; write it like sip:{{number}}@{{host}}")]
    Uri,
}

impl ReferForm {
    /// The URI of a number at a peer; none if that peer's host makes none of it.
    pub fn fill(&self, number: &PhoneNumber, host: &str) -> Option<SipUri> {
        filled(&self.0, number.as_str(), host)
    }

    /// As it was entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn filled(form: &str, number: &str, host: &str) -> Option<SipUri> {
    form.replace(NUMBER, number)
        .replace(HOST, host)
        .parse()
        .ok()
}

impl FromStr for ReferForm {
    type Err = InvalidReferForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SAMPLE: &str = "+14155550100";
        let text = text.trim();
        let uri = filled(text, SAMPLE, "sip.example.com").ok_or(InvalidReferForm::Uri)?;
        let in_user = uri.user.is_some_and(|user| user.contains(SAMPLE));
        if !in_user || text.matches(NUMBER).count() != 1 {
            return Err(InvalidReferForm::Number);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ReferForm {
    type Error = InvalidReferForm;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ReferForm> for String {
    fn from(form: ReferForm) -> Self {
        form.0
    }
}

impl fmt::Display for ReferForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_one_place_for_the_number() {
        let number: PhoneNumber = "+12125550177".parse().unwrap();
        for (form, host, expect) in [
            (
                "sip:{number}@{host}",
                "10.0.0.5:5080",
                Some("sip:+12125550177@10.0.0.5:5080"),
            ),
            (
                "sip:9{number}@pbx.example.com;user=phone",
                "x",
                Some("sip:9+12125550177@pbx.example.com;user=phone"),
            ),
            (
                " sip:{number}@{host} ",
                "[2001:db8::1]",
                Some("sip:+12125550177@[2001:db8::1]"),
            ),
            ("sip:{number}@{host}", "no host", None),
        ] {
            let form: ReferForm = form.parse().unwrap();
            let uri = form.fill(&number, host).map(|uri| uri.to_string());
            assert_eq!(uri.as_deref(), expect, "{form}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (text, why) in [
            ("", InvalidReferForm::Uri),
            ("{number}", InvalidReferForm::Uri),
            ("sip:sales@{host}", InvalidReferForm::Number),
            ("sip:{number}{number}@{host}", InvalidReferForm::Number),
            ("sip:sales@{host};x={number}", InvalidReferForm::Number),
            ("sip:{number}@{host}\r\nX: y", InvalidReferForm::Uri),
            ("sip:{number}:secret@{host}", InvalidReferForm::Uri),
            ("tel:{number}", InvalidReferForm::Uri),
        ] {
            assert_eq!(text.parse::<ReferForm>(), Err(why), "{text}");
        }
    }
}
