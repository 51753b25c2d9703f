//! What the pages of outbound trunks ask and do, at fixed addresses for scripts too.

use http::{HeaderName, HeaderValue};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::id::OutboundTrunkId;
use crate::domain::outbound::{CheckStep, OutboundDraft, OutboundView};
use crate::error::{AppError, FieldErrors, Scope, Thing};
use crate::pages::asked;
use crate::pages::notice::{Done, done_at};
use crate::ui::returned::ASKS;

pub(super) const HOME: &str = "/settings/sip/outbound";

/// All outbound trunks, by name, each with its health and the agents that use it.
#[server(prefix = "/fn", endpoint = "list_outbound_trunks", input = GetUrl)]
pub async fn list_outbound_trunks() -> Result<Vec<OutboundView>, AppError> {
    let (services, caller) = asked()?;
    services.outbound.list(&caller).await
}

/// One outbound trunk.
#[server(prefix = "/fn", endpoint = "get_outbound_trunk", input = GetUrl)]
pub async fn get_outbound_trunk(#[server(default)] id: String) -> Result<OutboundView, AppError> {
    let (services, caller) = asked()?;
    services.outbound.get(&caller, trunk_of(&id)?).await
}

/// A new outbound trunk. With `preview`, as the form's button sends it, nothing is made: the
/// page shows what would be sent.
#[server(prefix = "/fn", endpoint = "create_outbound_trunk")]
pub async fn create_outbound_trunk(
    #[server(default)] draft: OutboundDraft,
    #[server(default)] preview: String,
) -> Result<Option<OutboundView>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    if preview == "on" {
        look_again(&format!("{HOME}/new"));
        return Ok(None);
    }
    let moved = moved(&draft);
    let made = services.outbound.create(&caller, draft).await;
    let made = made.map_err(by_field)?;
    let to = format!("{HOME}/{}", made.trunk.id);
    let to = done_at(&to, Done::OutboundCreated, None);
    leptos_axum::redirect(&format!("{to}{moved}"));
    Ok(Some(made))
}

/// Lets the page say that more than a host was entered there.
#[cfg(feature = "ssr")]
fn moved(draft: &OutboundDraft) -> &'static str {
    if draft.is_pasted() { "&moved=on" } else { "" }
}

/// Changes an outbound trunk. With `preview` nothing is saved, as above.
#[server(prefix = "/fn", endpoint = "update_outbound_trunk")]
pub async fn update_outbound_trunk(
    #[server(default)] id: String,
    #[server(default)] draft: OutboundDraft,
    #[server(default)] preview: String,
) -> Result<Option<OutboundView>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let id = trunk_of(&id)?;
    if preview == "on" {
        look_again(&format!("{HOME}/{id}"));
        return Ok(None);
    }
    let moved = moved(&draft);
    let changed = services.outbound.update(&caller, id, draft).await;
    let changed = changed.map_err(by_field)?;
    let to = done_at(&format!("{HOME}/{id}"), Done::OutboundSaved, None);
    leptos_axum::redirect(&format!("{to}{moved}"));
    Ok(Some(changed))
}

/// Deletes an outbound trunk that no agent uses.
#[server(prefix = "/fn", endpoint = "delete_outbound_trunk")]
pub async fn delete_outbound_trunk(#[server(default)] id: String) -> Result<(), AppError> {
    let (services, caller) = asked()?;
    services.outbound.delete(&caller, trunk_of(&id)?).await?;
    leptos_axum::redirect(&done_at("/settings/sip", Done::OutboundRemoved, None));
    Ok(())
}

/// Looks whether a trunk can be reached, step by step. With `show`, as the page's button sends
/// it, the page does so and shows the steps.
#[server(prefix = "/fn", endpoint = "check_outbound_trunk")]
pub async fn check_outbound_trunk(
    #[server(default)] id: String,
    #[server(default)] show: String,
) -> Result<Vec<CheckStep>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipWrite)?;
    let id = trunk_of(&id)?;
    if show == "on" {
        look_again(&format!("{HOME}/{id}"));
        return Ok(Vec::new());
    }
    services.outbound.check(&caller, id).await
}

/// An id that is none names no trunk.
fn trunk_of(id: &str) -> Result<OutboundTrunkId, AppError> {
    id.parse()
        .map_err(|_| AppError::NotFound(Thing::OutboundTrunk))
}

/// Answers a plain form with this page, which finds what was sent in its context.
fn look_again(page: &str) {
    if let (Some(response), Ok(page)) = (
        use_context::<leptos_axum::ResponseOptions>(),
        HeaderValue::from_str(page),
    ) {
        response.insert_header(HeaderName::from_static(ASKS), page);
    }
}

/// The countries stand in one field of the form, and so do the codecs: what is wrong with one is said there.
fn by_field(error: AppError) -> AppError {
    let AppError::Invalid(errors) = error else {
        return error;
    };
    let mut gathered = FieldErrors::new();
    for (field, reason) in errors.iter() {
        let field = match field.split_once('.') {
            Some(("allowed_regions", _)) => "allowed_regions",
            Some(("codecs", _)) => "codecs",
            _ => field,
        };
        gathered.add(field, reason.clone());
    }
    AppError::Invalid(gathered)
}
