//! What an INVITE of ours says, and where it goes: made from a trunk or a URI, before anything is
//! sent.

use app::domain::codec::CodecOrder;
use app::domain::inbound::Srtp;
use app::domain::outbound::{OutboundAuth, OutboundTrunk, presented};
use app::domain::phone::PhoneNumber;
use app::domain::sip::{Secret, SipUri, Username};

use super::answer::Credentials;
use super::targets::Place;
use crate::sip::Edge;
use crate::sip::guard::screen::{ALLOW, EXTENSIONS};
use crate::sip::message::Message;
use crate::sip::stack::Flow;

/// One leg to be.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Leg {
    pub place: Place,
    /// The host whose certificate is wanted.
    pub name: String,
    /// It may lead to this very machine: a call to ourselves.
    pub inside: bool,
    pub uri: String,
    pub to: String,
    pub from: String,
    /// Headers of its own, such as who vouches for the number.
    pub headers: Vec<(String, String)>,
    pub credentials: Option<Credentials>,
    /// Whether its audio is encrypted.
    pub srtp: Srtp,
    /// Which codecs it offers and takes, the best first.
    pub codecs: Option<CodecOrder>,
}

impl Leg {
    /// By a carrier's trunk.
    pub(in crate::sip) fn by_trunk(
        trunk: &OutboundTrunk,
        password: Option<&Secret>,
        callee: &PhoneNumber,
    ) -> Self {
        let set = &trunk.settings;
        let shown = presented(set, callee, &set.caller_number);
        let place = match &set.outbound_proxy {
            Some(proxy) => Place {
                host: proxy.host.clone(),
                port: proxy.port,
                transport: proxy.transport().unwrap_or(set.transport),
            },
            // The usual port says nothing that SRV records may not say better.
            None => Place {
                host: set.host.clone(),
                port: (set.port != set.transport.default_port()).then_some(set.port),
                transport: set.transport,
            },
        };
        let credentials = match (&set.auth, password) {
            (OutboundAuth::Digest { username }, Some(password)) => Some(Credentials {
                username: username.clone(),
                password: password.clone(),
                realm: set.identity.auth_realm.clone(),
            }),
            _ => None,
        };
        let mut headers = Vec::new();
        if let Some((header, value)) = shown.asserted {
            headers.push((header.to_owned(), value));
        }
        if let Some(proxy) = &set.outbound_proxy {
            headers.push(("Route".to_owned(), format!("<{proxy};lr>")));
        }
        Self {
            name: place.host.to_string(),
            place,
            inside: false,
            uri: shown.uri,
            to: shown.to,
            from: shown.from,
            headers,
            credentials,
            srtp: set.srtp,
            codecs: set.codecs.clone(),
        }
    }

    /// To a SIP URI, with credentials for its host alone.
    pub(in crate::sip) fn to_uri(
        uri: &SipUri,
        login: Option<(Username, Secret)>,
        from: String,
        headers: Vec<(String, String)>,
    ) -> Self {
        Self {
            place: Place {
                host: uri.host.clone(),
                port: uri.port,
                transport: uri.transport().unwrap_or_default(),
            },
            name: uri.host.to_string(),
            inside: false,
            uri: uri.to_string(),
            to: format!("<{uri}>"),
            from,
            headers,
            credentials: login.map(|(username, password)| Credentials {
                username,
                password,
                realm: None,
            }),
            srtp: Srtp::Optional,
            codecs: None,
        }
    }

    /// The same, to take the place of another call.
    pub(super) fn in_place_of(mut self, replaces: Option<String>) -> Self {
        if let Some(other) = replaces {
            self.headers.push(("Replaces".to_owned(), other));
            self.headers
                .push(("Require".to_owned(), "replaces".to_owned()));
        }
        self
    }

    /// The proxies to go by.
    pub(super) fn routes(&self) -> impl Iterator<Item = &str> {
        let routes = self.headers.iter().filter(|(name, _)| name == "Route");
        routes.map(|(_, value)| value.as_str())
    }

    /// Its INVITE on a flow.
    pub(super) fn invite(
        &self,
        edge: &Edge,
        flow: &Flow,
        call_id: &str,
        tag: &str,
        number: u32,
        description: &str,
    ) -> Message {
        let mut invite = Message::request("INVITE", self.uri.clone())
            .with("Via", edge.via(flow))
            .with("Max-Forwards", "70")
            .with("From", format!("{};tag={tag}", self.from))
            .with("To", self.to.clone())
            .with("Call-ID", call_id)
            .with("CSeq", format!("{number} INVITE"))
            .with("Contact", format!("<{}>", edge.contact(flow)))
            .with("Allow", ALLOW)
            .with("Supported", EXTENSIONS.join(", "))
            .with("Session-Expires", edge.config.timer.expires_s.to_string())
            .with("Min-SE", edge.config.timer.min_se_s.to_string())
            .with("User-Agent", edge.config.product.clone());
        for (name, value) in &self.headers {
            invite.push(name, value.clone());
        }
        invite.with_body("application/sdp", description)
    }
}
