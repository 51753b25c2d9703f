//! Keys that were recognised a moment ago, so that a script that asks a thousand times a second does not have
//! each of them looked up. Whoever revokes a key may have to wait until nobody knows it any more ([`LEASE`]).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use app::domain::id::KeyId;
use app::error::Scope;
use parking_lot::Mutex;

/// A key is known for so long without being looked up. Another process that revokes it waits this long before it
/// says so.
pub(super) const LEASE: Duration = Duration::from_secs(1);

pub(super) type Hash = [u8; 32];

/// Who has a key, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) id: KeyId,
    pub(super) name: String,
    pub(super) scopes: Vec<Scope>,
}

#[derive(Default)]
pub(super) struct Known(Mutex<Book>);

#[derive(Default)]
struct Book {
    /// How often keys were forgotten.
    forgotten: u64,
    holders: HashMap<Hash, (Holder, Instant)>,
}

/// Taken before a key is looked up: what was read before a key was revoked is not kept after it.
pub(super) struct LookUp {
    forgotten: u64,
    began: Instant,
}

impl Known {
    pub(super) fn get(&self, hash: &Hash, now: Instant) -> Option<Holder> {
        let book = self.0.lock();
        let (holder, until) = book.holders.get(hash)?;
        (now < *until).then(|| holder.clone())
    }

    pub(super) fn look_up(&self, now: Instant) -> LookUp {
        LookUp {
            forgotten: self.0.lock().forgotten,
            began: now,
        }
    }

    pub(super) fn keep(&self, look_up: &LookUp, hash: Hash, holder: Holder) {
        let mut book = self.0.lock();
        if book.forgotten == look_up.forgotten {
            book.holders.insert(hash, (holder, look_up.began + LEASE));
        }
    }

    /// No key is known any more. Revoking is rare, and this cannot miss one.
    pub(super) fn forget(&self) {
        let mut book = self.0.lock();
        book.forgotten += 1;
        book.holders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            id: KeyId::from_uuid(uuid::Uuid::from_u128(1)),
            name: "ci".into(),
            scopes: vec![Scope::SipRead],
        }
    }

    const KEY: Hash = [1; 32];

    #[test]
    fn a_key_is_known_for_the_lease_from_when_it_was_asked_for() {
        let known = Known::default();
        let now = Instant::now();
        known.keep(&known.look_up(now), KEY, holder());
        assert_eq!(known.get(&KEY, now + LEASE / 2), Some(holder()));
        assert_eq!(known.get(&[2; 32], now), None);
        assert_eq!(known.get(&KEY, now + LEASE), None);
    }

    #[test]
    fn what_was_read_before_a_key_was_revoked_is_not_kept_after_it() {
        let known = Known::default();
        let now = Instant::now();
        let look_up = known.look_up(now);
        known.forget();
        known.keep(&look_up, KEY, holder());
        assert_eq!(known.get(&KEY, now), None);
        known.keep(&known.look_up(now), KEY, holder());
        known.forget();
        assert_eq!(known.get(&KEY, now), None);
    }
}
