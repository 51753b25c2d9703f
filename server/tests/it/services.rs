//! The use cases on both databases: what an operator or a script may do, and what it is told
//! when it may not.

use std::path::Path;

use app::domain::account::KeyDraft;
use app::domain::agent::{AgentDraft, Assign};
use app::domain::draft::{Entry, EntryList};
use app::domain::endpoint::Reach;
use app::domain::inbound::{AccessDraft, TrunkDraft};
use app::domain::number::{AddedAs, NumberDraft, NumberFilter, NumbersDraft};
use app::domain::route_test::RouteTestDraft;
use app::domain::routing::Refusal;
use app::domain::sip::Transport;
use app::error::{AppError, Conflict, Scope, Thing};
use app::ports::{Caller, Services, Who};
use server::clock::Clock;
use server::config::Config;
use server::service::addresses::Addresses;
use server::service::calls::DeskSettings;
use server::service::facts::Fixed;
use server::service::{House, HouseSettings};
use server::store::Db;

use crate::databases::both;
use crate::samples::{NOW, phone};

const FRONT: &str = "+14155550100";
const SALES: &str = "+41446681800";

fn settings(folder: &Path) -> HouseSettings {
    HouseSettings {
        desk: DeskSettings {
            max_calls: 10,
            recordings: folder.join("recordings"),
            spool: folder.join("calls.spool"),
            instance: "here".to_owned(),
        },
        addresses: Addresses {
            host: "sip.example.com".to_owned(),
            port: 5060,
            transports: vec![Transport::Udp, Transport::Tcp],
            us: None,
            eu: Some("eu.sip.example.com".to_owned()),
            apac: None,
        },
        agent_id_header: "X-Agent-ID".parse().unwrap(),
        fixed: Fixed {
            public_url: "http://127.0.0.1:3000".to_owned(),
            external_host: "sip.example.com".to_owned(),
            rtp_first: 20_000,
            rtp_last: 20_999,
        },
        sign_in: Config::built_in().unwrap().sign_in,
    }
}

pub(crate) async fn house(scenario: impl AsyncFn(Services, Clock)) {
    both(async |db: Db| {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(NOW);
        let (house, writer) = House::open(db, clock.clone(), settings(folder.path()))
            .await
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let writer = tokio::spawn(writer);
        scenario(house.services.clone(), clock).await;
        writer.abort();
    })
    .await;
}

pub(crate) fn boss() -> Caller {
    Caller::operator()
}

fn with(scopes: &[Scope]) -> Caller {
    Caller {
        who: Who::Key {
            id: Clock::fixed(NOW).new_id(),
            name: "script".to_owned(),
        },
        scopes: scopes.to_vec(),
        address: None,
    }
}

pub(crate) fn named(name: &str) -> AgentDraft {
    AgentDraft {
        name: Entry::text(name),
        ..AgentDraft::default()
    }
}

fn refused_fields<T: std::fmt::Debug>(result: Result<T, AppError>) -> Vec<String> {
    match result {
        Err(AppError::Invalid(errors)) => errors
            .iter()
            .map(|(field, reason)| format!("{field} {}", reason.code()))
            .collect(),
        other => panic!("expected refused fields, got {other:?}"),
    }
}

#[tokio::test]
async fn a_trunk_is_made_with_its_first_credential_and_its_numbers() {
    house(async |services, _| {
        assert_eq!(services.trunks.get(&boss()).await.unwrap(), None);
        let draft = TrunkDraft {
            phone_numbers: EntryList::of([FRONT, "0041 44 668 18 00"]),
            region: Entry::text("eu"),
            ..TrunkDraft::default()
        };
        let made = services
            .trunks
            .create(&boss(), draft.clone())
            .await
            .unwrap();
        assert_eq!(made.numbers, [phone(FRONT), phone(SALES)]);
        assert_eq!(made.endpoint.host, "eu.sip.example.com");
        assert_eq!(made.endpoint.reach, Reach::Internet);
        assert!(made.trunk.settings.krisp_enabled);
        let access = made.newest.unwrap();
        let password = services.accesses.reveal(&boss(), access).await.unwrap();
        assert_eq!(password.expose().len(), 24);
        assert!(made.username.unwrap().starts_with("patch_"));

        let again = services.trunks.create(&boss(), draft).await;
        assert_eq!(again, Err(AppError::Conflict(Conflict::TrunkExists)));
        let audit = services.audit.list(&boss(), None, None).await.unwrap();
        let actions: Vec<&str> = audit
            .items
            .iter()
            .map(|entry| entry.what.as_str())
            .collect();
        assert_eq!(actions, ["reveal_password", "create_inbound_trunk"]);
        let told = format!("{audit:?}");
        assert!(
            !told.contains(password.expose()),
            "the audit holds the password"
        );
    })
    .await;
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_changed() {
    house(async |services, _| {
        let draft = TrunkDraft {
            phone_numbers: EntryList::of(["112", FRONT, "+1415555O100"]),
            region: Entry::text("mars"),
            max_channels: Entry::text("0"),
            other_sources: Entry::Other(app::domain::draft::Kind::List),
            agent_id_header: Entry::text("Via"),
            ..TrunkDraft::default()
        };
        let fields = refused_fields(services.trunks.create(&boss(), draft).await);
        let expected = [
            "region not_a_choice",
            "max_channels out_of_range",
            "other_sources wrong_kind",
            "agent_id_header bad_header_name",
            "phone_numbers.0 too_short",
            "phone_numbers.2 not_a_number",
        ];
        assert_eq!(fields, expected);
        assert_eq!(services.trunks.get(&boss()).await.unwrap(), None);
        let us = TrunkDraft {
            region: Entry::text("us"),
            ..TrunkDraft::default()
        };
        assert_eq!(
            refused_fields(services.trunks.create(&boss(), us).await),
            ["region region_without_host"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_stale_save_is_told_what_changed_meanwhile() {
    house(async |services, _| {
        services
            .trunks
            .create(&boss(), TrunkDraft::default())
            .await
            .unwrap();
        let say = |channels: &str, version: &str| TrunkDraft {
            max_channels: Entry::text(channels),
            version: Entry::text(version),
            ..TrunkDraft::default()
        };
        let second = services
            .trunks
            .update(&boss(), say("5", "1"))
            .await
            .unwrap();
        assert_eq!(second.trunk.version, 2);
        let stale = services.trunks.update(&boss(), say("7", "1")).await;
        let fields = vec![("max_channels".to_owned(), "5".to_owned())];
        assert_eq!(
            stale,
            Err(AppError::Conflict(Conflict::Changed { version: 2, fields }))
        );
        // Without a version the last one wins, as in the original API.
        let plain = TrunkDraft {
            max_channels: Entry::Null,
            ..TrunkDraft::default()
        };
        assert_eq!(
            services
                .trunks
                .update(&boss(), plain)
                .await
                .unwrap()
                .trunk
                .settings
                .max_channels,
            None
        );
    })
    .await;
}

#[tokio::test]
async fn the_last_credential_stays_and_labels_are_not_shared() {
    house(async |services, _| {
        services
            .trunks
            .create(&boss(), TrunkDraft::default())
            .await
            .unwrap();
        let first = services.accesses.list(&boss()).await.unwrap().remove(0);
        assert_eq!(
            services.accesses.delete(&boss(), first.id).await,
            Err(AppError::Conflict(Conflict::LastAccess))
        );
        let off = AccessDraft {
            enabled: Entry::text("off"),
            ..AccessDraft::default()
        };
        assert_eq!(
            services.accesses.update(&boss(), first.id, off).await,
            Err(AppError::Conflict(Conflict::LastAccess))
        );

        let draft = |label: &str| AccessDraft {
            label: Entry::text(label),
            kind: Entry::text("network"),
            networks: EntryList::of(["54.172.60.1/30", "54.172.60.0/30"]),
            ..AccessDraft::default()
        };
        let taken = services.accesses.create(&boss(), draft("Main")).await;
        assert_eq!(refused_fields(taken), ["label taken"]);
        let carrier = services
            .accesses
            .create(&boss(), draft("Carrier"))
            .await
            .unwrap();
        assert_eq!(
            carrier.settings.networks.len(),
            1,
            "one network, written in two ways"
        );
        assert!(
            carrier.settings.own_endpoint_only
                && !carrier.settings.agent_header
                && carrier.username.is_none()
        );
        let wide = AccessDraft {
            networks: EntryList::of(["0.0.0.0/0", "1.2.3.4/33"]),
            ..draft("Wide")
        };
        assert_eq!(
            refused_fields(services.accesses.create(&boss(), wide).await),
            ["networks.0 network_too_wide", "networks.1 bad_network"]
        );
        let empty = AccessDraft {
            networks: EntryList::of(Vec::<Entry>::new()),
            ..draft("Empty")
        };
        assert_eq!(
            refused_fields(services.accesses.create(&boss(), empty).await),
            ["networks required"]
        );
        services.accesses.delete(&boss(), first.id).await.unwrap();
        assert_eq!(
            services.accesses.get(&boss(), first.id).await,
            Err(AppError::NotFound(Thing::Access))
        );
    })
    .await;
}

#[tokio::test]
async fn a_number_has_one_agent_and_is_moved_in_one_step() {
    house(async |services, _| {
        let trunk = TrunkDraft {
            phone_numbers: EntryList::of([FRONT]),
            ..TrunkDraft::default()
        };
        services.trunks.create(&boss(), trunk).await.unwrap();
        let front = services
            .agents
            .create(&boss(), named("Front desk"))
            .await
            .unwrap()
            .agent
            .id;
        let sales = services
            .agents
            .create(&boss(), named("Sales"))
            .await
            .unwrap()
            .agent
            .id;
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
                .set_numbers(&boss(), sales, EntryList::of([FRONT]))
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
            services
                .trunks
                .get(&boss())
                .await
                .unwrap()
                .unwrap()
                .numbers
                .len(),
            2
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
        let trunk = TrunkDraft {
            phone_numbers: EntryList::of([FRONT]),
            ..TrunkDraft::default()
        };
        services.trunks.create(&boss(), trunk).await.unwrap();
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
async fn a_sync_takes_no_assigned_number_away() {
    house(async |services, _| {
        let trunk = TrunkDraft {
            phone_numbers: EntryList::of([FRONT, SALES]),
            ..TrunkDraft::default()
        };
        services.trunks.create(&boss(), trunk).await.unwrap();
        let agent = services
            .agents
            .create(&boss(), named("Front desk"))
            .await
            .unwrap()
            .agent
            .id;
        services
            .agents
            .assign(&boss(), agent, phone(FRONT), Assign::default())
            .await
            .unwrap();
        let unverified = NumberDraft {
            verified: Entry::text("off"),
            ..NumberDraft::default()
        };
        services
            .numbers
            .update(&boss(), phone(FRONT), unverified)
            .await
            .unwrap();
        let refused = services.trunks.sync(&boss()).await;
        assert_eq!(
            refused,
            Err(AppError::Conflict(Conflict::NumbersAssigned {
                numbers: vec![phone(FRONT)]
            }))
        );
        services
            .agents
            .release(&boss(), agent, phone(FRONT))
            .await
            .unwrap();
        let synced = services.trunks.sync(&boss()).await.unwrap();
        assert_eq!((synced.added, synced.removed), (vec![], vec![phone(FRONT)]));
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
        let trunk = TrunkDraft {
            phone_numbers: EntryList::of([FRONT]),
            ..TrunkDraft::default()
        };
        services.trunks.create(&boss(), trunk).await.unwrap();
        assert_eq!(ask(FRONT).await.refusal, Some(Refusal::NumberUnassigned));
        let agent = services
            .agents
            .create(&boss(), named("Front desk"))
            .await
            .unwrap()
            .agent
            .id;
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

#[tokio::test]
async fn a_key_may_what_its_scopes_say_until_it_is_revoked() {
    house(async |services, clock| {
        let draft = KeyDraft {
            name: Entry::text("ci"),
            scopes: EntryList::of(["sip:read", "calls:read"]),
        };
        let (key, secret) = services.keys.create(&boss(), draft).await.unwrap();
        assert!(secret.expose().starts_with("pb_live_") && secret.expose().len() > 48);
        assert!(secret.expose().starts_with(&key.prefix));
        let caller = services
            .keys
            .recognise(secret.expose(), None)
            .await
            .unwrap();
        assert!(services.trunks.get(&caller).await.is_ok());
        assert!(matches!(
            services.trunks.create(&caller, TrunkDraft::default()).await,
            Err(AppError::Forbidden(_))
        ));
        assert!(matches!(
            services.keys.list(&caller).await,
            Err(AppError::Forbidden(_))
        ));
        let listed = services.keys.list(&boss()).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(clock.now_ms()));
        services.keys.revoke(&boss(), key.id).await.unwrap();
        assert_eq!(
            services.keys.recognise(secret.expose(), None).await,
            Err(AppError::Unauthenticated)
        );
        assert_eq!(
            services.keys.recognise("pb_live_guess", None).await,
            Err(AppError::Unauthenticated)
        );
        let none = KeyDraft {
            name: Entry::Absent,
            scopes: EntryList::of(["sip:all"]),
        };
        assert_eq!(
            refused_fields(services.keys.create(&boss(), none).await),
            ["name required", "scopes.0 not_a_choice"]
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_may_anything_and_readers_may_not_write() {
    house(async |services, _| {
        let nobody = Caller::nobody(None);
        assert_eq!(
            services.trunks.get(&nobody).await,
            Err(AppError::Unauthenticated)
        );
        assert_eq!(
            services.agents.list(&nobody).await,
            Err(AppError::Unauthenticated)
        );
        let reader = with(&[Scope::SipRead, Scope::PhoneRead, Scope::CallsRead]);
        assert!(services.agents.list(&reader).await.is_ok());
        assert!(matches!(
            services.agents.create(&reader, named("x")).await,
            Err(AppError::Forbidden(_))
        ));
        assert!(matches!(
            services.numbers.add(&reader, NumbersDraft::default()).await,
            Err(AppError::Forbidden(_))
        ));
        assert!(
            services
                .calls
                .list(&reader, app::ports::CallFilter::default())
                .await
                .is_ok()
        );
        let hostile = named(&"\u{202e}<script>".repeat(3));
        assert_eq!(
            refused_fields(services.agents.create(&boss(), hostile).await),
            ["name forbidden_character"]
        );
        let long = named(&"x".repeat(4_000));
        assert_eq!(
            refused_fields(services.agents.create(&boss(), long).await),
            ["name too_long"]
        );
    })
    .await;
}
