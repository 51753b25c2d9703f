//! What a caller may do.

use app::domain::account::KeyDraft;
use app::domain::draft::{Entry, EntryList};
use app::domain::inbound::TrunkDraft;
use app::domain::number::NumbersDraft;
use app::error::{AppError, Scope};
use app::ports::Caller;

use super::{boss, house, named, refused_fields, with};

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
