//! How many requests a key may make, here and under `/fn`, told in every answer.

use std::num::NonZeroU32;

use app::error::AppError;
use app::ports::{Caller, Who};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

/// One bucket a key. Only keys that exist have one, so that strangers can't make it grow.
pub struct Limits {
    buckets:
        RateLimiter<Uuid, DefaultKeyedStateStore<Uuid>, DefaultClock, StateInformationMiddleware>,
    per_minute: NonZeroU32,
}

impl Limits {
    /// So many requests a minute; all of them may come at once.
    #[must_use]
    pub fn per_minute(requests: u32) -> Self {
        let per_minute = NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute);
        let buckets = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self {
            buckets,
            per_minute,
        }
    }

    /// Counts a request of whom the door has let in: how many are left.
    pub(crate) fn count(&self, caller: Option<&Caller>) -> Result<u32, AppError> {
        let whose = match caller.map(|caller| &caller.who) {
            Some(Who::Key { id, .. }) => id.as_uuid(),
            Some(Who::User(user)) => user.id.as_uuid(),
            Some(Who::Operator | Who::Nobody) | None => Uuid::nil(),
        };
        self.take(whose)
            .map_err(|retry_after_s| AppError::TooMany { retry_after_s })
    }

    /// One of somebody's requests: how many are left, or how many seconds to wait.
    fn take(&self, whose: Uuid) -> Result<u32, u32> {
        let checked = self.buckets.check_key(&whose);
        checked
            .map(|state: StateSnapshot| state.remaining_burst_capacity())
            .map_err(|until| {
                let wait = until.wait_time_from(DefaultClock::default().now());
                u32::try_from(wait.as_secs())
                    .unwrap_or(u32::MAX)
                    .saturating_add(1)
            })
    }

    /// Says in an answer how many are left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap, left: u32) {
        let limit = self.per_minute.get();
        let spent = u64::from(limit.saturating_sub(left));
        let told = [
            ("ratelimit-limit", u64::from(limit)),
            ("ratelimit-remaining", u64::from(left)),
            ("ratelimit-reset", (spent * 60).div_ceil(u64::from(limit))),
        ];
        for (name, value) in told {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_bucket() {
        let limits = Limits::per_minute(2);
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!((limits.take(one), limits.take(one)), (Ok(1), Ok(0)));
        assert!(limits.take(one).is_err_and(|wait| (1..=31).contains(&wait)));
        assert_eq!(limits.take(two), Ok(1));
    }
}
