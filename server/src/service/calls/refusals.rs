//! One row for many refusals alike, and only so many rows for strangers, so that a scanner
//! can fill neither the Inbox nor the disk.

use std::collections::HashMap;
use std::net::IpAddr;

use app::domain::call::{CallEnd, EndReason};
use app::domain::id::{AccessId, CallId};
use parking_lot::Mutex;

use super::NewCall;

/// Refusals within this time of the first are one row.
const TOGETHER_MS: i64 = 60_000;
/// As many rows a minute may strangers make.
const STRANGERS_A_MINUTE: u32 = 20;
/// The table is swept when it has grown to this.
const SWEEP_AT: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: HashMap<Alike, Row>,
    minute: i64,
    strangers: u32,
}

/// What makes two refusals the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Alike {
    reason: EndReason,
    access: Option<AccessId>,
    source: IpAddr,
    dialled: String,
}

#[derive(Debug)]
struct Row {
    id: CallId,
    since: i64,
    repeats: u32,
}

/// What becomes of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It gets a row.
    First,
    /// It is one more of a row that is there.
    Again { row: CallId, repeats: u32 },
    /// It is only counted.
    TooMany,
}

impl Refusals {
    pub(super) fn note(&self, new: &NewCall, end: CallEnd, known: bool) -> Noted {
        let alike = Alike {
            reason: end.reason,
            access: new.decision.access,
            source: new.invite.source,
            dialled: new.decision.sent_as.clone(),
        };
        self.0.lock().note(alike, new.id, new.received_at, known)
    }
}

impl Table {
    fn note(&mut self, alike: Alike, id: CallId, now: i64, known: bool) -> Noted {
        if let Some(row) = self.rows.get_mut(&alike)
            && now - row.since < TOGETHER_MS
        {
            row.repeats = row.repeats.saturating_add(1);
            return Noted::Again {
                row: row.id,
                repeats: row.repeats,
            };
        }
        if !known && !self.stranger_fits(now) {
            return Noted::TooMany;
        }
        if self.rows.len() >= SWEEP_AT {
            self.rows.retain(|_, row| now - row.since < TOGETHER_MS);
        }
        self.rows.insert(
            alike,
            Row {
                id,
                since: now,
                repeats: 1,
            },
        );
        Noted::First
    }

    fn stranger_fits(&mut self, now: i64) -> bool {
        let minute = now / TOGETHER_MS;
        if self.minute != minute {
            self.minute = minute;
            self.strangers = 0;
        }
        self.strangers = self.strangers.saturating_add(1);
        self.strangers <= STRANGERS_A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::domain::routing::Refusal;
    use uuid::Uuid;

    fn alike(dialled: &str) -> Alike {
        Alike {
            reason: EndReason::Refused(Refusal::NumberUnknown),
            access: None,
            source: IpAddr::from([192, 0, 2, 1]),
            dialled: dialled.to_owned(),
        }
    }

    fn id(n: u128) -> CallId {
        CallId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn refusals_alike_within_a_minute_are_one_row() {
        let mut table = Table::default();
        assert_eq!(table.note(alike("1"), id(1), 0, true), Noted::First);
        let again = Noted::Again {
            row: id(1),
            repeats: 2,
        };
        assert_eq!(table.note(alike("1"), id(2), 59_999, true), again);
        assert_eq!(table.note(alike("2"), id(3), 59_999, true), Noted::First);
        assert_eq!(table.note(alike("1"), id(4), 60_000, true), Noted::First);
    }

    #[test]
    fn strangers_get_so_many_rows_a_minute() {
        let mut table = Table::default();
        let rows = (0..1_000_u128)
            .filter(|n| table.note(alike(&n.to_string()), id(*n), 1_000, false) == Noted::First)
            .count();
        assert_eq!(rows, STRANGERS_A_MINUTE as usize);
        assert_eq!(table.note(alike("x"), id(9), 61_000, false), Noted::First);
    }

    #[test]
    fn the_table_does_not_grow_without_end() {
        let mut table = Table::default();
        for n in 0..20_000_u32 {
            let at = i64::from(n) * 100;
            table.note(alike(&n.to_string()), id(n.into()), at, true);
        }
        assert!(table.rows.len() <= SWEEP_AT + 1, "{}", table.rows.len());
    }
}
