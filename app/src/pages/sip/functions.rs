//! What the SIP page asks and does, at fixed addresses for scripts too.

use http::{HeaderName, HeaderValue};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::draft::Entry;
use crate::domain::endpoint::{Synced, TrunkView};
use crate::domain::id::AccessId;
use crate::domain::inbound::{Access, AccessDraft, TrunkDraft};
use crate::domain::number::{Added, AddedAs, NumberFilter, NumberRow, NumbersDraft};
use crate::domain::page::{Limit, Page};
use crate::domain::phone::PhoneNumber;
use crate::domain::seen::Source;
use crate::error::{AppError, FieldErrors, Reason, Scope, Thing};
use crate::pages::notice::{Done, done_at};
use crate::pages::numbers::filter_of;
use crate::pages::{asked, typed_right};
use crate::ui::returned::ASKS;

/// The trunk, if there is one.
#[server(prefix = "/fn", endpoint = "get_inbound_trunk", input = GetUrl)]
pub async fn get_inbound_trunk() -> Result<Option<TrunkView>, AppError> {
    let (services, caller) = asked()?;
    services.trunks.get(&caller).await
}

/// Makes the trunk with its first credential.
#[server(prefix = "/fn", endpoint = "create_inbound_trunk")]
pub async fn create_inbound_trunk(
    #[server(default)] draft: TrunkDraft,
) -> Result<TrunkView, AppError> {
    let (services, caller) = asked()?;
    let made = services.trunks.create(&caller, draft).await?;
    leptos_axum::redirect(&done_at("/settings/sip", Done::TrunkCreated, None));
    Ok(made)
}

/// Changes the trunk: region, limits, names.
#[server(prefix = "/fn", endpoint = "update_inbound_trunk")]
pub async fn update_inbound_trunk(
    #[server(default)] draft: TrunkDraft,
    #[server(default)] part: String,
) -> Result<TrunkView, AppError> {
    let (services, caller) = asked()?;
    let changed = services.trunks.update(&caller, draft).await?;
    let done = if part == "region" {
        Done::RegionSaved
    } else {
        Done::TrunkSaved
    };
    leptos_axum::redirect(&done_at("/settings/sip", done, None));
    Ok(changed)
}

/// What has to be typed before the trunk goes; the same in every language.
pub(super) const TRUNK_BY_NAME: &str = "inbound trunk";

/// Removes the trunk and its credentials.
#[server(prefix = "/fn", endpoint = "delete_inbound_trunk")]
pub async fn delete_inbound_trunk(#[server(default)] typed: Entry) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    typed_right(&typed, TRUNK_BY_NAME)?;
    services.trunks.delete(&caller).await?;
    leptos_axum::redirect(&done_at("/settings/sip", Done::TrunkRemoved, None));
    Ok(())
}

/// Puts all verified numbers on the trunk, and takes the others off.
#[server(prefix = "/fn", endpoint = "sync_inbound_trunk")]
pub async fn sync_inbound_trunk() -> Result<Synced, AppError> {
    let (services, caller) = asked()?;
    let synced = services.trunks.sync(&caller).await?;
    leptos_axum::redirect(&done_at("/settings/sip", Done::NumbersSynced, None));
    Ok(synced)
}

/// The first numbers on the trunk, or those of them with `q` in number or label.
#[server(prefix = "/fn", endpoint = "list_trunk_numbers", input = GetUrl)]
pub async fn list_trunk_numbers(
    #[server(default)] limit: u32,
    #[server(default)] q: String,
) -> Result<Page<NumberRow>, AppError> {
    let (services, caller) = asked()?;
    let filter = NumberFilter {
        limit: Limit::try_from(limit).ok(),
        ..filter_of(q, "trunk")
    };
    services.numbers.list(&caller, filter).await
}

/// What adding these lines would do; changes nothing.
#[server(prefix = "/fn", endpoint = "preview_numbers", input = GetUrl)]
pub async fn preview_numbers(
    #[server(default)] lines: String,
    #[server(default)] country: String,
) -> Result<Vec<Added>, AppError> {
    let (services, caller) = asked()?;
    let draft = NumbersDraft {
        lines: Entry::text(lines),
        country: Entry::text(country),
        preview: Entry::text("on"),
        ..NumbersDraft::default()
    };
    services.numbers.add(&caller, draft).await
}

/// Adds numbers, pasted one a line. A faulty line keeps all of them in the box. With `ask`,
/// as the form sends it, more than one is shown first.
#[server(prefix = "/fn", endpoint = "add_numbers")]
pub async fn add_numbers(
    #[server(default)] draft: NumbersDraft,
    #[server(default)] ask: String,
) -> Result<Vec<Added>, AppError> {
    let (services, caller) = asked()?;
    let preview = NumbersDraft {
        preview: Entry::text("on"),
        ..draft.clone()
    };
    let seen = services.numbers.add(&caller, preview).await?;
    if ask == "many" && seen.len() > 1 {
        if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
            response.insert_header(
                HeaderName::from_static(ASKS),
                HeaderValue::from_static("/settings/sip"),
            );
        }
        return Ok(seen);
    }
    let mut errors = FieldErrors::new();
    for line in seen {
        if let Err(reason) = line.number {
            errors.add("lines", reason);
        }
    }
    errors.none_or(Some(()))?;
    let added = services.numbers.add(&caller, draft).await?;
    let new: Vec<&PhoneNumber> = added
        .iter()
        .filter(|line| line.what == AddedAs::New)
        .filter_map(|line| line.number.as_ref().ok())
        .collect();
    leptos_axum::redirect(&format!(
        "/settings/sip?done=numbers-added&count={}#numbers",
        new.len()
    ));
    Ok(added)
}

/// Takes a number off the trunk; it stays in the inventory.
#[server(prefix = "/fn", endpoint = "remove_number")]
pub async fn remove_number(#[server(default)] number: Entry) -> Result<TrunkView, AppError> {
    let (services, caller) = asked()?;
    let number = number_of(&number)?;
    let left = services
        .trunks
        .remove_number(&caller, number.clone())
        .await?;
    leptos_axum::redirect(&done_at(
        "/settings/sip",
        Done::NumberRemoved,
        Some(&number),
    ));
    Ok(left)
}

/// A number that a form names.
pub(crate) fn number_of(entry: &Entry) -> Result<PhoneNumber, AppError> {
    let text = entry
        .required()
        .map_err(|problem| AppError::field("number", problem.into()))?;
    // A `+` that was not escaped arrives as a blank.
    let text = if text.starts_with(|c: char| c.is_ascii_digit()) && !text.starts_with('0') {
        format!("+{text}")
    } else {
        text.to_owned()
    };
    text.parse()
        .map_err(|why| AppError::field("number", Reason::PhoneNumber { found: text, why }))
}

/// Everyone who may call in, newest first.
#[server(prefix = "/fn", endpoint = "list_accesses", input = GetUrl)]
pub async fn list_accesses() -> Result<Vec<Access>, AppError> {
    let (services, caller) = asked()?;
    services.accesses.list(&caller).await
}

/// A new credential, or an address that needs none.
#[server(prefix = "/fn", endpoint = "create_access")]
pub async fn create_access(#[server(default)] draft: AccessDraft) -> Result<Access, AppError> {
    let (services, caller) = asked()?;
    let draft = AccessDraft {
        networks: draft.networks.lines(),
        ..draft
    };
    let made = services.accesses.create(&caller, draft).await?;
    leptos_axum::redirect(&format!(
        "/settings/sip?done={}#who",
        Done::AccessCreated.code()
    ));
    Ok(made)
}

/// Changes a credential.
#[server(prefix = "/fn", endpoint = "update_access")]
pub async fn update_access(
    id: AccessId,
    #[server(default)] draft: AccessDraft,
) -> Result<Access, AppError> {
    let (services, caller) = asked()?;
    let draft = AccessDraft {
        passed_headers: draft.passed_headers.lines(),
        ..draft
    };
    let changed = services.accesses.update(&caller, id, draft).await?;
    leptos_axum::redirect(&format!(
        "/settings/sip?done={}#who",
        Done::TrunkSaved.code()
    ));
    Ok(changed)
}

/// A second credential beside one, which keeps working.
#[server(prefix = "/fn", endpoint = "rotate_access")]
pub async fn rotate_access(id: AccessId) -> Result<Access, AppError> {
    let (services, caller) = asked()?;
    let made = services.accesses.rotate(&caller, id).await?;
    leptos_axum::redirect(&format!(
        "/settings/sip?done={}#who",
        Done::AccessRotated.code()
    ));
    Ok(made)
}

/// Removes a credential.
#[server(prefix = "/fn", endpoint = "delete_access")]
pub async fn delete_access(id: AccessId, #[server(default)] typed: Entry) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let label = services.accesses.get(&caller, id).await?.settings.label;
    typed_right(&typed, &label)?;
    services.accesses.delete(&caller, id).await?;
    leptos_axum::redirect(&format!(
        "/settings/sip?done={}#who",
        Done::AccessRemoved.code()
    ));
    Ok(())
}

/// The password of a credential. Each look is in the audit.
#[server(prefix = "/fn", endpoint = "reveal_inbound_password")]
pub async fn reveal_inbound_password(id: AccessId) -> Result<String, AppError> {
    let (services, caller) = asked()?;
    Ok(services
        .accesses
        .reveal(&caller, id)
        .await?
        .expose()
        .to_owned())
}

/// Who did not get in.
#[server(prefix = "/fn", endpoint = "list_sources", input = GetUrl)]
pub async fn list_sources() -> Result<Vec<Source>, AppError> {
    let (services, caller) = asked()?;
    services.sources.list(&caller).await
}

/// Lets a blocked address try again.
#[server(prefix = "/fn", endpoint = "unblock_source")]
pub async fn unblock_source(#[server(default)] address: String) -> Result<Source, AppError> {
    let (services, caller) = asked()?;
    let ip = address
        .parse()
        .map_err(|_| AppError::NotFound(Thing::Source))?;
    let source = services.sources.unblock(&caller, ip).await?;
    leptos_axum::redirect(&format!(
        "/settings/sip?done={}#others",
        Done::SourceUnblocked.code()
    ));
    Ok(source)
}
