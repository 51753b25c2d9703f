//! Webhooks: addresses that are told what happens. What may be one, which events there are,
//! and when a delivery that failed is tried again. Knows nothing of HTTP clients or databases.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::call::Call;
use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{CallId, EventId, OutboundTrunkId, WebhookId};
use crate::domain::url::{UrlKind, WebhookUrl};
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A call rings, or is being dialled.
    #[serde(rename = "call.started")]
    CallStarted,
    /// Somebody answered it.
    #[serde(rename = "call.answered")]
    CallAnswered,
    /// A call that had started is over.
    #[serde(rename = "call.ended")]
    CallEnded,
    /// A call was refused before it began.
    #[serde(rename = "call.refused")]
    CallRefused,
    /// A transfer has come to its end, well or not.
    #[serde(rename = "transfer.completed")]
    TransferCompleted,
    /// A trunk became usable, or ceased to be.
    #[serde(rename = "trunk.health")]
    TrunkHealth,
}
words!(
    EventKind,
    CallStarted = "call.started",
    CallAnswered = "call.answered",
    CallEnded = "call.ended",
    CallRefused = "call.refused",
    TransferCompleted = "transfer.completed",
    TrunkHealth = "trunk.health",
);

/// What is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum Told {
    /// A call, as it was then.
    Call {
        /// Its row.
        call: Arc<Call>,
    },
    /// A transfer that is over.
    Transfer {
        /// Of which call.
        call: CallId,
        /// Where to: the destination's name, or what stands in its place.
        to: String,
        /// Whether the other side took it.
        succeeded: bool,
        /// Why not, for scripts.
        reason: Option<String>,
    },
    /// A trunk, and whether it can be used.
    Trunk {
        /// Which way out; none is the way in.
        trunk: Option<OutboundTrunkId>,
        /// What it is called.
        name: String,
        /// Whether it can be used.
        healthy: bool,
        /// Why not, for scripts.
        reason: Option<String>,
    },
}

/// Something that happened, once, however many are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The receiver's guard against hearing it twice.
    pub id: EventId,
    /// What kind of thing.
    pub kind: EventKind,
    /// Unix milliseconds.
    pub at: i64,
    /// What is told of it.
    pub what: Told,
}

/// What can be set on a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// Where to.
    pub url: WebhookUrl,
    /// For people.
    pub description: Option<String>,
    /// Of what, in the order of [`EventKind`]. Never empty.
    pub events: Vec<EventKind>,
    /// Off: nothing new is queued, and what waits is not sent until it is on again.
    pub enabled: bool,
}

/// A webhook as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What can be set.
    pub settings: WebhookSettings,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// What a form or a script says of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `WebhookSettings`, as sent")]
pub struct WebhookDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub url: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub description: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub events: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What has become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be made, or to be tried again.
    Waiting,
    /// The receiver said 2xx.
    Delivered,
    /// Given up.
    Failed,
}
words!(
    DeliveryState,
    Waiting = "waiting",
    Delivered = "delivered",
    Failed = "failed",
);

/// One event on its way to one webhook. There is one of each pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Where to.
    pub webhook: WebhookId,
    /// What is told.
    pub event: Event,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// Unix milliseconds.
    pub created_at: i64,
    /// When it is to be tried next.
    pub next_at: Option<i64>,
    /// When it was tried last.
    pub last_at: Option<i64>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How long the last try took.
    pub took_ms: Option<u32>,
}

/// Waits between tries, in seconds: about two and a half days in all.
const WAITS_S: [i64; 9] = [5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 129_600];

/// How long to wait after the so-manieth try failed, in milliseconds; none: give up.
pub fn wait_after(tries: u32) -> Option<i64> {
    let place = usize::try_from(tries.checked_sub(1)?).ok()?;
    WAITS_S.get(place).map(|seconds| seconds * 1_000)
}

impl Event {
    /// What it is about: events of one subject are told in their order.
    pub fn subject(&self) -> uuid::Uuid {
        match &self.what {
            Told::Call { call } => call.id.as_uuid(),
            Told::Transfer { call, .. } => call.as_uuid(),
            Told::Trunk { trunk, .. } => trunk.map_or(uuid::Uuid::nil(), |trunk| trunk.as_uuid()),
        }
    }
}

impl WebhookDraft {
    /// A new one. Without a word about events it is told of all.
    pub fn parse(&self) -> Result<WebhookSettings, FieldErrors> {
        let mut errors = FieldErrors::new();
        let url = errors.keep("url", self.url.required().map_err(Reason::from));
        let url = url.and_then(|text| {
            let parsed = text.parse::<WebhookUrl>();
            let found = text.to_owned();
            errors.keep(
                "url",
                parsed.map_err(|why| Reason::Url {
                    kind: UrlKind::Web,
                    found,
                    why,
                }),
            )
        });
        self.rest(url, None, EventKind::ALL, true, errors)
    }

    /// The settings that result when this is said over `base`: absent leaves, null clears.
    pub fn over(&self, base: &WebhookSettings) -> Result<WebhookSettings, FieldErrors> {
        let mut errors = FieldErrors::new();
        let url = self
            .url
            .parsed_or(base.url.clone(), |found, why| Reason::Url {
                kind: UrlKind::Web,
                found,
                why,
            });
        let url = errors.keep("url", url);
        let description = base.description.as_deref();
        self.rest(url, description, &base.events, base.enabled, errors)
    }

    fn rest(
        &self,
        url: Option<WebhookUrl>,
        description: Option<&str>,
        events: &[EventKind],
        enabled: bool,
        mut errors: FieldErrors,
    ) -> Result<WebhookSettings, FieldErrors> {
        let description = errors.keep(
            "description",
            self.description.optional_text_or(description, 200),
        );
        let events = self.events(events, &mut errors);
        let enabled = errors.keep("enabled", self.enabled.switch_or(enabled));
        let settings = (|| {
            Some(WebhookSettings {
                url: url?,
                description: description?,
                events: events?,
                enabled: enabled?,
            })
        })();
        errors.none_or(settings)
    }

    fn events(&self, base: &[EventKind], errors: &mut FieldErrors) -> Option<Vec<EventKind>> {
        if self.events.is_absent() {
            return Some(base.to_vec());
        }
        let items = errors.keep("events", self.events.items().map_err(Reason::from))?;
        let mut kinds = Vec::new();
        // A form sends a blank one, so that none checked is not none asked.
        let chosen = items.iter().enumerate();
        let chosen = chosen.filter(|(_, item)| !item.is_blank());
        for (index, item) in chosen.clone() {
            let kind = item
                .required()
                .map_err(Reason::from)
                .and_then(str::parse::<EventKind>);
            kinds.extend(errors.keep(format!("events.{index}"), kind));
        }
        kinds.sort();
        kinds.dedup();
        if chosen.count() == 0 {
            errors.add("events", Reason::Required);
        }
        (!kinds.is_empty()).then_some(kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str, events: EntryList) -> Result<WebhookSettings, Vec<String>> {
        let draft = WebhookDraft {
            url: Entry::text(url),
            events,
            ..WebhookDraft::default()
        };
        draft.parse().map_err(|errors| {
            let told = |(field, reason): (&str, &Reason)| format!("{field} {}", reason.code());
            errors.iter().map(told).collect()
        })
    }

    #[test]
    fn a_webhook_is_told_of_all_unless_it_chooses() {
        let all = parsed("https://example.com/hook", EntryList::default()).unwrap();
        assert_eq!(all.events, EventKind::ALL);
        let chosen = EntryList::of(["call.ended", "call.started", "call.ended"]);
        let some = parsed("https://example.com/hook", chosen).unwrap();
        assert_eq!(some.events, [EventKind::CallStarted, EventKind::CallEnded]);
    }

    #[test]
    fn every_fault_is_named() {
        let none: [&str; 0] = [];
        assert_eq!(
            parsed("", EntryList::of(none)).unwrap_err(),
            ["url required", "events required"]
        );
        assert_eq!(
            parsed(
                "ftp://example.com",
                EntryList::of(["call.ended", "call.lost"])
            )
            .unwrap_err(),
            ["url bad_webhook_url", "events.1 not_a_choice"]
        );
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (1..).map_while(wait_after).collect();
        assert_eq!(waits.len(), WAITS_S.len());
        assert!(waits.is_sorted() && waits[0] == 5_000);
        assert_eq!(wait_after(0), None);
    }
}
