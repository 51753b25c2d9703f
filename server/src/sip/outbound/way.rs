//! A flow to a target: the one socket for datagrams, or a connection that is kept for the next one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use app::domain::sip::Transport;

use crate::sip::Edge;
use crate::sip::listen;
use crate::sip::stack::Flow;

/// A connection of ours that stands, by where it leads and for which name it was made.
pub(super) type Standing = std::collections::HashMap<(SocketAddr, Transport, String), Flow>;

/// The way to a target. A connection that stands is used again (RFC 3261 §18).
pub(in crate::sip) async fn way(
    edge: &Arc<Edge>,
    target: SocketAddr,
    transport: Transport,
    name: &str,
) -> io::Result<Flow> {
    if transport == Transport::Udp {
        return Ok(edge.datagrams.flow(target));
    }
    let key = (target, transport, name.to_owned());
    let standing = edge.ways.standing().get(&key).cloned();
    if let Some(flow) = standing.filter(Flow::is_open) {
        return Ok(flow);
    }
    let flow = listen::dial(edge, target, transport, name).await?;
    let mut standing = edge.ways.standing();
    standing.retain(|_, flow| flow.is_open());
    standing.insert(key, flow.clone());
    Ok(flow)
}
