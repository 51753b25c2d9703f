//! A stand-in for the house behind the edge: one access, one number, one agent, and all it is told.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::{Agent, AgentSettings};
use app::domain::call::{CallEnd, EndReason, SipMessageRecord};
use app::domain::codec::CodecOrder;
use app::domain::engine::{Engine, Sip};
use app::domain::id::{AccessId, AgentId, CallId, DestinationId};
use app::domain::inbound::{AccessKind, NumberSource, OtherSources, Srtp};
use app::domain::outbound::{Health, HealthState, OutboundTrunk};
use app::domain::routing::{
    AccessRoute, AgentRoute, Decision, Invite, Load, NumberRoute, Proof, Routes, TrunkRoute,
    Verdict, decide,
};
use app::domain::sip::{PassedHeader, Secret, SipUri};
use app::domain::transfer::{Assigned, Destination, Place, ReferTo};
use async_trait::async_trait;
use parking_lot::Mutex;
use server::service::calls::{OutRoute, Outgoing};
use server::sip::desk::{CallEvent, CallFacts, Credential, Desk, NewCall, Opened};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::sip_world::{ACCESS, AGENT, MODERN, NUMBER, PASSWORD, USER};

/// What the edge told the house.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) opened: Vec<NewCall>,
    pub(crate) refused: Vec<(NewCall, CallEnd, Vec<SipMessageRecord>)>,
    pub(crate) events: Vec<(CallId, CallEvent)>,
    pub(crate) ended: Vec<(CallId, CallEnd, CallFacts)>,
}

/// What becomes of further legs.
#[derive(Clone, Default)]
pub(crate) enum Legs {
    #[default]
    Refused,
    /// Permitted.
    Granted,
    /// Permitted, by this trunk and to a number, whatever was asked for.
    ByTrunk(Box<OutboundTrunk>),
    /// Permitted, but only once this is told.
    Late(Arc<Notify>),
    /// The house falls over.
    Fatal,
}

/// A house with one digest access, one number and one agent.
pub(crate) struct House {
    routes: Mutex<Routes>,
    load: Mutex<Load>,
    live: Mutex<HashSet<CallId>>,
    trusted: Vec<IpAddr>,
    pub(crate) ways: Mutex<Vec<(OutboundTrunk, Option<Secret>)>>,
    pub(crate) told: Mutex<Told>,
    /// What becomes of a call that is handed on.
    pub(crate) legs: Mutex<Legs>,
    /// Where the bot is that speaks for the agent, if one does.
    pub(crate) bot: Mutex<Option<SipUri>>,
    /// The longest call of the agent's, in seconds.
    pub(crate) longest: Mutex<Option<u32>>,
    /// Whom the agent hands callers on to.
    pub(crate) menu: Mutex<Vec<Assigned>>,
    /// A call at whose first event the house falls over.
    pub(crate) fatal: Mutex<Option<CallId>>,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let agent = AgentId::from(AGENT);
        let mut routes = Routes::default();
        routes.trunk = Some(TrunkRoute {
            max_channels: None,
            other_sources: OtherSources::Digest,
            country: None,
            denoise: false,
            codecs: None,
            agent_id_header: "X-Agent-ID".to_owned(),
        });
        routes.put_access(AccessRoute {
            id: AccessId::from(ACCESS),
            label: "Carrier".to_owned(),
            kind: AccessKind::Digest,
            username: Some(USER.to_owned()),
            endpoint_name: "k7f3q9".to_owned(),
            networks: Vec::new(),
            own_endpoint_only: false,
            country: None,
            agent_header: true,
            number_source: NumberSource::Auto,
            max_channels: None,
            srtp: Srtp::Off,
            sha256_only: false,
            strict_uri: false,
            refer_form: "sip:{number}@{host}".parse().ok(),
            passed_headers: Vec::new(),
            enabled: true,
        });
        let name = "Front desk".to_owned();
        routes.put_agent(
            AgentRoute {
                id: agent,
                name,
                enabled: true,
                max_channels: None,
            },
            false,
        );
        let number = NUMBER.parse().unwrap();
        routes.put_number(
            &number,
            NumberRoute {
                on_trunk: true,
                agent: Some(agent),
            },
        );
        Self {
            routes: Mutex::new(routes),
            load: Mutex::new(Load::idle(1000)),
            live: Mutex::default(),
            trusted: Vec::new(),
            ways: Mutex::default(),
            told: Mutex::default(),
            legs: Mutex::default(),
            bot: Mutex::default(),
            longest: Mutex::default(),
            menu: Mutex::default(),
            fatal: Mutex::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The same with a carrier let in by its network, under its own endpoint name.
    pub(crate) fn with_network(carrier: IpAddr) -> Self {
        let mut house = Self::new();
        house.trusted.push(carrier);
        let routes = house.routes.get_mut();
        let digest = routes.access(AccessId::from(ACCESS)).unwrap().clone();
        routes.put_access(AccessRoute {
            id: AccessId::from(Uuid::from_u128(0x2e7)),
            label: "Network".to_owned(),
            kind: AccessKind::Network,
            username: None,
            endpoint_name: "n3tw0rk".to_owned(),
            networks: vec![format!("{carrier}/32").parse().unwrap()],
            own_endpoint_only: true,
            ..digest
        });
        house
    }

    /// The same with a second credential that refuses MD5.
    pub(crate) fn with_sha256_only() -> Self {
        let mut house = Self::new();
        let routes = house.routes.get_mut();
        let digest = routes.access(AccessId::from(ACCESS)).unwrap().clone();
        routes.put_access(AccessRoute {
            id: AccessId::from(Uuid::from_u128(0x5a256)),
            label: "Modern".to_owned(),
            username: Some(MODERN.to_owned()),
            endpoint_name: "m0d3rn".to_owned(),
            sha256_only: true,
            ..digest
        });
        house
    }

    /// Takes these codecs of who comes, the best first.
    pub(crate) fn takes(&self, codecs: &str) {
        let mut routes = self.routes.lock();
        routes.trunk.as_mut().unwrap().codecs = Some(codecs.parse().unwrap());
    }

    /// The messages of the accepted calls, in order: `> BYE` came, `< 200 OK (BYE)` went.
    pub(crate) fn ladder(&self) -> Vec<String> {
        let told = self.told.lock();
        let records = told.events.iter().filter_map(|(_, event)| match event {
            CallEvent::Message(record) => Some(record),
            _ => None,
        });
        records.map(rung).collect()
    }

    /// Calls that count against the limits.
    pub(crate) fn lines_in_use(&self) -> u32 {
        self.load.lock().calls
    }

    pub(crate) fn ended(&self) -> Vec<&'static str> {
        self.told
            .lock()
            .ended
            .iter()
            .map(|(_, end, _)| end.reason.code())
            .collect()
    }

    pub(crate) fn refused(&self) -> Vec<&'static str> {
        self.told
            .lock()
            .refused
            .iter()
            .map(|(_, end, _)| end.reason.code())
            .collect()
    }
}

#[async_trait]
impl Desk for House {
    fn nonce_key(&self) -> [u8; 32] {
        [7; 32]
    }

    fn credential(&self, username: &str) -> Option<Credential> {
        let routes = self.routes.lock();
        let access = routes.access_by_username(username)?;
        Some(Credential {
            access: access.id,
            password: PASSWORD.parse().unwrap(),
            strict_uri: access.strict_uri,
            sha256_only: access.sha256_only,
        })
    }

    fn offers_md5(&self, host: &str) -> bool {
        self.routes.lock().offers_md5(host)
    }

    fn trusts(&self, source: IpAddr) -> bool {
        self.trusted.contains(&source)
    }

    fn denoises(&self) -> bool {
        false
    }

    fn srtp(&self, proof: &Proof, access: Option<AccessId>) -> Srtp {
        self.routes.lock().srtp(proof, access)
    }

    fn agent_header(&self) -> Option<String> {
        Some("X-Agent-ID".to_owned())
    }

    fn admit(&self, call: CallId, invite: &Invite) -> Decision {
        let decision = decide(&self.routes.lock(), &self.load.lock(), invite);
        if matches!(decision.verdict, Verdict::Answer(_)) {
            self.live.lock().insert(call);
            self.load.lock().calls += 1;
        }
        decision
    }

    fn agent(&self, id: AgentId) -> Option<Agent> {
        let mut settings = AgentSettings::starting();
        "Front desk".clone_into(&mut settings.name);
        if let Some(longest) = *self.longest.lock() {
            settings.max_duration_s = longest;
        }
        if let Some(uri) = self.bot.lock().clone() {
            let username = None;
            settings.engine = Engine::Sip(Sip { uri, username });
        }
        Some(Agent {
            id,
            settings,
            outbound_trunk: None,
            version: 1,
            created_at: 0,
            updated_at: 0,
        })
    }

    fn engine_secret(&self, _: AgentId) -> Option<Secret> {
        None
    }

    fn recording_path(&self, call: CallId) -> PathBuf {
        self.folder.path().join(format!("{call}.wav"))
    }

    async fn open(&self, call: NewCall) -> Opened {
        self.told.lock().opened.push(call);
        Opened::Durable
    }

    fn refused(&self, call: NewCall, end: CallEnd, messages: Vec<SipMessageRecord>) {
        self.told.lock().refused.push((call, end, messages));
    }

    fn note(&self, call: CallId, event: CallEvent) {
        assert_ne!(Some(call), *self.fatal.lock(), "a fault that is wanted");
        self.told.lock().events.push((call, event));
    }

    fn assigned(&self, _: AgentId) -> Vec<Assigned> {
        self.menu.lock().clone()
    }

    fn destination(&self, _: DestinationId) -> Option<Destination> {
        None
    }

    fn refer_to(&self, access: AccessId, to: &Destination, host: &str) -> Option<String> {
        let routes = self.routes.lock();
        let form = routes.access(access)?.refer_form.as_ref()?;
        match &to.settings.place {
            Place::Phone(number) => form.fill(number, host).map(|uri| uri.to_string()),
            Place::Sip(uri, _) => Some(uri.to_string()),
            Place::Hangup => None,
        }
    }

    fn referable(&self, _: Option<AgentId>, _: &ReferTo) -> Option<Destination> {
        None
    }

    /// By key alone.
    fn chosen(&self, _: AgentId, to: &ReferTo) -> Option<Destination> {
        let key = to.key()?;
        let menu = self.menu.lock();
        let found = menu.iter().find(|each| each.digit == Some(key))?;
        Some(found.destination.clone())
    }

    async fn open_leg(
        &self,
        _: CallId,
        leg: CallId,
        to: &Destination,
    ) -> Result<Outgoing, EndReason> {
        let legs = self.legs.lock().clone();
        match legs {
            Legs::Refused => return Err(EndReason::NoTrunk),
            Legs::Granted => {}
            Legs::Late(now) => now.notified().await,
            Legs::Fatal => panic!("a fault that is wanted"),
            Legs::ByTrunk(trunk) => {
                let route = OutRoute::Trunk {
                    trunk,
                    password: None,
                    callee: "+12125550177".parse().unwrap(),
                };
                return Ok(further(leg, route));
            }
        }
        let Place::Sip(uri, _) = &to.settings.place else {
            return Err(EndReason::NoTrunk);
        };
        let route = OutRoute::Direct {
            uri: Box::new(uri.clone()),
            login: None,
            caller: None,
            replaces: None,
            headers: Vec::new(),
        };
        Ok(further(leg, route))
    }

    async fn open_engine(
        &self,
        _: CallId,
        leg: CallId,
        route: OutRoute,
    ) -> Result<Outgoing, EndReason> {
        Ok(further(leg, route))
    }

    fn passed_headers(&self, _: AccessId) -> Vec<PassedHeader> {
        Vec::new()
    }

    fn codecs(&self, proof: &Proof) -> Option<CodecOrder> {
        self.routes.lock().codecs(proof).cloned()
    }

    fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)> {
        self.ways.lock().clone()
    }

    fn trunk_changed(&self, _trunk: &OutboundTrunk, _before: HealthState, _health: &Health) {}

    fn end(&self, call: CallId, end: CallEnd, facts: CallFacts) {
        if self.live.lock().remove(&call) {
            self.load.lock().calls -= 1;
        }
        self.told.lock().ended.push((call, end, facts));
    }
}

/// A further leg of a call.
fn further(id: CallId, route: OutRoute) -> Outgoing {
    Outgoing {
        id,
        agent: None,
        route,
        ring_for: Duration::from_secs(10),
        longest: Duration::from_secs(60),
        hears: false,
        bot_of: None,
        metadata: serde_json::Map::new(),
    }
}

/// One message of a ladder, without the Request-URI.
pub(crate) fn rung(record: &SipMessageRecord) -> String {
    let way = if record.sent { '<' } else { '>' };
    let said = record.summary.split(" sip:").next().unwrap();
    format!("{way} {said}")
}
