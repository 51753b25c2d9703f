//! Calls as conversations, for scripts that know the reference API.

use app::domain::conversation::{Channel, Conversation, ConversationFilter, Part};
use app::domain::id::CallId;
use app::error::{AppError, Scope, Thing};
use app::ports::{Caller, Conversations};
use async_trait::async_trait;

use crate::service::core::Core;
use crate::store;

/// Reads them.
pub struct ConversationDesk(pub Core);

#[async_trait]
impl Conversations for ConversationDesk {
    async fn list(
        &self,
        caller: &Caller,
        filter: ConversationFilter,
        part: Part,
    ) -> Result<(Vec<Conversation>, bool), AppError> {
        caller.may(Scope::CallsRead)?;
        if filter
            .channel
            .is_some_and(|channel| channel != Channel::PhoneVoice)
        {
            return Ok((Vec::new(), false));
        }
        let (Part::From { limit, .. } | Part::Page { limit, .. }) = part;
        let mut conn = self.0.db.read().await?;
        let mut found = store::conversations::list(&mut conn, &filter, part).await?;
        let more = found.len() > limit.as_usize();
        found.truncate(limit.as_usize());
        Ok((found, more))
    }

    async fn get(&self, caller: &Caller, id: CallId) -> Result<Conversation, AppError> {
        caller.may(Scope::CallsRead)?;
        let mut conn = self.0.db.read().await?;
        let found = store::conversations::get(&mut conn, id).await?;
        found.ok_or(AppError::NotFound(Thing::Call))
    }
}
