//! `/api/phone/sip/sources`: who did not get in.

use std::net::IpAddr;

use app::domain::seen::Source;
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, List, Time};

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Sources", id, summary, scope);
    Routes::new()
        .on(
            &Method::GET,
            "/api/phone/sip/sources",
            list,
            op("list_sources", "Who did not get in", Scope::SipRead)
                .note("The last 500 addresses; those that dialled a number of yours first.")
                .pages()
                .answers_list::<SipSource>("A page of sources."),
        )
        .on(
            &Method::POST,
            "/api/phone/sip/sources/{ip}/unblock",
            unblock,
            op("unblock_source", "Lift a block", Scope::SipWrite)
                .answers::<SipSource>("The source, no longer blocked."),
        )
}

/// An address that did not get in.
#[derive(Serialize, ToSchema)]
pub(super) struct SipSource {
    ip: String,
    /// What it calls itself.
    #[schema(required = true)]
    software: Option<String>,
    /// The last number it dialled, as sent.
    #[schema(required = true)]
    dialled: Option<String>,
    /// Whether that is a number of yours.
    dialled_ours: bool,
    /// What went wrong last, for scripts; stable.
    #[schema(required = true)]
    reason: Option<&'static str>,
    tries: u32,
    first_at: Time,
    last_at: Time,
    /// Until when nothing is heard of it.
    #[schema(required = true)]
    blocked_until: Option<Time>,
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<SipSource>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.sources.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, shown)))
}

async fn unblock(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(ip): Path<String>,
) -> Result<Json<SipSource>, Problem> {
    let ip: IpAddr = wire::id(ip.trim_matches(['[', ']']), Thing::Source)?;
    Ok(Json(shown(
        api.services.sources.unblock(&caller, ip).await?,
    )))
}

fn shown(source: Source) -> SipSource {
    SipSource {
        ip: source.address.to_string(),
        software: source.software,
        dialled: source.dialled,
        dialled_ours: source.dialled_ours,
        reason: source.reason.map(app::domain::routing::Refusal::code),
        tries: source.tries,
        first_at: Time(source.first_at),
        last_at: Time(source.last_at),
        blocked_until: source.blocked_until.map(Time),
    }
}
