//! The file, with the line of everything in it. What can't be right wherever the file is used is refused
//! here, all of it at once: unknown keys, values of the wrong shape, the same thing twice.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use app::domain::phone::PhoneNumber;
use app::domain::transfer::AssignDraft;
use app::error::Reason;
use app::text::Language;
use serde_json::{Map, Value, json};
use toml_edit::{ImDocument, Item, TableLike};

use super::kind::{Kind, SOME_PASSWORD, engine_fields};
use super::secret::Reference;
use crate::cli::table;
use crate::config::nearest;

/// What should be.
pub(super) struct File {
    path: String,
    things: Vec<Declared>,
    /// Where each stands: there may be ten thousand.
    places: HashMap<(Kind, String), usize>,
}

/// One thing that should be.
pub(super) struct Declared {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) line: usize,
    /// In the order of the file.
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) line: usize,
}

/// Something to mend in the file.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) line: usize,
    /// `agent "Sales": silence_seconds`.
    pub(super) key: String,
    pub(super) found: String,
    pub(super) allowed: String,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let path_text = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{path_text} can't be read: {error}"))?;
        Self::parse(&path_text, &text)
    }

    fn parse(path: &str, text: &str) -> Result<Self, String> {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut reading = Reading {
            starts: std::iter::once(0).chain(breaks).collect(),
            things: Vec::new(),
            places: HashMap::new(),
            faults: Vec::new(),
        };
        match ImDocument::parse(text) {
            Ok(document) => reading.document(document.as_table()),
            Err(error) => reading.faults.push(Fault {
                line: reading.line(error.span()),
                key: "the file".to_owned(),
                found: error.message().replace('\n', " "),
                allowed: "TOML".to_owned(),
            }),
        }
        let file = Self {
            path: path.to_owned(),
            things: reading.things,
            places: reading.places,
        };
        if reading.faults.is_empty() {
            Ok(file)
        } else {
            Err(file.refused(&reading.faults))
        }
    }

    /// Those of a kind, in the order of the file.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Declared> {
        self.things.iter().filter(move |thing| thing.kind == kind)
    }

    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.find(kind, name).is_some()
    }

    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<&Declared> {
        let place = self.places.get(&(kind, name.to_owned()))?;
        self.things.get(*place)
    }

    /// Every fault in a line of its own.
    pub(super) fn refused(&self, faults: &[Fault]) -> String {
        let lines = faults.iter().map(|fault| format!("{}:{fault}", self.path));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Declared {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What the API's draft has under the same names.
    pub(super) fn plain(&self) -> Map<String, Value> {
        let others = self.kind.other_fields();
        let plain = self.fields.iter();
        plain
            .filter(|field| !others.contains(&field.name.as_str()))
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect()
    }

    /// Where its password is said to stand.
    pub(super) fn secret(&self) -> Option<&Field> {
        self.field(self.kind.secret()?)
    }

    /// The same with some password, if it is said to have one.
    pub(super) fn said(&self) -> Map<String, Value> {
        match self.secret() {
            Some(_) => self.kind.with_secret(self.plain(), SOME_PASSWORD),
            None => self.plain(),
        }
    }

    /// A field of it that a rule refuses.
    pub(super) fn fault(&self, path: &str, reason: &Reason) -> Fault {
        // `networks.0` stands in the line of `networks`.
        let top = path.split('.').next().unwrap_or(path);
        let field = self.field(top);
        let found = field.map_or("nothing", |_| "");
        let found = match field.filter(|field| self.kind.secret() != Some(&field.name)) {
            Some(field) => table::text(&field.value),
            None => found.to_owned(),
        };
        Fault {
            line: field.map_or(self.line, |field| field.line),
            key: format!("{}: {path}", titled(self.kind, &self.name)),
            found,
            allowed: Language::English.text().reason(reason),
        }
    }

    /// A field of it that names something that is not there.
    pub(super) fn names_nothing(&self, field: &Field, found: &str, allowed: &str) -> Fault {
        Fault {
            line: field.line,
            key: format!("{}: {}", titled(self.kind, &self.name), field.name),
            found: format!("{found:?}"),
            allowed: allowed.to_owned(),
        }
    }
}

/// `agent "Sales"`.
pub(super) fn titled(kind: Kind, name: &str) -> String {
    let word = kind.table().replace('_', " ");
    match kind {
        Kind::InboundTrunk => word,
        Kind::Number => format!("{word} {name}"),
        _ => format!("{word} {name:?}"),
    }
}

struct Reading {
    /// Where each line starts.
    starts: Vec<usize>,
    things: Vec<Declared>,
    places: HashMap<(Kind, String), usize>,
    faults: Vec<Fault>,
}

impl Reading {
    fn line(&self, span: Option<Range<usize>>) -> usize {
        let place = span.map_or(0, |span| span.start);
        self.starts.partition_point(|start| *start <= place)
    }

    fn line_of(&self, table: &dyn TableLike, name: &str, item: &Item) -> usize {
        let key = table.key(name).and_then(toml_edit::Key::span);
        self.line(key.or_else(|| item.span()))
    }

    fn fault(&mut self, line: usize, key: &str, found: &str, allowed: &str) {
        self.faults.push(Fault {
            line,
            key: key.to_owned(),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
        });
    }

    fn document(&mut self, document: &toml_edit::Table) {
        for (name, item) in document {
            let line = self.line_of(document, name, item);
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.table() == name) else {
                let known = Kind::ALL.map(Kind::table);
                self.fault(line, name, "an unknown key", &nearest(name, &known));
                continue;
            };
            match (kind, item) {
                (Kind::InboundTrunk, item) if item.is_table_like() => {
                    self.thing(kind, item.as_table_like(), line);
                }
                (Kind::InboundTrunk, _) => {
                    self.fault(line, name, item.type_name(), "[inbound_trunk]");
                }
                (_, Item::ArrayOfTables(tables)) => {
                    for table in tables {
                        let line = self.line(table.span());
                        self.thing(kind, Some(table), line);
                    }
                }
                (_, Item::Value(toml_edit::Value::Array(array)))
                    if array.iter().all(toml_edit::Value::is_inline_table) =>
                {
                    for table in array {
                        let line = self.line(table.span());
                        self.thing(kind, table.as_inline_table().map(|table| table as _), line);
                    }
                }
                _ => self.fault(line, name, item.type_name(), &format!("[[{name}]]")),
            }
        }
    }

    fn thing(&mut self, kind: Kind, table: Option<&dyn TableLike>, line: usize) {
        let Some(table) = table else { return };
        let known: Vec<&str> = kind
            .plain_fields()
            .into_iter()
            .chain(kind.other_fields().iter().copied())
            .collect();
        let Some(name) = self.name(kind, table, line) else {
            return;
        };
        let title = titled(kind, &name);
        let place = self.things.len();
        if let Some(first) = self.places.insert((kind, name.clone()), place) {
            let first = self.things.get(first).map_or(0, |thing| thing.line);
            let found = format!("a second one; the first is in line {first}");
            self.fault(line, &title, &found, "each once");
        }
        let mut fields = Vec::new();
        for (field, item) in table.iter() {
            let line = self.line_of(table, field, item);
            let key = format!("{title}: {field}");
            if !known.contains(&field) {
                self.fault(line, &key, "an unknown key", &nearest(field, &known));
                continue;
            }
            // As it is known, whatever blanks were written with it.
            let read = match kind.key() {
                Some(key) if key == field => Ok(name.as_str().into()),
                _ => shaped(kind, field, value(item)),
            };
            match read {
                Ok(value) => fields.push(Field {
                    name: field.to_owned(),
                    value,
                    line,
                }),
                Err((found, allowed)) => self.fault(line, &key, &found, allowed),
            }
        }
        self.things.push(Declared {
            kind,
            name,
            line,
            fields,
        });
    }

    /// What the thing is known by.
    fn name(&mut self, kind: Kind, table: &dyn TableLike, line: usize) -> Option<String> {
        let Some(key) = kind.key() else {
            return Some(String::new());
        };
        let item = table.get(key);
        let text = item.and_then(Item::as_str).map(str::trim);
        let line = item.map_or(line, |item| self.line_of(table, key, item));
        let title = format!("{}: {key}", kind.table().replace('_', " "));
        match text {
            Some(text) if kind == Kind::Number => {
                let number = text.parse::<PhoneNumber>().ok();
                if number.is_none() {
                    let found = format!("{text:?}");
                    self.fault(line, &title, &found, "a number like +14155550100");
                }
                number.map(|number| number.to_string())
            }
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                let found = item.map_or("nothing", Item::type_name);
                self.fault(line, &title, found, "a text, by which it is known");
                None
            }
        }
    }
}

/// As the API would be sent it.
fn value(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(found) => plain(found),
        Item::Table(table) => table_value(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table_value(table)).collect(),
    }
}

fn table_value(table: &dyn TableLike) -> Value {
    let fields = table.iter();
    fields
        .map(|(name, item)| (name.to_owned(), value(item)))
        .collect()
}

fn plain(found: &toml_edit::Value) -> Value {
    match found {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Float(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(on) => (*on.value()).into(),
        toml_edit::Value::Datetime(at) => at.value().to_string().into(),
        toml_edit::Value::Array(items) => items.iter().map(plain).collect(),
        toml_edit::Value::InlineTable(table) => table_value(table),
    }
}

/// The fields that are no draft's own, in the one shape the plan compares; what was found and what is
/// allowed, if it has another.
fn shaped(kind: Kind, field: &str, value: Value) -> Result<Value, (String, &'static str)> {
    if (kind, field) == (Kind::Agent, "engine") {
        return engine(value);
    }
    if !kind.other_fields().contains(&field) {
        return match value {
            Value::Object(_) => Err(("a table".to_owned(), "a value")),
            other => Ok(other),
        };
    }
    match field {
        _ if kind.secret() == Some(field) => Reference::of(&value)
            .map(|_| value)
            .ok_or(("something else".to_owned(), Reference::ALLOWED)),
        "destinations" => destinations(&value),
        _ => match value {
            Value::String(name) => Ok(name.trim().into()),
            other => Err((table::text(&other), "a name, or \"\" for none")),
        },
    }
}

/// A word, or a table of what the API has of an engine, but for its token.
fn engine(value: Value) -> Result<Value, (String, &'static str)> {
    const ALLOWED: &str =
        "\"builtin\", or { type = \"…\", url = \"…\", … } with the token in engine_token";
    match value {
        Value::String(word) => Ok(json!({ "type": word })),
        Value::Object(fields) => {
            let mut names = fields.keys();
            match names.find(|name| !engine_fields().any(|known| known == *name)) {
                Some(unknown) => Err((format!("an unknown key {unknown:?}"), ALLOWED)),
                None => Ok(Value::Object(fields)),
            }
        }
        other => Err((table::text(&other), ALLOWED)),
    }
}

const DESTINATIONS: &str = "a list of names, or of { name = \"…\", digit = \"1\" }";

/// Sorted, each with its key, whether the file has one or not.
fn destinations(value: &Value) -> Result<Value, (String, &'static str)> {
    let wrong = |found: &Value| (table::text(found), DESTINATIONS);
    let items = match value {
        Value::Array(items) => items.as_slice(),
        Value::String(text) if text.trim().is_empty() => &[],
        other => return Err(wrong(other)),
    };
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let (name, digit) = match item {
            Value::String(name) => (name.as_str(), Value::Null),
            Value::Object(fields) if fields.keys().all(|key| key == "name" || key == "digit") => {
                let name = fields.get("name").and_then(Value::as_str);
                // A key of a telephone, with quotes or without.
                let digit = match fields.get("digit") {
                    Some(Value::Number(key)) => Value::from(key.to_string()),
                    other => other.cloned().unwrap_or_default(),
                };
                (name.ok_or_else(|| wrong(item))?, digit)
            }
            other => return Err(wrong(other)),
        };
        let draft: AssignDraft =
            serde_json::from_value(json!({ "digit": digit })).unwrap_or_default();
        let digit = draft.digit().map_err(|_| wrong(item))?;
        let digit = digit.map(String::from);
        let twice = all.iter().any(|other: &Value| other["name"] == name);
        if twice {
            return Err((format!("{name:?} twice"), DESTINATIONS));
        }
        all.push(json!({ "name": name.trim(), "digit": digit }));
    }
    all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    Ok(all.into())
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            key,
            found,
            allowed,
        } = self;
        write!(f, "{line}: {key}: found {found}; allowed: {allowed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let refused = File::parse("f", text).err().unwrap_or_default();
        refused.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_fault_is_named_with_its_line_and_what_would_do() {
        let text = "colour = 1\n\n[[agent]]\nname = \"Sales\"\nlangauge = \"de\"\n\
                    destinations = [{ name = \"x\", digit = \"11\" }]\n[[agent]]\nname = \"Sales\"\n\
                    [[number]]\nphone_number = \"415\"\n[[outbound_trunk]]\nname = \"Acme\"\n\
                    password = \"hush\"\n[[credential]]\n";
        let told = faults(text);
        for (at, words) in [
            (
                0,
                vec!["f:1: colour: found an unknown key", "inbound_trunk"],
            ),
            (
                1,
                vec![
                    "f:5: agent \"Sales\": langauge: found an unknown key",
                    "language?",
                ],
            ),
            (2, vec!["f:6: agent \"Sales\": destinations:", "digit"]),
            (
                3,
                vec!["f:7: agent \"Sales\": found a second one", "line 3"],
            ),
            (
                4,
                vec!["f:10: number: phone_number: found \"415\"", "+14155550100"],
            ),
            (5, vec!["f:13: outbound trunk \"Acme\": password:", "env"]),
            (6, vec!["f:14: credential: label: found nothing"]),
        ] {
            for word in words {
                assert!(told[at].contains(word), "no {word:?} in {:?}", told[at]);
            }
        }
        assert_eq!(told.len(), 7, "{told:#?}");
        assert!(!told.concat().contains("hush"));
    }

    #[test]
    fn what_is_no_toml_is_refused_in_its_line() {
        let told = faults("[[agent]]\nname = \n");
        assert!(told[0].starts_with("f:2: the file: found "), "{told:?}");
    }

    #[test]
    fn inline_tables_are_tables() {
        let text =
            "inbound_trunk = { region = \"us\" }\nagent = [{ name = \"A\" }, { name = \"B\" }]\n";
        let file = File::parse("f", text).unwrap_or_else(|told| panic!("{told}"));
        assert!(file.has(Kind::Agent, "B") && file.has(Kind::InboundTrunk, ""));
    }
}
