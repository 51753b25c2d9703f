//! The routing snapshot: what a call is decided by, in memory. Loaded at the start, then
//! patched row by row after each commit and before its answer, so that the SIP path never
//! waits on SQL.

use std::collections::HashMap;

use app::domain::agent::Agent;
use app::domain::id::{AccessId, AgentId};
use app::domain::inbound::{Access, InboundTrunk};
use app::domain::number::Number;
use app::domain::phone::PhoneNumber;
use app::domain::routing::{AccessRoute, AgentRoute, NumberRoute, Routes, TrunkRoute};
use app::domain::sip::Secret;
use parking_lot::RwLock;

use crate::store::notices::Notice;
use crate::store::{self, Db, StoreError};

/// The snapshot. One lock: readers hold it for a microsecond, writers are operators.
#[derive(Debug, Default)]
pub struct RouteBook(RwLock<Book>);

#[derive(Debug, Default)]
struct Book {
    routes: Routes,
    passwords: HashMap<AccessId, Secret>,
    agents: HashMap<AgentId, Agent>,
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
    Agent(Agent),
    AgentGone(AgentId),
}

impl From<&RouteChange> for Notice {
    fn from(change: &RouteChange) -> Self {
        match change {
            RouteChange::Trunk(_) => Self::Trunk,
            RouteChange::Access(access, _) => Self::Access(access.id),
            RouteChange::AccessGone(id) => Self::Access(*id),
            RouteChange::Number(number) => Self::Number(number.number.clone()),
            RouteChange::NumberGone(number) => Self::Number(number.clone()),
            RouteChange::Agent(agent) => Self::Agent(agent.id),
            RouteChange::AgentGone(id) => Self::Agent(*id),
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
        for agent in store::agents::list(&mut conn).await? {
            fresh.apply(RouteChange::Agent(agent));
        }
        for number in store::numbers::list(&mut conn).await? {
            fresh.apply(RouteChange::Number(number));
        }
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
        self.0.read().agents.get(&id).cloned()
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
            RouteChange::Agent(agent) => {
                let is_default = agent.settings.is_default;
                self.routes.put_agent(AgentRoute::from(&agent), is_default);
                self.agents.insert(agent.id, agent);
            }
            RouteChange::AgentGone(id) => {
                self.routes.remove_agent(id);
                self.agents.remove(&id);
            }
        }
    }
}
