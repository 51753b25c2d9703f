//! As much of JSON Schema as the document uses, stricter in one thing: a property that the
//! schema does not name is an error.

use std::collections::BTreeSet;

use serde_json::Value;

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
            assert_eq!(answer.text, "", "{method} {pattern}");
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
