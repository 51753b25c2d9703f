//! Wrong passwords: how long the next try has to wait.
//!
//! Counted per account and per source, in this process: a growing delay, not a lock,
//! so that nobody can shut another out for good. Knows nothing of HTTP or users; an
//! account that does not exist is delayed like one that does.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

/// After this long without a wrong try, everything is forgiven.
const FORGIVEN_AFTER_MS: i64 = 60 * 60 * 1000;
/// So many accounts and sources are remembered; beyond that the oldest go.
const MOST: usize = 10_000;

/// Who tried: an e-mail as typed (lower case), or where it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Source(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    wrong: u32,
    last_ms: i64,
}

/// The limits of `[sign_in]`.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub free_tries: u32,
    pub max_wait_s: u32,
}

impl Patience {
    /// Nothing, then one second, two, four … up to the limit.
    fn wait_ms(self, wrong: u32) -> i64 {
        if wrong < self.free_tries {
            return 0;
        }
        let doubled = 1_i64
            .checked_shl(wrong - self.free_tries)
            .filter(|seconds| *seconds > 0);
        doubled.unwrap_or(i64::MAX).min(i64::from(self.max_wait_s)) * 1000
    }
}

/// What is remembered of wrong passwords.
#[derive(Debug)]
pub struct Tries {
    patience: Patience,
    counts: Mutex<HashMap<Who, Count>>,
}

impl Tries {
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            counts: Mutex::default(),
        }
    }

    /// Counts a try that begins now as wrong until [`Self::right`] says otherwise (so
    /// that many at the same moment cannot all slip through), or says how many
    /// seconds to wait before the next.
    pub fn begin(&self, email: &str, source: IpAddr, now_ms: i64) -> Result<(), u32> {
        let who = [
            Who::Account(email.to_lowercase()),
            Who::Source(block(source)),
        ];
        let mut counts = self.counts.lock();
        let until = who
            .iter()
            .filter_map(|who| counts.get(who))
            .map(|count| self.until(*count, now_ms))
            .max();
        if let Some(until) = until.filter(|until| *until > now_ms) {
            let seconds = (until - now_ms + 999) / 1000;
            return Err(u32::try_from(seconds).unwrap_or(u32::MAX));
        }
        if counts.len() >= MOST {
            forget(&mut counts, now_ms);
        }
        for who in who {
            let count = counts.entry(who).or_insert(Count {
                wrong: 0,
                last_ms: now_ms,
            });
            if now_ms - count.last_ms > FORGIVEN_AFTER_MS {
                count.wrong = 0;
            }
            count.wrong = count.wrong.saturating_add(1);
            count.last_ms = now_ms;
        }
        Ok(())
    }

    /// The password was right. The source keeps the wrong tries it made before: one
    /// account of one's own must not buy guesses at others.
    pub fn right(&self, email: &str, source: IpAddr) {
        let mut counts = self.counts.lock();
        counts.remove(&Who::Account(email.to_lowercase()));
        if let Some(count) = counts.get_mut(&Who::Source(block(source))) {
            count.wrong = count.wrong.saturating_sub(1);
        }
    }

    fn until(&self, count: Count, now_ms: i64) -> i64 {
        if now_ms - count.last_ms > FORGIVEN_AFTER_MS {
            return 0;
        }
        count.last_ms + self.patience.wait_ms(count.wrong)
    }
}

/// One customer of an IPv6 provider has a /64 of addresses.
fn block(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => std::net::Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64)).into(),
    }
}

fn forget(counts: &mut HashMap<Who, Count>, now_ms: i64) {
    counts.retain(|_, count| now_ms - count.last_ms <= FORGIVEN_AFTER_MS);
    if counts.len() < MOST {
        return;
    }
    let mut times: Vec<i64> = counts.values().map(|count| count.last_ms).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    counts.retain(|_, count| count.last_ms > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn tries() -> Tries {
        Tries::new(Patience {
            free_tries: 3,
            max_wait_s: 60,
        })
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let tries = tries();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..12 {
            if let Err(seconds) = tries.begin("a@example.com", HERE, now) {
                waits.push(seconds);
                now += i64::from(seconds) * 1000;
                tries.begin("a@example.com", HERE, now).unwrap();
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn an_account_is_delayed_wherever_it_is_tried_and_a_source_whatever_it_tries() {
        let tries = tries();
        for _ in 0..3 {
            tries.begin("a@example.com", HERE, 0).unwrap();
        }
        assert_eq!(tries.begin("A@Example.com", THERE, 0), Err(1));
        assert_eq!(tries.begin("b@example.com", HERE, 0), Err(1));
        assert_eq!(tries.begin("b@example.com", THERE, 0), Ok(()));
    }

    #[test]
    fn the_right_password_forgives_the_account_but_not_the_source() {
        let tries = tries();
        for _ in 0..2 {
            tries.begin("a@example.com", HERE, 0).unwrap();
        }
        tries.begin("me@example.com", HERE, 0).unwrap();
        tries.right("me@example.com", HERE);
        tries.begin("me@example.com", HERE, 0).unwrap();
        assert!(tries.begin("me@example.com", HERE, 0).is_err());
    }

    #[test]
    fn an_hour_forgives_everything() {
        let tries = tries();
        for _ in 0..3 {
            tries.begin("a@example.com", HERE, 0).unwrap();
        }
        assert_eq!(
            tries.begin("a@example.com", HERE, FORGIVEN_AFTER_MS + 1),
            Ok(())
        );
        assert_eq!(
            tries.begin("a@example.com", HERE, FORGIVEN_AFTER_MS + 1),
            Ok(())
        );
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let tries = tries();
        for n in 0..30_000 {
            let source = IpAddr::V4(std::net::Ipv4Addr::from(n));
            tries
                .begin(&format!("{n}@example.com"), source, i64::from(n))
                .unwrap();
        }
        assert!(tries.counts.lock().len() <= MOST + 2);
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let tries = tries();
        for n in 0..3_u16 {
            let source = IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
            tries.begin(&format!("{n}@example.com"), source, 0).unwrap();
        }
        assert!(
            tries
                .begin("x@example.com", "2001:db8:0:1::ffff".parse().unwrap(), 0)
                .is_err()
        );
    }
}
