//! What time it is, and fresh ids made from it.
//!
//! Time is a parameter everywhere: a use case takes a [`Clock`], never the wall's, so that tests can stand
//! still or jump 31 minutes. Knows nothing of what the ids are for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Ids that a millisecond has room for: the twelve bits behind it (RFC 9562 §5.7). Of more the last count as the next
/// millisecond's.
const PER_MS: u64 = 1 << 12;
/// Ids stay ahead of a clock that was put back by less.
const FAR_MS: u64 = 10_000;

/// Tells the time in unix milliseconds. Clones share one hand.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// When the last id was made: unix milliseconds, and in the lowest bits which one of that millisecond it was.
    System {
        last: AtomicU64,
    },
    Fixed {
        ms: AtomicI64,
        made: AtomicU64,
    },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System {
            last: AtomicU64::new(0),
        }))
    }

    /// A clock that stands at `ms` until [`Clock::advance`] moves it. Its ids are the same in every run.
    pub fn fixed(ms: i64) -> Self {
        Self(Arc::new(Source::Fixed {
            ms: AtomicI64::new(ms),
            made: AtomicU64::new(0),
        }))
    }

    /// Moves a fixed clock on; the machine's own is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed { ms, .. } = &*self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        match &*self.0 {
            Source::System { .. } => system_ms(),
            Source::Fixed { ms, .. } => ms.load(Ordering::SeqCst),
        }
    }

    /// A new UUID v7 (RFC 9562 §5.7): sorts by the time it was made, also among those of one millisecond (§6.2).
    pub fn new_uuid(&self) -> Uuid {
        let ms = u64::try_from(self.now_ms()).unwrap_or(0);
        let mut bytes = [0; 10];
        let ms = match &*self.0 {
            Source::System { last } => {
                let moment = after(last, ms);
                bytes = rand::random();
                let [.., high, low] = (moment % PER_MS).to_be_bytes();
                (bytes[0], bytes[1]) = (high, low);
                moment / PER_MS
            }
            Source::Fixed { made, .. } => {
                let count = made.fetch_add(1, Ordering::SeqCst) + 1;
                bytes[2..].copy_from_slice(&count.to_be_bytes());
                ms
            }
        };
        uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid()
    }

    /// A new id of the kind asked for: `clock.new_id::<CallId>()`.
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        Id::from(self.new_uuid())
    }
}

/// The next moment: now, or just after the last one. A clock that was put back far is followed.
fn after(last: &AtomicU64, ms: u64) -> u64 {
    let now = ms.saturating_mul(PER_MS);
    let next = |last: u64| match last.checked_sub(now) {
        Some(ahead) if ahead < FAR_MS * PER_MS => last + 1,
        _ => now,
    };
    let step = |last| Some(next(last));
    match last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
        Ok(last) | Err(last) => next(last),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the wall clock"
)]
fn system_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(1_000);
        let twin = clock.clone();
        assert_eq!(clock.now_ms(), 1_000);
        twin.advance(Duration::from_secs(2));
        assert_eq!(clock.now_ms(), 3_000);
    }

    #[test]
    fn ids_follow_a_clock_that_is_put_back_far_and_no_other() {
        let last = AtomicU64::new(0);
        let first = after(&last, 50_000);
        assert_eq!(first, 50_000 * PER_MS);
        assert_eq!(after(&last, 49_000), first + 1);
        assert_eq!(after(&last, 50_000), first + 2);
        assert_eq!(after(&last, 20_000), 20_000 * PER_MS);
    }

    #[test]
    fn ids_are_version_seven_sort_by_time_and_do_not_repeat() {
        for clock in [Clock::fixed(1_700_000_000_000), Clock::system()] {
            let first = clock.new_uuid();
            let second = clock.new_uuid();
            assert_eq!(first.get_version_num(), 7);
            assert_ne!(first, second);
        }
        let clock = Clock::system();
        let many: Vec<Uuid> = (0..20_000).map(|_| clock.clone().new_uuid()).collect();
        assert!(
            many.is_sorted_by(|one, next| one < next),
            "in one millisecond too"
        );
        let clock = Clock::fixed(1_700_000_000_000);
        let before = clock.new_uuid();
        clock.advance(Duration::from_millis(1));
        assert!(before < clock.new_uuid());
    }
}
