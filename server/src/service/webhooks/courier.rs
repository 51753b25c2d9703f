//! Takes deliveries from the queue, signs them, has them carried, and notes how it went.
//!
//! At least once: a delivery is put off before it is tried and struck out after, so whoever dies
//! in between leaves it to be tried again. Knows how requests are signed and when they are tried
//! again; how they travel is the [`Postman`]'s.

use std::pin::Pin;
use std::time::Duration;

use app::domain::id::{EventId, WebhookId};
use app::domain::sip::Secret;
use app::domain::url::WebhookUrl;
use app::domain::webhook::{Delivery, DeliveryState, Event, wait_after};
use app::ports::News;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::SECRET_PREFIX;
use crate::clock::Clock;
use crate::service::news::NewsDesk;
use crate::store::deliveries::{self, Due, Tried};
use crate::store::{self, Db, StoreError};

/// As many requests at once, to all receivers and to each.
const MOST: usize = 64;
const MOST_EACH: i64 = 8;
/// How often the queue is looked at when nobody says that there is something.
const EVERY: Duration = Duration::from_secs(1);
/// How long after something was said to happen it is in the queue.
const WRITTEN_WITHIN: Duration = Duration::from_millis(25);
/// Longer than any try takes: whoever has not struck it out by then is dead.
const PUT_OFF_MS: i64 = 30_000;
/// How often old events are looked for.
const SWEEP_EVERY_MS: i64 = 3_600_000;

/// One request, ready to go.
#[derive(Clone, Debug)]
pub struct Letter {
    pub url: WebhookUrl,
    pub event: EventId,
    /// Unix seconds.
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

/// What came of it: a status, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Status(u16),
    None(String),
}

/// Carries a request to where it is addressed, in less than [`PUT_OFF_MS`].
#[async_trait]
pub trait Postman: Send + Sync {
    async fn carry(&self, letter: Letter) -> Reply;
}

/// The task.
pub struct Courier<P> {
    pub db: Db,
    pub clock: Clock,
    pub news: NewsDesk,
    pub postman: P,
    /// How an event looks to receivers.
    pub render: fn(&Event) -> String,
    /// How long events are kept for the log.
    pub keep_days: u32,
}

type Trip<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<P: Postman> Courier<P> {
    /// Until told to stop; requests that are under way are still noted.
    pub async fn run(self, stop: CancellationToken) {
        let mut trips: FuturesUnordered<Trip<'_>> = FuturesUnordered::new();
        let mut swept = i64::MIN;
        while !stop.is_cancelled() {
            match self.take(MOST.saturating_sub(trips.len())).await {
                Ok(taken) => {
                    for delivery in taken {
                        trips.push(Box::pin(self.deliver(delivery)));
                    }
                }
                Err(error) => tracing::debug!(%error, "webhooks.queue.away"),
            }
            if self.clock.now_ms().saturating_sub(swept) >= SWEEP_EVERY_MS {
                swept = self.clock.now_ms();
                self.sweep().await;
            }
            let next = async {
                self.news.for_webhooks().await;
                tokio::time::sleep(WRITTEN_WITHIN).await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(()) = trips.next() => {}
                () = next => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        while trips.next().await.is_some() {}
    }

    async fn take(&self, room: usize) -> Result<Vec<(Delivery, Secret, WebhookUrl)>, StoreError> {
        let room = i64::try_from(room).unwrap_or(0);
        if room == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.now_ms();
        let due = {
            let mut conn = self.db.read().await?;
            deliveries::due(&mut conn, now, MOST_EACH, room).await?
        };
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.append().await?;
        let mut taken = Vec::with_capacity(due.len());
        for due in due {
            if deliveries::claim(&mut tx, &due, now + PUT_OFF_MS).await? {
                taken.extend(packed(&mut tx, &due).await?);
            }
        }
        tx.commit().await?;
        Ok(taken)
    }

    async fn deliver(&self, (delivery, secret, url): (Delivery, Secret, WebhookUrl)) {
        let body = (self.render)(&delivery.event);
        let began = self.clock.now_ms();
        let timestamp = began / 1_000;
        let event = delivery.event.id;
        let letter = Letter {
            url,
            event,
            timestamp,
            signature: signature(&secret, event, timestamp, &body),
            body,
        };
        let reply = self.postman.carry(letter).await;
        let tried = self.judged(delivery.tries + 1, began, reply);
        // The receiver has it or not; a note that is lost means that it is told once more.
        if let Err(error) = self.note(delivery.webhook, event, &tried).await {
            tracing::warn!(%error, webhook.id = %delivery.webhook, "webhooks.note.lost");
        }
        self.news.tell(News::Webhooks);
    }

    fn judged(&self, tries: u32, began: i64, reply: Reply) -> Tried {
        let now = self.clock.now_ms();
        let (status, error) = match reply {
            Reply::Status(status) => (Some(status), None),
            Reply::None(why) => (None, Some(why)),
        };
        let delivered = status.is_some_and(|status| (200..300).contains(&status));
        let next_at = wait_after(tries)
            .filter(|_| !delivered)
            .map(|wait| now + wait);
        Tried {
            state: match next_at {
                _ if delivered => DeliveryState::Delivered,
                Some(_) => DeliveryState::Waiting,
                None => DeliveryState::Failed,
            },
            next_at,
            at: now,
            status,
            error,
            took_ms: u32::try_from(now.saturating_sub(began)).unwrap_or(0),
        }
    }

    async fn note(
        &self,
        webhook: WebhookId,
        event: EventId,
        tried: &Tried,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.append().await?;
        deliveries::tried(&mut tx, webhook, event, tried).await?;
        tx.commit().await
    }

    async fn sweep(&self) {
        let before = self.clock.now_ms() - i64::from(self.keep_days) * 86_400_000;
        let swept = async {
            let mut tx = self.db.append().await?;
            deliveries::delete_before(&mut tx, before).await?;
            tx.commit().await
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "webhooks.old.kept");
        }
    }
}

/// With all that a request needs; none if the webhook is gone.
async fn packed(
    tx: &mut store::Tx,
    due: &Due,
) -> Result<Option<(Delivery, Secret, WebhookUrl)>, StoreError> {
    let delivery = deliveries::get(tx, due.webhook, due.event).await?;
    let secret = store::webhooks::secret(tx, due.webhook).await?;
    let webhook = store::webhooks::get(tx, due.webhook).await?;
    Ok(delivery
        .zip(secret)
        .zip(webhook)
        .map(|((delivery, secret), webhook)| (delivery, secret, webhook.settings.url)))
}

/// The `v1` of Standard Webhooks: HMAC-SHA256 over id, time and body, so that neither can be
/// changed, and an old request can't be sent again as a new one.
fn signature(secret: &Secret, event: EventId, timestamp: i64, body: &str) -> String {
    let encoded = secret.expose().trim_start_matches(SECRET_PREFIX);
    let key = BASE64_STANDARD.decode(encoded).unwrap_or_default();
    match Hmac::<Sha256>::new_from_slice(&key) {
        Ok(mut mac) => {
            mac.update(format!("{event}.{timestamp}.{body}").as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        }
        // A key of any length will do for an HMAC.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks has an id of another form; this
    /// one was made with `openssl dgst -sha256 -hmac`.
    #[test]
    fn a_signature_is_over_id_time_and_body() {
        let secret: Secret = "whsec_c2VjcmV0".parse().unwrap();
        let event = "019a0000-0000-7000-8000-000000000001".parse().unwrap();
        let signed = signature(&secret, event, 1_763_890_000, "{}");
        assert_eq!(signed, "v1,w16lR+Q2N7DgOIRgDtIwy/duAqIJA0/4eBrmvdqBVEU=");
        assert_ne!(signature(&secret, event, 1_763_890_001, "{}"), signed);
        assert_ne!(signature(&secret, event, 1_763_890_000, "{ }"), signed);
    }
}
