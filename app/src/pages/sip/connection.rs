//! The endpoint and the three values a carrier needs.

use leptos::prelude::*;

use crate::domain::endpoint::{Endpoint, Reach, TrunkView};
use crate::domain::inbound::{Access, Region};
use crate::domain::seen::Facts;
use crate::text::{sentence, text};
use crate::ui::copy::{CopyButton, CopyRow, CopyWords};
use crate::ui::form::Submit;
use crate::ui::page::{Disclosure, Section, here};
use crate::ui::reader::reader;
use crate::ui::secret::{CopyWithSecret, SecretRow};

use super::recipes;

/// When an access last let somebody in, and whom.
fn last_used(access: Option<&Access>) -> String {
    let say = &text().sip;
    let said = match access.and_then(|access| access.last_used.as_ref()) {
        Some(used) => format!("{}, {}", (say.last_used)(&reader().ago(used.at)), used.from),
        None => say.last_used_never.to_owned(),
    };
    sentence(&said)
}

pub(super) fn section(
    trunk: &TrunkView,
    accesses: &[Access],
    facts: &Facts,
) -> impl IntoView + use<> {
    let say = &text().sip;
    let Endpoint { host, port, .. } = trunk.endpoint.clone();
    let address = format!("{host}:{port}");
    let note = match trunk.endpoint.reach {
        Reach::ThisComputer => Some(say.reach_computer.to_owned()),
        Reach::ThisNetwork => Some(say.reach_network.to_owned()),
        Reach::Internet if facts.outside_at.or(facts.signed_in_at).is_some() => None,
        Reach::Internet => {
            let audio = format!("{}–{}", facts.rtp_first, facts.rtp_last);
            Some((say.nothing_arrived)(&port.to_string(), &audio))
        }
    };
    let note = note.map(|note| {
        view! { <span class="muted">{note}" "<a href="/settings/system">{say.open_system}</a></span> }.into_any()
    });
    let newest = accesses
        .iter()
        .find(|access| Some(access.id) == trunk.newest);
    let used = last_used(newest);
    let username = trunk.username.clone().unwrap_or_default();
    let encrypted = trunk.endpoint.tls_port;
    let encrypted = encrypted.map(|port| format!("sip:{host}:{port};transport=tls"));
    let also = encrypted
        .as_ref()
        .map_or_else(String::new, |uri| format!("\n{}: {uri}", say.tls_uri));
    // A brace in a value would be taken for the place of the password.
    let with = |password: &str| {
        format!(
            "{}: {address} (UDP, TCP){also}\nSIP URI: sip:{host}:{port}\n{}: {username}\n{}: {password}\n{}\nRTP: UDP {}–{}",
            say.endpoint,
            say.username,
            say.password,
            say.for_carrier,
            facts.rtp_first,
            facts.rtp_last,
        )
    };
    let (carrier, whole) = (with(say.password_separately), with("{}"));
    let with_password = trunk.newest.map(|id| {
        let words = CopyWords::of(say.with_password);
        view! {
            <p class="row">
                <CopyWithSecret label=say.with_password.to_owned() whole function="/fn/reveal_inbound_password".to_owned() asked=format!("id={id}") words/>
                <span class="muted">{say.with_password}". "{say.contains_password}</span>
            </p>
        }
    });
    let recipes = recipes::all(trunk, accesses);
    let password = trunk.newest.map(|id| {
        view! { <SecretRow label=say.password function="/fn/reveal_inbound_password" about=("id", id.to_string())/> }
    });
    let endpoint_row = match note {
        Some(note) => view! { <CopyRow label=say.endpoint value=address.clone() note/> }.into_any(),
        None => view! { <CopyRow label=say.endpoint value=address.clone()/> }.into_any(),
    };
    let regions = trunk
        .regions
        .iter()
        .filter_map(|region| {
            let endpoint = region.endpoint.clone()?;
            Some(view! { <CopyRow label=region_name(region.region) value=format!("{}:{}", endpoint.host, endpoint.port)/> })
        })
        .collect_view();
    let region_form = region_form(trunk);
    let tls = encrypted.map(|uri| view! { <CopyRow label=say.tls_uri value=uri/> });
    let (udp, tcp) = (
        format!("sip:{host}:{port};transport=udp"),
        format!("sip:{host}:{port};transport=tcp"),
    );
    view! {
        <Section id="connection" title=say.connection>
            {region_form}
            <div class="copy-rows">
                {endpoint_row}
                <CopyRow label=say.username value=username/>
                {password}
            </div>
            <p class="muted">{used}</p>
            <Disclosure title=say.other_forms>
                <div class="copy-rows">
                    <CopyRow label=say.host_alone value=host/>
                    <CopyRow label=say.host_port value=address/>
                    <CopyRow label=say.uri_udp value=udp/>
                    <CopyRow label=say.uri_tcp value=tcp/>
                    {tls}
                    {regions}
                </div>
            </Disclosure>
            <Disclosure title=say.copy_all><pre tabindex="0">{carrier.clone()}</pre>
                <p class="row"><CopyButton value=carrier label=say.copy_all.to_owned() words=CopyWords::of(say.copy_all)/></p>
                {with_password}
            </Disclosure>
            {recipes}
        </Section>
    }
}

pub(crate) fn region_name(region: Region) -> &'static str {
    let say = &text().sip;
    match region {
        Region::Global => say.region_global,
        Region::Us => say.region_us,
        Region::Eu => say.region_eu,
        Region::Apac => say.region_apac,
    }
}

/// With JavaScript the choice saves itself; without there is a button.
fn region_form(trunk: &TrunkView) -> impl IntoView + use<> {
    let say = &text().sip;
    let chosen = trunk.trunk.settings.region;
    let options = trunk
        .regions
        .iter()
        .map(|region| {
            let name = region_name(region.region);
            let absent = region.endpoint.is_none();
            let label = if absent { format!("{name}: {}", (say.region_without)(&region.setting)) } else { name.to_owned() };
            view! { <option value=region.region.as_str() selected=region.region == chosen disabled=absent>{label}</option> }
        })
        .collect_view();
    view! {
        <form method="post" action="/fn/update_inbound_trunk" class="inline-form" id="region-form">
            <input type="hidden" name="page" value=here()/>
            <input type="hidden" name="part" value="region"/>
            <div class="field">
                <label class="label" for="region">{say.region}</label>
                <select id="region" name="draft[region]" class="input input-medium" aria-describedby="region-help" data-submits="">{options}</select>
                <p class="help" id="region-help">{say.region_help}</p>
            </div>
            <div class="without-script"><Submit label=say.save_region/></div>
        </form>
    }
}
