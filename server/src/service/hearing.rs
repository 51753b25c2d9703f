//! What another instance changed counts here too, within a second: each of its notices names a
//! row, which is read again; after a lost connection everything is.

use std::time::Duration;

use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::store::notices::Notice;
use crate::store::{self, StoreError};
use app::domain::seen::News;

/// How long to wait before the database is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Listens until the house is closed; on SQLite there is nothing to hear.
pub(super) async fn listen(core: Core) {
    let mut is_lost = false;
    loop {
        match hear(&core, &mut is_lost).await {
            Ok(Alone) => return,
            Err(error) if is_lost => tracing::debug!(%error, "other instances cannot be heard yet"),
            Err(error) => {
                is_lost = true;
                tracing::warn!(%error, "other instances cannot be heard; trying again");
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// There are no other instances.
struct Alone;

async fn hear(core: &Core, is_lost: &mut bool) -> Result<Alone, StoreError> {
    let Some(mut listener) = core.db.listen().await? else {
        return Ok(Alone);
    };
    // Only now, so that no change falls between reading and listening.
    honour(core, Notice::Everything).await?;
    if std::mem::take(is_lost) {
        tracing::info!("other instances are heard again");
    }
    loop {
        let (from, notice) = listener.next().await?;
        if from != core.origin {
            honour(core, notice).await?;
        }
    }
}

/// Reads again what changed. In turn with our own changes, so that what was read first is never
/// written over by what was read later but is older.
async fn honour(core: &Core, notice: Notice) -> Result<(), StoreError> {
    let _turn = core.db.turn().await?;
    let mut conn = core.db.read().await?;
    let change = match notice {
        Notice::Everything => {
            drop(conn);
            core.book.reload(&core.db).await?;
            core.news.tell(News::Routing);
            return Ok(());
        }
        Notice::Trunk => RouteChange::Trunk(store::trunk::get(&mut conn).await?),
        Notice::Access(id) => match store::accesses::get(&mut conn, id).await? {
            Some(access) => {
                let password = store::accesses::password(&mut conn, id).await?;
                RouteChange::Access(access, password)
            }
            None => RouteChange::AccessGone(id),
        },
        Notice::Number(number) => match store::numbers::get(&mut conn, &number).await? {
            Some(number) => RouteChange::Number(number),
            None => RouteChange::NumberGone(number),
        },
        Notice::Agent(id) => match store::agents::get(&mut conn, id).await? {
            Some(agent) => RouteChange::Agent(agent),
            None => RouteChange::AgentGone(id),
        },
    };
    core.book.apply([change]);
    core.news.tell(News::Routing);
    Ok(())
}
