//! First answers to requests that carried an Idempotency-Key, kept for a day: a script that
//! lost the answer may ask again without doing the thing twice.

use std::convert::Infallible;
use std::time::Duration;

use app::error::{AppError, Conflict};
use app::ports::{Caller, Who};
use uuid::Uuid;

use crate::service::core::Core;
use crate::store::idempotency;
pub use crate::store::idempotency::Claim;

const DAY_MS: i64 = 86_400_000;
/// A request not heard of for so long is taken for dead: its server was killed.
const LEASE: Duration = Duration::from_secs(10);
/// How often one that is still at work says so.
const RENEW: Duration = Duration::from_secs(3);

/// The use case. Answers may hold a fresh password or key; the store seals them.
pub struct Replays {
    core: Core,
}

/// What to do with a request that carries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the first: let it [`Replays::work`], then [`Replays::keep`] or [`Replays::release`].
    First(Claim),
    /// This was the first one's answer.
    Again {
        /// Its status.
        status: u16,
        /// Its body and what belongs to it, as it was kept.
        answer: Vec<u8>,
    },
}

impl Replays {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Takes the key for this request, `request` being a hash of all that matters of it. Another
    /// request under the same key, or the same one still being answered, is a conflict.
    pub async fn claim(
        &self,
        caller: &Caller,
        name: &str,
        request: &[u8],
    ) -> Result<Turn, AppError> {
        let claim = Claim {
            owner: owner(caller)?,
            name: name.to_owned(),
            id: self.core.clock.new_uuid(),
        };
        let now = self.core.clock.now_ms();
        let mut tx = self.core.db.begin().await?;
        idempotency::forget_before(&mut tx, now - DAY_MS).await?;
        let first = idempotency::claim(&mut tx, &claim, request, now, self.lease()).await?;
        let known = idempotency::get(&mut tx, claim.owner, name).await?;
        tx.commit().await?;
        let conflict = match known {
            _ if first => return Ok(Turn::First(claim)),
            Some(known) if known.request == request => match known.answer {
                Some((status, answer)) => return Ok(Turn::Again { status, answer }),
                None if known.lease_until < now => Conflict::AnswerLost,
                None => Conflict::StillAnswering,
            },
            _ => Conflict::IdempotencyKey,
        };
        Err(AppError::Conflict(conflict))
    }

    /// Lets the request do its work, and says meanwhile that it is alive. The two run side by side: a renewal
    /// that waits for the database must not hold up the work, which may be what the database waits for.
    pub async fn work<F: Future>(&self, claim: &Claim, work: F) -> F::Output {
        tokio::select! {
            output = idempotency::working(claim.clone(), work) => output,
            never = self.stay_alive(claim) => match never {},
        }
    }

    async fn stay_alive(&self, claim: &Claim) -> Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            // One renewal missed is no harm; the next is soon.
            if let Err(error) = self.renew(claim).await {
                tracing::warn!(%error, "api.claim.not_renewed");
            }
        }
    }

    async fn renew(&self, claim: &Claim) -> Result<(), AppError> {
        let mut tx = self.core.db.append().await?;
        idempotency::renew(&mut tx, claim, self.lease()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps the answer for whoever asks again.
    pub async fn keep(&self, claim: &Claim, status: u16, answer: &[u8]) -> Result<(), AppError> {
        let mut tx = self.core.db.begin().await?;
        idempotency::answer(&mut tx, claim, status, answer).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives the key back, if nothing was done: the same request may be tried again.
    pub async fn release(&self, claim: &Claim) -> Result<(), AppError> {
        let mut tx = self.core.db.begin().await?;
        idempotency::release(&mut tx, claim).await?;
        tx.commit().await?;
        Ok(())
    }

    fn lease(&self) -> i64 {
        self.core.clock.now_ms() + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Each key of the API and each person has names of their own.
fn owner(caller: &Caller) -> Result<Uuid, AppError> {
    match &caller.who {
        Who::Key { id, .. } => Ok(id.as_uuid()),
        Who::User(user) => Ok(user.id.as_uuid()),
        Who::Operator => Ok(Uuid::nil()),
        Who::Nobody => Err(AppError::Unauthenticated),
    }
}
