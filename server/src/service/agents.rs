//! Agents and the numbers they answer.

use std::sync::Arc;

use app::domain::agent::{
    Agent, AgentDraft, AgentRouting, AgentSettings, AgentView, Assign, NewAgent, RoutingDraft,
    Voice,
};
use app::domain::draft::{Change, Entry};
use app::domain::engine::{Engine, Realtime, Sip, Stream};
use app::domain::id::{AgentId, OutboundTrunkId};
use app::domain::number::Number;
use app::domain::phone::PhoneNumber;
use app::domain::sip::Secret;
use app::error::{AppError, FieldErrors, Reason, Scope, Thing};
use app::ports::{Agents, Caller};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::calls::CallDesk;
use crate::service::core::Core;
use crate::service::numbers::held_by;
use crate::service::outbound::leads_out;
use crate::service::outward::Outward;
use crate::service::routes::RouteChange;
use crate::service::{entered, trunks, version};
use crate::store::{self, Conn, Tx};

/// As many numbers of an agent are shown beside its name.
const FEW: u32 = 3;

/// The use cases of agents, and what they can speak with.
pub struct AgentDesk {
    pub core: Core,
    pub desk: Arc<CallDesk>,
    pub voices: Arc<[Voice]>,
    /// Which engines elsewhere may be named.
    pub outward: Outward,
}

impl AgentDesk {
    async fn stored(&self, conn: &mut Conn, id: AgentId) -> Result<Agent, AppError> {
        let agent = store::agents::get(conn, id).await?;
        agent.ok_or(AppError::NotFound(Thing::Agent))
    }

    /// One of our engine's that is not there would be heard as none. The id of another system's
    /// is kept, so that scripts written for it run, and the language chooses.
    fn speakable(&self, settings: AgentSettings) -> Result<AgentSettings, AppError> {
        let is_there =
            |id: &String| !id.contains('/') || self.voices.iter().any(|voice| voice.id == *id);
        match settings.voice_id.clone().filter(|id| !is_there(id)) {
            Some(found) => Err(AppError::field("voice_id", Reason::NoSuch { found })),
            None => Ok(settings),
        }
    }

    /// Before a transaction: a name server may be slow.
    async fn reachable(&self, engine: &Engine) -> Result<(), AppError> {
        match engine {
            Engine::Builtin => Ok(()),
            Engine::Sip(Sip { uri, .. }) => leads_out(&self.desk, "engine.uri", &uri.host).await,
            Engine::Stream(Stream { url, .. }) | Engine::Realtime(Realtime { url, .. }) => {
                self.outward.check("engine.url", url).await
            }
        }
    }

    async fn view(&self, conn: &mut Conn, agent: Agent) -> Result<AgentView, AppError> {
        let mut first = store::numbers::first_of(conn, &[agent.id], FEW).await?;
        let header = store::trunk::get(conn).await?;
        let trunk = match agent.outbound_trunk {
            Some(id) => store::outbound::get(conn, id).await?,
            None => None,
        };
        Ok(AgentView {
            outbound_trunk_name: trunk.map(|trunk| trunk.settings.name),
            numbers: first.remove(&agent.id).unwrap_or_default(),
            number_count: store::numbers::count_of(conn, agent.id).await?,
            agent,
            header: header.map(|trunk| trunk.settings.agent_id_header.to_string()),
        })
    }

    /// A failover destination that is named must be there.
    async fn check_failover(&self, tx: &mut Tx, agent: &Agent) -> Result<(), AppError> {
        let Some(id) = agent.settings.failover else {
            return Ok(());
        };
        if store::destinations::get(tx, id).await?.is_some() {
            return Ok(());
        }
        let found = id.to_string();
        Err(AppError::field(
            "failover_transfer_destination_id",
            Reason::NoSuch { found },
        ))
    }

    /// The trunk a draft names; the one that stands if it names none.
    async fn trunk(
        &self,
        tx: &mut Tx,
        agent: &Agent,
        draft: &Entry,
    ) -> Result<Option<OutboundTrunkId>, AppError> {
        let field = |reason| AppError::field("outbound_trunk_id", reason);
        let text = match draft.change().map_err(|problem| field(problem.into()))? {
            Change::Leave => return Ok(agent.outbound_trunk),
            Change::Clear => return Ok(None),
            Change::Set(text) => text,
        };
        let found = text.to_owned();
        let Ok(id) = text.parse::<OutboundTrunkId>() else {
            return Err(field(Reason::NotAnId { found }));
        };
        match store::outbound::get(tx, id).await? {
            Some(_) => Ok(Some(id)),
            None => Err(field(Reason::NoSuch { found })),
        }
    }

    /// There is one default agent: a new one takes that from the old one.
    async fn take_over(&self, tx: &mut Tx, agent: &Agent) -> Result<Option<Agent>, AppError> {
        if !agent.settings.is_default {
            return Ok(None);
        }
        let Some(mut former) = store::agents::default(tx)
            .await?
            .filter(|former| former.id != agent.id)
        else {
            return Ok(None);
        };
        former.settings.is_default = false;
        former.version += 1;
        former.updated_at = self.core.clock.now_ms();
        store::agents::save(tx, &former).await?;
        Ok(Some(former))
    }

    /// Gives a number to an agent, or takes it from one.
    async fn bind(
        &self,
        tx: &mut Tx,
        number: Number,
        agent: Option<AgentId>,
    ) -> Result<Number, AppError> {
        let after = Number {
            agent,
            version: number.version + 1,
            ..number
        };
        store::numbers::save(tx, &after, self.core.clock.now_ms()).await?;
        Ok(after)
    }
}

/// The agent that was saved, and the one whose place it took.
fn changed(former: Option<Agent>, saved: Agent, secret: Change<Secret>) -> Vec<RouteChange> {
    let former = former.map(|former| RouteChange::Agent(former, Change::Leave));
    let saved = RouteChange::Agent(saved, secret);
    former.into_iter().chain([saved]).collect()
}

fn routing(agent: &Agent, held: &[Number]) -> AgentRouting {
    AgentRouting {
        phone_numbers: held.iter().map(|number| number.number.clone()).collect(),
        outbound_trunk_id: agent.outbound_trunk,
    }
}

fn record(action: &'static str, agent: &Agent) -> Record<'static> {
    Record {
        action,
        subject: agent.id.to_string(),
        label: agent.settings.name.clone(),
    }
}

#[async_trait]
impl Agents for AgentDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<AgentView>, AppError> {
        caller.may(Scope::PhoneRead)?;
        let mut conn = self.core.db.read().await?;
        let header = store::trunk::get(&mut conn).await?;
        let header = header.map(|trunk| trunk.settings.agent_id_header.to_string());
        let counts = store::numbers::counts(&mut conn).await?;
        let answering: Vec<AgentId> = counts.keys().copied().collect();
        let mut first = store::numbers::first_of(&mut conn, &answering, FEW).await?;
        let trunks = store::outbound::list(&mut conn).await?;
        let trunk_name = |id: OutboundTrunkId| {
            let trunk = trunks.iter().find(|trunk| trunk.id == id)?;
            Some(trunk.settings.name.clone())
        };
        let agents = store::agents::list(&mut conn).await?.into_iter();
        Ok(agents
            .map(|agent| AgentView {
                outbound_trunk_name: agent.outbound_trunk.and_then(trunk_name),
                numbers: first.remove(&agent.id).unwrap_or_default(),
                number_count: counts.get(&agent.id).copied().unwrap_or(0),
                header: header.clone(),
                agent,
            })
            .collect())
    }

    async fn names(&self, caller: &Caller) -> Result<Vec<(AgentId, String)>, AppError> {
        caller.may(Scope::PhoneRead)?;
        let mut conn = self.core.db.read().await?;
        Ok(store::agents::names(&mut conn).await?)
    }

    async fn get(&self, caller: &Caller, id: AgentId) -> Result<AgentView, AppError> {
        caller.may(Scope::PhoneRead)?;
        let mut conn = self.core.db.read().await?;
        let agent = self.stored(&mut conn, id).await?;
        self.view(&mut conn, agent).await
    }

    async fn numbers(&self, caller: &Caller, id: AgentId) -> Result<Vec<PhoneNumber>, AppError> {
        if !caller.can(Scope::SipWrite) {
            caller.may(Scope::PhoneRead)?;
        }
        let mut conn = self.core.db.read().await?;
        let numbers = store::numbers::of_agent(&mut conn, id).await?;
        Ok(numbers.into_iter().map(|number| number.number).collect())
    }

    async fn create(&self, caller: &Caller, draft: AgentDraft) -> Result<AgentView, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let now = self.core.clock.now_ms();
        let NewAgent { settings, secret } = draft.parse()?;
        self.reachable(&settings.engine).await?;
        let agent = Agent {
            id: self.core.clock.new_id::<AgentId>(),
            settings: self.speakable(settings)?,
            outbound_trunk: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.core.db.begin().await?;
        self.check_failover(&mut tx, &agent).await?;
        let former = self.take_over(&mut tx, &agent).await?;
        store::agents::save(&mut tx, &agent).await?;
        store::agents::put_secret(&mut tx, agent.id, &secret).await?;
        record("create_agent", &agent)
            .write(&mut tx, &self.core, caller, None, Some(&agent))
            .await?;
        let view = self.view(&mut tx, agent.clone()).await?;
        self.core.commit(tx, changed(former, agent, secret)).await?;
        Ok(view)
    }

    async fn update(
        &self,
        caller: &Caller,
        id: AgentId,
        draft: AgentDraft,
    ) -> Result<AgentView, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let now = {
            let mut conn = self.core.db.read().await?;
            self.stored(&mut conn, id).await?
        };
        let wanted = draft.over(&now.settings)?.settings.engine;
        if wanted != now.settings.engine {
            self.reachable(&wanted).await?;
        }
        let mut tx = self.core.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        let NewAgent {
            mut settings,
            secret,
        } = draft.over(&before.settings)?;
        if settings.engine != wanted {
            return Err(version::raced(now.version));
        }
        // A voice that was there when it was chosen is no fault of this change.
        if settings.voice_id != before.settings.voice_id {
            settings = self.speakable(settings)?;
        }
        let after = Agent {
            settings,
            version: before.version + 1,
            updated_at: self.core.clock.now_ms(),
            ..before.clone()
        };
        self.check_failover(&mut tx, &after).await?;
        let former = self.take_over(&mut tx, &after).await?;
        if !store::agents::save(&mut tx, &after).await? {
            return Err(version::raced(before.version));
        }
        store::agents::put_secret(&mut tx, id, &secret).await?;
        record("update_agent", &after)
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, after.clone()).await?;
        self.core.commit(tx, changed(former, after, secret)).await?;
        Ok(view)
    }

    async fn delete(&self, caller: &Caller, id: AgentId) -> Result<(), AppError> {
        caller.may(Scope::PhoneWrite)?;
        let mut tx = self.core.db.begin().await?;
        let agent = self.stored(&mut tx, id).await?;
        let mut freed = Vec::new();
        for number in store::numbers::of_agent(&mut tx, id).await? {
            freed.push(self.bind(&mut tx, number, None).await?);
        }
        store::agents::delete(&mut tx, id).await?;
        record("delete_agent", &agent)
            .write(&mut tx, &self.core, caller, Some(&agent), None)
            .await?;
        let gone = RouteChange::AgentGone(id);
        self.core
            .commit(tx, freed.into_iter().map(RouteChange::Number).chain([gone]))
            .await?;
        Ok(())
    }

    async fn set_routing(
        &self,
        caller: &Caller,
        id: AgentId,
        draft: RoutingDraft,
    ) -> Result<AgentView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let mut agent = self.stored(&mut tx, id).await?;
        let held = store::numbers::of_agent(&mut tx, id).await?;
        let now = routing(&agent, &held);
        version::check(&draft.version, now.version(), &draft, &now)?;
        let numbers = &draft.phone_numbers;
        let mut errors = FieldErrors::new();
        let wanted = entered::numbers("phone_numbers", numbers, None, &mut errors);
        let mut changed = Vec::new();
        for number in &wanted {
            match store::numbers::get(&mut tx, number).await? {
                None => errors.add(
                    "phone_numbers",
                    Reason::NoSuch {
                        found: number.to_string(),
                    },
                ),
                Some(stored) => match stored.agent {
                    Some(holder) if holder != id => {
                        return Err(held_by(&mut tx, number, holder).await?);
                    }
                    None if errors.is_empty() => {
                        changed.push(self.bind(&mut tx, stored, Some(id)).await?);
                    }
                    Some(_) | None => {}
                },
            }
        }
        errors.none_or(Some(()))?;
        if !numbers.is_absent() {
            for number in held {
                if !wanted.contains(&number.number) {
                    changed.push(self.bind(&mut tx, number, None).await?);
                }
            }
            record("set_agent_numbers", &agent)
                .write(&mut tx, &self.core, caller, None, Some(&wanted))
                .await?;
        }
        let mut changes: Vec<RouteChange> = changed.into_iter().map(RouteChange::Number).collect();
        let trunk = self
            .trunk(&mut tx, &agent, &draft.outbound_trunk_id)
            .await?;
        if trunk != agent.outbound_trunk {
            let before = agent.clone();
            agent.outbound_trunk = trunk;
            agent.version += 1;
            agent.updated_at = self.core.clock.now_ms();
            if !store::agents::save(&mut tx, &agent).await? {
                return Err(version::raced(before.version));
            }
            record("set_agent_trunk", &agent)
                .write(&mut tx, &self.core, caller, Some(&before), Some(&agent))
                .await?;
            changes.push(RouteChange::Agent(agent.clone(), Change::Leave));
        }
        let view = self.view(&mut tx, agent).await?;
        self.core.commit(tx, changes).await?;
        Ok(view)
    }

    async fn assign(
        &self,
        caller: &Caller,
        id: AgentId,
        number: PhoneNumber,
        how: Assign,
    ) -> Result<AgentView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let agent = self.stored(&mut tx, id).await?;
        let stored = store::numbers::get(&mut tx, &number).await?;
        if let Some(holder) = stored
            .as_ref()
            .and_then(|stored| stored.agent)
            .filter(|holder| *holder != id)
            && !how.moving
        {
            return Err(held_by(&mut tx, &number, holder).await?);
        }
        let before = stored.clone();
        let number = match stored {
            Some(stored) if stored.on_trunk || !how.adding => stored,
            None if !how.adding => return Err(AppError::NotFound(Thing::Number)),
            stored => {
                if store::trunk::get(&mut tx).await?.is_none() {
                    return Err(AppError::NotFound(Thing::InboundTrunk));
                }
                let number = trunks::on_trunk(&self.core, &number, stored);
                store::numbers::save(&mut tx, &number, self.core.clock.now_ms()).await?;
                number
            }
        };
        let after = self.bind(&mut tx, number, Some(id)).await?;
        let record = Record {
            action: "assign_number",
            subject: after.number.to_string(),
            label: agent.settings.name.clone(),
        };
        record
            .write(&mut tx, &self.core, caller, before.as_ref(), Some(&after))
            .await?;
        let view = self.view(&mut tx, agent).await?;
        self.core.commit(tx, [RouteChange::Number(after)]).await?;
        Ok(view)
    }

    async fn release(
        &self,
        caller: &Caller,
        id: AgentId,
        number: PhoneNumber,
    ) -> Result<AgentView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let agent = self.stored(&mut tx, id).await?;
        let stored = store::numbers::get(&mut tx, &number).await?;
        let before = stored
            .filter(|number| number.agent == Some(id))
            .ok_or(AppError::NotFound(Thing::Number))?;
        let after = self.bind(&mut tx, before.clone(), None).await?;
        let record = Record {
            action: "release_number",
            subject: number.to_string(),
            label: agent.settings.name.clone(),
        };
        record
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, agent).await?;
        self.core.commit(tx, [RouteChange::Number(after)]).await?;
        Ok(view)
    }
}
