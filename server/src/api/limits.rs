//! How many requests a key may make, told in every answer.

use std::num::NonZeroU32;

use app::error::AppError;
use app::ports::{Caller, Who};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::Api;
use super::problem::Problem;

/// One bucket a key. Only keys that exist have one, so that strangers can't make it grow.
pub(super) struct Limits {
    buckets:
        RateLimiter<Uuid, DefaultKeyedStateStore<Uuid>, DefaultClock, StateInformationMiddleware>,
    per_minute: NonZeroU32,
}

impl Limits {
    /// So many requests a minute; all of them may come at once.
    pub(super) fn per_minute(requests: u32) -> Self {
        let per_minute = NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute);
        let buckets = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self {
            buckets,
            per_minute,
        }
    }

    /// Counts one request: how many are left, or how many seconds to wait.
    fn count(&self, whose: Uuid) -> Result<u32, u32> {
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
    pub(super) fn tell(&self, headers: &mut HeaderMap, left: u32) {
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

/// Counts a request of whom [`super::callers::authenticate`] has let in: how many are left.
pub(super) fn count(api: &Api, request: &Request) -> Result<u32, Problem> {
    let caller = request.extensions().get::<Caller>();
    let whose = match caller.map(|caller| &caller.who) {
        Some(Who::Key { id, .. }) => id.as_uuid(),
        Some(Who::User(user)) => user.id.as_uuid(),
        Some(Who::Operator | Who::Nobody) | None => Uuid::nil(),
    };
    let counted = api.limits.count(whose);
    counted.map_err(|retry_after_s| Problem::App(AppError::TooMany { retry_after_s }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_bucket() {
        let limits = Limits::per_minute(2);
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!((limits.count(one), limits.count(one)), (Ok(1), Ok(0)));
        assert!(
            limits
                .count(one)
                .is_err_and(|wait| (1..=31).contains(&wait))
        );
        assert_eq!(limits.count(two), Ok(1));
    }
}
