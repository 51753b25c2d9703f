//! All ports together, as they are handed round.

use std::ops::Deref;
use std::sync::Arc;

use super::{
    Accesses, Agents, AuditLog, Calls, Conversations, Destinations, Dialling, Doors, InboundTrunks,
    Keys, Numbers, OutboundTrunks, People, RouteTests, Sources, SystemFacts, Webhooks,
};

/// All ports; pages get them from Leptos' context, handlers from axum's state. One pointer: each request
/// clones it many times on its way through the layers.
#[derive(Clone)]
pub struct Services(Arc<Ports>);

impl Deref for Services {
    type Target = Ports;

    fn deref(&self) -> &Ports {
        &self.0
    }
}

impl From<Ports> for Services {
    fn from(ports: Ports) -> Self {
        Self(Arc::new(ports))
    }
}

/// What [`Services`] lead to.
#[expect(missing_docs, reason = "each field is its trait")]
pub struct Ports {
    pub trunks: Arc<dyn InboundTrunks>,
    pub accesses: Arc<dyn Accesses>,
    pub numbers: Arc<dyn Numbers>,
    pub agents: Arc<dyn Agents>,
    pub outbound: Arc<dyn OutboundTrunks>,
    pub destinations: Arc<dyn Destinations>,
    pub calls: Arc<dyn Calls>,
    pub conversations: Arc<dyn Conversations>,
    pub dialling: Arc<dyn Dialling>,
    pub sources: Arc<dyn Sources>,
    pub route_test: Arc<dyn RouteTests>,
    pub doors: Arc<dyn Doors>,
    pub people: Arc<dyn People>,
    pub keys: Arc<dyn Keys>,
    pub webhooks: Arc<dyn Webhooks>,
    pub audit: Arc<dyn AuditLog>,
    pub system: Arc<dyn SystemFacts>,
}
