//! Two people, one form: a save that was loaded before another one is refused, with what
//! has changed meanwhile.

use app::domain::draft::Entry;
use app::error::{AppError, Conflict};
use serde::Serialize;
use serde_json::Value;

/// `Ok` if the draft says no version, or the one that is stored.
pub(super) fn check(
    sent: &Entry,
    stored: i64,
    draft: &impl Serialize,
    current: &impl Serialize,
) -> Result<(), AppError> {
    let sent = sent
        .version()
        .map_err(|reason| AppError::field("version", reason))?;
    match sent {
        Some(sent) if sent != stored => Err(AppError::Conflict(Conflict::Changed {
            version: stored,
            fields: differing(draft, current),
        })),
        _ => Ok(()),
    }
}

/// A row that was changed between reading and writing it.
pub(super) fn raced(version: i64) -> AppError {
    AppError::Conflict(Conflict::Changed {
        version: version + 1,
        fields: Vec::new(),
    })
}

/// The fields that were sent and are something else now, with what they are now.
fn differing(draft: &impl Serialize, current: &impl Serialize) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    if let (Ok(draft), Ok(current)) = (serde_json::to_value(draft), serde_json::to_value(current)) {
        compare("", &draft, &current, &mut fields);
    }
    fields
}

/// Fields of fields by their paths: `engine.url`.
fn compare(path: &str, draft: &Value, current: &Value, fields: &mut Vec<(String, String)>) {
    let (Value::Object(draft), Value::Object(current)) = (draft, current) else {
        return;
    };
    for (field, sent) in draft.iter().filter(|(field, _)| *field != "version") {
        let Some(now) = current.get(field) else {
            continue;
        };
        let path = format!("{path}{field}");
        if sent.is_object() && now.is_object() {
            compare(&format!("{path}."), sent, now, fields);
        } else if plain(sent) != plain(now) {
            fields.push((path, plain(now)));
        }
    }
}

/// As a form would send it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        Value::String(text) => match text.as_str() {
            "true" => "on".to_owned(),
            "false" => "off".to_owned(),
            text => text.to_owned(),
        },
        other => other.to_string(),
    }
}
