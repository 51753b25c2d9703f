//! Settings → System: what listens, what to open, where things are kept and how long.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::seen::Listener;
use crate::domain::system::{Disk, SystemView};
use crate::error::AppError;
use crate::pages::asked;
use crate::text::text;
use crate::ui::copy::{CopyButton, CopyRow, CopyWords};
use crate::ui::feedback::{Banner, Tone, loaded};
use crate::ui::page::{ByScript, Jump, PageHead, Section};
use crate::ui::reader::{Ago, Moment, decimal};
use crate::ui::table::{Cell, Column, Lead, Row, Table};

/// Listeners, ports, disk, retention.
#[server(prefix = "/fn", endpoint = "get_system", input = GetUrl)]
pub async fn get_system() -> Result<SystemView, AppError> {
    let (services, caller) = asked()?;
    services.system.system(&caller).await
}

/// `/settings/system`
#[component]
pub fn SystemPage() -> impl IntoView {
    let say = &text().system;
    let system = Resource::new(|| (), |()| get_system());
    let parts = vec![
        ("addresses", say.addresses),
        ("console", say.console),
        ("storage", say.storage),
        ("version", say.version),
    ];
    view! {
        <div class="page">
            <PageHead title=say.title/>
            {loaded(system, move |system: SystemView| view! {
                <Jump parts=parts.clone()/>
                {addresses(&system)}
                {console(&system)}
                {storage(&system)}
                <Section id="version" title=say.version>
                    <p>{format!("Patchbay {}", system.version)}</p>
                    <p class="muted">{say.running}" "<Moment ms=system.started_at/></p>
                </Section>
            })}
            <ByScript method="GET" path="/fn/get_system"/>
        </div>
    }
}

fn addresses(system: &SystemView) -> impl IntoView + use<> {
    let say = &text().system;
    let note = match &system.host_setting {
        Some(setting) => (say.from_setting)(setting),
        None => say.no_setting.to_owned(),
    };
    let note = view! { <span class="muted">{note}</span> }.into_any();
    let audio = format!("{}–{}", system.rtp_first, system.rtp_last);
    let audio_note =
        view! { <span class="muted">{(say.from_setting)("sip.rtp_ports")}</span> }.into_any();
    let regions = system
        .regions
        .iter()
        .filter_map(|region| {
            let endpoint = region.endpoint.as_ref()?;
            (endpoint.host != system.external_host).then(|| {
                let name = crate::pages::sip::region_name(region.region);
                let note =
                    view! { <span class="muted">{(say.from_setting)(&region.setting)}</span> }
                        .into_any();
                view! { <CopyRow label=name value=endpoint.host.clone() note/> }
            })
        })
        .collect_view();
    let host = system.external_host.clone();
    let (firewall, listeners) = (firewall(system), listeners(&system.listeners));
    view! {
        <Section id="addresses" title=say.addresses help=say.restart>
            {listeners}
            <div class="copy-rows">
                <CopyRow label=say.public_address value=host note/>
                <CopyRow label=say.audio_ports value=audio note=audio_note/>
                {regions}
            </div>
            <h3>{say.firewall}</h3>
            <p class="help">{say.firewall_help}</p>
            <pre tabindex="0">{firewall.clone()}</pre>
            <p class="row"><CopyButton value=firewall label=say.firewall.to_owned() words=CopyWords::of(say.firewall)/></p>
        </Section>
    }
}

fn listeners(all: &[Listener]) -> impl IntoView + use<> {
    let say = &text().system;
    let rows = all
        .iter()
        .map(|listener| {
            let name = listener.transport.to_string().to_uppercase();
            let address = listener.address.clone();
            let seen = match (&listener.error, listener.last_packet_at) {
                (Some(error), _) => view! { <span class="error">{error.clone()}</span> }.into_any(),
                (None, Some(at)) => view! { <Ago ms=at/> }.into_any(),
                (None, None) => view! { <span class="muted">{say.no_packet}</span> }.into_any(),
            };
            view! {
                <Row>
                    <Lead>{name}</Lead>
                    <Cell head=say.address><span class="mono wrap-anywhere">{address}</span></Cell>
                    <Cell head=say.last_packet>{seen}</Cell>
                </Row>
            }
        })
        .collect_view();
    let columns = vec![
        Column(say.transport),
        Column(say.address),
        Column(say.last_packet),
    ];
    view! { <Table caption=say.listens columns>{rows}</Table> }
}

/// One line a port, to be read by whoever looks after the firewall.
fn firewall(system: &SystemView) -> String {
    let say = &text().system;
    let mut lines: Vec<String> = system
        .listeners
        .iter()
        .map(|listener| {
            let port = listener.address.rsplit(':').next().unwrap_or_default();
            // TLS is a stream over TCP to a firewall.
            let over = match listener.transport {
                crate::domain::sip::Transport::Udp => "UDP",
                _ => "TCP",
            };
            format!("{over} {port:<13} SIP, {}", say.signalling)
        })
        .collect();
    let range = format!("{}-{}", system.rtp_first, system.rtp_last);
    lines.push(format!("UDP {range:<13} RTP, {}", say.audio));
    lines.dedup();
    lines.join("\n")
}

fn console(system: &SystemView) -> impl IntoView + use<> {
    let say = &text().system;
    let url = system.public_url.clone();
    let note =
        view! { <span class="muted">{(say.from_setting)("http.public_url")}</span> }.into_any();
    let host = url.split("://").nth(1).unwrap_or_default();
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let elsewhere = if local {
        let tunnel = format!("ssh -L {port}:127.0.0.1:{port} SERVER");
        view! { <p>{say.by_tunnel}</p><pre tabindex="0">{tunnel}</pre><p>{say.then_open}</p> }
            .into_any()
    } else if url.starts_with("https:") {
        view! { <p>{say.encrypted}</p> }.into_any()
    } else {
        view! { <Banner tone=Tone::Warn><p>{say.not_encrypted}</p></Banner> }.into_any()
    };
    view! {
        <Section id="console" title=say.console>
            <div class="copy-rows"><CopyRow label=say.public_url value=url.clone() note/></div>
            <h3>{say.elsewhere}</h3>
            {elsewhere}
        </Section>
    }
}

fn storage(system: &SystemView) -> impl IntoView + use<> {
    let say = &text().system;
    let disk = match system.disk {
        Some(disk) => room(disk).into_any(),
        None => view! { <p class="muted">{say.disk_unknown}</p> }.into_any(),
    };
    let keeps = system.keeps;
    let rows = [
        (say.calls, keeps.calls_days, "retention.calls_days"),
        (
            say.recordings,
            keeps.recordings_days,
            "retention.recordings_days",
        ),
        (
            say.messages,
            keeps.sip_messages_days,
            "retention.sip_messages_days",
        ),
        (say.audit, keeps.audit_days, "retention.audit_days"),
    ]
    .map(|(what, days, setting)| {
        let kept = match days {
            0 => say.for_ever.to_owned(),
            days => (say.days)(&days.to_string()),
        };
        view! {
            <Row>
                <Lead>{what}</Lead>
                <Cell head=say.keeps>{kept}</Cell>
                <Cell head=say.setting><span class="mono">{setting}</span></Cell>
            </Row>
        }
    })
    .collect_view();
    let columns = vec![Column(say.what), Column(say.keeps), Column(say.setting)];
    let (database, folder) = (system.database.clone(), system.data_dir.clone());
    view! {
        <Section id="storage" title=say.storage>
            <dl class="facts">
                <div><dt>{say.database}</dt><dd>{database}</dd></div>
                <div><dt>{say.data_dir}</dt><dd class="mono wrap-anywhere">{folder}</dd></div>
                <div><dt>{say.disk}</dt><dd>{disk}</dd></div>
            </dl>
            <Table caption=say.keeps columns>{rows}</Table>
        </Section>
    }
}

/// How much of the disk is left, in words and as a bar.
fn room(disk: Disk) -> impl IntoView {
    let say = &text().system;
    let words = (say.disk_left)(&size(disk.free), &size(disk.total));
    let [free, low, total] = [disk.free, disk.low, disk.total].map(|bytes| bytes.to_string());
    view! { <meter min="0" max=total.clone() value=free low=low optimum=total aria-label=say.disk></meter>" "{words} }
}

/// `1.2 GB`, as disks are sold.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths < 100 && unit > 0 {
        decimal(&format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]))
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_short() {
        for (bytes, said) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.2 kB"),
            (56_700_000, "56 MB"),
            (1_500_000_000, "1.5 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(super::size(bytes), said);
        }
    }
}
