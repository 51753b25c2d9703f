//! `/api/keys`: keys for scripts.

use app::domain::account::{ApiKey, KeyDraft};
use app::error::{Scope, Thing};
use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes};
use super::wire::{self, Id, List, Time, words};

pub(super) fn routes() -> Routes {
    let op = |id, summary| Op::new("Keys", id, summary, Scope::Full);
    Routes::new()
        .on(
            &Method::GET,
            "/api/keys",
            list,
            op("list_keys", "All keys, newest first")
                .pages()
                .answers_list::<Key>("A page of keys."),
        )
        .on(
            &Method::POST,
            "/api/keys",
            create,
            op("create_key", "Make a key")
                .note("The key itself is in this answer and nowhere else.")
                .takes::<CreateKey>()
                .answers::<CreatedKey>("The key."),
        )
        .on(
            &Method::DELETE,
            "/api/keys/{id}",
            revoke,
            op("revoke_key", "Revoke a key")
                .note("Scripts using it stop at once.")
                .answers_nothing("It is gone."),
        )
}

/// A key, without the secret.
#[derive(Serialize, ToSchema)]
pub(super) struct Key {
    id: Id,
    name: String,
    /// Its first characters, to recognise it by.
    prefix: String,
    /// What it may do.
    #[schema(schema_with = scopes)]
    scopes: Vec<&'static str>,
    created_at: Time,
    #[schema(required = true)]
    last_used_at: Option<Time>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedKey {
    #[serde(flatten)]
    shown: Key,
    /// Copy it now; it is not shown again.
    key: String,
}

/// A new key.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `KeyDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct CreateKey {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    #[schema(schema_with = some_scopes)]
    scopes: Vec<String>,
}

impl Draft for KeyDraft {}

fn some_scopes() -> utoipa::openapi::Array {
    utoipa::openapi::ArrayBuilder::new()
        .items(words(Scope::ALL.map(Scope::as_str)))
        .min_items(Some(1))
        .build()
}

fn scopes() -> utoipa::openapi::Array {
    utoipa::openapi::ArrayBuilder::new()
        .items(words(Scope::ALL.map(Scope::as_str)))
        .build()
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<Key>>, Problem> {
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let all = api.services.keys.list(&caller).await?;
    Ok(Json(List::cut(all, limit, cursor, shown)))
}

async fn create(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<KeyDraft>,
) -> Result<Json<CreatedKey>, Problem> {
    let (key, secret) = api.services.keys.create(&caller, draft).await?;
    Ok(Json(CreatedKey {
        shown: shown(key),
        key: secret.expose().to_owned(),
    }))
}

async fn revoke(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services
        .keys
        .revoke(&caller, wire::id(&id, Thing::Key)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(key: ApiKey) -> Key {
    Key {
        id: Id::of(key.id.as_uuid()),
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes.into_iter().map(Scope::as_str).collect(),
        created_at: Time(key.created_at),
        last_used_at: key.last_used_at.map(Time),
    }
}
