//! What the server is and has seen, for the Overview and the System page.

use std::sync::Arc;

use app::domain::call::CallFilter;
use app::domain::page::Limit;
use app::error::{AppError, Scope};
use app::ports::{Caller, Facts, SystemFacts};
use async_trait::async_trait;

use crate::clock::Clock;
use crate::service::calls::CallDesk;
use crate::service::routes::RouteBook;
use crate::store::{self, Db};

const DAY_MS: i64 = 86_400_000;

/// What is fixed once the server runs.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub public_url: String,
    pub external_host: String,
    pub rtp_first: u16,
    pub rtp_last: u16,
}

/// Gathers them.
pub struct FactDesk {
    desk: Arc<CallDesk>,
    book: Arc<RouteBook>,
    db: Db,
    clock: Clock,
    fixed: Fixed,
}

impl FactDesk {
    pub fn new(
        desk: Arc<CallDesk>,
        book: Arc<RouteBook>,
        db: Db,
        clock: Clock,
        fixed: Fixed,
    ) -> Self {
        Self {
            desk,
            book,
            db,
            clock,
            fixed,
        }
    }
}

#[async_trait]
impl SystemFacts for FactDesk {
    async fn facts(&self, caller: &Caller) -> Result<Facts, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.db.read().await?;
        let midnight = self.clock.now_ms().div_euclid(DAY_MS) * DAY_MS;
        let results = store::calls::results_since(&mut conn, midnight).await?;
        let count = |wanted: &str| {
            let found = results.iter().find(|(result, _)| result == wanted);
            found
                .and_then(|(_, count)| u64::try_from(*count).ok())
                .unwrap_or(0)
        };
        let newest = CallFilter {
            limit: Some(Limit::ONE),
            ..CallFilter::default()
        };
        let last = store::calls::list(&mut conn, &newest).await?;
        let answered = CallFilter {
            result: Some(app::domain::call::CallResult::Success),
            limit: Some(Limit::ONE),
            ..CallFilter::default()
        };
        let answered = store::calls::list(&mut conn, &answered).await?;
        let (tally, agents, default) = self.book.read(|routes| {
            (
                routes.tally(),
                routes.enabled_agents(),
                routes.default_agent().is_some_and(|agent| agent.enabled),
            )
        });
        Ok(Facts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: self.fixed.public_url.clone(),
            listeners: self
                .desk
                .switchboard()
                .map(|edge| edge.listeners())
                .unwrap_or_default(),
            external_host: self.fixed.external_host.clone(),
            rtp_first: self.fixed.rtp_first,
            rtp_last: self.fixed.rtp_last,
            live_calls: self.desk.live_calls(),
            answered_today: count("success"),
            refused_today: count("client_error"),
            failed_today: count("server_error") + count("indeterminate"),
            last_call_at: last.first().map(|call| call.started_at),
            numbers_on_trunk: tally.on_trunk,
            agents_enabled: agents as u64,
            numbers_with_agent: tally.with_agent,
            has_default_agent: default,
            answered_at: answered.first().and_then(|call| call.answered_at),
        })
    }
}
