//! The session of the browser that asks.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::account::SignedIn;
use crate::error::AppError;

/// What a browser remembers of a person: begun at sign-in, ended at sign-out. Implemented by
/// `server::web`, provided to each request.
#[async_trait]
pub trait SessionKeeper: Send + Sync {
    /// A new session, under a new id, for this person.
    async fn begin(&self, person: &SignedIn) -> Result<(), AppError>;
    /// This session goes on although every other one has just ended.
    async fn renew(&self, person: &SignedIn) -> Result<(), AppError>;
    /// Ends this session.
    async fn end(&self) -> Result<(), AppError>;
    /// How many more milliseconds it lasts if nobody uses it.
    async fn left_ms(&self) -> Result<i64, AppError>;
}

/// The keeper of the request's own session, for a page's context.
#[derive(Clone)]
pub struct Doorkeeper(pub Arc<dyn SessionKeeper>);
