//! Who let a call in, as far as the checks after that care: an access, or the registration of a
//! trunk.

use super::{AccessRoute, Registered};
use crate::domain::country::Country;
use crate::domain::id::AccessId;
use crate::domain::inbound::NumberSource;
use crate::domain::phone::PhoneNumber;

pub(super) struct Door<'a> {
    /// None where a registration did.
    pub(super) access: Option<AccessId>,
    pub(super) label: &'a str,
    /// What its peer knows us by, or we it.
    pub(super) username: Option<&'a str>,
    pub(super) country: Option<Country>,
    /// Whether its agent header counts.
    pub(super) agent_header: bool,
    pub(super) number_source: NumberSource,
    pub(super) max_channels: Option<u32>,
    /// The number that is meant where none was named.
    pub(super) own_number: Option<&'a PhoneNumber>,
}

impl<'a> From<&'a AccessRoute> for Door<'a> {
    fn from(access: &'a AccessRoute) -> Self {
        Self {
            access: Some(access.id),
            label: &access.label,
            username: access.username.as_deref(),
            country: access.country,
            agent_header: access.agent_header,
            number_source: access.number_source,
            max_channels: access.max_channels,
            own_number: None,
        }
    }
}

impl<'a> From<&'a Registered> for Door<'a> {
    fn from(by: &'a Registered) -> Self {
        Self {
            access: None,
            label: &by.name,
            username: by.username.as_deref(),
            country: by.country,
            // A carrier knows numbers; which agent answers is not its to choose.
            agent_header: false,
            number_source: NumberSource::Auto,
            max_channels: Some(by.max_channels),
            own_number: Some(&by.number),
        }
    }
}
