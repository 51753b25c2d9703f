//! What pages and the API ask of a server: one small trait a resource, implemented by
//! `server::service`. Every method takes the `Caller` who asks; authorisation is its first
//! line there, never here and never in a component.

mod audio;
mod caller;
mod keeper;
mod services;

use std::net::IpAddr;

use async_trait::async_trait;

pub use audio::{Audio, ReadSeek};
pub use caller::{Caller, Who};
pub use keeper::{Doorkeeper, SessionKeeper};
pub use services::{Ports, Services};

pub use crate::domain::account::{
    ApiKey, AuditEntry, AuditFilter, KeyDraft, Person, PersonDraft, Role, SignedIn,
};
pub use crate::domain::agent::{AgentView, Assign, RoutingDraft, Voice};
pub use crate::domain::call::CallFilter;
pub use crate::domain::conversation::{Conversation, ConversationFilter, Part};
pub use crate::domain::endpoint::{Endpoint, Reach, RegionView, Synced, TrunkView};
pub use crate::domain::number::{
    Added, AddedAs, NumberDraft, NumberFilter, NumberRow, NumbersDraft,
};
pub use crate::domain::replay::{ReplayDraft, Replayed};
pub use crate::domain::route_test::{RouteTestDraft, RouteTested};
pub use crate::domain::seen::{Facts, Listener, News, Source};

use crate::domain::agent::AgentDraft;
use crate::domain::call::{Call, CallDetail};
use crate::domain::draft::{Entry, EntryList};
use crate::domain::health::{Health, Window};
use crate::domain::id::{
    AccessId, AgentId, CallId, DestinationId, EventId, KeyId, OutboundTrunkId, TransferId, TrunkId,
    UserId, WebhookId,
};
use crate::domain::inbound::{Access, AccessDraft, TrunkDraft};
use crate::domain::outbound::{CallDraft, CheckStep, OutboundDraft, OutboundView};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::Secret;
use crate::domain::system::SystemView;
use crate::domain::test_call::{TestCall, TestCallDraft};
use crate::domain::transfer::{
    AssignDraft, Assigned, DestinationDraft, DestinationView, Transfer, TransferDraft,
};
use crate::domain::waveform::Waveform;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook, WebhookDraft};
use crate::error::AppError;

/// The inbound trunk and its numbers.
#[async_trait]
pub trait InboundTrunks: Send + Sync {
    /// The trunk, if there is one. `sip:read`.
    async fn get(&self, caller: &Caller) -> Result<Option<TrunkView>, AppError>;
    /// Is it the one of this id? For whoever asks for calls by trunk. `calls:read`.
    async fn is(&self, caller: &Caller, id: TrunkId) -> Result<bool, AppError>;
    /// Makes it, with its first digest access. `sip:write`.
    async fn create(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError>;
    /// Changes it. `sip:write`.
    async fn update(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError>;
    /// Removes it with its accesses; numbers stay in the inventory. `sip:write`.
    async fn delete(&self, caller: &Caller) -> Result<(), AppError>;
    /// Numbers on the trunk := all verified numbers. Refuses to take off assigned ones. `sip:write`.
    async fn sync(&self, caller: &Caller) -> Result<Synced, AppError>;
    /// The numbers on the trunk, all of them, sorted. `sip:read` or `sip:write`.
    async fn numbers(&self, caller: &Caller) -> Result<Vec<PhoneNumber>, AppError>;
    /// Puts numbers on the trunk, into the inventory if need be, all or nothing. `sip:write`.
    async fn add_numbers(&self, caller: &Caller, numbers: EntryList)
    -> Result<TrunkView, AppError>;
    /// Takes one off the trunk; it stays in the inventory. `sip:write`.
    async fn remove_number(
        &self,
        caller: &Caller,
        number: PhoneNumber,
    ) -> Result<TrunkView, AppError>;
}

/// Who may come in.
#[async_trait]
pub trait Accesses: Send + Sync {
    /// All of them, newest first. `sip:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Access>, AppError>;
    /// One. `sip:read`.
    async fn get(&self, caller: &Caller, id: AccessId) -> Result<Access, AppError>;
    /// A new one; for `digest`, username and password are generated. `sip:write`.
    async fn create(&self, caller: &Caller, draft: AccessDraft) -> Result<Access, AppError>;
    /// Another one with new credentials beside a digest one, which keeps working; as that is, but for its
    /// label, and enabled. `sip:write`.
    async fn rotate(&self, caller: &Caller, id: AccessId) -> Result<Access, AppError>;
    /// Changes one. `sip:write`.
    async fn update(
        &self,
        caller: &Caller,
        id: AccessId,
        draft: AccessDraft,
    ) -> Result<Access, AppError>;
    /// Removes one; never the last enabled one. `sip:write`.
    async fn delete(&self, caller: &Caller, id: AccessId) -> Result<(), AppError>;
    /// The password of a digest access, audited. `sip:write`.
    async fn reveal(&self, caller: &Caller, id: AccessId) -> Result<Secret, AppError>;
}

/// The inventory of numbers.
#[async_trait]
pub trait Numbers: Send + Sync {
    /// Numbers, sorted by number. `sip:read`.
    async fn list(
        &self,
        caller: &Caller,
        filter: NumberFilter,
    ) -> Result<Page<NumberRow>, AppError>;
    /// One. `sip:read`.
    async fn get(&self, caller: &Caller, number: PhoneNumber) -> Result<NumberRow, AppError>;
    /// Adds many to inventory and, if asked, trunk and agent; reports each. `sip:write`.
    async fn add(&self, caller: &Caller, numbers: NumbersDraft) -> Result<Vec<Added>, AppError>;
    /// Label, verified, trunk, agent. `sip:write`.
    async fn update(
        &self,
        caller: &Caller,
        number: PhoneNumber,
        draft: NumberDraft,
    ) -> Result<NumberRow, AppError>;
    /// Out of the inventory. `sip:write`.
    async fn delete(&self, caller: &Caller, number: PhoneNumber) -> Result<(), AppError>;
}

/// Agents and what is bound to them.
#[async_trait]
pub trait Agents: Send + Sync {
    /// All, by name. `phone:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<AgentView>, AppError>;
    /// What all of them are called, by name. `phone:read`.
    async fn names(&self, caller: &Caller) -> Result<Vec<(AgentId, String)>, AppError>;
    /// One. `phone:read`.
    async fn get(&self, caller: &Caller, id: AgentId) -> Result<AgentView, AppError>;
    /// The numbers it answers, all of them, sorted. `phone:read` or `sip:write`.
    async fn numbers(&self, caller: &Caller, id: AgentId) -> Result<Vec<PhoneNumber>, AppError>;
    /// A new one. `phone:write`.
    async fn create(&self, caller: &Caller, draft: AgentDraft) -> Result<AgentView, AppError>;
    /// Changes one; making it the default takes that from its holder. `phone:write`.
    async fn update(
        &self,
        caller: &Caller,
        id: AgentId,
        draft: AgentDraft,
    ) -> Result<AgentView, AppError>;
    /// Removes one; its numbers stay, unassigned. `phone:write`.
    async fn delete(&self, caller: &Caller, id: AgentId) -> Result<(), AppError>;
    /// Says which numbers it answers, all of them, and by which trunk it places calls.
    /// `sip:write`.
    async fn set_routing(
        &self,
        caller: &Caller,
        id: AgentId,
        draft: RoutingDraft,
    ) -> Result<AgentView, AppError>;
    /// Gives it one number; `moving` takes it from its holder; `adding` puts an unknown
    /// number into inventory and trunk first. `sip:write`.
    async fn assign(
        &self,
        caller: &Caller,
        id: AgentId,
        number: PhoneNumber,
        how: Assign,
    ) -> Result<AgentView, AppError>;
    /// Takes one from it. `sip:write`.
    async fn release(
        &self,
        caller: &Caller,
        id: AgentId,
        number: PhoneNumber,
    ) -> Result<AgentView, AppError>;
}

/// The ways out.
#[async_trait]
pub trait OutboundTrunks: Send + Sync {
    /// All, by name. `sip:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<OutboundView>, AppError>;
    /// One. `sip:read`.
    async fn get(&self, caller: &Caller, id: OutboundTrunkId) -> Result<OutboundView, AppError>;
    /// A new one. `sip:write`.
    async fn create(&self, caller: &Caller, draft: OutboundDraft)
    -> Result<OutboundView, AppError>;
    /// Changes one. `sip:write`.
    async fn update(
        &self,
        caller: &Caller,
        id: OutboundTrunkId,
        draft: OutboundDraft,
    ) -> Result<OutboundView, AppError>;
    /// Deletes one that no agent uses. `sip:write`.
    async fn delete(&self, caller: &Caller, id: OutboundTrunkId) -> Result<(), AppError>;
    /// Looks whether it can be reached, step by step. `sip:write`.
    async fn check(&self, caller: &Caller, id: OutboundTrunkId)
    -> Result<Vec<CheckStep>, AppError>;
}

/// Where calls may be handed on to.
#[async_trait]
pub trait Destinations: Send + Sync {
    /// All, by name. `sip:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<DestinationView>, AppError>;
    /// One. `sip:read`.
    async fn get(&self, caller: &Caller, id: DestinationId) -> Result<DestinationView, AppError>;
    /// A new one. `sip:write`.
    async fn create(
        &self,
        caller: &Caller,
        draft: DestinationDraft,
    ) -> Result<DestinationView, AppError>;
    /// Changes one. `sip:write`.
    async fn update(
        &self,
        caller: &Caller,
        id: DestinationId,
        draft: DestinationDraft,
    ) -> Result<DestinationView, AppError>;
    /// Deletes one that no agent uses. `sip:write`.
    async fn delete(&self, caller: &Caller, id: DestinationId) -> Result<(), AppError>;
    /// What an agent may use, in the order of its menu. `sip:read`.
    async fn of_agent(&self, caller: &Caller, agent: AgentId) -> Result<Vec<Assigned>, AppError>;
    /// Lets an agent use one that stands, or a new one. `sip:write`.
    async fn assign(
        &self,
        caller: &Caller,
        agent: AgentId,
        draft: AssignDraft,
    ) -> Result<Assigned, AppError>;
    /// Takes one from an agent; it stays for others. `sip:write`.
    async fn release(
        &self,
        caller: &Caller,
        agent: AgentId,
        id: DestinationId,
    ) -> Result<(), AppError>;
}

/// Calls that leave, and calls handed on.
#[async_trait]
pub trait Dialling: Send + Sync {
    /// Calls a number by the agent's trunk. The call is queued when this returns. `phone:write`.
    async fn call(&self, caller: &Caller, draft: CallDraft) -> Result<Call, AppError>;
    /// Tries the way: calls a number of one's own through one's own door, or one by a trunk, and
    /// waits for its end. `phone:write`.
    async fn test(&self, caller: &Caller, draft: TestCallDraft) -> Result<TestCall, AppError>;
    /// What a test call showed, once more. `calls:read`.
    async fn tested(&self, caller: &Caller, call: CallId) -> Result<TestCall, AppError>;
    /// Hands a live call on to a destination of its agent. `phone:write`.
    async fn transfer(
        &self,
        caller: &Caller,
        call: CallId,
        draft: TransferDraft,
    ) -> Result<Transfer, AppError>;
    /// How far a transfer has come. `calls:read`.
    async fn transferred(
        &self,
        caller: &Caller,
        call: CallId,
        id: TransferId,
    ) -> Result<Transfer, AppError>;
}

/// Calls: the Inbox.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Newest first. `calls:read`.
    async fn list(&self, caller: &Caller, filter: CallFilter) -> Result<Page<Call>, AppError>;
    /// One, with everything known of it. `calls:read`.
    async fn get(&self, caller: &Caller, id: CallId) -> Result<CallDetail, AppError>;
    /// Its recording. `calls:read`.
    async fn recording(&self, caller: &Caller, id: CallId) -> Result<Audio, AppError>;
    /// How loud its recording is along its length; nothing where that can't be told. `calls:read`.
    async fn waveform(&self, caller: &Caller, id: CallId) -> Result<Option<Waveform>, AppError>;
    /// Ends it. `phone:write`.
    async fn hang_up(&self, caller: &Caller, id: CallId) -> Result<Call, AppError>;
    /// News from now on. `calls:read`.
    fn watch(&self, caller: &Caller) -> Result<NewsStream, AppError>;
}

/// The same calls as conversations, for scripts that know the reference API.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// A part of the list, and whether there is more behind it. `calls:read`.
    async fn list(
        &self,
        caller: &Caller,
        filter: ConversationFilter,
        part: Part,
    ) -> Result<(Vec<Conversation>, bool), AppError>;
    /// One. `calls:read`.
    async fn get(&self, caller: &Caller, id: CallId) -> Result<Conversation, AppError>;
}

/// News with their serial numbers. A reader that lags misses some and sees the gap.
pub type NewsStream = std::pin::Pin<Box<dyn futures_core::Stream<Item = (u64, News)> + Send>>;

/// Who did not get in.
#[async_trait]
pub trait Sources: Send + Sync {
    /// The last 500 sources, those who dialled a number of ours first. `sip:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Source>, AppError>;
    /// Lifts a block. `sip:write`.
    async fn unblock(&self, caller: &Caller, source: IpAddr) -> Result<Source, AppError>;
}

/// Which agent would answer.
#[async_trait]
pub trait RouteTests: Send + Sync {
    /// Decides without a call; changes nothing. `sip:read`.
    async fn test(&self, caller: &Caller, draft: RouteTestDraft) -> Result<RouteTested, AppError>;
    /// Decides the calls of late once more, as if the routing were another; changes nothing.
    /// `calls:read`.
    async fn replay(&self, caller: &Caller, draft: ReplayDraft) -> Result<Replayed, AppError>;
}

/// Set-up, sign-in, account.
#[async_trait]
pub trait Doors: Send + Sync {
    /// Whether the first administrator is still to come.
    async fn needs_set_up(&self) -> Result<bool, AppError>;
    /// Makes the first administrator by the one-time link.
    async fn set_up(
        &self,
        token: &str,
        email: &Entry,
        password: &Entry,
    ) -> Result<SignedIn, AppError>;
    /// Knows a person by e-mail and password; the same time and answer for whoever is unknown.
    async fn sign_in(
        &self,
        email: &Entry,
        password: &Entry,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AppError>;
    /// A password chosen by the link an administrator gave; the link works once.
    async fn choose_password(&self, token: &str, password: &Entry) -> Result<SignedIn, AppError>;
    /// A new password; ends every other session.
    async fn change_password(
        &self,
        caller: &Caller,
        old: &Entry,
        new: &Entry,
    ) -> Result<(), AppError>;
    /// Ends every session of the account.
    async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), AppError>;
    /// Zone, language, theme.
    async fn change_preferences(
        &self,
        caller: &Caller,
        zone: &Entry,
        language: &Entry,
        theme: &Entry,
    ) -> Result<SignedIn, AppError>;
}

/// Who may sign in.
#[async_trait]
pub trait People: Send + Sync {
    /// All, by e-mail address. `full`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Person>, AppError>;
    /// A new one, with the token of the link by which they choose their password. `full`.
    async fn create(
        &self,
        caller: &Caller,
        draft: PersonDraft,
    ) -> Result<(Person, Secret), AppError>;
    /// Another role; ends their sessions. Never takes the last administrator's. `full`.
    async fn update(
        &self,
        caller: &Caller,
        id: UserId,
        draft: PersonDraft,
    ) -> Result<Person, AppError>;
    /// The token of a new link to choose a password; the old password goes on until then. `full`.
    async fn new_link(&self, caller: &Caller, id: UserId) -> Result<(Person, Secret), AppError>;
    /// Removes the account and ends its sessions; never the last administrator's. `full`.
    async fn delete(&self, caller: &Caller, id: UserId) -> Result<(), AppError>;
}

/// Keys for scripts.
#[async_trait]
pub trait Keys: Send + Sync {
    /// All, newest first. `full`.
    async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>, AppError>;
    /// A new one; the secret is told this once. `full`.
    async fn create(&self, caller: &Caller, draft: KeyDraft) -> Result<(ApiKey, Secret), AppError>;
    /// Ends one at once. `full`.
    async fn revoke(&self, caller: &Caller, id: KeyId) -> Result<(), AppError>;
    /// Who a bearer token is. Records the use.
    async fn recognise(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, AppError>;
}

/// Addresses that are told what happens.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// All, newest first. `full`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Webhook>, AppError>;
    /// One. `full`.
    async fn get(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, AppError>;
    /// A new one; what its requests are signed with is told this once. `full`.
    async fn create(
        &self,
        caller: &Caller,
        draft: WebhookDraft,
    ) -> Result<(Webhook, Secret), AppError>;
    /// Changes one. `full`.
    async fn update(
        &self,
        caller: &Caller,
        id: WebhookId,
        draft: WebhookDraft,
    ) -> Result<Webhook, AppError>;
    /// Signs with another secret from now on, which is told this once. `full`.
    async fn renew_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<(Webhook, Secret), AppError>;
    /// Removes one, and what waits for it. `full`.
    async fn delete(&self, caller: &Caller, id: WebhookId) -> Result<(), AppError>;
    /// What became of each event, newest first. `full`.
    async fn deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        state: Option<DeliveryState>,
        limit: Option<Limit>,
        cursor: Option<Cursor>,
    ) -> Result<Page<Delivery>, AppError>;
    /// What became of one. `full`.
    async fn delivery(
        &self,
        caller: &Caller,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, AppError>;
    /// Tells it again, from the first try on. `full`.
    async fn redeliver(
        &self,
        caller: &Caller,
        id: WebhookId,
        event: EventId,
    ) -> Result<Delivery, AppError>;
}

/// Who changed what.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Newest first. `full`.
    async fn list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
    ) -> Result<Page<AuditEntry>, AppError>;
}

/// What the server is and has seen.
#[async_trait]
pub trait SystemFacts: Send + Sync {
    /// Listeners, addresses, evidence. `sip:read`.
    async fn facts(&self, caller: &Caller) -> Result<Facts, AppError>;
    /// What has gone wrong within the window, with what was changed before. `calls:read`.
    async fn health(&self, caller: &Caller, window: Window) -> Result<Health, AppError>;
    /// What listens, what to open, where things are kept and how long. `sip:read`.
    async fn system(&self, caller: &Caller) -> Result<SystemView, AppError>;
    /// What agents can speak with. `phone:read`.
    fn voices(&self, caller: &Caller) -> Result<Vec<Voice>, AppError>;
}
