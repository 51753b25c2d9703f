//! Answers that need no transaction, and the Via they go back by.

use std::net::SocketAddr;

use super::screen::{ALLOW, EXTENSIONS, Fault, unsupported};
use crate::sip::message::address::{parameter, split_host_port, split_list};
use crate::sip::message::{Message, Start};

/// Says on the top Via where the message really came from: `received` if the host differs
/// (RFC 3261 §18.2.1), `rport` if it was asked for (RFC 3581 §4).
pub(super) fn mark_received(message: &mut Message, peer: SocketAddr) {
    let mut first = true;
    message.rewrite("Via", |value| {
        if !std::mem::take(&mut first) {
            return value.to_owned();
        }
        let mut vias: Vec<String> = split_list(value).map(str::to_owned).collect();
        if let Some(top) = vias.first_mut() {
            *top = marked(top, peer);
        }
        vias.join(", ")
    });
}

fn marked(via: &str, peer: SocketAddr) -> String {
    let wants_port = parameter(via, "rport").is_some();
    let kept = via.split(';').filter(|part| {
        let name = part.split('=').next().unwrap_or_default().trim();
        !name.eq_ignore_ascii_case("rport") && !name.eq_ignore_ascii_case("received")
    });
    let mut via = kept.collect::<Vec<_>>().join(";");
    let ip = peer.ip().to_canonical();
    let sent_by = via
        .split(';')
        .next()
        .and_then(|head| head.rsplit([' ', '\t']).next());
    let host = split_host_port(sent_by.unwrap_or_default()).0;
    let same_host = host.trim_matches(['[', ']']).parse() == Ok(ip);
    if wants_port {
        via.push_str(&format!(";rport={}", peer.port()));
    }
    if !same_host || wants_port {
        via.push_str(&format!(";received={ip}"));
    }
    via
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
        fault.phrase().clone_into(phrase);
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
