//! Who reads the page and how: theme, language, zone, the moment it is rendered, and the
//! way times and numbers look to them. Taken from cookies and the account, never guessed.

use leptos::prelude::*;

use crate::text::{Language, Text, text};

/// The colours of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the computer is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All, in the order of the form.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As cookie and attribute write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the cookie; anything else is the computer's choice.
    pub fn read(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.as_str() == text)
            .unwrap_or_default()
    }
}

/// The facts about a reader that a page needs; given by the server with each request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reader {
    /// The colours asked for.
    pub theme: Theme,
    /// The language asked for.
    pub language: Language,
    /// An IANA zone; nothing is UTC.
    pub zone: Option<String>,
    /// When the page is rendered, unix ms.
    pub now_ms: i64,
    /// The console's own address, such as `http://127.0.0.1:3000`, for scripts.
    pub base_url: String,
    /// Whether single keys are off in this browser.
    pub shortcuts_off: bool,
    /// Who is signed in, as the navigation names them.
    pub name: Option<String>,
    /// When the session ends unless it is used, unix ms; nothing where there is none.
    pub session_ends_ms: Option<i64>,
}

/// The reader of this page.
pub fn reader() -> Reader {
    use_context::<Reader>().unwrap_or_default()
}

impl Reader {
    /// `23 Nov 2026, 02:10:31 CET`
    pub fn date_time(&self, ms: i64) -> String {
        self.format(ms, self.language.text().time.date_time)
    }

    /// `02:10:31 CET`
    pub fn clock_time(&self, ms: i64) -> String {
        self.format(ms, "%H:%M:%S %Z")
    }

    /// Today only the time, else day and time: `02:10`, `23 Nov, 02:10`.
    pub fn short(&self, ms: i64) -> String {
        let day = |ms| self.format(ms, "%Y-%m-%d");
        if day(ms) == day(self.now_ms) {
            self.format(ms, "%H:%M %Z")
        } else {
            self.format(ms, self.language.text().time.day_time)
        }
    }

    /// Coarse and in words: `4 min ago`.
    pub fn ago(&self, ms: i64) -> String {
        let text = self.language.text();
        let seconds = (self.now_ms - ms).max(0) / 1000;
        match seconds {
            0..5 => text.time.just_now.to_owned(),
            5..60 => (text.time.seconds_ago)(&seconds.to_string()),
            60..3600 => (text.time.minutes_ago)(&(seconds / 60).to_string()),
            3600..86400 => (text.time.hours_ago)(&(seconds / 3600).to_string()),
            _ => self.short(ms),
        }
    }

    #[cfg(feature = "ssr")]
    fn format(&self, ms: i64, pattern: &str) -> String {
        jiff::Timestamp::from_millisecond(ms)
            .unwrap_or_default()
            .to_zoned(self.time_zone())
            .strftime(pattern)
            .to_string()
    }

    /// Pages are rendered on the server only.
    #[cfg(not(feature = "ssr"))]
    #[expect(clippy::unused_self, reason = "the server's needs it")]
    fn format(&self, _ms: i64, _pattern: &str) -> String {
        String::new()
    }

    /// When a day such as `2026-11-23` begins for the reader, and when the next one does.
    #[cfg(feature = "ssr")]
    pub fn day(&self, text: &str) -> Option<(i64, i64)> {
        use jiff::{ToSpan, civil::Date};
        let zone = self.time_zone();
        let day: Date = text.parse().ok()?;
        let begins = |day: Date| {
            Some(
                day.to_zoned(zone.clone())
                    .ok()?
                    .timestamp()
                    .as_millisecond(),
            )
        };
        Some((begins(day)?, begins(day.checked_add(1.day()).ok()?)?))
    }

    #[cfg(feature = "ssr")]
    fn time_zone(&self) -> jiff::tz::TimeZone {
        self.zone
            .as_deref()
            .and_then(|name| jiff::tz::TimeZone::get(name).ok())
            .unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// `01:10:31 UTC`, for the carrier.
    pub fn utc_time(&self, ms: i64) -> String {
        let utc = Self {
            zone: None,
            ..self.clone()
        };
        utc.clock_time(ms)
    }

    /// RFC 3339 in UTC with milliseconds, for the carrier.
    pub fn machine_ms(&self, ms: i64) -> String {
        let utc = Self {
            zone: None,
            ..self.clone()
        };
        utc.format(ms, "%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// RFC 3339 in UTC, for `<time datetime>`.
    pub fn machine(&self, ms: i64) -> String {
        let utc = Self {
            zone: None,
            ..self.clone()
        };
        utc.format(ms, "%Y-%m-%dT%H:%M:%SZ")
    }
}

/// How long something took: `0.4 s`, `42 s`, `2 min 14 s`, `1 h 2 min`.
pub fn duration(ms: i64) -> String {
    spelled(ms, text())
}

fn spelled(ms: i64, text: &Text) -> String {
    let ms = ms.max(0);
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{seconds}{}{} s", text.time.decimal_mark, ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A number with the mark that this language sets before its decimals.
pub fn decimal(number: &str) -> String {
    number.replace('.', text().time.decimal_mark)
}

/// A place in a recording: `0:12`.
pub fn position(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A moment, exact in the attribute and the tooltip, coarse in the text.
#[component]
pub fn Ago(ms: i64) -> impl IntoView {
    let reader = reader();
    view! { <time datetime=reader.machine(ms) title=reader.date_time(ms)>{reader.ago(ms)}</time> }
}

/// A moment as a person would say it today.
#[component]
pub fn Moment(ms: i64) -> impl IntoView {
    let reader = reader();
    view! { <time datetime=reader.machine(ms) title=reader.date_time(ms)>{reader.short(ms)}</time> }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    const AT: i64 = 1_795_396_231_000; // 2026-11-23T01:10:31Z

    fn in_berlin(now_ms: i64) -> Reader {
        Reader {
            zone: Some("Europe/Berlin".to_owned()),
            now_ms,
            ..Reader::default()
        }
    }

    #[test]
    fn names_the_zone_it_speaks_in() {
        assert_eq!(in_berlin(AT).date_time(AT), "23 Nov 2026, 02:10:31 CET");
        assert_eq!(Reader::default().date_time(AT), "23 Nov 2026, 01:10:31 UTC");
        assert_eq!(in_berlin(AT).machine(AT), "2026-11-23T01:10:31Z");
    }

    #[test]
    fn a_day_begins_at_the_readers_midnight_and_may_have_23_hours() {
        const HOUR: i64 = 3_600_000;
        let midnight = 1_795_388_400_000; // 2026-11-22T23:00:00Z
        let day = in_berlin(AT).day("2026-11-23");
        assert_eq!(day, Some((midnight, midnight + 24 * HOUR)));
        let (from, to) = in_berlin(AT).day("2026-03-29").unwrap();
        assert_eq!(to - from, 23 * HOUR);
        for bad in ["", "2026-02-30", "yesterday", "2026-11-23\u{202e}"] {
            assert_eq!(in_berlin(AT).day(bad), None, "{bad}");
        }
    }

    #[test]
    fn takes_an_unknown_zone_for_utc() {
        let reader = Reader {
            zone: Some("Mars/Olympus".to_owned()),
            ..Reader::default()
        };
        assert_eq!(reader.clock_time(AT), "01:10:31 UTC");
    }

    #[test]
    fn says_how_long_ago_in_words() {
        for (after_s, said) in [
            (0, "just now"),
            (12, "12 s ago"),
            (240, "4 min ago"),
            (7300, "2 h ago"),
        ] {
            assert_eq!(in_berlin(AT + after_s * 1000).ago(AT), said);
        }
    }

    #[test]
    fn tells_lengths_without_noise() {
        for (ms, said) in [
            (400, "0.4 s"),
            (42_000, "42 s"),
            (134_000, "2 min 14 s"),
            (3_720_000, "1 h 2 min"),
        ] {
            assert_eq!(duration(ms), said);
        }
        assert_eq!(spelled(1_400, Language::German.text()), "1,4 s");
        assert_eq!(position(12_345), "0:12");
    }
}
