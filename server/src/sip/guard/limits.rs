//! How much one source may send, and who is ignored for a while.
//!
//! Requests inside a dialog and sources that signed in lately have a generous rate of their own,
//! so that a noisy neighbour behind the same address does not end running calls.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

/// Most sources remembered at a time; more share one rate.
const MANY: usize = 32_768;
/// How long a right password makes a source known.
const KNOWN_FOR_MS: i64 = 600_000;
/// Failures are counted over this time.
const FAILURE_WINDOW_MS: i64 = 600_000;

/// A steady rate with a burst on top.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub per_s: u32,
    pub burst: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct LimitsConfig {
    /// Requests outside a dialog.
    pub stranger: Rate,
    /// Sources known by a right password or an access, and requests in a dialog.
    pub known: Rate,
    /// Wrong passwords within ten minutes before a source is ignored.
    pub ban_after: u32,
    pub ban_ms: i64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            stranger: Rate {
                per_s: 20,
                burst: 60,
            },
            known: Rate {
                per_s: 500,
                burst: 2000,
            },
            ban_after: 10,
            ban_ms: 900_000,
        }
    }
}

/// Which of its two rates a message uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Stranger,
    Known,
}

pub struct Limits {
    config: LimitsConfig,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    each: HashMap<IpAddr, Source>,
    /// Everyone who found no place of his own.
    crowd: Source,
    swept_ms: i64,
}

#[derive(Clone, Copy, Default)]
struct Source {
    stranger: Bucket,
    known: Bucket,
    seen_ms: i64,
    right_ms: Option<i64>,
    failures: u32,
    failing_since_ms: i64,
    banned_until_ms: i64,
}

/// Spent tokens, so that a default one is full.
#[derive(Clone, Copy, Default)]
struct Bucket {
    spent: f64,
    at_ms: i64,
}

impl Bucket {
    fn take(&mut self, rate: Rate, now_ms: i64) -> bool {
        let passed = f64::from(u32::try_from((now_ms - self.at_ms).max(0)).unwrap_or(u32::MAX));
        self.spent = (self.spent - passed * f64::from(rate.per_s) / 1000.0).max(0.0);
        self.at_ms = now_ms;
        let free = self.spent + 1.0 <= f64::from(rate.burst);
        if free {
            self.spent += 1.0;
        }
        free
    }
}

impl Limits {
    pub fn new(config: LimitsConfig) -> Self {
        Self {
            config,
            sources: Mutex::default(),
        }
    }

    /// May one more message of this class come from there?
    pub fn take(&self, source: IpAddr, class: Class, now_ms: i64) -> bool {
        self.with(source, now_ms, |entry, config| match class {
            Class::Stranger => entry.stranger.take(config.stranger, now_ms),
            Class::Known => entry.known.take(config.known, now_ms),
        })
    }

    pub fn is_banned(&self, source: IpAddr, now_ms: i64) -> bool {
        self.sources
            .lock()
            .each
            .get(&group(source))
            .is_some_and(|s| s.banned_until_ms > now_ms)
    }

    /// Has a right password come from there lately?
    pub fn is_known(&self, source: IpAddr, now_ms: i64) -> bool {
        let right = self
            .sources
            .lock()
            .each
            .get(&group(source))
            .and_then(|s| s.right_ms);
        right.is_some_and(|right| now_ms - right < KNOWN_FOR_MS)
    }

    /// A right password: forgives what went before.
    pub fn right(&self, source: IpAddr, now_ms: i64) {
        self.with(source, now_ms, |entry, _| {
            entry.right_ms = Some(now_ms);
            entry.failures = 0;
        });
    }

    /// A wrong one. Returns until when the source is ignored, if this was one too many.
    pub fn wrong(&self, source: IpAddr, now_ms: i64) -> Option<i64> {
        self.with(source, now_ms, |entry, config| {
            if now_ms - entry.failing_since_ms > FAILURE_WINDOW_MS {
                entry.failing_since_ms = now_ms;
                entry.failures = 0;
            }
            entry.failures += 1;
            if entry.failures < config.ban_after {
                return None;
            }
            entry.failures = 0;
            entry.banned_until_ms = now_ms + config.ban_ms;
            Some(entry.banned_until_ms)
        })
    }

    pub fn unban(&self, source: IpAddr) {
        if let Some(entry) = self.sources.lock().each.get_mut(&group(source)) {
            entry.banned_until_ms = 0;
            entry.failures = 0;
        }
    }

    fn with<T>(
        &self,
        source: IpAddr,
        now_ms: i64,
        change: impl FnOnce(&mut Source, &LimitsConfig) -> T,
    ) -> T {
        let key = group(source);
        let mut sources = self.sources.lock();
        // Sweeping is dear, and a flood of invented addresses would ask for it each time.
        let full = sources.each.len() >= MANY && !sources.each.contains_key(&key);
        if full && now_ms - sources.swept_ms >= 1_000 {
            sources.swept_ms = now_ms;
            sources.each.retain(|_, entry| entry.is_needed(now_ms));
        }
        let entry = if sources.each.len() < MANY || sources.each.contains_key(&key) {
            sources.each.entry(key).or_default()
        } else {
            &mut sources.crowd
        };
        entry.seen_ms = now_ms;
        change(entry, &self.config)
    }
}

impl Source {
    fn is_needed(&self, now_ms: i64) -> bool {
        now_ms - self.seen_ms < 10_000
            || self.banned_until_ms > now_ms
            || self
                .right_ms
                .is_some_and(|right| now_ms - right < KNOWN_FOR_MS)
    }
}

/// Whoever has one IPv6 address has the other 2^64 of its network too.
fn group(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn limits() -> Limits {
        Limits::new(LimitsConfig {
            stranger: Rate {
                per_s: 10,
                burst: 5,
            },
            known: Rate {
                per_s: 100,
                burst: 50,
            },
            ban_after: 3,
            ban_ms: 1000,
        })
    }

    fn ip(n: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from(n))
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limits = limits();
        let passed = |class, now| (0..100).filter(|_| limits.take(ip(1), class, now)).count();
        assert_eq!(passed(Class::Stranger, NOW), 5);
        assert_eq!(passed(Class::Known, NOW), 50, "the other rate is its own");
        assert_eq!(passed(Class::Stranger, NOW + 200), 2);
        assert_eq!(passed(Class::Stranger, NOW + 60_000), 5);
        assert_eq!(
            passed(Class::Stranger, NOW),
            0,
            "a clock that goes back gives nothing"
        );
    }

    #[test]
    fn wrong_passwords_ban_for_a_while() {
        let limits = limits();
        assert_eq!(limits.wrong(ip(1), NOW), None);
        assert_eq!(limits.wrong(ip(1), NOW), None);
        assert_eq!(limits.wrong(ip(1), NOW), Some(NOW + 1000));
        assert!(limits.is_banned(ip(1), NOW + 999));
        assert!(!limits.is_banned(ip(1), NOW + 1000));
        assert!(!limits.is_banned(ip(2), NOW));
        limits.wrong(ip(1), NOW);
        limits.right(ip(1), NOW);
        limits.wrong(ip(1), NOW);
        assert_eq!(limits.wrong(ip(1), NOW), None, "a right one forgives");
        assert!(limits.is_known(ip(1), NOW + 1));
    }

    #[test]
    fn unbanning_works_at_once() {
        let limits = limits();
        for _ in 0..3 {
            limits.wrong(ip(1), NOW);
        }
        limits.unban(ip(1));
        assert!(!limits.is_banned(ip(1), NOW));
    }

    #[test]
    fn a_crowd_of_sources_cannot_make_it_grow() {
        let limits = limits();
        for n in 0..200_000 {
            limits.take(ip(n), Class::Stranger, NOW);
        }
        assert!(limits.sources.lock().each.len() <= MANY);
        assert!(
            !limits.take(ip(300_000), Class::Stranger, NOW),
            "the crowd shares one rate"
        );
        assert!(limits.take(ip(300_000), Class::Stranger, NOW + 60_000));
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        assert_eq!(
            group("2001:db8::1".parse().unwrap()),
            group("2001:db8::ffff:1".parse().unwrap())
        );
        assert_eq!(
            group("::ffff:192.0.2.1".parse().unwrap()),
            "192.0.2.1".parse::<IpAddr>().unwrap()
        );
    }
}
