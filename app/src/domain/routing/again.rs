//! A call that came, as an INVITE once more: what its row and its receipt tell of it. The password
//! it proved and the codecs it offered are supposed to be right again.

use super::{Invite, MediaOffer, Note, Proof, Receipt, Routes, Step};
use crate::domain::call::{Call, Direction};
use crate::domain::sip::Transport;

/// The INVITE of a call that an access let in; none of one that never got so far.
pub fn again(routes: &Routes, call: &Call, receipt: &Receipt) -> Option<Invite> {
    let access = call
        .access
        .filter(|_| call.direction == Direction::Inbound)?;
    Some(Invite {
        source: call.source?,
        transport: call.transport.unwrap_or(Transport::Udp),
        proof: Proof::Digest {
            access,
            algorithm: "MD5",
            moved_from: None,
        },
        // Wherever the access puts its number, this is what stood there.
        target_user: call.sent_as.clone(),
        called_party: Some(call.sent_as.clone()),
        to_user: call.sent_as.clone(),
        target_host: String::new(),
        agent_headers: agent_headers(routes, call, receipt),
        media: MediaOffer::Late,
        caller: call.caller.clone(),
    })
}

/// The receipt keeps the header's value only where it named nobody.
fn agent_headers(routes: &Routes, call: &Call, receipt: &Receipt) -> Vec<String> {
    let mut checks = receipt.checks.iter();
    let note = checks
        .find(|check| check.step == Step::AgentHeader)
        .map(|check| &check.note);
    let called = |name: &str| routes.agent_called(name).map(|agent| agent.id);
    let agent = match note {
        Some(Note::AgentHeaderNotHonoured { value, .. } | Note::AgentHeaderUnknown { value }) => {
            return vec![value.clone()];
        }
        Some(Note::AgentHeaderTwice { .. }) => return vec![String::new(); 2],
        Some(Note::AgentHeaderNames { name }) => call.agent.or_else(|| called(name)),
        Some(Note::AgentHeaderOff { name }) => called(name),
        _ => None,
    };
    agent.iter().map(ToString::to_string).collect()
}
