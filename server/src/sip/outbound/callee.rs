//! Whom an INVITE of ours went to, remembered for as long as its dialog lives: the way there if the
//! connection is lost, and what we sign in with when a request inside the dialog is challenged.

use std::net::SocketAddr;

use super::answer::{Credentials, Signing};
use super::leg::Leg;
use crate::sip::Edge;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::stack::Flow;

#[derive(Clone, Debug)]
pub(in crate::sip) struct Callee {
    /// Where the INVITE went that was answered.
    pub target: SocketAddr,
    /// The name its certificate must have.
    pub name: String,
    signed: Signed,
}

/// The challenges to one request of ours inside a dialog, and whether they are answered.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Signed {
    credentials: Option<Credentials>,
    target: SocketAddr,
    signing: Signing,
}

impl Callee {
    pub(super) fn of(leg: &Leg, flow: &Flow) -> Self {
        Self {
            target: flow.peer,
            name: leg.name.clone(),
            signed: Signed::begin(leg, flow),
        }
    }

    /// For the next request.
    pub(in crate::sip) fn signed(&self) -> Signed {
        self.signed.clone()
    }
}

impl Signed {
    pub(super) fn begin(leg: &Leg, flow: &Flow) -> Self {
        Self {
            credentials: leg.credentials.clone(),
            target: flow.peer,
            signing: Signing::default(),
        }
    }

    /// With nothing.
    pub(in crate::sip) fn never(way: &Flow) -> Self {
        Self {
            credentials: None,
            target: way.peer,
            signing: Signing::default(),
        }
    }

    /// Asks, and once more signed where that is challenged and may be; the last word about it.
    pub(in crate::sip) async fn ask(
        mut self,
        edge: &Edge,
        request: Message,
        way: &Flow,
        number: impl Fn() -> u32,
        step: impl Fn(&Message, Way, &Flow),
    ) -> Option<Message> {
        let mut request = request;
        loop {
            step(&request, Way::Sent, way);
            let mut asked = edge.stack.ask(&request, way).ok()?;
            let response = asked.last().await?;
            step(&response, Way::Received, way);
            match self.again(edge, &response, &request, way, &number) {
                Some(again) => request = again,
                None => return Some(response),
            }
        }
    }

    /// The request once more, with an answer to this challenge. Only where the INVITE went: a peer's
    /// Contact may lead anywhere, and who is there has no business with a trunk's password.
    pub(in crate::sip) fn again(
        &mut self,
        edge: &Edge,
        challenged: &Message,
        request: &Message,
        way: &Flow,
        number: impl FnOnce() -> u32,
    ) -> Option<Message> {
        if way.peer.ip() != self.target.ip() {
            return None;
        }
        let cnonce = edge.clock.new_uuid().simple().to_string();
        let credentials = self.credentials.as_ref();
        let signing = &mut self.signing;
        let (header, value) = signing.answer(credentials, challenged, request, &cnonce)?;
        let method = request.method()?;
        let mut again = request.clone();
        for name in ["Authorization", "Proxy-Authorization"] {
            again.remove(name);
        }
        again.set("Via", edge.via(way));
        again.set("CSeq", format!("{} {method}", number()));
        again.push(header, value);
        Some(again)
    }
}
