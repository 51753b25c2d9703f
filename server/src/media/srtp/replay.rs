//! Which packets came already (RFC 3711 §3.3.2).

/// Packets looked back on; older ones are taken for replayed.
const WINDOW: u64 = 128;

/// The newest index of a stream and a bit for each one before it.
#[derive(Debug, Default)]
pub(super) struct Replay {
    newest: Option<u64>,
    seen: u128,
}

impl Replay {
    pub(super) fn newest(&self) -> Option<u64> {
        self.newest
    }

    pub(super) fn has_seen(&self, index: u64) -> bool {
        match self.newest {
            Some(newest) if index <= newest => {
                let back = newest - index;
                back >= WINDOW || self.seen >> back & 1 == 1
            }
            _ => false,
        }
    }

    /// Takes note of an index whose packet has proved itself.
    pub(super) fn note(&mut self, index: u64) {
        let newest = self.newest.unwrap_or(index);
        if index > newest {
            let ahead = index - newest;
            self.seen = u32::try_from(ahead)
                .ok()
                .and_then(|ahead| self.seen.checked_shl(ahead))
                .unwrap_or(0);
        }
        let newest = newest.max(index);
        self.newest = Some(newest);
        if newest - index < WINDOW {
            self.seen |= 1 << (newest - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_counts_once_and_old_ones_never() {
        let mut replay = Replay::default();
        for index in [500, 501, 503, 502, 700, 600, 573] {
            assert!(!replay.has_seen(index), "{index}");
            replay.note(index);
            assert!(replay.has_seen(index), "{index}");
        }
        assert!(replay.has_seen(572), "too old to tell");
        assert!(!replay.has_seen(574) && !replay.has_seen(701));
        replay.note(u64::MAX);
        assert!(replay.has_seen(700) && !replay.has_seen(u64::MAX - 1));
    }
}
