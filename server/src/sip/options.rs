//! What we can do, for OPTIONS and for every answer that says so (RFC 3261 §11).

use super::guard::screen::{ALLOW, EXTENSIONS};
use super::message::Message;

/// Adds our abilities to an answer.
pub fn describe(reply: Message) -> Message {
    reply
        .with("Allow", ALLOW)
        .with("Supported", EXTENSIONS.join(", "))
        .with(
            "Accept",
            "application/sdp, application/dtmf-relay, application/dtmf",
        )
        .with("Accept-Encoding", "identity")
        .with("Accept-Language", "en")
}
