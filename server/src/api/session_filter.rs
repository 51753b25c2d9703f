//! The body of `POST /api/chat/sessions/filter`: filters, order and page.

use app::domain::conversation::{ConversationFilter, SortBy, SortOrder};
use app::domain::draft::{Entry, Kind};
use app::domain::page::Limit;
use app::error::{FieldErrors, Reason};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::Draft;
use super::wire::{self, Time, words};

/// As many pages can be asked for by number; further ones by the cursor of the list.
const MOST_PAGES: u32 = 10_000;

/// Which sessions, in which order, which page of them.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `SessionsDraft`, which holds whatever was sent"
)]
pub(super) struct FilterSessions {
    filters: Option<SessionFilters>,
    /// Default: `last_message_at`.
    #[schema(schema_with = by_words, required = false)]
    sort_by: Option<String>,
    /// Default: `desc`.
    #[schema(schema_with = order_words, required = false)]
    sort_order: Option<String>,
    /// Default: 1.
    #[schema(minimum = 1, maximum = 10000, default = 1)]
    page: Option<u32>,
    /// Default: 25.
    #[schema(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
}

/// Only sessions that meet all of these.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `FiltersDraft`, which holds whatever was sent"
)]
pub(super) struct SessionFilters {
    handed_off: Option<bool>,
    #[schema(schema_with = super::sessions::status_words, required = false)]
    status: Option<String>,
    #[schema(schema_with = super::sessions::channel_words, required = false)]
    channel_type: Option<String>,
    created_after: Option<Time>,
    created_before: Option<Time>,
    updated_after: Option<Time>,
    updated_before: Option<Time>,
}

fn by_words() -> utoipa::openapi::Object {
    words(SortBy::ALL.iter().map(|word| word.as_str()))
}

fn order_words() -> utoipa::openapi::Object {
    words(SortOrder::ALL.iter().map(|word| word.as_str()))
}

/// As sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionsDraft {
    filters: FiltersDraft,
    sort_by: Entry,
    sort_order: Entry,
    page: Entry,
    limit: Entry,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FiltersDraft {
    handed_off: Entry,
    status: Entry,
    channel_type: Entry,
    created_after: Entry,
    created_before: Entry,
    updated_after: Entry,
    updated_before: Entry,
}

impl Draft for SessionsDraft {
    fn prepare(body: &mut Map<String, Value>, errors: &mut FieldErrors) {
        let found = match body.get("filters") {
            None | Some(Value::Object(_)) => return,
            Some(Value::Null) => None,
            Some(Value::Array(_)) => Some(Kind::List),
            Some(_) => Some(Kind::Value),
        };
        body.remove("filters");
        if let Some(found) = found {
            errors.add("filters", Reason::WrongKind { found });
        }
    }
}

impl SessionsDraft {
    /// Filter, order and page, or every field that is wrong.
    pub(super) fn parse(
        &self,
    ) -> Result<(ConversationFilter, SortBy, SortOrder, u32, Limit), FieldErrors> {
        let mut errors = FieldErrors::new();
        let filter = self.filters.parse(&mut errors);
        let by = errors.keep("sort_by", self.sort_by.choice_or(SortBy::default()));
        let order = errors.keep(
            "sort_order",
            self.sort_order.choice_or(SortOrder::default()),
        );
        let page = errors.keep("page", self.page.integer_or(1, 1, MOST_PAGES));
        let limit = errors.keep(
            "limit",
            self.limit.integer_or(Limit::default().into(), 1, 100),
        );
        let limit = limit.and_then(|limit| Limit::try_from(limit).ok());
        let parsed = (|| Some((filter, by?, order?, page?, limit?)))();
        errors.none_or(parsed)
    }
}

impl FiltersDraft {
    fn parse(&self, errors: &mut FieldErrors) -> ConversationFilter {
        let handed_off = (!self.handed_off.is_blank()).then(|| self.handed_off.switch_or(false));
        let handed_off = handed_off.and_then(|said| errors.keep("filters.handed_off", said));
        let status = self.status.optional_or(None, |_, reason| reason);
        let channel = self.channel_type.optional_or(None, |_, reason| reason);
        let mut time = |field: &str, entry: &Entry| {
            let text = entry.optional().map_err(Reason::from);
            let moment = text.and_then(|text| text.map(wire::moment).transpose());
            errors.keep(format!("filters.{field}"), moment).flatten()
        };
        let created_after = time("created_after", &self.created_after);
        let created_before = time("created_before", &self.created_before);
        let updated_after = time("updated_after", &self.updated_after);
        let updated_before = time("updated_before", &self.updated_before);
        ConversationFilter {
            handed_off,
            status: errors.keep("filters.status", status).flatten(),
            channel: errors.keep("filters.channel_type", channel).flatten(),
            created_after,
            created_before,
            updated_after,
            updated_before,
        }
    }
}
