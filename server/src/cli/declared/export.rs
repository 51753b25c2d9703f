//! A server as a file: every field that can be set, so that what is not there is not merely forgotten.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::kind::Kind;
use super::secret::Reference;
use super::standing::{Standing, Thing};

const HEAD: &str = "\
# What this Patchbay should be. `patchbay plan FILE` says what differs, `patchbay apply FILE` makes it true.
# A field that is not here is left as it is; \"\" clears it. Passwords stand where their references say.
";

pub(super) fn text(standing: &Standing) -> String {
    let mut text = HEAD.to_owned();
    let mut variables = BTreeSet::new();
    for kind in Kind::ALL {
        for thing in standing.all(kind) {
            _ = match kind {
                Kind::InboundTrunk => writeln!(text, "\n[{}]", kind.table()),
                _ => writeln!(text, "\n[[{}]]", kind.table()),
            };
            for (field, value) in in_order(thing) {
                _ = writeln!(text, "{field} = {}", written(value));
            }
            if let Some(field) = secret(thing) {
                let reference = Reference::Variable(variable(thing, field, &mut variables));
                _ = writeln!(text, "{field} = {}", written(&reference.to_value()));
            }
        }
    }
    text
}

/// As the draft has them, which begins with the name.
fn in_order(thing: &Thing) -> impl Iterator<Item = (&str, &Value)> {
    let plain = thing.kind.plain_fields().into_iter();
    let others = thing.kind.other_fields().iter().copied();
    plain
        .chain(others)
        .filter(|field| thing.kind.secret() != Some(*field))
        .filter_map(|field| Some((field, thing.fields.get(field)?)))
}

/// The field of its password, if it has one.
fn secret(thing: &Thing) -> Option<&'static str> {
    let field = thing.kind.secret()?;
    (thing.fields.get(field) == Some(&Value::Bool(true))).then_some(field)
}

/// `ACME_PASSWORD`, and `ACME_PASSWORD_2` for another one that comes to the same.
fn variable(thing: &Thing, field: &str, taken: &mut BTreeSet<String>) -> String {
    let letters = thing.name.chars();
    let letters: String = letters
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    let name = letters.trim_matches('_');
    let field = field.to_ascii_uppercase();
    let start = name.chars().next().filter(char::is_ascii_alphabetic);
    let stem = match start {
        Some(_) => format!("{name}_{field}"),
        None => format!("{}_{name}_{field}", thing.kind.table().to_ascii_uppercase()),
    };
    let others = (2..).map(|count| format!("{stem}_{count}"));
    let mut free = std::iter::once(stem.clone()).chain(others);
    let free = free.find(|name| !taken.contains(name)).unwrap_or(stem);
    taken.insert(free.clone());
    free
}

/// TOML; nothing is the empty text.
fn written(value: &Value) -> String {
    toml(value).to_string().trim().to_owned()
}

fn toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Null => "".into(),
        Value::Bool(on) => (*on).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items = items.iter().map(toml);
            toml_edit::Value::Array(items.collect())
        }
        Value::Object(fields) => {
            let some = fields.iter().filter(|(_, value)| !value.is_null());
            let fields = some.map(|(name, value)| (toml_edit::Key::new(name), toml(value)));
            toml_edit::Value::InlineTable(fields.collect())
        }
    }
}
