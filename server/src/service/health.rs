//! What has gone wrong lately: refusals with the change that may have caused them, numbers
//! nobody answers, callers nobody hears, known sources that are blocked.

use app::domain::account::{AuditEntry, AuditFilter};
use app::domain::health::{Health, Refusals, Window};
use app::domain::page::Limit;
use app::domain::routing::Refusal;
use app::domain::seen::Source;
use app::error::{AppError, Scope};
use app::ports::Caller;

use crate::service::audit;
use crate::store::{self, Conn, Db};

/// A change so long before the first refusal may be its cause.
const BEFORE_MS: i64 = 10 * 60_000;
/// Answered calls that are listened to.
const NEWEST: u32 = 5;
/// Changes that are shown.
const CHANGES: u32 = 5;

/// Looks at the calls since the window began.
pub(super) async fn look(
    db: &Db,
    caller: &Caller,
    window: Window,
    now_ms: i64,
    sources: Vec<Source>,
) -> Result<Health, AppError> {
    let since = now_ms - window.ms();
    let mut conn = db.read().await?;
    let mut refusals = store::health::refusals(&mut conn, since, now_ms - BEFORE_MS).await?;
    if caller.can(Scope::SipWrite) {
        for refused in &mut refusals {
            refused.change = change_before(&mut conn, refused).await?;
        }
    }
    let changes = if caller.can(Scope::Full) {
        changes(&mut conn, None, now_ms + 1, CHANGES).await?
    } else {
        Vec::new()
    };
    let newest = Limit::try_from(NEWEST).unwrap_or_default();
    let used: Vec<_> = store::accesses::list(&mut conn)
        .await?
        .into_iter()
        .filter_map(|access| Some(access.last_used?.from))
        .collect();
    Ok(Health {
        at: now_ms,
        unanswered: store::health::unanswered(&mut conn, since).await?,
        heard: store::health::heard(&mut conn, since, newest).await?,
        blocked: sources
            .into_iter()
            .filter(|source| {
                let is_blocked = source.blocked_until.is_some_and(|until| until > now_ms);
                is_blocked && used.contains(&source.address)
            })
            .collect(),
        refusals,
        changes,
        disk: None,
    })
}

/// What was done to the way in shortly before the first refusal of a kind.
async fn change_before(
    conn: &mut Conn,
    refused: &Refusals,
) -> Result<Option<AuditEntry>, AppError> {
    let from = refused.first_at - BEFORE_MS;
    let before = changes(conn, Some(from), refused.first_at, 25).await?;
    Ok(before
        .into_iter()
        .find(|entry| causes(refused.reason).contains(&entry.what.as_str())))
}

/// The changes that can bring about a refusal.
fn causes(reason: Refusal) -> &'static [&'static str] {
    match reason {
        Refusal::WrongPassword
        | Refusal::UnknownUsername
        | Refusal::NoCredentials
        | Refusal::SourceNotAllowed
        | Refusal::SourceBlocked
        | Refusal::UriMismatch
        | Refusal::Md5Refused => &[
            "delete_access",
            "update_access",
            "update_inbound_trunk",
            "create_inbound_trunk",
        ],
        Refusal::NumberUnknown => &[
            "remove_number",
            "delete_number",
            "update_number",
            "sync_inbound_trunk",
            "update_inbound_trunk",
        ],
        Refusal::NumberUnassigned | Refusal::EngineDown => &[
            "release_number",
            "set_agent_numbers",
            "update_number",
            "update_agent",
            "delete_agent",
        ],
        Refusal::NoCodec
        | Refusal::SecureAudio
        | Refusal::InstallationFull
        | Refusal::TrunkFull
        | Refusal::AccessFull
        | Refusal::AgentFull => &["update_inbound_trunk", "update_access", "update_agent"],
        Refusal::Draining => &[],
    }
}

async fn changes(
    conn: &mut Conn,
    since: Option<i64>,
    until: i64,
    most: u32,
) -> Result<Vec<AuditEntry>, AppError> {
    let filter = AuditFilter {
        since,
        until: Some(until),
        limit: Limit::try_from(most).ok(),
        ..AuditFilter::default()
    };
    let mut found = store::audit::page(conn, &filter).await?;
    found.truncate(most as usize);
    Ok(found.into_iter().map(audit::shown).collect())
}
