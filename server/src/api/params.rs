//! The query of a request: named filters, each once, none unknown.

use std::str::FromStr;

use app::domain::page::{Cursor, Limit};
use app::error::{FieldErrors, Reason};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::Api;
use super::problem::Problem;
use super::wire;

/// What is still to be read of a query. Read every parameter there is, then ask [`Params::done`].
#[derive(Debug, Default)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    errors: FieldErrors,
}

impl FromRequestParts<Api> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) =
            pairs.map_err(|_| Problem::Unreadable("the query is malformed".to_owned()))?;
        Ok(Self {
            pairs,
            errors: FieldErrors::new(),
        })
    }
}

impl Params {
    /// The text of a parameter; an empty one counts as absent. Nothing that is kept has a control character, and
    /// PostgreSQL takes no text with U+0000.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.raw(name).filter(|value| !value.is_empty())?;
        let forbidden = text.chars().find(|c| c.is_control());
        let checked = match forbidden {
            Some(character) => Err(Reason::ForbiddenCharacter { character }),
            None => Ok(text),
        };
        self.errors.keep(name, checked)
    }

    fn raw(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(each, _)| each == name)?;
        let (_, value) = self.pairs.remove(at);
        if self.pairs.iter().any(|(each, _)| each == name) {
            self.pairs.retain(|(each, _)| each != name);
            self.errors.add(
                name,
                Reason::Repeated {
                    found: value.clone(),
                },
            );
        }
        Some(value)
    }

    /// A parameter read by its own parser.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        because: impl FnOnce(String, T::Err) -> Reason,
    ) -> Option<T> {
        let text = self.raw(name)?;
        let parsed = text.parse().map_err(|why| because(text.clone(), why));
        self.errors.keep(name, parsed)
    }

    /// One of a few words.
    pub(super) fn word<T: FromStr<Err = Reason>>(&mut self, name: &str) -> Option<T> {
        self.parsed(name, |_, reason| reason)
    }

    /// The id of something.
    pub(super) fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.parsed(name, |found, _| Reason::NotAnId { found })
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, |found, _| {
            Reason::not_a_choice(&found, ["true", "false"])
        })
    }

    /// A time in RFC 3339, as unix milliseconds.
    pub(super) fn time(&mut self, name: &str) -> Option<i64> {
        // A `+` before the offset arrives as a blank when it was not escaped.
        let text = self.raw(name)?.replace(' ', "+");
        self.errors.keep(name, wire::moment(&text))
    }

    /// Part of a number; an unescaped `+` in front arrives as a blank.
    pub(super) fn number_part(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        Some(match text.strip_prefix(' ') {
            Some(digits) => format!("+{digits}"),
            None => text,
        })
    }

    /// How many items a page holds.
    pub(super) fn limit(&mut self) -> Option<Limit> {
        self.parsed("limit", |found, _| Reason::OutOfRange {
            min: 1,
            max: 100,
            found,
        })
    }

    /// Where the page starts.
    pub(super) fn cursor(&mut self) -> Option<Cursor> {
        self.id("cursor")
    }

    /// Refuses what was wrong and what is left over.
    pub(super) fn done(mut self) -> Result<(), Problem> {
        for (name, _) in self.pairs {
            self.errors.add(name, Reason::UnknownField);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.errors.into())
        }
    }
}
