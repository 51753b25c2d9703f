//! Users, set-up link, keys, audit, idempotency.

use app::domain::account::AuditFilter;
use app::domain::id::{AuditId, KeyId};
use app::domain::page::{Cursor, Limit};
use server::store::idempotency::Claim;
use server::store::keys::StoredKey;
use server::store::{StoreError, audit, idempotency, keys, users};

use crate::databases::both;
use crate::samples::{NOW, account, uuid};

#[tokio::test]
async fn a_person_is_found_by_address_and_has_one_account() {
    both(async |db| {
        let ada = account(1, "ada@example.com");
        let mut tx = db.begin().await.unwrap();
        assert!(!users::any(&mut tx).await.unwrap());
        users::insert(&mut tx, &ada, NOW).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        let refused = users::insert(&mut tx, &account(2, "ada@example.com"), NOW)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Unique), "{refused}");
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        let refused = users::insert(&mut tx, &account(2, "Ada@example.com"), NOW)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Check(_)), "{refused}");
        drop(tx);

        let mut ada = ada.user;
        ada.theme = Some("dark".to_owned());
        let mut tx = db.begin().await.unwrap();
        users::set_preferences(&mut tx, &ada, NOW).await.unwrap();
        let epoch = users::end_sessions(&mut tx, ada.id, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert!(users::any(&mut conn).await.unwrap());
        let found = users::by_email(&mut conn, "ada@example.com")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.user, ada);
        assert_eq!(Some(found.session_epoch), epoch);
        assert_eq!(
            users::get(&mut conn, ada.id).await.unwrap().unwrap().user,
            ada
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_set_up_link_replaces_the_old_one() {
    both(async |db| {
        let mut tx = db.begin().await.unwrap();
        assert_eq!(users::setup_token(&mut tx).await.unwrap(), None);
        users::put_setup_token(&mut tx, b"one", NOW).await.unwrap();
        users::put_setup_token(&mut tx, b"two", NOW).await.unwrap();
        assert_eq!(
            users::setup_token(&mut tx).await.unwrap().as_deref(),
            Some(b"two".as_slice())
        );
        users::delete_setup_token(&mut tx).await.unwrap();
        assert_eq!(users::setup_token(&mut tx).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_with_its_scopes() {
    both(async |db| {
        let key = StoredKey {
            id: KeyId::from_uuid(uuid(5)),
            name: "script".to_owned(),
            prefix: "pb_live_abcd".to_owned(),
            scopes: vec!["calls:read".to_owned(), "sip:write".to_owned()],
            made_by: None,
            last_used_at: None,
            created_at: NOW,
        };
        let mut tx = db.begin().await.unwrap();
        keys::insert(&mut tx, &key, b"hash").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.append().await.unwrap();
        keys::used(&mut tx, key.id, NOW + 1, Some("127.0.0.1"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let used = StoredKey {
            last_used_at: Some(NOW + 1),
            ..key
        };
        let mut conn = db.read().await.unwrap();
        assert_eq!(
            keys::by_hash(&mut conn, b"hash").await.unwrap().as_ref(),
            Some(&used)
        );
        assert_eq!(keys::by_hash(&mut conn, b"other").await.unwrap(), None);
        assert_eq!(
            keys::get(&mut conn, used.id).await.unwrap().as_ref(),
            Some(&used)
        );
        assert_eq!(
            keys::list(&mut conn).await.unwrap(),
            std::slice::from_ref(&used)
        );
        drop(conn);
        let mut tx = db.begin().await.unwrap();
        assert!(keys::delete(&mut tx, used.id).await.unwrap());
        assert!(!keys::delete(&mut tx, used.id).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_audit_pages_from_the_newest_without_losing_entries_of_one_moment() {
    both(async |db| {
        let mut tx = db.begin().await.unwrap();
        for n in 0..5_u128 {
            let entry = audit::Entry {
                id: AuditId::from_uuid(uuid(100 + n)),
                at: if n < 3 { NOW } else { NOW + 1 },
                actor: [
                    audit::Actor::System,
                    audit::Actor::Key(uuid(7)),
                    audit::Actor::User(uuid(8)),
                ][n as usize % 3],
                actor_name: "somebody".to_owned(),
                action: "update_agent".to_owned(),
                subject: "x".to_owned(),
                label: format!("entry {n}"),
                before: None,
                after: Some("{}".to_owned()),
            };
            audit::add(&mut tx, &entry).await.unwrap();
        }
        tx.commit().await.unwrap();
        let limit = Limit::try_from(2).unwrap();
        let mut conn = db.read().await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let filter = AuditFilter {
                limit: Some(limit),
                cursor: after,
                ..AuditFilter::default()
            };
            let page = audit::page(&mut conn, &filter).await.unwrap();
            seen.extend(page.iter().take(2).map(|entry| entry.label.clone()));
            if page.len() <= 2 {
                break;
            }
            after = Some(Cursor {
                at_ms: page[1].at,
                id: page[1].id.as_uuid(),
            });
        }
        assert_eq!(
            seen,
            ["entry 4", "entry 3", "entry 2", "entry 1", "entry 0"]
        );
        let mut found = async |filter: AuditFilter| {
            let page = audit::page(&mut conn, &filter).await.unwrap();
            page.into_iter()
                .map(|entry| entry.label)
                .collect::<Vec<_>>()
        };
        let by = |who: &str, thing: &str| AuditFilter {
            who: Some(who.to_owned()).filter(|who| !who.is_empty()),
            thing: Some(thing.to_owned()).filter(|thing| !thing.is_empty()),
            ..AuditFilter::default()
        };
        assert_eq!(found(by("SOME", "Entry 3")).await, ["entry 3"]);
        assert_eq!(found(by("", "update_")).await.len(), 5);
        assert!(found(by("nobody", "")).await.is_empty());
        assert!(found(by("%", "")).await.is_empty(), "no wildcard");
        let first = AuditFilter {
            until: Some(NOW + 1),
            ..AuditFilter::default()
        };
        assert_eq!(found(first).await.len(), 3);
        let second = AuditFilter {
            since: Some(NOW + 1),
            ..AuditFilter::default()
        };
        assert_eq!(found(second).await, ["entry 4", "entry 3"]);
    })
    .await;
}

#[tokio::test]
async fn the_audit_is_searched_whatever_letters_names_are_written_in() {
    both(async |db| {
        let entry = audit::Entry {
            id: AuditId::from_uuid(uuid(100)),
            at: NOW,
            actor: audit::Actor::User(uuid(8)),
            actor_name: "Émilie Ørsted".to_owned(),
            action: "update_agent".to_owned(),
            subject: "x".to_owned(),
            label: "ÄRZTE Zürich".to_owned(),
            before: None,
            after: None,
        };
        let mut tx = db.begin().await.unwrap();
        audit::add(&mut tx, &entry).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        for (who, thing) in [
            ("émilie", "ärzte"),
            ("ØRSTED", "ZÜRICH"),
            ("LIE ø", "zte z"),
        ] {
            let filter = AuditFilter {
                who: Some(who.to_owned()),
                thing: Some(thing.to_owned()),
                ..AuditFilter::default()
            };
            let page = audit::page(&mut conn, &filter).await.unwrap();
            assert_eq!(page, std::slice::from_ref(&entry), "{who}, {thing}");
        }
        let nobody = AuditFilter {
            who: Some("\0".to_owned()),
            ..AuditFilter::default()
        };
        assert_eq!(audit::page(&mut conn, &nobody).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn the_first_answer_to_an_idempotency_key_is_remembered_sealed() {
    const LEASE: i64 = NOW + 10_000;
    both(async |db| {
        let claim = |owner: u128, id: u128| Claim {
            owner: uuid(owner),
            name: "k1".to_owned(),
            id: uuid(id),
        };
        let (one, other) = (claim(9, 1), claim(10, 2));
        let mut tx = db.append().await.unwrap();
        let mut take = async |claim: &Claim, request: &[u8], now: i64| {
            idempotency::claim(&mut tx, claim, request, now, now + 10_000)
                .await
                .unwrap()
        };
        assert!(take(&one, b"req", NOW).await);
        assert!(!take(&claim(9, 3), b"req", LEASE).await, "the lease holds");
        assert!(!take(&one, b"other", LEASE + 1).await, "another request");
        assert!(take(&other, b"req", NOW).await);
        assert!(take(&claim(9, 4), b"req", LEASE + 1).await, "taken over");
        let one = claim(9, 4);

        idempotency::renew(&mut tx, &claim(9, 1), 0).await.unwrap();
        idempotency::renew(&mut tx, &one, LEASE).await.unwrap();
        let known = idempotency::get(&mut tx, one.owner, "k1").await;
        let known = known.unwrap().unwrap();
        assert_eq!(
            (known.request.as_slice(), known.answer, known.done),
            (b"req".as_slice(), None, false)
        );
        assert_eq!(known.lease_until, LEASE);
        let body = b"{\"auth_password\":\"x\"}";
        idempotency::answer(&mut tx, &one, 200, body).await.unwrap();
        let known = idempotency::get(&mut tx, one.owner, "k1").await;
        assert_eq!(known.unwrap().unwrap().answer, Some((200, body.to_vec())));
        idempotency::release(&mut tx, &other).await.unwrap();
        let known = idempotency::get(&mut tx, other.owner, "k1").await;
        assert!(known.unwrap().is_none());
        idempotency::forget_before(&mut tx, NOW + 1).await.unwrap();
        let known = idempotency::get(&mut tx, one.owner, "k1").await;
        assert!(known.unwrap().is_none());
    })
    .await;
}
