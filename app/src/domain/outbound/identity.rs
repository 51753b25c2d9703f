//! What a carrier is shown: Request-URI, To, From and who vouches. Pure, so that the form's
//! preview and the INVITE on the wire are the same lines.

use super::{Assert, OutboundSettings};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::{Host, Transport};

/// The lines of an INVITE that say who calls whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Request-URI.
    pub uri: String,
    /// To, without a tag.
    pub to: String,
    /// From, without a tag.
    pub from: String,
    /// The header that vouches for the number, with its value.
    pub asserted: Option<(&'static str, String)>,
}

/// What the carrier of this trunk is shown when `callee` is called as `caller`.
pub fn presented(
    trunk: &OutboundSettings,
    callee: &PhoneNumber,
    caller: &PhoneNumber,
) -> Presented {
    let identity = &trunk.identity;
    let home = identity.country;
    let dialled = callee.written(identity.number_format, home);
    let dialled = format!(
        "{}{dialled}",
        identity.prefix.as_deref().unwrap_or_default()
    );
    let shown = caller.written(identity.caller_format, home);
    let from_user = identity.from_user.as_deref().unwrap_or(&shown);
    let from_host = identity.from_host.as_ref().unwrap_or(&trunk.host);
    let uri = |user: &str, place: &str| {
        let phone = if identity.user_phone {
            ";user=phone"
        } else {
            ""
        };
        format!("sip:{user}@{place}{phone}")
    };
    let asserted = match identity.assert {
        Assert::Pai => Some("P-Asserted-Identity"),
        Assert::Ppi => Some("P-Preferred-Identity"),
        Assert::None => None,
    };
    Presented {
        uri: format!(
            "{}{}",
            uri(&dialled, &place(&trunk.host, trunk.port, trunk.transport)),
            match trunk.transport {
                Transport::Udp => "",
                Transport::Tcp => ";transport=tcp",
                Transport::Tls => ";transport=tls",
            }
        ),
        to: format!("<{}>", uri(&dialled, &trunk.host.to_string())),
        from: format!("<{}>", uri(from_user, &from_host.to_string())),
        asserted: asserted
            .map(|header| (header, format!("<{}>", uri(&shown, &from_host.to_string())))),
    }
}

/// The port only where it is not the usual one.
fn place(host: &Host, port: u16, transport: Transport) -> String {
    if port == transport.default_port() {
        host.to_string()
    } else {
        format!("{host}:{port}")
    }
}
