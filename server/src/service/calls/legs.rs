//! Further legs of a call: to a destination of its agent, under the same limits as any call that
//! leaves.

use std::time::Duration;

use app::domain::call::EndReason;
use app::domain::id::{AccessId, AgentId, CallId, DestinationId};
use app::domain::transfer::{Assigned, Destination, Place, ReferTo};

use super::outgoing::reason;
use super::{CallDesk, NoWayOut, NotPlaced, OutRoute, Outgoing};

/// How long a call that is handed on rings.
const RING_FOR: Duration = Duration::from_secs(30);
/// The longest a leg without a trunk may last.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl CallDesk {
    /// A further leg of a call, to one of its agent's destinations.
    pub async fn open_leg(
        &self,
        near: CallId,
        leg: CallId,
        to: &Destination,
    ) -> Result<Outgoing, EndReason> {
        self.open_direct(near, leg, self.route(near, to)?).await
    }

    /// A further leg of a call, by a way that is known.
    pub async fn open_direct(
        &self,
        near: CallId,
        leg: CallId,
        route: OutRoute,
    ) -> Result<Outgoing, EndReason> {
        let longest = route.trunk().map_or(LONGEST, |trunk| {
            Duration::from_secs(u64::from(trunk.settings.limits.max_duration_s))
        });
        let outgoing = Outgoing {
            id: leg,
            agent: None,
            route,
            ring_for: RING_FOR,
            longest,
            hears: false,
            bot_of: None,
            metadata: serde_json::Map::new(),
        };
        match self.place(&outgoing, Some(near)).await {
            Ok(_) => Ok(outgoing),
            Err(NotPlaced::Forbidden(why)) => Err(reason(&why)),
            Err(NotPlaced::Full) => Err(EndReason::LimitReached),
            Err(NotPlaced::Draining) => Err(EndReason::Drained),
            Err(NotPlaced::Store(error)) => {
                tracing::error!(%error, "The row of a further leg could not be written");
                Err(EndReason::Fault)
            }
        }
    }

    fn route(&self, near: CallId, to: &Destination) -> Result<OutRoute, EndReason> {
        let call = self.live_call(near).ok_or(EndReason::Fault)?;
        let agent = call.agent.and_then(|id| self.book.agent(id));
        let trunk = agent.and_then(|agent| self.book.outbound(agent.outbound_trunk?));
        match &to.settings.place {
            Place::Phone(callee) => {
                let way = self.book.way_to(callee.clone(), trunk);
                way.map_err(|why| match why {
                    NoWayOut::NoTrunk => EndReason::NoTrunk,
                    NoWayOut::NoLogin => EndReason::NotFound,
                })
            }
            Place::Sip(uri, username) => {
                let stored = self.book.destination(to.id);
                let password = stored.and_then(|(_, password)| password);
                let shown = trunk.map(|(trunk, _)| trunk.settings.caller_number);
                Ok(OutRoute::Direct {
                    uri: Box::new(uri.clone()),
                    login: username.clone().zip(password),
                    caller: shown.or(call.number),
                    replaces: None,
                    headers: Vec::new(),
                })
            }
            Place::Hangup => Err(EndReason::Fault),
        }
    }

    /// What the peer of this access, whose own host this is, is asked to call by itself; none if
    /// it is not to be asked. A number of ours is reached inside, and a password is for us alone.
    pub fn refer_to(&self, access: AccessId, to: &Destination, host: &str) -> Option<String> {
        self.book.read(|routes| {
            let form = routes.access(access)?.refer_form.as_ref()?;
            let uri = match &to.settings.place {
                Place::Phone(number) if !routes.on_trunk(number) => form.fill(number, host)?,
                Place::Sip(uri, None) => uri.clone(),
                Place::Phone(_) | Place::Sip(_, Some(_)) | Place::Hangup => return None,
            };
            Some(uri.to_string())
        })
    }

    /// Where a peer may ask its agent to go: to a destination of that agent, or to a number of ours.
    pub fn referable(&self, agent: Option<AgentId>, to: &ReferTo) -> Option<Destination> {
        let assigned = agent.map(|agent| self.book.assigned(agent));
        let mut assigned = assigned.into_iter().flatten();
        if let Some(found) = assigned.find(|each| to.means(&each.destination.settings.place)) {
            return Some(found.destination);
        }
        let mut ours = to.numbers().into_iter();
        let number = ours.find(|number| self.book.read(|routes| routes.on_trunk(number)))?;
        Some(Destination::unnamed(Place::Phone(number)))
    }

    /// Which of an agent's own destinations its bot means: by number or address, else by key.
    pub fn chosen(&self, agent: AgentId, to: &ReferTo) -> Option<Destination> {
        let assigned = self.book.assigned(agent);
        let mut named = assigned.iter();
        let named = named.find(|each| to.means(&each.destination.settings.place));
        let chosen = named.or_else(|| {
            let key = to.key()?;
            assigned.iter().find(|each| each.digit == Some(key))
        });
        chosen.map(|each| each.destination.clone())
    }

    /// What an agent may hand calls on to, in the order of its menu.
    pub fn assigned(&self, agent: AgentId) -> Vec<Assigned> {
        self.book.assigned(agent)
    }

    /// A destination; none if it was deleted meanwhile.
    pub fn destination(&self, id: DestinationId) -> Option<Destination> {
        self.book
            .destination(id)
            .map(|(destination, _)| destination)
    }
}
