//! Placing calls, and handing live ones on: who may, to whom, by which way.

use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{Call, CallDetail, CallEnd, CallState, EndReason};
use app::domain::id::{CallId, DestinationId, TransferId};
use app::domain::outbound::{CallDraft, NewOutgoing};
use app::domain::test_call::{NewTestCall, TestCall, TestCallDraft};
use app::domain::transfer::{Transfer, TransferDraft};
use app::error::{AppError, Conflict, Reason, Scope, Thing, Unavailable};
use app::ports::{Caller, Dialling};
use async_trait::async_trait;

use crate::service::calls::{CallDesk, CallFacts, NoWayOut, NotPlaced, Outgoing, Running};
use crate::service::core::Core;
use crate::store;

/// How long a test call rings, talks, and may take in all.
const TEST_RINGS: Duration = Duration::from_secs(20);
const TEST_TALKS: Duration = Duration::from_secs(6);
const TEST_TAKES: Duration = Duration::from_secs(40);

/// The use cases of calls that leave.
pub struct Dialler {
    core: Core,
    desk: Arc<CallDesk>,
}

impl Dialler {
    pub fn new(core: Core, desk: Arc<CallDesk>) -> Self {
        Self { core, desk }
    }

    /// The agent, its trunk and every limit, as the routing snapshot has them.
    fn outgoing(&self, new: NewOutgoing) -> Result<Outgoing, AppError> {
        let agent = self.core.book.agent(new.agent);
        let agent = agent.ok_or_else(|| {
            AppError::field(
                "phone_agent_id",
                Reason::NoSuch {
                    found: new.agent.to_string(),
                },
            )
        })?;
        let longest = new
            .max_duration_s
            .unwrap_or(u32::MAX)
            .min(agent.settings.max_duration_s);
        let trunk = agent.outbound_trunk;
        let trunk = trunk.and_then(|id| self.core.book.outbound(id));
        let route = self.core.book.way_to(new.to, trunk).map_err(no_way)?;
        let longest = route.trunk().map_or(longest, |trunk| {
            longest.min(trunk.settings.limits.max_duration_s)
        });
        Ok(Outgoing {
            id: self.core.clock.new_id(),
            agent: Some(agent),
            route,
            ring_for: Duration::from_secs(u64::from(new.ring_timeout_s)),
            longest: Duration::from_secs(u64::from(longest)),
            hears: false,
            bot_of: None,
            metadata: new.metadata,
        })
    }
}

impl Dialler {
    /// A call that only listens: to a number of ours, or out by the trunk that was named.
    fn trial(&self, new: NewTestCall) -> Result<Outgoing, AppError> {
        let trunk = match new.trunk {
            Some(id) => {
                let trunk = self.core.book.outbound(id);
                Some(trunk.ok_or(AppError::NotFound(Thing::OutboundTrunk))?)
            }
            None => None,
        };
        let ours = || self.core.book.read(|routes| routes.a_number().cloned());
        let to = new.to.or_else(ours);
        let to = to.ok_or_else(|| AppError::field("to", Reason::Required))?;
        Ok(Outgoing {
            id: self.core.clock.new_id(),
            agent: None,
            route: self.core.book.way_to(to, trunk).map_err(no_way)?,
            ring_for: TEST_RINGS,
            longest: TEST_TALKS,
            hears: true,
            bot_of: None,
            metadata: serde_json::Map::new(),
        })
    }

    /// Places it, and lets the edge dial.
    async fn begin(&self, outgoing: Outgoing) -> Result<Call, AppError> {
        let call = self.desk.place(&outgoing, None).await.map_err(refused)?;
        let give_up = |reason| {
            let end = CallEnd::because(reason);
            self.desk.end(call.id, end, &CallFacts::default());
        };
        let Some(switchboard) = self.desk.switchboard() else {
            give_up(EndReason::Drained);
            return Err(AppError::Unavailable(Unavailable::Draining));
        };
        // After the row, so that what was not placed may be tried again; before a phone rings.
        if let Err(error) = self.core.settle().await {
            give_up(EndReason::Fault);
            return Err(error);
        }
        switchboard.dial(outgoing);
        Ok(call)
    }

    /// Both sides of a test call.
    async fn showed(&self, detail: CallDetail) -> Result<TestCall, AppError> {
        let mut conn = self.core.db.read().await?;
        let answered_by = store::calls::other_side(&mut conn, &detail.call).await?;
        Ok(TestCall::of(detail, answered_by))
    }

    /// Waits until a call is over, and written.
    async fn is_over(&self, call: CallId) {
        let over = async {
            while self.desk.live_call(call).is_some() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        // A row that is late says so by itself.
        let _ = tokio::time::timeout(TEST_TAKES, over).await;
        self.desk.flush().await;
    }
}

#[async_trait]
impl Dialling for Dialler {
    async fn call(&self, caller: &Caller, draft: CallDraft) -> Result<Call, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let outgoing = self.outgoing(draft.parse()?)?;
        self.begin(outgoing).await
    }

    async fn test(&self, caller: &Caller, draft: TestCallDraft) -> Result<TestCall, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let outgoing = self.trial(draft.parse()?)?;
        let call = self.begin(outgoing).await?;
        self.is_over(call.id).await;
        let detail = self.desk.detail(call.id).await?;
        self.showed(detail).await
    }

    async fn tested(&self, caller: &Caller, call: CallId) -> Result<TestCall, AppError> {
        caller.may(Scope::CallsRead)?;
        let detail = self.desk.detail(call).await?;
        if !TestCall::was(&detail.call) {
            return Err(AppError::NotFound(Thing::Call));
        }
        self.showed(detail).await
    }

    async fn transfer(
        &self,
        caller: &Caller,
        call: CallId,
        draft: TransferDraft,
    ) -> Result<Transfer, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let text = draft.destination_id.required().map_err(Reason::from);
        let text = text.map_err(|reason| AppError::field("destination_id", reason))?;
        let destination = text.parse::<DestinationId>().map_err(|_| {
            AppError::field(
                "destination_id",
                Reason::NotAnId {
                    found: text.to_owned(),
                },
            )
        })?;
        let running = self.desk.running(call).await?;
        let live = running.call();
        let assigned = live.agent.map(|agent| self.core.book.assigned(agent));
        let assigned = assigned.into_iter().flatten();
        let mut named = assigned.map(|assigned| assigned.destination);
        let Some(destination) = named.find(|named| named.id == destination) else {
            return Err(match self.core.book.destination(destination) {
                Some(_) => AppError::Conflict(Conflict::NotAssigned),
                None => AppError::NotFound(Thing::Destination),
            });
        };
        if live.state != CallState::Answered {
            return Err(AppError::Conflict(Conflict::NotNow));
        }
        let asked = match (&running, self.desk.switchboard()) {
            (Running::Elsewhere(_), _) => self.desk.hand_on_elsewhere(call, destination.id).await?,
            (Running::Here(_), Some(switchboard)) => switchboard.hand_on(call, destination).await,
            (Running::Here(_), None) => None,
        };
        asked.ok_or(AppError::Conflict(Conflict::NotNow))
    }

    async fn transferred(
        &self,
        caller: &Caller,
        call: CallId,
        id: TransferId,
    ) -> Result<Transfer, AppError> {
        caller.may(Scope::CallsRead)?;
        let mut conn = self.core.db.read().await?;
        let transfer = store::transfers::get(&mut conn, id).await?;
        transfer
            .filter(|transfer| transfer.call == call)
            .ok_or(AppError::NotFound(Thing::Transfer))
    }
}

fn no_way(why: NoWayOut) -> AppError {
    match why {
        NoWayOut::NoTrunk => AppError::Conflict(Conflict::NoOutboundTrunk),
        NoWayOut::NoLogin => AppError::NotFound(Thing::Access),
    }
}

fn refused(why: NotPlaced) -> AppError {
    match why {
        NotPlaced::Forbidden(why) => AppError::Conflict(Conflict::MayNotDial { why }),
        NotPlaced::Full | NotPlaced::Draining => AppError::Unavailable(Unavailable::Draining),
        NotPlaced::Store(error) => error.into(),
    }
}
