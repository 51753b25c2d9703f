//! The fields of a form or a body that were refused, all of them at once.

use serde::{Deserialize, Serialize};

use super::Reason;

/// Fields in error, in the order in which the form shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldErrors(Vec<(String, Reason)>);

impl FieldErrors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Just this one.
    pub fn one(field: impl Into<String>, reason: Reason) -> Self {
        Self(vec![(field.into(), reason)])
    }

    /// Notes one more; the first reason of a field is the one that is shown.
    pub fn add(&mut self, field: impl Into<String>, reason: Reason) {
        self.0.push((field.into(), reason));
    }

    /// Adds what another parser refused.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Keeps the value, or notes the reason and goes on to the next field.
    pub fn keep<T>(&mut self, field: impl Into<String>, parsed: Result<T, Reason>) -> Option<T> {
        parsed.map_err(|reason| self.add(field, reason)).ok()
    }

    /// Why this field was refused.
    pub fn of(&self, field: &str) -> Option<&Reason> {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, reason)| reason)
    }

    /// Field paths (`numbers.0`) and reasons.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Reason)> {
        self.0
            .iter()
            .map(|(field, reason)| (field.as_str(), reason))
    }

    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many problems there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// `Ok` if nothing was refused.
    pub fn none_or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}
