//! What the receipt tells: every check of a plain call, and the near miss of a refused one.

use super::*;

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
