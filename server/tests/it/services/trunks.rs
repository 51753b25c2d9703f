//! The inbound trunk and its accesses: made, saved, guarded, read again from the carrier.

use app::domain::agent::Assign;
use app::domain::draft::{Entry, EntryList};
use app::domain::endpoint::Reach;
use app::domain::inbound::{AccessDraft, AccessSettings, TrunkDraft};
use app::domain::number::NumberDraft;
use app::error::{AppError, Conflict, Need, Scope, Thing};

use super::{FRONT, SALES, agent_named, boss, house, refused_fields, trunk_with, with};
use crate::samples::phone;

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
        assert_eq!(
            services.trunks.numbers(&boss()).await.unwrap(),
            [phone(FRONT), phone(SALES)]
        );
        assert_eq!(made.endpoint.host, "eu.sip.example.com");
        assert_eq!(made.endpoint.reach, Reach::Internet);
        assert!(made.trunk.settings.krisp_enabled);
        let access = made.newest.unwrap();
        let password = services.accesses.reveal(&boss(), access).await.unwrap();
        assert_eq!(password.expose().len(), 24);
        assert!(made.username.unwrap().starts_with("patch_"));

        let again = services.trunks.create(&boss(), draft).await;
        assert_eq!(again, Err(AppError::Conflict(Conflict::TrunkExists)));
        let audit = services
            .audit
            .list(&boss(), app::domain::account::AuditFilter::default())
            .await
            .unwrap();
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
async fn what_follows_a_credential_is_as_that_is_and_both_let_in() {
    house(async |services, _| {
        services
            .trunks
            .create(&boss(), TrunkDraft::default())
            .await
            .unwrap();
        let first = services.accesses.list(&boss()).await.unwrap().remove(0);
        let german = AccessDraft {
            country: Entry::text("DE"),
            sha256_only: Entry::text("on"),
            passed_headers: EntryList::of(["X-Customer"]),
            ..AccessDraft::default()
        };
        let accesses = &services.accesses;
        let first = accesses.update(&boss(), first.id, german).await.unwrap();
        let second = accesses.rotate(&boss(), first.id).await.unwrap();
        let third = accesses.rotate(&boss(), second.id).await.unwrap();
        for (access, label) in [(&second, "Main 2"), (&third, "Main 3")] {
            let like_it = AccessSettings {
                label: label.to_owned(),
                ..first.settings.clone()
            };
            assert_eq!(access.settings, like_it);
            assert_ne!(access.username, first.username);
            let password = accesses.reveal(&boss(), access.id).await.unwrap();
            let before = accesses.reveal(&boss(), first.id).await.unwrap();
            assert_ne!(password.expose(), before.expose());
        }
        assert_eq!(accesses.list(&boss()).await.unwrap().len(), 3);

        let network = AccessDraft {
            label: Entry::text("Carrier"),
            kind: Entry::text("network"),
            networks: EntryList::of(["54.172.60.0/30"]),
            ..AccessDraft::default()
        };
        let network = accesses.create(&boss(), network).await.unwrap();
        assert_eq!(
            refused_fields(accesses.rotate(&boss(), network.id).await),
            ["id not_for_this_kind"]
        );
        assert_eq!(
            accesses.rotate(&with(&[Scope::SipRead]), first.id).await,
            Err(AppError::Forbidden(Need::Scope(Scope::SipWrite)))
        );
    })
    .await;
}

#[tokio::test]
async fn a_sync_takes_no_assigned_number_away() {
    house(async |services, _| {
        trunk_with(&services, [FRONT, SALES]).await;
        let agent = agent_named(&services, "Front desk").await;
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
