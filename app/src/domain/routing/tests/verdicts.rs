//! One row for each verdict: the change to a plain call that leads to it.

use super::*;

fn only_g722(routes: &mut Routes) {
    if let Some(trunk) = &mut routes.trunk {
        trunk.codecs = "G722".parse().ok();
    }
}

/// Secure audio with a key, and perhaps plain audio as the alternative.
fn secure_beside(plain: Option<&[Codec]>) -> MediaOffer {
    let secure = AudioLine {
        secure: true,
        keyed: true,
        spoken: vec![Codec::Pcmu],
    };
    let plain = plain.map(|codecs| AudioLine::plain(codecs.to_vec()));
    MediaOffer::Codecs {
        offered: vec!["PCMU".into()],
        lines: std::iter::once(secure).chain(plain).collect(),
    }
}

fn secures(routes: &mut Routes) {
    routes.put_access(AccessRoute {
        srtp: Srtp::Optional,
        ..access(1, "Main", AccessKind::Digest)
    });
}

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
                    lines: vec![AudioLine::plain(Vec::new())],
                };
            },
            refuse(Refusal::NoCodec),
        ),
        (
            "a codec that the trunk does not take",
            |r, _, _| only_g722(r),
            refuse(Refusal::NoCodec),
        ),
        (
            "a codec that the trunk takes, behind one it does not",
            |r, _, i| {
                only_g722(r);
                i.media = MediaOffer::Codecs {
                    offered: vec!["PCMU".into(), "G722".into()],
                    lines: vec![AudioLine::plain(vec![Codec::Pcmu, Codec::G722])],
                };
            },
            answer(10),
        ),
        (
            "secure audio alone, which the access does not take",
            |_, _, i| i.media = secure_beside(None),
            refuse(Refusal::SecureAudio),
        ),
        (
            "secure audio beside plain audio",
            |_, _, i| i.media = secure_beside(Some(&[Codec::Pcma])),
            answer(10),
        ),
        (
            "secure audio in a codec of ours beside plain audio in none",
            |_, _, i| i.media = secure_beside(Some(&[])),
            refuse(Refusal::NoCodec),
        ),
        (
            "the same where secure audio is taken",
            |r, _, i| {
                secures(r);
                i.transport = Transport::Tls;
                i.media = secure_beside(Some(&[]));
            },
            answer(10),
        ),
        (
            "keys that could be read on the way",
            |r, _, i| {
                secures(r);
                i.media = secure_beside(None);
            },
            refuse(Refusal::SecureAudio),
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
            "md5 where only sha-256 is taken",
            |_, _, i| {
                i.proof = Proof::Failed(Failure::Md5Refused {
                    access: access_id(1),
                });
            },
            refuse(Refusal::Md5Refused),
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
