use super::*;
use crate::domain::call::CallerId;
use crate::domain::inbound::AccessKind;
use crate::domain::inbound::{NumberSource, Srtp};
use crate::domain::sip::SourceNet;
use crate::domain::sip::Transport;
use uuid::Uuid;

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
            common: Some("PCMU".to_owned()),
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
#[expect(clippy::too_many_lines, reason = "a table, one case after another")]
fn every_call_meets_its_verdict() {
    let answer = |n| Verdict::Answer(agent_id(n));
    let refuse = Verdict::Refuse;
    let cases: Vec<(&str, Change, Verdict)> = vec![
        ("its own number", |_, _, _| {}, answer(10)),
        (
            "the other number",
            |_, _, i| i.target_user = SALES.into(),
            answer(11),
        ),
        (
            "digits without plus",
            |_, _, i| i.target_user = "14155550100".into(),
            answer(10),
        ),
        (
            "00 in front",
            |_, _, i| i.target_user = "0041446681800".into(),
            answer(11),
        ),
        (
            "011 in front",
            |_, _, i| i.target_user = "01141446681800".into(),
            answer(11),
        ),
        (
            "separators and parameters",
            |_, _, i| i.target_user = "+1-415-555-0100;npdi=yes".into(),
            answer(10),
        ),
        (
            "the header names the other",
            |_, _, i| i.agent_headers = vec![agent_id(11).to_string()],
            answer(11),
        ),
        (
            "the header wins for a number nobody has",
            |_, _, i| {
                i.target_user = "204".into();
                i.agent_headers = vec![agent_id(11).to_string()];
            },
            answer(11),
        ),
        (
            "a header that names nobody is noted",
            |_, _, i| i.agent_headers = vec!["sales".into()],
            answer(10),
        ),
        (
            "two headers are none",
            |_, _, i| i.agent_headers = vec![agent_id(11).to_string(); 2],
            answer(10),
        ),
        (
            "a header naming an agent that is off",
            |r, _, i| {
                r.put_agent(
                    AgentRoute {
                        enabled: false,
                        ..agent(11, "Sales")
                    },
                    false,
                );
                i.agent_headers = vec![agent_id(11).to_string()];
            },
            answer(10),
        ),
        (
            "an access whose header does not count",
            |r, _, i| {
                r.put_access(AccessRoute {
                    agent_header: false,
                    ..access(1, "Main", AccessKind::Digest)
                });
                i.agent_headers = vec![agent_id(11).to_string()];
            },
            answer(10),
        ),
        (
            "unknown number",
            |_, _, i| i.target_user = "+14155559999".into(),
            refuse(Refusal::NumberUnknown),
        ),
        (
            "in the inventory only",
            |_, _, i| i.target_user = SPARE.into(),
            refuse(Refusal::NumberUnknown),
        ),
        (
            "unassigned",
            |_, _, i| i.target_user = NOBODY.into(),
            refuse(Refusal::NumberUnassigned),
        ),
        (
            "unassigned, with a default agent",
            |r, _, i| {
                r.put_agent(agent(11, "Sales"), true);
                i.target_user = NOBODY.into();
            },
            answer(11),
        ),
        (
            "its agent is off",
            |r, _, _| {
                r.put_agent(
                    AgentRoute {
                        enabled: false,
                        ..agent(10, "Front desk")
                    },
                    false,
                );
            },
            refuse(Refusal::NumberUnassigned),
        ),
        (
            "its agent is off, with a default agent",
            |r, _, _| {
                r.put_agent(
                    AgentRoute {
                        enabled: false,
                        ..agent(10, "Front desk")
                    },
                    false,
                );
                r.put_agent(agent(11, "Sales"), true);
            },
            answer(11),
        ),
        (
            "the default agent is off too",
            |r, _, i| {
                r.put_agent(
                    AgentRoute {
                        enabled: false,
                        ..agent(11, "Sales")
                    },
                    true,
                );
                i.target_user = NOBODY.into();
            },
            refuse(Refusal::NumberUnassigned),
        ),
        (
            "a name is no number",
            |_, _, i| {
                i.target_user = "sales".into();
                i.to_user = "sales".into();
            },
            refuse(Refusal::NumberUnknown),
        ),
        (
            "the username is called, To holds the number",
            |_, _, i| {
                i.target_user = "patch_1".into();
                i.to_user = SALES.into();
            },
            answer(11),
        ),
        (
            "P-Called-Party-ID before To",
            |_, _, i| {
                i.target_user = "patch_1".into();
                i.called_party = Some(SALES.into());
            },
            answer(11),
        ),
        (
            "the access reads To alone",
            |r, _, i| {
                r.put_access(AccessRoute {
                    number_source: NumberSource::To,
                    ..access(1, "Main", AccessKind::Digest)
                });
                i.to_user = SALES.into();
            },
            answer(11),
        ),
        (
            "no common codec",
            |_, _, i| {
                i.media = MediaOffer::Codecs {
                    offered: vec!["G729".into()],
                    common: None,
                };
            },
            refuse(Refusal::NoCodec),
        ),
        (
            "a late offer",
            |_, _, i| i.media = MediaOffer::Late,
            answer(10),
        ),
        (
            "trunk full",
            |r, l, _| {
                if let Some(trunk) = &mut r.trunk {
                    trunk.max_channels = Some(2);
                }
                l.inbound = 2;
            },
            refuse(Refusal::TrunkFull),
        ),
        (
            "access full",
            |r, l, _| {
                r.put_access(AccessRoute {
                    max_channels: Some(1),
                    ..access(1, "Main", AccessKind::Digest)
                });
                l.accesses.insert(access_id(1), 1);
            },
            refuse(Refusal::AccessFull),
        ),
        (
            "agent full",
            |r, l, _| {
                r.put_agent(
                    AgentRoute {
                        max_channels: Some(1),
                        ..agent(10, "Front desk")
                    },
                    false,
                );
                l.agents.insert(agent_id(10), 1);
            },
            refuse(Refusal::AgentFull),
        ),
        (
            "installation full",
            |_, l, _| l.calls = 100,
            refuse(Refusal::InstallationFull),
        ),
        (
            "draining",
            |_, l, _| l.draining = true,
            refuse(Refusal::Draining),
        ),
        (
            "wrong password",
            |_, _, i| {
                i.proof = Proof::Failed(Failure::WrongPassword {
                    username: "patch_1".into(),
                    access: access_id(1),
                });
            },
            refuse(Refusal::WrongPassword),
        ),
        (
            "a stale nonce is asked again",
            |_, _, i| i.proof = Proof::Failed(Failure::Stale),
            Verdict::Challenge { stale: true },
        ),
        (
            "no password",
            |_, _, i| i.proof = Proof::Absent,
            Verdict::Challenge { stale: false },
        ),
        (
            "no password where others are refused",
            |r, _, i| {
                if let Some(trunk) = &mut r.trunk {
                    trunk.other_sources = OtherSources::Refuse;
                }
                i.proof = Proof::Absent;
            },
            refuse(Refusal::SourceNotAllowed),
        ),
        (
            "by address under its own name",
            |_, _, i| {
                i.proof = Proof::Absent;
                i.source = "203.0.113.9".parse().unwrap();
                i.target_host = "K2.sip.example.com".into();
            },
            answer(10),
        ),
        (
            "by address under a foreign name",
            |_, _, i| {
                i.proof = Proof::Absent;
                i.source = "203.0.113.9".parse().unwrap();
            },
            Verdict::Challenge { stale: false },
        ),
        (
            "by address, the name does not matter",
            |r, _, i| {
                let mut carrier = access(2, "Carrier", AccessKind::Network);
                carrier.networks = vec!["203.0.113.0/24".parse().unwrap()];
                carrier.own_endpoint_only = false;
                r.put_access(carrier);
                i.proof = Proof::Absent;
                i.source = "203.0.113.9".parse().unwrap();
            },
            answer(10),
        ),
        (
            "by address, switched off",
            |r, _, i| {
                let mut carrier = access(2, "Carrier", AccessKind::Network);
                carrier.networks = vec!["203.0.113.0/24".parse().unwrap()];
                carrier.enabled = false;
                r.put_access(carrier);
                i.proof = Proof::Absent;
                i.source = "203.0.113.9".parse().unwrap();
                i.target_host = "k2.sip.example.com".into();
            },
            Verdict::Challenge { stale: false },
        ),
        (
            "signed in from elsewhere than allowed",
            |r, _, _| {
                let mut main = access(1, "Main", AccessKind::Digest);
                main.networks = vec!["192.0.2.0/24".parse().unwrap()];
                r.put_access(main);
            },
            refuse(Refusal::SourceNotAllowed),
        ),
        (
            "no trunk",
            |r, _, _| r.trunk = None,
            refuse(Refusal::NumberUnknown),
        ),
    ];
    for (name, change, expect) in cases {
        let decision = decided(change);
        assert_eq!(decision.verdict, expect, "{name}: {:#?}", decision.receipt);
    }
}

#[test]
fn the_near_miss_names_the_country_that_would_help() {
    let decision = decided(|_, _, i| i.target_user = "0446681800".into());
    assert_eq!(decision.verdict, Verdict::Refuse(Refusal::NumberUnknown));
    let swiss = "CH".parse().unwrap();
    assert_eq!(
        decision.receipt.near,
        Some(Near::WithCountry {
            number: number(SALES),
            country: swiss
        })
    );
}

#[test]
fn the_near_miss_names_a_number_that_is_only_in_the_inventory() {
    let decision = decided(|_, _, i| i.target_user = SPARE.into());
    assert_eq!(
        decision.receipt.near,
        Some(Near::NotOnTrunk {
            number: number(SPARE)
        })
    );
}

#[test]
fn a_foreign_host_name_is_a_near_miss() {
    let decision = decided(|_, _, i| {
        i.proof = Proof::Absent;
        i.source = "203.0.113.9".parse().unwrap();
    });
    let near = Near::OtherEndpointName {
        label: "Carrier".into(),
        expected: "k2".into(),
        found: "sip.example.com".into(),
    };
    assert_eq!(decision.receipt.near, Some(near));
}

#[test]
fn two_readings_on_the_trunk_are_none() {
    let decision = decided(|r, _, i| {
        // Dialled in Switzerland, 4155550100 is both a number of +41 and, with the plus
        // forgotten, itself.
        r.put_access(AccessRoute {
            country: Some("US".parse().unwrap()),
            ..access(1, "Main", AccessKind::Digest)
        });
        r.put_number(
            &number("+4155550100"),
            NumberRoute {
                on_trunk: true,
                agent: Some(agent_id(11)),
            },
        );
        i.target_user = "4155550100".into();
    });
    assert_eq!(decision.verdict, Verdict::Refuse(Refusal::NumberUnknown));
    assert!(
        matches!(&decision.receipt.checks.last().unwrap().note, Note::NumberAmbiguous { hits, .. } if hits.len() == 2),
        "{:#?}",
        decision.receipt
    );
}

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

#[test]
fn the_receipt_of_a_plain_call_lists_every_check() {
    let decision = decided(|_, _, _| {});
    let steps: Vec<Step> = decision
        .receipt
        .checks
        .iter()
        .map(|check| check.step)
        .collect();
    assert_eq!(
        steps,
        [
            Step::Room,
            Step::SignedIn,
            Step::AgentHeader,
            Step::Number,
            Step::Agent,
            Step::Codec,
            Step::Lines
        ]
    );
    assert_eq!(decision.number, Some(number(FRONT)));
    assert_eq!(decision.sent_as, FRONT);
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
