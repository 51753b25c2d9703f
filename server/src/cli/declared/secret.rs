//! Passwords by reference: where they stand is in the file, they are not.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::file::titled;
use super::kind::Kind;
use super::plan::Plan;

/// Where a password is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reference {
    /// In this environment variable.
    Variable(String),
    /// Alone in this file.
    File(String),
}

/// Passwords by the thing they belong to.
pub(super) type Secrets = HashMap<(Kind, String), String>;

impl Reference {
    pub(super) const ALLOWED: &'static str = "{ env = \"NAME\" } or { file = \"PATH\" }";

    /// What a field refers to.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let fields: &Map<String, Value> = value.as_object()?;
        let mut fields = fields.iter();
        let (Some((kind, name)), None) = (fields.next(), fields.next()) else {
            return None;
        };
        let name = name.as_str().filter(|name| !name.trim().is_empty())?;
        match kind.as_str() {
            "env" => Some(Self::Variable(name.to_owned())),
            "file" => Some(Self::File(name.to_owned())),
            _ => None,
        }
    }

    /// As the file has it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Variable(name) => json!({ "env": name }),
            Self::File(path) => json!({ "file": path }),
        }
    }

    /// A line break at the end of a file is the editor's, not the password's.
    fn read(&self) -> Result<String, String> {
        match self {
            Self::Variable(name) => std::env::var(name)
                .map_err(|_| format!("the environment variable {name} is not set")),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| format!("{path} can't be read: {error}")),
        }
    }
}

/// Every password that the plan sends, or what is missing of them.
pub(super) fn read_all(plan: &Plan) -> Result<Secrets, String> {
    let (mut secrets, mut missing) = (Secrets::new(), Vec::new());
    for step in plan.steps() {
        let sent = step.kind.secret().and_then(|field| step.after(field));
        let Some(reference) = sent.and_then(Reference::of) else {
            continue;
        };
        match reference.read() {
            Ok(secret) => {
                secrets.insert((step.kind, step.name.clone()), secret);
            }
            Err(why) => missing.push(format!("{}: {why}", titled(step.kind, &step.name))),
        }
    }
    if missing.is_empty() {
        Ok(secrets)
    } else {
        Err(format!("nothing was changed:\n  {}", missing.join("\n  ")))
    }
}
