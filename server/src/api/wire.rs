//! Small things as they stand in JSON: ids, times, numbers, pages, versions.

use std::str::FromStr;

use app::domain::codec::Codec;
use app::domain::endpoint::Endpoint;
use app::domain::page::{Cursor, Limit, Page};
use app::domain::phone::PhoneNumber;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use app::domain::draft::Entry;
use app::error::{AppError, Reason, Thing};

use super::problem::Problem;

/// The pattern of ids that the reference API publishes (RFC 9562, versions 1 to 8, nil and max).
pub(super) const UUID_PATTERN: &str = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$";

/// An id of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Id(Uuid);

impl Id {
    /// As JSON shows it.
    pub(super) fn of(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id of something that has none of its own: the same whenever it is asked for
    /// (RFC 9562 §5.8).
    pub(super) fn derived(kind: &str, of: &str) -> Self {
        let hash = Sha256::digest(format!("patchbay {kind} {of}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .pattern(Some(UUID_PATTERN))
            .into()
    }
}

impl ToSchema for Id {}

/// A moment, unix milliseconds here, RFC 3339 in UTC on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        serializer.collect_str(&format_args!("{moment:.3}"))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        text()
            .format(Some(format))
            .examples(["2026-01-31T08:00:00.000Z"])
            .into()
    }
}

impl ToSchema for Time {}

/// A phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct E164(pub(super) PhoneNumber);

impl PartialSchema for E164 {
    fn schema() -> RefOr<Schema> {
        text()
            .pattern(Some("^\\+[1-9][0-9]{6,14}$"))
            .examples(["+14155550100"])
            .into()
    }
}

impl ToSchema for E164 {}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

/// The schema of one of a few words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    text().enum_values(Some(words)).build()
}

/// The schema of an order of codecs, or of none.
pub(super) fn codecs() -> Schema {
    let one = words(Codec::ALL.iter().map(|codec| codec.as_str()));
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(one)
        .unique_items(true)
        .description(Some(
            "Codecs offered and taken, the best first. Null: all, ours in the order PCMU, PCMA, G722; \
             of what the other side offers, its first.",
        ))
        .into()
}

/// The same, where there may be none.
pub(super) fn words_or_null<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    let words = words.into_iter().map(Value::from).chain([Value::Null]);
    let types = SchemaType::Array(vec![Type::String, Type::Null]);
    ObjectBuilder::new()
        .schema_type(types)
        .enum_values(Some(words))
        .build()
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    /// At most `limit` of them.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page; null when this is the last. A page that a search had to look far for may hold few, or none, and still have one.
    pub(super) next: Option<String>,
}

impl<T> List<T> {
    /// A page of domain things as a page of what the wire shows of them.
    pub(super) fn of<D>(page: Page<D>, show: impl FnMut(D) -> T) -> Self {
        let next = page.next.map(|cursor| cursor.to_string());
        Self {
            items: page.items.into_iter().map(show).collect(),
            next,
        }
    }
}

impl<T> List<T> {
    /// A page of a list that is known whole: the cursor counts, because nothing orders it by time.
    pub(super) fn cut<D>(
        all: Vec<D>,
        limit: Option<Limit>,
        cursor: Option<Cursor>,
        show: impl FnMut(D) -> T,
    ) -> Self {
        let limit = limit.unwrap_or_default().as_usize();
        let start = cursor
            .and_then(|cursor| usize::try_from(cursor.at_ms).ok())
            .unwrap_or(0);
        let end = start.saturating_add(limit);
        let more = end < all.len();
        let place = || Cursor {
            at_ms: i64::try_from(end).unwrap_or(i64::MAX),
            id: Uuid::nil(),
        };
        let items = all.into_iter().skip(start).take(limit).map(show).collect();
        Self {
            items,
            next: more.then(|| place().to_string()),
        }
    }
}

/// The id in a path; what is none names nothing.
pub(super) fn id<T: FromStr>(text: &str, thing: Thing) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::App(AppError::NotFound(thing)))
}

/// The number in a path, whose `+` may be raw, escaped, or a blank that once was one.
pub(super) fn number(text: &str) -> Result<PhoneNumber, Problem> {
    let plain = match text.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => text.to_owned(),
    };
    plain.parse().map_err(|why| {
        Problem::field(
            "phone_number",
            Reason::PhoneNumber {
                found: text.to_owned(),
                why,
            },
        )
    })
}

/// A time in ISO 8601 as unix milliseconds; without an offset, in UTC.
pub(super) fn moment(text: &str) -> Result<i64, Reason> {
    let stamp = text.parse::<jiff::Timestamp>().or_else(|_| {
        let civil = text.parse::<jiff::civil::DateTime>()?;
        Ok(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
    });
    stamp
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_: jiff::Error| Reason::not_a_choice(text, ["2026-01-31T08:00:00Z"]))
}

/// As carriers are told it: the port only where it is not SIP's own.
pub(super) fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint.port {
        5060 => endpoint.host.clone(),
        port => format!("{}:{port}", endpoint.host),
    }
}

/// An object with its version, which also goes into `ETag`.
pub(super) struct Versioned<T>(pub(super) i64, pub(super) T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.1).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.0)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The version a change was made on: the body's, or that of `If-Match`. Two that differ can't both be meant, and none
/// of them is the older one for sure: not all are counted.
pub(super) fn version(headers: &HeaderMap, body: Entry) -> Result<Entry, Problem> {
    let lines = headers.get_all(header::IF_MATCH).iter();
    let lines: Vec<_> = lines
        .map(|line| line.to_str().unwrap_or_default().trim())
        .collect();
    // Several lines are one list (RFC 9110 §5.3), and a list is no version.
    let tag = lines.join(", ");
    if lines.is_empty() || tag == "*" {
        return Ok(body);
    }
    let bare = tag.strip_prefix("W/").unwrap_or(&tag).trim_matches('"');
    let tagged = Entry::text(bare)
        .version()
        .and_then(|tagged| tagged.ok_or(Reason::Required));
    let tagged = tagged.map_err(|reason| Problem::field("If-Match", reason))?;
    match body.version() {
        // One that cannot be read is refused by whoever reads it.
        Err(_) => Ok(body),
        Ok(Some(said)) if said != tagged => {
            let named_by = "If-Match".to_owned();
            Err(Problem::field("version", Reason::OtherVersion { named_by }))
        }
        Ok(_) => Ok(Entry::text(tagged.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let json = serde_json::to_string(&Time(1_700_000_000_123)).unwrap();
        assert_eq!(json, "\"2023-11-14T22:13:20.123Z\"");
        assert_eq!(
            serde_json::to_string(&Time(0)).unwrap(),
            "\"1970-01-01T00:00:00.000Z\""
        );
    }

    #[test]
    fn two_versions_are_one_or_refused() {
        let asked = |lines: &str, body: Entry| {
            let tags = lines.lines();
            let headers: HeaderMap = tags
                .map(|tag| (header::IF_MATCH, tag.parse().unwrap()))
                .collect();
            version(&headers, body)
        };
        assert_eq!(
            version(&HeaderMap::new(), Entry::text("3")),
            Ok(Entry::text("3"))
        );
        assert_eq!(asked("\"3\"", Entry::Absent), Ok(Entry::text("3")));
        assert_eq!(asked("W/\"3\"", Entry::text("3")), Ok(Entry::text("3")));
        assert_eq!(asked("*", Entry::text("3")), Ok(Entry::text("3")));
        assert_eq!(asked("*", Entry::Absent), Ok(Entry::Absent));
        for (tag, body) in [("\"3\"", "5"), ("\"5\"", "3")] {
            let named_by = "If-Match".to_owned();
            let refused = Problem::field("version", Reason::OtherVersion { named_by });
            assert_eq!(asked(tag, Entry::text(body)), Err(refused), "{tag}");
        }
        let huge = Entry::text("9223372036854775808");
        assert_eq!(
            asked("\"3\"", huge.clone()),
            Ok(huge),
            "the service says what is wrong"
        );
        for tag in [
            "\"x\"",
            "\"\"",
            "\"-3\"",
            "\"1\", \"2\"",
            "\"1\"\n\"2\"",
            "\"1\"\n\"1\"",
            "*\n\"1\"",
            "\"1\"\n\u{e9}",
        ] {
            let Err(Problem::App(AppError::Invalid(errors))) = asked(tag, Entry::Absent) else {
                panic!("{tag} is taken");
            };
            assert!(errors.iter().all(|(field, _)| field == "If-Match"));
        }
    }
}
