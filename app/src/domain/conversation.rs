//! A call as a conversation with a customer: the shape in which the reference API keeps its
//! call records ("chat sessions"). Pure words over [`Call`]; knows nothing of pages or JSON.

use serde::{Deserialize, Serialize};

use crate::domain::call::{Call, CallResult, EndReason};
use crate::domain::page::{Cursor, Limit};
use crate::domain::words;

/// One conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The call it is.
    pub call: Call,
    /// The number people say to each other. Never changes, never comes twice.
    pub ticket: i64,
}

/// Whether it goes on, and if not, how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// It goes on.
    Open,
    /// People talked, or could have.
    ClosedResolved,
    /// It was refused, failed, or the caller gave up.
    ClosedUnresolved,
}
words!(
    ConversationStatus,
    Open = "open",
    ClosedResolved = "closed_resolved",
    ClosedUnresolved = "closed_unresolved",
);

/// By whom it was brought to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closure {
    /// Whom the agent talked to, or somebody in the console, ended it.
    AssumedResolved,
    /// It went on elsewhere.
    HandedOff,
    /// The agent said goodbye.
    Resolved,
}
words!(
    Closure,
    AssumedResolved = "assumed_resolved",
    HandedOff = "handed_off",
    Resolved = "resolved",
);

/// The reference's channels. Here there are calls alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is its own name")]
pub enum Channel {
    Web,
    Email,
    PhoneVoice,
    Slack,
    Sms,
    Whatsapp,
    Instagram,
    Messenger,
    Api,
    WebVoice,
}
words!(
    Channel,
    Web = "web",
    Email = "email",
    PhoneVoice = "phone_voice",
    Slack = "slack",
    Sms = "sms",
    Whatsapp = "whatsapp",
    Instagram = "instagram",
    Messenger = "messenger",
    Api = "api",
    WebVoice = "web_voice",
);

/// What a list of conversations is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// When something last happened.
    #[default]
    LastMessageAt,
    /// When it began.
    CreatedAt,
}
words!(
    SortBy,
    LastMessageAt = "last_message_at",
    CreatedAt = "created_at"
);

/// Which end of the order comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// The newest.
    #[default]
    Desc,
    /// The oldest.
    Asc,
}
words!(SortOrder, Desc = "desc", Asc = "asc");

/// Which conversations. Times are unix milliseconds, exclusive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain filters")]
pub struct ConversationFilter {
    pub status: Option<ConversationStatus>,
    pub handed_off: Option<bool>,
    pub channel: Option<Channel>,
    pub created_after: Option<i64>,
    pub created_before: Option<i64>,
    pub updated_after: Option<i64>,
    pub updated_before: Option<i64>,
}

/// Which part of the list, and in which order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Newest first, from this place on.
    From {
        /// How many.
        limit: Limit,
        /// After which one.
        cursor: Option<Cursor>,
    },
    /// By number of page, which counts from 1.
    Page {
        /// Ordered by what.
        by: SortBy,
        /// Which end first.
        order: SortOrder,
        /// Which page.
        page: u32,
        /// How many.
        limit: Limit,
    },
}

impl Conversation {
    /// When something last happened in it, unix milliseconds. The store sorts by the same.
    pub fn updated_at(&self) -> i64 {
        let call = &self.call;
        call.ended_at
            .or(call.answered_at)
            .or(call.ringing_at)
            .unwrap_or(call.started_at)
    }

    /// How it stands.
    pub fn status(&self) -> ConversationStatus {
        match self.call.end.map(|end| end.result) {
            None => ConversationStatus::Open,
            Some(CallResult::Success) => ConversationStatus::ClosedResolved,
            Some(_) => ConversationStatus::ClosedUnresolved,
        }
    }

    /// By whom it was ended; none while it goes on, and for what never was a conversation.
    pub fn closure(&self) -> Option<Closure> {
        self.call.end.and_then(|end| Closure::of(end.reason))
    }
}

impl Closure {
    /// What this reason of a call's end means for the conversation.
    pub fn of(reason: EndReason) -> Option<Self> {
        match reason {
            EndReason::CallerHungUp
            | EndReason::CalleeHungUp
            | EndReason::OperatorHungUp
            | EndReason::MaxDuration => Some(Self::AssumedResolved),
            EndReason::HandedOn => Some(Self::HandedOff),
            EndReason::AgentHungUp => Some(Self::Resolved),
            _ => None,
        }
    }
}
