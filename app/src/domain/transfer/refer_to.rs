//! Where a REFER asks a call to go (RFC 3515 §2.1), and whose place it is to take there (RFC 3891).

use std::str::FromStr;

use super::Place;
use crate::domain::phone::{PhoneNumber, readings};
use crate::domain::sip::{SipUri, unescaped};

/// What a Refer-To names, without what it asks to be put into the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferTo {
    /// Where to.
    pub target: ReferTarget,
    /// The call whose place is to be taken there: `call-id;to-tag=…;from-tag=…`.
    pub replaces: Option<String>,
}

/// A URI that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferTarget {
    /// A SIP URI.
    Sip(SipUri),
    /// A number (RFC 3966).
    Tel(PhoneNumber),
}

/// The text names nothing that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a SIP URI nor a number")]
pub struct InvalidReferTo;

impl ReferTo {
    /// Whether it leads to this place.
    pub fn means(&self, place: &Place) -> bool {
        match (&self.target, place) {
            (_, Place::Phone(number)) => self.numbers().contains(number),
            (ReferTarget::Sip(uri), Place::Sip(known, _)) => leads_to(uri, known),
            (ReferTarget::Tel(_), Place::Sip(..)) | (_, Place::Hangup) => false,
        }
    }

    /// The numbers it may be read as.
    pub fn numbers(&self) -> Vec<PhoneNumber> {
        match &self.target {
            ReferTarget::Tel(number) => vec![number.clone()],
            ReferTarget::Sip(uri) => {
                let user = uri.user.as_deref().unwrap_or_default();
                let read = readings(user, None).into_iter();
                read.map(|(_, number)| number).collect()
            }
        }
    }

    /// The key of a menu that it names: `sip:1@anywhere`, `sip:%23@anywhere`.
    pub fn key(&self) -> Option<char> {
        let ReferTarget::Sip(uri) = &self.target else {
            return None;
        };
        let user = unescaped(uri.user.as_deref()?)?;
        let mut characters = user.chars();
        match (characters.next(), characters.next()) {
            (Some(key @ ('0'..='9' | '*' | '#')), None) => Some(key),
            _ => None,
        }
    }

    /// As a place of its own.
    pub fn place(&self) -> Place {
        match &self.target {
            ReferTarget::Sip(uri) => Place::Sip(uri.clone(), None),
            ReferTarget::Tel(number) => Place::Phone(number.clone()),
        }
    }
}

/// The same user at the same host and port, and by the transport that is known if one is
/// (RFC 3261 §19.1.4, but that a usual port may be left out).
fn leads_to(uri: &SipUri, known: &SipUri) -> bool {
    let user = |uri: &SipUri| uri.user.as_deref().and_then(unescaped);
    let port = |uri: &SipUri| {
        let usual = uri.transport().or(known.transport());
        uri.port.unwrap_or(usual.unwrap_or_default().default_port())
    };
    let transport = known.transport();
    user(uri) == user(known)
        && uri.host == known.host
        && port(uri) == port(known)
        && (transport.is_none() || uri.transport() == transport)
}

impl FromStr for ReferTo {
    type Err = InvalidReferTo;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (scheme, number) = text.split_once(':').ok_or(InvalidReferTo)?;
        if scheme.eq_ignore_ascii_case("tel") {
            let mut read = readings(number, None).into_iter();
            let (_, number) = read.next().ok_or(InvalidReferTo)?;
            return Ok(Self {
                target: ReferTarget::Tel(number),
                replaces: None,
            });
        }
        let uri: SipUri = text.parse().map_err(|_| InvalidReferTo)?;
        Ok(Self {
            replaces: replaces(uri.headers()),
            target: ReferTarget::Sip(uri.without_headers()),
        })
    }
}

/// The Replaces header that a URI asks for, without its escapes.
fn replaces(headers: &str) -> Option<String> {
    let mut each = headers
        .split('&')
        .filter_map(|header| header.split_once('='));
    let (_, value) = each.find(|(name, _)| name.eq_ignore_ascii_case("Replaces"))?;
    let text = unescaped(value)?;
    let sound = !text.is_empty() && !text.contains(char::is_control);
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refer_to(text: &str) -> ReferTo {
        text.parse().unwrap()
    }

    fn sip(text: &str) -> Place {
        Place::Sip(text.parse().unwrap(), None)
    }

    #[test]
    fn an_address_is_meant_by_user_host_port_and_the_transport_it_names() {
        let plain = "sip:sales@pbx.example.com";
        for (named, known, expect) in [
            (plain, plain, true),
            ("sip:s%61les@PBX.example.com", plain, true),
            ("sip:sales@pbx.example.com:5060", plain, true),
            ("sip:sales@pbx.example.com;transport=tcp", plain, true),
            ("sip:sales@pbx.example.com:5070", plain, false),
            ("sip:Sales@pbx.example.com", plain, false),
            ("sip:pbx.example.com", plain, false),
            ("sip:sales@pbx.example.org", plain, false),
            (plain, "sip:sales@pbx.example.com:5070", false),
            (plain, "sip:sales@pbx.example.com;transport=tcp", false),
            (plain, "sips:sales@pbx.example.com", false),
            (
                "sip:sales@pbx.example.com;transport=TCP",
                "sip:sales@pbx.example.com:5060;transport=tcp",
                true,
            ),
            (
                "sips:sales@pbx.example.com:5061",
                "sips:sales@pbx.example.com",
                true,
            ),
            (
                "sip:sales@pbx.example.com;transport=tls",
                "sips:sales@pbx.example.com",
                true,
            ),
        ] {
            assert_eq!(
                refer_to(named).means(&sip(known)),
                expect,
                "{named} {known}"
            );
        }
    }

    #[test]
    fn a_number_is_meant_by_any_uri_that_has_it() {
        let place = Place::Phone("+12125550177".parse().unwrap());
        for (named, expect) in [
            ("tel:+12125550177", true),
            ("TEL:+1-212-555-0177;ext=4", true),
            ("sip:0012125550177@anywhere.example.com", true),
            ("sip:%2B12125550177@anywhere.example.com", true),
            ("tel:+12125550178", false),
            ("sip:sales@anywhere.example.com", false),
        ] {
            assert_eq!(refer_to(named).means(&place), expect, "{named}");
            assert!(!refer_to(named).means(&Place::Hangup), "{named}");
        }
        assert!(!refer_to("tel:+12125550177").means(&sip("sip:+12125550177@h.example")));
    }

    #[test]
    fn a_key_is_one_of_a_telephone() {
        for (named, key) in [
            ("sip:1@h.example", Some('1')),
            ("sip:*@h.example", Some('*')),
            ("sip:%2a@h.example", Some('*')),
            ("sip:%23@h.example", Some('#')),
            ("sip:%31@h.example", Some('1')),
            ("sip:12@h.example", None),
            ("sip:a@h.example", None),
            ("sip:%2@h.example", None),
            ("sip:%ff@h.example", None),
            ("sip:h.example", None),
            ("tel:+12125550177", None),
        ] {
            assert_eq!(refer_to(named).key(), key, "{named}");
        }
    }

    #[test]
    fn whose_place_is_taken_is_read_without_escapes() {
        let read = |headers: &str| refer_to(&format!("sip:a@h.example?{headers}")).replaces;
        let found = read("Subject=hi&replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2");
        assert_eq!(found.as_deref(), Some("a@b;to-tag=1;from-tag=2"));
        for broken in [
            "",
            "Replaces",
            "Replaces=",
            "Replaces=a%0d%0aX:y",
            "Replaces=%ff",
        ] {
            assert_eq!(read(broken), None, "{broken}");
        }
        assert_eq!(
            refer_to("sip:a@h.example?x=y").place(),
            sip("sip:a@h.example")
        );
    }

    #[test]
    fn what_can_not_be_called_is_none() {
        for text in [
            "",
            "nonsense",
            "tel:",
            "tel:sales",
            "mailto:a@b.example",
            "sip:",
        ] {
            assert_eq!(text.parse::<ReferTo>(), Err(InvalidReferTo), "{text}");
        }
    }
}
