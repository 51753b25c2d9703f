//! As much of JSON Schema as the document uses, stricter in two things: a property that the
//! schema does not name is an error, and so is a rule that is not looked at here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::Answer;

pub(super) struct Schemas<'a>(&'a Value);

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        Self(document)
    }

    /// The answer has a status that the operation names, and the body that goes with it.
    #[track_caller]
    pub(super) fn check(&self, document: &Value, method: &str, pattern: &str, answer: &Answer) {
        let operation = &document["paths"][pattern][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {pattern}");
        let response = &operation["responses"][answer.status.as_str()];
        assert!(
            response.is_object(),
            "{method} {pattern}: {} is not named: {}",
            answer.status,
            answer.text
        );
        let schema = &response["content"]["application/json"]["schema"];
        if schema.is_null() {
            let named = response["content"].as_object();
            let kind = answer.header("content-type");
            let is_named = named.map_or(answer.text.is_empty(), |named| named.contains_key(kind));
            assert!(is_named, "{method} {pattern}: {kind} is not named");
            return;
        }
        let mut wrong = Vec::new();
        self.compare(schema, &answer.body, "", &mut wrong);
        assert!(
            wrong.is_empty(),
            "{method} {pattern}: {wrong:#?}\n{}",
            answer.text
        );
    }

    /// The names of an object's properties.
    pub(super) fn properties(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let mut names: BTreeSet<String> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            names.extend(self.properties(part));
        }
        names
    }

    /// The properties of a body, each with its rules; of what may be null, those of what else it is.
    pub(super) fn fields(&self, schema: &Value) -> Vec<(String, Value)> {
        let properties = self.resolved(schema)["properties"].as_object();
        let fields = properties.into_iter().flatten().map(|(name, schema)| {
            let schema = self.resolved(schema);
            let others = schema["oneOf"].as_array().into_iter().flatten();
            let other = others.into_iter().find(|part| part["type"] != "null");
            (name.clone(), self.resolved(other.unwrap_or(schema)).clone())
        });
        fields.collect()
    }

    /// Every property of a schema and what is in it, as `Schema.property`.
    pub(super) fn named(&self, schema: &Value) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.each(schema, None, &mut |_, name| names.insert(name));
        names
    }

    /// Those of them that this value fills: not with null, nor with an empty list.
    pub(super) fn filled(&self, schema: &Value, value: &Value) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.each(schema, Some(value), &mut |value, name| {
            let is_empty = value.is_none_or(|value| value.is_null() || *value == json!([]));
            if !is_empty {
                names.insert(name);
            }
            !is_empty
        });
        names
    }

    /// Tells of each property, below those of which it is said to be wanted; of a value's own if there is one.
    fn each(
        &self,
        schema: &Value,
        value: Option<&Value>,
        told: &mut impl FnMut(Option<&Value>, String) -> bool,
    ) {
        let name = schema["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next());
        let schema = self.resolved(schema);
        for parts in ["allOf", "oneOf"] {
            for part in schema[parts].as_array().into_iter().flatten() {
                self.each(part, value, told);
            }
        }
        for (property, inner) in schema["properties"].as_object().into_iter().flatten() {
            let within = value.and_then(|value| value.get(property));
            if told(within, format!("{}.{property}", name.unwrap_or_default())) {
                self.each(inner, within, told);
            }
        }
        if !schema["items"].is_null() {
            match value {
                None => self.each(&schema["items"], None, told),
                Some(list) => {
                    for item in list.as_array().into_iter().flatten() {
                        self.each(&schema["items"], Some(item), told);
                    }
                }
            }
        }
    }

    fn resolved<'b>(&'b self, schema: &'b Value) -> &'b Value {
        match schema["$ref"].as_str() {
            Some(target) => self
                .0
                .pointer(target.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("no {target}")),
            None => schema,
        }
    }

    fn compare(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
        self.fits(schema, value, path, wrong);
        if value.is_object() {
            let known = self.properties_of(schema);
            let open = known.is_empty();
            for name in value
                .as_object()
                .unwrap()
                .keys()
                .filter(|name| !open && !known.contains(*name))
            {
                wrong.push(format!("{path}.{name} is not named"));
            }
        }
    }

    fn properties_of(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let mut names: BTreeSet<String> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        for parts in ["allOf", "oneOf"] {
            for part in schema[parts].as_array().into_iter().flatten() {
                names.extend(self.properties_of(part));
            }
        }
        names
    }

    fn fits(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(parts) = schema["oneOf"].as_array() {
            let fitting = parts.iter().filter(|part| {
                let mut inside = Vec::new();
                self.compare(part, value, path, &mut inside);
                inside.is_empty()
            });
            if fitting.count() != 1 {
                wrong.push(format!("{path} is not one of its forms: {value}"));
            }
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value, path, wrong);
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|kind| is(value, kind)) {
            wrong.push(format!("{path} is not {types:?}: {value}"));
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|words| !words.contains(value))
        {
            wrong.push(format!("{path} is not one of {}: {value}", schema["enum"]));
        }
        for (rule, said) in schema.as_object().into_iter().flatten() {
            if !meets(rule, said, value) {
                wrong.push(format!("{path} does not meet {rule} {said}: {value}"));
            }
        }
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if value.is_object() && value.get(name).is_none() {
                wrong.push(format!("{path}.{name} is missing"));
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(inner) = value.get(name) {
                self.compare(property, inner, &format!("{path}.{name}"), wrong);
            }
        }
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            self.compare(&schema["items"], item, &format!("{path}.{at}"), wrong);
        }
    }
}

/// The rules that are about a value alone. What is about another kind of value says nothing of this one.
fn meets(rule: &str, said: &Value, value: &Value) -> bool {
    let (text, list) = (value.as_str(), value.as_array());
    let length = |text: &str| u64::try_from(text.chars().count()).ok();
    match rule {
        "minimum" => value.as_f64() >= said.as_f64() || !value.is_number(),
        "maximum" => value.as_f64() <= said.as_f64() || !value.is_number(),
        "minLength" => text.is_none_or(|text| length(text) >= said.as_u64()),
        "maxLength" => text.is_none_or(|text| length(text) <= said.as_u64()),
        "minItems" => list.is_none_or(|list| u64::try_from(list.len()).ok() >= said.as_u64()),
        "uniqueItems" => list.is_none_or(|list| {
            let texts: BTreeSet<_> = list.iter().map(Value::to_string).collect();
            texts.len() == list.len()
        }),
        "pattern" => text.is_none_or(|text| is_like(text, said.as_str().unwrap())),
        "format" => match said.as_str().unwrap() {
            "uuid" => {
                text.is_none_or(|text| text.len() == 36 && text.parse::<uuid::Uuid>().is_ok())
            }
            "date-time" => text
                .is_none_or(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()),
            "int32" => value.as_i64().is_none_or(|n| i32::try_from(n).is_ok()),
            "int64" | "double" => true,
            other => panic!("an unknown format {other}"),
        },
        // Looked at elsewhere, or no rule.
        "type" | "enum" | "required" | "properties" | "items" | "allOf" | "oneOf"
        | "description" | "default" | "example" | "examples" => true,
        other => panic!("an unknown rule {other}"),
    }
}

/// There is no parser of patterns among the tests' tools; the document has few.
fn is_like(text: &str, pattern: &str) -> bool {
    if pattern == "^\\+[1-9][0-9]{6,14}$" {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    } else if pattern.starts_with("^([0-9a-fA-F]{8}-") {
        let id: Option<uuid::Uuid> = text.parse().ok();
        id.is_some_and(|id| id.is_nil() || id.is_max() || (1..=8).contains(&id.get_version_num()))
    } else {
        panic!("an unknown pattern {pattern}")
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("an unknown type {other}"),
    }
}
