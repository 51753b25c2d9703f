//! A call that came, as an INVITE once more: what its row and its receipt tell of it. The password
//! it proved, and the encryption it offered, are supposed to be right again.

use super::{Invite, MediaOffer, Note, Proof, Receipt, Registered, Routes, Step};
use crate::domain::call::{Call, Direction};
use crate::domain::codec::{AudioLine, Codec};
use crate::domain::sip::Transport;

/// A call that came, and what was kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Came {
    /// Its row.
    pub call: Call,
    /// How it was decided.
    pub receipt: Receipt,
    /// The names of the codecs it offered; none if it left the offer to us.
    pub offered: Vec<String>,
}

/// The INVITE of a call that an access let in, or else `by` registration; none of one that never got
/// so far.
pub fn again(routes: &Routes, came: &Came, by: Option<Registered>) -> Option<Invite> {
    let call = &came.call;
    if call.direction != Direction::Inbound {
        return None;
    }
    let proof = match call.access {
        Some(access) => Proof::Digest {
            access,
            algorithm: "MD5",
            moved_from: None,
        },
        None => Proof::Registered(Box::new(by?)),
    };
    Some(Invite {
        source: call.source?,
        transport: call.transport.unwrap_or(Transport::Udp),
        proof,
        // Wherever the access puts its number, this is what stood there.
        target_user: call.sent_as.clone(),
        called_party: Some(call.sent_as.clone()),
        to_user: call.sent_as.clone(),
        target_host: String::new(),
        agent_headers: agent_headers(routes, call, &came.receipt),
        media: media(&came.offered),
        caller: call.caller.clone(),
    })
}

/// Encrypted or not, as it may have been taken then.
fn media(offered: &[String]) -> MediaOffer {
    if offered.is_empty() {
        return MediaOffer::Late;
    }
    let spoken = offered
        .iter()
        // Names are read whatever their case (RFC 8866 §6.6).
        .filter_map(|name| name.to_ascii_uppercase().parse::<Codec>().ok());
    let plain = AudioLine::plain(spoken.collect());
    let secure = AudioLine {
        secure: true,
        keyed: true,
        ..plain.clone()
    };
    MediaOffer::Codecs {
        lines: vec![secure, plain],
        offered: offered.to_vec(),
    }
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
