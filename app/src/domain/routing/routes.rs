//! The snapshot that routing reads: trunk, accesses, numbers and agents by the keys a call
//! is looked up with. Patched row by row as they change.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::domain::agent::Agent;
use crate::domain::codec::CodecOrder;
use crate::domain::country::Country;
use crate::domain::id::{AccessId, AgentId};
use crate::domain::inbound::{Access, AccessKind, InboundTrunk, NumberSource, OtherSources, Srtp};
use crate::domain::number::Number;
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::{PassedHeader, SourceNet};
use crate::domain::transfer::ReferForm;

use super::Proof;

/// Everything a decision depends on but the load.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// There may be none yet.
    pub trunk: Option<TrunkRoute>,
    accesses: HashMap<AccessId, AccessRoute>,
    usernames: HashMap<String, AccessId>,
    /// By the first label of their endpoint hosts, in lower case.
    endpoints: HashMap<String, AccessId>,
    /// Longest prefix first.
    networks: Vec<(SourceNet, AccessId)>,
    numbers: HashMap<PhoneNumber, NumberRoute>,
    /// Of the numbers on the trunk, how many there are of each country.
    countries: BTreeMap<Country, u32>,
    tally: Tally,
    agents: HashMap<AgentId, AgentRoute>,
    default_agent: Option<AgentId>,
}

/// How many there are, kept as they come and go, because a page asks often and there may
/// be a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Numbers in the inventory.
    pub numbers: u64,
    /// Of these, on the trunk.
    pub on_trunk: u64,
    /// Of these, with an agent.
    pub with_agent: u64,
}

/// The trunk, as far as routing cares.
#[derive(Clone, Debug, PartialEq)]
pub struct TrunkRoute {
    /// Most calls at once over all accesses.
    pub max_channels: Option<u32>,
    /// What becomes of a caller whom no access lets in.
    pub other_sources: OtherSources,
    /// Reads national numbers where the access has no country.
    pub country: Option<Country>,
    /// The header that may name the agent.
    pub agent_id_header: String,
    /// Whether noise is taken out of what callers say.
    pub denoise: bool,
    /// Which codecs are taken, the best first.
    pub codecs: Option<CodecOrder>,
}

impl From<&InboundTrunk> for TrunkRoute {
    fn from(trunk: &InboundTrunk) -> Self {
        let settings = &trunk.settings;
        Self {
            max_channels: settings.max_channels,
            other_sources: settings.other_sources,
            country: settings.country,
            denoise: settings.krisp_enabled,
            codecs: settings.codecs.clone(),
            agent_id_header: settings.agent_id_header.to_string(),
        }
    }
}

/// An access, as far as routing cares.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct AccessRoute {
    /// Its id.
    pub id: AccessId,
    /// What the operator calls it.
    pub label: String,
    /// By password or by address.
    pub kind: AccessKind,
    /// The digest username.
    pub username: Option<String>,
    /// First label of its own endpoint host.
    pub endpoint_name: String,
    /// For `network` who is let in, for `digest` where it may be used from (empty: anywhere).
    pub networks: Vec<SourceNet>,
    /// For `network`: only under its own endpoint name.
    pub own_endpoint_only: bool,
    /// Reads its national numbers.
    pub country: Option<Country>,
    /// Whether its agent header counts.
    pub agent_header: bool,
    /// Where it puts the dialled number.
    pub number_source: NumberSource,
    /// Most calls at once.
    pub max_channels: Option<u32>,
    /// Whether audio is encrypted.
    pub srtp: Srtp,
    /// MD5 is refused.
    pub sha256_only: bool,
    /// The sign-in must be for the very Request-URI that was called.
    pub strict_uri: bool,
    /// How its peer is asked to call a number by itself.
    pub refer_form: Option<ReferForm>,
    /// Which of its headers the agent's engine is told.
    pub passed_headers: Vec<PassedHeader>,
    /// Off lets nobody in.
    pub enabled: bool,
}

impl From<&Access> for AccessRoute {
    fn from(access: &Access) -> Self {
        let settings = &access.settings;
        Self {
            id: access.id,
            label: settings.label.clone(),
            kind: settings.kind,
            username: access.username.clone(),
            endpoint_name: access.endpoint_name.clone(),
            networks: settings.networks.clone(),
            own_endpoint_only: settings.own_endpoint_only,
            country: settings.country,
            agent_header: settings.agent_header,
            number_source: settings.number_source,
            max_channels: settings.max_channels,
            srtp: settings.srtp,
            sha256_only: settings.sha256_only,
            strict_uri: settings.strict_uri,
            refer_form: settings.refer_form.clone(),
            passed_headers: settings.passed_headers.clone(),
            enabled: settings.enabled,
        }
    }
}

/// A number, as far as routing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRoute {
    /// Whether calls to it are taken.
    pub on_trunk: bool,
    /// Who answers it.
    pub agent: Option<AgentId>,
}

/// An agent, as far as routing cares.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRoute {
    /// Its id.
    pub id: AgentId,
    /// What the operator calls it.
    pub name: String,
    /// Off answers nothing.
    pub enabled: bool,
    /// Most calls at once.
    pub max_channels: Option<u32>,
}

impl From<&Agent> for AgentRoute {
    fn from(agent: &Agent) -> Self {
        let settings = &agent.settings;
        Self {
            id: agent.id,
            name: settings.name.clone(),
            enabled: settings.enabled,
            max_channels: settings.max_channels,
        }
    }
}

impl Routes {
    /// An access by its id.
    pub fn access(&self, id: AccessId) -> Option<&AccessRoute> {
        self.accesses.get(&id)
    }

    /// An access by the digest username it was given.
    pub fn access_by_username(&self, username: &str) -> Option<&AccessRoute> {
        self.usernames
            .get(username)
            .and_then(|id| self.accesses.get(id))
    }

    /// The first username of an enabled digest access, for a route test that names none.
    pub fn any_username(&self) -> Option<&str> {
        self.usernames
            .iter()
            .filter(|(_, id)| self.accesses.get(id).is_some_and(|access| access.enabled))
            .map(|(username, _)| username.as_str())
            .min()
    }

    /// Which codecs are taken of who comes like this, the best first: what the trunk says by whose
    /// registration a call came, else the inbound trunk. Without an order the caller's counts.
    pub fn codecs<'a>(&'a self, proof: &'a Proof) -> Option<&'a CodecOrder> {
        match proof {
            Proof::Registered(by) => by.codecs.as_ref(),
            _ => self.trunk.as_ref()?.codecs.as_ref(),
        }
    }

    /// Whether the audio of who comes like this is encrypted: as the trunk says by whose registration
    /// a call came, else as the access does.
    pub fn srtp(&self, proof: &Proof, access: Option<AccessId>) -> Srtp {
        match proof {
            Proof::Registered(by) => by.srtp,
            _ => access
                .and_then(|access| self.access(access))
                .map_or(Srtp::Off, |access| access.srtp),
        }
    }

    /// The enabled network accesses that contain an address, longest prefix first.
    pub fn networks_of(&self, source: IpAddr) -> impl Iterator<Item = (SourceNet, &AccessRoute)> {
        self.networks
            .iter()
            .filter(move |(net, _)| net.contains(source))
            .filter_map(|(net, id)| {
                Some((*net, self.accesses.get(id).filter(|access| access.enabled)?))
            })
    }

    /// Whether `host` is the access's own endpoint name: its first label, compared without
    /// case (RFC 4343), under whatever domain the installation answers to.
    pub fn endpoint_host_matches(&self, access: &AccessRoute, host: &str) -> bool {
        host.split_once('.')
            .is_some_and(|(label, _)| label.eq_ignore_ascii_case(&access.endpoint_name))
    }

    /// Whether a caller under this host may be asked for MD5: not where it is the endpoint name
    /// of a credential that refuses it. By name, because a challenge that depended on the user
    /// would tell strangers who exists (RFC 8760 §2.4).
    pub fn offers_md5(&self, host: &str) -> bool {
        let access = host
            .split_once('.')
            .and_then(|(label, _)| self.endpoints.get(&label.to_ascii_lowercase()))
            .and_then(|id| self.accesses.get(id));
        !access.is_some_and(|access| access.kind == AccessKind::Digest && access.sha256_only)
    }

    /// A number of the inventory.
    pub fn number(&self, number: &PhoneNumber) -> Option<&NumberRoute> {
        self.numbers.get(number)
    }

    /// Whether calls to a number are taken.
    pub fn on_trunk(&self, number: &PhoneNumber) -> bool {
        self.numbers.get(number).is_some_and(|route| route.on_trunk)
    }

    /// A number on the trunk, the same one each time.
    pub fn a_number(&self) -> Option<&PhoneNumber> {
        let on_trunk = self.numbers.iter().filter(|(_, route)| route.on_trunk);
        let numbers = on_trunk.map(|(number, _)| number);
        numbers.min_by(|one, other| one.as_str().cmp(other.as_str()))
    }

    /// The countries of the numbers on the trunk.
    pub fn countries(&self) -> impl Iterator<Item = Country> {
        self.countries.keys().copied()
    }

    /// An agent by its id.
    pub fn agent(&self, id: AgentId) -> Option<&AgentRoute> {
        self.agents.get(&id)
    }

    /// An agent by its name; of several called so, any.
    pub fn agent_called(&self, name: &str) -> Option<&AgentRoute> {
        self.agents.values().find(|agent| agent.name == name)
    }

    /// The agent that answers what nobody else does.
    pub fn default_agent(&self) -> Option<&AgentRoute> {
        self.default_agent.and_then(|id| self.agents.get(&id))
    }

    /// How many numbers there are.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Agents that are on.
    pub fn enabled_agents(&self) -> usize {
        self.agents.values().filter(|agent| agent.enabled).count()
    }

    /// Puts an access in, or in the place of its former self.
    pub fn put_access(&mut self, access: AccessRoute) {
        self.remove_access(access.id);
        if let Some(username) = &access.username {
            self.usernames.insert(username.clone(), access.id);
        }
        self.endpoints
            .insert(access.endpoint_name.to_ascii_lowercase(), access.id);
        if access.kind == AccessKind::Network {
            self.networks
                .extend(access.networks.iter().map(|net| (*net, access.id)));
            self.networks
                .sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
        }
        self.accesses.insert(access.id, access);
    }

    /// Takes an access out.
    pub fn remove_access(&mut self, id: AccessId) {
        if let Some(former) = self.accesses.remove(&id) {
            self.usernames.retain(|_, owner| *owner != former.id);
            self.endpoints.retain(|_, owner| *owner != former.id);
            self.networks.retain(|(_, owner)| *owner != former.id);
        }
    }

    /// Puts a number in, or in the place of its former self.
    pub fn put_number(&mut self, number: &PhoneNumber, route: NumberRoute) {
        self.remove_number(number);
        if route.on_trunk
            && let Some(country) = Country::of_number(number)
        {
            *self.countries.entry(country).or_default() += 1;
        }
        self.tally.numbers += 1;
        self.tally.on_trunk += u64::from(route.on_trunk);
        self.tally.with_agent += u64::from(route.on_trunk && route.agent.is_some());
        self.numbers.insert(number.clone(), route);
    }

    /// Takes a number out.
    pub fn remove_number(&mut self, number: &PhoneNumber) {
        let Some(former) = self.numbers.remove(number) else {
            return;
        };
        self.tally.numbers -= 1;
        self.tally.on_trunk -= u64::from(former.on_trunk);
        self.tally.with_agent -= u64::from(former.on_trunk && former.agent.is_some());
        if former.on_trunk
            && let Some(country) = Country::of_number(number)
            && let Some(count) = self.countries.get_mut(&country)
        {
            *count -= 1;
            if *count == 0 {
                self.countries.remove(&country);
            }
        }
    }

    /// Puts an agent in, or in the place of its former self.
    pub fn put_agent(&mut self, agent: AgentRoute, is_default: bool) {
        if is_default {
            self.default_agent = Some(agent.id);
        } else if self.default_agent == Some(agent.id) {
            self.default_agent = None;
        }
        self.agents.insert(agent.id, agent);
    }

    /// Takes an agent out; its numbers stay, with nobody to answer them.
    pub fn remove_agent(&mut self, id: AgentId) {
        self.agents.remove(&id);
        if self.default_agent == Some(id) {
            self.default_agent = None;
        }
    }
}

impl From<&Number> for NumberRoute {
    fn from(number: &Number) -> Self {
        Self {
            on_trunk: number.on_trunk,
            agent: number.agent,
        }
    }
}

/// How busy it is.
#[derive(Clone, Debug)]
pub struct Load {
    /// Going down.
    pub draining: bool,
    /// Calls now, both directions.
    pub calls: u32,
    /// The most there may be.
    pub max_calls: u32,
    /// Of these, inbound.
    pub inbound: u32,
    /// By access.
    pub accesses: HashMap<AccessId, u32>,
    /// By agent.
    pub agents: HashMap<AgentId, u32>,
    /// Over the trunk by whose registration a call comes, if one does.
    pub trunk: u32,
}

impl Load {
    /// Nothing going on, and room for so many calls.
    pub fn idle(max_calls: u32) -> Self {
        Self {
            draining: false,
            calls: 0,
            max_calls,
            inbound: 0,
            accesses: HashMap::new(),
            agents: HashMap::new(),
            trunk: 0,
        }
    }

    pub(super) fn of_access(&self, id: AccessId) -> u32 {
        self.accesses.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn of_agent(&self, id: AgentId) -> u32 {
        self.agents.get(&id).copied().unwrap_or(0)
    }
}
