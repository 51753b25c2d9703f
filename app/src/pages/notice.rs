//! What was done a moment ago, told on the next page. The address carries only which
//! notice and a number or count that must parse, so that nobody can put words in our mouth.

use leptos::prelude::*;

use crate::domain::phone::PhoneNumber;
use crate::text::text;
use crate::ui::feedback::StatusLine;
use crate::ui::page::query;
use crate::ui::returned::Returned;

/// Everything that can have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    TrunkCreated,
    TrunkRemoved,
    TrunkSaved,
    RegionSaved,
    AccessCreated,
    AccessRotated,
    AccessRemoved,
    NumbersAdded,
    NumberRemoved,
    NumberAssigned,
    NumberReleased,
    NumberDeleted,
    NumbersSynced,
    SourceUnblocked,
    AgentCreated,
    AgentSaved,
    AgentEngineSaved,
    AgentDeleted,
    CallEnded,
    PasswordChanged,
    PreferencesSaved,
    RoleChanged,
    UserRemoved,
    KeyRevoked,
    OutboundCreated,
    OutboundSaved,
    OutboundRemoved,
    AgentTrunkSaved,
    DestinationCreated,
    DestinationSaved,
    DestinationRemoved,
    DestinationAssigned,
    DestinationReleased,
    TransferAsked,
    WebhookSaved,
    WebhookRemoved,
    EventRedelivered,
}

impl Done {
    const ALL: [(Self, &'static str); 37] = [
        (Self::TrunkCreated, "trunk-created"),
        (Self::TrunkRemoved, "trunk-removed"),
        (Self::TrunkSaved, "trunk-saved"),
        (Self::RegionSaved, "region-saved"),
        (Self::AccessCreated, "credential-created"),
        (Self::AccessRotated, "credential-rotated"),
        (Self::AccessRemoved, "credential-removed"),
        (Self::NumbersAdded, "numbers-added"),
        (Self::NumberRemoved, "number-removed"),
        (Self::NumberAssigned, "number-assigned"),
        (Self::NumberReleased, "number-released"),
        (Self::NumberDeleted, "number-deleted"),
        (Self::NumbersSynced, "numbers-synced"),
        (Self::SourceUnblocked, "source-unblocked"),
        (Self::AgentCreated, "agent-created"),
        (Self::AgentSaved, "agent-saved"),
        (Self::AgentEngineSaved, "agent-engine-saved"),
        (Self::AgentDeleted, "agent-deleted"),
        (Self::CallEnded, "call-ended"),
        (Self::PasswordChanged, "password-changed"),
        (Self::PreferencesSaved, "preferences-saved"),
        (Self::RoleChanged, "role-changed"),
        (Self::UserRemoved, "user-removed"),
        (Self::KeyRevoked, "key-revoked"),
        (Self::OutboundCreated, "outbound-created"),
        (Self::OutboundSaved, "outbound-saved"),
        (Self::OutboundRemoved, "outbound-removed"),
        (Self::AgentTrunkSaved, "agent-trunk-saved"),
        (Self::DestinationCreated, "destination-created"),
        (Self::DestinationSaved, "destination-saved"),
        (Self::DestinationRemoved, "destination-removed"),
        (Self::DestinationAssigned, "destination-assigned"),
        (Self::DestinationReleased, "destination-released"),
        (Self::TransferAsked, "transfer-asked"),
        (Self::WebhookSaved, "webhook-saved"),
        (Self::WebhookRemoved, "webhook-removed"),
        (Self::EventRedelivered, "event-redelivered"),
    ];

    /// How the address names it.
    pub(crate) fn code(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(done, _)| *done == self)
            .map_or("", |(_, code)| code)
    }

    fn read(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == code)
            .map(|(done, _)| done)
    }

    fn said(self, number: Option<PhoneNumber>, count: Option<u32>) -> String {
        let people = &text().people;
        let (ways, handed_on) = (&text().ways_out, &text().handed_on);
        let hooks = &text().hooks;
        let engines = &text().engines;
        let text = &text().sip;
        let number = number.map(|number| number.grouped()).unwrap_or_default();
        let count = count.map(|count| count.to_string()).unwrap_or_default();
        match self {
            Self::TrunkCreated => text.trunk_created.to_owned(),
            Self::TrunkRemoved => text.trunk_removed.to_owned(),
            Self::TrunkSaved | Self::AgentSaved | Self::PreferencesSaved => text.saved.to_owned(),
            Self::RegionSaved => text.region_saved.to_owned(),
            Self::AccessCreated => text.access_created.to_owned(),
            Self::AccessRotated => text.access_rotated.to_owned(),
            Self::AccessRemoved => text.access_removed.to_owned(),
            Self::NumbersAdded if count == "1" => text.one_number_added.to_owned(),
            Self::NumbersAdded => (text.numbers_added)(&count),
            Self::NumberRemoved => (text.number_removed)(&number),
            Self::NumberAssigned => (text.number_assigned)(&number),
            Self::NumberReleased => (text.number_released)(&number),
            Self::NumberDeleted => (text.number_deleted)(&number),
            Self::NumbersSynced => text.numbers_synced.to_owned(),
            Self::SourceUnblocked => text.source_unblocked.to_owned(),
            Self::AgentCreated => text.agent_created.to_owned(),
            Self::AgentEngineSaved => engines.saved.to_owned(),
            Self::AgentDeleted => text.agent_deleted.to_owned(),
            Self::CallEnded => text.call_ended.to_owned(),
            Self::PasswordChanged => text.password_changed.to_owned(),
            Self::RoleChanged => people.role_changed.to_owned(),
            Self::UserRemoved => people.user_removed.to_owned(),
            Self::KeyRevoked => people.key_revoked.to_owned(),
            Self::OutboundCreated | Self::OutboundSaved => ways.saved.to_owned(),
            Self::OutboundRemoved => ways.removed.to_owned(),
            Self::AgentTrunkSaved => ways.trunk_saved.to_owned(),
            Self::DestinationCreated => handed_on.created.to_owned(),
            Self::DestinationSaved => handed_on.saved.to_owned(),
            Self::DestinationRemoved => handed_on.removed.to_owned(),
            Self::DestinationAssigned => handed_on.assigned.to_owned(),
            Self::DestinationReleased => handed_on.released.to_owned(),
            Self::TransferAsked => handed_on.asked.to_owned(),
            Self::WebhookSaved => hooks.saved.to_owned(),
            Self::WebhookRemoved => hooks.removed.to_owned(),
            Self::EventRedelivered => hooks.redelivered.to_owned(),
        }
    }
}

/// `path?done=…`, with the number meant if there is one.
pub(crate) fn done_at(path: &str, done: Done, number: Option<&PhoneNumber>) -> String {
    let number = number
        .map(|number| format!("&number=%2B{}", number.digits()))
        .unwrap_or_default();
    format!("{path}?done={}{number}", done.code())
}

/// The number an address names; `+` may have become a blank.
pub(crate) fn number_of_query(name: &str) -> Option<PhoneNumber> {
    query(name)?.replacen(' ', "+", 1).parse().ok()
}

/// The status line, if something was just done.
#[component]
pub(crate) fn Notice(#[prop(optional)] children: Option<Children>) -> impl IntoView {
    // A form that was refused comes back to this address: what was done before is old news.
    if use_context::<Returned>().is_some() {
        return None;
    }
    let done = query("done").and_then(|code| Done::read(&code))?;
    let said = done.said(
        number_of_query("number"),
        query("count").and_then(|count| count.parse().ok()),
    );
    Some(view! { <StatusLine said>{children.map(|children| children())}</StatusLine> })
}
