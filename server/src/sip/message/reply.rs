//! Responses made from nothing but the request (RFC 3261 §8.2.6), stateless ones included.

use std::hash::BuildHasher as _;

use super::{Address, Message, address};

/// The usual phrase of a status.
pub fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        603 => "Decline",
        _ => "Failure",
    }
}

impl Message {
    /// A response to this request: Via, From, To, Call-ID and `CSeq` copied, `To` given `tag` if it
    /// has none and the status is not 100.
    pub fn reply(&self, status: u16, tag: &str) -> Self {
        let mut reply = Self::response(status, phrase(status));
        reply.repeat(self.named("Via"));
        reply.repeat(self.named("From").take(1));
        if let Some(to) = self.named("To").next() {
            if status == 100 || address::tag(&to.value).is_some() {
                reply.repeat(std::iter::once(to));
            } else {
                reply.push("To", format!("{};tag={tag}", to.value));
            }
        }
        reply.repeat(self.named("Call-ID").take(1));
        reply.repeat(self.named("CSeq").take(1));
        reply
    }

    /// The same request always yields the same tag, so that retransmissions of a stateless answer
    /// agree (RFC 3261 §8.2.7) and nobody outside can foresee it.
    pub fn stateless_tag(&self, key: &std::hash::RandomState) -> String {
        let from = self
            .get("From")
            .map(Address::read)
            .and_then(|from| from.parameter("tag"));
        let branch = self
            .top_via()
            .and_then(|via| address::parameter(via, "branch"));
        format!(
            "{:016x}",
            key.hash_one((self.call_id(), from, branch, self.cseq()))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_what_a_response_needs() {
        let request = Message::read(
            b"OPTIONS sip:h SIP/2.0\r\nVia: a\r\nVia: b\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
              Call-ID: c\r\nCSeq: 1 OPTIONS\r\nSubject: x\r\n\r\n",
        )
        .unwrap();
        let reply = request.reply(486, "t");
        assert_eq!(reply.status(), Some(486));
        assert_eq!(reply.all("Via").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(reply.get("To"), Some("<sip:b@h>;tag=t"));
        assert_eq!(reply.get("Subject"), None);
        assert_eq!(request.reply(100, "t").get("To"), Some("<sip:b@h>"));
        let key = std::hash::RandomState::new();
        assert_eq!(request.stateless_tag(&key), request.stateless_tag(&key));
    }
}
