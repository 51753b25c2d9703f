//! What pages and the API ask of a server: one small trait a resource, implemented by
//! `server::service`. Every method takes the `Caller` who asks; authorisation is its first
//! line there, never here and never in a component.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::agent::{Agent, AgentDraft};
use crate::domain::call::{Call, CallDetail, CallResult, CallState, Direction};
use crate::domain::draft::{Entry, EntryList};
use crate::domain::id::{AccessId, AgentId, AuditId, CallId, KeyId, UserId};
use crate::domain::inbound::{Access, AccessDraft, InboundTrunk, Number, Region, TrunkDraft};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::phone::PhoneNumber;
use crate::domain::routing::{Receipt, Refusal};
use crate::domain::sip::{Secret, Transport};
use crate::domain::words;
use crate::error::{AppError, Need, Reason, Scope};

/// Who asks: a person or a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// From where, for the audit.
    pub address: Option<IpAddr>,
}

/// A person, a key, or the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// Nobody is signed in.
    Nobody,
    /// A person in a browser.
    User(SignedIn),
    /// A script with a key.
    Key {
        /// Which key.
        id: KeyId,
        /// What it is called.
        name: String,
    },
    /// Whoever runs the server, on its command line.
    Operator,
}

/// The account behind a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// IANA time zone, once chosen.
    pub zone: Option<String>,
    /// `en`, `de`.
    pub language: Option<String>,
    /// `light`, `dark`; none follows the system.
    pub theme: Option<String>,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// All but users and keys.
    Operator,
    /// Reads.
    Viewer,
}
words!(
    Role,
    Admin = "admin",
    Operator = "operator",
    Viewer = "viewer"
);

impl Role {
    /// The scopes of the role.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Admin => vec![Scope::Full],
            Self::Operator => vec![
                Scope::SipRead,
                Scope::SipWrite,
                Scope::PhoneRead,
                Scope::PhoneWrite,
                Scope::CallsRead,
            ],
            Self::Viewer => vec![Scope::SipRead, Scope::PhoneRead, Scope::CallsRead],
        }
    }
}

impl Caller {
    /// Somebody who has not said who they are.
    pub fn nobody(address: Option<IpAddr>) -> Self {
        Self {
            who: Who::Nobody,
            scopes: Vec::new(),
            address,
        }
    }

    /// Whoever runs the server.
    pub fn operator() -> Self {
        Self {
            who: Who::Operator,
            scopes: vec![Scope::Full],
            address: None,
        }
    }

    /// `Ok` if they may.
    pub fn may(&self, scope: Scope) -> Result<(), AppError> {
        match &self.who {
            Who::Nobody => Err(AppError::Unauthenticated),
            _ if self.can(scope) => Ok(()),
            _ => Err(AppError::Forbidden(Need::Scope(scope))),
        }
    }

    /// Whether they may, for showing a control or its reason. Writing includes reading.
    pub fn can(&self, scope: Scope) -> bool {
        let implied = match scope {
            Scope::SipRead => Some(Scope::SipWrite),
            Scope::PhoneRead => Some(Scope::PhoneWrite),
            _ => None,
        };
        self.scopes
            .iter()
            .any(|held| *held == Scope::Full || *held == scope || Some(*held) == implied)
    }

    /// The person, if it is one.
    pub fn user(&self) -> Result<&SignedIn, AppError> {
        match &self.who {
            Who::User(user) => Ok(user),
            Who::Nobody => Err(AppError::Unauthenticated),
            Who::Key { .. } | Who::Operator => Err(AppError::Forbidden(Need::SignedInUser)),
        }
    }

    /// How the audit names them.
    pub fn name(&self) -> String {
        match &self.who {
            Who::Nobody => "nobody".to_owned(),
            Who::User(user) => user.email.clone(),
            Who::Key { name, .. } => format!("key {name}"),
            Who::Operator => "command line".to_owned(),
        }
    }
}

/// All ports. Cheap to clone; pages get it from Leptos' context, handlers from axum's state.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is its trait")]
pub struct Services {
    pub trunks: Arc<dyn InboundTrunks>,
    pub accesses: Arc<dyn Accesses>,
    pub numbers: Arc<dyn Numbers>,
    pub agents: Arc<dyn Agents>,
    pub calls: Arc<dyn Calls>,
    pub sources: Arc<dyn Sources>,
    pub route_test: Arc<dyn RouteTests>,
    pub doors: Arc<dyn Doors>,
    pub keys: Arc<dyn Keys>,
    pub audit: Arc<dyn AuditLog>,
    pub system: Arc<dyn SystemFacts>,
}

/// The inbound trunk and its numbers.
#[async_trait]
pub trait InboundTrunks: Send + Sync {
    /// The trunk, if there is one. `sip:read`.
    async fn get(&self, caller: &Caller) -> Result<Option<TrunkView>, AppError>;
    /// Makes it, with its first digest access. `sip:write`.
    async fn create(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError>;
    /// Changes it. `sip:write`.
    async fn update(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError>;
    /// Removes it with its accesses; numbers stay in the inventory. `sip:write`.
    async fn delete(&self, caller: &Caller) -> Result<(), AppError>;
    /// Numbers on the trunk := all verified numbers. Refuses to take off assigned ones. `sip:write`.
    async fn sync(&self, caller: &Caller) -> Result<Synced, AppError>;
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

/// The trunk with what a carrier must be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkView {
    /// The trunk.
    pub trunk: InboundTrunk,
    /// The endpoint of the region chosen.
    pub endpoint: Endpoint,
    /// All regions, those without a host of their own included.
    pub regions: Vec<RegionView>,
    /// Newest digest access, whose credentials are shown first.
    pub newest: Option<AccessId>,
    /// Its username.
    pub username: Option<String>,
    /// The numbers on the trunk, sorted.
    pub numbers: Vec<PhoneNumber>,
}

/// Where carriers send calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Over what it listens.
    pub transports: Vec<Transport>,
    /// How far it can be reached from.
    pub reach: Reach,
}

/// How far an endpoint can be reached from, judged by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Loopback.
    ThisComputer,
    /// A private range.
    ThisNetwork,
    /// A public address or a name.
    Internet,
}

/// One region of the choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionView {
    /// Which.
    pub region: Region,
    /// Its endpoint; without a host of its own, none but `global` may be chosen.
    pub endpoint: Option<Endpoint>,
    /// The setting that would give it one, such as `sip.regions.us`.
    pub setting: String,
}

/// What a sync did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Synced {
    /// The trunk after it.
    pub trunk: TrunkView,
    /// Numbers that came.
    pub added: Vec<PhoneNumber>,
    /// Numbers that went.
    pub removed: Vec<PhoneNumber>,
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

/// Which numbers to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain filters")]
pub struct NumberFilter {
    pub on_trunk: Option<bool>,
    pub agent: Option<AgentId>,
    pub unassigned: bool,
    /// Part of the digits or of the label.
    pub query: Option<String>,
    pub limit: Option<Limit>,
    pub cursor: Option<String>,
}

/// A number with the name of who answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberRow {
    /// The number.
    pub number: Number,
    /// What its agent is called.
    pub agent_name: Option<String>,
}

/// Numbers to add, pasted or listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct NumbersDraft {
    pub phone_numbers: EntryList,
    /// One text, one number a line, as a form pastes it.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub lines: Entry,
    /// Reads those without a country code.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub country: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub on_trunk: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    /// Say what would happen, change nothing.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub preview: Entry,
}

/// What can be changed of a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct NumberDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub label: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub verified: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub on_trunk: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What became of one line of many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    /// The line as sent.
    pub sent: String,
    /// What it was read as, or why it was not.
    pub number: Result<PhoneNumber, Reason>,
    /// What was or would be done.
    pub what: AddedAs,
}

/// What was done with one line of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddedAs {
    /// New.
    New,
    /// It was there already.
    AlreadyHere,
    /// It stands further up in the same list.
    Twice,
    /// It is no number.
    Refused,
}

/// Agents and what is bound to them.
#[async_trait]
pub trait Agents: Send + Sync {
    /// All, by name. `phone:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<AgentView>, AppError>;
    /// One. `phone:read`.
    async fn get(&self, caller: &Caller, id: AgentId) -> Result<AgentView, AppError>;
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
    /// Says which numbers it answers, all of them. `sip:write`.
    async fn set_numbers(
        &self,
        caller: &Caller,
        id: AgentId,
        numbers: EntryList,
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

/// How a number is given to an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assign {
    /// Take it from whoever holds it.
    pub moving: bool,
    /// Put it into inventory and trunk if it is not there.
    pub adding: bool,
}

/// An agent with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub agent: Agent,
    /// The numbers it answers, sorted.
    pub numbers: Vec<Number>,
    /// The header that may name it.
    pub header: Option<String>,
}

/// Calls: the Inbox.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Newest first. `calls:read`.
    async fn list(&self, caller: &Caller, filter: CallFilter) -> Result<Page<Call>, AppError>;
    /// One, with everything known of it. `calls:read`.
    async fn get(&self, caller: &Caller, id: CallId) -> Result<CallDetail, AppError>;
    /// Where its recording is. `calls:read`.
    async fn recording(&self, caller: &Caller, id: CallId) -> Result<std::path::PathBuf, AppError>;
    /// Ends it. `phone:write`.
    async fn hang_up(&self, caller: &Caller, id: CallId) -> Result<Call, AppError>;
    /// News from now on. `calls:read`.
    fn watch(&self, caller: &Caller) -> Result<NewsStream, AppError>;
}

/// Which calls to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain filters")]
pub struct CallFilter {
    pub direction: Option<Direction>,
    pub state: Option<CallState>,
    pub result: Option<CallResult>,
    /// Refused calls only, or none of them.
    pub refused: Option<bool>,
    /// Part of the caller's or the dialled number.
    pub number: Option<String>,
    pub agent: Option<AgentId>,
    pub access: Option<AccessId>,
    /// Unix milliseconds, inclusive.
    pub since: Option<i64>,
    /// Unix milliseconds, exclusive.
    pub until: Option<i64>,
    pub limit: Option<Limit>,
    pub cursor: Option<Cursor>,
}

/// Something that pages and scripts may watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "topic")]
pub enum News {
    /// A call began, moved on or ended.
    Call {
        /// Its row now.
        call: Box<Call>,
    },
    /// A line was said in a call.
    Line {
        /// Whose.
        call: CallId,
        /// What.
        line: crate::domain::call::TranscriptLine,
    },
    /// Trunk, accesses, numbers or agents changed.
    Routing,
    /// Somebody did not get in.
    Sources,
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

/// One source that did not get in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// From where.
    pub address: IpAddr,
    /// What it calls itself.
    pub software: Option<String>,
    /// The last number it dialled, as sent.
    pub dialled: Option<String>,
    /// Whether that is a number of ours.
    pub dialled_ours: bool,
    /// What went wrong last.
    pub reason: Option<Refusal>,
    /// How often.
    pub tries: u32,
    /// Unix milliseconds.
    pub first_at: i64,
    /// Unix milliseconds.
    pub last_at: i64,
    /// Until when nothing is heard of it. Unix milliseconds.
    pub blocked_until: Option<i64>,
}

/// Which agent would answer.
#[async_trait]
pub trait RouteTests: Send + Sync {
    /// Decides without a call; changes nothing. `sip:read`.
    async fn test(&self, caller: &Caller, draft: RouteTestDraft) -> Result<RouteTested, AppError>;
}

/// A call that is only supposed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct RouteTestDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub to: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub from: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub source: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub username: Entry,
    /// Value of the agent header.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub agent: Entry,
    /// Host of the Request-URI.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub host: Entry,
    /// Other headers by name, as scripts send them.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub headers: std::collections::BTreeMap<String, Entry>,
}

/// What would become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTested {
    /// Who would answer.
    pub agent: Option<(AgentId, String)>,
    /// Or why nobody would.
    pub refusal: Option<Refusal>,
    /// The number it was read as.
    pub number: Option<PhoneNumber>,
    /// Why.
    pub receipt: Receipt,
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

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct ApiKey {
    pub id: KeyId,
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

/// What a form or a script says of a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as sent")]
pub struct KeyDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    pub scopes: EntryList,
}

/// Who changed what.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Newest first. `full`.
    async fn list(
        &self,
        caller: &Caller,
        limit: Option<Limit>,
        cursor: Option<Cursor>,
    ) -> Result<Page<AuditEntry>, AppError>;
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Unix milliseconds.
    pub at: i64,
    /// Who, by name.
    pub who: String,
    /// Verb and thing, such as `create_access`.
    pub what: String,
    /// Id or number of the thing.
    pub subject: String,
    /// What it is called.
    pub label: String,
    /// Before, without secrets, as JSON.
    pub before: Option<String>,
    /// After, without secrets, as JSON.
    pub after: Option<String>,
}

/// What the server is and has seen.
#[async_trait]
pub trait SystemFacts: Send + Sync {
    /// Listeners, addresses, evidence. `sip:read`.
    async fn facts(&self, caller: &Caller) -> Result<Facts, AppError>;
}

/// Listeners, addresses, evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct Facts {
    pub version: String,
    pub public_url: String,
    pub listeners: Vec<Listener>,
    pub external_host: String,
    pub rtp_first: u16,
    pub rtp_last: u16,
    pub live_calls: u32,
    pub answered_today: u64,
    pub refused_today: u64,
    pub failed_today: u64,
    pub last_call_at: Option<i64>,
    pub numbers_on_trunk: u64,
    pub agents_enabled: u64,
    pub numbers_with_agent: u64,
    pub has_default_agent: bool,
    /// A carrier's or test call was answered, last.
    pub answered_at: Option<i64>,
}

/// One socket that SIP listens on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct Listener {
    pub transport: Transport,
    pub address: String,
    pub last_packet_at: Option<i64>,
    /// Why it does not listen, if it does not.
    pub error: Option<String>,
}
