//! What is wrong with a configuration: which key, what was found, what is allowed.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The built-in `config.default.toml`.
    Manual,
    File,
    /// An environment variable, by name.
    Variable(String),
    CommandLine,
    /// Two settings that do not go together.
    Together,
}

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `sip.rtp_ports`.
    pub key: String,
    /// The value as written.
    pub found: String,
    /// What would do.
    pub allowed: String,
    pub origin: Origin,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            found,
            allowed,
            origin,
        } = self;
        match origin {
            Origin::Variable(name) => write!(f, "{key} (from {name})")?,
            _ => f.write_str(key)?,
        }
        write!(f, ": found {found}; allowed: {allowed}")
    }
}

/// Everything that is wrong, in the order in which it was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "The configuration has {count} {noun}:")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}
