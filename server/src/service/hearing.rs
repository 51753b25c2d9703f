//! What another instance changed counts here too, within a second: each of its notices names a
//! row, which is read again; after a lost connection everything is. What is asked about calls goes to the desk.

use std::sync::Arc;
use std::time::Duration;

use crate::service::calls::CallDesk;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::store::notices::{Changed, Notice};
use crate::store::{self, StoreError};
use app::domain::draft::Change;
use app::domain::seen::News;

/// How long to wait before the database is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Listens until the house is closed; on SQLite there is nothing to hear.
pub(super) async fn listen(core: Core, desk: Arc<CallDesk>) {
    let mut is_lost = false;
    loop {
        match hear(&core, &desk, &mut is_lost).await {
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

async fn hear(core: &Core, desk: &Arc<CallDesk>, is_lost: &mut bool) -> Result<Alone, StoreError> {
    let Some(mut listener) = core.db.listen().await? else {
        return Ok(Alone);
    };
    // Only now, so that no change falls between reading and listening.
    honour(core, Changed::Everything).await?;
    if std::mem::take(is_lost) {
        tracing::info!("other instances are heard again");
    }
    loop {
        match listener.next().await? {
            Notice::Routing(changed) => honour(core, changed).await?,
            Notice::Call(notice) => desk.heard(notice).await?,
        }
    }
}

/// Reads again what changed. In turn with our own changes, so that what was read first is never
/// written over by what was read later but is older.
async fn honour(core: &Core, changed: Changed) -> Result<(), StoreError> {
    let _turn = core.db.turn().await?;
    let mut conn = core.db.read().await?;
    let change = match changed {
        Changed::Trunk => RouteChange::Trunk(store::trunk::get(&mut conn).await?),
        Changed::Access(id) => match store::accesses::get(&mut conn, id).await? {
            Some(access) => {
                let password = store::accesses::password(&mut conn, id).await?;
                RouteChange::Access(access, password)
            }
            None => RouteChange::AccessGone(id),
        },
        Changed::Number(number) => match store::numbers::get(&mut conn, &number).await? {
            Some(number) => RouteChange::Number(number),
            None => RouteChange::NumberGone(number),
        },
        Changed::Agent(id) => match store::agents::get(&mut conn, id).await? {
            Some(agent) => {
                let secret = store::agents::secret(&mut conn, id).await?;
                RouteChange::Agent(agent, secret.map_or(Change::Clear, Change::Set))
            }
            None => RouteChange::AgentGone(id),
        },
        Changed::Everything => {
            drop(conn);
            core.book.reload(&core.db).await?;
            core.news.tell(News::Routing);
            return Ok(());
        }
    };
    core.book.apply([change]);
    core.news.tell(News::Routing);
    Ok(())
}
