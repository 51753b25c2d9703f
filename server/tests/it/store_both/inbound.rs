//! Trunk, accesses, numbers, agents.

mod sealed;

use app::domain::agent::Agent;
use app::domain::id::AgentId;
use app::domain::inbound::AccessKind;
use app::domain::number::NumberSort;
use app::domain::page::Limit;
use app::domain::sip::Secret;
use server::store::{Db, StoreError, accesses, agents, numbers, trunk};

use crate::databases::both;
use crate::samples::{self, NOW, access, agent, number, phone, uuid};

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

#[tokio::test]
async fn there_is_one_trunk_and_it_keeps_what_was_set() {
    both(async |db| {
        let mut trunk = samples::trunk();
        let mut tx = db.begin().await.unwrap();
        assert_eq!(trunk::get(&mut tx).await.unwrap(), None);
        trunk::insert(&mut tx, &trunk).await.unwrap();
        assert_eq!(trunk::get(&mut tx).await.unwrap().as_ref(), Some(&trunk));
        tx.commit().await.unwrap();

        let mut second = trunk.clone();
        second.id = app::domain::id::TrunkId::from_uuid(uuid(99));
        let mut tx = db.begin().await.unwrap();
        let refused = trunk::insert(&mut tx, &second).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unique), "{refused}");
        drop(tx);

        trunk.settings.max_channels = None;
        trunk.settings.country = None;
        trunk.settings.codecs = None;
        trunk.version = 2;
        trunk.updated_at = NOW + 1;
        let mut tx = db.begin().await.unwrap();
        assert!(trunk::update(&mut tx, &trunk).await.unwrap());
        assert!(
            !trunk::update(&mut tx, &trunk).await.unwrap(),
            "the same version twice"
        );
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert_eq!(trunk::get(&mut conn).await.unwrap(), Some(trunk));
    })
    .await;
}

#[tokio::test]
async fn an_access_keeps_its_networks_and_its_password_sealed() {
    both(async |db| {
        let mut digest = access(2, "Main", AccessKind::Digest);
        let network = access(3, "Twilio", AccessKind::Network);
        let mut tx = db.begin().await.unwrap();
        let trunk = samples::trunk();
        trunk::insert(&mut tx, &trunk).await.unwrap();
        accesses::insert(&mut tx, trunk.id, &digest, Some(&secret("hunter2")))
            .await
            .unwrap();
        accesses::insert(&mut tx, trunk.id, &network, None)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        assert_eq!(
            accesses::list(&mut conn).await.unwrap(),
            [digest.clone(), network.clone()]
        );
        assert_eq!(
            accesses::get(&mut conn, network.id).await.unwrap().as_ref(),
            Some(&network)
        );
        assert_eq!(
            accesses::password(&mut conn, digest.id).await.unwrap(),
            Some(secret("hunter2"))
        );
        assert_eq!(
            accesses::password(&mut conn, network.id).await.unwrap(),
            None
        );
        assert_eq!(accesses::passwords(&mut conn).await.unwrap().len(), 1);
        drop(conn);

        digest.settings.networks = vec!["198.51.100.7/32".parse().unwrap()];
        digest.settings.enabled = false;
        digest.version = 2;
        let mut tx = db.begin().await.unwrap();
        assert!(accesses::update(&mut tx, &digest).await.unwrap());
        accesses::used(&mut tx, digest.id, NOW + 9, "203.0.113.9".parse().unwrap())
            .await
            .unwrap();
        accesses::used(&mut tx, digest.id, NOW + 3, "203.0.113.3".parse().unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let stored = accesses::get(&mut conn, digest.id).await.unwrap().unwrap();
        assert_eq!(stored.settings, digest.settings);
        let used = stored.last_used.unwrap();
        assert_eq!(
            (used.at, used.from.to_string()),
            (NOW + 9, "203.0.113.9".to_owned())
        );
        drop(conn);

        let mut tx = db.begin().await.unwrap();
        assert!(accesses::delete(&mut tx, network.id).await.unwrap());
        assert!(!accesses::delete(&mut tx, network.id).await.unwrap());
        assert!(trunk::delete(&mut tx).await.unwrap());
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            accesses::list(&mut conn).await.unwrap(),
            [],
            "a trunk takes its accesses with it"
        );
    })
    .await;
}

#[tokio::test]
async fn the_schema_refuses_a_label_twice_and_an_access_that_would_be_an_open_door() {
    both(async |db| {
        let trunk = samples::trunk();
        let mut tx = db.begin().await.unwrap();
        trunk::insert(&mut tx, &trunk).await.unwrap();
        let main = access(2, "Main", AccessKind::Digest);
        accesses::insert(&mut tx, trunk.id, &main, Some(&secret("one")))
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        let twin = access(3, "Main", AccessKind::Digest);
        let refused = accesses::insert(&mut tx, trunk.id, &twin, Some(&secret("two")))
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Unique), "{refused}");
        drop(tx);

        let mut tx = db.begin().await.unwrap();
        let open = access(4, "Open", AccessKind::Digest);
        let refused = accesses::insert(&mut tx, trunk.id, &open, None)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Check(_)), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_number_is_there_once_and_has_one_agent() {
    both(async |db| {
        let desk = agent(10, "Front desk");
        let mut first = number(20, "+14155550100");
        let second = number(21, "+4930123456");
        let mut tx = db.begin().await.unwrap();
        assert!(agents::save(&mut tx, &desk).await.unwrap());
        assert!(numbers::save(&mut tx, &first, NOW).await.unwrap());
        assert!(numbers::save(&mut tx, &second, NOW).await.unwrap());
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        let refused = numbers::save(&mut tx, &number(22, "+14155550100"), NOW)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Unique), "{refused}");
        drop(tx);

        let mut tx = db.begin().await.unwrap();
        let mut orphan = second.clone();
        orphan.agent = Some(AgentId::from_uuid(uuid(77)));
        orphan.version = 2;
        // PostgreSQL tells at once, SQLite too: the key is not deferred.
        let refused = numbers::save(&mut tx, &orphan, NOW).await.unwrap_err();
        assert!(matches!(refused, StoreError::Foreign), "{refused}");
        drop(tx);

        first.agent = Some(desk.id);
        first.label = Some("Reception 100%".to_owned());
        first.version = 2;
        let mut tx = db.begin().await.unwrap();
        assert!(numbers::save(&mut tx, &first, NOW + 1).await.unwrap());
        assert!(
            !numbers::save(&mut tx, &first, NOW + 1).await.unwrap(),
            "the same version twice"
        );
        numbers::called(&mut tx, &second.number, NOW + 5)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        assert_eq!(
            numbers::of_agent(&mut conn, desk.id).await.unwrap(),
            [first.clone()]
        );
        assert_eq!(numbers::list(&mut conn).await.unwrap().len(), 2);
        assert_eq!(numbers::on_trunk(&mut conn).await.unwrap().len(), 2);
        assert_eq!(numbers::verified(&mut conn).await.unwrap().len(), 2);
        let called = numbers::get(&mut conn, &second.number)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (called.last_call_at, called.verified_at),
            (Some(NOW + 5), Some(NOW))
        );
        drop(conn);

        let mut tx = db.begin().await.unwrap();
        numbers::leave_trunk(&mut tx, NOW).await.unwrap();
        assert_eq!(numbers::on_trunk(&mut tx).await.unwrap(), []);
        assert!(agents::delete(&mut tx, desk.id).await.unwrap());
        assert!(numbers::delete(&mut tx, &second.number).await.unwrap());
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let left = numbers::list(&mut conn).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].agent, None, "its agent is gone, the number stays");
    })
    .await;
}

/// Two numbers of one place and one of another; the second has a label and an agent and is not on the trunk.
async fn three_numbers(db: &Db) -> Agent {
    let mut tx = db.begin().await.unwrap();
    let desk = agent(10, "Front desk");
    agents::save(&mut tx, &desk).await.unwrap();
    for (n, text) in ["+14155550100", "+14155550177", "+4930123456"]
        .into_iter()
        .enumerate()
    {
        let mut number = number(30 + n as u128, text);
        if n == 1 {
            number.agent = Some(desk.id);
            number.label = Some("Night 100%".to_owned());
            number.on_trunk = false;
        }
        numbers::save(&mut tx, &number, NOW).await.unwrap();
    }
    tx.commit().await.unwrap();
    desk
}

#[tokio::test]
async fn a_text_is_looked_for_in_so_many_numbers_and_then_in_those_that_follow() {
    both(async |db| {
        three_numbers(&db).await;
        let mut conn = db.read().await.unwrap();
        // One by one, every number is come to and none twice.
        let (first, second) = (phone("+14155550100"), phone("+14155550177"));
        for (sort, expect) in [
            (NumberSort::Number, [&first, &second]),
            (NumberSort::NumberDown, [&second, &first]),
            (NumberSort::LastCalled, [&second, &first]),
            (NumberSort::LongestQuiet, [&first, &second]),
        ] {
            let mut part = numbers::Search {
                text: Some("5550".to_owned()),
                sort,
                ..numbers::Search::default()
            };
            let mut met = Vec::new();
            for page in 0.. {
                let (found, edge) = numbers::page_within(&mut conn, &part, Limit::MAX, 1)
                    .await
                    .unwrap();
                met.extend(found.into_iter().map(|(number, _)| number.number));
                part.after = edge;
                if part.after.is_none() {
                    assert_eq!(page, 3, "{sort:?}");
                    break;
                }
            }
            assert_eq!(met.iter().collect::<Vec<_>>(), expect, "{sort:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn numbers_are_found_by_what_is_asked_and_page_by_their_digits() {
    both(async |db| {
        let desk = three_numbers(&db).await;
        let search = numbers::Search::default;
        let cases = [
            (search(), 3),
            (
                numbers::Search {
                    on_trunk: Some(true),
                    ..search()
                },
                2,
            ),
            (
                numbers::Search {
                    on_trunk: Some(false),
                    ..search()
                },
                1,
            ),
            (
                numbers::Search {
                    unassigned: true,
                    ..search()
                },
                2,
            ),
            (
                numbers::Search {
                    agent: Some(desk.id),
                    ..search()
                },
                1,
            ),
            (
                numbers::Search {
                    text: Some("415555".to_owned()),
                    ..search()
                },
                2,
            ),
            (
                numbers::Search {
                    text: Some("(415) 555-".to_owned()),
                    ..search()
                },
                2,
            ),
            (
                numbers::Search {
                    text: Some("NIGHT 100%".to_owned()),
                    ..search()
                },
                1,
            ),
            (
                numbers::Search {
                    text: Some("%".to_owned()),
                    ..search()
                },
                1,
            ),
            (
                numbers::Search {
                    after: Some((0, phone("+14155550100"))),
                    ..search()
                },
                2,
            ),
        ];
        let mut conn = db.read().await.unwrap();
        for (search, expect) in cases {
            let (found, _) = numbers::page(&mut conn, &search, Limit::MAX).await.unwrap();
            assert_eq!(found.len(), expect, "{search:?}");
        }
        let (found, _) = numbers::page(&mut conn, &search(), Limit::ONE)
            .await
            .unwrap();
        assert_eq!(
            found.len(),
            2,
            "one more than asked tells that there are more"
        );
        assert_eq!(found[0].0.number, phone("+14155550100"));
        assert_eq!(found[1].1.as_deref(), Some("Front desk"));
    })
    .await;
}

#[tokio::test]
async fn a_label_is_found_whatever_letters_it_is_written_in() {
    both(async |db| {
        three_numbers(&db).await;
        let mut labelled = number(40, "+41446681800");
        labelled.label = Some("ÄRZTE Zürich Ørsted ΑΘΗΝΑ".to_owned());
        let mut tx = db.begin().await.unwrap();
        numbers::save(&mut tx, &labelled, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        for text in ["ärzte", "ÄRZTE", "ZÜRICH", "ørsted", "αθηνα", "Ärzte zü"] {
            let search = numbers::Search {
                text: Some(text.to_owned()),
                ..numbers::Search::default()
            };
            let (found, _) = numbers::page(&mut conn, &search, Limit::MAX).await.unwrap();
            assert_eq!(found.len(), 1, "{text}");
        }
        // Another label is found by that one alone.
        labelled.label = Some("Praxis".to_owned());
        labelled.version += 1;
        drop(conn);
        let mut tx = db.begin().await.unwrap();
        assert!(numbers::save(&mut tx, &labelled, NOW).await.unwrap());
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        for (text, expect) in [("ärzte", 0), ("PRAXIS", 1)] {
            let search = numbers::Search {
                text: Some(text.to_owned()),
                ..numbers::Search::default()
            };
            let (found, _) = numbers::page(&mut conn, &search, Limit::MAX).await.unwrap();
            assert_eq!(found.len(), expect, "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_numbers_of_agents_and_how_many_they_are_come_without_the_others() {
    both(async |db| {
        let mut tx = db.begin().await.unwrap();
        let busy: Vec<_> = (0..150).map(|n| agent(100 + n, "Desk")).collect();
        for desk in &busy {
            agents::save(&mut tx, desk).await.unwrap();
        }
        let rows: Vec<_> = (0..600_u32)
            .map(|at| {
                let mut row = number(1_000 + u128::from(at), &format!("+1415555{at:04}"));
                row.agent = Some(busy[at as usize % 120].id);
                row
            })
            .collect();
        numbers::save_all(&mut tx, &rows, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let ids: Vec<_> = busy.iter().map(|desk| desk.id).collect();
        let first = numbers::first_of(&mut conn, &ids, 3).await.unwrap();
        let expect = ["+14155550119", "+14155550239", "+14155550359"].map(phone);
        assert_eq!(first[&ids[119]], expect);
        assert!(!first.contains_key(&ids[120]), "it answers none");
        let counts = numbers::counts(&mut conn).await.unwrap();
        assert_eq!((counts.len(), counts[&ids[0]]), (120, 5));
        assert_eq!(numbers::count_of(&mut conn, ids[0]).await.unwrap(), 5);
        assert_eq!(numbers::count_of(&mut conn, ids[149]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn agents_keep_what_was_set_and_one_at_most_is_the_default() {
    both(async |db| {
        let mut desk = agent(10, "Front desk");
        desk.settings.instructions = vec!["Be brief.".to_owned(), "Say \"hello\".".to_owned()];
        desk.settings.recording_notice = Some("This call is recorded.".to_owned());
        desk.settings.max_channels = Some(4);
        desk.settings.is_default = true;
        let mut sales = agent(11, "sales");
        let mut tx = db.begin().await.unwrap();
        agents::save(&mut tx, &desk).await.unwrap();
        agents::save(&mut tx, &sales).await.unwrap();
        tx.commit().await.unwrap();

        let mut conn = db.read().await.unwrap();
        assert_eq!(
            agents::list(&mut conn).await.unwrap(),
            [desk.clone(), sales.clone()]
        );
        assert_eq!(
            agents::get(&mut conn, desk.id).await.unwrap().as_ref(),
            Some(&desk)
        );
        assert_eq!(
            agents::default(&mut conn).await.unwrap().as_ref(),
            Some(&desk)
        );
        drop(conn);

        sales.settings.is_default = true;
        sales.version = 2;
        let mut tx = db.begin().await.unwrap();
        let refused = agents::save(&mut tx, &sales).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unique), "{refused}");
        drop(tx);

        desk.settings.is_default = false;
        desk.version = 2;
        let mut tx = db.begin().await.unwrap();
        assert!(agents::save(&mut tx, &desk).await.unwrap());
        assert!(agents::save(&mut tx, &sales).await.unwrap());
        assert!(
            !agents::save(&mut tx, &desk).await.unwrap(),
            "the same version twice"
        );
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert_eq!(agents::default(&mut conn).await.unwrap(), Some(sales));
    })
    .await;
}
