//! The queue itself, on both databases.

use app::domain::webhook::{DeliveryState, Event, EventKind, Told, WebhookDraft};
use app::ports::Caller;
use server::clock::Clock;
use server::service::House;
use server::store::deliveries::{self, Tried};

use super::lenient;
use crate::databases::both;
use crate::samples::{self, NOW};
use crate::world::settings;

#[tokio::test]
async fn deliveries_are_queued_claimed_and_forgotten_on_both_databases() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(NOW);
        let made = lenient(settings(folder.path()));
        let (house, writer) = House::open(db.clone(), clock.clone(), made).await.unwrap();
        let writer = tokio::spawn(writer);
        let draft = WebhookDraft {
            url: "http://127.0.0.1:9/".into(),
            ..WebhookDraft::default()
        };
        let webhooks = &house.services.webhooks;
        let (webhook, _) = webhooks.create(&Caller::operator(), draft).await.unwrap();
        let event = |n: u128, kind| Event {
            id: samples::uuid(n).into(),
            kind,
            at: NOW,
            what: Told::Call {
                call: std::sync::Arc::new(samples::call(1, NOW)),
            },
        };
        let (first, second) = (
            event(1, EventKind::CallStarted),
            event(2, EventKind::CallEnded),
        );
        let mut tx = db.append().await.unwrap();
        assert!(
            deliveries::queue(&mut tx, &[&first, &second])
                .await
                .unwrap()
        );
        // Written twice, as after a crash: nothing new.
        assert!(!deliveries::queue(&mut tx, &[&first]).await.unwrap());
        tx.commit().await.unwrap();
        let mut conn = db.read().await.unwrap();
        let due = deliveries::due(&mut conn, NOW, 8, 64).await.unwrap();
        assert_eq!(
            due.iter().map(|due| due.event).collect::<Vec<_>>(),
            [first.id]
        );
        let mut tx = db.append().await.unwrap();
        assert!(
            deliveries::claim(&mut tx, &due[0], NOW + 30_000)
                .await
                .unwrap()
        );
        assert!(
            !deliveries::claim(&mut tx, &due[0], NOW + 30_000)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert_eq!(deliveries::due(&mut conn, NOW, 8, 64).await.unwrap(), []);
        let tried = Tried {
            state: DeliveryState::Delivered,
            next_at: None,
            at: NOW,
            status: Some(200),
            error: None,
            took_ms: 3,
        };
        let mut tx = db.append().await.unwrap();
        deliveries::tried(&mut tx, webhook.id, first.id, &tried)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let due = deliveries::due(&mut conn, NOW, 8, 64).await.unwrap();
        assert_eq!(
            due.iter().map(|due| due.event).collect::<Vec<_>>(),
            [second.id]
        );
        let mut tx = db.append().await.unwrap();
        // The second still waits, so it is kept.
        assert_eq!(
            deliveries::delete_before(&mut tx, NOW + 1).await.unwrap(),
            1
        );
        tx.commit().await.unwrap();
        writer.abort();
    })
    .await;
}
