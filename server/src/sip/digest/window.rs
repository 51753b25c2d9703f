//! Counts each `(nonce, nc)` once (RFC 7616 §3.4.5), in any order within 32.
//!
//! Only right answers get here, so a stranger cannot make it grow; a nonce is forgotten when it
//! could not be answered any more.

use std::collections::HashMap;

use parking_lot::Mutex;

/// How far behind the highest count one may still arrive first.
const WINDOW: u32 = 32;
/// Fewer nonces than this are never swept.
const SWEEP_AT: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    First,
    Again,
}

#[derive(Clone, Copy)]
struct Seen {
    highest: u32,
    /// Bit n: `highest - n` was counted.
    below: u32,
    forget_at_ms: i64,
}

#[derive(Default)]
pub struct Replays {
    live: Mutex<Live>,
}

struct Live {
    seen: HashMap<[u8; 16], Seen>,
    /// Expired ones are swept when there are so many: twice what the last sweep left, so that
    /// thousands of calls a second cost one step each and not a walk over a minute's calls.
    sweep_at: usize,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            seen: HashMap::new(),
            sweep_at: SWEEP_AT,
        }
    }
}

impl Replays {
    pub fn count(&self, nonce: [u8; 16], nc: u32, forget_at_ms: i64, now_ms: i64) -> Use {
        let mut live = self.live.lock();
        if live.seen.len() >= live.sweep_at && !live.seen.contains_key(&nonce) {
            live.seen.retain(|_, entry| entry.forget_at_ms >= now_ms);
            live.sweep_at = SWEEP_AT.max(live.seen.len() * 2);
        }
        match live.seen.get_mut(&nonce) {
            None => {
                live.seen.insert(
                    nonce,
                    Seen {
                        highest: nc,
                        below: 1,
                        forget_at_ms,
                    },
                );
                Use::First
            }
            Some(entry) => entry.count(nc),
        }
    }
}

impl Seen {
    fn count(&mut self, nc: u32) -> Use {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.below = if ahead < WINDOW {
                self.below << ahead
            } else {
                0
            } | 1;
            self.highest = nc;
            return Use::First;
        }
        let behind = self.highest - nc;
        if behind >= WINDOW || self.below & (1 << behind) != 0 {
            return Use::Again;
        }
        self.below |= 1 << behind;
        Use::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(counts: &[u32]) -> Vec<Use> {
        let replays = Replays::default();
        counts
            .iter()
            .map(|nc| replays.count([7; 16], *nc, 60_000, 0))
            .collect()
    }

    #[test]
    fn counts_each_once_in_any_order() {
        use Use::{Again, First};
        assert_eq!(uses(&[1, 2, 3]), [First, First, First]);
        assert_eq!(
            uses(&[3, 1, 2, 2, 1, 3]),
            [First, First, First, Again, Again, Again]
        );
        assert_eq!(
            uses(&[32, 1, 33, 1, 2]),
            [First, First, First, Again, First]
        );
    }

    #[test]
    fn refuses_what_fell_out_of_the_window() {
        assert_eq!(uses(&[40, 8, 9])[1..], [Use::Again, Use::First]);
        assert_eq!(uses(&[1, 100, 1])[2], Use::Again);
        assert_eq!(uses(&[0, u32::MAX, 0])[2], Use::Again);
    }

    #[test]
    fn forgets_nonces_nobody_can_answer_any_more() {
        let replays = Replays::default();
        for index in 0..5_000_u32 {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&index.to_be_bytes());
            let now = i64::from(index) * 1_000;
            replays.count(nonce, 1, now + 60_000, now);
        }
        assert!(replays.live.lock().seen.len() <= SWEEP_AT);
    }

    #[test]
    fn sweeps_seldom_while_many_are_live() {
        let replays = Replays::default();
        let mut sweeps = Vec::new();
        for index in 0..50_000_u32 {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&index.to_be_bytes());
            replays.count(nonce, 1, 60_000, 0);
            let next = replays.live.lock().sweep_at;
            if sweeps.last() != Some(&next) {
                sweeps.push(next);
            }
        }
        assert!(sweeps.len() < 8, "{sweeps:?}");
    }
}
