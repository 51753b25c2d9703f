//! Who did not get in: a fixed table for people, whatever the network throws at it.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

/// Rows kept. The one seen longest ago makes room, unless it is blocked.
pub const ROWS: usize = 500;
/// Most characters kept of what strangers wrote.
const TEXT: usize = 64;

/// What went wrong last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Came without a password and never answered the challenge.
    NoPassword,
    WrongPassword,
    UnknownUsername,
    /// Signed for another number than it dialled.
    UriMismatch,
    /// Answered with MD5 for a credential that takes SHA-256 only.
    Md5Refused,
    /// An answer that cannot be read.
    UnreadableSignIn,
    /// Comes from a carrier's network but under another endpoint's name, or from nowhere allowed.
    SourceNotAllowed,
    /// A message that is no SIP, or broken.
    Malformed,
    /// Tried to register here.
    Register,
    /// Known scanning software.
    Scanner,
    /// More than its rate.
    TooFast,
    /// Asked for something we do not do.
    Unsupported,
}

impl Trouble {
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPassword => "no_password",
            Self::WrongPassword => "wrong_password",
            Self::UnknownUsername => "unknown_username",
            Self::UriMismatch => "uri_mismatch",
            Self::Md5Refused => "md5_refused",
            Self::UnreadableSignIn => "unreadable_sign_in",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::Malformed => "malformed",
            Self::Register => "register",
            Self::Scanner => "scanner",
            Self::TooFast => "too_fast",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether it came of an answer to a challenge.
    fn is_wrong_answer(self) -> bool {
        matches!(
            self,
            Self::WrongPassword
                | Self::UnknownUsername
                | Self::UriMismatch
                | Self::Md5Refused
                | Self::UnreadableSignIn
        )
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub address: IpAddr,
    /// User-Agent, if it said.
    pub software: Option<String>,
    /// The last number it dialled.
    pub dialled: Option<String>,
    pub trouble: Trouble,
    pub tries: u64,
    /// Unix milliseconds.
    pub first_ms: i64,
    pub last_ms: i64,
    /// Ignored until then.
    pub blocked_until_ms: Option<i64>,
}

/// One failed try, as the guard saw it.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    pub address: IpAddr,
    pub software: Option<&'a str>,
    pub dialled: Option<&'a str>,
    pub trouble: Trouble,
}

#[derive(Default)]
pub struct Sources {
    rows: Mutex<HashMap<IpAddr, Source>>,
}

impl Sources {
    pub fn note(&self, seen: Try<'_>, now_ms: i64) {
        let address = seen.address.to_canonical();
        let mut rows = self.rows.lock();
        if rows.len() >= ROWS && !rows.contains_key(&address) {
            evict(&mut rows, now_ms);
        }
        let row = rows.entry(address).or_insert_with(|| Source {
            address,
            software: None,
            dialled: None,
            trouble: seen.trouble,
            tries: 0,
            first_ms: now_ms,
            last_ms: now_ms,
            blocked_until_ms: None,
        });
        // Who is asked for a password and then gives a wrong one has tried once.
        let is_answer = row.trouble == Trouble::NoPassword && seen.trouble.is_wrong_answer();
        row.tries += u64::from(!is_answer);
        row.last_ms = now_ms;
        row.trouble = seen.trouble;
        keep(&mut row.software, seen.software);
        keep(&mut row.dialled, seen.dialled);
    }

    /// Marks a source as ignored until then.
    pub fn block(&self, address: IpAddr, until_ms: i64) {
        if let Some(row) = self.rows.lock().get_mut(&address.to_canonical()) {
            row.blocked_until_ms = Some(until_ms);
        }
    }

    /// Removes the mark; `false` if there is no such row.
    pub fn unblock(&self, address: IpAddr) -> bool {
        match self.rows.lock().get_mut(&address.to_canonical()) {
            Some(row) => {
                row.blocked_until_ms = None;
                true
            }
            None => false,
        }
    }

    /// Someone who got in is no stranger.
    pub fn forget(&self, address: IpAddr) {
        self.rows.lock().remove(&address.to_canonical());
    }

    /// All rows, the latest first.
    pub fn list(&self, now_ms: i64) -> Vec<Source> {
        let mut rows: Vec<Source> = self.rows.lock().values().cloned().collect();
        for row in &mut rows {
            row.blocked_until_ms = row.blocked_until_ms.filter(|until| *until > now_ms);
        }
        rows.sort_by_key(|row| (std::cmp::Reverse(row.last_ms), row.address));
        rows
    }
}

fn evict(rows: &mut HashMap<IpAddr, Source>, now_ms: i64) {
    let blocked = |row: &Source| row.blocked_until_ms.is_some_and(|until| until > now_ms);
    let oldest = rows
        .values()
        .min_by_key(|row| (blocked(row), row.last_ms))
        .map(|row| row.address);
    if let Some(oldest) = oldest {
        rows.remove(&oldest);
    }
}

/// Strangers choose these words: short, and nothing but visible characters.
fn keep(field: &mut Option<String>, text: Option<&str>) {
    let Some(text) = text else { return };
    let clean = || text.chars().filter(|c| !c.is_control()).take(TEXT);
    if field.as_deref().is_none_or(|old| !old.chars().eq(clean())) {
        *field = Some(clean().collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(n: u32, trouble: Trouble) -> Try<'static> {
        let address = IpAddr::from(std::net::Ipv4Addr::from(n));
        Try {
            address,
            software: Some("friendly\u{7}-scanner"),
            dialled: Some("100"),
            trouble,
        }
    }

    #[test]
    fn one_row_for_each_source() {
        let sources = Sources::default();
        sources.note(seen(1, Trouble::NoPassword), 10);
        sources.note(seen(1, Trouble::WrongPassword), 20);
        let rows = sources.list(20);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].tries, rows[0].trouble),
            (1, Trouble::WrongPassword),
            "the question and its answer are one"
        );
        assert_eq!(rows[0].software.as_deref(), Some("friendly-scanner"));
        assert_eq!((rows[0].first_ms, rows[0].last_ms), (10, 20));
        for trouble in [
            Trouble::NoPassword,
            Trouble::UnknownUsername,
            Trouble::UnknownUsername,
            Trouble::NoPassword,
            Trouble::NoPassword,
        ] {
            sources.note(seen(1, trouble), 30);
        }
        assert_eq!(sources.list(30)[0].tries, 5);
    }

    #[test]
    fn stays_at_its_size_and_keeps_the_blocked() {
        let sources = Sources::default();
        sources.note(seen(0, Trouble::WrongPassword), 0);
        sources.block(seen(0, Trouble::WrongPassword).address, 1_000_000);
        for n in 1..5_000 {
            sources.note(seen(n, Trouble::NoPassword), i64::from(n));
        }
        let rows = sources.list(5_000);
        assert_eq!(rows.len(), ROWS);
        assert_eq!(rows[0].last_ms, 4_999);
        assert!(rows.iter().any(|row| row.blocked_until_ms.is_some()));
        assert!(sources.unblock(seen(0, Trouble::NoPassword).address));
        assert!(!sources.unblock(seen(9_999, Trouble::NoPassword).address));
    }
}
