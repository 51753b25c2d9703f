//! The OpenAPI document, made from the routes, and a page that shows it without any script.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::get;
use utoipa::openapi::path::Paths;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Tag};

use super::Api;

const ABOUT: &str = "Everything the console does, for scripts. Each request carries `Authorization: Bearer pb_live_…`; \
keys are made under Settings, or with `patchbay key create`. Times are RFC 3339 in UTC, ids are UUIDs, unknown fields \
and filters are refused by name, `null` clears and absent leaves. Lists answer `{\"items\": […], \"next\": …}`; give \
`next` back as `cursor`. Answers tell the request limit of the key in `RateLimit-Limit`, `-Remaining` and `-Reset`.";

/// What there is, in the order in which one meets it.
const TAGS: [&str; 13] = [
    "Inbound trunk",
    "Inbound credentials",
    "Numbers",
    "Agents",
    "Agent SIP config",
    "Calls",
    "Chat sessions",
    "Routing",
    "Regions",
    "Sources",
    "Webhooks",
    "Keys",
    "Audit",
];

/// The document of these routes.
pub(super) fn of(paths: Paths, schemas: Vec<(String, RefOr<Schema>)>) -> OpenApi {
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pb_live_…")
        .build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearerAuth", SecurityScheme::Http(key))
        .build();
    let info = InfoBuilder::new()
        .title("Patchbay SIP API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(TAGS.map(Tag::new)))
        .paths(paths)
        .components(Some(components))
        .build()
}

/// The document as the repository keeps it and `patchbay openapi` prints it.
pub fn json() -> String {
    let routes = super::all();
    let mut text = of(routes.paths, routes.schemas)
        .to_pretty_json()
        .unwrap_or_default();
    text.push('\n');
    text
}

/// Both are public: they say nothing of the installation.
pub(super) fn router(document: &OpenApi) -> Router<Api> {
    let json: Arc<str> = document.to_pretty_json().unwrap_or_default().into();
    let value = serde_json::to_value(document).unwrap_or_default();
    let page: Arc<str> = page::html(&value).into();
    let policy: Arc<str> = page::policy().into();
    Router::new()
        .route(
            "/api/openapi.json",
            get(async move || {
                (
                    [(header::CONTENT_TYPE, "application/json")],
                    json.to_string(),
                )
            }),
        )
        .route(
            "/api/docs",
            get(async move || {
                let headers: [(HeaderName, String); 2] = [
                    (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                    (header::CONTENT_SECURITY_POLICY, policy.to_string()),
                ];
                (headers, page.to_string())
            }),
        )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    /// Two of one name would be one in the document, whichever came last.
    #[test]
    fn a_schema_has_its_name_alone() {
        let mut known = HashMap::new();
        for (name, schema) in crate::api::all().schemas {
            let json = serde_json::to_value(&schema).unwrap();
            let before = known.entry(name.clone()).or_insert_with(|| json.clone());
            assert_eq!(*before, json, "two are called {name}");
        }
    }
}
