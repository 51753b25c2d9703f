//! Numbers and who answers them, down to the next call.

use app::domain::agent::{AgentDraft, Assign, RoutingDraft};
use app::domain::draft::{Entry, EntryList};
use app::domain::inbound::TrunkDraft;
use app::domain::number::{AddedAs, NumberDraft, NumberFilter, NumbersDraft};
use app::domain::route_test::RouteTestDraft;
use app::domain::routing::Refusal;
use app::error::{AppError, Conflict, Thing};

use super::{FRONT, SALES, agent_named, boss, house, named, trunk_with};
use crate::samples::{NOW, phone};

#[tokio::test]
async fn many_numbers_are_reported_one_by_one() {
    house(async |services, _| {
        services
            .trunks
            .create(&boss(), TrunkDraft::default())
            .await
            .unwrap();
        let lines = "+1 415 555 0100\n044 668 18 00\nhello\n\n+14155550100\n";
        let draft = NumbersDraft {
            lines: Entry::text(lines),
            country: Entry::text("CH"),
            ..NumbersDraft::default()
        };
        let preview = NumbersDraft {
            preview: Entry::text("on"),
            ..draft.clone()
        };
        let whats = |report: &[app::domain::number::Added]| {
            report.iter().map(|line| line.what).collect::<Vec<_>>()
        };
        let expected = [AddedAs::New, AddedAs::New, AddedAs::Refused, AddedAs::Twice];
        let seen = services.numbers.add(&boss(), preview).await.unwrap();
        assert_eq!(whats(&seen), expected);
        let all = NumberFilter::default();
        assert_eq!(
            services
                .numbers
                .list(&boss(), all.clone())
                .await
                .unwrap()
                .items
                .len(),
            0,
            "a preview changed something"
        );
        let done = services.numbers.add(&boss(), draft.clone()).await.unwrap();
        assert_eq!(whats(&done), expected);
        let again = services.numbers.add(&boss(), draft).await.unwrap();
        assert_eq!(
            whats(&again)[..2],
            [AddedAs::AlreadyHere, AddedAs::AlreadyHere]
        );
        let rows = services.numbers.list(&boss(), all).await.unwrap().items;
        assert_eq!(rows.len(), 2);
        assert!(
            rows.iter()
                .all(|row| row.number.on_trunk && row.number.verified_at == Some(NOW))
        );

        let label = NumberDraft {
            label: Entry::text("Hotline"),
            ..NumberDraft::default()
        };
        let row = services
            .numbers
            .update(&boss(), phone(FRONT), label)
            .await
            .unwrap();
        assert_eq!(row.number.label.as_deref(), Some("Hotline"));
        services
            .numbers
            .delete(&boss(), phone(FRONT))
            .await
            .unwrap();
        assert_eq!(
            services.numbers.delete(&boss(), phone(FRONT)).await,
            Err(AppError::NotFound(Thing::Number))
        );
    })
    .await;
}

#[tokio::test]
async fn a_number_has_one_agent_and_is_moved_in_one_step() {
    house(async |services, _| {
        trunk_with(&services, [FRONT]).await;
        let front = agent_named(&services, "Front desk").await;
        let sales = agent_named(&services, "Sales").await;
        let plain = Assign::default();
        services
            .agents
            .assign(&boss(), front, phone(FRONT), plain)
            .await
            .unwrap();
        let held = Conflict::NumberHeld {
            number: phone(FRONT),
            agent: front,
            name: "Front desk".to_owned(),
        };
        assert_eq!(
            services
                .agents
                .assign(&boss(), sales, phone(FRONT), plain)
                .await,
            Err(AppError::Conflict(held.clone()))
        );
        assert_eq!(
            services
                .agents
                .set_routing(&boss(), sales, numbers_alone(EntryList::of([FRONT])))
                .await,
            Err(AppError::Conflict(held))
        );
        let moving = Assign {
            moving: true,
            adding: false,
        };
        let moved = services
            .agents
            .assign(&boss(), sales, phone(FRONT), moving)
            .await
            .unwrap();
        assert_eq!(moved.numbers.len(), 1);
        assert_eq!(
            services.agents.get(&boss(), front).await.unwrap().numbers,
            []
        );

        let unknown = services
            .agents
            .assign(&boss(), front, phone(SALES), plain)
            .await;
        assert_eq!(unknown, Err(AppError::NotFound(Thing::Number)));
        let adding = Assign {
            moving: false,
            adding: true,
        };
        services
            .agents
            .assign(&boss(), front, phone(SALES), adding)
            .await
            .unwrap();
        assert_eq!(
            services.trunks.numbers(&boss()).await.unwrap(),
            [phone(FRONT), phone(SALES)]
        );

        services.agents.delete(&boss(), sales).await.unwrap();
        let row = services.numbers.get(&boss(), phone(FRONT)).await.unwrap();
        assert_eq!((row.number.agent, row.agent_name), (None, None));
    })
    .await;
}

#[tokio::test]
async fn of_ten_who_move_a_number_at_once_one_has_it() {
    house(async |services, _| {
        trunk_with(&services, [FRONT]).await;
        let mut agents = Vec::new();
        for n in 0..10 {
            agents.push(
                services
                    .agents
                    .create(&boss(), named(&format!("Agent {n}")))
                    .await
                    .unwrap()
                    .agent
                    .id,
            );
        }
        let caller = boss();
        let assigns = agents.iter().map(|id| {
            services
                .agents
                .assign(&caller, *id, phone(FRONT), Assign::default())
        });
        let results = futures_util::future::join_all(assigns).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let holders = services.agents.list(&caller).await.unwrap();
        assert_eq!(
            holders
                .iter()
                .filter(|agent| !agent.numbers.is_empty())
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn there_is_one_default_agent_and_the_next_takes_over() {
    house(async |services, _| {
        let default = |name: &str| AgentDraft {
            is_default: Entry::text("on"),
            ..named(name)
        };
        let front = services
            .agents
            .create(&boss(), default("Front desk"))
            .await
            .unwrap()
            .agent;
        let sales = services
            .agents
            .create(&boss(), default("Sales"))
            .await
            .unwrap()
            .agent;
        assert!(sales.settings.is_default);
        let front = services.agents.get(&boss(), front.id).await.unwrap().agent;
        assert!(!front.settings.is_default);
        assert_eq!(front.version, 2);
    })
    .await;
}

#[tokio::test]
async fn a_change_decides_the_next_call_at_once() {
    house(async |services, _| {
        let ask = async |to: &str| {
            let draft = RouteTestDraft {
                to: Entry::text(to),
                ..RouteTestDraft::default()
            };
            services.route_test.test(&boss(), draft).await.unwrap()
        };
        trunk_with(&services, [FRONT]).await;
        assert_eq!(ask(FRONT).await.refusal, Some(Refusal::NumberUnassigned));
        let agent = agent_named(&services, "Front desk").await;
        services
            .agents
            .assign(&boss(), agent, phone(FRONT), Assign::default())
            .await
            .unwrap();
        assert_eq!(
            ask("14155550100").await.agent,
            Some((agent, "Front desk".to_owned()))
        );
        let off = AgentDraft {
            enabled: Entry::text("off"),
            ..AgentDraft::default()
        };
        services.agents.update(&boss(), agent, off).await.unwrap();
        assert_eq!(ask(FRONT).await.refusal, Some(Refusal::NumberUnassigned));
        services
            .trunks
            .remove_number(&boss(), phone(FRONT))
            .await
            .unwrap();
        assert_eq!(ask(FRONT).await.refusal, Some(Refusal::NumberUnknown));
        services.trunks.delete(&boss()).await.unwrap();
        assert_eq!(ask(FRONT).await.refusal, Some(Refusal::NoCredentials));
    })
    .await;
}

fn numbers_alone(phone_numbers: EntryList) -> RoutingDraft {
    RoutingDraft {
        phone_numbers,
        ..RoutingDraft::default()
    }
}
