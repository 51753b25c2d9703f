//! `/api/phone/sip/regions`: where carriers send calls, and where ours come from.

use app::domain::endpoint::RegionView;
use app::domain::inbound::Region;
use app::domain::sip::Transport;
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::callers::Asking;
use super::params::Params;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::words;

pub(super) fn routes() -> Routes {
    let op = Op::new(
        "Regions",
        "list_regions",
        "Endpoints by region, and the addresses to allow",
        Scope::SipRead,
    )
    .answers::<Regions>("Every region.")
    .refuses(&[422]);
    Routes::new().on(&Method::GET, "/api/phone/sip/regions", list, op)
}

/// Every region, those without a host included.
#[derive(Serialize, ToSchema)]
pub(super) struct Regions {
    items: Vec<SipRegion>,
    /// Always null: there are four.
    #[schema(required = true)]
    next: Option<String>,
    /// Addresses that our SIP comes from, which carriers must allow.
    source_addresses: Vec<String>,
}

/// One region.
#[derive(Serialize, ToSchema)]
pub(super) struct SipRegion {
    #[schema(schema_with = region_words)]
    region: &'static str,
    /// Null: it has no host of its own and can't be chosen.
    #[schema(required = true)]
    host: Option<String>,
    /// UDP and TCP.
    #[schema(required = true)]
    port: Option<u16>,
    /// TLS; null: it is not served.
    #[schema(required = true)]
    tls_port: Option<u16>,
    transports: Vec<&'static str>,
    /// The setting that gives it a host.
    setting: String,
}

fn region_words() -> utoipa::openapi::Object {
    words(Region::ALL.iter().map(|region| region.as_str()))
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    params: Params,
) -> Result<Json<Regions>, Problem> {
    // Nothing but the configuration is read, so there is no use case behind it to ask.
    caller.may(Scope::SipRead)?;
    params.done()?;
    let items = api.addresses.regions().into_iter().map(shown).collect();
    Ok(Json(Regions {
        items,
        next: None,
        source_addresses: api.sources.clone(),
    }))
}

fn shown(view: RegionView) -> SipRegion {
    let endpoint = view.endpoint.as_ref();
    let transports = endpoint.map(|endpoint| endpoint.transports.clone());
    SipRegion {
        region: view.region.as_str(),
        host: endpoint.map(|endpoint| endpoint.host.clone()),
        port: endpoint.map(|endpoint| endpoint.port),
        tls_port: endpoint.and_then(|endpoint| endpoint.tls_port),
        transports: transports
            .unwrap_or_default()
            .into_iter()
            .map(Transport::as_str)
            .collect(),
        setting: view.setting,
    }
}
