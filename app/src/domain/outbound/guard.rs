//! What a trunk may be used for. Pure: the form's explanation, the API and the edge ask the same.

use serde::{Deserialize, Serialize};

use super::OutboundSettings;
use crate::domain::country::Country;
use crate::domain::phone::PhoneNumber;

/// How busy a trunk is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busyness {
    /// Calls that run, whichever way they go.
    pub calls: u32,
    /// Calls of ours begun within the last second.
    pub begun: u32,
    /// Seconds talked since midnight, UTC, by calls of ours, running ones included.
    pub seconds_today: u64,
}

/// Why a call is not placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Forbidden {
    /// The number is in a country the trunk may not call.
    Country {
        /// Which; nothing for calling codes of no country.
        country: Option<Country>,
    },
    /// A number the callee is paid for, at the caller's cost.
    Premium,
    /// As many calls as may be.
    Channels {
        /// The most.
        limit: u32,
    },
    /// As many calls a second as may be.
    Rate {
        /// The most.
        limit: u32,
    },
    /// As many minutes a day as may be.
    DailyCap {
        /// The most.
        limit: u32,
    },
}

impl Forbidden {
    /// Stable, for scripts and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Country { .. } => "country_not_allowed",
            Self::Premium => "premium_number",
            Self::Channels { .. } | Self::Rate { .. } | Self::DailyCap { .. } => "limit_reached",
        }
    }
}

/// `Ok` if the trunk may call this number now. The numbering plan decides the country, not the
/// calling code: +1 is two dozen countries, some of them dear.
pub fn may_dial(
    trunk: &OutboundSettings,
    callee: &PhoneNumber,
    busy: Busyness,
) -> Result<(), Forbidden> {
    let limits = &trunk.limits;
    let country = Country::of_number(callee);
    if !country.is_some_and(|country| limits.allowed_regions.contains(&country)) {
        return Err(Forbidden::Country { country });
    }
    if callee.is_premium() {
        return Err(Forbidden::Premium);
    }
    if busy.calls >= limits.max_channels {
        let limit = limits.max_channels;
        return Err(Forbidden::Channels { limit });
    }
    if busy.begun >= limits.max_cps {
        let limit = limits.max_cps;
        return Err(Forbidden::Rate { limit });
    }
    match limits.daily_cap_minutes {
        Some(limit) if busy.seconds_today >= u64::from(limit) * 60 => {
            Err(Forbidden::DailyCap { limit })
        }
        _ => Ok(()),
    }
}
