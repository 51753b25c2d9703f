//! The routing snapshot: what a call is decided by, in memory. Loaded at the start, then
//! patched row by row after each commit and before its answer, so that the SIP path never
//! waits on SQL.

use std::collections::HashMap;

use app::domain::agent::Agent;
use app::domain::draft::Change;
use app::domain::id::{AccessId, AgentId, DestinationId, OutboundTrunkId};
use app::domain::inbound::{Access, InboundTrunk};
use app::domain::number::Number;
use app::domain::outbound::OutboundTrunk;
use app::domain::phone::PhoneNumber;
use app::domain::routing::{AccessRoute, AgentRoute, NumberRoute, Routes, TrunkRoute};
use app::domain::sip::Secret;
use app::domain::transfer::{Assigned, Destination};
use parking_lot::RwLock;

use crate::store::notices::Changed;
use crate::store::{self, Db, StoreError};

/// The snapshot. One lock: readers hold it for a microsecond, writers are operators.
#[derive(Debug, Default)]
pub struct RouteBook(RwLock<Book>);

#[derive(Debug, Default)]
struct Book {
    routes: Routes,
    passwords: HashMap<AccessId, Secret>,
    agents: HashMap<AgentId, (Agent, Option<Secret>)>,
    outbound: HashMap<OutboundTrunkId, (OutboundTrunk, Option<Secret>)>,
    destinations: HashMap<DestinationId, (Destination, Option<Secret>)>,
    assigned: HashMap<AgentId, Vec<(DestinationId, Option<char>)>>,
}

/// One row that changed.
#[derive(Clone, Debug)]
pub enum RouteChange {
    /// The trunk, or that there is none any more.
    Trunk(Option<InboundTrunk>),
    /// An access; its password if it is new or was changed.
    Access(Access, Option<Secret>),
    AccessGone(AccessId),
    Number(Number),
    NumberGone(PhoneNumber),
    /// An agent, and what became of its engine's secret.
    Agent(Agent, Change<Secret>),
    AgentGone(AgentId),
    /// A way out, and what became of its password.
    Outbound(OutboundTrunk, Change<Secret>),
    OutboundGone(OutboundTrunkId),
    /// Where calls may be handed on to, and what became of its password.
    Destination(Destination, Change<Secret>),
    DestinationGone(DestinationId),
    /// What an agent may hand calls on to, with the keys that choose it.
    Assigned(AgentId, Vec<(DestinationId, Option<char>)>),
}

impl From<&RouteChange> for Changed {
    fn from(change: &RouteChange) -> Self {
        match change {
            RouteChange::Trunk(_) => Self::Trunk,
            RouteChange::Access(access, _) => Self::Access(access.id),
            RouteChange::AccessGone(id) => Self::Access(*id),
            RouteChange::Number(number) => Self::Number(number.number.clone()),
            RouteChange::NumberGone(number) => Self::Number(number.clone()),
            RouteChange::Agent(agent, _) => Self::Agent(agent.id),
            RouteChange::AgentGone(id) => Self::Agent(*id),
            // Few and seldom changed: not worth a notice each.
            RouteChange::Outbound(..)
            | RouteChange::OutboundGone(_)
            | RouteChange::Destination(..)
            | RouteChange::DestinationGone(_)
            | RouteChange::Assigned(..) => Self::Everything,
        }
    }
}

/// What a digest username stands for.
#[derive(Clone, Debug)]
pub struct Credential {
    pub access: AccessId,
    pub password: Secret,
    /// The sign-in must be for the very Request-URI that was called.
    pub strict_uri: bool,
    /// MD5 is refused.
    pub sha256_only: bool,
}

impl RouteBook {
    /// Reads everything once.
    pub async fn load(db: &Db) -> Result<Self, StoreError> {
        let book = Self::default();
        book.reload(db).await?;
        Ok(book)
    }

    /// Reads everything again: after another instance may have changed anything.
    pub async fn reload(&self, db: &Db) -> Result<(), StoreError> {
        let mut conn = db.read().await?;
        let mut fresh = Book {
            passwords: store::accesses::passwords(&mut conn).await?,
            ..Book::default()
        };
        fresh.apply(RouteChange::Trunk(store::trunk::get(&mut conn).await?));
        for access in store::accesses::list(&mut conn).await? {
            fresh.apply(RouteChange::Access(access, None));
        }
        let mut secrets = store::agents::secrets(&mut conn).await?;
        for agent in store::agents::list(&mut conn).await? {
            let secret = secrets.remove(&agent.id).map_or(Change::Clear, Change::Set);
            fresh.apply(RouteChange::Agent(agent, secret));
        }
        for number in store::numbers::list(&mut conn).await? {
            fresh.apply(RouteChange::Number(number));
        }
        let mut passwords = store::outbound::passwords(&mut conn).await?;
        for trunk in store::outbound::list(&mut conn).await? {
            let password = passwords.remove(&trunk.id);
            fresh.outbound.insert(trunk.id, (trunk, password));
        }
        let mut passwords = store::destinations::passwords(&mut conn).await?;
        for destination in store::destinations::list(&mut conn).await? {
            let password = passwords.remove(&destination.id);
            fresh
                .destinations
                .insert(destination.id, (destination, password));
        }
        fresh.assigned = store::destinations::assigned(&mut conn).await?;
        *self.0.write() = fresh;
        Ok(())
    }

    /// Makes committed changes count, all of them at once.
    pub fn apply(&self, changes: impl IntoIterator<Item = RouteChange>) {
        let mut book = self.0.write();
        changes.into_iter().for_each(|change| book.apply(change));
    }

    /// Looks something up.
    pub fn read<T>(&self, look: impl FnOnce(&Routes) -> T) -> T {
        look(&self.0.read().routes)
    }

    /// An agent in full.
    pub fn agent(&self, id: AgentId) -> Option<Agent> {
        let book = self.0.read();
        book.agents.get(&id).map(|(agent, _)| agent.clone())
    }

    /// What an agent's engine knows us by.
    pub fn engine_secret(&self, id: AgentId) -> Option<Secret> {
        self.0.read().agents.get(&id)?.1.clone()
    }

    /// A way out, with its password.
    pub fn outbound(&self, id: OutboundTrunkId) -> Option<(OutboundTrunk, Option<Secret>)> {
        self.0.read().outbound.get(&id).cloned()
    }

    /// Every way out, with its password.
    pub fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)> {
        self.0.read().outbound.values().cloned().collect()
    }

    /// An enabled digest access: what we sign in with to call ourselves.
    pub fn own_login(&self) -> Option<(String, Secret)> {
        let book = self.0.read();
        let username = book.routes.any_username()?.to_owned();
        let access = book.routes.access_by_username(&username)?;
        Some((username, book.passwords.get(&access.id)?.clone()))
    }

    /// Where calls may be handed on to, with its password.
    pub fn destination(&self, id: DestinationId) -> Option<(Destination, Option<Secret>)> {
        self.0.read().destinations.get(&id).cloned()
    }

    /// What an agent may hand calls on to, in the order of its menu.
    pub fn assigned(&self, agent: AgentId) -> Vec<Assigned> {
        let book = self.0.read();
        let assigned = book.assigned.get(&agent).into_iter().flatten();
        assigned
            .filter_map(|(id, digit)| {
                let (destination, _) = book.destinations.get(id)?;
                Some(Assigned {
                    destination: destination.clone(),
                    digit: *digit,
                })
            })
            .collect()
    }

    /// The enabled digest access of a username.
    pub fn credential(&self, username: &str) -> Option<Credential> {
        let book = self.0.read();
        let access = book
            .routes
            .access_by_username(username)
            .filter(|access| access.enabled)?;
        Some(Credential {
            access: access.id,
            password: book.passwords.get(&access.id)?.clone(),
            strict_uri: access.strict_uri,
            sha256_only: access.sha256_only,
        })
    }
}

impl Book {
    fn apply(&mut self, change: RouteChange) {
        match change {
            RouteChange::Trunk(trunk) => {
                self.routes.trunk = trunk.as_ref().map(TrunkRoute::from);
            }
            RouteChange::Access(access, password) => {
                if let Some(password) = password {
                    self.passwords.insert(access.id, password);
                }
                self.routes.put_access(AccessRoute::from(&access));
            }
            RouteChange::AccessGone(id) => {
                self.passwords.remove(&id);
                self.routes.remove_access(id);
            }
            RouteChange::Number(number) => {
                self.routes
                    .put_number(&number.number, NumberRoute::from(&number));
            }
            RouteChange::NumberGone(number) => self.routes.remove_number(&number),
            RouteChange::Agent(agent, secret) => {
                let is_default = agent.settings.is_default;
                self.routes.put_agent(AgentRoute::from(&agent), is_default);
                let old = self.agents.remove(&agent.id).and_then(|(_, old)| old);
                self.agents
                    .insert(agent.id, (agent, secret.applied_to(old)));
            }
            RouteChange::AgentGone(id) => {
                self.routes.remove_agent(id);
                drop(self.agents.remove(&id));
                self.assigned.remove(&id);
            }
            RouteChange::Outbound(trunk, password) => {
                let old = self.outbound.remove(&trunk.id).and_then(|(_, old)| old);
                let password = password.applied_to(old);
                self.outbound.insert(trunk.id, (trunk, password));
            }
            RouteChange::OutboundGone(id) => drop(self.outbound.remove(&id)),
            RouteChange::Destination(destination, password) => {
                let old = self.destinations.remove(&destination.id);
                let password = password.applied_to(old.and_then(|(_, old)| old));
                self.destinations
                    .insert(destination.id, (destination, password));
            }
            RouteChange::DestinationGone(id) => drop(self.destinations.remove(&id)),
            RouteChange::Assigned(agent, keys) => drop(self.assigned.insert(agent, keys)),
        }
    }
}
