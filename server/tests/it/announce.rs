//! What calls are decided by never stays behind what is stored, whoever changes it and
//! however they leave.

use std::time::Duration;

use app::domain::agent::Assign;
use app::domain::draft::{Entry, EntryList};
use app::domain::id::AgentId;
use app::domain::inbound::TrunkDraft;
use app::domain::route_test::RouteTestDraft;
use app::ports::Services;

use crate::samples::phone;
use crate::services::{boss, house, named};

const FRONT: &str = "+14155550100";
const MOVE: Assign = Assign {
    moving: true,
    adding: false,
};

async fn two_agents(services: &Services) -> [AgentId; 2] {
    let trunk = TrunkDraft {
        phone_numbers: EntryList::of([FRONT]),
        ..TrunkDraft::default()
    };
    services.trunks.create(&boss(), trunk).await.unwrap();
    let mut ids = Vec::new();
    for name in ["Day", "Night"] {
        let made = services.agents.create(&boss(), named(name)).await.unwrap();
        ids.push(made.agent.id);
    }
    [ids[0], ids[1]]
}

/// Who has the number, as stored.
async fn stored(services: &Services) -> Option<AgentId> {
    let row = services.numbers.get(&boss(), phone(FRONT)).await.unwrap();
    row.number.agent
}

/// Who would answer it.
async fn decided(services: &Services) -> Option<AgentId> {
    let draft = RouteTestDraft {
        to: Entry::text(FRONT),
        ..RouteTestDraft::default()
    };
    let tested = services.route_test.test(&boss(), draft).await.unwrap();
    tested.agent.map(|(id, _)| id)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_in_the_middle_of_a_save_leaves_no_stale_route() {
    house(async |services, _| {
        let agents = two_agents(&services).await;
        let caller = boss();
        for n in 0..60_u64 {
            let agent = agents[usize::from(n % 2 == 1)];
            let patience = Duration::from_micros(n * 150);
            let save = services.agents.assign(&caller, agent, phone(FRONT), MOVE);
            drop(tokio::time::timeout(patience, save).await);
            // One change after the other: when this one is through, so is what was left.
            let other = named(&format!("Agent {n}"));
            services.agents.create(&caller, other).await.unwrap();
            assert_eq!(
                decided(&services).await,
                stored(&services).await,
                "round {n}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_count_in_the_order_in_which_they_were_committed() {
    house(async |services, _| {
        let agents = two_agents(&services).await;
        for round in 0..10 {
            let moves: Vec<_> = (0..6)
                .map(|n| {
                    let services = services.clone();
                    let agent = agents[n % 2];
                    tokio::spawn(async move {
                        let caller = boss();
                        let assign = services.agents.assign(&caller, agent, phone(FRONT), MOVE);
                        assign.await.unwrap();
                    })
                })
                .collect();
            for moved in moves {
                moved.await.unwrap();
            }
            assert_eq!(
                decided(&services).await,
                stored(&services).await,
                "round {round}"
            );
        }
    })
    .await;
}
