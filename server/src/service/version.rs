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
    let (Ok(Value::Object(draft)), Ok(Value::Object(current))) =
        (serde_json::to_value(draft), serde_json::to_value(current))
    else {
        return Vec::new();
    };
    draft
        .iter()
        .filter(|(field, _)| *field != "version")
        .filter_map(|(field, sent)| {
            let now = current.get(field)?;
            let (sent, now) = (plain(sent), plain(now));
            (sent != now).then(|| (field.clone(), now))
        })
        .collect()
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
