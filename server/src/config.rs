//! Settings: built-in defaults ← `patchbay.toml` ← environment.
//!
//! `config.default.toml` is the manual and the list of known keys. Loading never
//! stops at the first problem: a bad value is noted, replaced by its default, and
//! reading goes on, so that one run names everything there is to mend.
//! Knows nothing of sockets or of the database.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Dict;

mod advice;
mod environment;
mod problem;
mod repair;
mod rules;
mod sections;
mod values;

pub use advice::advise;
pub use environment::Environment;
pub use problem::{Origin, Problem, Problems};
pub(crate) use repair::nearest;
pub use sections::{
    Config, Data, Database, Guard, Http, Limits, Log, Media, Regions, Retention, Shutdown, SignIn,
    Sip,
};
pub use values::{
    DatabaseUrl, DigestAlgorithm, InstanceName, List, LogFormat, Network, NotAsWanted, Optional,
    PortRange, PublicUrl,
};

/// The manual: every key with its meaning and default.
pub const MANUAL: &str = include_str!("../config.default.toml");

/// The file read when none is named.
pub const FILE: &str = "patchbay.toml";

/// What was read, from least to most important.
struct Layer {
    origin: fn(&str) -> Origin,
    values: Dict,
}

/// A configuration that holds, and what is unwise about it.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    /// Sentences for an operator; nothing here keeps the server from starting.
    pub advice: Vec<String>,
}

impl Config {
    /// The built-in defaults alone, which is what tests start from.
    pub fn built_in() -> Result<Self, Problems> {
        Self::load(None, &Environment::empty()).map(|loaded| loaded.config)
    }

    /// Reads the file (`None`: `patchbay.toml` if it is there) and the environment.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, Problems> {
        let mut problems = Problems::default();
        let defaults = parse("config.default.toml", MANUAL, &mut problems);
        let written = read_file(file, &mut problems);
        let set = environment.values();

        let figment = Figment::new()
            .merge(Nested(defaults.clone()))
            .merge(Nested(written.clone()))
            .merge(Nested(set.clone()));
        let merged = figment::Provider::data(&figment)
            .ok()
            .and_then(|mut profiles| profiles.remove(&figment::Profile::Default))
            .unwrap_or_default();

        let layers = [
            Layer {
                origin: |_| Origin::Manual,
                values: defaults.clone(),
            },
            Layer {
                origin: |_| Origin::File,
                values: written,
            },
            Layer {
                origin: |key| Origin::Variable(environment::variable(key)),
                values: set,
            },
        ];
        let config = repair::read(merged, &defaults, &layers, &mut problems);
        if let Some(config) = &config {
            rules::check(config, &mut problems);
        }
        match config {
            Some(config) if problems.is_empty() => {
                let mut advice = environment.ignored();
                advice.extend(advise(&config));
                Ok(Loaded { config, advice })
            }
            _ => Err(problems),
        }
    }
}

fn read_file(named: Option<&Path>, problems: &mut Problems) -> Dict {
    let path = named.map_or_else(|| PathBuf::from(FILE), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&path.display().to_string(), &text, problems),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            Dict::new()
        }
        Err(error) => {
            problems.add(Problem {
                key: path.display().to_string(),
                found: error.to_string(),
                allowed: "a readable file".into(),
                origin: Origin::CommandLine,
            });
            Dict::new()
        }
    }
}

fn parse(name: &str, text: &str, problems: &mut Problems) -> Dict {
    let read = figment::Provider::data(&Toml::string(text)).map(|mut profiles| {
        profiles
            .remove(&figment::Profile::Default)
            .unwrap_or_default()
    });
    read.unwrap_or_else(|error| {
        problems.add(Problem {
            key: name.to_owned(),
            found: first_line(&error),
            allowed: "TOML".into(),
            origin: Origin::File,
        });
        Dict::new()
    })
}

fn first_line(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A layer that is already a tree of values.
struct Nested(Dict);

impl figment::Provider for Nested {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named("settings")
    }

    fn data(&self) -> figment::error::Result<figment::value::Map<figment::Profile, Dict>> {
        Ok(std::iter::once((figment::Profile::Default, self.0.clone())).collect())
    }
}

#[cfg(test)]
mod tests;
