//! Calls that come by the registration of a trunk: who they are, and which number they mean.

use super::*;
use crate::domain::id::OutboundTrunkId;

/// To the Contact we registered, from where it was.
fn by_registration(to: &str) -> Invite {
    Invite {
        proof: Proof::Registered(Box::new(Registered {
            trunk: OutboundTrunkId::from_uuid(Uuid::from_u128(20)),
            name: "Acme".to_owned(),
            username: Some("4155550188".to_owned()),
            country: "US".parse().ok(),
            number: number(FRONT),
            srtp: Srtp::Off,
            codecs: None,
            max_channels: 2,
        })),
        target_user: "00000000000000000000000000000014".to_owned(),
        ..invite(to)
    }
}

fn met(invite: &Invite) -> (Verdict, Option<PhoneNumber>, String) {
    let decision = decide(&routes(), &Load::idle(1), invite);
    (decision.verdict, decision.number, decision.sent_as)
}

#[test]
fn the_number_that_is_named_is_meant_else_the_trunks_own() {
    let answer = |n| Verdict::Answer(agent_id(n));
    for (to, verdict, meant) in [
        ("acme-77", answer(10), Some(FRONT)),
        ("", answer(10), Some(FRONT)),
        // The account, which looks like a number of ours that is not on the trunk.
        ("4155550188", answer(10), Some(FRONT)),
        (SALES, answer(11), Some(SALES)),
        ("4155550100", answer(10), Some(FRONT)),
        (
            "+12125550100",
            Verdict::Refuse(Refusal::NumberUnknown),
            None,
        ),
    ] {
        let (found, number, sent_as) = met(&by_registration(to));
        assert_eq!(found, verdict, "{to}");
        assert_eq!(number.as_ref().map(PhoneNumber::as_str), meant, "{to}");
        assert_eq!(sent_as, to, "never our own Contact");
    }
    let named = Invite {
        called_party: Some(SALES.to_owned()),
        ..by_registration("acme-77")
    };
    assert_eq!(
        met(&named),
        (answer(11), Some(number(SALES)), SALES.to_owned())
    );
}

#[test]
fn a_registrar_chooses_no_agent_and_is_on_the_receipt_by_the_trunks_name() {
    let invite = Invite {
        agent_headers: vec![agent_id(11).to_string()],
        ..by_registration("acme-77")
    };
    let decision = decide(&routes(), &Load::idle(1), &invite);
    assert_eq!(decision.verdict, Verdict::Answer(agent_id(10)));
    assert_eq!(decision.access, None);
    let notes: Vec<&Note> = decision
        .receipt
        .checks
        .iter()
        .map(|check| &check.note)
        .collect();
    assert!(
        matches!(notes[1], Note::ByRegistration { label, .. } if label == "Acme"),
        "{notes:?}"
    );
    assert!(
        matches!(notes[2], Note::AgentHeaderNotHonoured { label, .. } if label == "Acme"),
        "{notes:?}"
    );
}

#[test]
fn a_trunk_has_as_many_lines_this_way_as_the_other() {
    let answer = Verdict::Answer(agent_id(10));
    for (calls, verdict) in [(1, answer), (2, Verdict::Refuse(Refusal::TrunkFull))] {
        let mut load = Load::idle(9);
        load.trunk = calls;
        let decision = decide(&routes(), &load, &by_registration("acme-77"));
        assert_eq!(decision.verdict, verdict, "{calls}");
        let other = decide(&routes(), &load, &invite(FRONT));
        assert_eq!(other.verdict, answer, "an access is none of the trunk's");
    }
}
