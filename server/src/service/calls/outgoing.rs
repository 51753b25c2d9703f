//! Calls that leave: permitted, counted and given a row before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::Agent;
use app::domain::call::{Call, CallEnd, CallState, CallerId, Direction, EndReason, RecordingState};
use app::domain::country::Country;
use app::domain::id::{AgentId, CallId};
use app::domain::outbound::{Forbidden, OutboundTrunk, may_dial};
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Check, Note, Outcome, Receipt, Step};
use app::domain::seen::News;
use app::domain::sip::{Secret, SipUri, Username};

use super::{CallDesk, Entry, told};
use crate::service::routes::RouteBook;
use crate::store::calls::CallPapers;
use crate::store::{self, StoreError};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A call to be placed, with all it needs: nothing is looked up any more.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub id: CallId,
    /// Who speaks; nobody in a leg that only joins two people.
    pub agent: Option<Agent>,
    pub route: OutRoute,
    pub ring_for: Duration,
    /// Longest call.
    pub longest: Duration,
    /// Whether what is heard is kept, for a call that nobody speaks in.
    pub hears: bool,
    /// Of a leg to the telephone of an agent's engine: whom it speaks for.
    pub bot_of: Option<AgentId>,
    /// Facts for the agent's engine.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Outgoing {
    /// The same, to take the place of another call, if it goes straight to where that is.
    #[must_use]
    pub fn in_place_of(mut self, other: Option<String>) -> Self {
        if let OutRoute::Direct { replaces, .. } = &mut self.route {
            *replaces = other;
        }
        self
    }
}

/// Whom a call is for, and the way it leaves.
#[derive(Clone, Debug)]
pub enum OutRoute {
    /// To a number, by a carrier's trunk.
    Trunk {
        trunk: Box<OutboundTrunk>,
        password: Option<Secret>,
        callee: PhoneNumber,
    },
    /// To a number of ours, as a carrier would bring it: through our own door.
    Inside {
        username: Username,
        password: Secret,
        callee: PhoneNumber,
    },
    /// Straight to a SIP URI, with credentials that its host alone may ask for.
    Direct {
        uri: Box<SipUri>,
        login: Option<(Username, Secret)>,
        /// The number that is shown.
        caller: Option<PhoneNumber>,
        /// Another call that it is to take the place of (RFC 3891).
        replaces: Option<String>,
        /// What its INVITE says besides.
        headers: Vec<(String, String)>,
    },
}

impl OutRoute {
    /// The trunk it goes by.
    pub fn trunk(&self) -> Option<&OutboundTrunk> {
        match self {
            Self::Trunk { trunk, .. } => Some(trunk),
            Self::Inside { .. } | Self::Direct { .. } => None,
        }
    }

    /// The number it is for.
    pub fn callee(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Trunk { callee, .. } | Self::Inside { callee, .. } => Some(callee),
            Self::Direct { .. } => None,
        }
    }
}

/// Why there is no way to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoWayOut {
    /// It is nobody's of ours, and no trunk was chosen.
    NoTrunk,
    /// It is ours, and there is no credential to call ourselves with.
    NoLogin,
}

impl RouteBook {
    /// The way to a number: to one of ours through our own door, with a credential of ours as a
    /// carrier would; to any other by the trunk.
    pub fn way_to(
        &self,
        callee: PhoneNumber,
        trunk: Option<(OutboundTrunk, Option<Secret>)>,
    ) -> Result<OutRoute, NoWayOut> {
        if self.read(|routes| routes.on_trunk(&callee)) {
            let (username, password) = self.own_login().ok_or(NoWayOut::NoLogin)?;
            return Ok(OutRoute::Inside {
                username: username.parse().map_err(|_| NoWayOut::NoLogin)?,
                password,
                callee,
            });
        }
        let (trunk, password) = trunk.ok_or(NoWayOut::NoTrunk)?;
        Ok(OutRoute::Trunk {
            trunk: Box::new(trunk),
            password,
            callee,
        })
    }
}

/// Why a call is not placed.
#[derive(Debug)]
pub enum NotPlaced {
    Forbidden(Forbidden),
    Full,
    Draining,
    Store(StoreError),
}

impl From<StoreError> for NotPlaced {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl CallDesk {
    /// Permits a call, counts it against every limit and writes its row. What is not permitted
    /// has a row too: somebody tried.
    pub(crate) async fn place(
        &self,
        outgoing: &Outgoing,
        parent: Option<CallId>,
    ) -> Result<Call, NotPlaced> {
        let now = self.clock.now_ms();
        let mut receipt = Receipt::default();
        let mut check = |step, outcome, note| {
            receipt.checks.push(Check {
                step,
                outcome,
                note,
            });
        };
        let trunk = outgoing.route.trunk();
        match (&outgoing.route, trunk) {
            (_, Some(trunk)) => {
                let label = trunk.settings.name.clone();
                check(Step::Trunk, Outcome::Passed, Note::GoesOutBy { label });
            }
            (OutRoute::Inside { callee, .. }, None) => {
                let number = callee.clone();
                check(Step::Trunk, Outcome::Skipped, Note::StaysInside { number });
            }
            (_, None) => {}
        }
        let talked = match trunk {
            Some(trunk) => self.talked_today(trunk, now).await?,
            None => 0,
        };
        let permitted = self.live.admit_outgoing(
            outgoing.id,
            trunk.map(|trunk| trunk.id),
            outgoing.agent.as_ref().map(|agent| agent.id),
            now,
            talked,
            |busy| match &outgoing.route {
                OutRoute::Trunk { trunk, callee, .. } => may_dial(&trunk.settings, callee, busy),
                OutRoute::Inside { .. } | OutRoute::Direct { .. } => Ok(()),
            },
        );
        match &permitted {
            Ok(()) => {
                let callee = trunk.and(outgoing.route.callee());
                if let Some(country) = callee.and_then(Country::of_number) {
                    check(Step::Allowed, Outcome::Passed, Note::MayCall { country });
                }
            }
            Err(NotPlaced::Forbidden(why)) => {
                let why = why.clone();
                check(Step::Allowed, Outcome::Failed, Note::MayNotCall { why });
            }
            Err(_) => {}
        }
        let (mut call, papers) = self.outgoing_row(outgoing, parent, receipt, now);
        if let Err(NotPlaced::Forbidden(why)) = &permitted {
            let end = CallEnd::because(reason(why));
            call.state = CallState::Ended;
            call.end = Some(end);
            call.ended_at = Some(now);
            told::ended(&call, None);
            let row = Arc::new(call.clone());
            self.writer.write(Entry::save(row, papers.clone()));
            self.tell_row(&call);
        }
        permitted?;
        let call = Arc::new(call);
        let papers = Arc::new(papers);
        self.live.begin(call.clone(), papers.clone());
        let durable = self.writer.write_durably(Entry::Save {
            call: call.clone(),
            papers,
        });
        self.tell_row(&call);
        // Whoever asked is told only of what is there after a restart too.
        drop(durable.await);
        Ok(Arc::unwrap_or_clone(call))
    }

    /// Seconds talked over a trunk since midnight, by calls that are over.
    async fn talked_today(&self, trunk: &OutboundTrunk, now: i64) -> Result<u64, StoreError> {
        if trunk.settings.limits.daily_cap_minutes.is_none() {
            return Ok(0);
        }
        let midnight = now.div_euclid(DAY_MS) * DAY_MS;
        let mut conn = self.db.read().await?;
        let talked = store::outbound::talked_ms(&mut conn, trunk.id, midnight).await?;
        Ok(u64::try_from(talked / 1000).unwrap_or(0))
    }

    /// News of a row is told behind its being handed to the writer, so that who reads at once finds it.
    pub(super) fn tell_row(&self, call: &Call) {
        self.news.tell_with(|| News::Call {
            call: Box::new(call.clone()),
        });
    }

    fn outgoing_row(
        &self,
        outgoing: &Outgoing,
        parent: Option<CallId>,
        receipt: Receipt,
        now: i64,
    ) -> (Call, CallPapers) {
        let trunk = outgoing.route.trunk();
        let shown = match &outgoing.route {
            OutRoute::Trunk { trunk, .. } => Some(trunk.settings.caller_number.clone()),
            OutRoute::Direct { caller, .. } => caller.clone(),
            OutRoute::Inside { .. } => None,
        };
        let sent_as = match &outgoing.route {
            OutRoute::Direct { uri, .. } => uri.to_string(),
            OutRoute::Trunk { callee, .. } | OutRoute::Inside { callee, .. } => callee.to_string(),
        };
        let call = Call {
            id: outgoing.id,
            direction: Direction::Outbound,
            state: CallState::Queued,
            end: None,
            phrase: None,
            caller: CallerId {
                raw_from: shown.as_ref().map(ToString::to_string).unwrap_or_default(),
                number: shown,
                ..CallerId::default()
            },
            number: outgoing.route.callee().cloned(),
            sent_as,
            trunk: trunk.map(|trunk| trunk.id),
            trunk_label: trunk.map(|trunk| trunk.settings.name.clone()),
            parent,
            access: None,
            access_label: None,
            agent: outgoing.agent.as_ref().map(|agent| agent.id),
            agent_name: outgoing
                .agent
                .as_ref()
                .map(|agent| agent.settings.name.clone()),
            source: None,
            transport: trunk.map(|trunk| trunk.settings.transport),
            software: None,
            sip_call_id: String::new(),
            repeats: 1,
            late: false,
            started_at: now,
            ringing_at: None,
            answered_at: None,
            first_audio_at: None,
            ended_at: None,
            codec: None,
            recording: RecordingState::None,
        };
        let papers = CallPapers {
            receipt,
            offered: Vec::new(),
            quality: None,
            recording_path: None,
            instance: self.settings.instance.clone(),
        };
        (call, papers)
    }
}

/// The end of a call that was not permitted.
pub(super) fn reason(why: &Forbidden) -> EndReason {
    match why {
        Forbidden::Country { .. } => EndReason::CountryNotAllowed,
        Forbidden::Premium => EndReason::PremiumNumber,
        Forbidden::Channels { .. } | Forbidden::Rate { .. } | Forbidden::DailyCap { .. } => {
            EndReason::LimitReached
        }
    }
}
