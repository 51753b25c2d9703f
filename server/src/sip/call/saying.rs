//! What a call says to its peer, and to the house: answers, requests of its own, the ladder.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{Happening, TimelineEvent};
use app::domain::routing::Refusal;
use app::domain::sip::Transport;

use super::{Call, Phase};
use crate::sip::Edge;
use crate::sip::desk::CallEvent;
use crate::sip::dialog::{Dialog, Hop};
use crate::sip::inbound;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::outbound::{self, Callee, FarEvent, Signed};
use crate::sip::stack::{Asked, Flow};

/// How long a name server may take.
const RESOLVE: Duration = Duration::from_secs(2);

/// A request of ours, and what is heard of it.
pub(in crate::sip) struct Pending {
    request: Message,
    signed: Option<Signed>,
    pub asked: Asked,
}

impl Pending {
    /// Its number.
    pub(super) fn number(&self) -> Option<u32> {
        self.request.cseq().map(|(number, _)| number)
    }
}

impl Call {
    /// A final refusal of the INVITE.
    pub(in crate::sip) fn refuse(&mut self, status: u16) {
        let reply = self.dialog.reply(&self.invite, status);
        self.send(&reply);
        self.phase = Phase::Refused;
    }

    /// The same for a reason that the peer, whom we know, may know too.
    pub(in crate::sip) fn refuse_because(&mut self, refusal: Refusal) {
        let reply = self
            .dialog
            .reply(&self.invite, refusal.status().unwrap_or(480));
        let reply = inbound::warn(&self.edge, reply, refusal);
        self.send(&reply);
        self.phase = Phase::Refused;
    }

    /// An answer to the INVITE.
    pub(in crate::sip) fn send(&mut self, reply: &Message) {
        self.step(reply, Way::Sent);
        if let Some(answers) = &self.answers {
            answers.send(reply);
        }
    }

    pub(in crate::sip) fn step(&mut self, message: &Message, way: Way) {
        let flow = self.dialog.flow.clone();
        self.step_on(message, way, &flow);
    }

    /// The same of a message that did not go the usual way.
    pub(in crate::sip) fn step_on(&mut self, message: &Message, way: Way, flow: &Flow) {
        let now = self.edge.clock.now_ms();
        if let Some(record) = self.ladder.step(message, way, flow, now) {
            self.edge.desk.note(self.id, CallEvent::Message(record));
        }
    }

    pub(in crate::sip) fn happened(&self, what: Happening) {
        let at = self.edge.clock.now_ms();
        self.edge
            .desk
            .note(self.id, CallEvent::Happened(TimelineEvent { at, what }));
    }

    /// Tells the call whose leg this is.
    pub(in crate::sip) fn tell_near(&self, event: FarEvent) {
        if let Some(near) = &self.near {
            let _ = near.send(event);
        }
    }

    /// A request of ours, on its way.
    pub(in crate::sip) async fn ask(&mut self, request: Message) -> Option<Pending> {
        let signed = self.callee.as_ref().map(Callee::signed);
        self.put(request, signed).await
    }

    /// The same once more and signed, if this answer is a challenge that we may answer.
    pub(in crate::sip) async fn ask_again(
        &mut self,
        pending: Pending,
        response: &Message,
    ) -> Option<Pending> {
        let way = self.way().await?;
        let mut signed = pending.signed?;
        let number = || self.dialog.next_number();
        let again = signed.again(&self.edge, response, &pending.request, &way, number)?;
        self.put(again, Some(signed)).await
    }

    async fn put(&mut self, request: Message, signed: Option<Signed>) -> Option<Pending> {
        let flow = self.way().await?;
        self.step(&request, Way::Sent);
        let asked = self.edge.stack.ask(&request, &flow).ok()?;
        Some(Pending {
            request,
            signed,
            asked,
        })
    }

    pub(in crate::sip) fn own_request(&self, method: &'static str) -> Message {
        self.edge.request_in(&self.dialog, method)
    }

    /// ACK for a 2xx to an INVITE of ours, remembered for when the 2xx comes again.
    pub(in crate::sip) async fn confirm(&mut self, response: &Message) {
        let Some((number, _)) = response.cseq() else {
            return;
        };
        let branch = self.edge.clock.new_uuid().simple().to_string();
        let sent_by = self.edge.sent_by(&self.dialog.flow);
        let ack = self.dialog.ack(number, &branch, &sent_by);
        let Some(way) = self.way().await else { return };
        self.step(&ack, Way::Sent);
        self.edge.remember_ack(&self.dialog, number, &ack, &way);
        way.send_raw(ack.to_bytes()).await;
    }

    async fn way(&mut self) -> Option<Flow> {
        self.edge
            .way_in(&mut self.dialog, self.callee.as_ref())
            .await
    }
}

impl Edge {
    /// A request of ours in a dialog.
    pub(super) fn request_in(&self, dialog: &Dialog, method: &'static str) -> Message {
        let branch = self.clock.new_uuid().simple().to_string();
        let request = dialog.request(method, &branch, &self.sent_by(&dialog.flow));
        request.with("User-Agent", self.config.product.clone())
    }

    /// The way our requests go. Where a connection was lost it is found again: to whom we dialled,
    /// else to where the peer says that it is.
    pub(super) async fn way_in(
        self: &Arc<Self>,
        dialog: &mut Dialog,
        callee: Option<&Callee>,
    ) -> Option<Flow> {
        if !dialog.flow.is_open() {
            let (hop, name) = match callee {
                Some(callee) => (callee.target, callee.name.clone()),
                None => self.hop_of(dialog).await,
            };
            let found = outbound::way(self, hop, dialog.flow.transport, &name).await;
            dialog.flow = found.ok()?;
        }
        Some(self.way_of(dialog).await)
    }

    /// The way a dialog's requests go, on the flow it has.
    pub(in crate::sip) async fn way_of(&self, dialog: &Dialog) -> Flow {
        if dialog.flow.transport != Transport::Udp {
            return dialog.flow.clone();
        }
        let (hop, _) = self.hop_of(dialog).await;
        dialog.flow.towards(hop)
    }

    /// A dialog's next stop, and what it is called.
    async fn hop_of(&self, dialog: &Dialog) -> (SocketAddr, String) {
        match dialog.next_hop() {
            Hop::Address(address) => (address, address.ip().to_string()),
            Hop::Name(name, port) => (dialog.resolved(resolve(&name).await, port), name),
        }
    }

    /// Keeps an ACK, to be said again whenever its 2xx comes again.
    pub(in crate::sip) fn remember_ack(
        &self,
        dialog: &Dialog,
        number: u32,
        ack: &Message,
        way: &Flow,
    ) {
        let now = self.clock.now_ms();
        let patience = self.config.t1.as_millis() * 64;
        let until = now.saturating_add(i64::try_from(patience).unwrap_or(i64::MAX));
        self.calls
            .acked(&dialog.id, number, ack.to_bytes(), way.clone(), until, now);
    }
}

/// The first address of a name, soon or not at all.
async fn resolve(name: &str) -> Option<IpAddr> {
    let found = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((name, 0))).await;
    found.ok()?.ok()?.next().map(|address| address.ip())
}
