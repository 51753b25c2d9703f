//! First answers to requests that carried an Idempotency-Key, kept for a day: a script that
//! lost the answer may ask again without doing the thing twice.

use app::error::{AppError, Conflict};
use app::ports::{Caller, Who};
use uuid::Uuid;

use crate::service::core::Core;
use crate::store;

const DAY_MS: i64 = 86_400_000;

/// The use case. Answers may hold a fresh password or key; the store seals them.
pub struct Replays {
    core: Core,
}

/// What to do with a request that carries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the first: answer it, then [`Replays::keep`] or [`Replays::release`].
    First,
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
    ) -> Result<Claim, AppError> {
        let owner = owner(caller)?;
        let now = self.core.clock.now_ms();
        let mut tx = self.core.db.begin().await?;
        store::idempotency::forget_before(&mut tx, now - DAY_MS).await?;
        let first = store::idempotency::claim(&mut tx, owner, name, request, now).await?;
        let known = store::idempotency::get(&mut tx, owner, name).await?;
        tx.commit().await?;
        match known {
            _ if first => Ok(Claim::First),
            Some(known) if known.request == request => match known.answer {
                Some((status, answer)) => Ok(Claim::Again { status, answer }),
                None => Err(AppError::Conflict(Conflict::IdempotencyKey)),
            },
            _ => Err(AppError::Conflict(Conflict::IdempotencyKey)),
        }
    }

    /// Keeps the answer for whoever asks again.
    pub async fn keep(
        &self,
        caller: &Caller,
        name: &str,
        status: u16,
        answer: &[u8],
    ) -> Result<(), AppError> {
        let owner = owner(caller)?;
        let mut tx = self.core.db.begin().await?;
        store::idempotency::answer(&mut tx, owner, name, status, answer).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives the key back: nothing was done, so that the same request may be tried again.
    pub async fn release(&self, caller: &Caller, name: &str) -> Result<(), AppError> {
        let owner = owner(caller)?;
        let mut tx = self.core.db.begin().await?;
        store::idempotency::release(&mut tx, owner, name).await?;
        tx.commit().await?;
        Ok(())
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
