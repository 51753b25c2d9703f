use super::*;
use crate::domain::call::CallerId;
use crate::domain::codec::{AudioLine, Codec};
use crate::domain::inbound::{AccessKind, NumberSource, OtherSources, Srtp};
use crate::domain::sip::SourceNet;
use crate::domain::sip::Transport;
use uuid::Uuid;

mod receipt;
mod registered;
mod verdicts;

fn agent_id(n: u128) -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(n))
}

fn access_id(n: u128) -> AccessId {
    AccessId::from_uuid(Uuid::from_u128(n))
}

fn agent(n: u128, name: &str) -> AgentRoute {
    AgentRoute {
        id: agent_id(n),
        name: name.to_owned(),
        enabled: true,
        max_channels: None,
    }
}

fn access(n: u128, label: &str, kind: AccessKind) -> AccessRoute {
    AccessRoute {
        id: access_id(n),
        label: label.to_owned(),
        kind,
        username: (kind == AccessKind::Digest).then(|| format!("patch_{n}")),
        endpoint_name: format!("k{n}"),
        networks: Vec::new(),
        own_endpoint_only: kind == AccessKind::Network,
        country: None,
        agent_header: kind == AccessKind::Digest,
        number_source: NumberSource::Auto,
        max_channels: None,
        srtp: Srtp::Off,
        sha256_only: false,
        strict_uri: false,
        refer_form: None,
        passed_headers: Vec::new(),
        enabled: true,
    }
}

const FRONT: &str = "+14155550100";
const SALES: &str = "+41446681800";
const NOBODY: &str = "+14155550177";
const SPARE: &str = "+14155550188";

fn number(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

/// Two agents with a number each, one number without, one only in the inventory.
fn routes() -> Routes {
    let mut routes = Routes::default();
    routes.trunk = Some(TrunkRoute {
        max_channels: None,
        other_sources: OtherSources::Digest,
        country: None,
        denoise: false,
        codecs: None,
        agent_id_header: "X-Agent-ID".to_owned(),
    });
    routes.put_access(access(1, "Main", AccessKind::Digest));
    let mut carrier = access(2, "Carrier", AccessKind::Network);
    carrier.networks = vec!["203.0.113.0/24".parse::<SourceNet>().unwrap()];
    routes.put_access(carrier);
    routes.put_agent(agent(10, "Front desk"), false);
    routes.put_agent(agent(11, "Sales"), false);
    routes.put_number(
        &number(FRONT),
        NumberRoute {
            on_trunk: true,
            agent: Some(agent_id(10)),
        },
    );
    routes.put_number(
        &number(SALES),
        NumberRoute {
            on_trunk: true,
            agent: Some(agent_id(11)),
        },
    );
    routes.put_number(
        &number(NOBODY),
        NumberRoute {
            on_trunk: true,
            agent: None,
        },
    );
    routes.put_number(
        &number(SPARE),
        NumberRoute {
            on_trunk: false,
            agent: None,
        },
    );
    routes
}

fn invite(to: &str) -> Invite {
    Invite {
        source: "198.51.100.7".parse().unwrap(),
        transport: Transport::Udp,
        proof: Proof::Digest {
            access: access_id(1),
            algorithm: "MD5",
            moved_from: None,
        },
        target_user: to.to_owned(),
        target_host: "sip.example.com".to_owned(),
        called_party: None,
        to_user: to.to_owned(),
        agent_headers: Vec::new(),
        media: MediaOffer::Codecs {
            offered: vec!["PCMU".to_owned()],
            lines: vec![AudioLine::plain(vec![Codec::Pcmu])],
        },
        caller: CallerId::default(),
    }
}

fn decided(change: impl FnOnce(&mut Routes, &mut Load, &mut Invite)) -> Decision {
    let (mut routes, mut load, mut invite) = (routes(), Load::idle(100), invite(FRONT));
    change(&mut routes, &mut load, &mut invite);
    decide(&routes, &load, &invite)
}

type Change = fn(&mut Routes, &mut Load, &mut Invite);

#[test]
fn the_longest_prefix_goes_first() {
    let decision = decided(|r, _, i| {
        let mut wide = access(3, "Wide", AccessKind::Network);
        wide.networks = vec!["203.0.0.0/16".parse().unwrap()];
        wide.own_endpoint_only = false;
        r.put_access(wide);
        let mut narrow = access(4, "Narrow", AccessKind::Network);
        narrow.networks = vec!["203.0.113.9/32".parse().unwrap()];
        narrow.own_endpoint_only = false;
        r.put_access(narrow);
        i.proof = Proof::Absent;
        i.source = "203.0.113.9".parse().unwrap();
    });
    assert_eq!(decision.access, Some(access_id(4)));
}

#[test]
fn a_removed_access_lets_nobody_in() {
    let mut routes = routes();
    routes.remove_access(access_id(2));
    let mut invite = invite(FRONT);
    invite.proof = Proof::Absent;
    invite.source = "203.0.113.9".parse().unwrap();
    invite.target_host = "k2.sip.example.com".into();
    assert_eq!(
        decide(&routes, &Load::idle(1), &invite).verdict,
        Verdict::Challenge { stale: false }
    );
    assert!(routes.access_by_username("patch_2").is_none());
}

proptest::proptest! {
    #[test]
    fn no_invite_makes_it_panic(user in ".*", host in ".*", to in ".*", header in ".*") {
        let (routes, load) = (routes(), Load::idle(1));
        let mut invite = invite(&user);
        invite.target_host = host;
        invite.to_user = to;
        invite.agent_headers = vec![header];
        let _ = decide(&routes, &load, &invite);
    }
}
