//! A dialog (RFC 3261 §12): who talks to whom, in which order, and by which way.
//!
//! Knows no transactions and no calls; it writes requests and judges their order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::message::Message;
use super::message::address::{Address, host_port_of, split_host_port};
use super::stack::Flow;

/// Names a dialog on our side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialogId {
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
}

impl DialogId {
    /// The dialog that a request of the peer's belongs to, or our answer to it.
    pub fn of_request(request: &Message) -> Option<Self> {
        Some(Self {
            call_id: request.call_id().to_owned(),
            local_tag: request.to_tag()?.to_owned(),
            remote_tag: request.from_tag()?.to_owned(),
        })
    }
}

/// The sequence numbers of our requests under one Call-ID, for whoever sends the next one.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<AtomicU32>);

impl Numbers {
    /// After one that was used already.
    pub fn after(number: u32) -> Self {
        Self(Arc::new(AtomicU32::new(number)))
    }

    pub fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Clones are the same dialog as far as numbers go.
#[derive(Clone, Debug)]
pub struct Dialog {
    pub id: DialogId,
    /// From and To of our requests.
    local: String,
    remote: String,
    numbers: Numbers,
    remote_seq: u32,
    /// The peer has asked, by REFER, for somebody to be called.
    referred: bool,
    remote_target: String,
    routes: Vec<String>,
    /// Our Contact, without brackets.
    pub contact: String,
    pub flow: Flow,
}

/// A request older than one we have seen: 500 (RFC 3261 §12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder;

impl Dialog {
    /// The dialog an INVITE of the peer's begins (RFC 3261 §12.1.1).
    pub fn answering(invite: &Message, flow: Flow, local_tag: String, contact: String) -> Self {
        let remote_tag = invite.from_tag().unwrap_or_default().to_owned();
        let to = invite.get("To").unwrap_or_default();
        Self {
            local: format!("{to};tag={local_tag}"),
            remote: invite.get("From").unwrap_or_default().to_owned(),
            numbers: Numbers::default(),
            referred: false,
            remote_seq: invite.cseq().map_or(0, |(number, _)| number),
            remote_target: target_of(invite).unwrap_or_default(),
            routes: invite.list("Record-Route").map(str::to_owned).collect(),
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag,
                remote_tag,
            },
            contact,
            flow,
        }
    }

    /// The dialog an answer to our INVITE begins (RFC 3261 §12.1.2). `None` without the peer's tag.
    pub fn asking(
        invite: &Message,
        answer: &Message,
        flow: Flow,
        contact: String,
        numbers: Numbers,
    ) -> Option<Self> {
        let mut routes: Vec<String> = answer.list("Record-Route").map(str::to_owned).collect();
        routes.reverse();
        Some(Self {
            local: invite.get("From")?.to_owned(),
            remote: answer.get("To")?.to_owned(),
            numbers,
            referred: false,
            remote_seq: 0,
            remote_target: target_of(answer).unwrap_or_default(),
            routes,
            id: DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: invite.from_tag()?.to_owned(),
                remote_tag: answer.to_tag()?.to_owned(),
            },
            contact,
            flow,
        })
    }

    /// The ACK of a 2xx: of the INVITE's number, and along the dialog's route (RFC 3261 §13.2.2.4).
    pub fn ack(&self, number: u32, branch: &str, sent_by: &str) -> Message {
        let mut ack = self.numbered(number, "ACK", branch, sent_by);
        ack.remove("Contact");
        ack
    }

    /// Takes note of a request's number; any rise is fine, gaps included.
    pub fn in_order(&mut self, request: &Message) -> Result<(), OutOfOrder> {
        let number = request.cseq().map_or(0, |(number, _)| number);
        if number < self.remote_seq {
            return Err(OutOfOrder);
        }
        self.remote_seq = number;
        Ok(())
    }

    /// The Event of the NOTIFYs that a REFER of the peer's is to get: from the second one on it says
    /// which (RFC 3515 §2.4.6).
    pub fn event_of(&mut self, refer: &Message) -> String {
        let is_first = !std::mem::replace(&mut self.referred, true);
        match refer.cseq() {
            Some((number, _)) if !is_first => format!("refer;id={number}"),
            _ => "refer".to_owned(),
        }
    }

    /// A target refresh moves the peer's Contact (RFC 3261 §12.2.2).
    pub fn retarget(&mut self, message: &Message) {
        if let Some(target) = target_of(message) {
            self.remote_target = target;
        }
    }

    /// A response of ours inside the dialog: with our tag and Contact.
    pub fn reply(&self, request: &Message, status: u16) -> Message {
        let mut reply = request.reply(status, &self.id.local_tag);
        if status > 100 {
            reply.push("Contact", format!("<{}>", self.contact));
        }
        if (101..300).contains(&status) && request.to_tag().is_none() {
            for route in request.all("Record-Route") {
                reply.push("Record-Route", route);
            }
        }
        reply
    }

    /// The peer's Contact.
    pub fn remote_target(&self) -> &str {
        &self.remote_target
    }

    /// The number of the next request of ours.
    pub fn next_number(&self) -> u32 {
        self.numbers.next()
    }

    /// A request of ours (RFC 3261 §12.2.1.1). Routes are taken as loose, as all are today.
    pub fn request(&self, method: &'static str, branch: &str, sent_by: &str) -> Message {
        self.numbered(self.next_number(), method, branch, sent_by)
    }

    fn numbered(&self, number: u32, method: &'static str, branch: &str, sent_by: &str) -> Message {
        let uri = if self.remote_target.is_empty() {
            format!("sip:{}", self.flow.peer)
        } else {
            self.remote_target.clone()
        };
        let transport = self.flow.transport.as_str().to_ascii_uppercase();
        let mut request = Message::request(method, uri)
            .with(
                "Via",
                format!("SIP/2.0/{transport} {sent_by};branch=z9hG4bK{branch};rport"),
            )
            .with("Max-Forwards", "70");
        for route in &self.routes {
            request.push("Route", route.clone());
        }
        request
            .with("From", self.local.clone())
            .with("To", self.remote.clone())
            .with("Call-ID", self.id.call_id.clone())
            .with("CSeq", format!("{number} {method}"))
            .with("Contact", format!("<{}>", self.contact))
    }

    /// Where our requests go. Behind NAT, where the Contact is of no use to us, that is where the
    /// INVITE came from.
    pub fn next_hop(&self) -> Hop {
        let hop = match self.routes.first() {
            Some(route) => Address::read(route).host_port(),
            None => host_port_of(&self.remote_target),
        };
        let Some((host, port)) = hop.map(split_host_port) else {
            return Hop::Address(self.flow.peer);
        };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => Hop::Address(self.reachable(ip, port)),
            Err(_) => Hop::Name(host.to_owned(), port),
        }
    }

    /// A name's address, or the one its INVITE came from if it has none we can reach.
    pub fn resolved(&self, found: Option<IpAddr>, port: Option<u16>) -> SocketAddr {
        found.map_or(self.flow.peer, |ip| self.reachable(ip, port))
    }

    fn reachable(&self, ip: IpAddr, port: Option<u16>) -> SocketAddr {
        let source = self.flow.peer;
        // A proxy on the route means what it says, even on a private network.
        if ip == source.ip() || !self.routes.is_empty() || is_reachable(ip) {
            SocketAddr::new(ip, port.unwrap_or(self.flow.transport.default_port()))
        } else {
            source
        }
    }
}

/// The next stop of a request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    Address(SocketAddr),
    Name(String, Option<u16>),
}

fn target_of(message: &Message) -> Option<String> {
    let contact = message.list("Contact").next()?;
    let uri = Address::read(contact).uri;
    (!uri.is_empty() && uri != "*").then(|| uri.to_owned())
}

/// Can an address a stranger writes down be meant for us to reach?
fn is_reachable(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified())
                && !(v4.is_multicast() || v4.is_broadcast() || shared)
        }
        IpAddr::V6(v6) => {
            let elsewhere = v6.is_loopback() || v6.is_unspecified() || v6.is_multicast();
            !(elsewhere || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn dialog(contact: &str, routes: &[&str]) -> Dialog {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let flow = Flow::datagrams(Arc::new(socket)).await.unwrap();
        let flow = flow.flow("203.0.113.9:1024".parse().unwrap());
        let mut invite = Message::request("INVITE", "sip:1@h")
            .with("From", "<sip:a@h>;tag=a")
            .with("To", "<sip:1@h>")
            .with("Call-ID", "c")
            .with("CSeq", "7 INVITE")
            .with("Contact", format!("<{contact}>"));
        for route in routes {
            invite.push("Record-Route", *route);
        }
        Dialog::answering(&invite, flow, "b".to_owned(), "sip:us@192.0.2.1".to_owned())
    }

    #[tokio::test]
    async fn writes_requests_along_the_routes() {
        let dialog = dialog("sip:a@10.0.0.1", &["<sip:p1;lr>, <sip:p2;lr>"]).await;
        let bye = dialog.request("BYE", "x", "192.0.2.1:5060");
        assert_eq!(bye.uri(), Some("sip:a@10.0.0.1"));
        assert_eq!(
            bye.all("Route").collect::<Vec<_>>(),
            ["<sip:p1;lr>", "<sip:p2;lr>"]
        );
        assert_eq!(bye.get("From"), Some("<sip:1@h>;tag=b"));
        assert_eq!(bye.get("To"), Some("<sip:a@h>;tag=a"));
        assert_eq!(bye.cseq(), Some((1, "BYE")));
    }

    #[tokio::test]
    async fn finds_the_way_to_peers_behind_nat() {
        let source = "203.0.113.9:1024";
        let cases = [
            ("sip:a@203.0.113.9:5080", vec![], "203.0.113.9:5080"),
            ("sip:a@198.51.100.1", vec![], "198.51.100.1:5060"),
            ("sip:a@192.168.1.5:5060", vec![], source),
            ("sip:a@100.64.0.1", vec![], source),
            (
                "sip:a@192.168.1.5",
                vec!["<sip:198.51.100.7:5070;lr>"],
                "198.51.100.7:5070",
            ),
            (
                "sip:a@192.168.1.5",
                vec!["<sip:10.0.0.7;lr>"],
                "10.0.0.7:5060",
            ),
            ("sip:a@[2001:db8::1]:5070", vec![], "[2001:db8::1]:5070"),
            ("sip:a@0.0.0.0", vec![], source),
        ];
        for (contact, routes, expected) in cases {
            let hop = dialog(contact, &routes).await.next_hop();
            assert_eq!(hop, Hop::Address(expected.parse().unwrap()), "{contact}");
        }
    }

    #[tokio::test]
    async fn names_lead_where_they_resolve_to_or_back() {
        let named = dialog("sip:a@phone.example:5070", &[]).await;
        assert_eq!(
            named.next_hop(),
            Hop::Name("phone.example".to_owned(), Some(5070))
        );
        let source = "203.0.113.9:1024".parse().unwrap();
        assert_eq!(named.resolved(None, Some(5070)), source);
        assert_eq!(named.resolved("10.0.0.9".parse().ok(), Some(5070)), source);
        let public = named.resolved("198.51.100.3".parse().ok(), Some(5070));
        assert_eq!(public, "198.51.100.3:5070".parse().unwrap());
    }

    #[tokio::test]
    async fn takes_any_rising_number() {
        let mut dialog = dialog("sip:a@h", &[]).await;
        let numbered = |n: u32| Message::request("BYE", "sip:us").with("CSeq", format!("{n} BYE"));
        assert_eq!(dialog.in_order(&numbered(6)), Err(OutOfOrder));
        assert_eq!(dialog.in_order(&numbered(900)), Ok(()));
        assert_eq!(dialog.in_order(&numbered(8)), Err(OutOfOrder));
    }

    #[tokio::test]
    async fn from_the_second_refer_on_its_news_say_which() {
        let mut dialog = dialog("sip:a@h", &[]).await;
        let refer = |n: u32| Message::request("REFER", "sip:us").with("CSeq", format!("{n} REFER"));
        let events = [7, 8, 900].map(|number| dialog.event_of(&refer(number)));
        assert_eq!(events, ["refer", "refer;id=8", "refer;id=900"]);
    }
}
