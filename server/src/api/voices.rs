//! `/api/phone/voices`: what agents can speak with.

use app::domain::agent;
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
use super::wire::List;

pub(super) fn routes() -> Routes {
    let op = Op::new(
        "Agents",
        "list_voices",
        "What agents can speak with",
        Scope::PhoneRead,
    );
    let op = op
        .note("The voices of the engines that are configured; an agent is given one by its `voice_id`.")
        .answers_list::<Voice>("The voices.")
        .refuses(&[422]);
    Routes::new().on(&Method::GET, "/api/phone/voices", list, op)
}

/// Something an agent can speak with.
#[derive(Serialize, ToSchema)]
pub(super) struct Voice {
    /// Goes into `voice_id`.
    id: String,
    name: String,
    /// The language it is made for.
    language: String,
    /// The type of the engine that has it.
    engine: String,
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    params: Params,
) -> Result<Json<List<Voice>>, Problem> {
    params.done()?;
    let items = api.services.system.voices(&caller)?;
    Ok(Json(List {
        items: items.into_iter().map(shown).collect(),
        next: None,
    }))
}

fn shown(voice: agent::Voice) -> Voice {
    Voice {
        id: voice.id,
        name: voice.name,
        language: voice.language,
        engine: voice.engine,
    }
}
