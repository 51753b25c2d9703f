//! What a call says to its peer, and to the house: answers, requests of its own, the ladder.

use std::net::IpAddr;
use std::time::Duration;

use app::domain::call::{Happening, TimelineEvent};
use app::domain::sip::Transport;

use super::call::{Call, Phase};
use crate::sip::desk::CallEvent;
use crate::sip::dialog::Hop;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::stack::{Asked, Flow};

/// How long a name server may take.
const RESOLVE: Duration = Duration::from_secs(2);

impl Call {
    /// A final refusal of the INVITE.
    pub(super) fn refuse(&mut self, status: u16) {
        let reply = self.dialog.reply(&self.invite, status);
        self.send(&reply);
        self.phase = Phase::Refused;
    }

    /// An answer to the INVITE.
    pub(super) fn send(&mut self, reply: &Message) {
        self.step(reply, Way::Sent);
        self.answers.send(reply);
    }

    pub(super) fn step(&mut self, message: &Message, way: Way) {
        let now = self.edge.clock.now_ms();
        if let Some(record) = self.ladder.step(message, way, &self.dialog.flow, now) {
            self.edge.desk.note(self.id, CallEvent::Message(record));
        }
    }

    pub(super) fn happened(&self, what: Happening) {
        let at = self.edge.clock.now_ms();
        self.edge
            .desk
            .note(self.id, CallEvent::Happened(TimelineEvent { at, what }));
    }

    /// A request of ours, on its way.
    pub(super) async fn ask(&mut self, request: &Message) -> Option<Asked> {
        let flow = self.way().await?;
        self.step(request, Way::Sent);
        self.edge.stack.ask(request, &flow).ok()
    }

    pub(super) fn own_request(&mut self, method: &str) -> Message {
        let branch = self.edge.clock.new_uuid().simple().to_string();
        let sent_by = self.edge.sent_by(&self.dialog.flow);
        let request = self.dialog.request(method, &branch, &sent_by);
        request.with("User-Agent", self.edge.config.product.clone())
    }

    /// The way our requests go; a lost connection is dialled anew.
    async fn way(&mut self) -> Option<Flow> {
        let flow = &self.dialog.flow;
        if flow.is_open() && flow.transport != Transport::Udp {
            return Some(flow.clone());
        }
        let hop = match self.dialog.next_hop() {
            Hop::Address(address) => address,
            Hop::Name(name, port) => self.dialog.resolved(resolve(&name).await, port),
        };
        if !flow.is_open() {
            self.dialog.flow = crate::sip::listen::dial(&self.edge, hop).await.ok()?;
        }
        Some(self.dialog.flow.towards(hop))
    }
}

/// The first address of a name, soon or not at all.
async fn resolve(name: &str) -> Option<IpAddr> {
    let found = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((name, 0))).await;
    found.ok()?.ok()?.next().map(|address| address.ip())
}
