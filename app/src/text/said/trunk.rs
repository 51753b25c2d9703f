//! What is the matter with a trunk, and why it may not place a call, as sentences.

use super::short;
use crate::domain::outbound::{Forbidden, Registration, RegistrationState, Trouble};
use crate::text::Text;

impl Text {
    /// What the form of a trunk or a destination calls a field.
    pub(super) fn way_field(&self, path: &str) -> Option<&'static str> {
        let say = &self.ways_out;
        Some(match path {
            "host" => say.host,
            "port" => say.port,
            "transport" => say.transport,
            "digest" => say.digest,
            "username" => say.username,
            "caller_number" => say.caller_number,
            "country" => say.country,
            "number_format" => say.number_format,
            "caller_format" => say.caller_format,
            "from_user" => say.from_user,
            "from_host" => say.from_host,
            "auth_realm" => say.auth_realm,
            "assert" => say.assert,
            "codecs" => say.codecs,
            "prefix" => say.prefix,
            "outbound_proxy" => say.outbound_proxy,
            "max_cps" => say.calls_a_second,
            "daily_cap_minutes" => say.minutes_a_day,
            "allowed_regions" => say.allowed,
            "to" => say.call_number,
            "type" => self.handed_on.kind,
            "value" => self.handed_on.value,
            "mode" => self.handed_on.mode,
            "digit" => self.handed_on.key,
            "destination_id" => self.handed_on.existing,
            _ => return None,
        })
    }

    /// Why a trunk may not place a call.
    pub fn may_not_dial(&self, why: &Forbidden) -> String {
        let say = &self.outgoing;
        match why {
            Forbidden::Country { country } => (say.country_no)(country.map_or("–", self.country)),
            Forbidden::Premium => say.premium.to_owned(),
            Forbidden::Channels { limit } => (say.channels_full)(&limit.to_string()),
            Forbidden::Rate { limit } => (say.rate_full)(&limit.to_string()),
            Forbidden::DailyCap { limit } => (say.cap_full)(&limit.to_string()),
        }
    }

    /// Why the carrier does not have us registered, once it is known that it has not.
    pub fn registration(&self, shown: &Registration) -> Option<String> {
        let say = &self.outgoing;
        (shown.state == RegistrationState::Failed).then(|| match shown.status {
            None => say.register_silent.to_owned(),
            Some(401 | 407) => say.health_auth.to_owned(),
            Some(status) => (say.register_refused)(&status.to_string()),
        })
    }

    /// What is the matter with a trunk.
    pub fn trouble(&self, trouble: &Trouble) -> String {
        let say = &self.outgoing;
        match trouble {
            Trouble::NoAddress { host } => (say.health_no_address)(host),
            Trouble::OwnAddress { address } => (say.health_own_address)(address),
            Trouble::Unreachable { target, why } => (say.health_unreachable)(target, &short(why)),
            Trouble::Certificate { target, why } => (say.health_certificate)(target, &short(why)),
            Trouble::Status { status } => (say.health_status)(&status.to_string()),
            Trouble::Silent => say.health_silent.to_owned(),
            Trouble::AuthFailed => say.health_auth.to_owned(),
        }
    }
}
