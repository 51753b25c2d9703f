//! The body of a request: JSON, of bounded size, each key once, no key unknown.

use std::fmt;

use app::error::{FieldErrors, Reason};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Api;
use super::problem::Problem;

/// A draft as a script sent it. An absent body is an object without fields.
#[derive(Clone, Debug)]
pub(super) struct Body<T>(pub(super) T);

/// What a body is read into.
pub(super) trait Draft: DeserializeOwned {
    /// Turns forms that only JSON has into those every draft knows, such as an object into its
    /// one word. What it takes out no longer counts as unknown.
    fn prepare(_body: &mut Map<String, Value>, _errors: &mut FieldErrors) {}
}

impl<T: Draft> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = bytes(request, api.body_limit).await?;
        if bytes.is_empty() {
            return read(Map::new()).map(Self);
        }
        if !is_json(&headers) {
            return Err(Problem::NotJson);
        }
        read(object(&bytes)?).map(Self)
    }
}

/// The whole body, if it is no longer than the limit.
pub(super) async fn bytes(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let said = request.headers().get(header::CONTENT_LENGTH);
    let said = said.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Problem::TooLarge(limit));
    }
    // What goes wrong while reading is either the limit or a connection that has gone.
    let read = axum::body::to_bytes(request.into_body(), limit).await;
    read.map_err(|_| Problem::TooLarge(limit))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let unreadable = |error: serde_json::Error| Problem::Unreadable(error.to_string());
    let value = Once.deserialize(&mut json).map_err(unreadable)?;
    json.end().map_err(unreadable)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::Unreadable("the body is not an object".to_owned())),
    }
}

fn read<T: Draft>(mut object: Map<String, Value>) -> Result<T, Problem> {
    let mut errors = FieldErrors::new();
    T::prepare(&mut object, &mut errors);
    let unknown =
        |path: serde_ignored::Path<'_>| errors.add(path.to_string(), Reason::UnknownField);
    let draft = serde_ignored::deserialize(Value::Object(object), unknown);
    let draft = draft.map_err(|error: serde_json::Error| Problem::Unreadable(error.to_string()))?;
    if errors.is_empty() {
        Ok(draft)
    } else {
        Err(errors.into())
    }
}

/// Any JSON value in which no object has a key twice: of two values for one key a parser takes
/// either, so that what was checked and what was meant may differ (RFC 8259 §4).
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Once)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Once)?;
            if object.contains_key(&key) {
                let twice = format!("the key {key:?} stands there twice");
                return Err(serde::de::Error::custom(twice));
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use app::domain::draft::Entry;
    use app::error::AppError;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Named {
        name: Entry,
    }

    impl Draft for Named {}

    fn parse(text: &str) -> Result<Named, Problem> {
        read(object(text.as_bytes())?)
    }

    #[test]
    fn every_unknown_field_is_named_at_once() {
        let problem = parse(r#"{"name":"x","nam":1,"other":{"a":[1,2]}}"#).unwrap_err();
        let Problem::App(AppError::Invalid(errors)) = problem else {
            panic!("{problem:?}")
        };
        let fields: Vec<_> = errors
            .iter()
            .map(|(field, reason)| (field, reason.code()))
            .collect();
        assert_eq!(
            fields,
            [("nam", "unknown_field"), ("other", "unknown_field")]
        );
    }

    #[test]
    fn a_value_of_the_wrong_shape_is_not_an_unknown_field() {
        assert!(matches!(
            parse(r#"{"name":{"a":1}}"#).unwrap().name,
            Entry::Other(_)
        ));
    }

    #[test]
    fn what_is_no_object_with_each_key_once_is_unreadable() {
        let deep = "[".repeat(4_000);
        for text in [
            "",
            "null",
            "[]",
            "\"x\"",
            "{",
            "{\"name\":1,\"name\":2}",
            "{}{}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{'a':1}",
            "{\"name\":\"\\ud800\"}",
            deep.as_str(),
        ] {
            assert!(matches!(parse(text), Err(Problem::Unreadable(_))), "{text}");
        }
    }
}
