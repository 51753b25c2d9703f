//! What to enter at well-known carriers and PBXs, with this installation's own values.

use leptos::prelude::*;

use crate::domain::endpoint::TrunkView;
use crate::domain::inbound::{Access, AccessKind};
use crate::text::text;
use crate::ui::copy::{CopyButton, CopyRow, CopyWords};
use crate::ui::form::LinkButton;
use crate::ui::page::Disclosure;

/// Where Twilio's signalling comes from. Their page has the list of today; this one is of
/// the day named beside it, and can be edited before it is allowed.
const TWILIO: [&str; 8] = [
    "54.172.60.0/30",
    "54.244.51.0/30",
    "54.171.127.192/30",
    "35.156.191.128/30",
    "54.65.63.192/30",
    "54.169.127.128/30",
    "54.252.254.64/30",
    "177.71.206.192/30",
];
const TWILIO_AS_OF: &str = "2026-11";
const TWILIO_PAGE: &str = "https://www.twilio.com/docs/sip-trunking/ip-addresses";

/// What the form of an address is filled in with when a recipe leads to it.
pub(super) fn prefilled(carrier: &str) -> Vec<(&'static str, String)> {
    match carrier {
        "twilio" => vec![
            ("label", "Twilio".to_owned()),
            ("networks", TWILIO.join("\n")),
        ],
        _ => Vec::new(),
    }
}

/// The values that every recipe needs.
struct Values {
    host: String,
    port: u16,
    username: String,
    header: String,
    /// Name of the newest entry by address, at which its carrier has to call.
    own_name: Option<String>,
}

pub(super) fn all(trunk: &TrunkView, accesses: &[Access]) -> impl IntoView + use<> {
    let say = &text().recipes;
    let host = trunk.endpoint.host.clone();
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let newest = accesses
        .iter()
        .find(|access| access.settings.kind == AccessKind::Network);
    let values = Values {
        own_name: newest
            .filter(|_| !is_address)
            .map(|access| format!("{}.{host}", access.endpoint_name)),
        port: trunk.endpoint.port,
        username: trunk.username.clone().unwrap_or_default(),
        header: trunk.trunk.settings.agent_id_header.to_string(),
        host,
    };
    let (twilio, telnyx) = (twilio(&values), telnyx(&values));
    let (asterisk, freepbx, any) = (asterisk(&values), freepbx(&values), any(&values));
    view! {
        <div class="recipes">
            <h3>{say.title}</h3>
            <Disclosure title=say.twilio>{twilio}</Disclosure>
            <Disclosure title=say.telnyx>{telnyx}</Disclosure>
            <Disclosure title=say.freepbx>{freepbx}</Disclosure>
            <Disclosure title=say.asterisk>{asterisk}</Disclosure>
            <Disclosure title=say.any>{any}</Disclosure>
        </div>
    }
}

/// The carrier's own name, or how to come by one.
fn by_address(values: &Values, label: &'static str, form: impl Fn(&str) -> String) -> AnyView {
    let say = &text().recipes;
    match &values.own_name {
        Some(name) => view! { <CopyRow label value=form(name)/> }.into_any(),
        None => view! {
            <CopyRow label value=form(&values.host)/>
            <p class="help">{say.own_name_missing}</p>
        }
        .into_any(),
    }
}

fn twilio(values: &Values) -> impl IntoView + use<> {
    let say = &text().recipes;
    let port = values.port;
    let uri = by_address(values, say.twilio_uri, |name| {
        format!("sip:{name}:{port};transport=tcp")
    });
    let dated = (say.ranges_of)(TWILIO_AS_OF);
    view! {
        <div class="copy-rows">{uri}</div>
        <p>{say.twilio_numbers}</p>
        <p>{say.twilio_addresses}</p>
        <p class="row">
            <LinkButton href="/settings/sip?recipe=twilio#networks" label=say.twilio_add/>
            <span class="muted">{dated}" "<a href=TWILIO_PAGE rel="noreferrer external">{say.their_page}</a></span>
        </p>
    }
}

fn telnyx(values: &Values) -> impl IntoView + use<> {
    let say = &text().recipes;
    let name = by_address(values, say.telnyx_fqdn, str::to_owned);
    let port = values.port.to_string();
    view! {
        <p>{say.telnyx_connection}</p>
        <div class="copy-rows">
            {name}
            <CopyRow label=say.port value=port/>
            <CopyRow label=say.number_format value="+E.164"/>
        </div>
        <p>{say.telnyx_addresses}</p>
    }
}

fn freepbx(values: &Values) -> impl IntoView + use<> {
    let say = &text().recipes;
    let (username, host, port) = (
        values.username.clone(),
        values.host.clone(),
        values.port.to_string(),
    );
    view! {
        <p>{say.freepbx_trunk}</p>
        <div class="copy-rows">
            <CopyRow label="Username" value=username/>
            <CopyRow label="Authentication" value="Outbound"/>
            <CopyRow label="Registration" value="None"/>
            <CopyRow label="SIP Server" value=host/>
            <CopyRow label="SIP Server Port" value=port/>
        </div>
        <p class="help">{say.secret_above}</p>
    }
}

fn asterisk(values: &Values) -> impl IntoView + use<> {
    let say = &text().recipes;
    let Values {
        host,
        port,
        username,
        header,
        ..
    } = values;
    let config = format!(
        "[patchbay]\ntype=auth\nauth_type=userpass\nusername={username}\npassword=…\n\n\
         [patchbay]\ntype=aor\ncontact=sip:{host}:{port}\nqualify_frequency=60\n\n\
         [patchbay]\ntype=endpoint\noutbound_auth=patchbay\naors=patchbay\ndisallow=all\nallow=ulaw,alaw,g722\n"
    );
    let dialplan = format!(
        "; extensions.conf\nexten => _+X.,1,Dial(PJSIP/${{EXTEN}}@patchbay)\n\n\
         ; with an agent of your choice\nexten => _+X.,1,Dial(PJSIP/${{EXTEN}}@patchbay,,b(agent^s^1))\n\n\
         [agent]\nexten => s,1,Set(PJSIP_HEADER(add,{header})=AGENT_ID)\n same => n,Return()\n"
    );
    view! {
        <p>{say.asterisk_file}</p>
        <pre tabindex="0">{config.clone()}</pre>
        <p class="row"><CopyButton value=config label="pjsip.conf".to_owned() words=CopyWords::of("pjsip.conf")/></p>
        <pre tabindex="0">{dialplan.clone()}</pre>
        <p class="row"><CopyButton value=dialplan label="extensions.conf".to_owned() words=CopyWords::of("extensions.conf")/></p>
        <p class="help">{say.secret_above}</p>
    }
}

fn any(values: &Values) -> impl IntoView + use<> {
    let say = &text().recipes;
    let uri = format!("sip:{}:{}", values.host, values.port);
    view! {
        <p>{say.any_uri}</p>
        <div class="copy-rows"><CopyRow label=text().sip.uri_udp value=uri/></div>
        <p>{say.any_password}</p>
        <p>{say.any_address}</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sip::SourceNet;

    #[test]
    fn the_list_is_of_networks_as_they_are_stored() {
        for network in TWILIO {
            let parsed: SourceNet = network.parse().expect("a network");
            assert_eq!(parsed.to_string(), network);
        }
        assert!(prefilled("nobody").is_empty());
    }
}
