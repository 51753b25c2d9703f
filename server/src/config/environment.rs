//! `PATCHBAY_SECTION__KEY`: the environment as a tree of settings.

use figment::util::nest;
use figment::value::{Dict, Value};

use super::MANUAL;

const PREFIX: &str = "PATCHBAY_";

/// A snapshot of the variables that are ours, taken once, so that loading is a
/// pure function of what it is given.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        }))
    }

    pub fn empty() -> Self {
        Self::default()
    }

    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut ours: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        ours.sort();
        Self(ours)
    }

    pub(super) fn values(&self) -> Dict {
        let mut tree = Value::from(Dict::new());
        for (key, value) in self.settings() {
            tree = merge(tree, nest(&key, scalar(value)));
        }
        tree.into_dict().unwrap_or_default()
    }

    /// Variables with our prefix that look like a setting with one underscore too few.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, _)| !name.contains("__"))
            .filter_map(|(name, _)| {
                let rest = name.strip_prefix(PREFIX)?.to_lowercase();
                let (section, key) = rest.split_once('_')?;
                MANUAL.contains(&format!("[{section}]")).then(|| {
                    format!(
                        "{name} is ignored: a setting is written {}.",
                        variable(&format!("{section}.{key}"))
                    )
                })
            })
            .collect()
    }

    fn settings(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(PREFIX)?;
            let key = rest
                .contains("__")
                .then(|| rest.to_lowercase().replace("__", "."))?;
            let whole = key.split('.').all(|part| !part.is_empty());
            whole.then_some((key, value.as_str()))
        })
    }
}

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// Numbers and switches are read as such, everything else is text: no value of
/// ours needs quoting in a shell.
fn scalar(text: &str) -> Value {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        _ => Value::from(text.to_owned()),
    }
}

fn merge(into: Value, from: Value) -> Value {
    match (into, from) {
        (Value::Dict(tag, mut into), Value::Dict(_, from)) => {
            for (key, value) in from {
                let merged = match into.remove(&key) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                into.insert(key, merged);
            }
            Value::Dict(tag, into)
        }
        (_, from) => from,
    }
}
