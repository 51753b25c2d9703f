//! What time it is, and fresh ids made from it.
//!
//! Time is a parameter everywhere: a use case takes a [`Clock`], never the wall's, so that tests can stand
//! still or jump 31 minutes. Knows nothing of what the ids are for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Tells the time in unix milliseconds. Clones share one hand.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    Fixed { ms: AtomicI64, made: AtomicU64 },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System))
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
            Source::System => system_ms(),
            Source::Fixed { ms, .. } => ms.load(Ordering::SeqCst),
        }
    }

    /// A new UUID v7 (RFC 9562 §5.7): sorts by the time it was made.
    pub fn new_uuid(&self) -> Uuid {
        let random = match &*self.0 {
            Source::System => rand::random::<[u8; 10]>(),
            Source::Fixed { made, .. } => {
                let mut bytes = [0; 10];
                let count = made.fetch_add(1, Ordering::SeqCst) + 1;
                bytes[2..].copy_from_slice(&count.to_be_bytes());
                bytes
            }
        };
        let ms = u64::try_from(self.now_ms()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// A new id of the kind asked for: `clock.new_id::<CallId>()`.
    pub fn new_id<Id: From<Uuid>>(&self) -> Id {
        Id::from(self.new_uuid())
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
    fn ids_are_version_seven_sort_by_time_and_do_not_repeat() {
        for clock in [Clock::fixed(1_700_000_000_000), Clock::system()] {
            let first = clock.new_uuid();
            let second = clock.new_uuid();
            assert_eq!(first.get_version_num(), 7);
            assert_ne!(first, second);
        }
        let clock = Clock::fixed(1_700_000_000_000);
        let before = clock.new_uuid();
        clock.advance(Duration::from_millis(1));
        assert!(before < clock.new_uuid());
    }
}
