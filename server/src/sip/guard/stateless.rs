//! Answers that need no transaction, and the Via they go back by.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::screen::{ALLOW, EXTENSIONS, Fault, unsupported};
use crate::sip::message::address::{parameter, split_host_port, split_list};
use crate::sip::message::{Message, Start};

/// For the address a message came from, beside the Via itself.
const ROOM: usize = 64;

/// Says on the top Via where the message really came from: `received` if the host differs
/// (RFC 3261 §18.2.1), `rport` if it was asked for (RFC 3581 §4).
pub(super) fn mark_received(message: &mut Message, peer: SocketAddr) {
    let Some(vias) = message.get("Via") else {
        return;
    };
    let mut others = split_list(vias);
    let mut whole = marked(others.next().unwrap_or_default(), peer);
    for other in others {
        whole.push_str(", ");
        whole.push_str(other);
    }
    message.set("Via", whole);
}

fn marked(via: &str, peer: SocketAddr) -> String {
    let ip = peer.ip().to_canonical();
    let mut parts = via.split(';');
    let head = parts.next().unwrap_or_default();
    let mut marked = String::with_capacity(via.len() + ROOM);
    marked.push_str(head);
    let mut wants_port = false;
    for part in parts {
        let name = part.split('=').next().unwrap_or_default().trim();
        let is_port = name.eq_ignore_ascii_case("rport");
        wants_port |= is_port;
        if !is_port && !name.eq_ignore_ascii_case("received") {
            marked.push(';');
            marked.push_str(part);
        }
    }
    let sent_by = head.rsplit([' ', '\t']).next().unwrap_or_default();
    let host = split_host_port(sent_by).0;
    let same_host = host.trim_matches(['[', ']']).parse() == Ok(ip);
    if wants_port {
        let _ = write!(marked, ";rport={}", peer.port());
    }
    if !same_host || wants_port {
        let _ = write!(marked, ";received={ip}");
    }
    marked
}

/// Where an answer to this Via goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4).
pub(crate) fn way_back(message: &Message, peer: SocketAddr) -> SocketAddr {
    let Some(via) = message.top_via() else {
        return peer;
    };
    if let Some(port) = parameter(via, "rport").and_then(|port| port.parse().ok()) {
        return SocketAddr::new(peer.ip(), port);
    }
    let sent_by = via
        .split(';')
        .next()
        .and_then(|head| head.rsplit([' ', '\t']).next());
    let port = split_host_port(sent_by.unwrap_or_default())
        .1
        .unwrap_or(5060);
    SocketAddr::new(peer.ip(), port)
}

/// The answer to something we cannot take.
pub(super) fn refuse(message: &Message, fault: Fault, tag: &str) -> Message {
    let mut reply = message.reply(fault.status(), tag);
    if let Start::Response { phrase, .. } = &mut reply.start {
        *phrase = fault.phrase().into();
    }
    match fault {
        Fault::NotAllowed | Fault::NotImplemented => reply.with("Allow", ALLOW),
        Fault::MediaType => reply.with("Accept", "application/sdp"),
        Fault::Extension => {
            let unknown: Vec<&str> = unsupported(message).collect();
            reply
                .with("Unsupported", unknown.join(", "))
                .with("Supported", EXTENSIONS.join(", "))
        }
        _ => reply,
    }
}
