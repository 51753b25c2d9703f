//! Transfer destinations, and which agent may hand calls on to which.

use app::domain::agent::Agent;
use app::domain::id::{AgentId, DestinationId};
use app::domain::transfer::{
    AssignDraft, Assigned, Destination, DestinationDraft, DestinationView, NewDestination,
};
use app::error::{AppError, Conflict, FieldErrors, Reason, Scope, Thing};
use app::ports::{Caller, Destinations};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::version;
use crate::store::{self, Conn, Tx};

/// The use cases of transfer destinations.
pub struct DestinationDesk(pub Core);

impl DestinationDesk {
    async fn stored(&self, conn: &mut Conn, id: DestinationId) -> Result<Destination, AppError> {
        let destination = store::destinations::get(conn, id).await?;
        destination.ok_or(AppError::NotFound(Thing::Destination))
    }

    async fn agent(&self, conn: &mut Conn, id: AgentId) -> Result<Agent, AppError> {
        let agent = store::agents::get(conn, id).await?;
        agent.ok_or(AppError::NotFound(Thing::Agent))
    }

    async fn view(
        &self,
        conn: &mut Conn,
        destination: Destination,
    ) -> Result<DestinationView, AppError> {
        let agents = store::destinations::agents(conn, destination.id).await?;
        Ok(DestinationView {
            destination,
            agents,
        })
    }

    async fn make(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        new: NewDestination,
    ) -> Result<(Destination, RouteChange), AppError> {
        let now = self.0.clock.now_ms();
        let destination = Destination {
            id: self.0.clock.new_id::<DestinationId>(),
            settings: new.settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        store::destinations::insert(tx, &destination, new.password.set()).await?;
        record("create_transfer_destination", &destination)
            .write(tx, &self.0, caller, None, Some(&destination))
            .await?;
        let change = RouteChange::Destination(destination.clone(), new.password);
        Ok((destination, change))
    }

    /// What the agent may use now, for the snapshot.
    async fn reassigned(&self, tx: &mut Tx, agent: AgentId) -> Result<RouteChange, AppError> {
        let assigned = store::destinations::of_agent(tx, agent).await?;
        let keys = assigned
            .into_iter()
            .map(|assigned| (assigned.destination.id, assigned.digit));
        Ok(RouteChange::Assigned(agent, keys.collect()))
    }
}

fn record(action: &'static str, destination: &Destination) -> Record<'static> {
    Record {
        action,
        subject: destination.id.to_string(),
        label: destination.settings.name.clone(),
    }
}

#[async_trait]
impl Destinations for DestinationDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<DestinationView>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.0.db.read().await?;
        let mut views = Vec::new();
        for destination in store::destinations::list(&mut conn).await? {
            views.push(self.view(&mut conn, destination).await?);
        }
        Ok(views)
    }

    async fn get(&self, caller: &Caller, id: DestinationId) -> Result<DestinationView, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.0.db.read().await?;
        let destination = self.stored(&mut conn, id).await?;
        self.view(&mut conn, destination).await
    }

    async fn create(
        &self,
        caller: &Caller,
        draft: DestinationDraft,
    ) -> Result<DestinationView, AppError> {
        caller.may(Scope::SipWrite)?;
        let new = draft.parse()?;
        let mut tx = self.0.db.begin().await?;
        let (destination, change) = self.make(&mut tx, caller, new).await?;
        self.0.commit(tx, [change]).await?;
        Ok(DestinationView {
            destination,
            agents: Vec::new(),
        })
    }

    async fn update(
        &self,
        caller: &Caller,
        id: DestinationId,
        draft: DestinationDraft,
    ) -> Result<DestinationView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let before = self.stored(&mut tx, id).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        let new = draft.over(&before.settings)?;
        let after = Destination {
            settings: new.settings,
            version: before.version + 1,
            updated_at: self.0.clock.now_ms(),
            ..before.clone()
        };
        if !store::destinations::update(&mut tx, &after, &new.password).await? {
            return Err(version::raced(before.version));
        }
        record("update_transfer_destination", &after)
            .write(&mut tx, &self.0, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, after.clone()).await?;
        self.0
            .commit(tx, [RouteChange::Destination(after, new.password)])
            .await?;
        Ok(view)
    }

    async fn delete(&self, caller: &Caller, id: DestinationId) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let destination = self.stored(&mut tx, id).await?;
        let agents = store::destinations::agents(&mut tx, id).await?;
        if !agents.is_empty() {
            return Err(AppError::Conflict(Conflict::DestinationInUse { agents }));
        }
        store::destinations::delete(&mut tx, id).await?;
        record("delete_transfer_destination", &destination)
            .write(&mut tx, &self.0, caller, Some(&destination), None)
            .await?;
        self.0.commit(tx, [RouteChange::DestinationGone(id)]).await
    }

    async fn of_agent(&self, caller: &Caller, agent: AgentId) -> Result<Vec<Assigned>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.0.db.read().await?;
        self.agent(&mut conn, agent).await?;
        Ok(store::destinations::of_agent(&mut conn, agent).await?)
    }

    async fn assign(
        &self,
        caller: &Caller,
        agent: AgentId,
        draft: AssignDraft,
    ) -> Result<Assigned, AppError> {
        caller.may(Scope::SipWrite)?;
        let digit = draft
            .digit()
            .map_err(|reason| AppError::field("digit", reason))?;
        let one_of = |other: &str| Reason::OneOf {
            other: other.to_owned(),
        };
        let named = draft.destination_id.optional().map_err(Reason::from);
        let named = named.map_err(|reason| AppError::field("destination_id", reason))?;
        let new = match (&draft.create, named) {
            (Some(create), None) => Some(create.parse().map_err(inside_create)?),
            (None, Some(_)) => None,
            _ => return Err(AppError::field("destination_id", one_of("create"))),
        };
        let mut tx = self.0.db.begin().await?;
        let owner = self.agent(&mut tx, agent).await?;
        let (destination, made) = match (new, named) {
            (Some(new), _) => {
                let (destination, change) = self.make(&mut tx, caller, new).await?;
                (destination, Some(change))
            }
            (None, named) => {
                let text = named.unwrap_or_default();
                let id = text.parse::<DestinationId>().map_err(|_| {
                    AppError::field(
                        "destination_id",
                        Reason::NotAnId {
                            found: text.to_owned(),
                        },
                    )
                })?;
                (self.stored(&mut tx, id).await?, None)
            }
        };
        let others = store::destinations::of_agent(&mut tx, agent).await?;
        let holder = others.iter().find(|other| {
            digit.is_some() && other.digit == digit && other.destination.id != destination.id
        });
        if let (Some(holder), Some(digit)) = (holder, digit) {
            return Err(AppError::Conflict(Conflict::DigitTaken {
                digit,
                name: holder.destination.settings.name.clone(),
            }));
        }
        let now = self.0.clock.now_ms();
        store::destinations::assign(&mut tx, agent, destination.id, digit, now).await?;
        Record {
            action: "assign_transfer_destination",
            subject: agent.to_string(),
            label: owner.settings.name.clone(),
        }
        .write(&mut tx, &self.0, caller, None, Some(&destination))
        .await?;
        let assigned = self.reassigned(&mut tx, agent).await?;
        self.0
            .commit(tx, made.into_iter().chain([assigned]))
            .await?;
        Ok(Assigned { destination, digit })
    }

    async fn release(
        &self,
        caller: &Caller,
        agent: AgentId,
        id: DestinationId,
    ) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.0.db.begin().await?;
        let owner = self.agent(&mut tx, agent).await?;
        let destination = self.stored(&mut tx, id).await?;
        if !store::destinations::release(&mut tx, agent, id).await? {
            return Err(AppError::NotFound(Thing::Destination));
        }
        Record {
            action: "release_transfer_destination",
            subject: agent.to_string(),
            label: owner.settings.name.clone(),
        }
        .write(&mut tx, &self.0, caller, Some(&destination), None)
        .await?;
        let assigned = self.reassigned(&mut tx, agent).await?;
        self.0.commit(tx, [assigned]).await
    }
}

/// `name` of the new destination is `create.name` of what was sent.
fn inside_create(errors: FieldErrors) -> AppError {
    let mut inside = FieldErrors::new();
    for (field, reason) in errors.iter() {
        inside.add(format!("create.{field}"), reason.clone());
    }
    AppError::Invalid(inside)
}
