//! What the document says of a field of a body holds whatever else is sent: in each example, one field at a time
//! is made what it must not be.

use serde_json::{Value, json};

use super::installed::installed;
use super::operations::{document, operations};
use super::schema::Schemas;
use crate::world::World;

/// Of these exactly one is sent.
const EITHER: [(&str, &str); 2] = [("contact.", "to"), ("create.", "destination_id")];

/// What breaks one rule of a schema each.
fn broken(schema: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    if let Some(most) = schema["maxLength"].as_u64() {
        values.push(json!("0".repeat(usize::try_from(most).unwrap() + 1)));
    }
    if let Some(least) = schema["minimum"].as_i64() {
        values.push(json!(least - 1));
    }
    if let Some(most) = schema["maximum"].as_i64() {
        values.push(json!(most + 1));
    }
    if schema["enum"].is_array() {
        values.push(json!("none of these"));
    }
    let kinds = schema["type"].to_string();
    if kinds.contains("boolean") || kinds.contains("integer") {
        values.push(json!("neither"));
    }
    if kinds.contains("string") {
        values.extend([json!({ "a": 1 }), json!([1]), json!(true), json!(7)]);
    }
    values
}

/// The fields of a body and of what is in it, by their paths.
fn every(schemas: &Schemas<'_>, schema: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (field, rules) in schemas.fields(schema) {
        let inside = every(schemas, &rules).into_iter();
        all.extend(inside.map(|(inner, rules)| (format!("{field}.{inner}"), rules)));
        all.push((field, rules));
    }
    all
}

fn put(body: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => body[path] = value,
        Some((field, rest)) => {
            if !body[field].is_object() {
                body[field] = json!({});
            }
            put(&mut body[field], rest, value);
        }
    }
}

#[tokio::test]
async fn a_limit_that_the_document_names_is_held_whatever_else_is_sent() {
    let world = World::with(100_000).await;
    let installed = installed(&world).await;
    let api = world.api().await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    let (mut asked, mut taken) = (0, Vec::new());
    for operation in operations(&document) {
        let body = &operation.said["requestBody"]["content"]["application/json"];
        if body.is_null() {
            continue;
        }
        let path = installed.paths(&operation.path).remove(0);
        let mut example = body["example"].clone();
        // Of another installation's thing.
        example.as_object_mut().unwrap().remove("version");
        let fields = every(&schemas, &body["schema"]).into_iter();
        // What is merely supposed overwrites nothing.
        for (field, rules) in fields.filter(|(field, _)| field != "trunk.version") {
            for value in broken(&rules) {
                let mut sent = example.clone();
                put(&mut sent, &field, value.clone());
                let fields = sent.as_object_mut().unwrap();
                for (_, other) in EITHER.iter().filter(|(one, _)| field.starts_with(one)) {
                    fields.remove(*other);
                }
                let answer = api
                    .send(&operation.method, &path, Some(sent.to_string()))
                    .await;
                let errors = answer.body["errors"].as_array().into_iter().flatten();
                let mut fields = errors.filter_map(|error| error["field"].as_str());
                if answer.status != 422 || !fields.any(|named| named.starts_with(&field)) {
                    let text = format!("{:.120}", answer.text);
                    taken.push(format!(
                        "{} {path} {field}: {value:.40} {text}",
                        operation.method
                    ));
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 400, "{asked}");
    assert!(taken.is_empty(), "{} {taken:#?}", taken.len());
}
