//! `/api/audit`: who changed what.

use app::domain::account::{AuditEntry, AuditFilter};
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::callers::Asking;
use super::params::Params;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{Id, List, Time};

pub(super) fn routes() -> Routes {
    let op = Op::new(
        "Audit",
        "list_audit",
        "Who changed what, newest first",
        Scope::Full,
    )
    .pages()
    .answers_list::<AuditRecord>("A page of changes.");
    Routes::new().on(&Method::GET, "/api/audit", list, op)
}

/// One change.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditRecord {
    id: Id,
    at: Time,
    /// Who, by name.
    who: String,
    /// Verb and thing, such as `create_access`.
    action: String,
    /// Id or number of the thing.
    subject: String,
    /// What it is called.
    label: String,
    /// As it was, without secrets.
    #[schema(value_type = serde_json::Value, required = true)]
    before: Value,
    /// As it became, without secrets.
    #[schema(value_type = serde_json::Value, required = true)]
    after: Value,
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<AuditRecord>>, Problem> {
    let filter = AuditFilter {
        limit: params.limit(),
        cursor: params.cursor(),
        ..AuditFilter::default()
    };
    params.done()?;
    let page = api.services.audit.list(&caller, filter).await?;
    Ok(Json(List::of(page, shown)))
}

fn shown(entry: AuditEntry) -> AuditRecord {
    let json = |text: Option<String>| {
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or(Value::Null)
    };
    AuditRecord {
        id: Id::of(entry.id.as_uuid()),
        at: Time(entry.at),
        who: entry.who,
        action: entry.what,
        subject: entry.subject,
        label: entry.label,
        before: json(entry.before),
        after: json(entry.after),
    }
}
