//! Reading on past problems: note one, put the default in its place, read again.

use figment::error::{Error, Kind};
use figment::value::{Dict, Value};

use super::{Config, Layer, Origin, Problem, Problems};

/// More problems than anyone mends in one go; also the end of the loop.
const ENOUGH: usize = 200;

pub(super) fn read(
    merged: Dict,
    defaults: &Dict,
    layers: &[Layer],
    problems: &mut Problems,
) -> Option<Config> {
    let mut settings = Value::from(merged);
    for _ in 0..ENOUGH {
        let error = match settings.deserialize::<Config>() {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        for one in error {
            let path = key_path(&one);
            problems.add(describe(&one, &path, &settings, layers));
            mend(&mut settings, &path, defaults);
        }
    }
    None
}

/// serde names an unknown key in the error, not in the path.
fn key_path(error: &Error) -> Vec<String> {
    let mut path = error.path.clone();
    match &error.kind {
        Kind::UnknownField(field, _) if path.last() != Some(field) => path.push(field.clone()),
        Kind::MissingField(field) => path.push(field.to_string()),
        _ => {}
    }
    path
}

fn describe(error: &Error, path: &[String], settings: &Value, layers: &[Layer]) -> Problem {
    let key = path.join(".");
    let written = settings
        .find_ref(&key)
        .map_or_else(|| "nothing".into(), written);
    let (found, allowed) = match &error.kind {
        Kind::UnknownField(field, known) => ("an unknown key".into(), nearest(field, known)),
        Kind::MissingField(_) => ("nothing".into(), "a value".into()),
        Kind::InvalidType(_, expected)
        | Kind::InvalidValue(_, expected)
        | Kind::InvalidLength(_, expected) => (written, plain(expected)),
        Kind::UnknownVariant(_, known) => (written, known.join(", ")),
        Kind::Message(allowed) => (written, allowed.clone()),
        other => (written, other.to_string()),
    };
    let origin = layers
        .iter()
        .rev()
        .find(|layer| Value::from(layer.values.clone()).find(&key).is_some())
        .map_or(Origin::Manual, |layer| (layer.origin)(&key));
    Problem {
        key,
        found,
        allowed,
        origin,
    }
}

/// A value as its owner wrote it. What may hold a password is not repeated.
fn written(value: &Value) -> String {
    match value {
        Value::String(_, text) if text.contains("://") && text.contains('@') => "(hidden)".into(),
        Value::String(_, text) => format!("{text:?}"),
        Value::Bool(_, switch) => switch.to_string(),
        Value::Array(_, items) => {
            format!(
                "[{}]",
                items.iter().map(written).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Dict(..) => "a section".into(),
        other => other.to_i128().map_or_else(
            || {
                other
                    .to_f64()
                    .map_or_else(|| "an unreadable value".into(), |n| n.to_string())
            },
            |n| n.to_string(),
        ),
    }
}

/// serde's names of Rust types, in words.
fn plain(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" | "u64" | "usize" => "a whole number, 0 or more".into(),
        "a boolean" | "bool" => "true or false".into(),
        other if other.starts_with("struct ") => "a section".into(),
        other => other.to_owned(),
    }
}

/// The known name that was probably meant, or all of them.
pub(crate) fn nearest(field: &str, known: &[&str]) -> String {
    let close = known
        .iter()
        .map(|name| (distance(field, name), name))
        .min()
        .filter(|(steps, _)| *steps <= 3);
    match close {
        Some((_, name)) => format!("did you mean {name}?"),
        None => known.join(", "),
    }
}

/// Levenshtein, for short ASCII names.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Puts the nearest thing the defaults know in place of what cannot be read.
fn mend(settings: &mut Value, path: &[String], defaults: &Dict) {
    for depth in (1..=path.len()).rev() {
        let part = &path[..depth];
        let default = Value::from(defaults.clone()).find(&part.join("."));
        if default.is_some() || depth == path.len() && path.len() > 1 && is_key(settings, part) {
            replace(settings, part, default);
            return;
        }
    }
    replace(settings, path, None);
}

fn is_key(settings: &Value, path: &[String]) -> bool {
    let parent = path[..path.len() - 1].join(".");
    matches!(settings.find_ref(&parent), Some(Value::Dict(..)))
}

fn replace(settings: &mut Value, path: &[String], with: Option<Value>) {
    let (Value::Dict(_, dict), Some((first, rest))) = (settings, path.split_first()) else {
        return;
    };
    if !rest.is_empty() {
        if let Some(inner) = dict.get_mut(first) {
            replace(inner, rest, with);
        }
        return;
    }
    match with {
        Some(value) => dict.insert(first.clone(), value),
        None => dict.remove(first),
    };
}
