//! Another of the peer's telephones takes its place (RFC 3891 §3): the agent, the audio and the row
//! stay, the dialog is the new one, and the old one is told goodbye.

use app::domain::call::Happening;
use app::domain::id::AccessId;

use super::offer::description;
use super::{Call, Phase};
use crate::media::sdp::Offer;
use crate::sip::dialog::Dialog;
use crate::sip::guard::screen::{ALLOW, EXTENSIONS};
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::message::address::Address;
use crate::sip::stack::Arrival;
use crate::sip::timer::SessionTimer;

const TAKEN_OVER: &str = "SIP;cause=200;text=\"Taken over\"";

impl Call {
    /// An INVITE that names this call in Replaces.
    pub(in crate::sip) fn on_take_over(&mut self, arrival: Box<Arrival>, by: Option<AccessId>) {
        self.step(&arrival.message, Way::Received);
        let status = if !self.may_take_over(&arrival, by) {
            603
        } else if !matches!(self.phase, Phase::Confirmed) {
            // One answer at a time.
            491
        } else {
            match self.described(&arrival.message) {
                Some(description) => return self.change_place(*arrival, description),
                None => 488,
            }
        };
        let reply = self.edge.guard.reply(&arrival.message, status);
        self.step(&reply, Way::Sent);
        arrival.answer(&reply);
    }

    /// Only who could have made the call may take it: by the same password, or, where none is asked
    /// for, from the same address.
    fn may_take_over(&self, arrival: &Arrival, by: Option<AccessId>) -> bool {
        let Some(access) = by else {
            let (theirs, ours) = (arrival.flow.peer.ip(), self.dialog.flow.peer.ip());
            return self.access.is_some() && theirs == ours;
        };
        self.access == Some(access)
    }

    fn described(&self, invite: &Message) -> Option<String> {
        let offer = Offer::parse(description(invite)?).ok()?;
        self.session.answer(&offer).ok()
    }

    fn change_place(&mut self, arrival: Arrival, description: String) {
        let now = self.edge.clock.now_ms();
        let (invite, flow, answers, events) = arrival.run();
        let tag = self.edge.clock.new_uuid().simple().to_string();
        let contact = self.edge.contact(&flow);
        let dialog = Dialog::answering(&invite, flow, tag, contact);
        self.say_goodbye(TAKEN_OVER);
        self.place.rename(dialog.id.clone());
        self.dialog = dialog;
        self.callee = None;
        self.allows_update = invite.lists("Allow", "UPDATE");
        self.timer = SessionTimer::accept(&invite, self.edge.config.timer, now)
            .ok()
            .flatten();
        self.sources.refresh = None;
        self.sources.reinvite = None;
        self.sources.invite = events;
        self.answers = Some(answers);
        self.invite = invite;
        self.late_offer = false;
        self.phase = Phase::Answered;
        let mut reply = self
            .dialog
            .reply(&self.invite, 200)
            .with("Allow", ALLOW)
            .with("Supported", EXTENSIONS.join(", "));
        if let Some(timer) = &self.timer {
            timer.describe(&mut reply);
        }
        let reply = reply.with_body("application/sdp", description);
        self.send(&reply);
        let from = Address::read(self.invite.get("From").unwrap_or_default());
        self.happened(Happening::TakenOver {
            by: from.user().unwrap_or_default().to_owned(),
        });
    }
}
