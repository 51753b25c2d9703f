//! What the Access page asks and does, at fixed addresses for scripts too.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::account::{ApiKey, KeyDraft, Person, PersonDraft, ToldOnce};
use crate::domain::id::UserId;
use crate::domain::sip::Secret;
use crate::error::{AppError, Thing};
use crate::pages::asked;
use crate::pages::notice::{Done, done_at};
use crate::ui::reader::reader;

use super::HOME;

/// Everybody who may sign in.
#[server(prefix = "/fn", endpoint = "list_users", input = GetUrl)]
pub async fn list_users() -> Result<Vec<Person>, AppError> {
    let (services, caller) = asked()?;
    services.people.list(&caller).await
}

/// A new account, with the link by which its owner chooses a password.
#[server(prefix = "/fn", endpoint = "create_user")]
pub async fn create_user(
    #[server(default)] draft: PersonDraft,
) -> Result<ToldOnce<Person>, AppError> {
    let (services, caller) = asked()?;
    let (made, token) = services.people.create(&caller, draft).await?;
    Ok(with_link(made, &token))
}

/// Another role.
#[server(prefix = "/fn", endpoint = "update_user")]
pub async fn update_user(
    #[server(default)] id: String,
    #[server(default)] draft: PersonDraft,
) -> Result<Person, AppError> {
    let (services, caller) = asked()?;
    let changed = services
        .people
        .update(&caller, user_of(&id)?, draft)
        .await?;
    leptos_axum::redirect(&done_at(HOME, Done::RoleChanged, None));
    Ok(changed)
}

/// A new link to choose a password.
#[server(prefix = "/fn", endpoint = "create_password_link")]
pub async fn create_password_link(
    #[server(default)] id: String,
) -> Result<ToldOnce<Person>, AppError> {
    let (services, caller) = asked()?;
    let (person, token) = services.people.new_link(&caller, user_of(&id)?).await?;
    Ok(with_link(person, &token))
}

/// Removes an account.
#[server(prefix = "/fn", endpoint = "delete_user")]
pub async fn delete_user(#[server(default)] id: String) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    services.people.delete(&caller, user_of(&id)?).await?;
    leptos_axum::redirect(&done_at(HOME, Done::UserRemoved, None));
    Ok(())
}

/// Keys for scripts, without their secrets.
#[server(prefix = "/fn", endpoint = "list_keys", input = GetUrl)]
pub async fn list_keys() -> Result<Vec<ApiKey>, AppError> {
    let (services, caller) = asked()?;
    services.keys.list(&caller).await
}

/// A new key; told once.
#[server(prefix = "/fn", endpoint = "create_key")]
pub async fn create_key(#[server(default)] draft: KeyDraft) -> Result<ToldOnce<ApiKey>, AppError> {
    let (services, caller) = asked()?;
    let (made, secret) = services.keys.create(&caller, draft).await?;
    Ok(ToldOnce {
        made,
        secret: secret.expose().to_owned(),
    })
}

/// Ends a key at once.
#[server(prefix = "/fn", endpoint = "revoke_key")]
pub async fn revoke_key(#[server(default)] id: String) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Key))?;
    services.keys.revoke(&caller, id).await?;
    leptos_axum::redirect(&done_at(HOME, Done::KeyRevoked, None));
    Ok(())
}

fn with_link(made: Person, token: &Secret) -> ToldOnce<Person> {
    ToldOnce {
        made,
        secret: format!("{}/password?token={}", reader().base_url, token.expose()),
    }
}

/// An id that is none names nobody.
fn user_of(id: &str) -> Result<UserId, AppError> {
    id.parse().map_err(|_| AppError::NotFound(Thing::User))
}
