//! JSON as lines that people read at a terminal.

use serde_json::Value;

/// What stands above it, and which field it shows.
pub(super) type Column = (&'static str, &'static str);

/// A table, its columns as wide as what is in them.
pub(super) fn of(columns: &[Column], items: &[Value]) -> String {
    let mut rows = vec![
        columns
            .iter()
            .map(|(title, _)| (*title).to_owned())
            .collect(),
    ];
    rows.extend(items.iter().map(|item| cells(columns, item)));
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let lines = rows.iter().map(|row: &Vec<String>| {
        let padded = row.iter().zip(&widths);
        let padded: Vec<_> = padded
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One line of a table that never ends.
pub(super) fn row(columns: &[Column], item: &Value) -> String {
    cells(columns, item).join("  ")
}

/// One field a line.
pub(super) fn fields(thing: &Value) -> String {
    let Value::Object(fields) = thing else {
        return plain(thing);
    };
    let width = fields.keys().map(String::len).max().unwrap_or_default();
    let line = |(name, value): (&String, &Value)| format!("{name:width$}  {}", plain(value));
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What happened in a call.
pub(super) fn event(event: &Value) -> String {
    let details = &event["details"];
    let told = match details.get("text") {
        Some(text) => format!("{}: {}", plain(&details["speaker"]), plain(text)),
        None => plain(details),
    };
    format!("{}  {}  {told}", plain(&event["at"]), plain(&event["type"]))
}

/// One value by itself.
pub(super) fn text(value: &Value) -> String {
    plain(value)
}

fn cells(columns: &[Column], item: &Value) -> Vec<String> {
    columns
        .iter()
        .map(|(_, field)| plain(&item[*field]))
        .collect()
}

/// What a peer or a person sent may hold anything; at a terminal it must not move the cursor.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.is_empty() => "-".to_owned(),
        other => other.to_string(),
    };
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_as_wide_as_what_is_in_it() {
        let columns = [("NAME", "name"), ("ON", "on")];
        let items = [
            json!({ "name": "Front desk", "on": true }),
            json!({ "on": null }),
        ];
        assert_eq!(
            of(&columns, &items),
            "NAME        ON\nFront desk  true\n-           -"
        );
    }

    #[test]
    fn nothing_that_was_sent_moves_the_cursor() {
        assert_eq!(plain(&json!("a\u{1b}[2Jb\nc")), "a [2Jb c");
    }
}
